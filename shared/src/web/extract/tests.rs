use axum::{
    body::Body as AxumBody,
    extract::{FromRequest, Request},
};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::{
    contract::types::{Name, Notes, Quantity, Slug, null_as_default},
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
    notes: Option<Notes>,
    #[serde(default)]
    name: Option<Name>,
    #[serde(default, deserialize_with = "null_as_default")]
    modifiers: Vec<Slug>,
}

impl KeyedBody for Wanted {
    fn needs_key(body: &Value) -> bool {
        body["location"] != "keyless"
    }
}

/// One that need not be there.
#[derive(Debug, Default, Deserialize)]
struct Nothing {}

impl KeyedBody for Nothing {
    fn absent() -> Option<Self> {
        Some(Self {})
    }
}

/// The problem's type, if there is one.
async fn keyed<T: KeyedBody>(key: Option<&str>, content_type: Option<&str>, body: &str) -> String {
    let mut request = Request::builder().method("POST").uri("/");
    for (name, value) in [("idempotency-key", key), ("content-type", content_type)] {
        request = value.into_iter().fold(request, |request, value| request.header(name, value));
    }
    match Keyed::<T>::from_request(request.body(AxumBody::from(body.to_owned())).unwrap(), &()).await {
        Ok(_) => "fine".into(),
        Err(problem) => format!("{} {}", problem.status().as_u16(), problem.name()),
    }
}

#[tokio::test]
async fn keyed_commands_are_checked_in_one_order() {
    let (json, text, long) = (Some(JSON), Some("text/plain"), "k".repeat(256));
    let (huge, keyless) = (" ".repeat(BODY_MAX + 1), FINE.replace("soho", "keyless"));
    for (key, content_type, body, expected) in [
        (Some("k"), json, FINE, "fine"),
        (None, json, &*keyless, "fine"),
        (Some(&*long), text, &*huge, "413 too-large"),
        (Some(&long), text, FINE, "415 unsupported-media-type"),
        (Some("k"), text, "{", "415 unsupported-media-type"),
        (Some("k"), None, "", "415 unsupported-media-type"),
        (Some(&long), json, "{", "400 malformed"),
        (None, json, "", "400 malformed"),
        (None, json, "[]", "400 idempotency-key-missing"),
        (None, json, FINE, "400 idempotency-key-missing"),
        (Some(&long), json, "[]", "422 invalid"),
        (Some(&long), json, FINE, "422 invalid"),
        (Some("k"), json, "[]", "422 invalid"),
        (Some("k"), json, "null", "422 invalid"),
    ] {
        assert_eq!(keyed::<Wanted>(key, content_type, body).await, expected, "{key:?} {content_type:?} {body:.40}");
    }
    for (key, content_type, body, expected) in [
        (None, None, "", "fine"),
        (Some("k"), text, "", "fine"),
        (None, json, "", "fine"),
        (None, json, "null", "fine"),
        (None, json, "{}", "fine"),
        (None, json, "{\"a\":1}", "422 invalid"),
        (None, text, "{}", "415 unsupported-media-type"),
        (Some(&*long), None, "", "422 invalid"),
    ] {
        assert_eq!(keyed::<Nothing>(key, content_type, body).await, expected, "{key:?} {content_type:?} {body}");
    }
}

/// What the body says of its lines' notes, or what is wrong.
async fn read(body: &str) -> Result<Wanted, String> {
    let request = Request::builder().method("POST").uri("/").header("content-type", JSON);
    let request = request.body(AxumBody::from(body.to_owned())).unwrap();
    let read = Body::<Wanted>::from_request(request, &()).await;
    read.map(|Body(wanted)| wanted).map_err(|problem| problem.detail().to_owned())
}

fn with(member: &str) -> String {
    FINE.replace("\"quantity\":2", member)
}

#[tokio::test]
async fn a_whole_number_is_one_however_it_is_spelled() {
    for spelled in ["1", "1.0", "1e0", "10e-1", "0.1e1", "999.000"] {
        assert!(read(&with(&format!("\"quantity\":{spelled}"))).await.is_ok(), "{spelled}");
    }
    for (spelled, wrong) in [
        ("1.5", "invalid type: number `1.5`, expected an integer"),
        ("1e-1", "invalid type: number `0.1`, expected an integer"),
        ("1e300", "invalid type: number `1e+300`, expected an integer"),
        ("9007199254740992.0", "invalid type: number `9007199254740992.0`, expected an integer"),
        ("18446744073709551615", "invalid value: integer `18446744073709551615`, expected an integer"),
        ("1e999", "number out of range"),
        ("-0.0", "0 is not from 1 to 999"),
        ("\"1\"", "invalid type: string \"1\", expected an integer"),
        ("true", "invalid type: boolean `true`, expected an integer"),
    ] {
        let read = read(&with(&format!("\"quantity\":{spelled}"))).await.unwrap_err();
        assert_eq!(read, format!("/lines/0/quantity: {wrong}"));
    }
}

#[tokio::test]
async fn null_stands_for_what_is_not_there() {
    let nulls = with("\"quantity\":2,\"notes\":null,\"name\":null,\"modifiers\":null");
    assert!(read(&nulls).await.is_ok());
    assert!(read(&with("\"quantity\":null")).await.is_err());
    assert_eq!(read(&with("\"quantity\":2,\"x\":null")).await.unwrap_err(), "/lines/0/x: is not a known field");
}

#[tokio::test]
async fn texts_have_line_feeds_and_names_are_of_one_line() {
    let read_line = async |member: &str| Ok::<_, String>(read(&with(member)).await?.lines.remove(0));
    let line = read_line(r#""quantity":2,"notes":"a\r\nb\rc\nd","name":"a\tb""#).await.unwrap();
    assert_eq!(&**line.notes.as_ref().unwrap(), "a\nb\nc\nd");
    for end in [r"\n", r"\r", r"\r\n"] {
        let wrong = read_line(&format!(r#""quantity":2,"name":"a{end}b""#)).await.unwrap_err();
        assert_eq!(wrong, "/lines/0/name: line ends are not accepted here");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_words_of_json() {
    for (member, wrong) in [
        (r#""quantity":{}"#, "/lines/0/quantity: invalid type: an object, expected an integer"),
        (r#""quantity":[]"#, "/lines/0/quantity: invalid type: an array, expected an integer"),
        (r#""quantity":null"#, "/lines/0/quantity: invalid type: null, expected an integer"),
        (r#""quantity":2,"name":{}"#, "/lines/0/name: invalid type: an object, expected a string"),
        (r#""quantity":2,"modifiers":"map""#, "/lines/0/modifiers: invalid type: string \"map\", expected an array"),
        (r#""quantity":2,"modifiers":{}"#, "/lines/0/modifiers: invalid type: an object, expected an array"),
    ] {
        assert_eq!(read(&with(member)).await.unwrap_err(), wrong);
    }
    assert_eq!(read("7").await.unwrap_err(), "invalid type: integer `7`, expected an object");
}

const JSON: &str = "application/json";
const FINE: &str = r#"{"location":"soho","lines":[{"quantity":2}]}"#;

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
    let fine = FINE;
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
}

#[tokio::test]
async fn waiting_is_asked_for_in_seconds() {
    for (text, expected) in [
        ("wait=5", Some(5)),
        ("respond-async, wait=10", Some(10)),
        ("Wait = 7", Some(7)),
        ("wait=600", Some(30)),
        ("wait=\"8\"", Some(8)),
        ("wait=99999999999999999999999", Some(30)),
        ("foo=\"x, wait=9\"", None),
        ("foo=\"\\\", wait=9\", wait=4", Some(4)),
        ("foo; wait=9", None),
        ("wait=3; foo", Some(3)),
        ("await=9", None),
        ("wait", None),
        ("wait=", None),
        ("wait=5, wait=6", Some(5)),
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
    let after = |text: &str| Paging { after: Some(text.into()), limit: None }.after::<i64>().ok();
    assert_eq!([after("7"), after(""), after("x")], [Some(Some(7)), Some(None), None]);
}

/// Whoever sends a byte now and then holds nobody up: all of it has to be there in time.
#[tokio::test]
async fn a_body_that_comes_too_slowly_is_not_waited_for() {
    let slow = futures_util::stream::repeat_with(|| Ok::<_, std::convert::Infallible>(" ")).then(async |byte| {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        byte
    });
    let request = Request::post("/").header("content-type", "application/json").body(AxumBody::from_stream(slow));
    let within = std::time::Duration::from_millis(20);
    let problem = Raw::within(within, request.unwrap(), &()).await.unwrap_err();
    assert_eq!((problem.status().as_u16(), problem.name()), (408, "too-slow"));
}
