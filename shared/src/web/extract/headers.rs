//! Headers that say how a command is meant: under which key, and how long its asker waits.

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::web::problem::Problem;

/// Of a key, in characters.
const KEY_MAX: usize = 255;
const WAIT_MAX_S: u64 = 30;

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

/// The seconds of `Prefer: wait=5` (RFC 7240), at most 30.
#[derive(Clone, Copy, Debug, Default)]
pub struct PreferWait(pub Option<u64>);

impl<S: Sync> FromRequestParts<S> for PreferWait {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let values = parts.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        let preferences = values.flat_map(|value| split_outside_quotes(value, ','));
        Ok(Self(preferences.filter_map(wait).next()))
    }
}

/// The first of a preference's parts is the preference, the others are its parameters.
fn wait(preference: &str) -> Option<u64> {
    let (name, value) = split_outside_quotes(preference, ';').next()?.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("wait") {
        return None;
    }
    let digits = value.trim().trim_matches('"');
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // A number that is too large for us is a long time.
    is_number.then(|| digits.parse().unwrap_or(WAIT_MAX_S).min(WAIT_MAX_S))
}

/// The parts of a header's value; what stands in quotation marks is no separator (RFC 9110).
fn split_outside_quotes(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return c == separator && !quoted,
        }
        false
    })
}
