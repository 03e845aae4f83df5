//! Connections to a database that fall silent: nothing is answered, nothing is closed, and whoever waits for ever
//! holds up everybody behind.

use std::time::Duration;

use expect_test::expect;
use reqwest::{Method, StatusCode};
use shared::{
    db::{Db, Failure, Value},
    engine::call::fresh_id,
};
use tokio::time::{Instant, interval, timeout};

use crate::{
    checker,
    harness::{App, Backends, PATIENCE, text},
    line::Line,
    servers::Servers,
};

const WAIT: Duration = Duration::from_secs(240);

/// The restaurant, with order-svc at the end of a line to its database.
async fn open() -> Option<(Backends, Line, App)> {
    let mut backends = Backends::servers().await?;
    let line = Line::to(&backends.databases[0]).await;
    backends.databases[0] = line.url.clone();
    let app = App::start(&backends, WAIT).await;
    app.open_restaurant().await;
    app.settle().await;
    Some((backends, line, app))
}

/// Orders with the same key until the order is taken, as guests do who hear 503.
async fn insist(app: &App, key: &str) -> String {
    let (body, deadline) = (App::order("1 margherita"), Instant::now() + PATIENCE);
    let mut every = interval(Duration::from_millis(50));
    loop {
        every.tick().await;
        let (status, answer) = app.send(app.ordering(key, &body)).await;
        if status == StatusCode::ACCEPTED {
            return text(&answer["id"]);
        }
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
        assert!(Instant::now() < deadline, "the order is never taken");
    }
}

/// Each order once, and every one of them decided.
async fn check(app: &App, placed: &[String]) {
    for order in placed {
        app.check(order, expect!["accepted"]).await;
    }
    assert_eq!(checker::all(app, "/v1/orders?location=soho").await.len(), placed.len());
    let (status, health) = app.send(app.request(Method::GET, "/healthz/ready")).await;
    assert_eq!(status, StatusCode::OK, "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_falls_silent_holds_nobody_up_and_doubles_nothing() {
    let Some((backends, line, app)) = open().await else { return };
    let mut placed = Vec::new();
    for (bait, answer_bytes) in [("BEGIN", 0), ("COMMIT", 0), ("COMMIT", 5), ("the key", 0), ("the key", 20)] {
        let key = format!("{bait} {answer_bytes} {}", fresh_id());
        let bait = if bait == "the key" { &key } else { bait };
        line.silence_after(bait, answer_bytes);
        placed.push(insist(&app, &key).await);
        line.fell_silent().await;
    }
    check(&app, &placed).await;
    app.finish().await;
    backends.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_sessions_fall_silent_new_ones_take_over() {
    let Some((backends, line, app)) = open().await else { return };
    let mut placed = Vec::new();
    for _ in 0..2 {
        // Many at once, so that the pool is full of connections.
        let page = async |_| app.get("/v1/orders?location=soho").await;
        futures_util::future::join_all((0..50).map(page)).await;
        line.silence();
        placed.push(insist(&app, &fresh_id().to_string()).await);
        app.settle().await;
    }
    check(&app, &placed).await;
    app.finish().await;
    backends.remove().await;
}

async fn readiness(app: &App, wanted: StatusCode) {
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(Duration::from_millis(50)));
    while app.send(app.request(Method::GET, "/healthz/ready")).await.0 != wanted {
        assert!(Instant::now() < deadline, "readiness never answers {wanted}");
        every.tick().await;
    }
}

/// As one whose process is stopped: even new sessions get no answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_frozen_is_told_of_and_outlived() {
    let Some((backends, line, app)) = open().await else { return };
    line.freeze();
    let (key, body) = (fresh_id().to_string(), App::order("1 margherita"));
    let (status, refused) = app.send(app.ordering(&key, &body)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{refused}");
    readiness(&app, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(app.send(app.request(Method::GET, "/healthz/live")).await.0, StatusCode::OK);
    line.thaw();
    readiness(&app, StatusCode::OK).await;
    let placed = [insist(&app, &key).await];
    check(&app, &placed).await;
    app.finish().await;
    backends.remove().await;
}

/// Orders are taken all the same, and what was on its way arrives.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_falls_silent_or_is_frozen_costs_no_order() {
    let Some(mut backends) = Backends::servers().await else { return };
    let line = Line::to(&backends.bus).await;
    let direct = std::mem::replace(&mut backends.bus, line.url.clone());
    let app = App::start(&backends, WAIT).await;
    app.open_restaurant().await;
    app.settle().await;
    line.silence();
    let mut placed = vec![insist(&app, &fresh_id().to_string()).await];
    app.settle().await;
    line.freeze();
    placed.push(insist(&app, &fresh_id().to_string()).await);
    line.thaw();
    check(&app, &placed).await;
    app.finish().await;
    backends.bus = direct;
    backends.remove().await;
}

/// A database of its own, and a second way to it.
async fn two_ways() -> Option<(Servers, Line, Db, Db)> {
    let servers = Servers::get()?;
    let direct = servers.database().await.unwrap();
    let line = Line::to(&direct).await;
    let (far, near) = (Db::open(&line.url).await.unwrap(), Db::open(&direct).await.unwrap());
    Some((servers, line, far, near))
}

/// At the start there is nobody yet to notice.
#[tokio::test]
async fn a_migration_that_falls_silent_is_an_error_and_is_made_the_next_time() {
    let Some((servers, line, far, near)) = two_ways().await else { return };
    let scripts = [(1, "CREATE TABLE cups (key TEXT PRIMARY KEY)"), (2, "CREATE TABLE plates (key TEXT PRIMARY KEY)")];
    // In the middle of a script, behind its commit, and before all of them.
    for bait in ["CREATE TABLE cups", "CREATE TABLE plates", "pg_advisory_lock"] {
        line.silence_after(bait, 0);
        let migrated = timeout(PATIENCE, far.migrate(&scripts)).await.expect("it notices");
        let error = format!("{:#}", migrated.unwrap_err());
        assert!(error.contains("fell silent"), "{error}");
        line.fell_silent().await;
    }
    far.migrate(&scripts).await.unwrap();
    assert_eq!(near.fetch::<(i64,)>("SELECT COUNT(*) FROM plates", []).await.unwrap(), [(0,)]);
    far.close().await;
    near.close().await;
    servers.drop_database(&line.url).await.unwrap();
}

#[tokio::test]
async fn a_leader_whose_machine_is_lost_is_replaced() {
    let Some((servers, line, far, near)) = two_ways().await else { return };
    let lost = far.lead("test").await.unwrap().expect("nobody leads yet");
    line.silence();
    let replaced = async {
        let mut every = interval(Duration::from_millis(100));
        while near.lead("test").await.unwrap().is_none() {
            every.tick().await;
        }
    };
    timeout(PATIENCE, replaced).await.expect("another leads");
    drop(lost);
    near.close().await;
    servers.drop_database(&line.url).await.unwrap();
}

#[tokio::test]
async fn a_leader_leads_on_while_its_work_takes_long() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.database().await.unwrap();
    let db = Db::open(&url).await.unwrap();
    let mut leader = db.lead("test").await.unwrap().expect("nobody leads yet");
    // Longer than the server suffers a leader who says nothing.
    let others = async {
        let mut every = interval(Duration::from_secs(1));
        for _ in 0..8 {
            every.tick().await;
            assert!(db.lead("test").await.unwrap().is_none());
        }
        Ok(())
    };
    leader.keep(others).await.unwrap();
    leader.execute("SELECT 1", []).await.unwrap();
    db.close().await;
    servers.drop_database(&url).await.unwrap();
}

#[tokio::test]
async fn a_leader_that_is_ended_notices_in_the_middle_of_its_work() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.database().await.unwrap();
    let db = Db::open(&url).await.unwrap();
    let mut leader = db.lead("test").await.unwrap().expect("nobody leads yet");
    let ended = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let work = async {
        let (count,) = db.fetch::<(i64,)>(ended, []).await?[0];
        assert_eq!(count, 1);
        std::future::pending().await
    };
    let kept: anyhow::Result<()> = timeout(PATIENCE, leader.keep(work)).await.expect("it notices");
    assert_eq!(Failure::of(&kept.unwrap_err()), Failure::Outage);
    db.close().await;
    servers.drop_database(&url).await.unwrap();
}

#[tokio::test]
async fn a_replica_that_is_paused_in_a_transaction_is_not_waited_for_long() {
    let Some((servers, line, far, near)) = two_ways().await else { return };
    near.migrate(&[(1, "CREATE TABLE cups (key TEXT PRIMARY KEY); INSERT INTO cups VALUES ('a')")]).await.unwrap();
    let lock = "SELECT key FROM cups WHERE key = $1 FOR UPDATE";
    let mut paused = far.begin().await.unwrap();
    paused.execute(lock, [Value::from("a")]).await.unwrap();
    let mut waits = 0;
    loop {
        let mut tx = near.begin().await.unwrap();
        match tx.execute(lock, [Value::from("a")]).await {
            Ok(locked) => break assert_eq!(locked, 1),
            Err(error) => assert_eq!(Failure::of(&error), Failure::Conflict),
        }
        waits += 1;
        assert!(waits < 3, "still waiting");
    }
    // Whoever was paused hears that it is over.
    assert_eq!(Failure::of(&paused.commit().await.unwrap_err()), Failure::Outage);
    near.close().await;
    servers.drop_database(&line.url).await.unwrap();
}
