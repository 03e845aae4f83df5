//! The order page in the hands of guests: what they chose is kept, and ordered once.

use expect_test::expect;
use serde_json::json;

use super::{browser::Browsers, in_browsers};
use crate::{
    harness::{App, Backends, text},
    process::{Process, free_address},
};

#[tokio::test]
async fn a_cart_survives_a_reload() {
    in_browsers(async |app, browsers| {
        let guest = browsers.guest(&app.base).await;
        guest.taps("Choose burger").await;
        guest.taps("extra_cheese").await;
        guest.taps("One more").await;
        guest.taps("Add ·").await;
        guest.fills("Name", "Ada").await;
        guest.sees("2 in your order").await;
        guest.reloads().await;
        guest.sees("2 in your order").await;
        guest.taps("Order now · £27.00").await;
        guest.sees("Ada").await;
        let order = app.get("/v1/orders?location=soho").await["items"][0].clone();
        assert_eq!((&order["customer"]["name"], &order["lines"][0]["quantity"]), (&json!("Ada"), &json!(2)));
    })
    .await;
}

#[tokio::test]
async fn what_is_tapped_twice_is_ordered_once() {
    in_browsers(async |app, browsers| {
        let guest = browsers.guest(&app.base).await;
        guest.taps("Add cola").await;
        guest.sees("Order now").await;
        guest
            .runs("const order = document.querySelector('.order-now'); order.click(); order.click();", json!([]))
            .await;
        guest.sees("All of it is set aside for you.").await;
        guest.taps("Order something else").await;
        guest.sees("Nothing in it yet.").await;
        assert_eq!(app.get("/v1/orders?location=soho").await["items"].as_array().unwrap().len(), 1);
    })
    .await;
}

/// The first answer is lost: the process stands still while the page is loaded anew, and again.
#[tokio::test]
async fn an_order_whose_answer_was_lost_is_sent_again_under_its_key() {
    let Some(browsers) = Browsers::start() else { return };
    let backends = Backends::embedded();
    let app = App::start(&backends, super::WAIT).await;
    app.open_restaurant().await;
    app.finish().await;
    let address = free_address();
    let process = Process::start(&backends, &address).await;
    let guest = browsers.guest(&format!("http://{address}")).await;
    guest.taps("Add cola").await;
    guest.sees("Order now").await;
    guest.is_slow(1500).await;
    guest.taps("Order now").await;
    guest.sees("Sending your order").await;
    guest.reloads().await;
    guest.is_slow(0).await;
    guest.sees("All of it is set aside for you.").await;
    browsers.finish().await;
    assert_eq!(process.terminate(), Some(0));
    let app = App::start(&backends, super::WAIT).await;
    let orders = app.get("/v1/orders?location=soho").await["items"].clone();
    assert_eq!(orders.as_array().unwrap().len(), 1, "{orders:#}");
    app.check(&text(&orders[0]["id"]), expect!["accepted"]).await;
    app.finish().await;
}

#[tokio::test]
async fn a_guest_is_told_what_stands_in_the_way() {
    in_browsers(async |app, browsers| {
        let guest = browsers.guest(&app.base).await;
        guest.may_say("409");
        guest.may_say("422");
        guest.taps("Add cola").await;
        // Another price.
        guest.sees("Order now · £3.00").await;
        app.put("/v1/menu/soho/cola", json!({"name": "cola", "category": "Drinks", "price": 350})).await;
        guest.sees("Order now · £3.50").await;
        // Sold out in the basket: it is named, and can be taken out.
        app.put("/v1/availability/soho/cola", json!({"available": false})).await;
        guest.sees("Sold out: cola. Remove it to order the rest.").await;
        assert!(!guest.offers("Order now").await);
        app.put("/v1/availability/soho/cola", json!({"available": true})).await;
        guest.sees_no("Sold out").await;
        // Closed.
        let closed = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "closed"});
        app.put("/v1/locations/soho", closed).await;
        guest.sees("Closed right now. This page says when orders are taken again.").await;
        assert!(!guest.offers("Order now").await);
    })
    .await;
}

#[tokio::test]
async fn an_order_that_cannot_be_made_says_why() {
    in_browsers(async |app, browsers| {
        let guest = browsers.guest(&app.base).await;
        guest.taps("Choose burger").await;
        for _ in 0..7 {
            guest.taps("One more").await;
        }
        guest.taps("Add ·").await;
        // Six are not few: the menu does not tell how many there are.
        app.movement("patty", "count", 6).await;
        guest.taps("Order now").await;
        guest.sees("Sorry, we cannot make this order").await;
        guest.sees("Something sold out in the very moment you ordered.").await;
        guest.sees("not so many left").await;
        guest.taps("Order this again").await;
        guest.sees("8 in your order").await;
    })
    .await;
}

#[tokio::test]
async fn no_more_can_be_ordered_than_there_is() {
    in_browsers(async |app, browsers| {
        let guest = browsers.guest(&app.base).await;
        guest.taps("Choose burger").await;
        guest.taps("One more").await;
        guest.taps("Add ·").await;
        app.movement("patty", "count", 1).await;
        guest.sees("Only 1 left: burger.").await;
        assert!(!guest.offers("Order now").await);
        guest.taps("Take what is left").await;
        guest.sees("1 in your order").await;
        guest.sees_no("Only 1 left: burger.").await;
        guest.until("document.querySelector('.dish[data-sku=burger] button').disabled").await;
        assert!(!guest.offers("One more burger").await);
        guest.taps("Order now").await;
        guest.sees("All of it is set aside for you.").await;
    })
    .await;
}

#[tokio::test]
async fn no_word_of_an_allergy_is_lost() {
    in_browsers(async |app, browsers| {
        let guest = browsers.guest(&app.base).await;
        for typed in [
            format!("{} but above all PEANUT", "anything with traces of nuts, seeds or sesame and ".repeat(3)),
            format!("{}PEANUT", "kiwi, ".repeat(20)),
            format!("{}PEANUT", "x".repeat(150)),
        ] {
            guest.taps("Add cola").await;
            guest.fills("Allergies", &typed).await;
            guest.taps("Order now").await;
            guest.sees("All of it is set aside for you.").await;
            let order = app.get("/v1/orders?location=soho").await["items"][0].clone();
            let said: Vec<String> = order["allergies"].as_array().unwrap().iter().map(text).collect();
            let plain = |text: &str| text.replace([' ', ','], "");
            assert_eq!(plain(&said.concat()), plain(&typed));
            guest.taps("Order something else").await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_too_long_is_said_and_never_cut() {
    in_browsers(async |app, browsers| {
        let guest =
            browsers.open(&format!("{}/order?table=the%20second%20one%20from%20the%20left#at/soho", app.base)).await;
        guest.taps("Add cola").await;
        guest.sees("8 characters too long: please shorten it.").await;
        guest.fills("Name", &"n".repeat(103)).await;
        guest.sees("3 characters too long: please shorten it.").await;
        guest.taps("Order now").await;
        guest.until("document.activeElement.id === 'detail-table'").await;
        guest.fills("Table number", "7").await;
        guest.taps("Order now").await;
        guest.until("document.activeElement.id === 'detail-name'").await;
        guest.fills("Name", "Ada").await;
        guest.sees_no("too long").await;
        guest.taps("Order now").await;
        guest.sees("All of it is set aside for you.").await;
    })
    .await;
}
