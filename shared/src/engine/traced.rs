//! The spans of batches and of what the relay publishes. Each input of a batch stands in the trace of whoever caused it,
//! under the span id that the events which follow from it carry; the batch itself is one more span, linked with them.

use opentelemetry::{KeyValue, trace::SpanKind};

use crate::{
    bus::Bus,
    contract::{
        event::{Event, derived_id, routing_key},
        time::Time,
        topology,
        trace::Trace,
    },
    db::Db,
    engine::{
        batch::{Batch, Pending},
        call::fresh_id,
        log::Entry,
        service::{Input, Service},
        spans::{Span, Spans},
    },
};

/// As many links as collectors take by default.
const LINKS_MAX: usize = 128;

/// The span of deciding an input: the parent of whatever hears of it.
pub(super) fn decision<S: Service>(input: &Input<S::Command>) -> Trace {
    input.trace.child(derived_id(&[S::NAME, &input.id.to_string()]))
}

/// Who batches, with what.
#[derive(Debug)]
pub(super) struct Batches {
    pub(super) spans: Spans,
    pub(super) database: &'static str,
    pub(super) bus: &'static str,
}

impl Batches {
    pub(super) fn new(spans: Spans, db: &Db, bus: &Bus) -> Self {
        let database = if db.postgres().is_some() { "postgresql" } else { "sqlite" };
        Self { spans, database, bus: bus.system() }
    }

    /// The inputs of a batch that is committed, with what was said of them.
    pub(super) fn committed<S: Service>(&self, batch: &Batch<S>, said: &[Event]) {
        let inputs: Vec<&Pending<S>> = self.kept(batch).collect();
        if inputs.is_empty() {
            return;
        }
        let (own, ended) = (Trace::rooted_in(fresh_id()), Time::now());
        for pending in &inputs {
            let order = said.iter().find(|event| event.causationid == Some(pending.input.id));
            let span = self.input(pending, batch.began, ended, order.and_then(|event| event.correlationid));
            self.spans.add(Span { links: vec![own], ..span });
        }
        self.spans.add(Span {
            service: S::NAME,
            name: "BATCH".into(),
            kind: SpanKind::Client,
            trace: own,
            parent: None,
            began: batch.began,
            ended,
            attributes: vec![
                KeyValue::new("db.system.name", self.database),
                KeyValue::new("db.operation.name", "BATCH"),
                KeyValue::new("db.operation.batch.size", count(batch.inputs.len())),
                KeyValue::new("comanda.events.said", count(said.len())),
            ],
            links: inputs.iter().take(LINKS_MAX).map(|pending| decision::<S>(&pending.input)).collect(),
            error: None,
        });
    }

    /// Sets the only input of a batch aside.
    pub(super) fn bury<S: Service>(&self, batch: &mut Batch<S>, error: &anyhow::Error) {
        for pending in self.kept(batch) {
            let span = self.input(pending, batch.began, Time::now(), None);
            self.spans.add(Span { error: Some("dead_letter".into()), ..span });
        }
        batch.bury(error);
    }

    fn kept<'a, S: Service>(&'a self, batch: &'a Batch<S>) -> impl Iterator<Item = &'a Pending<S>> {
        let inputs = if self.spans.are_collected() { &batch.inputs[..] } else { &[] };
        inputs.iter().filter(|pending| self.spans.keep(pending.input.trace))
    }

    fn input<S: Service>(&self, pending: &Pending<S>, began: Time, ended: Time, order: Option<uuid::Uuid>) -> Span {
        let input = &pending.input;
        let (kind, name, mut attributes) = match pending.event() {
            Some(event) => (SpanKind::Consumer, format!("process {}", event.kind), self.heard::<S>(event)),
            None => (SpanKind::Internal, format!("decide {}", command(&input.command)), Vec::new()),
        };
        let order = pending.event().and_then(|event| event.correlationid).or(order);
        attributes.extend(order.map(|order| KeyValue::new("comanda.order.id", order.to_string())));
        // What nobody traced begins here.
        let is_root = input.trace.sampled(true) == Trace::rooted_in(input.id);
        Span {
            service: S::NAME,
            name: name.into(),
            kind,
            trace: decision::<S>(input),
            parent: (!is_root).then_some(input.trace),
            began,
            ended,
            attributes,
            links: Vec::new(),
            error: None,
        }
    }

    fn heard<S: Service>(&self, event: &Event) -> Vec<KeyValue> {
        let key = routing_key(&event.kind, &event.location);
        let destination = format!("{}:{key}:{}", topology::EXCHANGE, topology::inbox(S::NAME));
        let mut attributes = messaging(self.bus, "process", destination, key, event.id.to_string());
        attributes.extend(event.correlationid.map(conversation));
        attributes
    }
}

/// A command's name, as the journal has it.
fn command(command: &impl serde::Serialize) -> String {
    match serde_json::to_value(command) {
        Ok(serde_json::Value::Object(members)) => members.keys().next().cloned().unwrap_or_default(),
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// What the relay has published, from when on.
pub(super) fn published<S: Service>(spans: &Spans, bus: &Bus, entries: &[Entry], began: Time) {
    let ended = Time::now();
    let events = entries.iter().filter_map(|entry| Some((entry, traceparent(&entry.doc)?)));
    for (entry, parent) in events.filter(|(_, parent)| spans.keep(*parent)) {
        let key = routing_key(&entry.kind, &entry.location);
        let destination = format!("{}:{key}", topology::EXCHANGE);
        let mut attributes = messaging(bus.system(), "send", destination, key, member(&entry.doc, "id").into());
        attributes.extend(entry.correlation.clone().map(|order| conversation(order.clone())));
        attributes.extend(entry.correlation.clone().map(|order| KeyValue::new("comanda.order.id", order)));
        spans.add(Span {
            service: S::NAME,
            name: format!("send {}", entry.kind).into(),
            kind: SpanKind::Producer,
            trace: parent.child(fresh_id()),
            parent: Some(parent),
            began,
            ended,
            attributes,
            links: Vec::new(),
            error: None,
        });
    }
}

fn messaging(system: &'static str, operation: &'static str, to: String, key: String, id: String) -> Vec<KeyValue> {
    vec![
        KeyValue::new("messaging.system", system),
        KeyValue::new("messaging.operation.name", operation),
        KeyValue::new("messaging.operation.type", operation),
        KeyValue::new("messaging.destination.name", to),
        KeyValue::new("messaging.rabbitmq.destination.routing_key", key),
        KeyValue::new("messaging.message.id", id),
    ]
}

fn conversation(order: impl ToString) -> KeyValue {
    KeyValue::new("messaging.message.conversation_id", order.to_string())
}

/// Of an encoded event, without reading the rest of it: at full load that would cost more than publishing it.
fn traceparent(doc: &str) -> Option<Trace> {
    member(doc, "traceparent").parse().ok()
}

/// A text among an event's attributes, which stand before its data and hold no quotation marks.
fn member<'a>(doc: &'a str, name: &str) -> &'a str {
    let from = doc.find(&format!("\"{name}\":\"")).map(|at| at + name.len() + 4);
    from.and_then(|from| doc[from..].split('"').next()).unwrap_or_default()
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_event_tells_its_trace() {
        let doc = r#"{"specversion":"1.0","id":"7","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","data":{"notes":"\"id\":\"8"}}"#;
        assert_eq!(member(doc, "id"), "7");
        assert!(traceparent(doc).is_some_and(Trace::is_sampled));
        assert_eq!(traceparent("{}"), None);
    }

    #[test]
    fn a_command_is_called_as_in_the_journal() {
        assert_eq!(command(&serde_json::json!({"place": {"lines": []}})), "place");
        assert_eq!(command(&"sweep"), "sweep");
    }
}
