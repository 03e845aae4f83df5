//! Reading requests: sizes, types and shapes are checked here once, in the order that the contract gives.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::{
    contract::types::FieldError,
    engine::call::Call,
    web::{objects::Objects, problem::Problem},
};

/// Of a request's body, in bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// For a client to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);
const KEY_MAX: usize = 255;

impl<S: Sync> FromRequestParts<S> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let call = Self::internal("anonymous");
        let parent = parts.headers.get("traceparent").and_then(|value| value.to_str().ok());
        Ok(match parent.and_then(|text| text.parse().ok()) {
            Some(trace) => Self { trace, ..call },
            None => call,
        })
    }
}

/// A body of at most [`BODY_MAX`] bytes that says it is JSON; empty without a content type.
#[derive(Clone, Debug)]
pub struct Raw(Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|text| text.parse().ok()).is_some_and(|length: usize| length > BODY_MAX) {
            return Err(Problem::too_large(BODY_MAX));
        }
        if !is_plain(request.headers()) {
            return Err(Problem::unsupported_media_type("send the body without a Content-Encoding"));
        }
        let json = says_json(request.headers());
        let reading = timeout(BODY_TIMEOUT, Bytes::from_request(request, state));
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
        if !json && !bytes.is_empty() {
            return Err(Problem::not_json());
        }
        Ok(Self(bytes))
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
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Any JSON, whatever its shape.
    pub fn syntax(&self) -> Result<serde_json::Value, Problem> {
        serde_json::from_slice(&self.0).map_err(|error| Problem::malformed(format!("the body is not JSON: {error}")))
    }

    /// 400 where it is not JSON, 422 with JSON Pointers where it has the wrong shape; unknown fields are refused.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let mut unknown = Vec::new();
        let mut track = serde_path_to_error::Track::new();
        let mut json = serde_json::Deserializer::from_slice(&self.0);
        let tracked = serde_path_to_error::Deserializer::new(Objects(&mut json), &mut track);
        let parsed = serde_ignored::deserialize(tracked, |path| {
            unknown.push(FieldError { pointer: pointer_to_ignored(&path), detail: "is not a known field".into() });
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

/// Only what is wrong, without the step at which the framework found it.
fn without_source(message: &str) -> String {
    message.split_once(": ").map_or(message, |(_, wrong)| wrong).to_owned()
}

/// The message without what means little to a program's author: places in the text, names of our types.
fn plain(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(before, _)| before);
    let Some((before, expected)) = message.split_once("expected ") else { return message.to_owned() };
    let expected = match expected {
        one if one.starts_with("struct ") || one == "a map" => "an object",
        one if one.starts_with(['i', 'u']) && one[1..].parse::<u8>().is_ok() => "an integer",
        "a sequence" => "an array",
        other => other,
    };
    format!("{before}expected {expected}")
}

/// A body that must be there.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let typed = request.headers().contains_key(header::CONTENT_TYPE);
        let raw = Raw::from_request(request, state).await?;
        if raw.is_empty() && !typed {
            return Err(Problem::not_json());
        }
        raw.parse().map(Self)
    }
}

/// A body that may be missing or empty.
#[derive(Clone, Debug)]
pub struct OptionalBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let raw = Raw::from_request(request, state).await?;
        if raw.is_empty() { Ok(Self(T::default())) } else { raw.parse().map(Self) }
    }
}

/// Path parameters. One that cannot be names nothing: 404, but 422 where a PUT would make it.
#[derive(Clone, Debug)]
pub struct InPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) if parts.method == Method::PUT => {
                Err(Problem::invalid_field("path", without_source(&rejection.body_text())))
            }
            Err(_) => Err(Problem::no_such_path(parts.uri.path())),
        }
    }
}

/// Query parameters; unknown ones are ignored.
#[derive(Clone, Debug)]
pub struct InQuery<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(value)| Self(value)).map_err(|rejection| {
            let wrong = without_source(&rejection.body_text());
            // Of which parameter is said first, where it is known.
            match wrong.split_once(": ") {
                Some((name, detail)) if !name.contains(' ') => Problem::invalid_field(name, detail),
                _ => Problem::invalid_field("query", wrong),
            }
        })
    }
}

/// The `Idempotency-Key` header, bare or quoted.
#[derive(Clone, Debug, Default)]
pub struct IdempotencyKey(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let wrong = |detail: String| Err(Problem::invalid_field("Idempotency-Key", detail));
        if values.next().is_some() {
            return wrong("is there more than once; send one".into());
        }
        let text = std::str::from_utf8(value.as_bytes()).unwrap_or_default().trim();
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let bare = quoted.unwrap_or(text);
        if quoted.is_none() && (bare.starts_with('"') || bare.ends_with('"')) {
            return wrong("has one quotation mark; expected two or none".into());
        }
        if bare.chars().count() > KEY_MAX || (text.is_empty() && !value.is_empty()) {
            return wrong(format!("expected 1 to {KEY_MAX} characters"));
        }
        Ok(Self(Some(bare.to_owned()).filter(|key| !key.is_empty())))
    }
}

impl IdempotencyKey {
    pub fn required(self) -> Result<String, Problem> {
        self.0.ok_or_else(|| {
            let detail = "send an Idempotency-Key header, so that a retry cannot do it twice";
            Problem::new(StatusCode::BAD_REQUEST, "idempotency-key-missing", "Idempotency key missing", detail)
        })
    }
}

/// The seconds of `Prefer: wait=5` (RFC 7240), at most 30.
#[derive(Clone, Copy, Debug, Default)]
pub struct PreferWait(pub Option<u64>);

impl<S: Sync> FromRequestParts<S> for PreferWait {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let values = parts.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        let seconds = values.flat_map(|value| value.split([',', ';'])).find_map(|preference| {
            let (name, value) = preference.split_once('=')?;
            if !name.trim().eq_ignore_ascii_case("wait") {
                return None;
            }
            value.trim().trim_matches('"').parse::<u64>().ok()
        });
        Ok(Self(seconds.map(|seconds| seconds.min(30))))
    }
}

/// Whatever a handler is asked to do may be refused.
pub type Answer<T> = Result<T, Problem>;

#[cfg(test)]
mod tests;
