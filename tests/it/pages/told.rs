//! What the order page tells guests before they ask: how long it takes, how it is paid, what is in it, what is left to
//! choose, what they had before, and that it is ready.

use serde_json::{Value, json};

use super::{access::check, in_browsers, page::Page};
use crate::harness::{App, text};

/// A kitchen that is fast, and known to be.
async fn cook_five(app: &App) {
    for _ in 0..5 {
        let order = app.place("1 cola").await;
        app.kitchen(&order, "ready").await;
    }
}

fn location(more: Value) -> Value {
    let mut location = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London"});
    for (name, value) in more.as_object().unwrap() {
        location[name] = value.clone();
    }
    location
}

async fn set_mode(app: &App, body: Value) {
    let request = app.request(reqwest::Method::POST, "/v1/locations/soho/mode").json(&body);
    let (status, answer) = app.send(request).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn a_guest_is_told_how_long_it_takes_before_and_after() {
    in_browsers(async |app, browsers| {
        let guest = browsers.guest(&app.base).await;
        guest.sees("burger").await;
        guest.sees_no("Ready in").await;
        cook_five(app).await;
        guest.sees("Ready in about 1–3 min").await;
        set_mode(app, json!({"mode": "open", "busy_minutes": 20})).await;
        guest.sees("Ready in about 21–23 min").await;
        guest.taps("Add cola").await;
        guest.sees("Ready in about 21–23 min after you order").await;
        guest.taps("Order now").await;
        guest.sees("Ready in about 20–25 min, by").await;
        let order = app.get("/v1/orders?location=soho").await["items"][0].clone();
        assert!(order["expected_at"].is_string(), "{order}");
        // The page hears of it: nobody loads it anew.
        set_mode(app, json!({"mode": "open"})).await;
        guest.sees("Ready in about 1–3 min, by").await;
        check(&guest, "an order with a wait").await;
        app.kitchen(&text(&order["id"]), "ready").await;
        guest.sees("Ready to pick up").await;
        guest.sees_no("Ready in about").await;
    })
    .await;
}

#[tokio::test]
async fn a_guest_is_told_how_to_pay() {
    in_browsers(async |app, browsers| {
        let payment = json!({"pickup": "Pay at the counter.", "dine_in": "Ask for the bill."});
        app.put("/v1/locations/soho", location(json!({"payment": payment}))).await;
        let guest = browsers.guest(&app.base).await;
        guest.taps("Add cola").await;
        guest.sees("Pay at the counter.").await;
        guest.taps("At my table").await;
        guest.sees("Ask for the bill.").await;
        guest.sees_no("Pay at the counter.").await;
        guest.fills("Table number", "7").await;
        guest.taps("Order now").await;
        guest.sees("All of it is set aside for you.").await;
        guest.sees("Ask for the bill.").await;
        guest.taps("Cancel this order").await;
        guest.taps("Yes, cancel it").await;
        guest.sees("nothing is to be paid").await;
        guest.sees_no("Ask for the bill.").await;
    })
    .await;
}

/// A burger with milk, a vegan margherita, and an extra with milk.
async fn tell_allergens(app: &App) {
    let extra =
        json!({"name": "cheese", "category": "Extras", "price": 150, "kind": "modifier", "allergens": ["milk"]});
    app.put("/v1/menu/soho/extra_cheese", extra).await;
    let burger = json!({"name": "burger", "category": "Burgers", "price": 1200, "allergens": ["milk", "sesame"]});
    app.put("/v1/menu/soho/burger", burger).await;
    let pizza = json!({"name": "margherita", "category": "Pizza", "price": 900, "diets": ["vegan"],
        "modifiers": ["extra_cheese"], "description": "Tomato and basil."});
    app.put("/v1/menu/soho/margherita", pizza).await;
}

#[tokio::test]
async fn what_somebody_does_not_eat_is_left_out() {
    in_browsers(async |app, browsers| {
        tell_allergens(app).await;
        let guest = browsers.guest(&app.base).await;
        guest.sees("Tomato and basil.").await;
        let shown = "document.querySelectorAll('.dish:not([hidden])').length";
        guest.taps("Diet and allergens").await;
        guest.taps("milk").await;
        guest.sees("Show 2 dishes").await;
        check(&guest, "diet and allergens").await;
        guest.taps("Show 2 dishes").await;
        guest.sees("2 of 3 dishes: without milk").await;
        guest.until(&format!("{shown} === 2")).await;
        guest.sees_no("Burgers").await;
        // What is added is looked at as well, and the kitchen is told by one tap.
        guest.taps("Choose margherita").await;
        guest.sees("cheese contains milk").await;
        guest.taps("cheese").await;
        guest.taps("Add ·").await;
        guest.sees("Contains: milk").await;
        guest.runs("document.getElementById('detail-allergies').scrollIntoView({ block: 'center' })", json!([])).await;
        guest.taps("Tell the kitchen: milk").await;
        guest.until("document.getElementById('detail-allergies').value === 'milk'").await;
        // A vegan is a vegetarian; the device remembers.
        guest.taps("Show all").await;
        guest.taps("Diet and allergens").await;
        guest.taps("vegan").await;
        guest.taps("Show 1 dish").await;
        guest.reloads().await;
        guest.sees("1 of 3 dishes: vegan").await;
        check(&guest, "a menu with a filter").await;
        guest.taps("Show all").await;
        guest.until(&format!("{shown} === 3")).await;
    })
    .await;
}

/// A burger that is served with one side, and with up to two sauces.
async fn ask_for_choices(app: &App) {
    for sku in ["fries", "slaw", "mustard", "ketchup", "aioli"] {
        app.put(
            &format!("/v1/menu/soho/{sku}"),
            json!({"name": sku, "category": "Extras", "price": 0, "kind": "modifier"}),
        )
        .await;
    }
    let choices = json!([
        {"name": "Side", "min": 1, "max": 1, "modifiers": ["fries", "slaw"]},
        {"name": "Sauce", "min": 0, "max": 2, "modifiers": ["mustard", "ketchup", "aioli"]},
    ]);
    let burger = json!({"name": "burger", "category": "Burgers", "price": 1200, "choices": choices});
    app.put("/v1/menu/soho/burger", burger).await;
}

async fn is_checked(guest: &Page, name: &str) -> bool {
    let checked = guest.value("[...document.querySelectorAll('.extra')].filter((e) => e.querySelector('input').checked).map((e) => e.innerText.trim())").await;
    checked.as_array().unwrap().contains(&json!(name))
}

#[tokio::test]
async fn what_has_to_be_chosen_is_asked_for_and_can_be_chosen_by_keys() {
    in_browsers(async |app, browsers| {
        ask_for_choices(app).await;
        let guest = browsers.guest(&app.base).await;
        guest.taps("Choose burger").await;
        guest.sees("Required").await;
        guest.taps("Add ·").await;
        guest.sees("Please choose 1: Side.").await;
        guest.until("document.activeElement.dataset.focus === 'fries'").await;
        let describes =
            "document.getElementById(document.activeElement.closest('fieldset').getAttribute('aria-describedby'))";
        guest.until(&format!("{describes}.role === 'alert'")).await;
        check(&guest, "a choice that is left").await;
        guest.presses("ArrowDown").await;
        guest.sees_no("Please choose 1: Side.").await;
        assert!(is_checked(&guest, "slaw").await);
        for sauce in ["mustard", "aioli"] {
            guest.taps(sauce).await;
        }
        // No third one, until one is taken away.
        guest.until("document.querySelector('[data-focus=ketchup]').disabled").await;
        guest.taps("aioli").await;
        guest.until("!document.querySelector('[data-focus=ketchup]').disabled").await;
        guest.taps("Add ·").await;
        guest.taps("Order now").await;
        guest.sees("All of it is set aside for you.").await;
        let order = app.get("/v1/orders?location=soho").await["items"][0].clone();
        let skus = order["lines"][0]["modifiers"].as_array().unwrap().iter().map(|it| text(&it["sku"]));
        assert_eq!(skus.collect::<Vec<_>>(), ["slaw", "mustard"]);
    })
    .await;
}

#[tokio::test]
async fn a_choice_that_was_made_necessary_meanwhile_is_asked_for_in_the_basket() {
    in_browsers(async |app, browsers| {
        let guest = browsers.guest(&app.base).await;
        guest.taps("Choose burger").await;
        guest.taps("Add ·").await;
        ask_for_choices(app).await;
        guest.sees("Please choose: Side").await;
        guest.sees("Something is left to choose: burger.").await;
        assert!(!guest.offers("Order now").await);
        guest.taps("Change burger").await;
        guest.taps("fries").await;
        guest.taps("Save ·").await;
        guest.sees_no("Please choose: Side").await;
        guest.taps("Order now").await;
        guest.sees("All of it is set aside for you.").await;
    })
    .await;
}

#[tokio::test]
async fn a_device_remembers_what_was_ordered_and_forgets_it() {
    in_browsers(async |app, browsers| {
        let guest = browsers.open(&format!("{}/order?table=12#at/soho", app.base)).await;
        guest.sees("Table 12").await;
        guest.taps("Choose burger").await;
        guest.taps("extra_cheese").await;
        guest.taps("One more").await;
        guest.taps("Add ·").await;
        guest.taps("Order now").await;
        guest.sees("All of it is set aside for you.").await;
        guest.taps("Your orders").await;
        guest.sees("2 × burger (+ extra_cheese)").await;
        guest.sees("Accepted").await;
        check(&guest, "what was ordered").await;
        guest.taps("Order this again: order 1").await;
        guest.sees("2 in your order").await;
        guest.goes_to(&format!("{}/order#orders", app.base)).await;
        guest.taps("Forget all of them").await;
        check(&guest, "whether to forget").await;
        guest.taps("Forget them").await;
        guest.sees("Nothing was ordered from this device yet.").await;
        guest.reloads().await;
        guest.sees("Nothing was ordered from this device yet.").await;
    })
    .await;
}

#[tokio::test]
async fn the_phone_rings_when_the_order_is_ready() {
    in_browsers(async |app, browsers| {
        let guest = browsers.open("about:blank").await;
        guest.begins_with("navigator.vibrate = (pattern) => (window.trembled ??= []).push(pattern.length);").await;
        guest.goes_to(&format!("{}/order#at/soho", app.base)).await;
        for (turned_off, trembled) in [(false, 1), (true, 1)] {
            guest.taps("Add cola").await;
            guest.taps("Order now").await;
            guest.sees("All of it is set aside for you.").await;
            if turned_off {
                guest.taps_in(".bell", "It rings when ready").await;
                guest.sees("Ring when it is ready").await;
            } else {
                guest.sees("It rings when ready").await;
            }
            let order = text(&app.get("/v1/orders?location=soho").await["items"][0]["id"]);
            app.kitchen(&order, "ready").await;
            guest.sees("Ready to pick up").await;
            assert_eq!(guest.value("(window.trembled ?? []).length").await, trembled);
            guest.taps("Order something else").await;
        }
    })
    .await;
}
