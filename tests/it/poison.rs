//! Inputs that kill the process, and those that only happened to be there: the guilty are set aside, nobody else is.

use lapin::options::BasicNackOptions;
use reqwest::StatusCode;
use shared::{
    bus::{Bus, MESSAGE_MAX_BYTES, Receipt},
    contract::topology,
    engine::{call::Call, dead, pump::Denial},
    process::host::Host,
    web::problem::Problem,
};
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::{Duration, Instant, interval};

use crate::{
    harness::{Backends, PATIENCE, settings, text},
    taster::{Order, POISON, Process, Taster, event, message, publish, run_until},
};

const POLL: Duration = Duration::from_millis(20);
/// More often than an input may take the process with it.
const KILLS: usize = dead::ATTEMPTS_MAX as usize * 2 + 4;

async fn all_backends() -> Vec<Backends> {
    let mut all = vec![Backends::embedded()];
    all.extend(Backends::servers().await);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_kills_the_process_is_set_aside_and_no_neighbour_with_it() {
    for backends in all_backends().await {
        let messages = [
            message(&[event("a")]),
            message(&[event("b"), event(POISON), event("c")]),
            message(&[event("d")]),
            message(&[event("e"), event("f")]),
        ];
        publish(&backends, &messages).await;
        let (letters, deaths) = run_until(&backends, &["a", "b", "c", "d", "e", "f"], 1).await;
        let [letter] = &letters[..] else { panic!("{letters:#?}") };
        assert_eq!(letter["subject"], POISON);
        assert_eq!(letter["reason"], "given up: the process died on it 5 times");
        assert_eq!(text(&letter["body"]), event(POISON).to_string());
        assert!(deaths >= 5, "{} deaths on {}", deaths, backends.name);
        backends.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_huge_message_the_beginning_is_kept_and_its_neighbours_go_through() {
    for backends in all_backends().await {
        let mut huge = message(&[event("huge")]);
        huge.events[0] += &"x".repeat(5 * MESSAGE_MAX_BYTES);
        publish(&backends, &[message(&[event("a")]), huge.clone(), message(&[event("b")]), huge]).await;
        let (letters, deaths) = run_until(&backends, &["a", "b"], 1).await;
        assert_eq!(deaths, 0);
        let reason = text(&letters[0]["reason"]);
        let length = event("huge").to_string().len() + 5 * MESSAGE_MAX_BYTES;
        assert!(
            reason.starts_with(&format!("too large: {length} bytes, where 1048576 are the most; SHA-256 ")),
            "{reason}"
        );
        assert!(text(&letters[0]["body"]).starts_with(&event("huge").to_string()));
        assert_eq!(text(&letters[0]["body"]).len(), 4096);
        backends.remove().await;
    }
}

/// The processes that wait for a lock in this database.
async fn waiting(admin: &mut PgConnection) -> Vec<i32> {
    let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    sqlx::query_scalar(sql).fetch_all(admin).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_table_is_locked_nobody_is_blamed() {
    let Some(backends) = Backends::servers().await else { return };
    publish(&backends, &[message(&[event("first")])]).await;
    run_until(&backends, &["first"], 0).await;
    publish(&backends, &[message(&[event("a"), event("b")]), message(&[event("c")])]).await;
    let mut locker = PgConnection::connect(&backends.databases[2]).await.unwrap();
    let mut admin = PgConnection::connect(&backends.databases[2]).await.unwrap();
    let mut lock = locker.begin().await.unwrap();
    lock.execute("LOCK TABLE tastings IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let (mut known, mut every) = (Vec::new(), interval(POLL));
    for _ in 0..KILLS {
        let deadline = Instant::now() + PATIENCE;
        let process = Process::start(&backends);
        // Sessions of those that were killed before may still wait.
        while waiting(&mut admin).await.iter().all(|pid| known.contains(pid)) {
            assert!(Instant::now() < deadline, "nobody waits for the table");
            every.tick().await;
        }
        known = waiting(&mut admin).await;
        process.kill();
    }
    lock.rollback().await.unwrap();
    run_until(&backends, &["a", "b", "c", "first"], 0).await;
    backends.remove().await;
}

/// Connections that break bring a message back as often as the broker allows, and nobody has died of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_gives_up_delivering_is_taken_in_all_the_same() {
    let Some(backends) = Backends::servers().await else { return };
    publish(&backends, &[message(&[event("a")])]).await;
    let bus = Bus::open(&backends.bus).await.unwrap();
    let mut subscription = bus.subscribe("kitchen-svc").await.unwrap();
    loop {
        let Receipt::Rabbit(delivery, _) = subscription.receive().await.unwrap().receipt else { unreachable!() };
        if delivery.exchange.as_str() == topology::DEAD_EXCHANGE {
            break;
        }
        assert!(delivery.nack(BasicNackOptions { requeue: true, ..Default::default() }).await.unwrap());
    }
    drop(subscription);
    let (_, deaths) = run_until(&backends, &["a"], 0).await;
    assert_eq!(deaths, 0);
    backends.remove().await;
}

#[tokio::test]
async fn a_command_that_was_decided_and_has_no_reply_is_our_fault() {
    let backends = Backends::embedded();
    let mut host = Host::new(settings(&backends.bus, "127.0.0.1:0", PATIENCE).unwrap()).await.unwrap();
    let app = host.add::<Taster>(&backends.databases[2]).await.unwrap();
    let denied = app.pump.ask(Call::internal("test"), Order::Nothing).await.unwrap_err();
    assert!(matches!(denied, Denial::Failed), "{denied:?}");
    assert_eq!(Problem::from(denied).status(), StatusCode::INTERNAL_SERVER_ERROR);
    let tasks = host.tasks.clone();
    drop((app, host));
    tasks.finish().await;
}
