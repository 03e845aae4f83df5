//! The cookie of a display, or of somebody who has signed in: no script reads it, and no other site's page sends it.

use axum::http::{HeaderMap, HeaderName, header};
use uuid::Uuid;

use super::secret::{Secret, fingerprint};
use crate::{contract::access::AccessKey, web::doors::Host};

const NAME: &str = "comanda_session";
/// Browsers keep none for longer; whose it is ends before that where it is revoked.
const LASTS_S: u32 = 400 * 86_400;

/// Gives the browser the secret. Over the network it goes encrypted, or not at all.
pub fn cookie(secret: &Secret, request: &HeaderMap) -> [(HeaderName, String); 1] {
    [set(NAME, secret.reveal(), request)]
}

/// Takes it away.
pub fn forgotten(request: &HeaderMap) -> [(HeaderName, String); 1] {
    [with_attributes(NAME, "", 0, request)]
}

pub(super) fn set(name: &str, value: &str, request: &HeaderMap) -> (HeaderName, String) {
    with_attributes(name, value, LASTS_S, request)
}

pub(super) fn with_attributes(name: &str, value: &str, lasts_s: u32, request: &HeaderMap) -> (HeaderName, String) {
    let host = request.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Host>().ok());
    let secure = if host.is_some_and(|host| host.is_loopback()) { "" } else { "; Secure" };
    (header::SET_COOKIE, format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={lasts_s}{secure}"))
}

/// What a browser has to remember between here and another site.
pub(super) fn on_the_way(name: &str, value: &str, lasts_s: u32, request: &HeaderMap) -> (HeaderName, String) {
    let (header, cookie) = with_attributes(name, value, lasts_s, request);
    (header, cookie.replace("SameSite=Strict", "SameSite=Lax"))
}

/// Of the session whose cookie the browser shows.
pub fn id(request: &HeaderMap) -> Option<Uuid> {
    shown(request).map(|secret| AccessKey::id_of(&fingerprint(secret)))
}

/// What the browser shows.
pub(super) fn shown(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, NAME)
}

pub(super) fn cookie_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';'));
    let value = pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    value.filter(|value| !value.is_empty())
}
