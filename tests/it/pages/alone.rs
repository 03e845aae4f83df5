//! Each page where its service runs by itself: what it does not have it does not ask for.

use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde_json::json;

use super::browser::Browsers;
use crate::harness::{App, Backends};

#[tokio::test]
async fn each_page_works_where_its_service_runs_alone() {
    let Some(browsers) = Browsers::start() else { return };
    let backends = Backends::embedded();
    let [order, inventory, kitchen] = &backends.databases;

    let app = App::start_alone::<KitchenSvc>(&backends, kitchen).await;
    let display = browsers.open(&format!("{}/kitchen?location=soho", app.base)).await;
    display.sees("All clear").await;
    display.presses("a").await;
    display.sees("Nothing to cook.").await;
    display.presses("s").await;
    display.sees("This screen shows").await;
    display.goes_to("about:blank").await;
    app.stop().await;

    let app = App::start_alone::<InventorySvc>(&backends, inventory).await;
    app.put("/v1/stock/soho/flour", json!({"name": "Flour", "unit": "g"})).await;
    let manager = browsers.manager(&app.base).await;
    manager.sees("Flour").await;
    manager.taps("Recipes").await;
    manager.sees("No recipe yet.").await;
    manager.goes_to("about:blank").await;
    app.stop().await;

    let app = App::start_alone::<OrderSvc>(&backends, order).await;
    app.put("/v1/locations/soho", json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London"})).await;
    app.put("/v1/menu/soho/cola", json!({"name": "Cola", "category": "Drinks", "price": 300})).await;
    let guest = browsers.guest(&app.base).await;
    guest.taps("Add Cola").await;
    guest.taps("Order now").await;
    guest.sees("The kitchen is being asked.").await;
    guest.goes_to("about:blank").await;
    app.stop().await;
    browsers.finish().await;
}
