//! What was published and taken in is forgotten in time: who asks for it is told, and nothing that counts is lost.

use std::time::Duration;

use order_svc::OrderSvc;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{
    bus::{Bus, Delivery, Message, Subscription},
    contract::{
        event::{Event, routing_key},
        time::Time,
    },
    db::Db,
    engine::{call::fresh_id, dead, log, retention, schema},
};
use tokio::time::timeout;

use crate::{
    agree,
    api::live::stream,
    harness::{App, PATIENCE, on_both, scratch, text},
    servers::Servers,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Runs the check on an empty database of order-svc on each backend. Nobody relays.
async fn each(check: impl AsyncFn(&Db)) {
    let directory = scratch();
    let mut urls = vec![format!("sqlite:{}/test.db", directory.path().display())];
    let servers = Servers::get();
    if let Some(servers) = &servers {
        urls.push(servers.database().await.unwrap());
    }
    for url in urls {
        let db = Db::open(&url).await.unwrap();
        schema::prepare::<OrderSvc>(&db).await.unwrap();
        check(&db).await;
        db.close().await;
        if url.starts_with("postgres") {
            servers.as_ref().unwrap().drop_database(&url).await.unwrap();
        }
    }
}

async fn execute(db: &Db, sql: &'static str, args: impl Into<Vec<shared::db::Value>>) {
    let mut tx = db.begin().await.unwrap();
    tx.execute(sql, args).await.unwrap();
    tx.commit().await.unwrap();
}

/// Says events, one a minute from `start` on.
async fn say(db: &Db, start: Time, count: i64) {
    let head = log::bounds(db).await.unwrap().head;
    let mut tx = db.begin().await.unwrap();
    for n in 0..count {
        let at = start + Duration::from_secs(60 * u64::try_from(n).unwrap());
        let sql = "INSERT INTO event_log (position, type, subject, location, doc) \
                   VALUES ($1, 'order.placed', 'x', 'soho', $2)";
        tx.execute(sql, [(head + n + 1).into(), format!("{{\"time\":\"{at}\"}}").into()]).await.unwrap();
    }
    tx.execute("UPDATE event_log_head SET position = $1 WHERE id = 1", [(head + count).into()]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn publish_up_to(db: &Db, position: i64) {
    execute(db, "UPDATE relay_cursor SET position = $1 WHERE id = 1", [position.into()]).await;
}

async fn left(db: &Db) -> (i64, i64) {
    let rows: Vec<(i64, i64)> =
        db.fetch("SELECT COUNT(*), COALESCE(MIN(position), 0) FROM event_log", []).await.unwrap();
    rows[0]
}

#[tokio::test]
async fn what_is_old_and_published_is_forgotten_to_the_event() {
    each(async |db| {
        let start: Time = "2026-11-01T00:00:00Z".parse().unwrap();
        say(db, start, 3000).await;
        publish_up_to(db, 2900).await;
        retention::prune(db, start).await.unwrap();
        assert_eq!(left(db).await, (3000, 1), "nothing is older");
        retention::prune(db, start + Duration::from_secs(60 * 1500)).await.unwrap();
        assert_eq!(left(db).await, (1500, 1501));
        assert_eq!(log::bounds(db).await.unwrap(), log::Bounds { first: 1501, head: 3000 });
        retention::prune(db, start + 30 * DAY).await.unwrap();
        assert_eq!(left(db).await, (100, 2901), "what the relay has not published stays");
        let gone = log::after(db, 2899, 10).await.unwrap_err();
        assert_eq!(gone.downcast_ref(), Some(&log::Gone { what: "the log", first: 2901 }));
        assert_eq!(log::after(db, 2900, 10).await.unwrap().len(), 10);
        publish_up_to(db, 3000).await;
        retention::prune(db, start + 30 * DAY).await.unwrap();
        assert_eq!(log::bounds(db).await.unwrap(), log::Bounds { first: 3001, head: 3000 });
        assert!(log::after(db, 3000, 10).await.unwrap().is_empty());
        say(db, start, 1).await;
        assert_eq!(log::after(db, 3000, 10).await.unwrap()[0].position, 3001, "it goes on behind what was");
    })
    .await;
}

#[tokio::test]
async fn keys_and_letters_are_forgotten_by_their_time() {
    each(async |db| {
        let start: Time = "2026-11-01T00:00:00Z".parse().unwrap();
        for day in 0..3 {
            let at = start + day * DAY;
            let key = "INSERT INTO idempotency_keys (key, revision, doc) VALUES ($1, 1, CAST($2 AS JSONB))";
            let doc = json!({"at": at}).to_string();
            // SQLite has no type of that name, and stores what it is given.
            let key = if db.postgres().is_none() {
                "INSERT INTO idempotency_keys (key, revision, doc) VALUES ($1, 1, $2)"
            } else {
                key
            };
            execute(db, key, [day.to_string().into(), doc.into()]).await;
            letter(db, &format!("00000000-0000-0000-0000-00000000000{day}"), at).await;
        }
        retention::forget_keys(db, start + DAY).await.unwrap();
        let keys: Vec<(String,)> = db.fetch("SELECT key FROM idempotency_keys ORDER BY key", []).await.unwrap();
        assert_eq!(keys, [("1".to_owned(),), ("2".to_owned(),)]);
        assert_eq!(dead::floor(db).await.unwrap(), None);
        retention::prune(db, start + 2 * DAY).await.unwrap();
        assert_eq!(dead::count(db).await.unwrap(), 1);
        assert_eq!(dead::floor(db).await.unwrap(), Some(start + 2 * DAY));
    })
    .await;
}

async fn letter(db: &Db, id: &str, at: Time) {
    let sql = "INSERT INTO dead_letters (id, at, reason, attempts, body) VALUES ($1, $2, 'why not', 1, $3)";
    execute(db, sql, [id.into(), at.to_string().into(), b"bytes".to_vec().into()]).await;
}

/// Forgets all that a service may forget.
pub(crate) async fn forget(app: &App) {
    app.settle().await;
    for db in &app.databases {
        retention::prune(db, Time::now() + DAY).await.unwrap();
        let log = log::bounds(db).await.unwrap();
        assert_eq!(log.first, log.head + 1);
    }
}

#[tokio::test]
async fn who_asks_for_what_is_forgotten_is_told() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        let ticket = text(&app.ticket(&order).await["id"]);
        forget(app).await;
        for (db, feed) in app.databases.iter().zip(["orders", "inventory", "kitchen"]) {
            let head = log::bounds(db).await.unwrap().head;
            for after in ["".to_owned(), "?after=1".to_owned(), format!("?after={}", head - 1)] {
                let (status, problem) = app.send(app.request(Method::GET, &format!("/v1/feed/{feed}{after}"))).await;
                assert_eq!((status, text(&problem["type"])), (StatusCode::GONE, "/problems/gone".into()));
                assert_eq!(problem["first"], head + 1);
            }
            let page = app.get(&format!("/v1/feed/{feed}?after={head}")).await;
            assert_eq!(page, json!({"items": [], "next": head.to_string()}));
        }
        let head = log::bounds(&app.databases[0]).await.unwrap().head;
        let now = stream(app, &format!("/v1/orders/{order}/events"), Some("1"), 1).await;
        assert_eq!((now[0].1.clone(), text(&now[0].2["status"])), (head.to_string(), "accepted".into()));
        for path in ["/v1/tickets/stream?location=soho", "/v1/locations/soho/events"] {
            assert_eq!(stream(app, path, Some("1"), 1).await[0].0, "snapshot", "{path}");
        }
        let head = log::bounds(&app.databases[1]).await.unwrap().head;
        let begin = stream(app, "/v1/inventory/soho/events", Some("1"), 1).await;
        assert_eq!(begin[0], ("position".into(), head.to_string(), json!(head)));
        // All that counts is there, and goes on.
        assert_eq!(text(&app.get(&format!("/v1/tickets/{ticket}")).await["state"]), "open");
        app.kitchen(&order, "serve").await;
        assert_eq!(text(&app.get(&format!("/v1/orders/{order}")).await["status"]), "completed");
    })
    .await;
}

#[tokio::test]
async fn who_looks_for_forgotten_letters_is_told() {
    on_both(async |app| {
        let (id, at) = ("00000000-0000-0000-0000-000000000001", Time::now());
        letter(&app.databases[0], id, at).await;
        let path = format!("/v1/dead/orders?after={at}_{id}");
        assert_eq!(app.get(&path).await["items"], json!([]));
        retention::prune(&app.databases[0], at + DAY).await.unwrap();
        let (status, problem) = app.send(app.request(Method::GET, &path)).await;
        assert_eq!((status, text(&problem["type"])), (StatusCode::GONE, "/problems/gone".into()));
        assert_eq!(problem["first"], (at + DAY).to_string());
        assert_eq!(app.get("/v1/dead/orders").await["items"], json!([]));
    })
    .await;
}

/// Everything that a restaurant shows but its feeds, which only get longer.
async fn all(app: &App) -> Value {
    let mut shown = Vec::new();
    for path in [
        "/v1/orders?limit=500",
        "/v1/tickets?limit=500&state=open,ready,served,void",
        "/v1/stock/soho",
        "/v1/availability/soho",
        "/v1/menu/soho",
        "/v1/stock/soho/dough/movements",
    ] {
        shown.push(app.get(path).await["items"].clone());
    }
    Value::from(shown)
}

/// From a queue that nobody emptied for a month, or from a copy of the log.
#[tokio::test]
async fn what_comes_again_after_it_was_forgotten_changes_nothing() {
    on_both(async |app| {
        let served = app.place("1 margherita").await;
        app.kitchen(&served, "serve").await;
        let recalled = app.place("1 burger").await;
        app.kitchen(&recalled, "ready").await;
        app.kitchen(&recalled, "recall").await;
        let cancelled = app.place("1 margherita").await;
        app.settle().await;
        app.post(&format!("/v1/orders/{cancelled}/cancel")).await;
        app.settle().await;
        app.kitchen(&cancelled, "ack").await;
        app.place("101 burger").await;
        app.place("2 burger").await;
        app.put("/v1/availability/soho/cola", json!({"available": false})).await;
        app.settle().await;
        app.put("/v1/availability/soho/cola", json!({"available": true})).await;
        app.settle().await;
        let before = all(app).await;
        let mut said = Vec::new();
        for db in &app.databases {
            said.extend(agree::everything(db).await.unwrap());
        }
        forget(app).await;
        for db in &app.databases {
            let rows: Vec<(i64,)> = db.fetch("SELECT COUNT(*) FROM inbox WHERE key LIKE 'order:%'", []).await.unwrap();
            assert_eq!(rows[0].0, 0);
        }
        let again: Vec<Message> = said.iter().map(message).collect();
        let publisher = app.bus.publisher().await.unwrap();
        assert_eq!(publisher.publish(&again).await.unwrap(), vec![true; again.len()]);
        // Whatever comes again is ahead of this order in every queue.
        let last = app.place("1 cola").await;
        app.kitchen(&last, "serve").await;
        let mut news = Vec::new();
        for db in &app.databases {
            news.extend(
                agree::everything(db).await.unwrap().into_iter().filter(|event| is_about_another(event, &last)),
            );
        }
        let news: Vec<String> = news.iter().map(|event| format!("{} {}", event.kind, event.subject)).collect();
        assert!(news.is_empty(), "said again: {news:?}");
        let mut after = all(app).await;
        for list in [0, 1] {
            let place = if list == 0 { 0 } else { after[1].as_array().unwrap().len() - 1 };
            after[list].as_array_mut().unwrap().remove(place);
        }
        assert_eq!(after, before);
    })
    .await;
}

fn is_about_another(event: &Event, order: &str) -> bool {
    event.correlationid.is_none_or(|id| id.to_string() != order)
}

fn message(event: &Event) -> Message {
    Message {
        routing_key: routing_key(&event.kind, &event.location),
        events: vec![serde_json::to_string(event).unwrap()],
        id: event.id.to_string(),
        kind: event.kind.clone(),
        correlation: None,
        traceparent: None,
    }
}

fn timed(kind: &str, at: Time, n: i64) -> Message {
    Message {
        routing_key: format!("{kind}.soho"),
        events: vec![format!("{{\"n\":{n},\"time\":\"{at}\"}}")],
        id: fresh_id().to_string(),
        kind: kind.into(),
        correlation: None,
        traceparent: None,
    }
}

async fn publish(bus: &Bus, messages: &[Message]) {
    let publisher = bus.publisher().await.unwrap();
    assert_eq!(publisher.publish(messages).await.unwrap(), vec![true; messages.len()]);
}

async fn receive(subscription: &mut Subscription) -> Delivery {
    timeout(PATIENCE, subscription.receive()).await.expect("a delivery in time").unwrap()
}

/// Each settles so many; the bus is closed, so that the cursors are saved, and opened again.
async fn settle(url: &str, bus: Bus, counts: [(&'static str, usize); 3]) -> Bus {
    for (service, count) in counts {
        let mut subscription = bus.subscribe(service).await.unwrap();
        for _ in 0..count {
            let delivery = receive(&mut subscription).await;
            bus.settle(service, vec![delivery.receipt]).await.unwrap();
        }
    }
    bus.close().await.unwrap();
    drop(bus);
    Bus::open(url).await.unwrap()
}

#[tokio::test]
async fn a_bus_in_a_file_forgets_what_all_have_taken_in_and_goes_on_behind_it() {
    let directory = scratch();
    let url = format!("sqlite:{}/bus.db", directory.path().display());
    let start: Time = "2026-11-01T00:00:00Z".parse().unwrap();
    let bus = Bus::open(&url).await.unwrap();
    let kinds = ["order.accepted", "ticket.started", "order.accepted", "order.accepted"];
    let messages: Vec<Message> = (0_u32..).zip(kinds).map(|(n, kind)| timed(kind, start + n * DAY, n.into())).collect();
    publish(&bus, &messages).await;
    // The kitchen leaves two.
    let bus = settle(&url, bus, [("order-svc", 1), ("inventory-svc", 1), ("kitchen-svc", 1)]).await;
    bus.forget(start + 30 * DAY).await.unwrap();
    let mut kitchen = bus.subscribe("kitchen-svc").await.unwrap();
    for n in [2, 3] {
        let body: Value = serde_json::from_slice(&receive(&mut kitchen).await.body).unwrap();
        assert_eq!(body["n"], n, "what a listener has not taken in stays");
    }
    drop(kitchen);
    let bus = settle(&url, bus, [("order-svc", 0), ("inventory-svc", 0), ("kitchen-svc", 2)]).await;
    bus.forget(start + 30 * DAY).await.unwrap();
    bus.close().await.unwrap();
    drop(bus);
    let bus = Bus::open(&url).await.unwrap();
    publish(&bus, &[timed("order.accepted", start + 40 * DAY, 9)]).await;
    let mut kitchen = bus.subscribe("kitchen-svc").await.unwrap();
    let body: Value = serde_json::from_slice(&receive(&mut kitchen).await.body).unwrap();
    assert_eq!(body["n"], 9, "an emptied log does not begin again below its cursors");
}

#[tokio::test]
async fn a_bus_in_a_file_keeps_what_is_young() {
    let directory = scratch();
    let url = format!("sqlite:{}/bus.db", directory.path().display());
    let start: Time = "2026-11-01T00:00:00Z".parse().unwrap();
    let bus = Bus::open(&url).await.unwrap();
    let mut messages: Vec<Message> = (0_u32..300).map(|n| timed("order.accepted", start + n * DAY, n.into())).collect();
    // Heard by the others, so that their cursors move.
    messages.push(timed("ticket.started", start + 300 * DAY, 300));
    publish(&bus, &messages).await;
    let bus = settle(&url, bus, [("order-svc", 1), ("inventory-svc", 1), ("kitchen-svc", 300)]).await;
    bus.forget(start + 150 * DAY).await.unwrap();
    bus.close().await.unwrap();
    drop(bus);
    let db = Db::open(&url).await.unwrap();
    let rows: Vec<(i64, i64)> = db.fetch("SELECT COUNT(*), MIN(position) FROM log", []).await.unwrap();
    assert_eq!(rows[0], (151, 151));
    db.close().await;
}
