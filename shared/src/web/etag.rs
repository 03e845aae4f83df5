//! Conditional requests: what the client has already is not sent again.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// `"7"`: the version of what is answered.
pub fn of_version(version: i64) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, format!("\"{version}\""))]
}

/// Answers 304 where the tag of what is read is one that the client named.
pub(crate) async fn not_modified(request: Request, next: Next) -> Response {
    let named = match *request.method() {
        Method::GET | Method::HEAD => tags(request.headers()),
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

fn tags(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned()).collect()
}

/// Compared weakly: a proxy on the way may have weakened the tag.
fn names(named: &[String], tag: &HeaderValue) -> bool {
    named.iter().any(|named| named == "*" || named.trim_start_matches("W/").as_bytes() == tag.as_bytes())
}
