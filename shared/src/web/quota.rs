//! How much each may ask for, so that one of them does not have all that the machine can do: by who they are, where that is
//! known, otherwise by where they come from.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

use crate::{
    engine::call::ANYBODY,
    web::{access::Principal, problem::Problem},
};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// So often those are forgotten who have not asked for a while.
const FORGET_EVERY: u32 = 1024;

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

/// What each has asked for lately.
#[derive(Debug)]
struct Quotas {
    clients: RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>,
    policy: HeaderValue,
    asked: AtomicU32,
}

/// Puts a limit around what is not a file of a page, and not for operators; none where no rate is given.
pub(super) fn around(router: Router, rate: Option<Rate>) -> Router {
    let Some((rate, quota)) = rate.and_then(|rate| Some((rate, rate.quota()?))) else { return router };
    let policy = format!("\"client\";q={};w={}", rate.requests, rate.window.as_secs());
    let quotas = Quotas {
        clients: RateLimiter::keyed(quota).with_middleware(),
        policy: HeaderValue::from_str(&policy).expect("plain ASCII"),
        asked: AtomicU32::new(0),
    };
    router.layer(middleware::from_fn_with_state(Arc::new(quotas), limit))
}

async fn limit(State(quotas): State<Arc<Quotas>>, request: Request, next: Next) -> Response {
    let is_limited = |path: &str| path.starts_with("/v1/") || path.starts_with("/console/");
    if !request.extensions().get::<MatchedPath>().is_some_and(|path| is_limited(path.as_str())) {
        return next.run(request).await;
    }
    let (mut response, told) = match quotas.take(&client(&request)) {
        Ok(left) => (next.run(request).await, format!("\"client\";r={left}")),
        Err(wait_s) => (Problem::too_many_requests(wait_s).into_response(), format!("\"client\";r=0;t={wait_s}")),
    };
    let headers = response.headers_mut();
    headers.insert(RATE_LIMIT, HeaderValue::from_str(&told).expect("plain ASCII"));
    headers.insert(RATE_LIMIT_POLICY, quotas.policy.clone());
    response
}

impl Quotas {
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

/// Who asks. Whoever has a network of IPv6 has more addresses in it than anybody can remember.
fn client(request: &Request) -> String {
    match request.extensions().get::<Principal>().map(Principal::subject) {
        Some(subject) if subject != ANYBODY => format!("subject {subject}"),
        _ => match request.extensions().get::<Peer>().map(|Peer(address)| address.to_canonical()) {
            Some(IpAddr::V6(address)) => {
                let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
                format!("network {network}")
            }
            Some(IpAddr::V4(address)) => format!("address {address}"),
            None => String::new(),
        },
    }
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
