//! What goes wrong in real kitchens: processes die, brokers and databases go away, messages are poison.

use std::time::Duration;

use expect_test::expect;
use reqwest::{Method, StatusCode};
use shared::bus::Message;

use crate::{
    checker,
    harness::{App, Backends, on_both, text},
    process::{Guests, Process, free_address},
    servers::{Private, Servers},
};

const WAIT: Duration = Duration::from_secs(240);
const PLENTY: i64 = 1_000_000;

/// A server of the test's own; `None` where the tests run without servers.
fn private(kind: &'static str) -> Option<Private> {
    Servers::get()?;
    Some(Private::start(kind).unwrap())
}

/// Opens a restaurant with plenty of everything and closes the process that did it.
async fn prepare(backends: &Backends) {
    let app = App::start(backends, WAIT).await;
    app.open_restaurant().await;
    for ingredient in ["dough", "cheese"] {
        app.movement(ingredient, "receive", PLENTY).await;
    }
    app.finish().await;
}

/// Starts the restaurant once more, checks everything, and stops it.
async fn examine(backends: &Backends, answered: &[String]) {
    let app = App::start(backends, WAIT).await;
    checker::check(&app, answered).await;
    app.finish().await;
}

/// Pseudo-random, and the same at every run: which moments are hit depends on the machine anyway.
fn moments(count: usize) -> impl Iterator<Item = usize> {
    (1..=count).map(|n| (n * 7919) % 60 + 1)
}

async fn is_killed_at_any_moment(backends: Backends, times: usize) {
    prepare(&backends).await;
    let address = free_address();
    let guests = Guests::arrive(8, std::slice::from_ref(&address), "1 margherita");
    for orders in moments(times) {
        let process = Process::start(&backends, &address).await;
        guests.wait_for(orders).await;
        process.kill();
    }
    let process = Process::start(&backends, &address).await;
    let answered = guests.leave().await;
    assert_eq!(process.terminate(), Some(0));
    examine(&backends, &answered).await;
    backends.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_loses_nothing_on_files() {
    is_killed_at_any_moment(Backends::embedded(), 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_loses_nothing_on_servers() {
    let Some(backends) = Backends::servers().await else { return };
    is_killed_at_any_moment(backends, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replicas_one_is_killed_and_the_other_goes_on() {
    let Some(backends) = Backends::servers().await else { return };
    prepare(&backends).await;
    let addresses = [free_address(), free_address()];
    let first = Process::start(&backends, &addresses[0]).await;
    let second = Process::start(&backends, &addresses[1]).await;
    let guests = Guests::arrive(8, &addresses, "1 margherita");
    guests.wait_for(100).await;
    first.kill();
    guests.wait_for(100).await;
    let third = Process::start(&backends, &addresses[0]).await;
    guests.wait_for(50).await;
    second.kill();
    guests.wait_for(50).await;
    let answered = guests.leave().await;
    assert_eq!(third.terminate(), Some(0));
    examine(&backends, &answered).await;
    backends.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_do_not_oversell() {
    let Some(backends) = Backends::servers().await else { return };
    let (first, second) = (App::start(&backends, WAIT).await, App::start(&backends, WAIT).await);
    first.open_restaurant().await;
    first.movement("patty", "count", 10).await;
    first.settle().await;
    let body = App::order("1 burger");
    let orders = (0..100).map(async |n| {
        let app = if n % 2 == 0 { &first } else { &second };
        app.send(app.ordering(&format!("rush-{n}"), &body)).await.0
    });
    futures_util::future::join_all(orders).await;
    first.settle().await;
    let accepted = checker::all(&first, "/v1/orders?location=soho&status=accepted").await;
    assert_eq!(accepted.len(), 10);
    first.check_stock("patty", expect!["patty 10-10"]).await;
    first.finish().await;
    second.finish().await;
    backends.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_goes_away_and_orders_are_taken_all_the_same() {
    let Some(mut rabbit) = private("rabbitmq") else { return };
    let mut backends = Backends::servers().await.unwrap();
    let shared_vhost = std::mem::replace(&mut backends.bus, rabbit.variable("TEST_AMQP_URL").unwrap());
    let app = App::start(&backends, WAIT).await;
    app.open_restaurant().await;
    let before = app.place("1 margherita").await;
    app.check(&before, expect!["accepted"]).await;
    for verb in ["stop", "kill"] {
        rabbit.run(verb).unwrap();
        let mut meanwhile = Vec::new();
        for _ in 0..20 {
            meanwhile.push(app.place("1 margherita").await);
        }
        assert_eq!(app.get("/healthz/ready").await["status"], "ok");
        assert_eq!(app.get(&format!("/v1/orders/{}", meanwhile[0])).await["status"], "placed");
        let ticket = text(&app.get("/v1/tickets?location=soho").await["items"][0]["id"]);
        app.act(&format!("/v1/tickets/{ticket}/rush")).await;
        rabbit.start_again().unwrap();
        for order in &meanwhile {
            app.check(order, expect!["accepted"]).await;
        }
    }
    app.finish().await;
    backends.bus = shared_vhost;
    backends.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_goes_away_and_nobody_is_blamed() {
    let Some(mut postgres) = private("postgres") else { return };
    let mut backends = Backends::servers().await.unwrap();
    let url = postgres.variable("TEST_POSTGRES_URL").unwrap();
    let shared_inventory = std::mem::replace(&mut backends.databases[1], url);
    let app = App::start(&backends, WAIT).await;
    app.open_restaurant().await;
    app.settle().await;
    postgres.run("kill").unwrap();
    let mut meanwhile = Vec::new();
    for _ in 0..10 {
        meanwhile.push(app.place("1 margherita").await);
    }
    let (status, _) = app.send(app.request(Method::GET, "/healthz/ready")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let refused = app
        .request(Method::POST, "/v1/stock/soho/dough/movements")
        .header("idempotency-key", "away")
        .json(&serde_json::json!({"kind": "receive", "quantity": 1}))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    postgres.start_again().unwrap();
    for order in &meanwhile {
        app.check(order, expect!["accepted"]).await;
    }
    app.finish().await;
    backends.databases[1] = shared_inventory;
    backends.remove().await;
}

/// A message to the kitchen with these bodies.
fn message(kind: &str, events: &[&str]) -> Message {
    Message {
        routing_key: format!("{kind}.soho"),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        id: "0190b2f0-0000-7000-8000-00000000000f".into(),
        kind: kind.into(),
        correlation: None,
        traceparent: None,
    }
}

#[tokio::test]
async fn poison_is_kept_and_its_neighbours_go_through() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.settle().await;
        let said = app.get("/v1/feed/orders?limit=500").await;
        let accepted =
            said["items"].as_array().unwrap().iter().find(|event| event["type"] == "order.accepted").unwrap();
        let (mut good, mut bad, mut nul) = (accepted.clone(), accepted.clone(), accepted.clone());
        for (event, subject) in [(&mut good, "1"), (&mut bad, "2"), (&mut nul, "3")] {
            let id = format!("0190b2f0-0000-7000-8000-00000000000{subject}");
            event["id"] = format!("b1c8f3c2-0f5e-5d0c-9a43-5f1d2c3b4a5{subject}").into();
            event["subject"] = id.clone().into();
            event["data"]["id"] = id.into();
        }
        bad["data"]["lines"] = "none".into();
        nul["data"]["lines"][0]["name"] = "nul \0 in a name".into();
        let (good, bad, nul) = (good.to_string(), bad.to_string(), nul.to_string());
        let garbage = "{\"this is\": no event";
        let batch = message("order.accepted", &[&bad, &good, &nul]);
        let publisher = app.bus.publisher().await.unwrap();
        publisher.publish(&[message("order.accepted", &[garbage]), batch.clone(), batch]).await.unwrap();
        app.expect_dead("kitchen", 3).await;
        let dead = app.get("/v1/dead/kitchen").await;
        let bodies: Vec<String> =
            dead["items"].as_array().unwrap().iter().map(|letter| text(&letter["body"])).collect();
        for body in [garbage, &bad, &nul] {
            assert!(bodies.iter().any(|kept| kept == body), "{body} is not among {bodies:#?}");
        }
        let metrics = app.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
        assert!(metrics.contains("comanda_dead_letters{service=\"kitchen-svc\"} 3"), "{metrics}");
        let tickets = app.get("/v1/tickets?location=soho").await["items"].as_array().unwrap().len();
        assert_eq!(tickets, 2, "the order's and the good neighbour's");
        app.kitchen(&order, "serve").await;
    })
    .await;
}
