//! Every page in every state, light and dark, held against the rules of accessibility by axe.

use serde_json::{Value, json};

use super::{browser::Browsers, in_browsers, page::Page};
use crate::{
    harness::{App, Backends, text},
    process::{Process, free_address},
    servers::{required, variable},
};

/// The rules, as a script; `None` where the environment names none.
fn axe() -> Option<String> {
    let path = variable("TEST_AXE");
    assert!(path.is_some() || !required(), "TEST_AXE is not set");
    path.map(|path| std::fs::read_to_string(path).expect("TEST_AXE names a script"))
}

/// Fails on whatever would keep somebody from using what is shown.
pub(super) async fn check(page: &Page, what: &str) {
    let Some(axe) = axe() else { return };
    page.runs(&axe, json!([])).await;
    for theme in ["light", "dark"] {
        page.theme(theme).await;
        let found = page.runs("return axe.run(document, { resultTypes: ['violations'] })", json!([])).await;
        let violations = found["violations"].as_array().unwrap().iter();
        let grave = violations.filter(|found| found["impact"] == "serious" || found["impact"] == "critical");
        let told: Vec<String> = grave.map(shown).collect();
        assert!(told.is_empty(), "{what}, {theme}: {told:#?}");
    }
}

fn shown(violation: &Value) -> String {
    let nodes = violation["nodes"].as_array().unwrap().iter();
    let nodes = nodes.map(|node| format!("\n  {} {}", node["target"], text(&node["failureSummary"])));
    format!("{}: {}", text(&violation["help"]), nodes.collect::<String>())
}

/// A ticket in every state: waiting, cooking, late for its order type, rushed, ready, void.
async fn fill(app: &App) {
    let mut body = App::order("2 margherita +extra_cheese; 1 cola");
    body["allergies"] = json!(["peanuts"]);
    body["notes"] = json!("birthday");
    app.place_with_key("first", &body).await;
    for (lines, action) in [("1 burger", "start"), ("1 cola", "rush"), ("1 burger", "ready"), ("1 margherita", "serve")]
    {
        let order = app.place(lines).await;
        app.kitchen(&order, action).await;
    }
    let order = app.place("1 cola").await;
    app.settle().await;
    app.post(&format!("/v1/orders/{order}/cancel")).await;
    app.settle().await;
}

#[tokio::test]
async fn everybody_can_use_the_kitchen_display() {
    in_browsers(async |app, browsers| {
        fill(app).await;
        let display = browsers.open(&format!("{}/kitchen?location=soho&view=expo", app.base)).await;
        display.sees("CANCELLED").await;
        check(&display, "the expo").await;
        display.runs("localStorage.setItem('comanda.kitchen', JSON.stringify({ location: 'soho', expected: { pickup: 0.0001 } }))", json!([])).await;
        display.goes_to(&format!("{}/kitchen?location=soho&view=all", app.base)).await;
        display.sees("LATE").await;
        check(&display, "all stations, late").await;
        display.presses("a").await;
        display.sees("All-day: still to cook").await;
        check(&display, "all-day").await;
        display.presses("a").await;
        display.taps("More: Ticket").await;
        check(&display, "a ticket's menu").await;
        display.presses("Escape").await;
        display.taps("Taking orders").await;
        display.sees("Guests see it at once.").await;
        check(&display, "whether orders are taken").await;
        display.taps("Pause for 15 minutes").await;
        display.sees("No orders are taken").await;
        check(&display, "a pause").await;
        display.taps("Take orders as usual").await;
        for (key, words) in [("?", "Undo what this screen did last"), ("s", "This screen shows"), ("r", "Recall: today")] {
            display.presses(key).await;
            display.sees(words).await;
            check(&display, words).await;
            display.presses("Escape").await;
            display.sees_no(words).await;
        }
    })
    .await;
}

#[tokio::test]
async fn everybody_can_use_the_order_page() {
    in_browsers(async |app, browsers| {
        app.put("/v1/availability/soho/margherita", json!({"available": false})).await;
        let photo = json!({"name": "Cola", "category": "Drinks", "price": 300, "photo": "/assets/icon.svg"});
        app.put("/v1/menu/soho/cola", photo).await;
        app.settle().await;
        let guest = browsers.guest(&app.base).await;
        guest.sees("Sold out").await;
        guest.sees_so_many("img.photo", 1).await;
        check(&guest, "the menu").await;
        guest.taps("Choose burger").await;
        check(&guest, "a dish").await;
        guest.taps("Add ·").await;
        guest.taps("At my table").await;
        guest.taps("Order now").await;
        guest.sees("Please enter your table number.").await;
        check(&guest, "the basket").await;
        guest.fills("Table number", "7").await;
        guest.taps("Order now").await;
        guest.sees("All of it is set aside for you.").await;
        check(&guest, "an accepted order").await;
        guest.taps("Cancel this order").await;
        check(&guest, "a question").await;
        guest.taps("Yes, cancel it").await;
        guest.sees("Nothing is cooked").await;
        check(&guest, "a cancelled order").await;
    })
    .await;
}

#[tokio::test]
async fn everybody_can_use_the_stock_page() {
    in_browsers(async |app, browsers| {
        app.put("/v1/stock/soho/patty", json!({"name": "patty", "unit": "each", "reorder_point": 200})).await;
        app.movement("bun", "count", 0).await;
        app.put("/v1/availability/soho/cola", json!({"available": false})).await;
        app.settle().await;
        let manager = browsers.manager(&app.base).await;
        manager.sees("patty").await;
        check(&manager, "the list").await;
        manager.taps("Receive bun").await;
        check(&manager, "receiving").await;
        manager.taps("Close").await;
        manager.taps_in("main", "patty").await;
        manager.sees("Every movement, newest first.").await;
        manager.taps("Count").await;
        manager.fills("How much is there now?", "5").await;
        manager.taps("Set the count").await;
        manager.sees_so_many(".chart", 1).await;
        check(&manager, "an ingredient").await;
        manager.taps("Recipes").await;
        manager.sees("What one portion takes.").await;
        check(&manager, "the recipes").await;
        manager.taps("Edit the recipe of burger").await;
        check(&manager, "a recipe").await;
        manager.taps("Close").await;
        manager.taps("Sold out").await;
        manager.sees("Marked out by hand").await;
        check(&manager, "what is out").await;
    })
    .await;
}

#[tokio::test]
async fn everybody_can_use_the_start_page() {
    let Some(browsers) = Browsers::start() else { return };
    let backends = Backends::embedded();
    let address = free_address();
    let process = Process::start(&backends, &address).await;
    let visitor = browsers.open(&format!("http://{address}/")).await;
    visitor.sees("Everything is healthy").await;
    check(&visitor, "the start page").await;
    for (link, words) in [("Order", "There is no restaurant here yet."), ("Stock", "There is no stock yet.")] {
        visitor.goes_to(&format!("http://{address}/")).await;
        visitor.taps(link).await;
        visitor.sees(words).await;
        check(&visitor, words).await;
    }
    browsers.finish().await;
    assert_eq!(process.terminate(), Some(0));
}
