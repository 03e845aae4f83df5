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
    guest.browser("Network.enable", json!({})).await;
    let slow = |ms: i32| json!({"offline": false, "latency": ms, "downloadThroughput": -1, "uploadThroughput": -1});
    guest.browser("Network.emulateNetworkConditions", slow(1500)).await;
    guest.taps("Order now").await;
    guest.sees("Sending your order").await;
    guest.reloads().await;
    guest.browser("Network.emulateNetworkConditions", slow(0)).await;
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
        let blocked = json!({"urls": ["*/events"]});
        guest.browser("Network.enable", json!({})).await;
        guest.browser("Network.setBlockedURLs", blocked).await;
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
        for _ in 0..3 {
            guest.taps("One more").await;
        }
        guest.taps("Add ·").await;
        // Three patties are more than a portion: the menu does not know that four are wanted.
        app.movement("patty", "count", 3).await;
        guest.taps("Order now").await;
        guest.sees("Sorry, we cannot make this order").await;
        guest.sees("Something sold out in the very moment you ordered.").await;
        guest.taps("Order this again").await;
        guest.sees("4 in your order").await;
    })
    .await;
}
