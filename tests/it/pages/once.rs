//! An order is made once: whatever becomes of the browser, and however long nobody answers.

use serde_json::Value;

use super::{browser::Browsers, in_browsers};
use crate::{
    harness::{App, Backends},
    process::{Process, free_address},
};

async fn orders(app: &App) -> Vec<Value> {
    app.get("/v1/orders?location=soho").await["items"].as_array().unwrap().clone()
}

/// The order arrives, and the browser dies before anybody has seen the answer.
#[tokio::test]
async fn a_browser_that_is_killed_after_the_press_orders_once() {
    in_browsers(async |app, browsers| {
        let guest = browsers.guest(&app.base).await;
        guest.taps("Add cola").await;
        guest.sees("Order now").await;
        guest.is_slow(5_000).await;
        guest.taps("Order now").await;
        guest.sees("This order is made once, never twice.").await;
        super::browser::until("the order arrives", async || match orders(app).await.len() {
            1 => Ok(()),
            count => Err(format!("{count} orders")),
        })
        .await;
        browsers.kill(&guest.session);
        let guest = browsers.revive(&guest.session).await;
        guest.goes_to(&format!("{}/order#at/soho", app.base)).await;
        guest.sees("All of it is set aside for you.").await;
        assert_eq!(orders(app).await.len(), 1);
    })
    .await;
}

/// The answer was seen, and forgotten.
#[tokio::test]
async fn a_browser_that_is_killed_after_the_answer_leads_to_the_order() {
    in_browsers(async |app, browsers| {
        let guest = browsers.guest(&app.base).await;
        guest.taps("Add cola").await;
        guest.taps("Order now").await;
        guest.sees("All of it is set aside for you.").await;
        browsers.kill(&guest.session);
        let guest = browsers.revive(&guest.session).await;
        guest.goes_to(&format!("{}/order#at/soho", app.base)).await;
        guest.sees("All of it is set aside for you.").await;
        guest.taps("Order something else").await;
        guest.sees("Nothing in it yet.").await;
        assert_eq!(orders(app).await.len(), 1);
    })
    .await;
}

/// What a browser notes of a server that is away.
const OUTAGE: [&str; 3] = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET"];

/// A restaurant with all that it needs, in a process that can be killed.
async fn open() -> (Backends, String, Process) {
    let (backends, address) = (Backends::embedded(), free_address());
    let app = App::start(&backends, super::WAIT).await;
    app.open_restaurant().await;
    app.finish().await;
    let process = Process::start(&backends, &address).await;
    (backends, address, process)
}

const FIVE_HOURS_LATER: &str = "const now = Date.now; Date.now = () => now() + 5 * 3_600_000;";

#[tokio::test]
async fn what_was_asked_for_long_ago_is_asked_again() {
    let Some(browsers) = Browsers::start() else { return };
    let (backends, address, process) = open().await;
    let guest = browsers.guest(&format!("http://{address}")).await;
    OUTAGE.iter().for_each(|part| guest.may_say(part));
    guest.taps("Add cola").await;
    process.kill();
    guest.taps("Order now").await;
    guest.sees("Please leave this page open: your order is not sent yet.").await;
    guest.goes_to("about:blank").await;

    let process = Process::start(&backends, &address).await;
    guest.begins_with(FIVE_HOURS_LATER).await;
    guest.goes_to(&format!("http://{address}/order#at/soho")).await;
    guest.sees("Still want this? You ordered 5 hours ago").await;
    let listed = process.request(reqwest::Method::GET, "/v1/orders?location=soho");
    assert_eq!(process.send(listed).await.1["items"].as_array().unwrap().len(), 0);
    guest.taps("Yes, order it now").await;
    guest.sees("All of it is set aside for you.").await;
    browsers.finish().await;
    assert_eq!(process.terminate(), Some(0));
    let app = App::start(&backends, super::WAIT).await;
    assert_eq!(orders(&app).await.len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_count_of_long_ago_undoes_nothing_unasked() {
    let Some(browsers) = Browsers::start() else { return };
    let (backends, address, process) = open().await;
    let manager = browsers.manager(&format!("http://{address}")).await;
    OUTAGE.iter().for_each(|part| manager.may_say(part));
    manager.taps("Count dough").await;
    process.kill();
    manager.fills("How much is there now?", "90").await;
    manager.taps("Set the count").await;
    manager.sees("1 entry waits for the connection.").await;
    manager.goes_to("about:blank").await;

    let process = Process::start(&backends, &address).await;
    manager.begins_with(FIVE_HOURS_LATER).await;
    manager.goes_to(&format!("http://{address}/stock#at/soho/stock")).await;
    manager.sees("Still set the count to 90 dough?").await;
    let shown = "document.querySelector('[data-ingredient=dough] td').textContent";
    manager.until(&format!("{shown} === '100'")).await;
    manager.taps("Set it now").await;
    manager.until(&format!("{shown} === '90'")).await;
    browsers.finish().await;
    assert_eq!(process.terminate(), Some(0));
}
