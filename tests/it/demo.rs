//! `comanda demo`: the demo restaurant at services that run elsewhere, as their users would make it.

use std::process::{Command, Output};

use expect_test::expect;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde_json::{Value, json};

use crate::{
    agree,
    harness::{App, Backends, PATIENCE, text},
    process::{Process, free_address},
};

/// Runs it in a thread of its own: the services are in this process.
async fn demo(at: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.arg("demo").args(at.iter().flat_map(|url| ["--at", url])).env("RUST_LOG", "error");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_run_alone_get_a_restaurant_once() {
    // Services of their own meet on no file.
    let Some(backends) = Backends::servers().await else { return };
    let [order, inventory, kitchen] = &backends.databases;
    let order = App::start_alone::<OrderSvc>(&backends, order).await;
    let inventory = App::start_alone::<InventorySvc>(&backends, inventory).await;
    let kitchen = App::start_alone::<KitchenSvc>(&backends, kitchen).await;
    // In whatever order they are named.
    let at = [kitchen.base.as_str(), &order.base, &inventory.base];
    let (code, shown, wrong) = said(&demo(&at).await);
    assert_eq!((code, wrong.as_str()), (Some(0), ""), "{shown}");
    assert!(shown.contains(&format!("order-svc      {}\n", order.base)), "{shown}");
    assert!(shown.contains(&format!("curl {}/v1/orders", order.base)), "{shown}");
    let flour = inventory.get("/v1/stock/soho/flour/movements").await;
    let (code, shown, _) = said(&demo(&at).await);
    assert_eq!(code, Some(0));
    assert!(shown.contains("soho is there already; nothing was changed"), "{shown}");
    assert_eq!(inventory.get("/v1/stock/soho/flour/movements").await, flour);
    let (_, answer) = order.send(order.ordering("k", &App::order("2 margherita")).header("prefer", "wait=20")).await;
    assert_eq!(answer["status"], "accepted", "{answer}");
    settled(&[&order, &inventory, &kitchen]).await;
    let tickets = kitchen.get("/v1/tickets?location=soho").await;
    assert_eq!(text(&tickets["items"][0]["items"][0]["station"]), "pizza");
    for app in [order, inventory, kitchen] {
        app.stop().await;
    }
    backends.remove().await;
}

async fn settled(apps: &[&App]) {
    let databases: Vec<_> = apps.iter().flat_map(|app| app.databases.clone()).collect();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !agree::missing(&databases).await.unwrap().is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "not settled");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_address_of_a_gateway_is_enough() {
    let (backends, address) = (Backends::embedded(), free_address());
    let process = Process::start(&backends, &address).await;
    let url = format!("http://{address}/");
    let (code, shown, wrong) = said(&demo(&[&url]).await);
    assert_eq!((code, wrong.as_str()), (Some(0), ""), "{shown}");
    let menu = reqwest::get(format!("{url}v1/menu/soho")).await.unwrap();
    let menu: Value = menu.json().await.unwrap();
    assert!(menu["items"].as_array().unwrap().len() > 25, "{menu}");
    assert_eq!(process.terminate(), Some(0));
}

/// Interrupted before its location, it is made again and nothing comes twice.
#[tokio::test]
async fn what_was_interrupted_is_made_whole() {
    let (backends, address) = (Backends::embedded(), free_address());
    let process = Process::start(&backends, &address).await;
    let url = format!("http://{address}");
    let client = reqwest::Client::new();
    let flour = format!("{url}/v1/stock/soho/flour");
    client.put(&flour).json(&json!({"name": "Flour, type 00", "unit": "g"})).send().await.unwrap();
    let delivery = json!({"kind": "receive", "quantity": 1_000_000, "reason": "first delivery"});
    let post = client.post(format!("{flour}/movements")).header("idempotency-key", "first delivery of flour to soho");
    assert!(post.json(&delivery).send().await.unwrap().status().is_success());
    assert_eq!(said(&demo(&[&url]).await).0, Some(0));
    let ledger: Value = client.get(format!("{flour}/movements")).send().await.unwrap().json().await.unwrap();
    assert_eq!(ledger["items"].as_array().unwrap().len(), 1, "{ledger}");
    assert_eq!(process.terminate(), Some(0));
}

#[tokio::test]
async fn what_is_missing_is_said_in_one_line() {
    let backends = Backends::embedded();
    let alone = App::start_alone::<OrderSvc>(&backends, &backends.databases[0]).await;
    let (nobody, base) = (format!("http://{}", free_address()), alone.base.clone());
    let wrong = async |at: &[&str]| {
        let (code, _, wrong) = said(&demo(at).await);
        assert_eq!(code, Some(1));
        wrong.replace(&base, "ORDERS").replace(&nobody, "NOBODY")
    };
    expect![[r#"
        comanda: inventory-svc is not at ORDERS; name its URL with a further --at
    "#]]
    .assert_eq(&wrong(&[&base]).await);
    let unreachable = wrong(&[&base, &nobody]).await;
    assert!(unreachable.starts_with("comanda: nobody answers at NOBODY: "), "{unreachable}");
    assert_eq!(unreachable.lines().count(), 1, "{unreachable}");
    let (code, _, wrong) = said(&demo(&["https://orders.example"]).await);
    assert_eq!(code, Some(2));
    assert!(wrong.contains("expected a URL like http://127.0.0.1:8081"), "{wrong}");
    alone.stop().await;
}
