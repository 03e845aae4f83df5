//! A rush: many windows, many tickets, long ones, cancelled ones, and networks that are in the way.

use serde_json::{Value, json};

use super::{in_browsers, page::Page, proxy::Proxy};
use crate::harness::{App, text};

const WINDOWS: usize = 8;

#[tokio::test]
async fn all_windows_of_a_browser_are_live_and_are_heard() {
    in_browsers(async |app, browsers| {
        for _ in 0..WINDOWS {
            app.place("1 cola").await;
        }
        app.settle().await;
        let display = browsers.display(&app.base).await;
        for _ in 1..WINDOWS {
            display.opens_window(&format!("{}/kitchen?location=soho&view=all", app.base)).await;
        }
        for window in 0..WINDOWS {
            display.turns_to(window).await;
            display.sees_so_many(".ticket", (WINDOWS - window) as u64).await;
            display.sees("Live").await;
            display.presses("1").await;
            display.presses("Enter").await;
            display.sees_so_many(".ticket", (WINDOWS - window - 1) as u64).await;
            display.has_sent_all().await;
        }
    })
    .await;
}

/// Streams of seven addresses are more than a browser has connections.
#[tokio::test]
async fn pages_that_have_no_stream_are_kept_up_to_date() {
    in_browsers(async |app, browsers| {
        let page = browsers.display(&app.base).await;
        page.opens_window(&format!("{}/order#at/soho", app.base)).await;
        page.opens_window(&format!("{}/stock#at/soho/stock", app.base)).await;
        let mut orders = Vec::new();
        for _ in 0..4 {
            let order = app.place("1 cola").await;
            app.settle().await;
            page.opens_window(&format!("{}/order#order/{order}", app.base)).await;
            page.sees("All of it is set aside for you.").await;
            orders.push(order);
        }
        for (order, window) in orders.iter().zip(3..) {
            app.kitchen(order, "start").await;
            page.turns_to(window).await;
            page.sees("The kitchen has started.").await;
        }
        app.put("/v1/availability/soho/cola", json!({"available": false})).await;
        for (window, words) in [(1, "Sold out"), (2, "Sold out\n1")] {
            page.turns_to(window).await;
            page.sees(words).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_display_that_is_not_heard_says_so() {
    in_browsers(async |app, browsers| {
        app.place("1 cola").await;
        app.settle().await;
        let display = browsers.display(&app.base).await;
        display.sees("cola").await;
        display.is_slow(8_000).await;
        display.presses("1").await;
        display.presses("Enter").await;
        display.sees("Taps are not arriving").await;
        display.sees_no("NOT LIVE").await;
        display.is_slow(0).await;
        display.has_sent_all().await;
        display.sees_no("Taps are not arriving").await;
        display.sees("Live").await;
    })
    .await;
}

#[tokio::test]
async fn pages_work_behind_a_proxy_that_holds_back_streams() {
    in_browsers(async |app, browsers| {
        let order = app.place("1 burger").await;
        app.settle().await;
        let proxy = Proxy::to(&app.base).await;
        let display = browsers.display(&proxy.base).await;
        let (guest, manager) = (browsers.guest(&proxy.base).await, browsers.manager(&proxy.base).await);
        let follower = browsers.open(&format!("{}/order#order/{order}", proxy.base)).await;
        for page in [&display, &guest, &manager, &follower] {
            page.sees("Updated every few seconds").await;
            page.sees_no("NOT LIVE").await;
        }
        display.sees_so_many(".ticket", 1).await;
        app.place("1 cola").await;
        display.sees_so_many(".ticket", 2).await;
        display.taps("1× burger").await;
        display.has_sent_all().await;
        follower.sees("The kitchen has started.").await;
        app.put("/v1/availability/soho/cola", json!({"available": false})).await;
        guest.until("document.querySelector('.dish[data-sku=cola] button').disabled").await;
        manager.sees("Sold out\n1").await;
    })
    .await;
}

/// How many heads of tickets are to be seen.
const SEEN: &str = "[...document.querySelectorAll('.ticket header')].filter((head) => {
    const [it, board] = [head.getBoundingClientRect(), document.getElementById('board').getBoundingClientRect()];
    return it.right > board.left + it.width / 2 && it.left < board.right - it.width / 2;
}).length";
const OFF: &str = "['before', 'after'].map((side) => Number(document.querySelector(`#${side} strong`).textContent))";

async fn counts_are_true(display: &Page, tickets: usize) {
    display.until(&format!("{OFF}.reduce((a, b) => a + b, {SEEN}) === {tickets}")).await;
}

#[tokio::test]
async fn what_is_off_the_screen_is_counted_wherever_keys_jump() {
    in_browsers(async |app, browsers| {
        for _ in 0..40 {
            app.place("1 cola").await;
        }
        app.settle().await;
        let display = browsers.display(&app.base).await;
        display.sees_so_many(".ticket", 40).await;
        counts_are_true(&display, 40).await;
        for (keys, side, other) in [("40", "after", "before"), ("01", "before", "after"), ("40", "after", "before")] {
            // Digits that follow each other are one number.
            display.presses("Escape").await;
            display.types(keys).await;
            display.until(&format!("document.getElementById({side:?}).disabled")).await;
            display.until(&format!("!document.getElementById({other:?}).disabled")).await;
            counts_are_true(&display, 40).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_ticket_is_seen_wherever_it_is() {
    in_browsers(async |app, browsers| {
        for _ in 0..30 {
            app.place("1 cola").await;
        }
        let mut body = App::order("2 burger");
        (body["type"], body["table"]) = (json!("dine_in"), json!("7"));
        let last = app.place_with_key("last", &body).await;
        app.settle().await;
        let display = browsers.display(&app.base).await;
        display.sees_so_many(".ticket", 31).await;
        app.post(&format!("/v1/orders/{last}/cancel")).await;
        display.sees("31 · Table 7 CANCELLED 2× burger").await;
        display.sees("✕ 1 cancelled").await;
        display.until("document.querySelector('#after .voids').textContent === '✕ 1'").await;
        let pinned = "document.querySelector('#voids li').getBoundingClientRect()";
        display.until(&format!("{pinned}.top >= 0 && {pinned}.bottom < innerHeight")).await;
        display.taps("Acknowledge: Ticket 31").await;
        display.sees_so_many(".ticket", 30).await;
        display.sees_no("CANCELLED").await;
        display.has_sent_all().await;
        let tickets = app.get("/v1/tickets?location=soho&state=void").await;
        assert!(tickets["items"][0]["acknowledged_at"].is_string(), "{tickets}");
    })
    .await;
}

/// So many colas, each with a note of its own.
fn long(lines: usize) -> Value {
    let lines = (1..=lines).map(|number| json!({"sku": "cola", "quantity": 1, "notes": format!("for guest {number}")}));
    json!({"location": "soho", "lines": lines.collect::<Vec<_>>()})
}

#[tokio::test]
async fn nothing_of_a_long_ticket_is_bumped_unseen() {
    in_browsers(async |app, browsers| {
        app.place_with_key("long", &long(24)).await;
        app.settle().await;
        app.place_with_key("longer", &long(100)).await;
        app.settle().await;
        let display = browsers.display(&app.base).await;
        // The first takes as many columns as it needs.
        display.sees_so_many(".ticket[data-span]", 2).await;
        display.sees_so_many(".ticket[data-capped]", 1).await;
        display.presses("2").await;
        let label = "document.querySelector('.ticket[data-capped] .bump').innerText";
        display.until(&format!("/^▼ \\d+ more items, \\d+ notes/.test({label})")).await;
        display.presses("Enter").await;
        display.until("document.querySelector('.ticket[data-capped] .content').scrollTop > 0").await;
        let mut told = text(&display.value(label).await);
        while told.starts_with('▼') {
            display.sees_so_many(".ticket", 2).await;
            display.presses("Enter").await;
            display.until(&format!("{label} !== {told:?}")).await;
            told = text(&display.value(label).await);
        }
        let rest = "(({ scrollTop, clientHeight, scrollHeight }) => scrollHeight - clientHeight - scrollTop)";
        display.until(&format!("{rest}(document.querySelector('.ticket[data-capped] .content')) < 2")).await;
        display.until(&format!("{label} === 'Bump'")).await;
        display.presses("Enter").await;
        display.sees_so_many(".ticket", 1).await;
        display.has_sent_all().await;
        // The other is too long for a small screen, and no longer once there is room.
        display.resize((800, 480)).await;
        display.sees("more items").await;
        display.resize((1920, 1080)).await;
        display.sees_no("more items").await;
        display.sees("Bump").await;
    })
    .await;
}
