//! Determinism at large: a rush with all that goes wrong in one comes out the same whenever it is run again, and running it
//! changes nothing outside.

use std::time::Duration;

use lapin::{Connection, ConnectionProperties, options::QueueDeclareOptions, types::FieldTable};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{bus::Message, contract::topology};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::time::{Instant, interval};

use crate::{
    developer::told,
    harness::{App, Backends, PATIENCE, text},
    process::{Process, comanda, free_address},
    taster::publish_on,
};

const WAIT: Duration = Duration::from_secs(240);
const POLL: Duration = Duration::from_millis(50);
const FEEDS: [&str; 3] = ["orders", "inventory", "kitchen"];
/// Orders that simulated guests have placed when something goes wrong, and once more until the next.
const ORDERS: i64 = 30;

/// Simulated guests and cooks, on one of the replicas.
async fn at_work(backends: &Backends, address: &str) -> Process {
    Process::run(comanda(backends, address).args(["--simulate", "20/s"]), address).await
}

/// The highest number that an order has by now.
async fn orders(process: &Process) -> i64 {
    let (_, newest) = process.send(process.request(Method::GET, "/v1/orders?limit=1")).await;
    newest["items"][0]["number"].as_i64().unwrap_or(0)
}

async fn until_more(process: &Process) {
    let (from, deadline, mut every) = (orders(process).await, Instant::now() + PATIENCE, interval(POLL));
    while orders(process).await < from + ORDERS {
        assert!(Instant::now() < deadline, "nobody orders");
        every.tick().await;
    }
}

/// A process is killed at work, and where there may be two, another beside it.
async fn rush(backends: &Backends, replicas: usize) {
    let addresses: Vec<String> = (0..replicas).map(|_| free_address()).collect();
    let mut processes = Vec::new();
    for address in &addresses {
        processes.push(at_work(backends, address).await);
    }
    for killed in 0..2 {
        let nth = killed % replicas;
        until_more(&processes[nth]).await;
        let again = free_address();
        processes.remove(nth).kill();
        processes.insert(nth, at_work(backends, &again).await);
    }
    until_more(&processes[0]).await;
    processes.into_iter().for_each(Process::kill);
}

/// What the simulated rarely do: a cancel, a sell-out, a recall, and somebody who sends noise.
async fn mischief(app: &App) {
    let [cancelled, recalled] = [app.place("1 margherita").await, app.place("1 margherita").await];
    app.kitchen(&recalled, "serve").await;
    app.kitchen(&recalled, "recall").await;
    app.post(&format!("/v1/orders/{cancelled}/cancel")).await;
    let refused = app.place(&["999 margherita"; 50].join("; ")).await;
    app.settle().await;
    app.put("/v1/availability/soho/margherita", json!({"available": false})).await;
    app.put("/v1/tickets/out/soho/margherita", json!({})).await;
    assert_eq!(app.get(&format!("/v1/orders/{refused}")).await["status"], "rejected");
    let noise = Message {
        routing_key: "order.accepted.soho".into(),
        events: vec!["{\"specversion\":\"1.0\"}".into()],
        id: "0190b2f0-0000-7000-8000-00000000000f".into(),
        kind: "order.accepted".into(),
        correlation: None,
        traceparent: None,
    };
    publish_on(&app.bus, &[noise]).await;
    app.expect_dead("kitchen", 1).await;
    let (status, _) = app.send(app.ordering("none", &json!({"location": "soho", "lines": []}))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn states(app: &App) -> Vec<Value> {
    let mut states = Vec::new();
    for feed in FEEDS {
        states.push(app.get(&format!("/v1/state/{feed}")).await);
    }
    states
}

/// Runs it all again, and compares it with what is stored: nothing outside changes. False where something fell due
/// meanwhile and was decided, of which the journals tell.
async fn is_the_same(app: &App, backends: &Backends) -> bool {
    let (before, waiting) = (states(app).await, bus(backends).await);
    let shown = told(&["replay", "--at", &app.base]).await;
    assert_eq!(shown.matches(": identical\n").count(), 3, "{shown}");
    let compared = told(&["replay", "--compare", "--json", "--at", &app.base]).await;
    let compared: Vec<Value> = compared.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let after = states(app).await;
    let positions = |states: &[Value]| states.iter().map(|state| state["position"].clone()).collect::<Vec<_>>();
    if positions(&before) != positions(&after) {
        return false;
    }
    assert_eq!(after, before, "nothing outside changes");
    assert_eq!(bus(backends).await, waiting, "and nothing is published");
    assert_eq!(compared.len(), 3, "{compared:#?}");
    for (now, then) in compared.iter().zip(&before) {
        let both = (&now["tables"], &now["run_again"]);
        assert_eq!(both, (&then["tables"], &then["tables"]), "{}", text(&now["service"]));
    }
    true
}

/// What the bus holds.
async fn bus(backends: &Backends) -> Vec<(String, i64)> {
    let Some(file) = backends.bus.strip_prefix("sqlite:") else { return queues(backends).await };
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut bus = SqliteConnection::connect_with(&options).await.unwrap();
    let sql = "SELECT 'log', COALESCE(MAX(position), 0) FROM log UNION ALL SELECT 'kept', COUNT(*) FROM log";
    sqlx::query_as(sql).fetch_all(&mut bus).await.unwrap()
}

/// How many messages each queue holds. What the broker says of the stream's length is late.
async fn queues(backends: &Backends) -> Vec<(String, i64)> {
    let connection = Connection::connect(&backends.bus, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let mut held = Vec::new();
    let of_services = topology::LISTENERS.iter().flat_map(|(name, _)| [topology::inbox(name), topology::dead(name)]);
    for queue in of_services {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let declared = channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await.unwrap();
        held.push((queue, declared.message_count().into()));
    }
    held
}

async fn comes_out_the_same(backends: Backends, replicas: usize) {
    rush(&backends, replicas).await;
    let app = App::start(&backends, WAIT).await;
    app.settle().await;
    mischief(&app).await;
    let mut same = 0;
    // A minute after the demo's stations were replaced, each is cleared, if the machine takes that long.
    for _ in 0..10 {
        same += usize::from(is_the_same(&app, &backends).await);
        if same == 2 {
            break;
        }
    }
    assert_eq!(same, 2, "whenever it is run again, something else is decided");
    app.finish().await;
    backends.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rush_on_files_comes_out_the_same() {
    comes_out_the_same(Backends::embedded(), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rush_of_two_replicas_comes_out_the_same() {
    let Some(backends) = Backends::servers().await else { return };
    comes_out_the_same(backends, 2).await;
}
