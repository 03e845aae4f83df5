//! Conditional requests: what the client has already is not sent again, and what it has not seen is not changed.

use axum::{
    Json,
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    contract::event::derived_id,
    engine::condition::{Condition, Tags},
};

/// `"7"`: the version of what is answered.
pub fn of_version(version: i64) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, format!("\"{version}\""))]
}

/// As [`of_version`], of what is shown otherwise than it is stored, as time goes by: `"7-1a2b3c4d"` is of version 7, too.
pub fn of_view(version: i64, shown: &impl Serialize) -> [(header::HeaderName, String); 1] {
    let shown = serde_json::to_string(shown).expect("what is shown is plain JSON");
    let print = derived_id(&[&shown]).simple().to_string();
    [(header::ETAG, format!("\"{version}-{}\"", &print[..8]))]
}

/// What is shown, with its version as the `ETag`.
pub fn versioned(version: i64, shown: impl Serialize) -> Response {
    (of_version(version), Json(shown)).into_response()
}

/// What a command that is not GET asks of the present version. A tag that names no version is none that there is.
pub(super) fn condition(headers: &HeaderMap) -> Condition {
    Condition {
        matching: tags_of(headers, header::IF_MATCH, version_of),
        // Compared weakly, as RFC 9110 has it.
        other_than: tags_of(headers, header::IF_NONE_MATCH, |tag| version_of(tag.trim_start_matches("W/"))),
    }
}

fn tags_of(headers: &HeaderMap, name: header::HeaderName, version: fn(&str) -> Option<i64>) -> Option<Tags> {
    let tags = listed(headers, &name);
    if tags.iter().any(|tag| tag == "*") {
        return Some(Tags::Any);
    }
    headers.contains_key(name).then(|| Tags::Versions(tags.iter().filter_map(|tag| version(tag)).collect()))
}

/// The version in `"7"` and in `"7-1a2b3c4d"`.
fn version_of(tag: &str) -> Option<i64> {
    let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
    tag.split('-').next()?.parse().ok()
}

/// Answers 304 where the tag of what is read is one that the client named.
pub(crate) async fn not_modified(request: Request, next: Next) -> Response {
    let named = match *request.method() {
        Method::GET | Method::HEAD => listed(request.headers(), &header::IF_NONE_MATCH),
        _ => Vec::new(),
    };
    let mut response = next.run(request).await;
    let known = response.headers().get(header::ETAG).is_some_and(|tag| names(&named, tag));
    if response.status() != StatusCode::OK || !known {
        return response;
    }
    *response.body_mut() = Body::empty();
    response.headers_mut().remove(header::CONTENT_TYPE);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    (StatusCode::NOT_MODIFIED, response).into_response()
}

fn listed(headers: &HeaderMap, name: &header::HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned()).collect()
}

/// Compared weakly: a proxy on the way may have weakened the tag.
fn names(named: &[String], tag: &HeaderValue) -> bool {
    named.iter().any(|named| named == "*" || named.trim_start_matches("W/").as_bytes() == tag.as_bytes())
}
