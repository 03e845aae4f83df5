//! What comes again, late or in contradiction, on both buses, and what the broker takes away while a service listens.

use serde_json::{Value, json};
use tokio::time::{Duration, Instant, interval};

use crate::{
    harness::{App, Backends, PATIENCE, text},
    servers::Servers,
    taster::{Taster, event, message, publish_on},
};

const POLL: Duration = Duration::from_millis(20);

/// An event of this subject with another sequence, id and time.
fn said(subject: &str, sequence: i64, id: &str, time: &str) -> Value {
    let mut event = event(subject);
    event["id"] = format!("0190b2f0-0000-7000-8000-0000000000{id}").into();
    event["sequence"] = sequence.into();
    event["time"] = format!("2026-11-23T{time}:00Z").into();
    event
}

/// Until it has tasted exactly these.
async fn tastes(app: &App, subjects: &[&str]) {
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
    loop {
        let tastings = app.get("/tastings").await;
        let tastings: Vec<String> = tastings.as_array().unwrap().iter().map(|one| text(&one["subject"])).collect();
        if tastings == subjects {
            return;
        }
        assert!(Instant::now() < deadline, "{tastings:?}");
        every.tick().await;
    }
}

async fn letters(app: &App) -> Vec<(String, i64, String)> {
    let dead = app.get("/v1/dead/kitchen").await;
    let letter = |letter: &Value| {
        let body: Value = serde_json::from_str(letter["body"].as_str().unwrap()).unwrap();
        (text(&letter["subject"]), body["sequence"].as_i64().unwrap(), text(&letter["reason"]))
    };
    let mut letters: Vec<_> = dead["items"].as_array().unwrap().iter().map(letter).collect();
    letters.sort();
    letters
}

#[tokio::test]
async fn what_contradicts_what_was_taken_in_is_seen_and_mutes_nobody() {
    let mut all = vec![Backends::embedded()];
    all.extend(Backends::servers().await);
    for backends in all {
        let app = App::start_alone::<Taster>(&backends, &backends.databases[2]).await;
        let good = said("a", 3, "a3", "18:00");
        let events = [
            good.clone(),
            good,
            said("a", 2, "a2", "17:59"),
            said("a", 3, "aa", "18:00"),
            // Plausible, and wrong: whatever is true of this subject has lower sequences.
            said("b", 900_000, "b9", "18:00"),
            said("b", 2, "b2", "18:30"),
            said("c", i64::MAX, "c9", "18:00"),
            said("c", 1, "c1", "18:00"),
        ];
        let messages: Vec<_> = events.iter().map(|event| message(std::slice::from_ref(event))).collect();
        publish_on(&app.bus, &messages).await;
        tastes(&app, &["a", "b", "c"]).await;
        let kept = letters(&app).await;
        let kept: Vec<(&str, i64)> = kept.iter().map(|(subject, sequence, _)| (subject.as_str(), *sequence)).collect();
        assert_eq!(kept, [("a", 3), ("b", 2), ("c", i64::MAX)], "on {}", backends.name);
        let metrics = app.request(reqwest::Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
        for outcome in ["taken_in", "repeated", "late", "conflicting"] {
            let counted = metrics.lines().any(|line| {
                line.starts_with("comanda_events_total{") && line.contains(&format!("outcome=\"{outcome}\""))
            });
            assert!(counted, "{outcome} is not in {metrics}");
        }
        mend_as_its_letter_says(&app).await;
        app.stop().await;
        backends.remove().await;
    }
}

/// Of the subject `b` a stray sequence was taken in.
async fn mend_as_its_letter_says(app: &App) {
    let (_, _, reason) = letters(app).await.swap_remove(1);
    assert!(reason.contains("delete the row order:b of the inbox and publish this one again"), "{reason}");
    let mut tx = app.databases[0].begin().await.unwrap();
    assert_eq!(tx.execute("DELETE FROM inbox WHERE key = $1", ["order:b".into()]).await.unwrap(), 1);
    assert_eq!(tx.execute("DELETE FROM tastings WHERE key = $1", ["b".into()]).await.unwrap(), 1);
    tx.commit().await.unwrap();
    publish_on(&app.bus, &[message(&[said("b", 2, "b2", "18:30")])]).await;
    tastes(app, &["a", "b", "c"]).await;
}

/// The broker cancels the consumer. What is published before the queue is declared again does not reach it.
#[tokio::test]
async fn a_queue_that_is_deleted_is_declared_and_heard_again() {
    let (Some(servers), Some(backends)) = (Servers::get(), Backends::servers().await) else { return };
    let app = App::start_alone::<Taster>(&backends, &backends.databases[2]).await;
    publish_on(&app.bus, &[message(&[event("before")])]).await;
    tastes(&app, &["before"]).await;
    servers.delete(&backends.bus, "queues", "kitchen-svc.inbox").await.unwrap();
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
    while app.get("/tastings").await.as_array().unwrap().len() < 2 {
        assert!(Instant::now() < deadline, "nothing is heard any more");
        publish_on(&app.bus, &[message(&[event("then")])]).await;
        every.tick().await;
    }
    app.stop().await;
    backends.remove().await;
}

/// The broker closes the relay's channel, and has lost the bindings of every queue.
#[tokio::test]
async fn an_exchange_that_is_deleted_is_declared_and_published_to_again() {
    let (Some(servers), Some(backends)) = (Servers::get(), Backends::servers().await) else { return };
    let app = App::start(&backends, PATIENCE * 4).await;
    app.open_restaurant().await;
    app.settle().await;
    servers.delete(&backends.bus, "exchanges", "comanda.events").await.unwrap();
    let order = app.place("1 margherita").await;
    app.check(&order, expect_test::expect!["accepted"]).await;
    app.finish().await;
    backends.remove().await;
}

/// What cannot be shown is our fault, and asking again does not help.
#[tokio::test]
async fn what_is_stored_and_cannot_be_shown_is_no_outage() {
    let mut all = vec![Backends::embedded()];
    all.extend(Backends::servers().await);
    for backends in all {
        let app = App::start_alone::<order_svc::OrderSvc>(&backends, &backends.databases[0]).await;
        let location = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "open"});
        app.put("/v1/locations/soho", location).await;
        let mut tx = app.databases[0].begin().await.unwrap();
        tx.execute("UPDATE event_log SET doc = $1", ["{".into()]).await.unwrap();
        tx.commit().await.unwrap();
        let (status, problem) = app.send(app.request(reqwest::Method::GET, "/v1/feed/orders")).await;
        assert_eq!((status.as_u16(), text(&problem["type"])), (500, "/problems/internal".into()));
        app.stop().await;
        backends.remove().await;
    }
}
