//! Sends spans to whoever collects traces, by OTLP. A collector that is slow, away or hangs costs spans, which are counted,
//! and nothing else: nobody who works waits for it.

mod settings;

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use hyper_rustls::HttpsConnectorBuilder;
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{Link, SpanContext, SpanId, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{
    SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig, tonic_types::metadata::MetadataMap,
    tonic_types::transport::ClientTlsConfig,
};
use opentelemetry_sdk::{
    Resource,
    resource::TelemetryResourceDetector,
    trace::{SpanData, SpanExporter as _, SpanLinks},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    contract::{time::Time, trace::Trace},
    engine::spans::{Span, Spans, dropped},
};

pub use settings::{Protocol, Tracing};

/// So many spans are sent at once.
const BATCH: usize = 512;
/// So long a span waits for others.
const GATHER: Duration = Duration::from_secs(2);
/// So long the collector may take.
const WITHIN: Duration = Duration::from_secs(10);
/// For what is left when the process stops: there are ten seconds for everything.
const LAST: Duration = Duration::from_secs(2);
/// Between two words about the same trouble.
const SILENCE: Duration = Duration::from_secs(60);

/// Sends what is in the queue.
#[derive(Debug)]
pub(super) struct Exporter {
    settings: Tracing,
    queue: mpsc::Receiver<Span>,
    /// Taken from the queue, and not yet sent.
    held: Vec<Span>,
    /// By the name of a service, which a collector takes for a property of the whole process.
    senders: HashMap<String, SpanExporter>,
    told: Option<Instant>,
}

/// Where spans go, and what sends them there; nothing sends them where nobody collects them.
pub(super) fn start(settings: &Tracing) -> Result<(Spans, Option<Exporter>)> {
    let Some(_) = settings.endpoint()? else { return Ok((Spans::default(), None)) };
    let (spans, queue) = Spans::queue(settings.sampler()?);
    let mut exporter =
        Exporter { settings: settings.clone(), queue, held: Vec::new(), senders: HashMap::new(), told: None };
    // What cannot work is told at the start.
    exporter.sender("comanda").context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    info!(to = settings.host(), protocol = %settings.protocol, "traces are sent");
    Ok((spans, Some(exporter)))
}

impl Exporter {
    /// Until asked to stop; then what is left is sent, if the collector takes it soon.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = self.send_on() => {}
            () = stop.cancelled() => {}
        }
        let last = async {
            while self.gather_what_is_there() {
                self.send().await;
            }
        };
        if timeout(LAST, last).await.is_err() {
            dropped("stopped", self.held.len() + self.queue.len());
        }
    }

    /// Until nobody is left who could add a span.
    async fn send_on(&mut self) {
        while self.gather().await {
            self.send().await;
        }
    }

    /// A full batch, or what has come until the first of it has waited long enough.
    async fn gather(&mut self) -> bool {
        if self.queue.recv_many(&mut self.held, BATCH).await == 0 {
            return false;
        }
        let more = async {
            while self.held.len() < BATCH {
                let room = BATCH - self.held.len();
                if self.queue.recv_many(&mut self.held, room).await == 0 {
                    break;
                }
            }
        };
        // What has come stays held either way.
        let _ = timeout(GATHER, more).await;
        true
    }

    fn gather_what_is_there(&mut self) -> bool {
        while self.held.len() < BATCH
            && let Ok(span) = self.queue.try_recv()
        {
            self.held.push(span);
        }
        !self.held.is_empty()
    }

    /// Sends what is held, or drops it. It stays held until then: the process may stop meanwhile.
    async fn send(&mut self) {
        let mut by_service: BTreeMap<String, Vec<SpanData>> = BTreeMap::new();
        for span in &self.held {
            by_service.entry(self.settings.name_of(span.service)).or_default().push(data(span));
        }
        for (service, spans) in by_service {
            let count = spans.len();
            let sent = match self.sender(&service) {
                Ok(sender) => timeout(WITHIN, sender.export(spans)).await.context("the collector does not answer"),
                Err(error) => Err(error),
            };
            match sent.and_then(|sent| sent.map_err(Into::into)) {
                Ok(()) => metrics::counter!("comanda_spans_sent_total").increment(count as u64),
                Err(error) => self.lost(count, &error),
            }
        }
        self.held.clear();
    }

    fn lost(&mut self, count: usize, error: &anyhow::Error) {
        dropped("failed", count);
        if self.told.is_none_or(|told| told.elapsed() >= SILENCE) {
            warn!(error = format!("{error:#}"), "the collector of traces takes none: they are dropped");
            self.told = Some(Instant::now());
        }
    }

    fn sender(&mut self, service: &str) -> Result<&SpanExporter> {
        if !self.senders.contains_key(service) {
            let mut sender = build(&self.settings)?;
            sender.set_resource(&resource(&self.settings, service));
            self.senders.insert(service.to_owned(), sender);
        }
        self.senders.get(service).context("it was made just now")
    }
}

fn build(settings: &Tracing) -> Result<SpanExporter> {
    let endpoint = settings.endpoint()?.context("nobody collects")?;
    let headers = settings.headers()?;
    let built = match settings.protocol {
        Protocol::Grpc => {
            let headers = http_headers(&headers)?;
            let builder = SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(WITHIN);
            let builder = builder.with_metadata(MetadataMap::from_headers(headers));
            builder.with_tls_config(ClientTlsConfig::new().with_webpki_roots()).build()
        }
        Protocol::HttpProtobuf => {
            let ring = rustls::crypto::ring::default_provider();
            let tls = HttpsConnectorBuilder::new().with_provider_and_webpki_roots(ring).context("TLS")?;
            let client = HyperClient::new(tls.https_or_http().enable_http1().build(), WITHIN, None);
            let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
            let builder = SpanExporter::builder().with_http().with_endpoint(endpoint).with_timeout(WITHIN);
            builder.with_headers(headers.into_iter().collect()).with_http_client(client).build()
        }
    };
    built.map_err(Into::into)
}

fn http_headers(headers: &[(String, String)]) -> Result<hyper::HeaderMap> {
    let header = |(name, value): &(String, String)| {
        anyhow::Ok((name.parse::<hyper::header::HeaderName>()?, value.parse::<hyper::header::HeaderValue>()?))
    };
    headers.iter().map(header).collect()
}

/// What all spans of a service have in common.
fn resource(settings: &Tracing, service: &str) -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attribute(version)
        .with_attributes(settings.resource().into_iter().map(|(key, value)| KeyValue::new(key, value)))
        .with_service_name(service.to_owned())
        .build()
}

/// As the exporter wants it.
fn data(span: &Span) -> SpanData {
    let mut links = SpanLinks::default();
    links.links = span.links.iter().map(|link| Link::new(context(*link, false), Vec::new(), 0)).collect();
    let mut attributes = span.attributes.clone();
    attributes.extend(span.error.clone().map(|kind| KeyValue::new("error.type", kind)));
    SpanData {
        span_context: context(span.trace, false),
        parent_span_id: span.parent.map_or(SpanId::INVALID, |parent| SpanId::from(parent.span())),
        parent_span_is_remote: span.parent.is_some(),
        span_kind: span.kind.clone(),
        name: span.name.clone(),
        start_time: system_time(span.began),
        end_time: system_time(span.ended.max(span.began)),
        attributes,
        dropped_attributes_count: 0,
        events: Default::default(),
        links,
        status: span.error.as_ref().map_or(Status::Unset, |kind| Status::error(kind.clone())),
        instrumentation_scope: InstrumentationScope::builder("comanda").with_version(env!("CARGO_PKG_VERSION")).build(),
    }
}

fn context(trace: Trace, is_remote: bool) -> SpanContext {
    let (id, span) = (TraceId::from(trace.id()), SpanId::from(trace.span()));
    SpanContext::new(id, span, TraceFlags::SAMPLED, is_remote, TraceState::NONE)
}

fn system_time(time: Time) -> std::time::SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::SpanKind;

    use super::*;
    use crate::{engine::call::fresh_id, process::telemetry};

    fn span(id: u128) -> Span {
        Span {
            service: "order-svc",
            name: "decide place".into(),
            kind: SpanKind::Internal,
            trace: Trace::rooted_in(uuid::Uuid::from_u128(id)),
            parent: None,
            began: Time::from_micros(1),
            ended: Time::from_micros(0),
            attributes: Vec::new(),
            links: vec![Trace::rooted_in(fresh_id())],
            error: Some("503".into()),
        }
    }

    #[test]
    fn a_span_is_told_whole() {
        let told = data(&span(7));
        assert_eq!(told.span_context.trace_id(), TraceId::from(7));
        assert_eq!(told.parent_span_id, SpanId::INVALID);
        assert!(told.end_time >= told.start_time, "a clock may be set back");
        assert_eq!((told.links.len(), told.status), (1, Status::error("503")));
        assert_eq!(told.attributes, [KeyValue::new("error.type", "503")]);
    }

    /// Whoever works does not even notice.
    #[tokio::test]
    async fn what_does_not_fit_is_dropped_and_counted() {
        telemetry::metrics();
        let settings = Tracing { endpoint: "http://127.0.0.1:1".into(), ..Tracing::default() };
        let (spans, exporter) = start(&settings).expect("it is configured");
        (0..10_000).for_each(|id| spans.add(span(id)));
        let exporter = exporter.expect("somebody collects");
        let waiting = exporter.queue.len();
        let stop = CancellationToken::new();
        stop.cancel();
        exporter.run(stop).await;
        let shown = telemetry::metrics().render();
        let count = |reason: &str| -> usize {
            let name = format!("comanda_spans_dropped_total{{reason=\"{reason}\"}} ");
            shown.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().expect("a number"))
        };
        assert_eq!(count("full"), 10_000 - waiting);
        assert_eq!(count("failed") + count("stopped"), waiting, "nobody listens there");
    }
}
