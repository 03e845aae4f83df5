//! What a page of somebody else's can do through the browser of somebody who can reach us: nothing.

use expect_test::expect;
use reqwest::{Method, StatusCode};
use shared::process::{config::Strangers, host::Host};

use super::refusal;
use crate::harness::{App, Backends, PATIENCE, on_both, settings};

/// Whatever the interface documents, under a name that is not ours.
#[tokio::test]
async fn by_a_name_that_was_made_to_point_here_nothing_is_read_and_nothing_is_done() {
    on_both(async |app| {
        let document = app.get("/openapi.json").await;
        let mut tried = 0;
        for (path, operations) in document["paths"].as_object().unwrap() {
            let is_of_operators = path.starts_with("/healthz/") || path == "/metrics";
            for method in operations.as_object().unwrap().keys() {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let request = app.request(method.clone(), &path.replace(['{', '}'], ""));
                let answer = request.header("host", "evil.example").send().await.unwrap();
                assert_eq!(answer.status() == StatusCode::MISDIRECTED_REQUEST, !is_of_operators, "{method} {path}");
                tried += 1;
            }
        }
        assert!(tried > 40, "{tried}");
        for page in ["/order", "/kitchen", "/stock", "/docs", "/assets/api.js", "/nowhere"] {
            let request = app.request(Method::GET, page).header("host", "evil.example");
            assert_eq!(refusal(app, request).await, "421 foreign-host");
        }
        let twice = app.request(Method::GET, "/v1/menu").header("host", "localhost").header("host", "localhost");
        assert_eq!(refusal(app, twice).await, "400 malformed");
    })
    .await;
}

#[tokio::test]
async fn a_foreign_page_cancels_no_order() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        let cancel = || app.request(Method::POST, &format!("/v1/orders/{order}/cancel"));
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
            assert_eq!(refusal(app, cancel().header("origin", origin)).await, "403 foreign-origin");
        }
        assert_eq!(refusal(app, cancel().header("sec-fetch-site", "cross-site")).await, "403 foreign-origin");
        app.settle().await;
        app.check(&order, expect!["accepted"]).await;
        // Nor does it read: the browser is not told that it may.
        let read = app.request(Method::GET, "/v1/orders").header("origin", "https://evil.example");
        let read = read.send().await.unwrap();
        assert!(!read.headers().keys().any(|name| name.as_str().starts_with("access-control")), "{read:?}");
        let own = cancel().header("origin", &app.base).header("sec-fetch-site", "same-origin");
        let (status, _) = app.send(own).await;
        assert_eq!(status, StatusCode::ACCEPTED);
    })
    .await;
}

#[tokio::test]
async fn a_page_is_in_nobodys_frame_and_tells_nobody_where_it_was() {
    on_both(async |app| {
        for page in ["/order", "/kitchen", "/stock", "/docs", "/assets/api.js"] {
            let answer = app.request(Method::GET, page).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{page}");
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            for (name, value) in [
                ("x-frame-options", "DENY"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                assert_eq!(header(name), value, "{page}: {name}");
            }
            let policy = header("content-security-policy");
            for part in ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
                assert!(policy.contains(part), "{page}: {policy}");
            }
            for device in ["camera", "geolocation", "microphone", "payment", "usb"] {
                assert!(header("permissions-policy").contains(&format!("{device}=()")), "{page}: {device}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_listed_is_let_in() {
    let backends = Backends::embedded();
    let strangers = Strangers {
        hosts: ["orders.example.com".parse().unwrap()].into(),
        cors_origins: ["https://shop.example.com".parse().unwrap()].into(),
        ..Strangers::default()
    };
    let settings =
        shared::process::config::Settings { strangers, ..settings(&backends.bus, "127.0.0.1:0", PATIENCE).unwrap() };
    let mut host = Host::new(settings).await.unwrap();
    let databases = vec![host.add::<order_svc::OrderSvc>(&backends.databases[0]).await.unwrap().db];
    let app = App::serve(host, databases, axum::Router::new()).await.unwrap();
    let shop = ("origin", "https://shop.example.com");
    let preflight = |origin: &str| {
        let asked = app.request(Method::OPTIONS, "/v1/orders").header("origin", origin);
        asked
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "idempotency-key")
    };
    let allowed = |answer: &reqwest::Response| answer.headers().get("access-control-allow-origin").cloned();
    let answer = preflight(shop.1).send().await.unwrap();
    assert_eq!(allowed(&answer).unwrap(), shop.1);
    assert_eq!(answer.headers()["access-control-allow-headers"], "idempotency-key");
    let answer = preflight("https://evil.example").send().await.unwrap();
    assert_eq!(allowed(&answer), None);
    let order = || app.request(Method::POST, "/v1/orders").header("host", "orders.example.com");
    let answer = order().header(shop.0, shop.1).header("sec-fetch-site", "cross-site").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "there is no body");
    assert_eq!(allowed(&answer).unwrap(), shop.1, "what is refused can be read, too");
    assert_eq!(refusal(&app, order().header("origin", "https://evil.example")).await, "403 foreign-origin");
    app.stop().await;
    backends.remove().await;
}
