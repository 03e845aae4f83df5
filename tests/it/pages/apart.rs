//! The console before three services, each in a process of its own: one that stops falls behind, and catches up.

use std::process::{Command, Stdio};

use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use reqwest::{Method, StatusCode};
use serde_json::json;
use shared::{
    engine::service::Service,
    process::host::Host,
    web::{pages, site::Site},
};

use super::{access::check, browser::Browsers, console::console};
use crate::{
    harness::{Backends, PATIENCE, settings},
    process::{Process, free_address},
    servers::variable,
};

const SERVICE: &str = "TEST_SERVICE";
const DATABASE: &str = "TEST_DATABASE";

/// The process of one service; among the other tests it has nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn serves() {
    let Some(service) = variable(SERVICE) else { return };
    match &*service {
        OrderSvc::NAME => serve::<OrderSvc>().await,
        InventorySvc::NAME => serve::<InventorySvc>().await,
        _ => serve::<KitchenSvc>().await,
    }
}

async fn serve<S: Site>() {
    let settings = settings(&variable("BUS_URL").unwrap(), &variable("LISTEN").unwrap(), PATIENCE);
    let mut host = Host::new(settings.unwrap()).await.unwrap();
    host.add::<S>(&variable(DATABASE).unwrap()).await.unwrap();
    let listener = host.bind().await.unwrap();
    host.serve(listener, pages::router(S::ASSETS)).await;
}

async fn start<S: Service>(backends: &Backends, database: usize, listen: &str) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["pages::apart::serves", "--exact", "--nocapture"])
        .envs([(SERVICE, S::NAME), (DATABASE, &backends.databases[database])])
        .envs([("BUS_URL", &*backends.bus), ("LISTEN", listen)])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Process::run(&mut command, listen).await
}

/// A location with one item that needs no stock.
async fn open_bar(orders: &Process) {
    let location = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London"});
    let cola = json!({"name": "Cola", "category": "Drinks", "price": 300});
    for (path, body) in [("/v1/locations/soho", location), ("/v1/menu/soho/cola", cola)] {
        let (status, answer) = orders.send(orders.request(Method::PUT, path).json(&body)).await;
        assert!(status.is_success(), "{answer}");
    }
}

/// Until stock has decided on it.
async fn place(orders: &Process, key: &str) {
    let order = json!({"location": "soho", "lines": [{"sku": "cola", "quantity": 1}]});
    let request = orders.request(Method::POST, "/v1/orders").header("idempotency-key", key).header("prefer", "wait=8");
    let (status, answer) = orders.send(request.json(&order)).await;
    assert_eq!((status, &answer["status"]), (StatusCode::CREATED, &json!("accepted")), "{answer}");
}

#[tokio::test]
async fn a_service_that_stops_falls_behind_and_catches_up() {
    let Some(browsers) = Browsers::start() else { return };
    let Some(backends) = Backends::servers().await else { return };
    let [orders_at, inventory_at, kitchen_at, listen] = [(); 4].map(|()| free_address());
    let orders = start::<OrderSvc>(&backends, 0, &orders_at).await;
    let _inventory = start::<InventorySvc>(&backends, 1, &inventory_at).await;
    let kitchen = start::<KitchenSvc>(&backends, 2, &kitchen_at).await;
    open_bar(&orders).await;
    let at = [orders_at, inventory_at, kitchen_at.clone()].map(|address| format!("http://{address}"));
    let process = Process::run(&mut console(&at.each_ref().map(|url| &**url), &listen), &listen).await;
    let page = browsers.open(&format!("http://{listen}/console#health")).await;
    page.sees("Everybody has taken in what the others said.").await;

    kitchen.kill();
    for key in ["a", "b", "c", "d", "e"] {
        place(&orders, key).await;
    }
    page.sees("Kitchen is 5 behind.").await;
    page.sees("Kitchen: not live since").await;
    check(&page, "a service that is behind").await;
    let kitchen = start::<KitchenSvc>(&backends, 2, &kitchen_at).await;
    page.sees("Everybody has taken in what the others said.").await;
    page.until("[...document.querySelectorAll('.kitchen-svc .value')][0].textContent === '0'").await;
    let drawn = "document.querySelector('.kitchen-svc .spark').getAttribute('aria-label')";
    page.until(&format!("{drawn} === 'Not yet taken in: now 0; in the last hour least 0, most 5'")).await;
    page.goes_to("about:blank").await;
    browsers.finish().await;
    assert_eq!((process.terminate(), kitchen.terminate()), (Some(0), Some(0)));
    drop((orders, _inventory));
    backends.remove().await;
}
