//! Errors as RFC 9457 `application/problem+json`: a stable type, and what a program needs to act.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{error, warn};
use utoipa::ToSchema;

use crate::{contract::types::FieldError, db::Failure, engine::pump::Denial};

/// What HTTP answers instead of what was asked for. Holds no internals.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `/problems/<name>`: stable, for programs.
    #[serde(rename = "type")]
    kind: String,
    /// For people: the same for every problem of the type.
    title: String,
    #[serde(serialize_with = "number")]
    #[schema(value_type = u16)]
    status: StatusCode,
    /// For people: this occurrence, and what to do.
    detail: String,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    more: Map<String, Value>,
    #[serde(skip)]
    retry_after_s: Option<u64>,
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    pub fn new(status: StatusCode, name: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{name}"),
            title: title.into(),
            status,
            detail: detail.into(),
            more: Map::new(),
            retry_after_s: None,
        }
    }

    /// Adds a member that a program can act on.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("members of problems are plain JSON");
        self.more.insert(name.into(), value);
        self
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The last part of `type`: `not-found`.
    pub fn name(&self) -> &str {
        self.kind.trim_start_matches("/problems/")
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }

    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", format!("there is no {what}"))
    }

    pub fn no_such_path(path: &str) -> Self {
        let shown: String = path.chars().take(100).collect();
        Self::not_found(format!("{shown:?}"))
    }

    /// An Idempotency-Key is bound to the request it first came with.
    pub fn key_reused() -> Self {
        let detail = "this Idempotency-Key was used for another request; send a new key with a new request";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "Idempotency key reused", detail)
    }

    pub fn unknown_location(location: &str) -> Self {
        let detail = format!("there is no location {location:?}; PUT /v1/locations/{{location}} makes one");
        Self::new(StatusCode::NOT_FOUND, "unknown-location", "Unknown location", detail)
    }

    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "Malformed request", detail)
    }

    /// JSON of the wrong shape or range; `invalid-line` where it is in the lines of an order.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let in_lines = !errors.is_empty() && errors.iter().all(|error| error.pointer.starts_with("/lines"));
        let (name, title) = if in_lines { ("invalid-line", "Invalid line") } else { ("invalid", "Invalid request") };
        let shown: Vec<String> = errors.iter().map(FieldError::to_string).collect();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, name, title, shown.join("; ")).with("errors", errors)
    }

    /// One [`FieldError`].
    pub fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    pub fn too_large(limit_bytes: usize) -> Self {
        let detail = format!("the body is larger than {limit_bytes} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Body too large", detail)
    }

    pub fn too_slow() -> Self {
        let detail = "the body did not arrive in time; send the request again";
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "Request too slow", detail)
    }

    pub fn unsupported_media_type(detail: &str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type", detail)
    }

    /// As [`Problem::unsupported_media_type`], of a body that does not say what it is.
    pub fn not_json() -> Self {
        Self::unsupported_media_type("send the body with Content-Type: application/json")
    }

    pub fn method_not_allowed() -> Self {
        let detail = "this path does not take this method; the Allow header lists those it takes";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed", detail)
    }

    /// The database is away: nothing was decided, or whether it was is not known. Trying again is safe with a key.
    pub fn unavailable() -> Self {
        let detail =
            "the database does not answer right now; try again, with the same Idempotency-Key where there is one";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable", detail);
        Self { retry_after_s: Some(1), ..problem }
    }

    /// Our fault. The log says more, under the request's trace.
    pub fn internal() -> Self {
        let detail = "this is a fault of the service; it was logged, and retrying it will not help";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }
}

impl<R: Into<Problem>> From<Denial<R>> for Problem {
    fn from(denial: Denial<R>) -> Self {
        match denial {
            Denial::Refused(refusal) => refusal.into(),
            Denial::Unavailable => Self::unavailable(),
            Denial::Failed => Self::internal(),
        }
    }
}

/// A read that failed: the database is away, or what it holds cannot be shown, which is our fault.
pub fn away(error: anyhow::Error) -> Problem {
    if Failure::of(&error) == Failure::Fault {
        error!(error = format!("{error:#}"), "could not show what is stored");
        return Problem::internal();
    }
    warn!(error = format!("{error:#}"), "could not read");
    Problem::unavailable()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).expect("a problem is plain JSON");
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
