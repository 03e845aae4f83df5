//! What is told of every request: how many there were, how long they took, and its span.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use opentelemetry::{KeyValue, trace::SpanKind};
use tokio::time::Instant;
use tracing::{Level, debug, enabled, error};

use crate::{
    bus::seldom::Seldom,
    contract::{time::Time, trace::Trace},
    engine::spans::{Span, Spans},
    web::{exemplars, extract::caller},
};

/// No page of anybody else's shows what is answered, as a picture or otherwise.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Those who ask all the time, and whom nobody follows.
const PROBES: [&str; 3] = ["/healthz/live", "/healthz/ready", "/metrics"];

const SECONDS: &str = "comanda_http_request_seconds";

/// Where spans of requests go, and whose they are.
#[derive(Clone, Debug)]
pub(super) struct Observer {
    pub(super) spans: Spans,
    pub(super) service: &'static str,
}

/// Counts and times the request. Its span ends with the answer's headers.
pub(super) async fn observe(State(observer): State<Observer>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method(request.method());
    let path = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let traced = Traced::begin(&observer, &mut request, method, &path);
    let trace = request.extensions().get::<Trace>().copied().or_else(|| caller(request.headers()));
    let mut response = next.run(request).await;
    let kept = traced.map(|traced| traced.end(&observer, response.status()));
    log(method, &path, response.status(), started, trace);
    let status = response.status().as_u16().to_string();
    let labels = [("method", method.to_owned()), ("path", path), ("status", status)];
    metrics::counter!("comanda_http_requests_total", &labels).increment(1);
    let took = started.elapsed();
    metrics::histogram!(SECONDS, &labels[..2]).record(took);
    if let Some(trace) = kept {
        exemplars::note(SECONDS, &labels[..2], took, trace);
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// What failed by a fault of ours; each request, if somebody asks for it (`RUST_LOG=info,access=debug`).
fn log(method: &str, route: &str, status: StatusCode, started: Instant, trace: Option<Trace>) {
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        static FAULTS: Seldom = Seldom::new(10);
        if let Some(left_out) = FAULTS.now(Time::now()) {
            error!(method, route, trace.id = trace.map(Trace::name), left_out, "a request failed");
        }
    }
    if enabled!(target: "access", Level::DEBUG) {
        let (status, duration_ms) = (status.as_u16(), started.elapsed().as_secs_f64() * 1000.0);
        debug!(target: "access", method, route, status, duration_ms, trace.id = trace.map(Trace::name), "answered");
    }
}

/// Whatever a client makes up must not become a series of its own.
fn method(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
    known.into_iter().find(|known| method.as_str() == *known).unwrap_or("other")
}

/// A request whose trace is kept.
struct Traced {
    trace: Trace,
    caller: Option<Trace>,
    began: Time,
    name: String,
    attributes: Vec<KeyValue>,
}

impl Traced {
    /// Whoever serves the request does it within its trace, kept or not.
    fn begin(observer: &Observer, request: &mut Request, method: &'static str, route: &str) -> Option<Self> {
        if PROBES.contains(&route) {
            return None;
        }
        let caller = caller(request.headers());
        let trace = observer.spans.begin(caller)?;
        request.extensions_mut().insert(trace);
        if !trace.is_sampled() {
            return None;
        }
        // What a display shows to be let in is nobody's business.
        let path = if route.contains("{code}") { route } else { request.uri().path() };
        let mut attributes = vec![
            KeyValue::new("http.request.method", if method == "other" { "_OTHER" } else { method }),
            KeyValue::new("url.path", path.to_owned()),
            KeyValue::new("url.scheme", "http"),
        ];
        let mut name = method.to_owned();
        if route != "other" {
            attributes.push(KeyValue::new("http.route", route.to_owned()));
            name = format!("{method} {route}");
        }
        Some(Self { trace, caller, began: Time::now(), name, attributes })
    }

    /// The trace, in which it is from now on.
    fn end(self, observer: &Observer, status: StatusCode) -> Trace {
        let Self { trace, caller: parent, began, name, mut attributes } = self;
        attributes.push(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        observer.spans.add(Span {
            service: observer.service,
            name: name.into(),
            kind: SpanKind::Server,
            trace,
            parent,
            began,
            ended: Time::now(),
            attributes,
            links: Vec::new(),
            error: status.is_server_error().then(|| status.as_u16().to_string()),
        });
        trace
    }
}
