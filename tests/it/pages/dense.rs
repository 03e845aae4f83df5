//! How much of a rush a screen shows, and what cooks see of each ticket.

use serde_json::{Value, json};

use super::{access::check, in_browsers, page::Page};
use crate::harness::{App, text};

/// How many tickets are whole on the screen.
const WHOLE: &str = "[...document.querySelectorAll('.ticket')].filter((ticket) => {
    const [it, board] = [ticket.getBoundingClientRect(), document.getElementById('board').getBoundingClientRect()];
    return it.left >= board.left && it.right <= board.right && it.top >= board.top && it.bottom <= board.bottom;
}).length";
const ITEM_PX: &str = "parseFloat(getComputedStyle(document.querySelector('.item')).fontSize)";
/// What people order, one after the other: some have a note.
const ORDERS: [&[(&str, i64, bool)]; 8] = [
    &[("burger", 1, false), ("cola", 1, false), ("burger", 1, false), ("margherita", 1, false)],
    &[("margherita +", 2, false), ("burger", 1, false), ("cola", 2, false)],
    &[("margherita", 1, false), ("margherita +", 1, false), ("burger", 1, true)],
    &[("burger", 2, false), ("margherita", 1, false), ("cola", 1, false), ("margherita +", 1, false)],
    &[("cola", 3, false), ("burger", 1, false)],
    &[
        ("burger", 1, false),
        ("margherita +", 1, false),
        ("cola", 1, false),
        ("margherita", 1, true),
        ("burger", 1, false),
    ],
    &[("burger", 1, false), ("margherita", 2, false), ("cola", 3, false)],
    &[("margherita +", 1, false), ("cola", 1, true)],
];

fn line(&(sku, quantity, noted): &(&str, i64, bool)) -> Value {
    let (sku, modifiers) = sku.strip_suffix(" +").map_or((sku, vec![]), |sku| (sku, vec!["extra_cheese"]));
    let notes = noted.then_some("well done, sauce on the side");
    json!({"sku": sku, "quantity": quantity, "modifiers": modifiers, "notes": notes})
}

async fn rush(app: &App, tickets: usize) {
    for (number, lines) in (0..tickets).zip(ORDERS.iter().cycle()) {
        let mut body = json!({"location": "soho", "lines": lines.iter().map(line).collect::<Vec<_>>()});
        match number % 3 {
            0 => (body["type"], body["table"]) = (json!("dine_in"), json!(number.to_string())),
            1 => body["customer"] = json!({"name": "Ellen R."}),
            _ => {
                body["type"] = json!("delivery");
                body["customer"] = json!({"name": "Ellen R."});
                body["channel"] = json!({"name": "uber", "external_id": number.to_string()});
            }
        }
        app.place_with_key(&number.to_string(), &body).await;
    }
    app.settle().await;
}

#[tokio::test]
async fn a_screen_shows_much_of_a_rush() {
    in_browsers(async |app, browsers| {
        for ingredient in ["dough", "bun", "patty"] {
            app.movement(ingredient, "receive", 1000).await;
        }
        rush(app, 80).await;
        let display = browsers.display(&app.base).await;
        display.taps("Start shift").await;
        display.sees_so_many(".ticket", 80).await;
        for (size, tickets, item_px) in [((1920, 1080), 16, 20), ((1280, 800), 8, 18)] {
            display.resize(size).await;
            display.until(&format!("{WHOLE} >= {tickets}")).await;
            display.until(&format!("{ITEM_PX} >= {item_px}")).await;
        }
        // Whoever wants more sees more, and whoever wants big buttons has them.
        let normal = display.value(WHOLE).await.as_u64().unwrap();
        chooses(&display, "Many").await;
        display.until(&format!("{WHOLE} > {normal}")).await;
        chooses(&display, "Few, with big buttons").await;
        display.until(&format!("{WHOLE} < {normal}")).await;
        display.taps_in(".ticket", "Bump").await;
        display.sees_so_many(".ticket", 79).await;
        display.has_sent_all().await;
    })
    .await;
}

async fn chooses(display: &Page, setting: &str) {
    display.presses("s").await;
    display.taps(setting).await;
    display.presses("Escape").await;
}

#[tokio::test]
async fn nothing_lies_empty_beside_a_long_ticket() {
    in_browsers(async |app, browsers| {
        let lines = (1..=24).map(|number| json!({"sku": "cola", "quantity": 1, "notes": format!("for guest {number}")}));
        app.place("1 cola").await;
        app.settle().await;
        app.place_with_key("long", &json!({"location": "soho", "lines": lines.collect::<Vec<_>>()})).await;
        app.settle().await;
        for _ in 0..24 {
            app.place("1 cola").await;
        }
        app.settle().await;
        let display = browsers.display(&app.base).await;
        display.sees_so_many(".ticket[data-span]", 1).await;
        // Every column of the first screen is filled as far down as a small ticket would still fit.
        let columns = "[...document.querySelectorAll('.ticket')].flatMap((ticket) => {
            const { left, right, bottom } = ticket.getBoundingClientRect();
            const span = Number(ticket.dataset.span ?? 1);
            return Array.from({ length: span }, (_, n) => ({ x: Math.round(left + (n * (right - left)) / span), bottom }));
        })";
        let lowest = format!(
            "Object.values({columns}.filter(({{ x }}) => x < innerWidth - 50).reduce((all, {{ x, bottom }}) => {{
                const near = Object.keys(all).find((one) => Math.abs(one - x) < 60) ?? x;
                return {{ ...all, [near]: Math.max(all[near] ?? 0, bottom) }};
            }}, {{}}))"
        );
        let small = "document.querySelector('.ticket:not([data-span])').offsetHeight";
        display.until(&format!("{lowest}.every((bottom) => innerHeight - bottom < {small} + 30)")).await;
    })
    .await;
}

#[tokio::test]
async fn a_ticket_says_whose_it_is_and_that_it_is_new() {
    in_browsers(async |app, browsers| {
        let display = browsers.display(&app.base).await;
        display.sees("All clear").await;
        let watch = "new MutationObserver(() => {
            window.isMarked ||= document.querySelector('[data-new] .mark')?.textContent === 'NEW';
        }).observe(document.getElementById('tickets'), { subtree: true, childList: true, attributes: true })";
        display.runs(watch, json!([])).await;
        let mut body = App::order("1 burger");
        body["type"] = json!("delivery");
        body["customer"] = json!({"name": "Ellen R."});
        body["channel"] = json!({"name": "uber", "external_id": "4711"});
        app.place_with_key("one", &body).await;
        display.sees("Uber · Delivery · Ellen R. · #4711").await;
        display.until("window.isMarked").await;
        display.sees_no("NEW").await;
        display.sees_so_many(".ticket[data-new]", 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_ticket_is_rushed_and_begun_from_its_menu() {
    in_browsers(async |app, browsers| {
        app.place("1 margherita").await;
        let order = app.place("1 burger; 1 cola").await;
        let display = browsers.display(&app.base).await;
        display.taps("More: Ticket 2").await;
        display.taps("Rush").await;
        display.sees("RUSH").await;
        display.until("document.querySelector('.ticket h2 [aria-hidden]').textContent === '2'").await;
        display.presses("1").await;
        display.presses("m").await;
        display.taps("Start all of it").await;
        display.sees_so_many(".item[data-state=cooking]", 2).await;
        display.taps("More: Ticket 2").await;
        display.taps("No rush").await;
        display.sees_no("RUSH").await;
        display.has_sent_all().await;
        assert_eq!(text(&app.ticket(&order).await["state"]), "open");
    })
    .await;
}

#[tokio::test]
async fn one_tap_finishes_an_item_where_that_is_wanted() {
    in_browsers(async |app, browsers| {
        app.place("1 burger; 1 cola").await;
        let display = browsers.display(&app.base).await;
        display.sees("burger").await;
        chooses(&display, "Finishes it").await;
        display.taps("1× burger").await;
        display.sees_so_many(".item[data-state=done]", 1).await;
        display.taps("1× cola").await;
        display.sees("All clear").await;
        display.has_sent_all().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_brought_back_says_so_until_it_is_handed_over() {
    in_browsers(async |app, browsers| {
        let order = app.place("1 burger").await;
        app.kitchen(&order, "serve").await;
        app.kitchen(&order, "recall").await;
        // Also on a display that was not there when it happened.
        let display = browsers.open(&format!("{}/kitchen?location=soho&view=expo", app.base)).await;
        display.sees("RECALLED").await;
        display.taps("All ready").await;
        display.sees("RECALLED · READY").await;
        display.taps("Hand over").await;
        display.sees("All clear").await;
        display.has_sent_all().await;
        assert!(app.ticket(&order).await["recalled_at"].is_null());
    })
    .await;
}

/// An office orders: two dozen lines, half of them for one station.
#[tokio::test]
async fn a_large_order_comes_in_parts_that_are_cooked_in_one_go() {
    in_browsers(async |app, browsers| {
        let lines: Vec<Value> = (1..=24)
            .map(|number| {
                let sku = if number % 2 == 0 { "margherita" } else { "burger" };
                json!({"sku": sku, "quantity": 1, "notes": format!("for {number}")})
            })
            .collect();
        let order = app.place_with_key("office", &json!({"location": "soho", "lines": lines})).await;
        app.settle().await;
        let display = browsers.display(&app.base).await;
        let heads =
            "[...document.querySelectorAll('.part')].map((part) => part.innerText.replace(/\\s+/g, ' ')).join()";
        display.until(&format!("{heads} === 'Grill 0/12,Pizza 0/12'")).await;
        check(&display, "a large order").await;
        display.taps("Pizza").await;
        display.taps("Pizza").await;
        display.until(&format!("{heads} === 'Grill 0/12,Pizza 12/12'")).await;
        display.has_sent_all().await;
        let ticket = app.ticket(&order).await;
        let done = ticket["items"].as_array().unwrap().iter().filter(|item| item["state"] == "done");
        assert!(done.clone().count() == 12 && done.clone().all(|item| item["station"] == "pizza"), "{ticket}");
        // One press was one doing: it is taken back whole.
        display.presses("u").await;
        display.until(&format!("{heads} === 'Grill 0/12,Pizza 0/12'")).await;
        display.goes_to(&format!("{}/kitchen?location=soho&station=grill", app.base)).await;
        display.until(&format!("{heads} === 'Part 1 of 2 0/6,Part 2 of 2 0/6'")).await;
        // A small order is what it was.
        app.place("1 burger; 1 margherita").await;
        display.sees_so_many(".ticket", 2).await;
        display.sees_so_many(".ticket:last-child .part", 0).await;
    })
    .await;
}
