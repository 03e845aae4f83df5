//! What each service was told is written down, refusals included, and can be run again.

use std::time::Duration;

use futures_util::future::join_all;
use order_svc::OrderSvc;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{
    contract::time::Time,
    db::Db,
    engine::{
        call::Call,
        journal::{self, Entry, Verdict},
        pump::Denial,
        replay::{Said, Sandbox},
        retention,
    },
    process::host::Host,
};
use tokio::time::timeout;

use crate::{
    harness::{App, Backends, PATIENCE, on_both, scratch, settings, text},
    history,
    taster::{Order, Taster},
};

/// All inputs of a service, one after the other.
async fn told(app: &App, feed: &str) -> Vec<Value> {
    let journal = app.get(&format!("/v1/journal/{feed}?limit=500")).await;
    let entries = journal["items"].as_array().unwrap().clone();
    entries.iter().flat_map(|entry| entry["told"].as_array().unwrap().clone()).collect()
}

#[tokio::test]
async fn what_was_told_is_written_down_with_what_came_of_it() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.settle().await;
        let (status, _) = app.send(app.ordering("unknown", &App::order("1 unicorn"))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        let inputs = told(app, "orders").await;
        let of = |find: &dyn Fn(&Value) -> bool| inputs.iter().find(|input| find(input)).unwrap().clone();
        let placed = of(&|input| input["command"]["place"]["order"]["lines"][0]["sku"] == "margherita");
        assert_eq!(
            (&placed["by"], &placed["outcome"], &placed["said"]),
            (&json!("anonymous"), &json!("decided"), &json!(1))
        );
        let refused = of(&|input| input["command"]["place"]["order"]["lines"][0]["sku"] == "unicorn");
        assert_eq!(refused["outcome"], "refused");
        assert!(text(&refused["reason"]).contains("unicorn"), "{refused}");
        let reserved = of(&|input| input["event"]["type"] == "stock.reserved");
        assert_eq!((&reserved["by"], &reserved["outcome"]), (&json!("/inventory-svc"), &json!("decided")));
        assert_eq!(reserved["event"]["subject"], order);
    })
    .await;
}

#[tokio::test]
async fn the_journal_is_read_on_and_on() {
    on_both(async |app| {
        app.place("1 margherita").await;
        app.settle().await;
        let whole = app.get("/v1/journal/kitchen?limit=500").await;
        let (mut after, mut pieces) = ("0".to_owned(), Vec::new());
        loop {
            let page = app.get(&format!("/v1/journal/kitchen?limit=1&after={after}")).await;
            let items = page["items"].as_array().unwrap();
            after = text(&page["next"]);
            if items.is_empty() {
                break;
            }
            pieces.extend(items.clone());
        }
        assert_eq!((&json!(pieces), json!(after)), (&whole["items"], whole["next"].clone()));
        for (path, expected) in [
            ("/v1/journal/kitchen?after=1000000", StatusCode::UNPROCESSABLE_ENTITY),
            ("/v1/journal/kitchen?after=-1", StatusCode::UNPROCESSABLE_ENTITY),
            ("/v1/journal/bar", StatusCode::NOT_FOUND),
        ] {
            let (status, problem) = app.send(app.request(Method::GET, path)).await;
            assert_eq!(status, expected, "{path}: {problem}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_forgotten_is_told_and_the_rest_can_be_run_again() {
    on_both(async |app| {
        let first = app.place_with_key("once", &App::order("1 margherita")).await;
        app.settle().await;
        let soon = Time::now() + Duration::from_secs(1);
        for db in &app.databases {
            retention::forget_keys(db, soon).await.unwrap();
        }
        // The key is new again, as it will be when this is run again.
        assert_ne!(app.place_with_key("once", &App::order("1 margherita")).await, first);
        app.settle().await;
        history::run_again(&app.databases).await.unwrap();
        for db in &app.databases {
            retention::prune(db, Time::now() + Duration::from_secs(1)).await.unwrap();
        }
        let (status, problem) = app.send(app.request(Method::GET, "/v1/journal/orders")).await;
        assert_eq!((status, text(&problem["type"])), (StatusCode::GONE, "/problems/gone".into()));
        let first = problem["first"].as_i64().unwrap();
        let left = app.get(&format!("/v1/journal/orders?after={}", first - 1)).await;
        assert!(left["items"].as_array().unwrap().iter().all(|entry| entry["position"].as_i64().unwrap() >= first));
    })
    .await;
}

/// Prices are read without a lock: a menu that changes among orders must not make their journal another history.
#[tokio::test]
async fn a_menu_that_changes_in_a_rush_can_be_run_again() {
    on_both(async |app| {
        let item = |price| json!({"name": "cola", "category": "Drinks", "price": price});
        let orders = join_all((0..6).map(|_| async {
            for _ in 0..25 {
                app.place("1 cola").await;
            }
        }));
        let changes = async {
            for price in 1..100 {
                app.put("/v1/menu/soho/cola", item(price)).await;
            }
        };
        tokio::join!(orders, changes);
        app.settle().await;
    })
    .await;
}

#[tokio::test]
async fn a_menu_is_changed_while_nobody_decides_by_it() {
    on_both(async |app| {
        let db = &app.databases[0];
        let Some(sessions) = db.postgres() else { return };
        // As a replica in the middle of a batch.
        let mut other = sessions.begin().await.unwrap();
        sqlx::query("SELECT pg_advisory_xact_lock_shared(0, 1)").execute(&mut *other).await.unwrap();
        let change = app.put("/v1/menu/soho/cola", json!({"name": "cola", "category": "Drinks", "price": 350}));
        let waits = async {
            let waiting = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            while db.fetch::<(i64,)>(waiting, []).await.unwrap() != [(1,)] {}
            other.commit().await.unwrap();
        };
        tokio::pin!(change);
        tokio::select! {
            biased;
            _ = &mut change => panic!("it was changed while another decided"),
            waited = timeout(PATIENCE, waits) => waited.expect("a change waits for who decides"),
        }
        change.await;
    })
    .await;
}

/// What order-svc was told in a short time, and a sandbox for it.
async fn past(app: &App) -> (Vec<Entry>, Said, Sandbox, crate::servers::Scratch) {
    let scratch = scratch();
    let db = Db::open(&format!("sqlite:{}/again.db", scratch.path().display())).await.unwrap();
    let (entries, said) =
        (history::told(&app.databases[0]).await.unwrap(), history::said(&app.databases[0]).await.unwrap());
    (entries, said, Sandbox::new::<OrderSvc>(db).await.unwrap(), scratch)
}

#[tokio::test]
async fn the_first_decision_that_differs_is_named() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.settle().await;
        let (mut entries, said, mut sandbox, _scratch) = past(app).await;
        let changed = entries.iter_mut().find(|entry| entry.doc.contains("stock.reserved")).unwrap();
        changed.doc = changed.doc.replace("\"outcome\":\"decided\"", "\"outcome\":\"late\"");
        let position = changed.position;
        let steps = sandbox.run::<OrderSvc>(&entries, &said).await.unwrap();
        let difference = steps.last().unwrap().difference.as_ref().unwrap();
        assert_eq!((difference.position, sandbox.position), (position, position));
        assert_eq!((&difference.then.verdict, &difference.now.verdict), (&Verdict::Late, &Verdict::Decided));
        assert!(difference.now.said[0].contains(&order), "{difference}");
        let change = difference.changes.iter().find(|change| change.key == order).expect("the order changes");
        let before = change.before.as_deref().expect("it was there");
        assert!(before.contains("placed") && change.after.contains("accepted"), "{change:?}");
        let found = difference.found.iter().find(|found| found.key == order).expect("the state before it");
        assert_eq!((found.table, found.doc.as_str()), ("orders", before));
    })
    .await;
}

#[tokio::test]
async fn a_gap_in_history_is_no_history() {
    on_both(async |app| {
        app.place("1 margherita").await;
        app.settle().await;
        let (mut entries, said, mut sandbox, _scratch) = past(app).await;
        entries.remove(2);
        let error = sandbox.run::<OrderSvc>(&entries, &said).await.unwrap_err();
        assert_eq!(error.to_string(), "history has a gap: entry 3 of the journal is missing");
    })
    .await;
}

#[tokio::test]
async fn who_asked_first_and_is_decided_last_comes_last() {
    let backends = Backends::embedded();
    let mut host = Host::new(settings(&backends.bus, "127.0.0.1:0", PATIENCE).unwrap()).await.unwrap();
    let app = host.add::<Taster>(&backends.databases[2]).await.unwrap();
    let first = Call::internal("a guest who is held up at the door");
    for (call, subject) in [(Call::internal("a guest"), "soup"), (first, "bread")] {
        // It is decided, and has no reply.
        assert!(matches!(app.pump.ask(call, Order::Taste(subject.into())).await, Err(Denial::Failed)));
    }
    let times: Vec<Time> = journal::after(&app.db, 0, 10).await.unwrap().iter().map(|entry| entry.at).collect();
    assert_eq!(times.len(), 2);
    assert!(times.is_sorted(), "{times:?}");
    let tasks = host.tasks.clone();
    drop((app, host));
    tasks.finish().await;
}
