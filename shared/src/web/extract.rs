//! Reading requests: sizes, types and shapes are checked here once, in the order that the contract gives.

mod body;
mod headers;
mod keyed;
mod paths;
mod words;

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{HeaderMap, Method, request::Parts},
};
use serde::de::DeserializeOwned;

use crate::{
    contract::trace::Trace,
    engine::{call::Call, condition::Condition},
    web::{access::Principal, etag, problem::Problem},
};

pub use body::{BODY_MAX, Body, OptionalBody, Raw};
pub use headers::{IdempotencyKey, PreferWait};
pub use keyed::{Keyed, KeyedBody, replayed};
pub use paths::{InLocation, OfItem};
use words::plain;

impl<S: Sync> FromRequestParts<S> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let condition = match parts.method {
            Method::GET | Method::HEAD => Condition::default(),
            _ => etag::condition(&parts.headers),
        };
        let call = Self { condition, ..Self::internal(Principal::of(parts).subject()) };
        // The span in which it is served, or else the caller's.
        let served = parts.extensions.get::<Trace>().copied();
        Ok(match served.or_else(|| caller(&parts.headers)) {
            Some(trace) => Self { trace, ..call },
            None => call,
        })
    }
}

/// The trace that the caller is in, if he says so.
pub(super) fn caller(headers: &HeaderMap) -> Option<Trace> {
    headers.get("traceparent")?.to_str().ok()?.parse().ok()
}

/// Only what is wrong, without the step at which the framework found it.
fn without_source(message: &str) -> String {
    message.split_once(": ").map_or(message, |(_, wrong)| wrong).to_owned()
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
            let wrong = plain(&without_source(&rejection.body_text()));
            // Of which parameter is said first, where it is known.
            match wrong.split_once(": ") {
                Some((name, detail)) if !name.contains(' ') => Problem::invalid_field(name, detail),
                _ => Problem::invalid_field("query", wrong),
            }
        })
    }
}

#[cfg(test)]
mod tests;
