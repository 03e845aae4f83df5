//! A snapshot of every event on the wire and of every problem: a change of the contract shows in the diff.

use std::collections::{BTreeMap, BTreeSet};

use expect_test::expect_file;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::contract::{catalogue::EVENTS, topology};
use tokio::time::Instant;

use crate::{
    agree,
    harness::{App, PATIENCE, on_both, text},
};

/// What differs from run to run, made the same.
fn calm(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let counted = ["sequence", "version", "number"].contains(&name.as_str()) || name.ends_with("_ms");
                if counted && value.is_number() {
                    *value = json!(1);
                } else {
                    calm(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(calm),
        Value::String(text) if text.parse::<shared::contract::time::Time>().is_ok() => *text = "<time>".into(),
        Value::String(text) if uuid::Uuid::parse_str(text).is_ok() => *text = "<id>".into(),
        Value::String(text) if text.len() == 64 && text.bytes().all(|it| it.is_ascii_hexdigit()) => {
            *text = "<fingerprint>".into();
        }
        Value::String(text) if text.starts_with("00-") => *text = "<traceparent>".into(),
        _ => {}
    }
}

/// A day in the restaurant in which everything happens once.
async fn a_full_day(app: &App) {
    app.put("/v1/stock/soho/dough", json!({"name": "Dough", "unit": "each", "reorder_point": 99})).await;
    let body = json!({
        "location": "soho", "type": "dine_in", "table": "7", "customer": {"name": "Ada"},
        "channel": {"name": "web", "external_id": "w-1"}, "allergies": ["nuts"], "notes": "birthday",
        "lines": [{"sku": "margherita", "quantity": 2, "modifiers": ["extra_cheese"], "notes": "no basil"}],
    });
    let (_, order) = app.send(app.ordering("full", &body)).await;
    let order = text(&order["id"]);
    for action in ["rush", "unrush", "items/1/start", "items/1/done", "recall", "serve"] {
        app.kitchen(&order, action).await;
    }
    app.movement("patty", "count", 1).await;
    app.place("2 burger").await;
    app.settle().await;
    let cancelled = app.place("1 margherita").await;
    app.settle().await;
    app.post(&format!("/v1/orders/{cancelled}/cancel")).await;
    app.put("/v1/tickets/out/soho/cola", json!({})).await;
    app.settle().await;
    app.put("/v1/availability/soho/cola", json!({"available": true})).await;
    let till = json!({"name": "till", "roles": ["producer"], "locations": ["soho"]});
    let (_, key) = app.send(app.request(Method::POST, "/v1/keys").json(&till)).await;
    app.send(app.request(Method::DELETE, &format!("/v1/keys/{}", text(&key["id"])))).await;
    a_cancel_that_comes_too_late(app).await;
    a_pace(app).await;
}

/// By five tickets a kitchen can tell how long it takes; somebody looks every few seconds.
async fn a_pace(app: &App) {
    for _ in 0..5 {
        let order = app.place("1 cola").await;
        app.kitchen(&order, "ready").await;
    }
    let deadline = Instant::now() + PATIENCE;
    while app.get("/v1/locations/soho").await["wait"].is_null() {
        assert!(Instant::now() < deadline, "the kitchen has no pace");
    }
}

/// A guest and a cook at the same moment, until the cook is the faster one.
async fn a_cancel_that_comes_too_late(app: &App) {
    for _ in 0..200 {
        let order = app.place("1 margherita").await;
        let ticket = text(&app.ticket(&order).await["id"]);
        let (cancel, start) = (format!("/v1/orders/{order}/cancel"), format!("/v1/tickets/{ticket}/start"));
        tokio::join!(app.post(&start), app.post(&cancel));
        app.settle().await;
        let order = app.get(&format!("/v1/orders/{order}")).await;
        if order["cancellation"]["status"] == "denied" {
            return;
        }
    }
    panic!("the cook was never the faster one");
}

#[tokio::test]
async fn every_event_looks_like_this() {
    on_both(async |app| {
        a_full_day(app).await;
        app.settle().await;
        let mut seen: BTreeMap<String, Value> = BTreeMap::new();
        let (mut ids, mut versions) = (BTreeSet::new(), BTreeMap::new());
        for db in &app.databases {
            for event in agree::everything(db).await.unwrap() {
                assert!(ids.insert(event.id), "an id was used twice");
                let last = versions.insert(event.subject_key(), event.sequence).unwrap_or(0);
                assert_eq!(event.sequence, last + 1, "{} {}", event.kind, event.subject);
                let mut json = serde_json::to_value(&event).unwrap();
                calm(&mut json);
                // The first of its type: what comes later depends on who was faster.
                seen.entry(event.kind).or_insert(json);
            }
        }
        let said: Vec<_> = seen.iter().map(|(kind, event)| (kind.clone(), text(&event["source"]))).collect();
        assert_eq!(said, EVENTS.map(|kind| (kind.name.to_owned(), format!("/{}", kind.service))));
        let snapshot = serde_json::to_string_pretty(&seen).unwrap();
        expect_file!["snapshots/events.json"].assert_eq(&snapshot);
    })
    .await;
}

#[test]
fn services_listen_to_events_that_exist() {
    for (service, kinds) in topology::LISTENERS {
        for kind in kinds {
            assert!(EVENTS.iter().any(|known| known.name == *kind), "{service} listens to {kind}, which nobody says");
        }
    }
}

#[tokio::test]
async fn every_problem_looks_like_this() {
    on_both(async |app| {
        let mut problems: BTreeMap<String, Value> = BTreeMap::new();
        let mut note = |(status, mut problem): (StatusCode, Value)| {
            assert!(!status.is_success(), "{problem}");
            calm(&mut problem);
            problems.insert(text(&problem["type"]), problem);
        };
        for (key, body) in [
            ("", App::order("1 cola")),
            ("k", json!({"location": "Not a slug", "lines": []})),
            ("k", json!({"location": "soho", "lines": [{"sku": "cola", "quantity": 0}]})),
            ("k", App::order("1 nothing")),
            ("k", json!({"location": "mars", "lines": [{"sku": "cola", "quantity": 1}]})),
            ("k", json!({"notes": "x".repeat(70_000)})),
        ] {
            note(app.send(app.ordering(key, &body)).await);
        }
        let mut dear = App::order("1 cola");
        dear["expected_total"] = json!({"amount": 1, "currency": "GBP"});
        note(app.send(app.ordering("k", &dear)).await);
        let json_type = |request: reqwest::RequestBuilder| request.header("content-type", "application/json");
        note(app.send(json_type(app.request(Method::POST, "/v1/orders")).body("{")).await);
        note(app.send(app.request(Method::POST, "/v1/orders").body("x")).await);
        note(app.send(app.request(Method::DELETE, "/v1/orders")).await);
        note(app.send(app.request(Method::GET, "/v1/nothing")).await);
        let unit = json!({"name": "cheese", "unit": "each"});
        note(app.send(app.request(Method::PUT, "/v1/stock/soho/cheese").json(&unit)).await);
        let euro = json!({"name": "Soho", "currency": "EUR", "timezone": "Europe/London"});
        note(app.send(app.request(Method::PUT, "/v1/locations/soho").json(&euro)).await);
        app.place_with_key("used", &App::order("1 cola")).await;
        note(app.send(app.ordering("used", &App::order("2 cola"))).await);
        let mut external = App::order("1 cola");
        external["channel"] = json!({"name": "web", "external_id": "1"});
        app.place_with_key("e1", &external).await;
        external["notes"] = json!("other");
        note(app.send(app.ordering("e2", &external)).await);
        let started = app.place("1 margherita").await;
        app.kitchen(&started, "start").await;
        note(app.post(&format!("/v1/orders/{started}/cancel")).await);
        let ticket = text(&app.kitchen(&started, "serve").await["id"]);
        note(app.post(&format!("/v1/tickets/{ticket}/items/1/start")).await);
        let void = app.place("1 margherita").await;
        app.settle().await;
        app.post(&format!("/v1/orders/{void}/cancel")).await;
        let ticket = text(&app.ticket(&void).await["id"]);
        note(app.post(&format!("/v1/tickets/{ticket}/start")).await);
        app.put("/v1/availability/soho/cola", json!({"available": false})).await;
        app.settle().await;
        note(app.send(app.ordering("out", &App::order("1 cola"))).await);
        let closed = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "closed"});
        app.put("/v1/locations/soho", closed).await;
        note(app.send(app.ordering("closed", &App::order("1 cola"))).await);
        let snapshot = serde_json::to_string_pretty(&problems).unwrap();
        expect_file!["snapshots/problems.json"].assert_eq(&snapshot);
    })
    .await;
}
