//! Bodies: their size, type and syntax, then their shape.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::words::plain;
use crate::{
    contract::types::FieldError,
    web::{objects::Objects, problem::Problem},
};

/// Of a request's body, in bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// For a client to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// A body of at most [`BODY_MAX`] bytes that says it is JSON; empty without a content type.
#[derive(Clone, Debug)]
pub struct Raw {
    bytes: Bytes,
    /// It says that it is JSON.
    json: bool,
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Self::within(BODY_TIMEOUT, request, state).await
    }
}

impl Raw {
    pub(super) async fn within<S: Send + Sync>(limit: Duration, request: Request, state: &S) -> Result<Self, Problem> {
        let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|text| text.parse().ok()).is_some_and(|length: usize| length > BODY_MAX) {
            return Err(Problem::too_large(BODY_MAX));
        }
        let (plain, json) = (is_plain(request.headers()), says_json(request.headers()));
        let reading = timeout(limit, Bytes::from_request(request, state));
        let bytes = match reading.await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(Problem::too_large(BODY_MAX));
            }
            Ok(Err(_)) => return Err(Problem::malformed("the body ended early")),
            Err(_) => return Err(Problem::too_slow()),
        };
        if bytes.len() > BODY_MAX {
            return Err(Problem::too_large(BODY_MAX));
        }
        if !plain {
            return Err(Problem::unsupported_media_type("send the body without a Content-Encoding"));
        }
        if !json && !bytes.is_empty() {
            return Err(Problem::not_json());
        }
        Ok(Self { bytes, json })
    }
}

fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn says_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

impl Raw {
    /// There is none, or `null` stands for it.
    pub fn is_absent(&self) -> bool {
        self.bytes.is_empty() || self.bytes.trim_ascii() == b"null"
    }

    /// A body that must be there says what it is, if it is empty.
    pub fn required(self) -> Result<Self, Problem> {
        if self.bytes.is_empty() && !self.json { Err(Problem::not_json()) } else { Ok(self) }
    }

    /// Any JSON, whatever its shape.
    pub fn syntax(&self) -> Result<&RawValue, Problem> {
        serde_json::from_slice(&self.bytes)
            .map_err(|error| Problem::malformed(format!("the body is not JSON: {error}")))
    }

    /// 400 where it is not JSON, 422 with JSON Pointers where it has the wrong shape; unknown fields are refused.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let mut unknown = Vec::new();
        let mut track = serde_path_to_error::Track::new();
        let mut json = serde_json::Deserializer::from_slice(&self.bytes);
        let tracked = serde_path_to_error::Deserializer::new(Objects(&mut json), &mut track);
        let parsed = serde_ignored::deserialize(tracked, |path| {
            unknown.push(FieldError::new(pointer_to_ignored(&path), "is not a known field"));
        });
        let parsed: T = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                self.syntax()?;
                let detail = plain(&error.to_string());
                return Err(Problem::invalid_field(pointer(&track.path()) + &step_to_field(&detail), detail));
            }
        };
        json.end().map_err(|error| Problem::malformed(format!("the body is not JSON: {error}")))?;
        if unknown.is_empty() { Ok(parsed) } else { Err(Problem::invalid(unknown)) }
    }
}

/// Where a value has the wrong shape, as a JSON Pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let steps = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => step(key),
        Segment::Unknown => String::new(),
    });
    steps.collect()
}

/// Where a field is that nobody asked for.
fn pointer_to_ignored(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}/{index}", pointer_to_ignored(parent)),
        Path::Map { parent, key } => format!("{}{}", pointer_to_ignored(parent), step(key)),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            pointer_to_ignored(parent)
        }
    }
}

fn step(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The step to a field that serde says is missing or there twice, found in the object that it belongs to.
fn step_to_field(detail: &str) -> String {
    let field = detail.strip_prefix("missing field `").or_else(|| detail.strip_prefix("duplicate field `"));
    field.and_then(|rest| rest.strip_suffix('`')).map(step).unwrap_or_default()
}

/// A body that must be there.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Raw::from_request(request, state).await?.required()?.parse().map(Self)
    }
}

/// A body that may be missing or empty.
#[derive(Clone, Debug)]
pub struct OptionalBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let raw = Raw::from_request(request, state).await?;
        if raw.is_absent() { Ok(Self(T::default())) } else { raw.parse().map(Self) }
    }
}
