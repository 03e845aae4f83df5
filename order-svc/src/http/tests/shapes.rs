//! Requests as they are parsed.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::header,
};
use shared::web::extract::{BODY_MAX, Keyed};

use super::{colas, request};
use crate::domain::request::OrderRequest;

/// What is wrong with the request, if anything.
async fn parsed(request: Request) -> String {
    match Keyed::<OrderRequest>::from_request(request, &()).await {
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
