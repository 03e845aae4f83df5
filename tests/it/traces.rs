//! Traces: one from the request through log, broker and all services; and nothing that waits for whoever collects them.

use std::{
    collections::{BTreeSet, HashMap},
    process::Stdio,
};

use expect_test::{Expect, expect};
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use order_svc::OrderSvc;
use reqwest::{Method, StatusCode};
use shared::{
    engine::call::fresh_id,
    process::{
        host::Host,
        traces::{Protocol, Tracing},
    },
    web::{pages, site::Site},
};

use crate::{
    collector::{Collected, Collector},
    harness::{App, Backends, PATIENCE, settings, text},
    process::{Process, comanda, free_address},
};

const CALLER: u64 = 0x00f0_67aa_0ba9_02b7;

/// One service by itself, which tells the collector of its traces.
pub(crate) async fn alone<S: Site>(backends: &Backends, database: usize, tracing: Tracing) -> App {
    let mut settings = settings(&backends.bus, "127.0.0.1:0", PATIENCE).unwrap();
    settings.tracing = tracing;
    let mut host = Host::new(settings).await.unwrap();
    let databases = vec![host.add::<S>(&backends.databases[database]).await.unwrap().db];
    App::serve(host, databases, pages::router(S::ASSETS)).await.unwrap()
}

/// Places an order within a caller's trace; its id.
async fn place(orders: &App, traceparent: &str) -> String {
    let body = App::order("1 margherita");
    let request = orders.ordering(&fresh_id().to_string(), &body).header("traceparent", traceparent);
    let (status, order) = orders.send(request).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{order}");
    text(&order["id"])
}

/// Each span below its parent, in the order of the alphabet.
fn tree(spans: &[Collected]) -> String {
    let mut below: HashMap<Vec<u8>, Vec<&Collected>> = HashMap::new();
    for it in spans {
        below.entry(it.span.parent_span_id.clone()).or_default().push(it);
    }
    let mut shown = String::new();
    show(&below, &CALLER.to_be_bytes(), 0, &mut shown);
    assert_eq!(shown.lines().count(), spans.len(), "all have a parent:\n{shown}{spans:#?}");
    shown
}

fn show(below: &HashMap<Vec<u8>, Vec<&Collected>>, parent: &[u8], depth: usize, shown: &mut String) {
    let line = |it: &Collected| format!("{}{} {} ({:?})\n", "  ".repeat(depth), it.service, it.span.name, it.kind());
    let mut children = below.get(parent).cloned().unwrap_or_default();
    children.sort_by_key(|it| line(it));
    for child in children {
        *shown += &line(child);
        show(below, &child.span.span_id, depth + 1, shown);
    }
}

fn attributes(spans: &[Collected], name: &str, order: &str) -> String {
    let found = spans.iter().find(|it| it.span.name == name).unwrap();
    let mut lines: Vec<String> = found.attributes().iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    lines.sort();
    lines.concat().replace(order, "<order>")
}

/// Without what is another at each run.
fn check_attributes(spans: &[Collected], name: &str, order: &str, expected: Expect) {
    let shown = attributes(spans, name, order);
    let shown: Vec<&str> = shown.lines().filter(|line| !line.starts_with("messaging.message.id=")).collect();
    expected.assert_eq(&(shown.join("\n") + "\n"));
}

/// Those of OpenTelemetry, for HTTP and for messages.
fn check_conventions(spans: &[Collected], order: &str) {
    check_attributes(
        spans,
        "POST /v1/orders",
        order,
        expect![[r#"
        http.request.method=POST
        http.response.status_code=202
        http.route=/v1/orders
        url.path=/v1/orders
        url.scheme=http
    "#]],
    );
    check_attributes(
        spans,
        "send order.placed",
        order,
        expect![[r#"
        comanda.order.id=<order>
        messaging.destination.name=comanda.events:order.placed.soho
        messaging.message.conversation_id=<order>
        messaging.operation.name=send
        messaging.operation.type=send
        messaging.rabbitmq.destination.routing_key=order.placed.soho
        messaging.system=rabbitmq
    "#]],
    );
    check_attributes(
        spans,
        "process stock.reserved",
        order,
        expect![[r#"
        comanda.order.id=<order>
        messaging.destination.name=comanda.events:stock.reserved.soho:order-svc.inbox
        messaging.message.conversation_id=<order>
        messaging.operation.name=process
        messaging.operation.type=process
        messaging.rabbitmq.destination.routing_key=stock.reserved.soho
        messaging.system=rabbitmq
    "#]],
    );
}

/// The batch of each input names it and is named by it, and belongs to nobody's trace.
fn check_batches(spans: &[Collected], all: &[Collected]) {
    let inputs = spans.iter().filter(|it| it.kind() != SpanKind::Server);
    let inputs = inputs.filter(|it| !it.span.name.starts_with("send "));
    let mut seen = 0;
    for input in inputs {
        let to_batch = &input.span.links[0];
        let batch = all.iter().find(|it| it.span.span_id == to_batch.span_id).unwrap();
        assert_eq!((&*batch.span.name, &batch.service), ("BATCH", &input.service));
        assert!(batch.span.links.iter().any(|link| link.span_id == input.span.span_id));
        assert!(batch.span.parent_span_id.is_empty() && batch.trace() != input.trace());
        assert_eq!(batch.attributes()["db.system.name"], "postgresql");
        seen += 1;
    }
    assert_eq!(seen, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_one_trace_over_three_services() {
    let Some(backends) = Backends::servers().await else { return };
    let app = App::start(&backends, PATIENCE).await;
    app.open_restaurant().await;
    app.finish().await;

    let collector = Collector::start().await;
    let by_http = Tracing { endpoint: collector.http.clone(), ..Tracing::default() };
    let (protocol, headers) = (Protocol::Grpc, "authorization=Bearer%20hunter2".to_owned());
    let by_grpc = Tracing { endpoint: collector.grpc.clone(), protocol, headers, ..Tracing::default() };
    let orders = alone::<OrderSvc>(&backends, 0, by_http.clone()).await;
    let stock = alone::<InventorySvc>(&backends, 1, by_grpc).await;
    let kitchen = alone::<KitchenSvc>(&backends, 2, by_http).await;

    let (kept, not_kept) = (fresh_id().simple().to_string(), fresh_id().simple().to_string());
    place(&orders, &format!("00-{not_kept}-{CALLER:016x}-00")).await;
    let order = place(&orders, &format!("00-{kept}-{CALLER:016x}-01")).await;
    let spans = collector.wait_for(&kept, 9).await;
    let whole = expect![[r#"
        order-svc POST /v1/orders (Server)
          order-svc decide place (Internal)
            inventory-svc process order.placed (Consumer)
              inventory-svc send stock.reserved (Producer)
              order-svc process stock.reserved (Consumer)
                kitchen-svc process order.accepted (Consumer)
                  kitchen-svc send ticket.opened (Producer)
                order-svc send order.accepted (Producer)
            order-svc send order.placed (Producer)
    "#]];
    whole.assert_eq(&tree(&spans));
    check_conventions(&spans, &order);

    for app in [orders, stock, kitchen] {
        app.stop().await;
    }
    let all = collector.received();
    check_batches(&spans, &all);
    assert!(all.iter().all(|it| it.trace() != not_kept), "the caller did not want it to be kept");
    for it in &all {
        let is_stock = it.service == "inventory-svc";
        assert_eq!((it.by_grpc, it.authorization.as_deref()), (is_stock, is_stock.then_some("Bearer hunter2")));
        let secret = it.attributes().values().any(|value| value.contains("hunter2") || value.contains("://"));
        assert!(!secret, "{:?}", it.attributes());
    }
    backends.remove().await;
}

/// Whom nobody collects from: by whatever name, and with the collector's address at hand.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_who_does_not_want_to_be() {
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    collector.set_nonblocking(true).unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    for (variable, value) in [("OTEL_EXPORTER_OTLP_ENDPOINT", ""), ("OTEL_TRACES_SAMPLER", "always_off")] {
        let (backends, listen) = (Backends::embedded(), free_address());
        let mut command = comanda(&backends, &listen);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint).env(variable, value);
        let process = Process::run(&mut command, &listen).await;
        let menu = process.request(Method::GET, "/v1/menu/soho");
        assert_eq!(process.send(menu).await.0, StatusCode::OK);
        assert_eq!(process.terminate(), Some(0));
        let connected = collector.accept().map_err(|error| error.kind());
        assert_eq!(connected.unwrap_err(), std::io::ErrorKind::WouldBlock, "{variable}={value}");
    }
}

/// It takes connections and says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_keeps_nobody_waiting() {
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for protocol in ["http/protobuf", "grpc"] {
        let (backends, listen) = (Backends::embedded(), free_address());
        let mut command = comanda(&backends, &listen);
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.local_addr().unwrap()))
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .stderr(Stdio::piped());
        let process = Process::run(&mut command, &listen).await;
        for _ in 0..20 {
            let order = process.request(Method::POST, "/v1/orders");
            let order = order.header("idempotency-key", fresh_id().to_string()).json(&App::order("1 margherita"));
            let (status, order) = process.send(order).await;
            assert_eq!(status, StatusCode::ACCEPTED, "{order}");
        }
        let (code, said) = process.terminate_and_read();
        assert_eq!(code, Some(0));
        // What is left at the end of its ten seconds is given up, and said to be.
        assert!(!said.contains("gave up"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_one_process_each_service_has_its_own_name() {
    let collector = Collector::start().await;
    let (backends, listen) = (Backends::embedded(), free_address());
    let mut command = comanda(&backends, &listen);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.http);
    let process = Process::run(&mut command, &listen).await;
    let trace = fresh_id().simple().to_string();
    let order = process.request(Method::POST, "/v1/orders").header("idempotency-key", "1");
    let order = order.header("traceparent", format!("00-{trace}-{CALLER:016x}-01")).json(&App::order("1 margherita"));
    assert_eq!(process.send(order).await.0, StatusCode::ACCEPTED);
    let spans = collector.wait_for(&trace, 9).await;
    assert_eq!(process.terminate(), Some(0));
    let names: BTreeSet<&str> = spans.iter().map(|it| &*it.service).collect();
    assert_eq!(Vec::from_iter(names), ["comanda", "inventory-svc", "kitchen-svc", "order-svc"]);
}
