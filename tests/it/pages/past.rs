//! The pages of a sandbox: as they were then, for ever, and in nobody's way.

use std::time::Duration;

use serde_json::json;
use shared::contract::time::Time;

use super::in_browsers;
use crate::{
    developer::in_directory,
    harness::{scratch, text},
    sandbox::Served,
};

const AGE: &str = "document.querySelector('.ticket .age')?.textContent === '3:00'";

#[tokio::test(flavor = "multi_thread")]
async fn a_display_shows_what_was_on_it_and_its_clock_stands() {
    in_browsers(async |app, browsers| {
        let order = app.place("1 margherita").await;
        let opened: Time = text(&app.ticket(&order).await["opened_at"]).parse().unwrap();
        let then = opened + Duration::from_secs(180);
        let scratch = scratch();
        let kept = in_directory(scratch.path(), "kept");
        let sandbox = Served::by(&["--at", &app.base, "--until", &then.to_string(), "--keep", &kept]).await;
        let display = browsers.display(&sandbox.base).await;
        display.until(AGE).await;
        // Ten minutes later, by the browser's own clock.
        display
            .runs("const now = performance.now.bind(performance); performance.now = () => now() + 600000;", json!([]))
            .await;
        display.runs("const now = Date.now; Date.now = () => now() + 600000;", json!([])).await;
        let clock =
            format!("import('/assets/clock.js').then(({{ clock }}) => clock.now() === {})", then.as_micros() / 1000);
        display.until(&clock).await;
        display.until(AGE).await;
        display.may_say("409");
        display.taps("1× margherita").await;
        display.sees("This shows the past: nothing can be changed.").await;
        display.has_sent_all().await;
        let guest = browsers.guest(&sandbox.base).await;
        guest.sees("margherita").await;
        let manager = browsers.manager(&sandbox.base).await;
        manager.sees("dough").await;
        for page in [&display, &guest, &manager] {
            page.goes_to("about:blank").await;
        }
        assert_eq!(app.ticket(&order).await["items"][0]["state"], "queued");
    })
    .await;
}
