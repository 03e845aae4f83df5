//! The restaurant is gone for a minute while cooks, guests and managers go on: what they do arrives, and once.

use std::{collections::BTreeMap, time::Duration};

use expect_test::expect;
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::{browser::Browsers, page::Page};
use crate::{
    harness::{App, Backends, text},
    process::{Process, free_address},
};

const OUTAGE: Duration = Duration::from_secs(60);
/// Of requests while nobody is there, or while somebody is leaving or coming.
const AWAY: [&str; 5] =
    ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "503"];

/// Whether the display has put by what a reload needs.
const KEPT: &str = "caches.match('/kitchen').then((found) => !!navigator.serviceWorker.controller && !!found)";

/// With an order of each kind on the board.
async fn prepare(backends: &Backends) {
    let app = App::start(backends, super::WAIT).await;
    app.open_restaurant().await;
    for lines in ["1 margherita; 1 cola", "2 burger", "1 cola"] {
        app.place(lines).await;
        app.settle().await;
    }
    app.finish().await;
}

/// What the kitchen has said of each ticket, by its number.
async fn said(app: &App) -> BTreeMap<i64, Vec<String>> {
    let mut said: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for event in app.get("/v1/feed/kitchen?limit=500").await["items"].as_array().unwrap() {
        let Some(number) = event["data"]["number"].as_i64() else { continue };
        let reason = event["data"]["reason"].as_str().map_or(String::new(), |reason| format!(" ({reason})"));
        said.entry(number).or_default().push(text(&event["type"]) + &reason);
    }
    said
}

async fn cook_on(display: &Page) {
    display.taps("1× margherita").await;
    display.sees_so_many(".item[data-state=cooking]", 1).await;
    display.taps("1× margherita").await;
    display.sees_so_many(".item[data-state=done]", 1).await;
    display.presses("2").await;
    display.presses("p").await;
    display.presses("3").await;
    display.presses("Enter").await;
    display.sees("4 taps not sent yet").await;
}

async fn order_on(guest: &Page) {
    guest.taps("Order now").await;
    guest.sees("No connection. Trying again").await;
}

async fn receive_on(manager: &Page) {
    manager.taps("Receive dough").await;
    manager.fills("How much came in?", "7").await;
    manager.taps_in("form .main", "Receive").await;
    manager.sees("1 entry waits for the connection.").await;
}

#[tokio::test]
async fn an_outage_of_a_minute_loses_nothing_and_doubles_nothing() {
    let Some(browsers) = Browsers::start() else { return };
    let backends = Backends::embedded();
    prepare(&backends).await;
    let address = free_address();
    let base = format!("http://{address}");
    let process = Process::start(&backends, &address).await;
    let display = browsers.display(&base).await;
    let (guest, manager) = (browsers.guest(&base).await, browsers.manager(&base).await);
    for page in [&display, &guest, &manager] {
        AWAY.into_iter().for_each(|part| page.may_say(part));
    }
    display.sees_so_many(".ticket", 3).await;
    guest.taps("Add cola").await;
    manager.sees("dough").await;
    display.until(KEPT).await;

    process.kill();
    let back = Instant::now() + OUTAGE;
    cook_on(&display).await;
    order_on(&guest).await;
    receive_on(&manager).await;
    display.sees("NOT LIVE since").await;
    display.sees("4 taps kept, sent on return.").await;
    manager.sees("NOT LIVE since").await;
    display.reloads().await;
    display.sees("4 taps kept, sent on return.").await;
    display.sees_so_many(".ticket", 2).await;
    sleep_until(back).await;

    let process = Process::start(&backends, &address).await;
    for page in [&display, &manager] {
        page.sees_no("NOT LIVE").await;
    }
    guest.sees("All of it is set aside for you.").await;
    manager.until("document.querySelector('[data-ingredient=dough] td').textContent === '106'").await;
    display.sees_no("not sent yet").await;
    display.sees_so_many(".ticket", 3).await;
    browsers.finish().await;
    assert_eq!(process.terminate(), Some(0));
    examine(&backends).await;
}

async fn examine(backends: &Backends) {
    let app = App::start(backends, super::WAIT).await;
    app.settle().await;
    let orders: Value = app.get("/v1/orders?location=soho").await;
    assert_eq!(orders["items"].as_array().unwrap().len(), 4, "{orders:#}");
    app.check_stock("dough", expect!["dough 106-0"]).await;
    expect![[r#"
        {
            1: [
                "ticket.opened",
                "ticket.started",
                "ticket.item_done",
            ],
            2: [
                "ticket.opened",
                "ticket.changed (rushed)",
            ],
            3: [
                "ticket.opened",
                "ticket.started",
                "ticket.ready",
            ],
            4: [
                "ticket.opened",
            ],
        }
    "#]]
    .assert_debug_eq(&said(&app).await);
    app.finish().await;
}
