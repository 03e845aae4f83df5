//! Pages where everybody has to say who they are: a display is let in by its code, a guest needs none.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::browser::Browsers;
use crate::{access::embedded, harness::text};

#[tokio::test]
async fn a_display_shows_its_code_until_it_is_let_in() {
    let Some(browsers) = Browsers::start() else { return };
    let (guarded, backends) = embedded().await;
    let app = &guarded.app;
    let display = browsers.open(&format!("{}/kitchen?location=soho", app.base)).await;
    display.may_say("401");
    display.sees("Who is this?").await;
    display.until("/^[2-9A-Z]{6}$/.test(document.querySelector('dialog .code').textContent)").await;
    let code = text(&display.value("document.querySelector('dialog .code').textContent").await);
    let confirm = app.request(Method::POST, &format!("/v1/pairings/{code}/confirm"));
    let (status, _) = app.send(confirm.json(&json!({"name": "wall", "location": "soho"}))).await;
    assert_eq!(status, StatusCode::CREATED);
    display.sees("All clear").await;
    assert_eq!(display.value("document.cookie").await, "", "no script sees it");
    display.goes_to("about:blank").await;

    let guest = browsers.guest(&app.base).await;
    guest.taps("Add cola").await;
    guest.taps("Order now").await;
    guest.sees("All of it is set aside for you.").await;
    guest.goes_to("about:blank").await;
    guarded.app.finish().await;
    drop(backends);
    browsers.finish().await;
}
