//! Who asks for something, when, within which trace, and under which key.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    contract::{event::derived_id, time::Time, trace::Trace},
    engine::condition::Condition,
};

/// The principal of whoever did not have to say who they are.
pub const ANYBODY: &str = "anonymous";

/// Who asks, when, and within which trace.
#[derive(Clone, Debug)]
pub struct Call {
    /// Fresh, and ordered by time.
    pub id: Uuid,
    /// When it came. A decision takes it for the present, or the moment of the one before it if that was later.
    pub at: Time,
    /// The principal. Everybody is [`ANYBODY`] while no authentication is configured.
    pub by: String,
    pub trace: Trace,
    /// What the asker takes for the present version of what is to be changed.
    pub condition: Condition,
}

impl Call {
    /// A call that no request makes: the demo's, a sweep's.
    pub fn internal(by: &str) -> Self {
        let id = fresh_id();
        Self { id, at: Time::now(), by: by.to_owned(), trace: Trace::rooted_in(id), condition: Condition::default() }
    }

    /// The key under which the principal's request is remembered; it may have several parts.
    pub fn idempotency(&self, kind: &str, key: &[&str], body: &impl Serialize) -> Idempotency {
        let body = serde_json::to_string(body).expect("a request is plain JSON");
        let parts: Vec<&str> = [&*self.by, kind].into_iter().chain(key.iter().copied()).collect();
        Idempotency { key: joined(&parts), body: derived_id(&[&body]) }
    }
}

/// One text for the parts, and another one for any other parts. Line feeds join them, as ever, so that what is remembered
/// stays known; where that would be ambiguous each part says how long it is, behind a line feed that begins no other.
fn joined(parts: &[&str]) -> String {
    let is_plain = !parts[0].is_empty() && parts.iter().all(|part| !part.contains('\n'));
    if is_plain {
        return parts.join("\n");
    }
    parts.iter().fold("\n".to_owned(), |text, part| format!("{text}{}:{part}", part.len()))
}

/// A request's idempotency key, and a fingerprint of its body as it was parsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    pub key: String,
    pub body: Uuid,
}

/// A fresh id; ids sort by the time they were made.
#[expect(clippy::disallowed_methods, reason = "the one home of fresh ids")]
pub fn fresh_id() -> Uuid {
    Uuid::now_v7()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_parts_are_another_key() {
        assert_eq!(joined(&["ann", "orders", "k"]), "ann\norders\nk", "what is remembered stays known");
        let all = [
            &["ann", "external", "a\nb", "c"][..],
            &["ann", "external", "a", "b\nc"],
            &["ann", "external", "a", "b", "c"],
            &["ann", "external", "a\nb\nc"],
            &["ann\nexternal", "a", "b", "c"],
            &["", "external", "a", "b"],
            &["\n3:ann", "external", "a", "b"],
        ];
        let keys: std::collections::BTreeSet<String> = all.iter().map(|parts| joined(parts)).collect();
        assert_eq!(keys.len(), all.len(), "{keys:?}");
    }
}
