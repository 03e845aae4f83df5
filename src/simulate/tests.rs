//! What the players do, without a server.

use std::{collections::BTreeSet, time::Duration};

use expect_test::expect;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use shared::contract::{
    kitchen::{ItemState, Ticket, TicketState},
    order::{MenuKind, Mode},
    time::Time,
};
use uuid::Uuid;

use super::{
    Rate, Tally, Venue,
    cooks::{Press, due},
    count,
    guests::{Offer, order},
};

#[test]
fn a_rate_is_a_number_of_orders_per_time() {
    for (text, per_s) in [("30/min", 0.5), ("2/s", 2.0), ("0.5/s", 0.5), ("3600/h", 1.0), (" 6 / m ", 0.1)] {
        let rate: Rate = text.parse().unwrap();
        assert!((rate.per_s - per_s).abs() < 1e-9, "{text}");
    }
    let shown = ["30/min", "2/s", "90/min", "0.25/s"].map(|text| text.parse::<Rate>().unwrap().to_string());
    assert_eq!(shown, ["30/min", "2/s", "1.5/s", "15/min"]);
}

#[test]
fn a_wrong_rate_says_what_would_be_right() {
    let errors: Vec<String> = ["30", "x/s", "3/day", "0/s", "-1/s", "nan/s", "inf/s", "2000/s"]
        .iter()
        .map(|text| format!("{text}: {}\n", text.parse::<Rate>().unwrap_err()))
        .collect();
    expect![[r#"
        30: expected orders per time, like 30/min, 2/s or 500/h
        x/s: expected orders per time, like 30/min, 2/s or 500/h
        3/day: expected orders per time, like 30/min, 2/s or 500/h
        0/s: expected more than 0 and at most 1000/s
        -1/s: expected more than 0 and at most 1000/s
        nan/s: expected more than 0 and at most 1000/s
        inf/s: expected more than 0 and at most 1000/s
        2000/s: expected more than 0 and at most 1000/s
    "#]]
    .assert_eq(&errors.concat());
}

#[test]
fn guests_come_at_the_rate() {
    let (rate, mut rng): (Rate, _) = ("2/s".parse().unwrap(), StdRng::seed_from_u64(1));
    let total: Duration = (0..10_000).map(|_| rate.gap(&mut rng)).sum();
    assert!((4800..5200).contains(&total.as_secs()), "{total:?} for 10,000 guests");
}

#[test]
fn a_summary_counts_anew_each_time() {
    let tally = Tally::default();
    count(&tally.placed);
    count(&tally.failed);
    for latency_ms in 1..=200 {
        tally.answered_after(Duration::from_millis(latency_ms));
    }
    let lines = format!("{}\n{}\n", tally.summary(0), tally.summary(2));
    expect![[r#"
        1 ordered, 0 refused, 0 cancelled, 0 served, 1 failed; 0 requests made again; an answer took 101 ms, p99 199 ms; 0 on the board
        0 ordered, 0 refused, 0 cancelled, 0 served; 2 requests made again; 0 on the board
    "#]]
    .assert_eq(&lines);
}

fn offer(sku: &str, category: &str, price: i64, modifiers: &[&str], available: bool) -> Offer {
    let kind = if category == "Extras" { MenuKind::Modifier } else { MenuKind::Dish };
    let modifiers = modifiers.iter().map(|sku| (*sku).to_owned()).collect();
    Offer { sku: sku.into(), kind, category: category.into(), price, modifiers, choices: Vec::new(), available }
}

fn menu() -> Vec<Offer> {
    vec![
        offer("margherita", "Pizza", 1000, &["basil", "sold_out"], true),
        offer("burger", "Burgers", 1200, &["basil"], true),
        offer("tiramisu", "Desserts", 700, &[], false),
        offer("cola", "Drinks", 300, &[], true),
        offer("basil", "Extras", 50, &[], true),
        offer("sold_out", "Extras", 50, &[], false),
    ]
}

fn venue() -> Venue {
    Venue { location: "soho".into(), currency: "GBP".to_owned().try_into().unwrap(), mode: Mode::Open }
}

/// The orders of many guests, and the same whenever they are made anew.
fn orders() -> Vec<Value> {
    let mut rng = StdRng::seed_from_u64(7);
    (0..2_000).filter_map(|_| order(&mut rng, &venue(), &menu(), "key")).collect()
}

#[test]
fn guests_order_what_the_menu_offers() {
    for order in orders() {
        let lines = order["lines"].as_array().unwrap();
        assert!((1..=100).contains(&lines.len()), "{order}");
        let mut total = 0;
        for line in lines {
            let dish = menu().into_iter().find(|dish| line["sku"] == dish.sku.as_str()).expect("it is on the menu");
            let modifiers: Vec<String> = serde_json::from_value(line["modifiers"].clone()).unwrap_or_default();
            assert!(modifiers.iter().all(|sku| sku == "basil" && dish.modifiers.contains(sku)), "{order}");
            total += line["quantity"].as_i64().unwrap() * (dish.price + 50 * modifiers.len() as i64);
        }
        if let Some(expected) = order.get("expected_total") {
            assert_eq!(*expected, json!({ "amount": total, "currency": "GBP" }));
        }
    }
}

#[test]
fn guests_differ() {
    let orders = orders();
    let values = |pointer: &str| -> BTreeSet<String> {
        orders.iter().map(|order| order.pointer(pointer).unwrap_or(&Value::Null).to_string()).collect()
    };
    assert_eq!(values("/type"), ["\"delivery\"", "\"dine_in\"", "\"pickup\""].map(String::from).into());
    for pointer in ["/allergies", "/notes", "/table", "/customer", "/lines/0/notes", "/lines/0/modifiers"] {
        assert!(values(pointer).len() > 1, "{pointer}");
    }
    let sold_out = orders.iter().filter(|order| order.to_string().contains("tiramisu")).count();
    assert!((1..200).contains(&sold_out), "{sold_out} wanted what is sold out");
    assert!(order(&mut StdRng::seed_from_u64(1), &venue(), &[], "key").is_none());
}

const PACE: Duration = Duration::from_secs(24);

fn at(seconds: u64) -> Time {
    Time::from_micros(1_800_000_000_000_000) + Duration::from_secs(seconds)
}

fn ticket(id: Uuid) -> Ticket {
    let item = |n: u32| {
        json!({ "id": n.to_string(), "line": n.to_string(), "sku": "burger", "name": "Burger", "quantity": 1,
                "station": "grill", "state": "queued" })
    };
    serde_json::from_value(json!({
        "id": id, "order_id": id, "location": "soho", "type": "pickup", "state": "open", "priority": 0,
        "items": [item(1), item(2), item(3)], "opened_at": at(0), "version": 1,
    }))
    .unwrap()
}

/// What the kitchen would make of it.
fn press(ticket: &mut Ticket, press: &Press, now: Time) {
    let set = |ticket: &mut Ticket, id: &str, state| {
        ticket.items.iter_mut().filter(|item| item.id == id).for_each(|item| item.state = state);
        ticket.started_at = ticket.started_at.or(Some(now));
    };
    let set_all = |ticket: &mut Ticket, state| ticket.items.iter_mut().for_each(|item| item.state = state);
    match press {
        Press::StartItem(id) => set(ticket, id, ItemState::Cooking),
        Press::DoneItem(id) => set(ticket, id, ItemState::Done),
        Press::UndoItem(id) => set(ticket, id, ItemState::Cooking),
        Press::Start => ticket.started_at = Some(now),
        Press::Ready => set_all(ticket, ItemState::Done),
        Press::Serve => ticket.state = TicketState::Served,
        Press::Recall => {
            set_all(ticket, ItemState::Cooking);
            ticket.state = TicketState::Open;
        }
        Press::Rush => ticket.priority += 1,
        Press::Ack => ticket.acknowledged_at = Some(now),
    }
    if ticket.state == TicketState::Open && ticket.items.iter().all(|item| item.state == ItemState::Done) {
        ticket.state = TicketState::Ready;
        ticket.ready_at = Some(now);
    }
}

/// Cooks a ticket with a look every second, and gives the second in which it was served.
fn cook(id: u128, pressed: &mut BTreeSet<&'static str>) -> u64 {
    let (mut ticket, mut rng) = (ticket(Uuid::from_u128(id)), StdRng::seed_from_u64(id as u64));
    for second in 0..1_000 {
        for due in due(&ticket, at(second), PACE, false, &mut rng) {
            pressed.insert(match due {
                Press::StartItem(_) => "start item",
                Press::DoneItem(_) => "done",
                Press::UndoItem(_) => "undo",
                Press::Start => "start",
                Press::Ready => "ready",
                Press::Serve => "serve",
                Press::Recall => "recall",
                Press::Rush => "rush",
                Press::Ack => "ack",
            });
            press(&mut ticket, &due, at(second));
        }
        if ticket.state == TicketState::Served {
            return second;
        }
    }
    panic!("never served: {ticket:?}");
}

#[test]
fn every_ticket_is_cooked_in_its_time_and_with_every_button() {
    let mut pressed = BTreeSet::new();
    let served: Vec<u64> =
        (1..=500_u128).map(|n| cook(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835), &mut pressed)).collect();
    let mean = served.iter().sum::<u64>() / served.len() as u64;
    assert!((15..40).contains(&mean), "{mean} s where 24 s are usual");
    assert!(served.iter().all(|seconds| *seconds < 120));
    let all = ["start item", "done", "undo", "start", "ready", "serve", "recall", "rush"];
    assert_eq!(pressed, all.into());
}

#[test]
fn a_void_ticket_is_acknowledged_once() {
    let mut ticket = Ticket { state: TicketState::Void, voided_at: Some(at(1)), ..ticket(Uuid::from_u128(1)) };
    let mut rng = StdRng::seed_from_u64(1);
    assert_eq!(due(&ticket, at(2), PACE, false, &mut rng), [Press::Ack]);
    ticket.acknowledged_at = Some(at(2));
    assert_eq!(due(&ticket, at(3), PACE, false, &mut rng), []);
}

#[test]
fn in_a_hurry_a_ticket_is_one_press() {
    let (ticket, mut rng) = (ticket(Uuid::from_u128(1)), StdRng::seed_from_u64(1));
    assert_eq!(due(&ticket, at(5), PACE, true, &mut rng), []);
    assert_eq!(due(&ticket, at(60), PACE, true, &mut rng), [Press::Serve]);
}
