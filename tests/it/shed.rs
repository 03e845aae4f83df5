//! More is asked for than can be decided: who would only wait hears so at once, and who waits is served.

use futures_util::future::join_all;
use reqwest::{Method, StatusCode, header::RETRY_AFTER};
use serde_json::Value;
use shared::{
    db::Db,
    engine::{
        call::Call,
        pump::{Denial, Outcome},
    },
    process::host::Host,
    web::site::App,
};
use sqlx::{Connection as _, Executor, PgConnection};
use tokio::{
    sync::mpsc,
    time::{Instant, interval},
};

use crate::{
    harness::{self, Backends, PATIENCE, settings},
    process::POLL,
    taster::{Order, Taster},
};

/// More than may wait, with those that two batches have taken.
const RUSH: usize = 4096 + 2 * 512 + 100;

async fn is_waited_for(admin: &mut PgConnection) -> bool {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    sqlx::query_scalar::<_, i64>(sql).fetch_one(admin).await.unwrap() > 0
}

/// The taster has no reply for those whom it has served.
fn is_shed(outcome: &Outcome<Taster>) -> bool {
    match outcome {
        Ok(()) | Err(Denial::Failed) => false,
        Err(Denial::Unavailable(why)) if why.contains("more is asked for") => true,
        Err(denial) => panic!("{denial}"),
    }
}

async fn taste(app: &App<Taster>, nth: usize) -> Outcome<Taster> {
    app.pump.ask(Call::internal("a guest"), Order::Taste(format!("{nth}"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_would_only_wait_is_told_at_once_and_who_waits_is_served() {
    let Some(backends) = Backends::servers().await else { return };
    let mut host = Host::new(settings(&backends.bus, "127.0.0.1:0", PATIENCE).unwrap()).await.unwrap();
    let app = host.add::<Taster>(&backends.databases[2]).await.unwrap();
    let served = harness::App::serve(host, vec![app.db.clone()], axum::Router::new()).await.unwrap();
    let (mut locker, mut admin) = (connect(&backends).await, connect(&backends).await);
    let mut lock = locker.begin().await.unwrap();
    lock.execute("LOCK TABLE tastings IN ACCESS EXCLUSIVE MODE").await.unwrap();

    let (told, mut tells) = mpsc::unbounded_channel();
    let rush = join_all((0..RUSH).map(async |nth| {
        let outcome = taste(&app, nth).await;
        told.send(()).unwrap();
        outcome
    }));
    let released = async {
        let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
        while !is_waited_for(&mut admin).await {
            assert!(Instant::now() < deadline, "nobody waits for the table");
            every.tick().await;
        }
        // They hear it while all others still wait.
        for _ in 0..100 {
            tells.recv().await.unwrap();
        }
        let answer = served.request(Method::POST, "/tastings").send().await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()[RETRY_AFTER]),
            (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
        );
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["type"], "/problems/unavailable", "{problem}");
        lock.rollback().await.unwrap();
    };
    let (outcomes, ()) = tokio::join!(rush, released);
    let shed = outcomes.iter().filter(|outcome| is_shed(outcome)).count();
    assert!((100..=RUSH - 4096).contains(&shed), "{shed}");
    assert_eq!(count(&app.db).await, RUSH - shed);
    assert!(!is_shed(&taste(&app, RUSH).await), "the rush is over");

    drop(app);
    served.stop().await;
    backends.remove().await;
}

async fn connect(backends: &Backends) -> PgConnection {
    PgConnection::connect(&backends.databases[2]).await.unwrap()
}

async fn count(db: &Db) -> usize {
    let rows: Vec<(i64,)> = db.fetch("SELECT COUNT(*) FROM tastings", []).await.unwrap();
    usize::try_from(rows[0].0).unwrap()
}
