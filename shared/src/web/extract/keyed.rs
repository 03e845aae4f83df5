//! A command that may be repeated under a key: the one order in which such requests are checked, in all services.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::HeaderName,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{IdempotencyKey, Raw};
use crate::web::problem::Problem;

/// What a keyed command says in its body.
pub trait KeyedBody: DeserializeOwned {
    /// What no body, or an empty one, stands for, where there need not be one.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether the request must name itself by a key, going by its body, which is JSON of whatever shape.
    fn needs_key(_body: &Value) -> bool {
        false
    }
}

/// A command's body, and the key that makes it the only one of its kind.
#[derive(Clone, Debug)]
pub struct Keyed<T> {
    pub key: Option<String>,
    pub body: T,
}

/// `Idempotent-Replayed: true` on the answer to a repetition, which did nothing again.
pub fn replayed(replayed: bool) -> Option<[(HeaderName, &'static str); 1]> {
    replayed.then_some([(HeaderName::from_static("idempotent-replayed"), "true")])
}

impl<S: Send + Sync, T: KeyedBody> FromRequest<S> for Keyed<T> {
    type Rejection = Problem;

    /// Size, type, syntax, key, shape; whether it is a repetition is for the decision.
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let key = IdempotencyKey::from_request_parts(&mut parts, state).await;
        let raw = Raw::from_request(Request::from_parts(parts, body), state).await?;
        if raw.is_absent()
            && let Some(body) = T::absent()
        {
            return Ok(Self { key: key?.0, body });
        }
        let raw = raw.required()?;
        let json = raw.syntax()?;
        let key = key?.0;
        if key.is_none() && T::needs_key(&serde_json::from_str(json.get()).unwrap_or_default()) {
            return Err(Problem::key_missing());
        }
        Ok(Self { key, body: raw.parse()? })
    }
}
