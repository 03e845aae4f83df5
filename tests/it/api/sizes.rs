//! Sizes: of requests, of orders as everybody hears of them, of pages.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::refusal;
use crate::harness::{App, on_both, text};

/// What an order may be in JSON, in bytes.
const ORDER_BYTES_MAX: usize = 300 * 1024;
const PAGE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A dish with as many modifiers as a line may have, all of names of so many characters.
async fn offer(app: &App, dish: &str, length: usize) {
    let name = "n".repeat(length);
    let modifiers: Vec<String> = (0..20).map(|n| format!("{dish}{n}")).collect();
    for modifier in &modifiers {
        let item = json!({"name": name, "category": name, "price": 1, "kind": "modifier"});
        app.put(&format!("/v1/menu/soho/{modifier}"), item).await;
    }
    let item = json!({"name": name, "category": name, "price": 1, "modifiers": modifiers});
    app.put(&format!("/v1/menu/soho/{dish}"), item).await;
}

/// An order of as many lines as there may be, each with so many of the dish's modifiers.
fn order(dish: &str, modifiers: usize) -> Value {
    let modifiers: Vec<String> = (0..modifiers).map(|n| format!("{dish}{n}")).collect();
    let line = json!({"sku": dish, "quantity": 999, "modifiers": modifiers});
    json!({"location": "soho", "lines": vec![line; 100]})
}

#[tokio::test]
async fn an_order_is_no_larger_for_its_names_than_everybody_can_bear() {
    on_both(async |app| {
        offer(app, "s", 20).await;
        offer(app, "l", 100).await;
        // A hundred lines of twenty modifiers, with names as menus have them.
        let (status, placed) = app.send(app.ordering("short", &order("s", 20))).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{placed:.300}");
        assert!(placed.to_string().len() < ORDER_BYTES_MAX, "{}", placed.to_string().len());
        assert_eq!(refusal(app, app.ordering("long", &order("l", 20))).await, "422 invalid-line");
        let (status, _) = app.send(app.ordering("fewer", &order("l", 5))).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        app.settle().await;

        // Pages of such orders, and of what was said of them, have a size; nothing is missing.
        for n in 0..16 {
            let (status, _) = app.send(app.ordering(&n.to_string(), &order("s", 20))).await;
            assert_eq!(status, StatusCode::ACCEPTED);
        }
        app.settle().await;
        assert_eq!(all(app, "/v1/orders?location=soho&limit=500", "id").await, 18);
        assert_eq!(all(app, "/v1/tickets?location=soho&limit=500", "id").await, 18);
        let head = all(app, "/v1/feed/orders?limit=500", "id").await;
        assert_eq!(head, all(app, "/v1/feed/orders?limit=3", "id").await);
    })
    .await;
}

/// Reads all pages of a list, each of a size; how many different items there are.
async fn all(app: &App, list: &str, id: &str) -> usize {
    let mut seen = std::collections::BTreeSet::new();
    let (mut after, mut pages) = (String::new(), 0);
    loop {
        let path = format!("{list}&after={}", after.replace('+', "%2B"));
        let answer = app.request(Method::GET, &path).send().await.unwrap().text().await.unwrap();
        assert!(answer.len() < PAGE_BYTES_MAX + 100, "{path}: {}", answer.len());
        let page: Value = serde_json::from_str(&answer).unwrap();
        let items = page["items"].as_array().unwrap();
        for item in items {
            assert!(seen.insert(text(&item[id])), "{path}: comes twice");
        }
        match page["next"].as_str() {
            Some(next) if !items.is_empty() => after = next.to_owned(),
            _ => break,
        }
        pages += 1;
    }
    assert!(pages > 0, "{list}: more than a page");
    seen.len()
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered() {
    on_both(async |app| {
        for path in ["/v1/orders", "/v1/nothing", "/v1/stock/So.Ho/x/movements"] {
            let mut client = TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\n\
                 Connection: close\r\nContent-Length: 3000000\r\n\r\n"
            );
            client.write_all(head.as_bytes()).await.unwrap();
            client.write_all(&vec![b' '; 3_000_000]).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            let expected = if path == "/v1/orders" { "HTTP/1.1 413" } else { "HTTP/1.1 404" };
            assert!(answer.starts_with(expected), "{path}: {answer}");
        }
        let (status, problem) = app.send(app.request(Method::GET, "/docs/%ff")).await;
        assert!(status.is_client_error() && problem["type"].is_string(), "{status} {problem}");
        let (status, page) = app.send(app.request(Method::GET, "/v1/locations?after=")).await;
        assert_eq!((status, page["items"].as_array().unwrap().len()), (StatusCode::OK, 1));
    })
    .await;
}
