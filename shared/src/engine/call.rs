//! Who asks for something, when, within which trace, and under which key.

use uuid::Uuid;

use crate::contract::{event::derived_id, time::Time, trace::Trace};

/// Who asks, when, and within which trace.
#[derive(Clone, Debug)]
pub struct Call {
    /// Fresh, and ordered by time.
    pub id: Uuid,
    pub at: Time,
    /// The principal. Everybody is `anonymous` while no authentication is configured.
    pub by: String,
    pub trace: Trace,
}

impl Call {
    /// A call that no request makes: the demo's, a sweep's.
    pub fn internal(by: &str) -> Self {
        let id = fresh_id();
        Self { id, at: Time::now(), by: by.to_owned(), trace: Trace::rooted_in(id) }
    }

    /// The key under which the principal's request is remembered.
    pub fn idempotency(&self, kind: &str, key: &str, body: &impl serde::Serialize) -> Idempotency {
        let body = serde_json::to_string(body).expect("a request is plain JSON");
        Idempotency { key: format!("{}\n{kind}\n{key}", self.by), body: derived_id(&[&body]) }
    }
}

/// A request's idempotency key, and a fingerprint of its body as it was parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    pub key: String,
    pub body: Uuid,
}

/// A fresh id; ids sort by the time they were made.
#[expect(clippy::disallowed_methods, reason = "the one home of fresh ids")]
pub fn fresh_id() -> Uuid {
    Uuid::now_v7()
}
