//! Guests: nobody asks who they are. A browser that opens the order page is given a secret of its own, by which it is known
//! again, and so its orders; nothing of it is kept but the fingerprint that these are placed by. A link shows one order to
//! another device, for a while: it is a key, and can be revoked. Who follows it stays who he is.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

use super::{
    principal::Principal,
    secret::{self, Secret},
    session,
};

const NAME: &str = "comanda_guest";
/// Where they begin.
const PAGE: &str = "/order";
const LINK: &str = "link=";
const LINK_COOKIE: &str = "comanda_link";
/// As long as the link itself.
const LINK_LASTS_S: u32 = 86_400;

/// Whose the secret is, if it has the form of a guest's: it was made up by us or by the guest, and is as good as unguessable.
pub(super) fn known(shown: &str) -> Option<Principal> {
    let fits = shown.len() == secret::CHARS && secret::is_guest(shown);
    fits.then(|| Principal::new(format!("guest:{}", &secret::fingerprint(shown)[..32]), Vec::new(), None))
}

/// What the browser shows for a guest.
pub(super) fn shown(headers: &HeaderMap) -> Option<&str> {
    session::cookie_of(headers, NAME).filter(|shown| secret::is_guest(shown))
}

/// What it was sent.
pub(super) fn link(headers: &HeaderMap) -> Option<&str> {
    session::cookie_of(headers, LINK_COOKIE)
}

/// Takes a link: the browser is shown that order from now on, and the address says nothing of it any more.
pub(super) fn follow(request: &Request) -> Option<Response> {
    let query = request.uri().query().filter(|_| request.uri().path() == PAGE)?;
    let link = query.split('&').find_map(|pair| pair.strip_prefix(LINK))?;
    let secret = Some(link).filter(|link| link.len() == secret::CHARS && secret::is_key(link))?;
    let (name, cookie) = session::with_attributes(LINK_COOKIE, secret, LINK_LASTS_S, request.headers());
    let response = Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, PAGE);
    let response = response.header(name, cookie).header(header::CACHE_CONTROL, "no-store");
    response.body(Body::empty()).ok()
}

/// What a browser is given that comes for the first time.
pub(super) fn welcome(path: &str, headers: &HeaderMap) -> Option<(header::HeaderName, HeaderValue)> {
    if path != PAGE || shown(headers).is_some() {
        return None;
    }
    // Without random numbers nobody is made a guest, and nobody's order is lost.
    let (name, cookie) = session::set(NAME, Secret::guest().ok()?.reveal(), headers);
    Some((name, HeaderValue::try_from(cookie).ok()?))
}
