use axum::body::Body as AxumBody;
use serde::Deserialize;

use super::*;
use crate::{
    contract::types::{Quantity, Slug},
    web::page::Paging,
};

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only its shape matters")]
struct Wanted {
    location: Slug,
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only its shape matters")]
struct Line {
    quantity: Quantity,
    #[serde(default)]
    notes: Option<String>,
}

/// The problem's type and the pointers it names.
async fn check(content_type: &str, body: &str, expected: &str) {
    let request = Request::builder().method("POST").uri("/").header("content-type", content_type);
    let request = request.body(AxumBody::from(body.to_owned())).unwrap();
    let shown = match Body::<Wanted>::from_request(request, &()).await {
        Ok(_) => "fine".to_owned(),
        Err(problem) => {
            let json = serde_json::to_value(&problem).unwrap();
            let errors = json["errors"].as_array().cloned().unwrap_or_default();
            let pointers: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
            format!("{} {} {}", json["status"], problem.name(), pointers.join(" ")).trim_end().to_owned()
        }
    };
    assert_eq!(shown, expected, "{body}");
}

#[tokio::test]
async fn bodies_are_checked_in_order() {
    const JSON: &str = "application/json";
    let fine = r#"{"location":"soho","lines":[{"quantity":2}]}"#;
    check(JSON, fine, "fine").await;
    check("application/json; charset=utf-8", fine, "fine").await;
    check("application/vnd.pos+json", fine, "fine").await;
    check("text/plain", "{", "415 unsupported-media-type").await;
    check(JSON, "", "400 malformed").await;
    check(JSON, "{", "400 malformed").await;
    check(JSON, &format!("{fine} x"), "400 malformed").await;
    check(JSON, "[]", "422 invalid").await;
    check(JSON, r#"["soho",[]]"#, "422 invalid").await;
    check(JSON, r#"{"location":"soho","lines":[[2]]}"#, "422 invalid-line /lines/0").await;
    check(JSON, r#"{"location":"soho","lines":[{"quantity":2,"quantity":3}]}"#, "422 invalid-line /lines/0/quantity")
        .await;
    check(JSON, r#"{"location":"soho"}"#, "422 invalid-line /lines").await;
    check(JSON, r#"{"lines":[]}"#, "422 invalid /location").await;
    check(JSON, r#"{"location":"So Ho","lines":[]}"#, "422 invalid /location").await;
    check(JSON, r#"{"location":"soho","lines":[],"x":1,"y":2}"#, "422 invalid /x /y").await;
    check(JSON, r#"{"location":"soho","lines":[{"quantity":0}]}"#, "422 invalid-line /lines/0/quantity").await;
    check(JSON, r#"{"location":"soho","lines":[{"quantity":1.5}]}"#, "422 invalid-line /lines/0/quantity").await;
    check(JSON, r#"{"location":"soho","lines":[{"quantity":1,"no~te/s":1}]}"#, "422 invalid-line /lines/0/no~0te~1s")
        .await;
    let deep = format!(r#"{{"location":{}"#, "[".repeat(10_000));
    check(JSON, &deep, "400 malformed").await;
    check(JSON, &" ".repeat(BODY_MAX + 1), "413 too-large").await;
}

async fn header<T: FromRequestParts<(), Rejection = Problem>>(name: &str, value: &[u8]) -> Result<T, Problem> {
    let request = Request::builder().header(name, value).body(()).unwrap();
    T::from_request_parts(&mut request.into_parts().0, &()).await
}

#[tokio::test]
async fn keys_are_bare_or_quoted() {
    for (text, expected) in
        [("k1", Some("k1")), ("\"k1\"", Some("k1")), (" k1 ", Some("k1")), ("", None), ("\"\"", None)]
    {
        let key: IdempotencyKey = header("idempotency-key", text.as_bytes()).await.unwrap();
        assert_eq!(key.0.as_deref(), expected, "{text:?}");
    }
    for wrong in ["\"k1", "k1\"", "\""] {
        assert_eq!(
            header::<IdempotencyKey>("idempotency-key", wrong.as_bytes()).await.unwrap_err().status(),
            422,
            "{wrong}"
        );
    }
    assert!(header::<IdempotencyKey>("idempotency-key", &[b'k'; 255]).await.is_ok());
    assert_eq!(header::<IdempotencyKey>("idempotency-key", &[b'k'; 256]).await.unwrap_err().status(), 422);
    assert_eq!(IdempotencyKey(None).required().unwrap_err().name(), "idempotency-key-missing");
}

#[tokio::test]
async fn waiting_is_asked_for_in_seconds() {
    for (text, expected) in [
        ("wait=5", Some(5)),
        ("respond-async, wait=10", Some(10)),
        ("Wait = 7", Some(7)),
        ("wait=600", Some(30)),
        ("wait=-1", None),
        ("return=minimal", None),
    ] {
        let wait: PreferWait = header("prefer", text.as_bytes()).await.unwrap();
        assert_eq!(wait.0, expected, "{text:?}");
    }
}

#[test]
fn limits_are_clamped() {
    let limit = |text: &str| Paging { after: None, limit: Some(text.into()) }.limit().ok();
    let shown: Vec<Option<i64>> =
        ["1", "500", "501", "99999999999999999999", "0", "-1", "x", ""].into_iter().map(limit).collect();
    assert_eq!(shown, [Some(1), Some(500), Some(500), Some(500), None, None, None, None]);
    assert_eq!(Paging::default().limit().unwrap(), 50);
}
