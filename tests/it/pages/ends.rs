//! Where pages end: addresses with a slip in them, browsers of yesterday, and a page that fails.

use reqwest::{Method, StatusCode, header::ACCEPT};
use serde_json::json;

use super::in_browsers;

#[tokio::test]
async fn an_address_with_a_slip_in_it_leads_on() {
    in_browsers(async |app, browsers| {
        let page = browsers.open("about:blank").await;
        page.may_say("404");
        for (address, words) in [
            ("/order#at/soho%", "There is no such restaurant here."),
            ("/order#at/nowhere", "There is no such restaurant here."),
            ("/order#order/nothing", "We do not know this order."),
            ("/stock#at/soho%", "There is no stock at “soho%”."),
            ("/stock#at/nowhere", "There is no stock at “nowhere”."),
            ("/kitchen?location=nowhere", "No “nowhere” here"),
            ("/ordr", "There is no such page here"),
        ] {
            page.goes_to("about:blank").await;
            page.goes_to(&format!("{}{address}", app.base)).await;
            page.sees(words).await;
        }
        page.sees("To the start").await;
        page.goes_to(&format!("{}/stock#at/nowhere", app.base)).await;
        page.taps("Begin here").await;
        page.sees("No ingredient yet.").await;
        page.goes_to(&format!("{}/stock#at/away", app.base)).await;
        page.taps("soho").await;
        page.sees("patty").await;

        let (status, problem) = app.send(app.request(Method::GET, "/ordr").header(ACCEPT, "*/*")).await;
        assert_eq!((status, &problem["type"]), (StatusCode::NOT_FOUND, &json!("/problems/not-found")));
    })
    .await;
}

/// What browsers of two and a half years ago did not have, and workers, which some still lack.
const YOUNG: &str = "delete Map.groupBy; delete Object.groupBy; delete AbortSignal.any; delete globalThis.SharedWorker;
    delete Promise.withResolvers; delete Promise.try; delete Array.fromAsync; delete globalThis.Iterator;
    for (const name of ['toReversed', 'toSorted', 'toSpliced', 'with', 'findLast']) delete Array.prototype[name];
    for (const name of ['union', 'intersection', 'difference']) delete Set.prototype[name];";

#[tokio::test]
async fn a_browser_of_yesterday_is_enough() {
    in_browsers(async |app, browsers| {
        let order = app.place("1 burger").await;
        app.settle().await;
        let page = browsers.open("about:blank").await;
        page.begins_with(YOUNG).await;
        for (address, words) in [
            ("/kitchen?location=soho&view=all", "burger"),
            ("/order#at/soho", "margherita"),
            (&*format!("/order#order/{order}"), "All of it is set aside for you."),
            ("/stock#at/soho/stock", "patty"),
            ("/stock#at/soho/stock/patty", "The chart begins with the second movement."),
            ("/stock#at/soho/out", "Nothing is sold out."),
            ("/docs", "operations"),
        ] {
            page.goes_to("about:blank").await;
            page.goes_to(&format!("{}{address}", app.base)).await;
            page.sees(words).await;
            page.sees_no("has failed").await;
        }
        page.goes_to(&format!("{}/kitchen?location=soho&view=all", app.base)).await;
        page.sees("Live").await;
        app.kitchen(&order, "ready").await;
        page.sees("All clear").await;
    })
    .await;
}

#[tokio::test]
async fn a_browser_that_is_too_old_is_told_so() {
    in_browsers(async |app, browsers| {
        let page = browsers.open("about:blank").await;
        page.begins_with("CSS.supports = () => false;").await;
        for address in ["/kitchen", "/order", "/stock", "/docs"] {
            page.goes_to(&format!("{}{address}", app.base)).await;
            page.sees("This browser is too old for this page.").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_that_fails_says_so() {
    in_browsers(async |app, browsers| {
        let page = browsers.open("about:blank").await;
        for part in ["TypeError", "Uncaught"] {
            page.may_say(part);
        }
        page.begins_with("delete Map.prototype.values; delete Array.prototype.map;").await;
        page.goes_to(&format!("{}/order#at/soho", app.base)).await;
        page.sees("Something in this page has failed. Please load it again.").await;
    })
    .await;
}

const SIDEWAYS: &str = "document.documentElement.scrollWidth > innerWidth";

#[tokio::test]
async fn no_word_is_too_long_for_a_phone() {
    in_browsers(async |app, browsers| {
        let name = "Hähnchenbrustfiletstreifenauflaufüberbackungsbeilage";
        let dish = json!({"name": name, "category": "Rindfleischetikettierungsüberwachungsaufgaben", "price": 900,
            "modifiers": ["extra_cheese"], "description": name});
        app.put("/v1/menu/soho/long", dish).await;
        let phone = browsers.open("about:blank").await;
        phone.resize((360, 740)).await;
        phone.goes_to(&format!("{}/order#at/soho", app.base)).await;
        phone.sees(name).await;
        phone.until(&format!("!({SIDEWAYS})")).await;
        phone.taps(&format!("Choose {name}")).await;
        phone.until(&format!("!({SIDEWAYS})")).await;
        phone.taps("Add ·").await;
        phone.taps("View your order").await;
        phone.until(&format!("!({SIDEWAYS})")).await;
        phone.taps("Order now").await;
        phone.sees("All of it is set aside for you.").await;
        phone.until(&format!("!({SIDEWAYS})")).await;
        for address in ["kitchen?location=soho&view=all", "stock#at/soho/out", "stock#at/soho/recipes"] {
            phone.goes_to("about:blank").await;
            phone.goes_to(&format!("{}/{address}", app.base)).await;
            phone.sees(name).await;
            phone.until(&format!("!({SIDEWAYS})")).await;
        }
    })
    .await;
}

/// What lies over something else, in the bar above the tickets.
const OVERLAPS: &str = "(() => {
    const shown = [...document.querySelectorAll('#top button, #counts, #state')].filter((e) => e.checkVisibility());
    const boxes = shown.map((e) => [e.id, e.getBoundingClientRect()]);
    const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    return boxes.flatMap(([name, a], at) => boxes.slice(at + 1).filter(([, b]) => meet(a, b)).map(([other]) => `${name} ${other}`));
})()";

#[tokio::test]
async fn the_bar_above_the_tickets_has_room_on_every_screen_in_all_letters() {
    in_browsers(async |app, browsers| {
        let display = browsers.display(&app.base).await;
        display.sees("All clear").await;
        for size in [85, 100, 150] {
            let settings = json!({"location": "soho", "size": size});
            let keep = "localStorage.setItem('comanda.kitchen', JSON.stringify(arguments[0]))";
            display.runs(keep, json!([settings])).await;
            display.reloads().await;
            display.sees("All clear").await;
            for width in [360, 700, 769, 800, 834, 961, 1280, 1920] {
                display.resize((width, 900)).await;
                assert_eq!(display.value(OVERLAPS).await, json!([]), "{width} wide, letters of {size} %");
                let height = display.value("document.getElementById('top').offsetHeight").await;
                let most = if width < 769 { 240 } else { 160 };
                assert!(height.as_i64().unwrap() <= most, "{width} wide, letters of {size} %: {height} high");
            }
        }
    })
    .await;
}
