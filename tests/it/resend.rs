//! What was said is said again to one listener, which tells what it lacks: what it has taken in changes nothing, what it
//! missed is taken in, and nobody else hears of it.

use expect_test::expect;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::db::Db;

use crate::{
    harness::{App, Backends, on_both, text},
    history,
    missed::{Loss, WAIT, each, lose, until},
    retention::forget,
};

async fn resend(app: &App, feed: &str, body: Value) -> (StatusCode, Value) {
    app.send(app.request(Method::POST, &format!("/v1/feed/{feed}/resend")).json(&body)).await
}

async fn resent(app: &App, feed: &str, body: Value) -> Value {
    let (status, resent) = resend(app, feed, body).await;
    assert_eq!(status, StatusCode::OK, "{resent}");
    resent
}

/// Of events of a feed: as a listener is asked about them.
async fn asked(app: &App, feed: &str, kind: &str) -> Vec<Value> {
    let said = app.get(&format!("/v1/feed/{feed}?limit=500")).await;
    let of_kind = said["items"].as_array().unwrap().iter().filter(|event| event["type"] == kind);
    let noun = kind.split('.').next().unwrap();
    let ask = |event: &Value| json!({"id": event["id"], "subject": format!("{noun}:{}", text(&event["subject"])), "sequence": event["sequence"]});
    of_kind.map(ask).collect()
}

async fn check(app: &App, feed: &str, events: &[Value]) -> Value {
    let request = app.request(Method::POST, &format!("/v1/inbox/{feed}/check")).json(&json!({ "events": events }));
    let (status, checked) = app.send(request).await;
    assert_eq!(status, StatusCode::OK, "{checked}");
    checked
}

/// What each service was told by events, and which of these were repetitions.
async fn told(app: &App, feed: &str) -> Vec<(String, String, Value)> {
    let journal = app.get(&format!("/v1/journal/{feed}?limit=500")).await;
    let entries = journal["items"].as_array().unwrap().iter().filter_map(|entry| entry["told"].as_array());
    let events = entries.flatten().filter(|told| told["event"].is_object());
    events.map(|it| (text(&it["event"]["type"]), text(&it["outcome"]), it["event"]["replayed"].clone())).collect()
}

async fn state(databases: &[Db]) -> Vec<String> {
    let mut all = Vec::new();
    for (db, table) in databases.iter().zip(["orders", "reservations", "tickets"]) {
        all.push(format!("{:?}", history::rows(db, table).await.unwrap()));
        all.push(format!("{:?}", history::rows(db, "inbox").await.unwrap()));
    }
    all
}

#[tokio::test]
async fn what_was_taken_in_changes_nothing_and_nobody_else_hears_of_it() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.kitchen(&order, "serve").await;
        let (before, others) = (state(&app.databases).await, [told(app, "orders").await, told(app, "inventory").await]);
        let heard = told(app, "kitchen").await.len();
        let feeds = [app.get("/v1/feed/orders?limit=500").await, app.get("/v1/feed/kitchen?limit=500").await];
        let again = resent(app, "orders", json!({"to": "kitchen-svc", "after": 0})).await;
        assert_eq!(again["next"], Value::Null);
        let published = usize::try_from(again["published"].as_u64().unwrap()).unwrap();
        assert_eq!(published, heard, "all that it hears, and nothing else");
        until(async || told(app, "kitchen").await.len() == heard + published).await;
        let told_again = told(app, "kitchen").await.split_off(heard);
        assert!(
            told_again.iter().all(|(_, outcome, replayed)| outcome != "decided" && *replayed == true),
            "{told_again:?}"
        );
        assert_eq!(state(&app.databases).await, before);
        assert_eq!([told(app, "orders").await, told(app, "inventory").await], others);
        let now = [app.get("/v1/feed/orders?limit=500").await, app.get("/v1/feed/kitchen?limit=500").await];
        assert_eq!(now, feeds);
    })
    .await;
}

async fn misses_and_is_told_again(backends: &Backends, loss: Loss) {
    let missed = lose(backends, &["1 margherita", "1 burger"], loss).await;
    let app = App::start(backends, WAIT).await;
    let heard = app.place("1 cola").await;
    let of_order = |event: &Value, order: &str| event["subject"] == format!("order:{order}");
    let accepted = async || -> Vec<Value> {
        let all = asked(&app, "orders", "order.accepted").await;
        all.into_iter().filter(|event| [&missed[0], &missed[1], &heard].iter().any(|it| of_order(event, it))).collect()
    };
    until(async || accepted().await.len() == 3).await;
    let accepted = accepted().await;
    let ids = [accepted[0]["id"].clone(), accepted[1]["id"].clone()];
    until(async || check(&app, "kitchen", &accepted).await["missing"] == json!(ids)).await;
    let again = resent(&app, "orders", json!({"to": "kitchen-svc", "after": 0, "order": missed[0]})).await;
    assert_eq!(again, json!({"published": 1, "next": null}));
    until(async || check(&app, "kitchen", &accepted).await["missing"] == json!(ids[1..])).await;
    resent(&app, "orders", json!({"to": "kitchen-svc", "after": 0, "ids": ids})).await;
    for order in [&missed[0], &missed[1], &heard] {
        app.kitchen(order, "serve").await;
        app.check(order, expect!["completed"]).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn what_a_listener_missed_is_named_and_taken_in_when_it_is_said_again() {
    each(async |backends| {
        for loss in [Loss::Purged, Loss::Unbound] {
            misses_and_is_told_again(backends, loss).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_is_bounded_and_goes_on_where_it_ended() {
    on_both(async |app| {
        for _ in 0..5 {
            app.place("1 cola").await;
        }
        app.settle().await;
        let placed = asked(app, "orders", "order.placed").await;
        let wanted: Vec<&Value> = placed.iter().skip(1).map(|event| &event["id"]).collect();
        let (mut after, mut pages) = (json!(0), Vec::new());
        while !after.is_null() {
            let body = json!({"to": "inventory-svc", "after": after, "limit": 3, "ids": wanted});
            let page = resent(app, "orders", body).await;
            pages.push(page["published"].as_i64().unwrap());
            after = page["next"].clone();
        }
        assert_eq!(pages, [3, 1]);
        let first = resent(app, "orders", json!({"to": "inventory-svc", "after": 0, "through": 1})).await;
        assert_eq!(first["next"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_said_again_says_why() {
    on_both(async |app| {
        app.place("1 cola").await;
        app.settle().await;
        for (wrong, pointer) in [
            (json!({"to": "bar-svc", "after": 0}), "/to"),
            (json!({"to": "kitchen-svc", "after": -1}), "/after"),
            (json!({"to": "kitchen-svc", "after": 1_000_000}), "/after"),
            (json!({"to": "kitchen-svc", "after": 2, "through": 1}), "/through"),
            (json!({"to": "kitchen-svc", "after": 0, "limit": 0}), "/limit"),
            (
                json!({"to": "kitchen-svc", "after": 0, "ids": vec!["0190b2f0-0000-7000-8000-000000000001"; 501]}),
                "/ids",
            ),
        ] {
            let (status, problem) = resend(app, "orders", wrong.clone()).await;
            assert_eq!(
                (status.as_u16(), &problem["errors"][0]["pointer"]),
                (422, &json!(pointer)),
                "{wrong}: {problem}"
            );
        }
        // No order is on the wire under a type that the kitchen does not hear.
        let placed = asked(app, "orders", "order.placed").await;
        let body = json!({"to": "kitchen-svc", "after": 0, "ids": [placed[0]["id"]]});
        assert_eq!(resent(app, "orders", body).await, json!({"published": 0, "next": null}));
        assert_eq!(resend(app, "bar", json!({"to": "kitchen-svc", "after": 0})).await.0, StatusCode::NOT_FOUND);
        let many = json!({"events": vec![&placed[0]; 501]});
        let (status, _) = app.send(app.request(Method::POST, "/v1/inbox/kitchen/check").json(&many)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);

        forget(app).await;
        let (status, problem) = resend(app, "orders", json!({"to": "kitchen-svc", "after": 0})).await;
        assert_eq!((status, text(&problem["type"])), (StatusCode::GONE, "/problems/gone".into()));
        assert!(problem["first"].as_i64().unwrap() > 1, "{problem}");
        let known = check(app, "inventory", &placed).await;
        assert!(known["known_since"].is_string() && known["missing"] == json!([placed[0]["id"]]), "{known}");
    })
    .await;
}
