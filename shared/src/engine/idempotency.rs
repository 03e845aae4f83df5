//! Idempotency keys: rows of state like any other, so that key, effect and event are one transaction.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    contract::time::Time,
    engine::{
        call::Idempotency,
        rows::{Record, Rows},
    },
};

/// What a principal's key was used for. Kept for at least 7 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub key: String,
    /// Fingerprint of the body as it was parsed.
    pub body: Uuid,
    /// The id of what came of it.
    pub resource: String,
    pub at: Time,
}

impl Record for Remembered {
    const TABLE: &'static str = "idempotency_keys";
    fn key(&self) -> String {
        self.key.clone()
    }
}

/// What a key says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recall {
    Fresh,
    /// The same request: here is the id of what came of it.
    Same(String),
    /// The key was used for something else.
    Other,
}

impl Rows<Remembered> {
    pub fn recall(&self, request: &Idempotency) -> Recall {
        match self.get(&request.key) {
            None => Recall::Fresh,
            Some(known) if known.body == request.body => Recall::Same(known.resource.clone()),
            Some(_) => Recall::Other,
        }
    }

    pub fn remember(&mut self, request: &Idempotency, resource: String, at: Time) {
        self.put(Remembered { key: request.key.clone(), body: request.body, resource, at });
    }
}
