//! Pages where everybody has to say who they are: a display is let in by its code, a guest needs none.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::browser::Browsers;
use crate::{
    access::{
        embedded,
        openid::{Provider, restaurant},
    },
    harness::{Backends, scratch, text},
    process::free_address,
};

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

/// By the authorization code flow, with all that a browser makes of cookies between two sites.
#[tokio::test]
async fn a_manager_signs_in_at_the_provider_and_comes_back_to_his_page() {
    let Some(browsers) = Browsers::start() else { return };
    let listen = free_address();
    let Some(provider) = Provider::start(&format!("http://{listen}/v1/sign-in/callback")) else { return };
    let (backends, files) = (Backends::embedded(), scratch());
    let app = restaurant(&provider, &listen, &backends, &files).await;
    app.open_restaurant().await;
    let manager = browsers.manager(&app.base).await;
    manager.may_say("401");
    // The provider has no icon, and asks others for its letters.
    ["favicon.ico", "fonts.googleapis.com"].into_iter().for_each(|part| manager.may_say(part));
    manager.taps("Sign in").await;
    manager.until("document.querySelector('[name=login]') !== null").await;
    assert_eq!(manager.value("location.origin").await, json!(provider.issuer), "nobody types his password here");
    let asked = text(&manager.value("performance.getEntriesByType('navigation')[0].name").await);
    manager
        .runs(
            "document.querySelector('[name=login]').value = 'ann'; document.querySelector('[name=password]').value = 'x'; \
             document.querySelector('form').submit();",
            json!([]),
        )
        .await;
    manager.until("document.querySelector('[name=prompt][value=consent]') !== null").await;
    manager.runs("document.querySelector('form').submit();", json!([])).await;
    manager.sees("patty").await;
    assert_eq!(
        manager.value("location.href").await,
        json!(format!("{}/stock#at/soho/stock", app.base)),
        "from {asked}"
    );
    assert_eq!(manager.value("document.cookie").await, "", "no script sees the session");
    let me = manager.value("fetch('/v1/me').then((answer) => answer.json())").await;
    assert_eq!(me, json!({"subject": "ann", "roles": ["manager"], "locations": ["soho"]}));
    manager.goes_to("about:blank").await;
    app.finish().await;
    browsers.finish().await;
}
