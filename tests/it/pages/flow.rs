//! From the guest to the cook and back: what one page does, the others show.

use expect_test::expect;
use serde_json::json;

use super::{in_browsers, in_browsers_on_both};

#[tokio::test]
async fn an_order_goes_to_the_cook_and_comes_back_ready() {
    in_browsers_on_both(async |app, browsers| {
        let (display, guest) = (browsers.display(&app.base).await, browsers.guest(&app.base).await);
        display.sees("All clear").await;
        guest.taps("Choose margherita").await;
        guest.taps("extra_cheese").await;
        guest.fills("Wishes for the kitchen", "well done").await;
        guest.taps("Add · £10.50").await;
        guest.taps("Add cola").await;
        guest.fills("Allergies", "peanuts, sesame").await;
        guest.taps("Order now · £13.50").await;
        guest.sees("All of it is set aside for you.").await;
        for words in ["ALLERGY: peanuts, sesame", "margherita", "+ extra_cheese", "well done", "cola"] {
            display.sees(words).await;
        }
        display.presses("1").await;
        display.presses("Enter").await;
        guest.sees("Ask for number 1 at the counter.").await;
        display.sees("All clear").await;
        display.goes_to(&format!("{}/kitchen?location=soho&view=expo", app.base)).await;
        display.sees("READY").await;
        display.presses("1").await;
        display.presses("Enter").await;
        guest.sees("Enjoy your meal").await;
    })
    .await;
}

#[tokio::test]
async fn what_a_cook_marks_out_guests_cannot_order_until_a_manager_brings_it_back() {
    in_browsers(async |app, browsers| {
        app.place("1 burger").await;
        let (display, guest) = (browsers.display(&app.base).await, browsers.guest(&app.base).await);
        guest.sees("burger").await;
        assert!(guest.offers("Choose burger").await);
        display.sees("burger").await;
        display.presses("a").await;
        display.taps("1 burger").await;
        display.sees_so_many(".ticket[data-lit]", 1).await;
        for way_back in ["Undo", "Bring back"] {
            display.taps("Mark out").await;
            display.taps("Until it is brought back").await;
            guest.until("document.querySelector('.dish[data-sku=burger] button').disabled").await;
            display.taps(way_back).await;
            guest.sees_no("Sold out").await;
            display.sees("burger is back on the menu").await;
            display.has_sent_all().await;
        }
        display.taps("Mark out").await;
        display.taps("Until it is brought back").await;
        guest.until("document.querySelector('.dish[data-sku=burger] button').disabled").await;
        guest.sees("Sold out").await;
        display.until("!document.querySelector('#all-day-list .badge').hidden").await;
        display.goes_to(&format!("{}/stock#at/soho/out", app.base)).await;
        display.sees("Marked out by hand").await;
        display.taps("Bring back burger").await;
        display.sees("burger is on the menu again.").await;
        guest.sees_no("Sold out").await;
        assert!(guest.offers("Choose burger").await);
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_order_stays_on_the_display_until_a_cook_has_seen_it() {
    in_browsers(async |app, browsers| {
        let (display, guest) = (browsers.display(&app.base).await, browsers.guest(&app.base).await);
        guest.taps("Choose burger").await;
        guest.taps("Add ·").await;
        guest.taps("Order now").await;
        display.sees("burger").await;
        guest.taps("Cancel this order").await;
        guest.taps("Yes, cancel it").await;
        guest.sees("Nothing is cooked and nothing is to be paid.").await;
        display.sees("CANCELLED").await;
        display.reloads().await;
        display.sees("CANCELLED").await;
        display
            .until("getComputedStyle(document.querySelector('.ticket .what')).textDecorationLine === 'line-through'")
            .await;
        let ticket = app.get("/v1/tickets?location=soho").await["items"][0].clone();
        assert_eq!((&ticket["state"], ticket["acknowledged_at"].is_null()), (&json!("void"), true));
        display.taps("Acknowledge").await;
        display.sees("All clear").await;
        app.check_stock("bun patty", expect!["bun 100-0, patty 100-0"]).await;
    })
    .await;
}

#[tokio::test]
async fn what_a_cook_has_started_is_not_cancelled() {
    in_browsers(async |app, browsers| {
        let (display, guest) = (browsers.display(&app.base).await, browsers.guest(&app.base).await);
        guest.taps("Add cola").await;
        guest.taps("Order now").await;
        guest.taps("Cancel this order").await;
        guest.sees("It cannot be brought back.").await;
        display.sees("cola").await;
        display.presses("1").await;
        display.presses("ArrowDown").await;
        display.presses(" ").await;
        guest.sees("The kitchen has started.").await;
        guest.sees_no("It cannot be brought back.").await;
        // What was asked stays where it was: no finger on its way meets anything else.
        guest.sees("Too late to cancel: the kitchen has already begun.").await;
        assert!(!guest.offers("Yes, cancel it").await);
        guest.taps("All right").await;
        guest.sees_no("Too late to cancel").await;
        assert!(!guest.offers("Cancel this order").await);
    })
    .await;
}

/// What waited so long for a connection that none can have been free.
const STARVED: &str = "['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))
    .filter((one) => (one.requestStart || Infinity) - one.startTime > 4000).map((one) => one.name)";

/// A browser has six connections to a server, and keeps pages that were left for the way back.
#[tokio::test]
async fn pages_that_were_left_hold_up_no_other() {
    in_browsers(async |app, browsers| {
        let page = browsers.display(&app.base).await;
        for (path, words) in [("/kitchen?location=soho", "All clear"), ("/order#at/soho", "burger")].repeat(4) {
            page.goes_to("about:blank").await;
            page.goes_to(&format!("{}{path}", app.base)).await;
            page.sees(words).await;
            assert_eq!(page.value(STARVED).await, json!([]), "{path}");
        }
        page.goes_to(&format!("{}/stock#at/soho/stock", app.base)).await;
        page.sees("patty").await;
        page.runs("history.back()", json!([])).await;
        page.sees("burger").await;
        app.put("/v1/availability/soho/burger", json!({"available": false})).await;
        page.sees("Sold out").await;
    })
    .await;
}
