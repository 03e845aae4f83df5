//! The envelope: CloudEvents 1.0 in JSON, one event a message or an array of them.
//! Ids of events derive from what caused them, so that saying the same thing twice is recognised.

use anyhow::{Context, Result, anyhow, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::contract::{Subject, catalogue, time::Time, trace::Trace};

/// Content type of a message with one event.
pub const ONE: &str = "application/cloudevents+json";
/// Content type of a message with a JSON array of events.
pub const BATCH: &str = "application/cloudevents-batch+json";

/// Of one message; those that we publish hold far fewer.
const EVENTS_MAX: usize = 1000;

/// Namespace of every derived id.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f8f_57b4_3d9e_5c0a_9a43_c0a1_da0c_0de5);

/// An id that is the same whenever the same parts are given.
pub fn derived_id(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, parts.join("\n").as_bytes())
}

/// What happened to one subject. Attributes as in CloudEvents 1.0 and the extensions of the contract.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// `1.0`.
    pub specversion: String,
    pub id: Uuid,
    /// The service that says it: `/order-svc`.
    pub source: String,
    /// Noun and past tense: `order.placed`.
    #[serde(rename = "type")]
    pub kind: String,
    pub subject: String,
    pub time: Time,
    pub datacontenttype: String,
    pub location: String,
    /// The order that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlationid: Option<Uuid>,
    /// The id of the event or command that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<Uuid>,
    /// The subject's version after the change.
    pub sequence: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed: Option<bool>,
    /// The subject, whole, as it was after the change.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
}

impl Event {
    /// `data` as the type that the contract gives for the event's type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.data.get()).with_context(|| format!("data of {} does not fit", self.kind))
    }

    /// The trace that it was said in, if whoever said it told one.
    pub fn trace(&self) -> Option<Trace> {
        self.traceparent.as_deref()?.parse().ok()
    }

    /// What the subject is: the first word of the type.
    pub fn noun(&self) -> &str {
        noun(&self.kind)
    }

    /// Names the subject among all subjects of all services: `order:0190…`.
    pub fn subject_key(&self) -> String {
        format!("{}:{}", self.noun(), self.subject)
    }
}

/// The first word of an event type.
pub fn noun(kind: &str) -> &str {
    kind.split('.').next().unwrap_or(kind)
}

/// `<type>.<location>`.
pub fn routing_key(kind: &str, location: &str) -> String {
    format!("{kind}.{location}")
}

/// What a decision says, before the pump makes it an [`Event`].
#[derive(Clone, Debug)]
pub struct Said {
    pub kind: &'static str,
    pub subject: String,
    pub location: String,
    pub sequence: i64,
    pub correlation: Option<Uuid>,
    pub data: Box<RawValue>,
}

impl Said {
    /// `data` is the subject, whole, as it is now.
    pub fn new<T: Subject>(kind: &'static str, subject: &T) -> Self {
        Self::with(kind, subject, &[])
    }

    /// As [`Said::new`], with further members of `data`: `reason`, `by`, `lines`.
    pub fn with<T: Subject>(kind: &'static str, subject: &T, more: &[(&'static str, serde_json::Value)]) -> Self {
        #[derive(Serialize)]
        struct Data<'a, T> {
            #[serde(flatten)]
            subject: &'a T,
            #[serde(flatten)]
            more: std::collections::BTreeMap<&'static str, &'a serde_json::Value>,
        }
        let data = if more.is_empty() {
            to_raw_value(subject)
        } else {
            to_raw_value(&Data { subject, more: more.iter().map(|(name, value)| (*name, value)).collect() })
        };
        Self {
            kind,
            subject: subject.subject(),
            location: subject.location().to_string(),
            sequence: subject.sequence(),
            correlation: subject.correlation(),
            data: data.expect("contract types are plain JSON"),
        }
    }

    /// The same, saying who did it.
    pub fn by(self, who: &str) -> Self {
        let data: Result<serde_json::Map<_, _>, _> = serde_json::from_str(self.data.get());
        let mut data = data.expect("a subject is an object");
        data.insert("by".into(), who.into());
        Self { data: to_raw_value(&data).expect("contract types are plain JSON"), ..self }
    }

    /// The event, its id derived from the service, its cause and which of the events it is that the cause brought about:
    /// the first is 0.
    pub fn into_event(self, service: &str, cause: Uuid, nth: usize, at: Time, trace: &Trace) -> Event {
        Event {
            specversion: "1.0".into(),
            id: derived_id(&[service, &cause.to_string(), &nth.to_string()]),
            source: format!("/{service}"),
            kind: self.kind.into(),
            subject: self.subject,
            time: at,
            datacontenttype: "application/json".into(),
            location: self.location,
            correlationid: self.correlation,
            causationid: Some(cause),
            sequence: self.sequence,
            traceparent: Some(trace.to_string()),
            replayed: None,
            data: self.data,
        }
    }
}

/// What a message holds: an event and its bytes, or bytes that are none, and why.
pub type Decoded = Result<(Event, Box<RawValue>), (Vec<u8>, anyhow::Error)>;

/// The events of a message, whichever of the two shapes it has.
pub fn decode(body: &[u8]) -> Vec<Decoded> {
    let nothing = |error| vec![Err((body.to_vec(), error))];
    let is_array = body.trim_ascii_start().starts_with(b"[");
    if !is_array {
        return match serde_json::from_slice::<&RawValue>(body) {
            Ok(raw) => vec![decode_one(raw)],
            Err(error) => nothing(error.into()),
        };
    }
    match serde_json::from_slice::<Vec<&RawValue>>(body) {
        Ok(events) if events.len() > EVENTS_MAX => {
            nothing(anyhow!("it holds {} events, where {EVENTS_MAX} are the most", events.len()))
        }
        Ok(events) => events.into_iter().map(decode_one).collect(),
        Err(error) => nothing(error.into()),
    }
}

fn decode_one(raw: &RawValue) -> Decoded {
    match read(raw.get()) {
        Ok(event) => Ok((event, raw.to_owned())),
        Err(error) => Err((raw.get().as_bytes().to_vec(), error)),
    }
}

fn read(text: &str) -> Result<Event> {
    let event: Event = serde_json::from_str(text).context("not a CloudEvent of this contract")?;
    ensure!(event.specversion == "1.0", "specversion {:?} is not 1.0", event.specversion);
    ensure!(event.sequence > 0, "sequence {} is not positive", event.sequence);
    let attributes = [&event.source, &event.kind, &event.subject, &event.location];
    ensure!(!attributes.iter().any(|text| text.contains('\0')), "an attribute holds a NUL");
    if let Some(kind) = catalogue::find(&event.kind) {
        let says = event.source.strip_prefix('/') == Some(kind.service);
        ensure!(says, "{} is for {} to say, not for {}", event.kind, kind.service, event.source);
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"specversion":"1.0","id":"0190b2f0-0000-7000-8000-000000000001","source":"/order-svc",
        "type":"order.placed","subject":"s","time":"2026-11-23T18:42:00Z","datacontenttype":"application/json",
        "location":"soho","sequence":1,"futureattribute":"x","data":{"a":1}}"#;

    #[test]
    fn one_or_many() {
        assert!(decode(EVENT.as_bytes())[0].is_ok());
        let many = decode(format!("[{EVENT},{EVENT}]").as_bytes());
        assert_eq!(many.len(), 2);
        assert_eq!(many[0].as_ref().expect("an event").1.get(), EVENT);
    }

    #[test]
    fn a_wrong_event_leaves_its_neighbours_alone() {
        let decoded = decode(format!(r#"[{EVENT},{{"id":1}},"x",{EVENT}]"#).as_bytes());
        let good: Vec<bool> = decoded.iter().map(Result::is_ok).collect();
        assert_eq!(good, [true, false, false, true]);
    }

    #[test]
    fn garbage_is_kept_whole() {
        for garbage in [&b"\xff\xfe"[..], b"", b"[1,", b"null", b"{}"] {
            let decoded = decode(garbage);
            assert_eq!(decoded.len(), 1);
            assert_eq!(decoded[0].as_ref().expect_err("it is none").0, garbage);
        }
        assert!(decode(b"[]").is_empty());
    }

    #[test]
    fn one_message_is_not_a_million_letters() {
        let many = |count| decode(format!("[{}]", vec!["0"; count].join(",")).as_bytes()).len();
        assert_eq!((many(EVENTS_MAX), many(EVENTS_MAX + 1)), (EVENTS_MAX, 1));
    }

    #[test]
    fn the_same_cause_gives_the_same_id() {
        assert_eq!(derived_id(&["order-svc", "x", "0"]), derived_id(&["order-svc", "x", "0"]));
        assert_ne!(derived_id(&["order-svc", "x", "0"]), derived_id(&["kitchen-svc", "x", "0"]));
    }
}
