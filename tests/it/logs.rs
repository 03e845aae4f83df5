//! Logs: an object of JSON a line, with what it is about, and none for what is as it should be.

use std::{collections::BTreeMap, fs::File};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{contract::time::Time, engine::call::fresh_id};

use crate::{
    harness::{App, Backends, scratch, text},
    missed::until,
    process::{Process, comanda, free_address},
    taster::{event, message, publish},
};

const OPERATIONS: &str = include_str!("../../docs/operations.md");
const ORDERS: usize = 20;
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// What a restaurant says that has taken so many orders, and was told so often of something that it cannot take in.
async fn said(filter: Option<&str>, wrong: usize) -> Vec<Value> {
    let (backends, listen, scratch) = (Backends::embedded(), free_address(), scratch());
    let log = scratch.path().join("log");
    let wrong: Vec<_> = (0..wrong).map(|nth| message(&[broken(&format!("wrong {nth}"))])).collect();
    publish(&backends, &wrong).await;
    let mut command = comanda(&backends, &listen);
    command.env_remove("RUST_LOG").envs(filter.map(|filter| ("RUST_LOG", filter))).stderr(File::create(&log).unwrap());
    let process = Process::run(&mut command, &listen).await;
    for _ in 0..ORDERS {
        let order = process.request(Method::POST, "/v1/orders").header("idempotency-key", fresh_id().to_string());
        let order = order.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
        assert_eq!(process.send(order.json(&App::order("1 margherita"))).await.0, StatusCode::ACCEPTED);
    }
    let kept = format!("comanda_dead_letters{{service=\"kitchen-svc\"}} {}\n", wrong.len());
    until(async || {
        let told = process.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
        told.contains(&kept)
    })
    .await;
    assert_eq!(process.terminate(), Some(0));
    let said = std::fs::read_to_string(log).unwrap();
    said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// An event without its data.
fn broken(name: &str) -> Value {
    let mut wrong = event(name);
    (wrong["correlationid"], wrong["traceparent"]) =
        (text(&wrong["id"]).into(), format!("00-{TRACE}-00f067aa0ba902b7-01").into());
    wrong["data"] = json!({});
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_is_an_object_and_no_order_has_one() {
    let lines = said(None, 1).await;
    assert!(lines.len() < ORDERS, "{lines:#?}");
    for line in &lines {
        let is_whole = ["timestamp", "level", "message", "target"].iter().all(|member| line[member].is_string());
        assert!(is_whole, "{line}");
    }
    let letter = lines.iter().find(|line| line["message"] == "dead letter").unwrap();
    assert_eq!((&letter["level"], &letter["service"]), (&"ERROR".into(), &"kitchen-svc".into()));
    assert_eq!((&letter["trace.id"], &letter["order.id"]), (&TRACE.into(), &event("wrong 0")["id"]));
    assert!(letter["event.id"].is_string() && letter["reason"].is_string(), "{letter}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_it_sees_each_request() {
    let lines = said(Some("info,access=debug"), 0).await;
    let is_order =
        |line: &&Value| line["target"] == "access" && line["route"] == "/v1/orders" && line["trace.id"] == TRACE;
    let orders: Vec<&Value> = lines.iter().filter(is_order).collect();
    assert_eq!(orders.len(), ORDERS);
    assert!(orders.iter().all(|line| line["status"] == 202 && line["duration_ms"].is_number()), "{orders:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_dead_letters_is_a_few_lines_a_second() {
    const LETTERS: usize = 1_000;
    let lines = said(None, LETTERS).await;
    let letters: Vec<&Value> = lines.iter().filter(|line| line["message"] == "dead letter").collect();
    let at = |line: &Value| text(&line["timestamp"]).parse::<Time>().unwrap();
    // However the seconds fall, two of them touch no more than these.
    for (first, later) in letters.iter().zip(letters.iter().skip(30)) {
        assert!(at(later).since(at(first)).as_secs() >= 1, "{first} {later}");
    }
    let told: usize = letters.iter().map(|line| 1 + line["left_out"].as_u64().unwrap() as usize).sum();
    assert!(told <= LETTERS && !letters.is_empty(), "{told}");
}

/// What collectors index by: nothing is of two kinds, and nothing is an object to one line and a value to another.
#[tokio::test(flavor = "multi_thread")]
async fn collectors_take_the_lines_as_they_are() {
    let lines = said(Some("info,access=debug"), 3).await;
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, value) in lines.iter().flat_map(|line| line.as_object().unwrap()) {
        let kind = match value {
            Value::String(_) => "text",
            Value::Number(_) => "number",
            Value::Bool(_) => "flag",
            other => panic!("{name} is {other}"),
        };
        assert_eq!(*kinds.entry(name).or_insert(kind), kind, "{name}");
    }
    for name in kinds.keys() {
        let inside = kinds.keys().find(|other| other.strip_prefix(*name).is_some_and(|rest| rest.starts_with('.')));
        assert_eq!(inside, None, "{name} is a value and holds others");
    }
    assert!(lines.iter().all(|line| text(&line["timestamp"]).parse::<Time>().is_ok()), "RFC 3339");
    // What the document has collectors look for is there.
    let (_, rest) = OPERATIONS.split_once("expressions = {").unwrap();
    let (named, _) = rest.split_once('}').unwrap();
    for pair in named.split(',') {
        let (name, path) = pair.split_once('=').unwrap();
        let path = path.trim().trim_matches(['"', '\\']);
        let field = if path.is_empty() { name.trim() } else { path };
        assert!(kinds.contains_key(field), "{field} is in no line: {kinds:?}");
    }
}
