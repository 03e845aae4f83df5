//! The conformance suite of `Db`: the same checks on PostgreSQL and on SQLite.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::{
    db::{Conflict, Db, Failure, Value},
    engine::rows::{Load, Record, Rows},
};
use sqlx::{Connection, PgConnection};

use crate::{
    harness::{PATIENCE, scratch},
    servers::Servers,
};

const SCHEMA: &str = "
CREATE TABLE cups (
    key      TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    doc      JSONB NOT NULL,
    colour   TEXT NOT NULL GENERATED ALWAYS AS (doc->>'colour') STORED
);
CREATE INDEX cups_colour ON cups (colour);";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Cup {
    name: String,
    colour: String,
    filled_ml: i64,
    handle: bool,
    note: Option<String>,
}

impl Record for Cup {
    const TABLE: &'static str = "cups";
    fn key(&self) -> String {
        self.name.clone()
    }
}

fn cup(name: &str, filled_ml: i64) -> Cup {
    Cup { name: name.into(), colour: "red".into(), filled_ml, handle: true, note: None }
}

/// Runs the check on an empty database of each backend.
async fn each(check: impl AsyncFn(Db)) {
    let directory = scratch();
    let db = Db::open(&format!("sqlite:{}/test.db", directory.path().display())).await.unwrap();
    db.migrate(&[(1, SCHEMA)]).await.unwrap();
    check(db.clone()).await;
    db.close().await;
    if let Some(servers) = Servers::get() {
        let url = servers.database().await.unwrap();
        let db = Db::open(&url).await.unwrap();
        db.migrate(&[(1, SCHEMA)]).await.unwrap();
        check(db.clone()).await;
        db.close().await;
        servers.drop_database(&url).await.unwrap();
    }
}

async fn put(db: &Db, cups: impl IntoIterator<Item = Cup>) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    let mut rows = Rows::default();
    cups.into_iter().for_each(|cup| rows.put(cup));
    rows.save(&mut tx)?;
    tx.commit().await
}

async fn all(db: &Db) -> Vec<Cup> {
    db.docs("SELECT doc FROM cups ORDER BY key", []).await.unwrap()
}

#[tokio::test]
async fn documents_come_back_as_they_were() {
    each(async |db| {
        let odd =
            Cup {
                note: Some("ünïcödé \"quoted\" \\ 1.50 🍕\n\ttab".into()), handle: false, ..cup("a", i64::MAX)
            };
        put(&db, [odd.clone(), cup("b", -1)]).await.unwrap();
        assert_eq!(all(&db).await, [odd, cup("b", -1)]);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing() {
    each(async |db| {
        let mut tx = db.begin().await.unwrap();
        let mut rows = Rows::default();
        rows.put(cup("a", 1));
        rows.save(&mut tx).unwrap();
        drop(tx);
        assert!(all(&db).await.is_empty());
        put(&db, [cup("a", 2)]).await.unwrap();
        assert_eq!(all(&db).await, [cup("a", 2)]);
    })
    .await;
}

#[tokio::test]
async fn a_row_that_exists_is_a_conflict_for_who_thought_it_new() {
    each(async |db| {
        put(&db, [cup("b", 1)]).await.unwrap();
        let error = put(&db, [cup("a", 1), cup("b", 2)]).await.unwrap_err();
        assert!(error.is::<Conflict>());
        assert_eq!(Failure::of(&error), Failure::Conflict);
        assert_eq!(all(&db).await, [cup("b", 1)]);
    })
    .await;
}

#[tokio::test]
async fn of_several_writes_one_that_conflicts_undoes_all() {
    each(async |db| {
        put(&db, [cup("a", 1), cup("b", 1)]).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let mut rows = Rows::<Cup>::load(&mut tx, ["a".to_owned()]).await.unwrap();
        rows.get_mut("a").unwrap().filled_ml = 2;
        // It is there, but was not loaded.
        rows.put(cup("b", 2));
        rows.put(cup("c", 2));
        rows.save(&mut tx).unwrap();
        let error = tx.commit().await.unwrap_err();
        assert_eq!(Failure::of(&error), Failure::Conflict);
        assert_eq!(all(&db).await, [cup("a", 1), cup("b", 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_row_read_without_a_lock_and_changed_meanwhile_is_a_conflict() {
    each(async |db| {
        put(&db, [cup("a", 1)]).await.unwrap();
        let mut reading = db.begin().await.unwrap();
        let read = Load::default().read::<Cup>(["a".to_owned()]).run(&mut reading).await;
        let mut rows: Rows<Cup> = read.unwrap().rows().unwrap();
        drop(reading);
        fill(&db, "a", 5).await;
        rows.get_mut("a").unwrap().filled_ml = 100;
        let mut tx = db.begin().await.unwrap();
        rows.save(&mut tx).unwrap();
        let error = tx.commit().await.unwrap_err();
        assert_eq!(Failure::of(&error), Failure::Conflict);
        assert_eq!(all(&db).await, [cup("a", 6)]);
    })
    .await;
}

async fn fill(db: &Db, name: &str, more_ml: i64) {
    let mut tx = db.begin().await.unwrap();
    let mut rows = Rows::<Cup>::load(&mut tx, [name.to_owned()]).await.unwrap();
    rows.get_mut(name).unwrap().filled_ml += more_ml;
    rows.save(&mut tx).unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_lock_never_lose_an_update() {
    each(async |db| {
        put(&db, [cup("a", 0)]).await.unwrap();
        let writers = (0..50).map(|_| fill(&db, "a", 1));
        futures_util::future::join_all(writers).await;
        assert_eq!(all(&db).await, [cup("a", 50)]);
    })
    .await;
}

/// Who has to wait for a row holds those before it and none behind it, whatever the order of its keys and of the rows.
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_locked_in_one_order_so_that_nobody_waits_in_a_circle() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.database().await.unwrap();
    let db = Db::open(&url).await.unwrap();
    db.migrate(&[(1, SCHEMA)]).await.unwrap();
    for n in [3, 6, 0, 7, 5, 1, 4, 2] {
        put(&db, [cup(&n.to_string(), 0)]).await.unwrap();
    }
    let mut holding = db.begin().await.unwrap();
    Rows::<Cup>::load(&mut holding, ["3".to_owned()]).await.unwrap();
    let mut waiting = db.begin().await.unwrap();
    let loading = Rows::<Cup>::load(&mut waiting, ["6", "1", "3", "7", "0", "2", "5", "4"].map(str::to_owned));
    let free = async {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while pids_that_wait(&db).await == 0 {
            assert!(tokio::time::Instant::now() < deadline, "nobody waits for the row");
        }
        let mut tx = PgConnection::connect(&url).await.unwrap();
        let sql = "SELECT key FROM cups ORDER BY key FOR UPDATE SKIP LOCKED";
        let free: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut tx).await.unwrap();
        drop(holding);
        free
    };
    let (loaded, free) = tokio::join!(loading, free);
    assert_eq!(loaded.unwrap().iter().count(), 8);
    assert_eq!(free, ["4", "5", "6", "7"]);
    drop(waiting);
    db.close().await;
    servers.drop_database(&url).await.unwrap();
}

/// How many sessions of the database wait for a lock.
async fn pids_that_wait(db: &Db) -> i64 {
    let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    db.fetch::<(i64,)>(sql, []).await.unwrap()[0].0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_nobody_waits_for_any_more_leaves_no_trace() {
    each(async |db| {
        let mut pending = 0;
        for _ in 0..50 {
            let mut begin = Box::pin(db.begin());
            // Another thread may have begun it already.
            pending += usize::from(futures_util::poll!(&mut begin).is_pending());
            drop(begin);
        }
        assert!(pending > 0);
        put(&db, [cup("a", 1)]).await.unwrap();
        assert_eq!(all(&db).await, [cup("a", 1)]);
    })
    .await;
}

#[tokio::test]
async fn generated_columns_follow_the_document() {
    each(async |db| {
        put(&db, [cup("a", 0), cup("b", 0)]).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let mut rows = Rows::<Cup>::load(&mut tx, ["a".to_owned()]).await.unwrap();
        rows.get_mut("a").unwrap().colour = "blue".into();
        rows.save(&mut tx).unwrap();
        tx.commit().await.unwrap();
        let blue: Vec<Cup> = db.docs("SELECT doc FROM cups WHERE colour = $1", [Value::from("blue")]).await.unwrap();
        assert_eq!(blue.len(), 1);
        assert_eq!(blue[0].name, "a");
    })
    .await;
}

#[tokio::test]
async fn a_document_that_cannot_be_stored_is_a_fault_and_no_outage() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.database().await.unwrap();
    let db = Db::open(&url).await.unwrap();
    db.migrate(&[(1, SCHEMA)]).await.unwrap();
    let error = put(&db, [Cup { note: Some("\0".into()), ..cup("a", 0) }]).await.unwrap_err();
    assert_eq!(Failure::of(&error), Failure::Fault);
    db.close().await;
    servers.drop_database(&url).await.unwrap();
}

#[tokio::test]
async fn migrations_are_applied_once_however_many_start() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.database().await.unwrap();
    let starts = (0..8).map(async |_| {
        let db = Db::open(&url).await?;
        db.migrate(&[(1, SCHEMA)]).await?;
        db.close().await;
        anyhow::Ok(())
    });
    for started in futures_util::future::join_all(starts).await {
        started.unwrap();
    }
    servers.drop_database(&url).await.unwrap();
}

#[tokio::test]
async fn one_leader_at_a_time_and_the_next_when_it_goes() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.database().await.unwrap();
    let db = Db::open(&url).await.unwrap();
    let first = db.lead("test").await.unwrap().expect("nobody leads yet");
    assert!(db.lead("test").await.unwrap().is_none());
    assert!(db.lead("another").await.unwrap().is_some());
    drop(first);
    // The server notices the closed connection in its own time.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while db.lead("test").await.unwrap().is_none() {
        assert!(tokio::time::Instant::now() < deadline, "the lock outlived its session");
    }
    db.close().await;
    servers.drop_database(&url).await.unwrap();
}

#[tokio::test]
async fn a_file_belongs_to_one_process() {
    let directory = scratch();
    let url = format!("sqlite:{}/test.db", directory.path().display());
    let first = Db::open(&url).await.unwrap();
    let error = Db::open(&url).await.unwrap_err();
    assert!(format!("{error:#}").contains("is in use"), "{error:#}");
    first.close().await;
    drop(first);
    Db::open(&url).await.unwrap();
}

#[tokio::test]
async fn an_unsafe_server_is_refused() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.database().await.unwrap();
    let error = Db::open(&format!("{url}?options=-csynchronous_commit%3Doff")).await.unwrap_err();
    assert!(format!("{error:#}").contains("synchronous_commit"), "{error:#}");
    servers.drop_database(&url).await.unwrap();
}
