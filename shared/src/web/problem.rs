//! Errors as RFC 9457 `application/problem+json`: a stable type, and what a program needs to act.

mod schema;

use std::num::NonZeroU32;

use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{error, warn};

use crate::{
    bus::seldom::Seldom,
    contract::{time::Time, types::FieldError},
    db::{Failure, NO_ANSWER, advice},
    engine::{log::Gone, pump::Denial},
    web::etag,
};

/// So many errors of one request are told.
const ERRORS_MAX: usize = 100;

/// What HTTP answers instead of what was asked for. Holds no internals.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// `/problems/<name>`: stable, for programs.
    #[serde(rename = "type", serialize_with = "path")]
    name: &'static str,
    /// For people: the same for every problem of the type.
    title: &'static str,
    #[serde(serialize_with = "number")]
    status: StatusCode,
    /// For people: this occurrence, and what to do.
    detail: String,
    #[serde(flatten)]
    more: Map<String, Value>,
    #[serde(skip)]
    retry_after_s: Option<u64>,
}

/// Whatever a handler is asked to do may be refused.
pub type Answer<T> = Result<T, Problem>;

fn path<S: serde::Serializer>(name: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("/problems/{name}"))
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    pub fn new(status: StatusCode, name: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { name, title, status, detail: detail.into(), more: Map::new(), retry_after_s: None }
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
        self.name
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// `not-found`: what was asked for is not there.
    pub fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    pub fn no_such_path(path: &str) -> Self {
        let shown: String = path.chars().take(100).collect();
        Self::missing(format!("there is no {shown:?}"))
    }

    /// An Idempotency-Key is bound to the request it first came with.
    pub fn key_reused() -> Self {
        let detail = "this Idempotency-Key was used for another request; send a new key with a new request";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "Idempotency key reused", detail)
    }

    pub fn key_missing() -> Self {
        let detail = "send an Idempotency-Key header, so that a retry cannot do it twice";
        Self::new(StatusCode::BAD_REQUEST, "idempotency-key-missing", "Idempotency key missing", detail)
    }

    /// What `If-Match` or `If-None-Match` asks for is not so: version 0 is none at all.
    pub fn version_mismatch(version: i64) -> Self {
        let detail = match version {
            0 => "there is none yet; send the request without If-Match to make it".to_owned(),
            version => format!("it is at version {version} by now; read it again"),
        };
        Self::new(StatusCode::PRECONDITION_FAILED, "version-mismatch", "Version mismatch", detail)
            .with("version", version)
    }

    /// What a cursor points to has been forgotten; `first` is what a list can go on with.
    pub fn gone(detail: impl Into<String>, first: impl Serialize) -> Self {
        Self::new(StatusCode::GONE, "gone", "Gone", detail).with("first", first)
    }

    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "Malformed request", detail)
    }

    /// JSON of the wrong shape or range; `invalid-line` where it is in the lines of an order. Of very many errors the
    /// first are told, and how many there are.
    pub fn invalid(mut errors: Vec<FieldError>) -> Self {
        let in_lines = !errors.is_empty() && errors.iter().all(|error| error.pointer.starts_with("/lines"));
        let (name, title) = if in_lines { ("invalid-line", "Invalid line") } else { ("invalid", "Invalid request") };
        let count = errors.len();
        errors.truncate(ERRORS_MAX);
        let mut shown = errors.iter().map(FieldError::to_string).collect::<Vec<_>>().join("; ");
        if count > ERRORS_MAX {
            shown = format!("{shown}; and {} more", count - ERRORS_MAX);
        }
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, name, title, shown).with("errors", errors)
    }

    /// [`Problem::invalid`], unless nothing is wrong.
    pub fn check(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self::invalid(errors)) }
    }

    /// One [`FieldError`].
    pub fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(pointer, detail)])
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
    /// `why` is for people.
    pub fn unavailable(why: &str) -> Self {
        let detail = format!("{why}; try again, with the same Idempotency-Key where there is one");
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable", detail);
        Self { retry_after_s: Some(1), ..problem }
    }

    /// More than is for one client.
    pub(crate) fn too_many_requests(wait_s: u64) -> Self {
        let detail = format!("you have asked for more than your share; ask again in {wait_s} s");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests", detail);
        Self { retry_after_s: Some(wait_s), ..problem }
    }

    /// As many of the client's are being answered as may be at once.
    pub(crate) fn too_many_at_once(max: NonZeroU32) -> Self {
        let detail = format!("{max} of your requests are under way, streams included; end one of them before the next");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests", detail);
        Self { retry_after_s: Some(1), ..problem }
    }

    /// Asked under a name that is not ours.
    pub(crate) fn foreign_host(name: &str) -> Self {
        let detail = format!(
            "`{name}` is no name of this restaurant: a page of somebody else's may have been given it; \
             use 127.0.0.1 or localhost, or list the name in HOSTS"
        );
        Self::new(StatusCode::MISDIRECTED_REQUEST, "foreign-host", "Foreign host", detail)
    }

    /// Asked by another page to change something.
    pub(crate) fn foreign_origin() -> Self {
        let detail = "a page from elsewhere asked for it, and pages from elsewhere change nothing here; \
                      list its origin in CORS_ORIGINS if it may";
        Self::new(StatusCode::FORBIDDEN, "foreign-origin", "Foreign origin", detail)
    }

    /// Nobody knows whose the request is. `detail` says why what it shows is not enough.
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Unauthenticated", detail)
    }

    /// It is known whose the request is, and they may not.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Forbidden", detail)
    }

    /// [`Problem::forbidden`], there.
    pub fn forbidden_at(location: &str) -> Self {
        let shown: String = location.chars().take(100).collect();
        Self::forbidden(format!("you are not let in at {shown:?}"))
    }

    /// A write, where only the past is shown.
    pub fn sandbox(at: Time) -> Self {
        let detail = format!(
            "this is a sandbox whose clock stands at {at}: it shows what was so then, and changes nothing; \
             send the request to the restaurant itself"
        );
        Self::new(StatusCode::CONFLICT, "sandbox", "Sandbox", detail).with("at", at)
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
            Denial::VersionMismatch(version) => Self::version_mismatch(version),
            Denial::Unavailable(why) => Self::unavailable(why),
            Denial::Failed => Self::internal(),
        }
    }
}

/// What the framework refuses in plain text is a problem like all others.
pub(crate) async fn instead_of_text(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_ours = content_type.is_some_and(|value| {
        // What people get where a program gets a problem is a page.
        [&b"application/"[..], b"text/html"].iter().any(|kind| value.as_bytes().starts_with(kind))
    });
    if is_ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::no_such_path(&path),
        StatusCode::METHOD_NOT_ALLOWED => Problem::method_not_allowed(),
        status if status.is_server_error() => Problem::internal(),
        _ => Problem::malformed("the path or the query cannot be read"),
    };
    let (head, body) = problem.into_response().into_parts();
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().extend(head.headers);
    *response.status_mut() = head.status;
    *response.body_mut() = body;
    response
}

/// A read that failed: what it was of has been forgotten, the database is away, or what it holds cannot be shown, which
/// is our fault.
pub fn could_not_read(error: anyhow::Error) -> Problem {
    if let Some(Gone { first, .. }) = error.downcast_ref() {
        let detail = format!("what was before position {first} has been forgotten; after={} goes on there", first - 1);
        return Problem::gone(detail, first);
    }
    static FAULTS: Seldom = Seldom::new(1);
    static OUTAGES: Seldom = Seldom::new(1);
    if Failure::of(&error) == Failure::Fault {
        if let Some(left_out) = FAULTS.now(Time::now()) {
            error!(error = format!("{error:#}"), left_out, "could not show what is stored");
        }
        return Problem::internal();
    }
    if let Some(left_out) = OUTAGES.now(Time::now()) {
        warn!(error = format!("{error:#}"), left_out, "could not read");
    }
    Problem::unavailable(advice(&error).unwrap_or(NO_ANSWER))
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
        if self.status == StatusCode::PRECONDITION_FAILED
            && let Some(version) = self.more.get("version").and_then(Value::as_i64).filter(|version| *version > 0)
        {
            headers.extend(etag::of_version(version).map(|(name, tag)| (name, tag.try_into().expect("plain ASCII"))));
        }
        response
    }
}
