//! Browsers as attackers: a page of somebody else's, in the browser of somebody who can reach us, asks in his name.
//!
//! A name of the attacker's may point here (DNS rebinding), and then his page is of our origin for the browser: only
//! names that are ours are answered. From his own origin his page can still send what it may not read: whatever may
//! change something is refused if another page sends it.

use std::{net::IpAddr, str::FromStr, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::cors::{AllowHeaders, AllowMethods, CorsLayer};

use crate::web::problem::{Answer, Problem};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What the answers to others' pages may be read for, beside the body.
const EXPOSED: [HeaderName; 4] =
    [header::ETAG, header::LOCATION, header::RETRY_AFTER, HeaderName::from_static("idempotent-replayed")];
/// How long a browser need not ask again whether it may ask.
const PREFLIGHT_FOR: Duration = Duration::from_secs(600);

/// A name, with a port or without: of a `Host`, of an origin, of what is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// In lower case, without the root's dot; an IPv6 address in brackets.
    name: String,
    port: Option<u16>,
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is no host: expected a name like orders.example.com, or with a port");
        let authority: Authority = text.parse().map_err(|_| expected())?;
        let name = authority.host();
        let port = authority.as_str().strip_prefix(name).ok_or_else(expected)?;
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            Some("") | None => return Err(expected()),
            Some(digits) => Some(digits.parse().map_err(|_| expected())?),
        };
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        if name.is_empty() || name.contains(|it: char| !it.is_ascii_alphanumeric() && !"-_.[:]".contains(it)) {
            return Err(expected());
        }
        Ok(Self { name, port })
    }
}

impl Host {
    pub(super) fn is_loopback(&self) -> bool {
        let address = self.name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => self.name == "localhost" || self.name.ends_with(".localhost"),
        }
    }
}

/// Where a page comes from: `https://shop.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    host: Host,
    /// Of its scheme, where it names none.
    port: u16,
    text: HeaderValue,
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is no origin: expected one like https://shop.example.com");
        let schemes = [("https://", 443), ("http://", 80)];
        let known = schemes.into_iter().find_map(|(scheme, port)| Some((text.strip_prefix(scheme)?, port)));
        let (host, of_scheme) = known.ok_or_else(expected)?;
        let host: Host = host.parse().map_err(|_| expected())?;
        let text = HeaderValue::from_str(text).map_err(|_| expected())?;
        Ok(Self { port: host.port.unwrap_or(of_scheme), host, text })
    }
}

impl Origin {
    /// Whether a page from here and a request to there are of the same site. Whether there is TLS in front of us is not
    /// known: each port is held to the default of the page's scheme.
    fn is_of(&self, host: &Host) -> bool {
        let of_scheme = if self.text.as_bytes().starts_with(b"https") { 443 } else { 80 };
        self.host.name == host.name && self.port == host.port.unwrap_or(of_scheme)
    }
}

/// Who may ask through a browser. Loopback's names and pages are always let in. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Doors {
    /// Names under which people come, besides.
    pub hosts: Arc<[Host]>,
    /// Others' pages that may ask, and read what is answered.
    pub origins: Arc<[Origin]>,
    /// Everybody shows who he is, so that a name in a browser proves nothing, and opens nothing.
    pub everybody_authenticates: bool,
}

impl Doors {
    /// Refuses what a browser may have been made to ask.
    fn check(&self, request: &Request) -> Answer<()> {
        if is_of_operators(request.uri().path()) {
            return Ok(());
        }
        let host = host_of(request)?;
        let is_ours = |listed: &Host| listed.name == host.name;
        if !(self.everybody_authenticates || host.is_loopback() || self.hosts.iter().any(is_ours)) {
            return Err(Problem::foreign_host(&host.name));
        }
        if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        let headers = request.headers();
        let mut is_foreign = headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "cross-site");
        for origin in headers.get_all(header::ORIGIN) {
            let origin = origin.to_str().ok().and_then(|text| text.parse().ok());
            match origin {
                Some(origin) if self.origins.contains(&origin) => is_foreign = false,
                Some(origin) if self.is_own(&origin, &host) => {}
                _ => return Err(Problem::foreign_origin()),
            }
        }
        if is_foreign { Err(Problem::foreign_origin()) } else { Ok(()) }
    }

    /// What is in front of us may call us by another name than people do.
    fn is_own(&self, origin: &Origin, host: &Host) -> bool {
        origin.is_of(host) || self.hosts.iter().any(|listed| origin.is_of(listed))
    }

    /// What lets the pages of the listed origins ask; nothing where none is.
    pub(crate) fn cors(&self) -> Option<CorsLayer> {
        let origins: Vec<HeaderValue> = self.origins.iter().map(|origin| origin.text.clone()).collect();
        (!origins.is_empty()).then(|| {
            CorsLayer::new()
                .allow_origin(origins)
                .allow_methods(AllowMethods::mirror_request())
                .allow_headers(AllowHeaders::mirror_request())
                .expose_headers(EXPOSED)
                .max_age(PREFLIGHT_FOR)
        })
    }
}

/// Probes and scrapers come by addresses that nobody lists; no browser has use for what they read.
fn is_of_operators(path: &str) -> bool {
    path == "/metrics" || path.starts_with("/healthz/")
}

/// The one host that is asked, wherever the request names it.
fn host_of(request: &Request) -> Answer<Host> {
    let mut named = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return Err(Problem::malformed("send one Host header, with the name and the port that the URL has"));
    };
    let host = host.to_str().ok().and_then(|text| text.parse().ok());
    let host: Host = host.ok_or_else(|| Problem::malformed("the Host header is no name with or without a port"))?;
    // A proxy's form of the request line.
    let differs = |authority: &Authority| authority.as_str().parse::<Host>().as_ref() != Ok(&host);
    if request.uri().authority().is_some_and(differs) {
        return Err(Problem::malformed("the request line and the Host header name different hosts"));
    }
    Ok(host)
}

pub(crate) async fn guard(State(doors): State<Doors>, request: Request, next: Next) -> Response {
    match doors.check(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn doors(hosts: &[&str], origins: &[&str]) -> Doors {
        Doors {
            hosts: hosts.iter().map(|it| it.parse().unwrap()).collect(),
            origins: origins.iter().map(|it| it.parse().unwrap()).collect(),
            everybody_authenticates: false,
        }
    }

    /// The status of a request with these headers.
    fn asked(doors: &Doors, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        let request = headers
            .iter()
            .fold(Request::builder().method(method).uri(path), |it, (name, value)| it.header(*name, *value));
        let answer = doors.check(&request.body(Body::empty()).unwrap());
        answer.map_or_else(|problem| problem.into_response().status().as_u16(), |()| 200)
    }

    #[test]
    fn only_our_own_names_are_answered() {
        let doors = doors(&["orders.example.com", "[fd00::1]:8080"], &[]);
        for own in [
            "localhost",
            "LocalHost:8080",
            "localhost.",
            "comanda.localhost",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
            "orders.example.com",
            "ORDERS.example.com.:8443",
            "[fd00::1]",
        ] {
            assert_eq!(asked(&doors, "GET", "/v1/menu", &[("host", own)]), 200, "{own}");
        }
        for foreign in [
            "evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[::2]",
            "[fd00::2]",
            "example.com",
            "x.orders.example.com",
            "orders.example.com.evil.example",
            "0.0.0.0",
        ] {
            assert_eq!(asked(&doors, "GET", "/v1/menu", &[("host", foreign)]), 421, "{foreign}");
            assert_eq!(asked(&doors, "GET", "/metrics", &[("host", foreign)]), 200, "{foreign}");
            assert_eq!(asked(&doors, "GET", "/healthz/ready", &[("host", foreign)]), 200, "{foreign}");
        }
    }

    #[test]
    fn a_host_is_one_and_can_be_read() {
        let doors = doors(&[], &[]);
        assert_eq!(asked(&doors, "GET", "/", &[]), 400);
        assert_eq!(asked(&doors, "GET", "/", &[("host", "localhost"), ("host", "localhost")]), 400);
        for malformed in [
            "",
            ":8080",
            "localhost:",
            "localhost:x",
            "localhost:99999",
            "a b",
            "user@localhost",
            "localhost/",
            ".",
            "[::1",
        ] {
            assert_eq!(asked(&doors, "GET", "/", &[("host", malformed)]), 400, "{malformed}");
        }
        assert_eq!(asked(&doors, "GET", "http://evil.example/", &[("host", "localhost")]), 400);
        assert_eq!(asked(&doors, "GET", "http://localhost/", &[("host", "localhost")]), 200);
    }

    #[test]
    fn another_page_changes_nothing() {
        let doors = doors(&["orders.example.com"], &["https://shop.example.com"]);
        let sent = |method: &str, headers: &[(&str, &str)]| {
            let headers = [&[("host", "127.0.0.1:8080")], headers].concat();
            asked(&doors, method, "/v1/orders/1/cancel", &headers)
        };
        for own in ["http://127.0.0.1:8080", "https://orders.example.com", "https://shop.example.com"] {
            assert_eq!(sent("POST", &[("origin", own)]), 200, "{own}");
        }
        for foreign in [
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:3000",
            "http://localhost:8080",
            "https://evil.example",
            "https://orders.example.com:8443",
            "http://shop.example.com",
            "https://shop.example.com.evil.example",
            "file://",
        ] {
            for method in ["POST", "PUT", "DELETE", "PATCH", "ODD"] {
                assert_eq!(sent(method, &[("origin", foreign)]), 403, "{method} {foreign}");
            }
            assert_eq!(sent("GET", &[("origin", foreign)]), 200, "nothing changes, and nothing can be read: {foreign}");
        }
        let site = |site| ("sec-fetch-site", site);
        assert_eq!(sent("POST", &[site("cross-site")]), 403, "without a body some browsers name no origin");
        assert_eq!(sent("POST", &[site("same-origin")]), 200);
        assert_eq!(sent("POST", &[site("cross-site"), ("origin", "https://shop.example.com")]), 200);
        assert_eq!(sent("POST", &[site("cross-site"), ("origin", "http://127.0.0.1:8080")]), 403);
        assert_eq!(sent("POST", &[]), 200, "no browser");
    }

    #[test]
    fn whoever_shows_who_he_is_may_come_by_any_name_and_from_no_other_page() {
        let doors = Doors { everybody_authenticates: true, ..Doors::default() };
        let host = ("host", "any.example");
        assert_eq!(asked(&doors, "POST", "/", &[host, ("origin", "https://any.example")]), 200);
        assert_eq!(asked(&doors, "POST", "/", &[host, ("origin", "https://evil.example")]), 403);
        assert_eq!(asked(&doors, "GET", "/", &[]), 400);
    }
}
