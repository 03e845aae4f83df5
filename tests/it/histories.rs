//! Histories that are kept: a rush, each race, and what faults leave behind. Each is decided today as it was then, however
//! much of it is left; a rule that changes by accident changes a decision in one of these.
//!
//! `UPDATE_HISTORIES=1 cargo test --test it histories` writes them anew, where a rule has changed on purpose.

mod kept;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use expect_test::expect;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use shared::{contract::time::Time, db::Db, engine::retention};
use tokio::time::Instant;

use crate::{
    developer::{evening, told},
    harness::{App, Backends, PATIENCE, text},
    missed::{Loss, lose},
    process::{Guests, Process, free_address},
    rebuild::message_to_kitchen,
    servers::variable,
    taster::publish_on,
};

const WAIT: Duration = Duration::from_secs(240);
/// They are read by people, too, and kept for ever.
const BYTES_MAX: u64 = 200_000;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories")
}

fn all() -> Vec<PathBuf> {
    let files = std::fs::read_dir(directory()).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "ndjson")).collect()
}

/// Those that are written anew.
fn is_asked_for() -> bool {
    variable("UPDATE_HISTORIES").is_some()
}

/// Makes a history where it is asked for, with what it must hold.
async fn history(name: &str, accept_within: Duration, holds: &[&str], evening: impl AsyncFn(&App)) {
    let file = directory().join(format!("{name}.ndjson"));
    if is_asked_for() {
        let backends = Backends::embedded();
        let app = App::start(&backends, accept_within).await;
        app.open_restaurant().await;
        evening(&app).await;
        app.settle().await;
        save(&app, &file).await;
        app.finish().await;
    }
    check(&file, holds);
}

async fn save(app: &App, file: &Path) {
    // It may have been kept before.
    let _ = std::fs::remove_file(file);
    told(&["events", "--at", &app.base, "--save", &file.display().to_string()]).await;
}

fn check(file: &Path, holds: &[&str]) {
    let kept = std::fs::read_to_string(file).unwrap();
    for part in holds {
        assert!(kept.contains(part), "{part} is not in {}", file.display());
    }
    assert!(file.metadata().unwrap().len() <= BYTES_MAX, "{} is too large", file.display());
}

/// The database refuses a row for as long as this stands: what would write it becomes a dead letter.
async fn jam(db: &Db, trigger: &'static str) {
    write(db, trigger).await;
}

async fn clear_jam(db: &Db) {
    write(db, "DROP TRIGGER jam").await;
}

async fn write(db: &Db, sql: &'static str) {
    let mut tx = db.begin().await.unwrap();
    tx.execute(sql, []).await.unwrap();
    tx.commit().await.unwrap();
}

/// The only dead letter of a service, once it is there; its id.
async fn letter(app: &App, feed: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let letters = app.get(&format!("/v1/dead/{feed}")).await;
        if let Some(letter) = letters["items"].as_array().unwrap().first() {
            return text(&letter["id"]);
        }
        assert!(Instant::now() < deadline, "nothing was set aside");
    }
}

async fn redrive(app: &App, feed: &str, letter: &str) -> String {
    let redriven = app.act(&format!("/v1/dead/{feed}/{letter}/redrive")).await;
    app.settle().await;
    text(&redriven["outcome"])
}

/// Waits until the order has come to that.
async fn until(app: &App, order: &str, status: &str) {
    let deadline = Instant::now() + PATIENCE;
    while app.get(&format!("/v1/orders/{order}")).await["status"] != status {
        assert!(Instant::now() < deadline, "it is not {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rush_is_kept() {
    let holds = ["ticket.recalled", "order.rejected", "order.cancelled", "ticket.changed", "\"outcome\":\"refused\""];
    history("rush", WAIT, &holds, async |app| {
        let lines = ["1 margherita", "2 burger +extra_cheese", "1 cola", "1 margherita; 1 cola", "200 burger"];
        let orders = join_all(lines.into_iter().cycle().take(9).map(|lines| app.place(lines))).await;
        app.settle().await;
        for (nth, order) in orders.iter().enumerate().filter(|(nth, _)| nth % 5 != 4) {
            match nth % 4 {
                0 => drop(app.post(&format!("/v1/orders/{order}/cancel")).await),
                1 => {
                    let ticket = text(&app.ticket(order).await["id"]);
                    app.act(&format!("/v1/tickets/{ticket}/items/1/start")).await;
                    app.act(&format!("/v1/tickets/{ticket}/rush")).await;
                    app.kitchen(order, "ready").await;
                    app.kitchen(order, "recall").await;
                }
                _ => drop(app.kitchen(order, "serve").await),
            }
        }
        app.settle().await;
        let void = app.ticket(&orders[0]).await;
        let (status, _) = app.post(&format!("/v1/tickets/{}/start", text(&void["id"]))).await;
        assert_eq!(status, reqwest::StatusCode::CONFLICT);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_before_the_ticket_is_kept() {
    history("cancel-before-accepted-in-the-kitchen", WAIT, &["ticket.voided"], async |app| {
        let kitchen = &app.databases[2];
        jam(
            kitchen,
            "CREATE TRIGGER jam BEFORE INSERT ON tickets WHEN NEW.doc->'ticket'->>'state' = 'open' \
             BEGIN SELECT RAISE(ABORT, 'jam'); END",
        )
        .await;
        let order = app.place("1 margherita").await;
        let letter = letter(app, "kitchen").await;
        app.post(&format!("/v1/orders/{order}/cancel")).await;
        app.check(&order, expect!["cancelled, cancellation accepted"]).await;
        clear_jam(kitchen).await;
        assert_eq!(redrive(app, "kitchen", &letter).await, "late");
        assert_eq!(app.ticket(&order).await["state"], "void");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_before_the_reservation_is_kept() {
    history("cancel-before-placed-in-the-stock", WAIT, &["\"outcome\":\"late\""], async |app| {
        let inventory = &app.databases[1];
        jam(
            inventory,
            "CREATE TRIGGER jam BEFORE INSERT ON reservations WHEN NEW.doc->>'status' = 'reserved' \
             BEGIN SELECT RAISE(ABORT, 'jam'); END",
        )
        .await;
        let order = app.place("1 margherita").await;
        let letter = letter(app, "inventory").await;
        app.post(&format!("/v1/orders/{order}/cancel")).await;
        app.check(&order, expect!["cancelled, cancellation accepted"]).await;
        clear_jam(inventory).await;
        assert_eq!(redrive(app, "inventory", &letter).await, "late");
        app.check_stock("dough", expect!["dough 100-0"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_against_a_start_is_kept() {
    let holds = ["ticket.voided", "ticket.started", "\"outcome\":\"refused\""];
    history("cancel-against-start", WAIT, &holds, async |app| {
        for nth in 0..6 {
            let order = app.place("1 margherita").await;
            let ticket = text(&app.ticket(&order).await["id"]);
            let (cancel, start) = (format!("/v1/orders/{order}/cancel"), format!("/v1/tickets/{ticket}/start"));
            match nth {
                0 => {
                    app.post(&cancel).await;
                    app.settle().await;
                    app.post(&start).await;
                }
                1 => {
                    app.post(&start).await;
                    app.settle().await;
                    app.post(&cancel).await;
                }
                _ => drop(tokio::join!(app.post(&cancel), app.post(&start))),
            }
            app.settle().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_portion_is_kept() {
    let holds = ["out_of_stock", "availability.changed", "\"left\":0", "item-unavailable"];
    history("last-portion", WAIT, &holds[..3], async |app| {
        app.movement("patty", "count", 1).await;
        app.settle().await;
        let body = App::order("1 burger");
        let orders = (0..4).map(async |nth| app.send(app.ordering(&format!("last-{nth}"), &body)).await);
        join_all(orders).await;
        app.settle().await;
        app.movement("patty", "receive", 1).await;
        app.settle().await;
        let order = app.place("1 burger").await;
        app.check(&order, expect!["accepted"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_that_is_late_is_kept() {
    history("timed-out-against-late-reserved", Duration::from_secs(1), &["timed_out", "stock.released"], async |app| {
        let orders = &app.databases[0];
        jam(
            orders,
            "CREATE TRIGGER jam BEFORE UPDATE ON orders WHEN NEW.doc->>'status' = 'accepted' \
             BEGIN SELECT RAISE(ABORT, 'jam'); END",
        )
        .await;
        let order = app.place("1 margherita").await;
        let letter = letter(app, "orders").await;
        until(app, &order, "rejected").await;
        clear_jam(orders).await;
        redrive(app, "orders", &letter).await;
        app.check(&order, expect!["rejected timed_out"]).await;
        app.check_stock("dough", expect!["dough 100-0"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_of_what_is_completed_is_kept() {
    history("recall-after-completed", WAIT, &["ticket.recalled", "order.completed"], async |app| {
        let order = app.place("1 margherita; 1 cola").await;
        app.kitchen(&order, "serve").await;
        app.check(&order, expect!["completed"]).await;
        app.kitchen(&order, "recall").await;
        app.kitchen(&order, "ready").await;
        app.kitchen(&order, "serve").await;
        app.check(&order, expect!["completed"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cook_and_a_manager_who_disagree_are_kept() {
    let holds = ["item.marked_out", "\"cause\":\"manual\""];
    history("marked-out-against-manual", WAIT, &holds, async |app| {
        for available in [true, false, true] {
            let (marked, said) = (json!({}), json!({"available": available}));
            tokio::join!(app.put("/v1/tickets/out/soho/cola", marked), app.put("/v1/availability/soho/cola", said));
            app.settle().await;
        }
        app.put("/v1/availability/soho/cola", json!({"available": true})).await;
        app.settle().await;
        let order = app.place("1 cola").await;
        app.check(&order, expect!["accepted"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_redriven_is_kept() {
    history("redriven", WAIT, &["order.completed"], async |app| {
        let kitchen = &app.databases[2];
        jam(kitchen, "CREATE TRIGGER jam BEFORE INSERT ON tickets BEGIN SELECT RAISE(ABORT, 'jam'); END").await;
        let order = app.place("1 burger").await;
        let letter = letter(app, "kitchen").await;
        assert_eq!(redrive(app, "kitchen", &letter).await, "refused");
        clear_jam(kitchen).await;
        assert_eq!(redrive(app, "kitchen", &letter).await, "taken_in");
        app.kitchen(&order, "serve").await;
        app.check(&order, expect!["completed"]).await;
    })
    .await;
}

/// The same sequence under another id.
#[tokio::test(flavor = "multi_thread")]
async fn a_contradiction_that_is_discarded_is_kept() {
    let holds = ["\"outcome\":\"conflicting\"", "\"redriven_by\":", "\"forgot\":\"letter\""];
    history("contradicted", WAIT, &holds, async |app| {
        let order = app.place("1 margherita").await;
        app.settle().await;
        let said = app.get("/v1/feed/orders?limit=500").await;
        let is_accepted = |event: &&Value| event["type"] == "order.accepted" && event["subject"] == order;
        let mut other = said["items"].as_array().unwrap().iter().find(is_accepted).unwrap().clone();
        other["id"] = json!("0190b2f0-0000-7000-8000-0000000000a1");
        publish_on(&app.bus, &[message_to_kitchen(&other)]).await;
        let letter = letter(app, "kitchen").await;
        assert_eq!(redrive(app, "kitchen", &letter).await, "refused");
        let discard = app.request(Method::POST, &format!("/v1/dead/kitchen/{letter}/discard"));
        app.send(discard.json(&json!({"reason": "nobody said it"}))).await;
        app.kitchen(&order, "serve").await;
        app.check(&order, expect!["completed"]).await;
    })
    .await;
}

/// A key that was forgotten is another order's.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_forgotten_is_kept() {
    history("forgotten", WAIT, &["\"forgot\":\"keys\""], async |app| {
        let body = App::order("1 cola");
        let (_, first) = app.send(app.ordering("the-same", &body)).await;
        let (_, again) = app.send(app.ordering("the-same", &body)).await;
        assert_eq!(first["id"], again["id"]);
        app.settle().await;
        retention::forget_keys(&app.databases[0], Time::now() + Duration::from_secs(1)).await.unwrap();
        let (_, other) = app.send(app.ordering("the-same", &body)).await;
        assert_ne!(first["id"], other["id"]);
        app.check(&text(&other["id"]), expect!["accepted"]).await;
    })
    .await;
}

/// What was purged is missed, and the audit has it said again.
#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_was_mended_is_kept() {
    let file = directory().join("purged-and-mended.ndjson");
    if is_asked_for() {
        let backends = Backends::embedded();
        let app = App::start(&backends, WAIT).await;
        app.open_restaurant().await;
        app.finish().await;
        let lost = lose(&backends, &["1 margherita", "1 cola"], Loss::Purged).await;
        let app = App::start(&backends, WAIT).await;
        // An event that is later than what was lost comes first.
        app.post(&format!("/v1/orders/{}/cancel", lost[0])).await;
        until(&app, &lost[0], "cancelled").await;
        told(&["audit", "--at", &app.base, "--lag", "1s", "--mend"]).await;
        app.settle().await;
        app.kitchen(&lost[1], "serve").await;
        save(&app, &file).await;
        app.finish().await;
    }
    check(&file, &["\"replayed\":true", "ticket.served"]);
}

/// Killed again and again: what it had taken in and not acknowledged comes again.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_leaves_is_kept() {
    let file = directory().join("killed.ndjson");
    if is_asked_for() {
        let backends = Backends::embedded();
        let app = App::start(&backends, WAIT).await;
        app.open_restaurant().await;
        app.stop().await;
        let address = free_address();
        for _ in 0..2 {
            let process = Process::start(&backends, &address).await;
            let guests = Guests::arrive(2, std::slice::from_ref(&address), "1 cola");
            guests.wait_for(2).await;
            process.kill();
            let process = Process::start(&backends, &address).await;
            guests.leave().await;
            process.kill();
        }
        let app = App::start(&backends, WAIT).await;
        app.settle().await;
        save(&app, &file).await;
        app.finish().await;
    }
    check(&file, &["\"outcome\":\"repeated\""]);
}

/// Each release leaves one, which is never written again.
#[tokio::test(flavor = "multi_thread")]
async fn an_evening_of_the_present_version_is_kept() {
    let name = format!("release-{}", env!("CARGO_PKG_VERSION"));
    history(&name, WAIT, &["ticket.served", "order.rejected", "order.cancelled"], async |app| {
        evening(app).await;
    })
    .await;
}
