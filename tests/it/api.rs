//! The HTTP contract: idempotency, waiting, versions, pages, limits. On both pairs of backends.

mod conditions;
pub(crate) mod day;
mod documented;
mod doors;
pub(crate) mod live;
mod menu;
mod sizes;

use std::time::Duration;

use expect_test::expect;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{App, PATIENCE, on_both, text};

/// Status and problem type of the answer.
pub(crate) async fn refusal(app: &App, request: reqwest::RequestBuilder) -> String {
    let (status, body) = app.send(request).await;
    format!("{} {}", status.as_u16(), body["type"].as_str().unwrap_or_default().trim_start_matches("/problems/"))
}

#[tokio::test]
async fn the_same_key_is_the_same_order() {
    on_both(async |app| {
        let body = App::order("1 margherita");
        let first = app.ordering("k", &body).send().await.unwrap();
        assert_eq!(first.status(), StatusCode::ACCEPTED);
        let location = first.headers()["location"].clone();
        assert!(!first.headers().contains_key("idempotent-replayed"));
        let first: Value = first.json().await.unwrap();
        app.settle().await;
        // As it was parsed, not as it was written: another order of members, other white space.
        let again = serde_json::to_string_pretty(&json!({"lines": body["lines"], "location": "soho"})).unwrap();
        let again = app
            .request(Method::POST, "/v1/orders")
            .header("idempotency-key", "\"k\"")
            .header("content-type", "application/json")
            .body(again)
            .send()
            .await
            .unwrap();
        assert_eq!(again.status(), StatusCode::ACCEPTED);
        assert_eq!(again.headers()["idempotent-replayed"], "true");
        assert_eq!(again.headers()["location"], location);
        let again: Value = again.json().await.unwrap();
        assert_eq!((&again["id"], &again["status"]), (&first["id"], &json!("accepted")));
        assert_eq!(refusal(app, app.ordering("k", &App::order("2 margherita"))).await, "422 idempotency-key-reused");
        app.check_stock("dough", expect!["dough 100-1"]).await;
    })
    .await;
}

#[tokio::test]
async fn many_at_once_with_one_key_are_one_order() {
    on_both(async |app| {
        let body = App::order("1 margherita");
        let answers = (0..50).map(async |_| app.send(app.ordering("same", &body)).await);
        let answers = futures_util::future::join_all(answers).await;
        assert!(
            answers.iter().all(|(status, order)| *status == StatusCode::ACCEPTED && order["id"] == answers[0].1["id"])
        );
        app.check_stock("dough", expect!["dough 100-1"]).await;
    })
    .await;
}

#[tokio::test]
async fn an_external_id_is_a_key_too() {
    on_both(async |app| {
        let order = |lines: &str, id: &str| {
            let mut body = App::order(lines);
            body["channel"] = json!({"name": "aggregator", "external_id": id});
            body
        };
        let post = |body: &Value| app.request(Method::POST, "/v1/orders").json(body);
        let (status, first) = app.send(post(&order("1 cola", "x1"))).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        let (_, again) = app.send(post(&order("1 cola", "x1"))).await;
        assert_eq!(again["id"], first["id"]);
        assert_eq!(refusal(app, post(&order("2 cola", "x1"))).await, "409 external-id-conflict");
        let (_, by_header) = app.send(app.ordering("h1", &order("1 cola", "x2"))).await;
        let (_, by_id) = app.send(post(&order("1 cola", "x2"))).await;
        assert_eq!(by_header["id"], by_id["id"], "both are bound");
        assert_eq!(refusal(app, app.ordering("h1", &order("1 cola", "x1"))).await, "422 idempotency-key-reused");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    on_both(async |app| {
        let body = App::order("1 margherita");
        let location =
            |mode: &str| json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": mode});
        app.put("/v1/locations/soho", location("paused")).await;
        assert_eq!(refusal(app, app.ordering("k", &body)).await, "409 location-not-accepting");
        app.put("/v1/locations/soho", location("open")).await;
        let (status, _) = app.send(app.ordering("k", &body)).await;
        assert_eq!(status, StatusCode::ACCEPTED);
    })
    .await;
}

#[tokio::test]
async fn who_prefers_to_wait_hears_the_decision() {
    on_both(async |app| {
        let wait = |key: &str, lines: &str| app.ordering(key, &App::order(lines)).header("prefer", "wait=20");
        let (status, order) = app.send(wait("1", "1 margherita")).await;
        assert_eq!((status, &order["status"]), (StatusCode::CREATED, &json!("accepted")));
        app.movement("patty", "count", 1).await;
        let (status, order) = app.send(wait("2", "2 burger")).await;
        assert_eq!((status, &order["status"]), (StatusCode::CREATED, &json!("rejected")));
        let (status, _) = app.send(wait("2", "2 burger")).await;
        assert_eq!(status, StatusCode::CREATED, "a repetition of what is decided does not wait");
    })
    .await;
}

#[tokio::test]
async fn an_order_that_nobody_decides_is_rejected_in_time() {
    // One service is missing: nobody reserves.
    let backends = crate::harness::Backends::embedded();
    let app = App::start_without_inventory(&backends, Duration::from_secs(1)).await;
    let location = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "open"});
    app.put("/v1/locations/soho", location).await;
    app.put("/v1/menu/soho/cola", json!({"name": "Cola", "category": "Drinks", "price": 300})).await;
    let order = app.place("1 cola").await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let decided = loop {
        let order = app.get(&format!("/v1/orders/{order}")).await;
        if order["status"] != "placed" {
            break order;
        }
        assert!(tokio::time::Instant::now() < deadline, "nobody decides");
        tokio::task::yield_now().await;
    };
    assert_eq!((&decided["status"], &decided["rejection"]["reason"]), (&json!("rejected"), &json!("timed_out")));
    app.stop().await;
}

#[tokio::test]
async fn versions_are_etags() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.check(&order, expect!["accepted"]).await;
        let path = format!("/v1/orders/{order}");
        let answer = app.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(answer.headers()["etag"], "\"2\"");
        let unchanged = app.request(Method::GET, &path).header("if-none-match", "\"2\"").send().await.unwrap();
        assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(unchanged.text().await.unwrap(), "");
        let stations = app.request(Method::GET, "/v1/stations/soho").header("if-none-match", "\"0\", W/\"1\"");
        assert_eq!(stations.send().await.unwrap().status(), StatusCode::NOT_MODIFIED);
    })
    .await;
}

#[tokio::test]
async fn lists_are_pages() {
    on_both(async |app| {
        let mut placed = Vec::new();
        for _ in 0..5 {
            placed.push(app.place("1 cola").await);
        }
        placed.reverse();
        app.settle().await;
        let (mut listed, mut after) = (Vec::new(), String::new());
        loop {
            let page = app.get(&format!("/v1/orders?location=soho&limit=2{after}")).await;
            listed.extend(page["items"].as_array().unwrap().iter().map(|order| text(&order["id"])));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={}", next.replace('+', "%2B").replace(' ', "%20")),
                None => break,
            }
        }
        assert_eq!(listed, placed, "newest first");
        for (query, expected) in [
            ("limit=9999", "200 "),
            ("limit=0", "422 invalid"),
            ("limit=x", "422 invalid"),
            ("after=nonsense", "422 invalid"),
            ("status=nonsense", "422 invalid"),
        ] {
            let path = format!("/v1/orders?location=soho&{query}");
            assert_eq!(refusal(app, app.request(Method::GET, &path)).await, expected, "{query}");
        }
        let first = app.get("/v1/menu/soho?limit=3").await;
        assert_eq!((first["items"].as_array().unwrap().len(), &first["next"]), (3, &json!("extra_cheese")));
        let last = app.get("/v1/menu/soho?limit=3&after=extra_cheese").await;
        assert_eq!((&last["items"][0]["sku"], &last["next"]), (&json!("margherita"), &Value::Null));
        for path in [
            "/v1/orders?after=%00",
            "/v1/menu/soho?after=%00",
            "/v1/locations?after=%00",
            "/v1/stock/soho?after=%00",
            "/v1/stock/soho/dough/movements?after=x",
            "/v1/recipes/soho?after=%00",
            "/v1/availability/soho?after=%00",
            "/v1/inventory?after=%00",
            "/v1/tickets?after=x",
            "/v1/dead/orders?after=x",
            "/v1/feed/orders?after=x",
            "/v1/feed/orders?after=-1",
            "/v1/feed/orders?after=999999",
        ] {
            let (status, problem) = app.send(app.request(Method::GET, path)).await;
            assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!("after")), "{path}");
        }
        let (_, problem) = app.send(app.request(Method::GET, "/v1/orders?status=nonsense")).await;
        assert_eq!(problem["errors"][0]["pointer"], "status");
    })
    .await;
}

#[tokio::test]
async fn wrong_requests_are_told_what_is_wrong() {
    on_both(async |app| {
        let post = |body: &'static str| {
            let request = app.request(Method::POST, "/v1/orders").header("content-type", "application/json");
            request.header("idempotency-key", "k").body(body)
        };
        let keyless = |body: &'static str| {
            app.request(Method::POST, "/v1/orders").header("content-type", "application/json").body(body)
        };
        for (request, expected) in [
            (post("{"), "400 malformed"),
            (post(""), "400 malformed"),
            (keyless("{"), "400 malformed"),
            (keyless(r#"{"location":7}"#), "400 idempotency-key-missing"),
            (post(r#"{"location":7}"#), "422 invalid"),
            (post(r#"["soho",[["cola",1]]]"#), "422 invalid"),
            (post(r#"{"location":"soho","lines":[["cola",1]]}"#), "422 invalid-line"),
            (post(r#"{"location":"soho","lines":[{"sku":"cola","quantity":1}],"type":{"pickup":null}}"#), "422 invalid"),
            (post("{}").header("idempotency-key", "k2"), "422 invalid"),
            (post("{}").header("content-encoding", "gzip"), "415 unsupported-media-type"),
            (post(r#"{"location":"soho","lines":[]}"#), "422 invalid-line"),
            (post(r#"{"location":"soho","lines":[{"sku":"cola","quantity":0}]}"#), "422 invalid-line"),
            (post(r#"{"location":"soho","lines":[{"sku":"cola","quantity":1000}]}"#), "422 invalid-line"),
            (post(r#"{"location":"soho","lines":[{"sku":"cola","quantity":1,"price":1}]}"#), "422 invalid-line"),
            (post(r#"{"location":"soho","lines":[{"sku":"cola","quantity":1}],"x":1}"#), "422 invalid"),
            (post(r#"{"location":"soho","lines":[{"sku":"nothing","quantity":1}]}"#), "422 unknown-item"),
            (post(r#"{"location":"soho","lines":[{"sku":"extra_cheese","quantity":1}]}"#), "422 unknown-item"),
            (post(r#"{"location":"mars","lines":[{"sku":"cola","quantity":1}]}"#), "404 unknown-location"),
            (
                post(r#"{"location":"soho","lines":[{"sku":"cola","quantity":1}],"expected_total":{"amount":1,"currency":"GBP"}}"#),
                "422 price-mismatch",
            ),
            (app.request(Method::POST, "/v1/orders").header("idempotency-key", "k").body("x"), "415 unsupported-media-type"),
            (app.request(Method::DELETE, "/v1/orders"), "405 method-not-allowed"),
            (app.request(Method::GET, "/v1/nothing"), "404 not-found"),
            (app.request(Method::GET, "/docs/nothing"), "404 not-found"),
            (app.request(Method::GET, "/v1/orders/not-an-id"), "404 not-found"),
            (app.request(Method::GET, "/v1/orders/0190b2f0-0000-7000-8000-000000000001"), "404 not-found"),
            (app.request(Method::GET, "/v1/menu/mars"), "404 unknown-location"),
            (app.request(Method::POST, "/v1/tickets/0190b2f0-0000-7000-8000-000000000001/start"), "404 not-found"),
        ] {
            let shown = format!("{request:?}");
            assert_eq!(refusal(app, request).await, expected, "{shown}");
        }
        let large = json!({"location": "soho", "lines": [], "notes": "x".repeat(70_000)});
        assert_eq!(refusal(app, app.ordering("k", &large)).await, "413 too-large");
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_what_is_there_is_refused() {
    on_both(async |app| {
        let put = |path: &str, body: Value| app.request(Method::PUT, path).json(&body);
        let dish = |modifiers: Value| json!({"name": "Dish", "category": "New", "price": 1, "modifiers": modifiers});
        let stations = |count: usize| {
            let stations: Vec<Value> = (0..count).map(|n| json!({"id": format!("s{n}"), "name": "S"})).collect();
            json!({"stations": stations, "default": "s0"})
        };
        let paused = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "paused", "until": "2020-01-01T00:00:00Z"});
        for (request, expected) in [
            // What is in stock, or in a recipe, is counted in its unit.
            (put("/v1/stock/soho/cheese", json!({"name": "cheese", "unit": "each"})), "409 unit-in-use"),
            (put("/v1/stock/soho/cheese", json!({"name": "Cheddar", "unit": "g"})), "200 "),
            (put("/v1/menu/soho/new", dish(json!(["a", "b", "a"]))), "422 invalid"),
            (put("/v1/menu/soho/new", dish(json!(["new"]))), "422 invalid"),
            (put("/v1/menu/soho/new", dish(json!(["a", "b"]))), "200 "),
            (put("/v1/stations/soho", stations(101)), "422 invalid"),
            (put("/v1/stations/soho", stations(100)), "200 "),
            (put("/v1/locations/soho", paused), "422 invalid"),
        ] {
            let shown = format!("{request:?}");
            assert_eq!(refusal(app, request).await, expected, "{shown}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_action_with_a_key_is_done_once_however_late_it_comes_again() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        let ticket = text(&app.ticket(&order).await["id"]);
        let ready =
            || app.request(Method::POST, &format!("/v1/tickets/{ticket}/ready")).header("idempotency-key", "tap");
        let (_, first) = app.send(ready()).await;
        assert_eq!(first["state"], "ready");
        app.act(&format!("/v1/tickets/{ticket}/recall")).await;
        let (status, again) = app.send(ready()).await;
        assert_eq!((status, &again["state"]), (StatusCode::OK, &json!("open")));
    })
    .await;
}

#[tokio::test]
async fn numbers_are_short_and_never_repeat() {
    on_both(async |app| {
        let body = App::order("1 cola");
        let placed =
            (0..30).map(async |n| app.send(app.ordering(&n.to_string(), &body)).await.1["number"].as_i64().unwrap());
        let mut numbers = futures_util::future::join_all(placed).await;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=30).collect::<Vec<i64>>());
    })
    .await;
}
