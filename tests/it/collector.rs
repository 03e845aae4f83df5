//! Who collects traces, by OTLP over HTTP and gRPC.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use tokio::{
    task::JoinHandle,
    time::{Instant, interval},
};
use tonic::{Request, Response, Status, transport::server::TcpIncoming};

use crate::harness::PATIENCE;

/// Listens at two addresses until it is dropped.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) http: String,
    pub(crate) grpc: String,
    received: Received,
    servers: [JoinHandle<()>; 2],
}

/// What came.
#[derive(Clone, Debug, Default)]
struct Received(Arc<Mutex<Vec<Collected>>>);

/// A span, and how it came.
#[derive(Clone, Debug)]
pub(crate) struct Collected {
    pub(crate) service: String,
    pub(crate) span: Span,
    pub(crate) authorization: Option<String>,
    pub(crate) by_grpc: bool,
}

impl Collected {
    pub(crate) fn kind(&self) -> SpanKind {
        self.span.kind()
    }

    pub(crate) fn attributes(&self) -> HashMap<String, String> {
        self.span.attributes.iter().map(|it| (it.key.clone(), text(it))).collect()
    }

    /// In hexadecimal digits.
    pub(crate) fn trace(&self) -> String {
        self.span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn text(attribute: &KeyValue) -> String {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{}: {other:?}", attribute.key),
    }
}

impl Received {
    fn take(&self, request: ExportTraceServiceRequest, headers: &HeaderMap, by_grpc: bool) {
        let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        let mut received = self.0.lock().unwrap();
        for of_service in request.resource_spans {
            let resource = of_service.resource.unwrap();
            let name = resource.attributes.iter().find(|it| it.key == "service.name").unwrap();
            for span in of_service.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let (service, authorization) = (text(name), authorization.clone());
                received.push(Collected { service, span, authorization, by_grpc });
            }
        }
    }
}

#[tonic::async_trait]
impl TraceService for Received {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        self.take(request, &metadata.into_headers(), true);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    #[expect(clippy::disallowed_methods, reason = "the test ends its servers itself")]
    pub(crate) async fn start() -> Self {
        let received = Received::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = format!("http://{}", listener.local_addr().unwrap());
        let by_http = received.clone();
        let take = async move |headers: HeaderMap, body: Bytes| {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            by_http.take(ExportTraceServiceRequest::decode(body).unwrap(), &headers, false);
            ExportTraceServiceResponse::default().encode_to_vec()
        };
        let router = Router::new().route("/v1/traces", post(take));
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let grpc = format!("http://{}", incoming.local_addr().unwrap());
        let service = TraceServiceServer::new(received.clone());
        let servers = [
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }),
            tokio::spawn(async move {
                tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming).await.unwrap();
            }),
        ];
        Self { http, grpc, received, servers }
    }

    pub(crate) fn received(&self) -> Vec<Collected> {
        self.received.0.lock().unwrap().clone()
    }

    /// Waits until so many spans of the trace are there; all of them.
    pub(crate) async fn wait_for(&self, trace: &str, spans: usize) -> Vec<Collected> {
        let (deadline, mut every) = (Instant::now() + PATIENCE, interval(crate::process::POLL));
        loop {
            let mut found = self.received();
            found.retain(|it| it.trace() == trace);
            if found.len() >= spans {
                return found;
            }
            let names: Vec<_> = found.iter().map(|it| format!("{} {}", it.service, it.span.name)).collect();
            assert!(Instant::now() < deadline, "{} of {spans} spans: {names:#?}", found.len());
            every.tick().await;
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}
