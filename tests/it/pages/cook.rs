//! The kitchen display in the hands of cooks: keys and taps, two displays, what comes back.

use expect_test::expect;
use serde_json::json;

use super::in_browsers;
use crate::harness::text;

const FIRST: &str = "document.querySelector('.ticket h2 [aria-hidden]').textContent";

#[tokio::test]
async fn two_displays_agree_and_what_both_do_is_done_once() {
    in_browsers(async |app, browsers| {
        let order = app.place("1 margherita; 1 burger").await;
        let (one, other) = (browsers.display(&app.base).await, browsers.display(&app.base).await);
        one.taps("1× margherita").await;
        other.sees_so_many(".item[data-item='1'][data-state=cooking]", 1).await;
        other.taps("1× margherita").await;
        one.sees_so_many(".item[data-item='1'][data-state=done]", 1).await;
        for display in [&one, &other] {
            display.presses("1").await;
        }
        tokio::join!(one.presses("Enter"), other.presses("Enter"));
        for display in [&one, &other] {
            display.sees("All clear").await;
            display.sees_no("Not done").await;
            display.has_sent_all().await;
        }
        app.check(&order, expect!["ready"]).await;
        let said = app.get("/v1/feed/kitchen?limit=500").await;
        let ready = said["items"].as_array().unwrap().iter().filter(|event| event["type"] == "ticket.ready");
        assert_eq!(ready.count(), 1);
    })
    .await;
}

#[tokio::test]
async fn keys_rush_bump_take_back_and_recall() {
    in_browsers(async |app, browsers| {
        app.place("1 margherita").await;
        app.settle().await;
        let second = app.place("1 burger").await;
        let opened = app.ticket(&second).await["opened_at"].clone();
        let display = browsers.display(&app.base).await;
        display.sees("burger").await;
        display.presses("?").await;
        display.sees("Undo what this screen did last").await;
        display.presses("Escape").await;
        display.sees_no("Undo what this screen did last").await;
        display.presses("2").await;
        display.presses("p").await;
        display.until(&format!("{FIRST} === '2'")).await;
        display.sees("RUSH").await;
        display.presses("1").await;
        display.presses("Enter").await;
        display.sees("Ticket 2 bumped").await;
        display.sees_so_many(".ticket", 1).await;
        display.presses("u").await;
        display.sees("Ticket 2: taken back").await;
        display.until(&format!("{FIRST} === '2'")).await;
        display.has_sent_all().await;
        app.settle().await;
        assert_eq!(app.ticket(&second).await["items"][0]["state"], "queued");
        display.presses("1").await;
        display.presses("Enter").await;
        display.sees_so_many(".ticket", 1).await;
        display.has_sent_all().await;
        app.check(&second, expect!["ready"]).await;
        display.presses("r").await;
        display.until("document.activeElement.getAttribute('aria-label') === 'Recall: Ticket 2'").await;
        display.presses("Enter").await;
        display.until(&format!("{FIRST} === '2'")).await;
        display.has_sent_all().await;
        app.check(&second, expect!["preparing"]).await;
        display.sees("RECALLED").await;
        let ticket = app.ticket(&second).await;
        assert_eq!((&ticket["state"], &ticket["opened_at"]), (&json!("open"), &opened));
    })
    .await;
}

#[tokio::test]
async fn a_rush_is_taken_back_by_its_button_and_comes_again_by_undo() {
    in_browsers(async |app, browsers| {
        app.place("1 margherita").await;
        app.settle().await;
        let second = app.place("1 burger").await;
        let display = browsers.display(&app.base).await;
        display.sees("burger").await;
        display.presses("2").await;
        display.presses("p").await;
        display.until(&format!("{FIRST} === '2'")).await;
        display.sees("RUSH").await;
        display.taps("More: Ticket 2").await;
        display.taps("No rush").await;
        display.sees("Ticket 2 no longer rushed").await;
        display.until(&format!("{FIRST} === '1'")).await;
        display.sees_no("RUSH").await;
        display.has_sent_all().await;
        assert_eq!(app.ticket(&second).await["priority"], 0);
        display.taps("Undo").await;
        display.until(&format!("{FIRST} === '2'")).await;
        display.has_sent_all().await;
        assert_eq!(app.ticket(&second).await["priority"], 1);
    })
    .await;
}

#[tokio::test]
async fn a_tap_starts_an_item_then_finishes_it_and_is_taken_back_by_the_toast() {
    in_browsers(async |app, browsers| {
        let order = app.place("2 burger").await;
        let display = browsers.display(&app.base).await;
        display.taps("2× burger").await;
        display.sees_so_many(".item[data-state=cooking]", 1).await;
        display.sees("burger started (ticket 1)").await;
        display.has_sent_all().await;
        app.check(&order, expect!["preparing"]).await;
        display.taps("2× burger").await;
        display.sees("All clear").await;
        display.has_sent_all().await;
        app.check(&order, expect!["ready"]).await;
        display.taps("Undo").await;
        display.sees_so_many(".item[data-state=cooking]", 1).await;
        display.has_sent_all().await;
        app.check(&order, expect!["preparing"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_station_shows_what_is_cooked_there_and_no_view_hides_an_allergy() {
    in_browsers(async |app, browsers| {
        let mut body = crate::harness::App::order("1 margherita; 1 burger");
        body["allergies"] = json!(["nuts"]);
        app.place_with_key("one", &body).await;
        app.place("1 burger").await;
        let display = browsers.open(&format!("{}/kitchen?location=soho&station=pizza", app.base)).await;
        display.sees("ALLERGY: nuts").await;
        display.sees_so_many(".ticket", 1).await;
        display.sees("Also at").await;
        display.sees("Grill 0/1").await;
        display.sees_no("burger").await;
        display.presses("s").await;
        display.taps("Expo").await;
        display.sees_so_many(".ticket", 2).await;
        display.sees("ALLERGY: nuts").await;
        display.sees("Pizza 0/1").await;
        display.taps_in(".ticket", "1× margherita").await;
        display.taps_in(".ticket", "1× margherita").await;
        display.sees("Pizza 1/1").await;
        display.taps_in(".ticket", "All ready").await;
        display.taps_in(".ticket[data-state=ready]", "Hand over").await;
        display.sees_so_many(".ticket", 1).await;
        display.has_sent_all().await;
        let served = app.get("/v1/tickets?location=soho&state=served").await;
        assert_eq!(text(&served["items"][0]["allergies"][0]), "nuts");
    })
    .await;
}

#[tokio::test]
async fn a_modifier_says_itself_what_it_does() {
    in_browsers(async |app, browsers| {
        for (sku, effect) in [("onion", "remove"), ("bun", "change"), ("without_end", "add")] {
            let modifier = json!({"name": sku, "category": "Extras", "price": 0, "kind": "modifier", "effect": effect});
            app.put(&format!("/v1/menu/soho/{sku}"), modifier).await;
        }
        let modifiers = ["onion", "bun", "without_end"];
        let burger = json!({"name": "burger", "category": "Burgers", "price": 1200, "modifiers": modifiers});
        app.put("/v1/menu/soho/burger", burger).await;
        let no_salt =
            json!({"name": "No salt", "category": "Extras", "price": 0, "kind": "modifier", "effect": "remove"});
        app.put("/v1/menu/soho/no_salt", no_salt).await;
        let cola = json!({"name": "cola", "category": "Drinks", "price": 300, "modifiers": ["no_salt"]});
        app.put("/v1/menu/soho/cola", cola).await;
        app.place("1 burger +onion +bun +without_end; 1 cola +no_salt").await;
        let display = browsers.display(&app.base).await;
        for words in ["− onion", "→ bun", "+ without_end"] {
            display.sees(words).await;
        }
        display.sees_so_many(".modifier.remove", 2).await;
        // What a name has said is not said twice.
        display.sees("No salt").await;
        display.sees_no("− No salt").await;
    })
    .await;
}

#[tokio::test]
async fn what_a_station_leaves_is_seen_at_the_default() {
    in_browsers(async |app, browsers| {
        app.place("1 margherita; 1 burger").await;
        app.settle().await;
        let at =
            async |station: &str| browsers.open(&format!("{}/kitchen?location=soho&station={station}", app.base)).await;
        let (pizza, grill) = (at("pizza").await, at("grill").await);
        pizza.sees("margherita").await;
        grill.sees("burger").await;
        grill.sees("Pizza 0/1").await;
        app.put("/v1/stations/soho", json!({"stations": [{"id": "grill", "name": "Grill"}], "default": "grill"})).await;
        pizza.sees("No station “pizza” any more").await;
        grill.sees("margherita").await;
        grill.sees_so_many(".ticket", 1).await;
        grill.sees_no("Pizza").await;
    })
    .await;
}

#[tokio::test]
async fn whoever_hands_over_sees_whose_it_is() {
    in_browsers(async |app, browsers| {
        let mut body = crate::harness::App::order("1 burger");
        body["customer"] = json!({"name": "Ada Lovelace"});
        body["channel"] = json!({"name": "deliveroo", "external_id": "D-4711"});
        app.place_with_key("one", &body).await;
        let display = browsers.open(&format!("{}/kitchen?location=soho&view=expo", app.base)).await;
        display.sees("Deliveroo · Pickup · Ada Lovelace · #D-4711").await;
        display.goes_to(&format!("{}/kitchen?location=soho&station=grill", app.base)).await;
        display.sees("Deliveroo · Pickup · #D-4711").await;
        display.sees_no("Ada").await;
    })
    .await;
}

#[tokio::test]
async fn tickets_stay_where_they_are_while_a_finger_is_down() {
    in_browsers(async |app, browsers| {
        let first = app.place("1 cola").await;
        app.settle().await;
        app.place("1 burger").await;
        app.settle().await;
        let display = browsers.display(&app.base).await;
        display.sees("burger").await;
        let place = "JSON.stringify(document.querySelector('.ticket:last-child').getBoundingClientRect())";
        let before = display.value(place).await;
        display.touches(".ticket:last-child .item").await;
        app.kitchen(&first, "serve").await;
        display.sees("Off the board").await;
        assert_eq!(display.value(place).await, before);
        display.lifts_the_finger().await;
        display.sees_so_many(".ticket", 1).await;
        assert_ne!(display.value(place).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_shift_starts_with_sound() {
    in_browsers(async |app, browsers| {
        let display = browsers.display(&app.base).await;
        display.sees("Sound is off").await;
        display.taps("Start shift").await;
        display.sees("Sound on").await;
        display.sees_no("Sound is off").await;
        app.place("1 cola").await;
        display.sees("New: Ticket 1").await;
    })
    .await;
}
