//! How much each may ask for, so that one of them does not have all that the machine can do: by who they are, where that is
//! known, otherwise by where they come from.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    str::FromStr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use clap::Args;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use http_body_util::BodyExt;
use ipnet::IpNet;

use crate::{
    engine::call::ANYBODY,
    web::{access::Principal, problem::Problem},
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// So often those are forgotten who have not asked for a while.
const FORGET_EVERY: u32 = 1024;

/// What each client may have. By default, as much as there is.
#[derive(Clone, Debug, Default, Args)]
pub struct Shares {
    /// How much each client may ask for (50/s, 600/min), by who they are or by their address; 0 sets no limit
    #[arg(long, env = "RATE_LIMIT", value_name = "RATE", default_value = "0", value_parser = rate_limit)]
    pub rate_limit: RateLimit,

    /// How many requests of each client may be under way at once, streams and those that wait for a decision included;
    /// 0 sets no limit
    #[arg(long, env = "CONCURRENCY_LIMIT", value_name = "REQUESTS", default_value = "0", value_parser = count)]
    pub concurrency_limit: Count,

    /// How many connections may come from one address; 0 sets no limit. A gateway has one
    #[arg(long, env = "CONNECTION_LIMIT", value_name = "CONNECTIONS", default_value = "0", value_parser = count)]
    pub connection_limit: Count,

    /// Gateways whose word counts on whose address a request comes from, as networks (10.0.0.0/8,192.168.7.3/32): the last address
    /// in X-Forwarded-For that is none of theirs. Without it all who do not authenticate have the gateway's
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "NETWORKS", default_value = "", hide_default_value = true, value_parser = networks)]
    pub trusted_proxies: Arc<[IpNet]>,
}

/// `None` sets no limit.
type RateLimit = Option<Rate>;
type Count = Option<NonZeroU32>;

fn rate_limit(text: &str) -> Result<RateLimit, String> {
    if text.trim() == "0" { Ok(None) } else { text.parse().map(Some) }
}

fn count(text: &str) -> Result<Count, String> {
    let number: u32 = text.trim().parse().map_err(|_| "expected a number, like 100; 0 sets no limit".to_owned())?;
    Ok(NonZeroU32::new(number))
}

fn networks(text: &str) -> Result<Arc<[IpNet]>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_err(|_| format!("{part:?} is no network, like 10.0.0.0/8"))).collect()
}

/// So many requests in so long: `50/s`, `600/min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    requests: NonZeroU32,
    window: Duration,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected requests per time, like 50/s or 600/min".to_owned();
        let (number, unit) = text.split_once('/').ok_or_else(expected)?;
        let window_s = match unit.trim() {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            _ => return Err(expected()),
        };
        let requests = number.trim().parse().map_err(|_| expected())?;
        Ok(Self { requests, window: Duration::from_secs(window_s) })
    }
}

impl Rate {
    /// All of it at once, or spread over the time.
    fn quota(self) -> Option<Quota> {
        Some(Quota::with_period(self.window / self.requests.get())?.allow_burst(self.requests))
    }
}

/// Where a request comes from: the other end of its connection, which may be a gateway.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

impl Peer {
    /// Whoever has a network of IPv6 has more addresses in it than anybody can remember.
    pub(super) fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            address => address,
        }
    }
}

/// Puts limits around what is not a file of a page, and not for operators; none where no share is given.
pub(super) fn around(mut router: Router, shares: Shares) -> Router {
    if let Some(lately) = shares.rate_limit.and_then(Lately::new) {
        router = router.layer(middleware::from_fn_with_state(Arc::new(lately), rate));
    }
    if let Some(max) = shares.concurrency_limit {
        router = router.layer(middleware::from_fn_with_state(UnderWay::new(max), concurrency));
    }
    if !shares.trusted_proxies.is_empty() {
        router = router.layer(middleware::from_fn_with_state(shares.trusted_proxies, look_behind_proxies));
    }
    router
}

/// Whoever stands behind a gateway that is trusted is the one who asks.
async fn look_behind_proxies(State(proxies): State<Arc<[IpNet]>>, mut request: Request, next: Next) -> Response {
    if let Some(Peer(peer)) = request.extensions().get().copied() {
        let asker = behind(&proxies, peer.to_canonical(), request.headers());
        request.extensions_mut().insert(Peer(asker));
    }
    next.run(request).await
}

/// Each gateway adds to the end where it was asked from; what stands before the first that is not trusted may be made up.
fn behind(proxies: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let headers = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = headers.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut asker = peer;
    for name in named.iter().rev() {
        let is_trusted = proxies.iter().any(|network| network.contains(&asker));
        match name.parse::<IpAddr>() {
            Ok(address) if is_trusted => asker = address.to_canonical(),
            _ => break,
        }
    }
    asker
}

fn is_limited(request: &Request) -> bool {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    path.starts_with("/v1/") || path.starts_with("/console/")
}

/// Who asks.
fn client(request: &Request) -> String {
    match request.extensions().get::<Principal>().map(Principal::subject) {
        Some(subject) if subject != ANYBODY => format!("subject {subject}"),
        _ => request.extensions().get::<Peer>().map_or_else(String::new, |peer| format!("network {}", peer.network())),
    }
}

fn tell(response: &mut Response, left: &str, policy: &str) {
    for (name, value) in [(RATE_LIMIT, left), (RATE_LIMIT_POLICY, policy)] {
        response.headers_mut().append(name, HeaderValue::from_str(value).expect("plain ASCII"));
    }
}

/// What each has asked for lately.
#[derive(Debug)]
struct Lately {
    clients: RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>,
    policy: String,
    asked: AtomicU32,
}

impl Lately {
    fn new(rate: Rate) -> Option<Self> {
        Some(Self {
            clients: RateLimiter::keyed(rate.quota()?).with_middleware(),
            policy: format!("\"client\";q={};w={}", rate.requests, rate.window.as_secs()),
            asked: AtomicU32::new(0),
        })
    }

    /// How many are left, or after how many seconds there is one again.
    fn take(&self, client: &String) -> Result<u32, u64> {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_EVERY) {
            self.clients.retain_recent();
            self.clients.shrink_to_fit();
        }
        match self.clients.check_key(client) {
            Ok(known) => Ok(known.remaining_burst_capacity()),
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                Err(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
            }
        }
    }
}

async fn rate(State(lately): State<Arc<Lately>>, request: Request, next: Next) -> Response {
    if !is_limited(&request) {
        return next.run(request).await;
    }
    let (mut response, left) = match lately.take(&client(&request)) {
        Ok(left) => (next.run(request).await, format!("\"client\";r={left}")),
        Err(wait_s) => (Problem::too_many_requests(wait_s).into_response(), format!("\"client\";r=0;t={wait_s}")),
    };
    tell(&mut response, &left, &lately.policy);
    response
}

/// How many of each client's requests, or connections, there are.
#[derive(Debug)]
pub(super) struct UnderWay {
    max: NonZeroU32,
    /// Nobody who has none.
    clients: Mutex<HashMap<String, u32>>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct One {
    client: String,
    among: Arc<UnderWay>,
}

impl UnderWay {
    /// So many of each at the most.
    pub(super) fn new(max: NonZeroU32) -> Arc<Self> {
        Arc::new(Self { max, clients: Mutex::default() })
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more, if there may be, and how many still.
    pub(super) fn begin(self: &Arc<Self>, client: String) -> Option<(One, u32)> {
        let mut clients = self.clients();
        let count = clients.entry(client.clone()).or_default();
        let left = self.max.get().checked_sub(*count + 1)?;
        *count += 1;
        Some((One { client, among: Arc::clone(self) }, left))
    }
}

impl Drop for One {
    fn drop(&mut self) {
        let mut clients = self.among.clients();
        if let Some(count) = clients.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&self.client);
            }
        }
    }
}

async fn concurrency(State(under_way): State<Arc<UnderWay>>, request: Request, next: Next) -> Response {
    if !is_limited(&request) {
        return next.run(request).await;
    }
    let (mut response, left) = match under_way.begin(client(&request)) {
        Some((one, left)) => (during(one, next.run(request).await), left),
        None => (Problem::too_many_at_once(under_way.max).into_response(), 0),
    };
    tell(&mut response, &format!("\"concurrency\";r={left}"), &format!("\"concurrency\";q={}", under_way.max));
    response
}

/// It is under way until its answer is sent, or given up.
fn during(one: One, response: Response) -> Response {
    response.map(|body| {
        Body::new(body.map_err(move |error| {
            let _still = &one;
            error
        }))
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn a_rate_has_a_number_and_a_time() {
        for (text, requests, window_s) in [("50/s", 50, 1), ("600/min", 600, 60), ("1/h", 1, 3600)] {
            let rate: Rate = text.parse().expect(text);
            assert_eq!((rate.requests.get(), rate.window.as_secs()), (requests, window_s));
        }
        for text in ["", "50", "0/s", "-1/s", "1.5/s", "5/year", "/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_client_has_so_many_under_way_and_others_theirs() {
        let among = UnderWay::new(NonZeroU32::new(2).expect("two"));
        let one = || among.begin("one".into());
        let (first, second) = (one().expect("the first"), one().expect("the second"));
        assert_eq!((first.1, second.1), (1, 0));
        assert!(one().is_none());
        assert_eq!(among.begin("other".into()).expect("another's").1, 1);
        drop(first);
        assert_eq!(one().expect("one has ended").1, 0);
        drop(second);
        assert_eq!(among.clients().len(), 0, "all have ended");
    }

    #[test]
    fn a_gateway_is_believed_where_it_is_trusted() {
        let proxies = networks("10.0.0.0/8, fd00::/8").expect("networks");
        let check = |peer: &str, forwarded: &[&str], expected: &str| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append(FORWARDED_FOR, value.parse().expect("plain ASCII"));
            }
            let asker = behind(&proxies, peer.parse().expect("an address"), &headers);
            assert_eq!(asker.to_string(), expected, "{peer} {forwarded:?}");
        };
        check("10.0.0.1", &["203.0.113.7"], "203.0.113.7");
        check("10.0.0.1", &["1.2.3.4, 203.0.113.7"], "203.0.113.7");
        check("10.0.0.1", &["1.2.3.4", "203.0.113.7, 10.0.0.9"], "203.0.113.7");
        check("10.0.0.1", &["::ffff:203.0.113.7"], "203.0.113.7");
        check("fd00::1", &["2001:db8::5"], "2001:db8::5");
        check("10.0.0.1", &["unknown"], "10.0.0.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("203.0.113.9", &["1.2.3.4"], "203.0.113.9");
        assert!(networks("10.0.0.0/8,home").is_err());
    }

    #[test]
    fn a_client_is_who_he_is_or_where_he_comes_from() {
        let of = |address: &str, principal: Option<&str>| {
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(Peer(address.parse().expect("an address")));
            if let Some(subject) = principal {
                request.extensions_mut().insert(Principal::new(subject, Vec::new(), None));
            }
            client(&request)
        };
        assert_eq!(of("10.0.0.1", None), of("::ffff:10.0.0.1", Some(ANYBODY)));
        assert_ne!(of("10.0.0.1", None), of("10.0.0.2", None));
        assert_eq!(of("fd00::1", None), of("fd00::2:3", None));
        assert_ne!(of("fd00::1", None), of("fd00:0:0:1::1", None));
        assert_eq!(of("10.0.0.1", Some("ada")), of("10.0.0.2", Some("ada")));
        assert_ne!(of("10.0.0.1", Some("10.0.0.1")), of("10.0.0.1", None));
    }
}
