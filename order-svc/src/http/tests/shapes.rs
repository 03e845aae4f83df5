//! Requests as they are parsed, and problems as they are shown.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::header,
};
use expect_test::{Expect, expect};
use serde_json::json;
use shared::{
    contract::order::{Mode, OrderStatus},
    http::BODY_MAX,
    problem::{FieldError, Problem},
};

use super::{colas, request};
use crate::{domain::Refusal, http::orders::Keyed};

/// What is wrong with the request, if anything.
async fn parsed(request: Request) -> String {
    match Keyed::from_request(request, &()).await {
        Ok(_) => "good".into(),
        Err(problem) => problem.name().to_owned(),
    }
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_contract() {
    let json = Some("application/json");
    let huge = "x".repeat(BODY_MAX + 1);
    let long = "k".repeat(256);
    let external = r#"{"location":"soho","channel":{"name":"bites","external_id":7},"lines":[]}"#;
    let valid =
        r#"{"location":"soho","channel":{"name":"bites","external_id":"7"},"lines":[{"sku":"a","quantity":1}]}"#;
    for (key, content_type, body, expected) in [
        (Some("k"), json, colas(1), "good"),
        (None, json, valid.into(), "good"),
        (Some(&*long), Some("text/plain"), colas(0), "unsupported-media-type"),
        (Some(&*long), json, "{".into(), "malformed"),
        (Some(&*long), json, colas(1), "invalid"),
        (None, None, String::new(), "unsupported-media-type"),
        (None, json, String::new(), "malformed"),
        (None, json, "{".into(), "malformed"),
        (None, json, colas(1), "idempotency-key-missing"),
        (None, json, colas(0), "idempotency-key-missing"),
        (None, json, external.into(), "invalid"),
        (Some("k"), json, colas(0), "invalid-line"),
        (Some("k"), json, "[]".into(), "invalid"),
    ] {
        let context = format!("{key:?} {content_type:?} {body}");
        assert_eq!(parsed(request(key, content_type, body)).await, expected, "{context}");
    }
    let sized = Request::post("/").header(header::CONTENT_LENGTH, huge.len()).body(Body::from(huge)).unwrap();
    assert_eq!(parsed(sized).await, "too-large");
}

/// The problem, whole, as a client sees it.
fn check_problem(refusal: Refusal, expect: Expect) {
    expect.assert_eq(&serde_json::to_string_pretty(&Problem::from(refusal)).unwrap());
}

#[test]
fn problems_hold_what_a_program_needs() {
    let at = "2026-11-23T18:00:00Z".parse().unwrap();
    let soho = || "soho".to_owned().try_into().unwrap();
    let mode = Mode::Paused;
    check_problem(
        Refusal::NotAccepting { location: soho(), mode, resume_at: Some(at) },
        expect![[r#"
        {
          "type": "/problems/location-not-accepting",
          "title": "Location not accepting orders",
          "status": 409,
          "detail": "soho is paused until 2026-11-23T18:00:00.000000Z",
          "mode": "paused",
          "resume_at": "2026-11-23T18:00:00.000000Z"
        }"#]],
    );
    let unavailable = serde_json::from_value(json!([{"line": "2", "sku": "cola"}])).unwrap();
    check_problem(
        Refusal::Unavailable(unavailable),
        expect![[r#"
        {
          "type": "/problems/item-unavailable",
          "title": "Item unavailable",
          "status": 409,
          "detail": "sold out: cola",
          "unavailable": [
            {
              "line": "2",
              "sku": "cola"
            }
          ]
        }"#]],
    );
    let total = serde_json::from_value(json!({"amount": 250, "currency": "GBP"})).unwrap();
    check_problem(
        Refusal::PriceMismatch(total),
        expect![[r#"
        {
          "type": "/problems/price-mismatch",
          "title": "Price mismatch",
          "status": 422,
          "detail": "the menu gives 250 GBP",
          "total": {
            "amount": 250,
            "currency": "GBP"
          }
        }"#]],
    );
    let missing = FieldError { pointer: "/lines/0/sku".into(), detail: "no dish".into() };
    check_problem(
        Refusal::UnknownItem(vec![missing]),
        expect![[r#"
        {
          "type": "/problems/unknown-item",
          "title": "Unknown item",
          "status": 422,
          "detail": "no dish",
          "errors": [
            {
              "detail": "no dish",
              "pointer": "/lines/0/sku"
            }
          ]
        }"#]],
    );
    check_problem(
        Refusal::NotCancellable(OrderStatus::Preparing),
        expect![[r#"
        {
          "type": "/problems/not-cancellable",
          "title": "Not cancellable",
          "status": 409,
          "detail": "the kitchen has begun to cook it",
          "order_status": "preparing"
        }"#]],
    );
}
