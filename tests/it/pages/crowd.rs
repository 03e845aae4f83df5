//! A full board: nothing is lost off the screen, and a display that is left on does not grow.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::interval;

use super::{in_browsers, page::Page};
use crate::{
    checker,
    harness::{App, text},
    kitchen,
};

const TICKETS: usize = 200;
/// Fifty a second, for as long as it takes to change every ticket.
const BETWEEN_CHANGES: Duration = Duration::from_millis(20);

const SELECTED: &str = "document.querySelector('.ticket[aria-current] .slot')?.textContent";

/// What the page holds on to, once what it does not is swept away.
async fn holds(page: &Page) -> (i64, i64) {
    page.browser("Performance.enable", json!({})).await;
    page.browser("HeapProfiler.collectGarbage", json!({})).await;
    let metrics = page.browser("Performance.getMetrics", json!({})).await;
    let metric = |name: &str| {
        let found = metrics["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == name).unwrap();
        found["value"].as_f64().unwrap() as i64
    };
    (metric("Nodes"), metric("JSEventListeners"))
}

/// Does something to the first item of every ticket, one after the other, as fast as a full kitchen does.
async fn change_all(app: &App, tickets: &[Value], action: &str) {
    let mut beat = interval(BETWEEN_CHANGES);
    for ticket in tickets {
        beat.tick().await;
        app.act(&format!("/v1/tickets/{}/items/1/{action}", text(&ticket["id"]))).await;
    }
}

#[tokio::test]
async fn two_hundred_tickets_are_all_accounted_for_and_leave_nothing_behind() {
    in_browsers(async |app, browsers| {
        let display = browsers.display(&app.base).await;
        display.sees("All clear").await;
        let empty = holds(&display).await;
        join_all((0..TICKETS).map(|_| app.place("1 cola"))).await;
        app.settle().await;
        display.sees_so_many(".ticket", 200).await;
        let tickets = checker::all(app, "/v1/tickets?location=soho").await;
        display.until("/^\\+\\d+$/.test(document.querySelector('#after strong').textContent)").await;
        display.until("/^oldest \\d+:\\d\\d$/.test(document.querySelector('#after .oldest').textContent)").await;

        change_all(app, &tickets, "start").await;
        display.sees_so_many(".item[data-state=cooking]", 200).await;
        let full = holds(&display).await;
        change_all(app, &tickets, "undo").await;
        display.sees_so_many(".item[data-state=queued]", 200).await;
        change_all(app, &tickets, "start").await;
        display.sees_so_many(".item[data-state=cooking]", 200).await;
        let later = holds(&display).await;
        assert!(later.0 <= full.0 + 20 && later.1 <= full.1 + 20, "(nodes, listeners): {full:?}, later {later:?}");

        let paths: Vec<String> =
            tickets.iter().map(|ticket| format!("/v1/tickets/{}/serve", text(&ticket["id"]))).collect();
        join_all(paths.iter().map(|path| app.act(path))).await;
        display.sees("All clear").await;
        display.sees_so_many(".ticket", 0).await;
        let left = holds(&display).await;
        assert!(left.0 <= empty.0 + 50 && left.1 <= empty.1 + 20, "(nodes, listeners): {empty:?}, in the end {left:?}");
    })
    .await;
}

#[tokio::test]
async fn what_waits_is_seen_however_much_was_never_handed_over() {
    in_browsers(async |app, browsers| {
        let ready = app.place("1 cola").await;
        app.kitchen(&ready, "ready").await;
        kitchen::multiply(app, &app.ticket(&ready).await).await;
        app.place("1 burger").await;
        app.settle().await;
        let display = browsers.display(&app.base).await;
        display.sees("burger").await;
        display.sees("Only the last finished: see Recall").await;
        display.presses("r").await;
        display.sees("1942 more: type a number to find them.").await;
    })
    .await;
}

#[tokio::test]
async fn pages_turn_to_what_is_off_the_screen() {
    in_browsers(async |app, browsers| {
        for _ in 0..30 {
            app.place("1 cola").await;
        }
        app.settle().await;
        let display = browsers.display(&app.base).await;
        display.sees_so_many(".ticket", 30).await;
        let off = "document.querySelector('#after strong').textContent";
        display.until(&format!("{off} !== ''")).await;
        display.presses("PageDown").await;
        display.until("!document.querySelector('#before').disabled").await;
        display.sees("oldest").await;
        display.presses("PageUp").await;
        display.until("document.querySelector('#before').disabled").await;
        // Two digits are one number, where there is such a ticket.
        display.types("12").await;
        display.until(&format!("{SELECTED} === '12'")).await;
        display.presses("Escape").await;
        display.types("45").await;
        display.until(&format!("{SELECTED} === '5'")).await;
        display.types("2p3").await;
        display.until(&format!("{SELECTED} === '3'")).await;
    })
    .await;
}
