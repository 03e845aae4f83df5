//! Logs: an object of JSON a line, with what it is about, and none for what is as it should be.

use std::fs::File;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use shared::engine::call::fresh_id;

use crate::{
    harness::{App, Backends, scratch, text},
    process::{Process, comanda, free_address},
    taster::{event, message, publish},
};

const ORDERS: usize = 20;
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// What a restaurant says that has taken so many orders, and was told of something that it cannot take in.
async fn said(filter: Option<&str>) -> Vec<Value> {
    let (backends, listen, scratch) = (Backends::embedded(), free_address(), scratch());
    let log = scratch.path().join("log");
    let mut wrong = event("wrong");
    (wrong["correlationid"], wrong["traceparent"]) =
        (text(&wrong["id"]).into(), format!("00-{TRACE}-00f067aa0ba902b7-01").into());
    wrong["data"] = serde_json::json!({});
    publish(&backends, &[message(&[wrong])]).await;
    let mut command = comanda(&backends, &listen);
    command.env_remove("RUST_LOG").envs(filter.map(|filter| ("RUST_LOG", filter))).stderr(File::create(&log).unwrap());
    let process = Process::run(&mut command, &listen).await;
    for _ in 0..ORDERS {
        let order = process.request(Method::POST, "/v1/orders").header("idempotency-key", fresh_id().to_string());
        let order = order.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
        assert_eq!(process.send(order.json(&App::order("1 margherita"))).await.0, StatusCode::ACCEPTED);
    }
    assert_eq!(process.terminate(), Some(0));
    let said = std::fs::read_to_string(log).unwrap();
    said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_is_an_object_and_no_order_has_one() {
    let lines = said(None).await;
    assert!(lines.len() < ORDERS, "{lines:#?}");
    for line in &lines {
        let is_whole = ["timestamp", "level", "message", "target"].iter().all(|member| line[member].is_string());
        assert!(is_whole, "{line}");
    }
    let letter = lines.iter().find(|line| line["message"] == "dead letter").unwrap();
    assert_eq!((&letter["level"], &letter["service"]), (&"ERROR".into(), &"kitchen-svc".into()));
    assert_eq!((&letter["trace.id"], &letter["order.id"]), (&TRACE.into(), &event("wrong")["id"]));
    assert!(letter["event.id"].is_string() && letter["reason"].is_string(), "{letter}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_it_sees_each_request() {
    let lines = said(Some("info,access=debug")).await;
    let is_order =
        |line: &&Value| line["target"] == "access" && line["route"] == "/v1/orders" && line["trace.id"] == TRACE;
    let orders: Vec<&Value> = lines.iter().filter(is_order).collect();
    assert_eq!(orders.len(), ORDERS);
    assert!(orders.iter().all(|line| line["status"] == 202 && line["duration_ms"].is_number()), "{orders:#?}");
}
