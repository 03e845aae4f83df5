//! The kitchen on both pairs of backends: what it does by itself, and what displays see of more than they can show.

use std::sync::atomic::Ordering;

use expect_test::expect;
use serde_json::{Value, json};
use shared::{
    contract::time::Time,
    db::{Cells, Db, Value as Cell},
    engine::call::fresh_id,
};
use tokio::time::Instant;

use crate::{
    api::live,
    checker,
    harness::{App, PATIENCE, on_both, text},
};

/// The kitchen's database.
fn kitchen(app: &App) -> &Db {
    &app.databases[2]
}

/// Makes a ticket look as if it had been ready for so long.
async fn has_been_ready_for(app: &App, ticket: &str, minutes: u64) {
    let ready_at = Time::now() - std::time::Duration::from_secs(60 * minutes);
    let sql = if kitchen(app).postgres().is_none() {
        "UPDATE tickets SET doc = json_set(doc, '$.ticket.ready_at', $1) WHERE key = $2"
    } else {
        "UPDATE tickets SET doc = jsonb_set(doc, '{ticket,ready_at}', to_jsonb(CAST($1 AS TEXT))) WHERE key = $2"
    };
    app.is_forged.store(true, Ordering::Relaxed);
    let mut tx = kitchen(app).begin().await.unwrap();
    let args: [Cell; 2] = [ready_at.to_string().into(), ticket.into()];
    assert_eq!(tx.execute(sql, args).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

/// Waits until the ticket is as it should be.
async fn until(app: &App, ticket: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = app.get(&format!("/v1/tickets/{ticket}")).await;
        if is_so(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "still {found:#}");
    }
}

#[tokio::test]
async fn what_nobody_hands_over_is_completed_by_itself() {
    on_both(async |app| {
        let (left, fresh) = (app.place("1 margherita").await, app.place("1 cola").await);
        for order in [&left, &fresh] {
            app.kitchen(order, "ready").await;
        }
        let ticket = text(&app.ticket(&left).await["id"]);
        has_been_ready_for(app, &ticket, 61).await;
        until(app, &ticket, |ticket| ticket["state"] == "served").await;
        app.check(&left, expect!["completed"]).await;
        app.check(&fresh, expect!["ready"]).await;
        let feed = app.get("/v1/feed/kitchen?limit=500").await;
        let served = feed["items"].as_array().unwrap().iter().rfind(|event| event["type"] == "ticket.served").unwrap();
        assert_eq!(served["data"]["by"], "kitchen-svc");
        app.kitchen(&left, "recall").await;
        app.check(&left, expect!["completed"]).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_at_a_station_that_is_gone_moves_to_the_default() {
    on_both(async |app| {
        let order = app.place("1 margherita; 1 burger").await;
        let ticket = text(&app.ticket(&order).await["id"]);
        app.put("/v1/stations/soho", json!({"stations": [{"id": "grill", "name": "Grill"}], "default": "grill"})).await;
        let moved = until(app, &ticket, |ticket| ticket["items"][0]["station"] == "grill").await;
        assert_eq!(moved["version"], 2);
        let at_the_grill = app.get("/v1/tickets?location=soho&station=grill").await;
        assert_eq!(text(&at_the_grill["items"][0]["order_id"]), order);
        app.kitchen(&order, "serve").await;
        app.check(&order, expect!["completed"]).await;
    })
    .await;
}

/// More than displays showed once.
const MANY: usize = 2001;

/// So many tickets like this one, older than it, as the kitchen stores them.
pub(crate) async fn multiply(app: &App, ticket: &Value) {
    let now = Time::now();
    let (mut keys, mut docs) = (Vec::new(), Vec::new());
    for number in 1..=MANY {
        let before = now - std::time::Duration::from_secs(60 + u64::try_from(number).unwrap());
        let (id, mut ticket) = (fresh_id().to_string(), ticket.clone());
        for (name, value) in [("id", json!(id)), ("order_id", json!(fresh_id())), ("opened_at", json!(before))] {
            ticket[name] = value;
        }
        if ticket["state"] == "ready" {
            ticket["ready_at"] = json!(before);
        }
        let stations = format!(",{},", text(&ticket["items"][0]["station"]));
        docs.push(json!({"ticket": ticket, "stations": stations, "last": null}).to_string());
        keys.push(id);
    }
    app.is_forged.store(true, Ordering::Relaxed);
    let mut tx = kitchen(app).begin().await.unwrap();
    let revisions = Cells::Int(vec![1; MANY]);
    tx.insert("tickets", vec![("key", Cells::Text(keys)), ("revision", revisions), ("doc", Cells::Json(docs))]);
    tx.commit().await.unwrap();
}

/// The tickets of a display that begins now, and whether some are left out.
async fn snapshot(app: &App) -> (Vec<Value>, bool) {
    let mut events = live::stream(app, "/v1/tickets/stream?location=soho", None, 1).await;
    let (name, _, mut data) = events.remove(0);
    assert_eq!(name, "snapshot");
    (serde_json::from_value(data["tickets"].take()).unwrap(), data["cut"].as_bool().unwrap())
}

#[tokio::test]
async fn nothing_that_needs_a_cook_is_cut_and_a_cut_is_said() {
    on_both(async |app| {
        let ready = app.place("1 cola").await;
        app.kitchen(&ready, "ready").await;
        assert!(!snapshot(app).await.1);
        multiply(app, &app.ticket(&ready).await).await;
        let waiting = app.place("1 burger").await;
        app.settle().await;
        let (tickets, cut) = snapshot(app).await;
        assert_eq!((tickets.len(), cut), (501, true));
        assert_eq!(text(&tickets[0]["order_id"]), waiting);
        assert_eq!(text(&tickets[1]["order_id"]), ready, "newest first");
        assert_eq!(checker::all(app, "/v1/tickets?location=soho&state=ready").await.len(), MANY + 1);

        multiply(app, &tickets[0]).await;
        let (tickets, cut) = snapshot(app).await;
        assert_eq!((tickets.len(), cut), (MANY + 1 + 500, true));
        assert!(tickets[..=MANY].iter().all(|ticket| ticket["state"] == "open"));
        assert_eq!(text(&tickets[MANY]["order_id"]), waiting, "by age");
    })
    .await;
}
