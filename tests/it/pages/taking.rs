//! Whether orders are taken: a cook or a manager says so, and guests see it at once. And pages as apps of a device.

use serde_json::{Value, json};

use super::in_browsers;

#[tokio::test]
async fn a_kitchen_pauses_and_is_busy_and_guests_see_it() {
    in_browsers(async |app, browsers| {
        let (display, guest) = (browsers.display(&app.base).await, browsers.guest(&app.base).await);
        let manager = browsers.manager(&app.base).await;
        guest.sees("burger").await;
        display.taps("Taking orders").await;
        display.taps("Pause for 15 minutes").await;
        display.sees("No orders are taken: paused, 1").await;
        guest.sees("The kitchen is taking a break. Orders are taken again from").await;
        manager.sees("No orders are taken: paused, 1").await;
        manager.taps("Take orders as usual").await;
        guest.sees_no("taking a break").await;
        display.sees_no("No orders are taken").await;
        manager.taps("Taking orders").await;
        manager.taps("Busy: 20 minutes longer").await;
        guest.sees("The kitchen is busy: it takes about 20 minutes longer than usual.").await;
        display.sees("guests are told that it takes 20 minutes longer").await;
        display.taps("Busy, +20 min").await;
        display.taps("Pause until somebody reopens").await;
        guest.sees("Orders are taken again soon").await;
        display.sees("paused until somebody reopens").await;
    })
    .await;
}

/// A tablet's clock may be wrong: what is left is what the server says.
#[tokio::test]
async fn a_pause_is_as_long_as_the_server_says() {
    in_browsers(async |app, browsers| {
        let display = browsers.open("about:blank").await;
        display.begins_with("const now = Date.now; Date.now = () => now() - 2 * 3600_000;").await;
        display.goes_to(&format!("{}/kitchen?location=soho&view=all", app.base)).await;
        display.taps("Taking orders").await;
        display.taps("Pause for 30 minutes").await;
        display.until("/paused, (29|2\\d):\\d\\d left/.test(document.getElementById('taking').innerText)").await;
    })
    .await;
}

#[tokio::test]
async fn a_location_is_named_whole_on_a_phone() {
    in_browsers(async |app, browsers| {
        let name = "The Old Fire Station, Covent Garden";
        let location = json!({"name": name, "currency": "GBP", "timezone": "Europe/London", "mode": "paused"});
        app.put("/v1/locations/soho", location).await;
        let guest = browsers.guest(&app.base).await;
        guest.resize((390, 844)).await;
        guest.sees(name).await;
        guest.until("(({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight + 1)(document.getElementById('heading'))").await;
    })
    .await;
}

#[tokio::test]
async fn pages_can_be_kept_as_apps() {
    in_browsers(async |app, browsers| {
        let page = browsers.open("about:blank").await;
        for path in ["/kitchen?location=soho", "/order#at/soho", "/stock#at/soho/stock"] {
            page.goes_to("about:blank").await;
            page.goes_to(&format!("{}{path}", app.base)).await;
            let manifest = page.browser("Page.getAppManifest", json!({})).await;
            assert_eq!((manifest["url"].as_str().is_some(), &manifest["errors"]), (true, &json!([])), "{manifest}");
            let against: Value = page.browser("Page.getInstallabilityErrors", json!({})).await;
            assert_eq!(against["installabilityErrors"], json!([]), "{path}");
        }
    })
    .await;
}
