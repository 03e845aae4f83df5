//! Dead letters: what was refused or could not be read, kept with its bytes, the reason and the attempts.

use std::collections::HashSet;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracing::error;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    bus::{Cut, MESSAGE_MAX_BYTES},
    contract::{
        event::{Event, derived_id},
        time::{Time, TimeAndId},
    },
    db::{Db, Tx, Value},
    engine::rows::{Record, Rows},
};

/// So often an input may take the process down with it before it is set aside.
pub const ATTEMPTS_MAX: i64 = 5;

/// An input that is about to be set aside.
#[derive(Clone, Debug)]
pub struct Letter {
    id: String,
    kind: Option<String>,
    subject: Option<String>,
    reason: String,
    attempts: i64,
    bytes: Vec<u8>,
    /// As which it is counted.
    outcome: &'static str,
}

impl Letter {
    /// An event that was refused.
    pub fn of_event(event: &Event, raw: &RawValue, reason: impl Into<String>, attempts: i64) -> Self {
        Self {
            id: event.id.to_string(),
            kind: Some(event.kind.clone()),
            subject: Some(event.subject.clone()),
            reason: reason.into(),
            attempts,
            bytes: raw.get().into(),
            outcome: "dead",
        }
    }

    /// An event that cannot be true together with what was taken in.
    pub fn conflicting(event: &Event, raw: &RawValue, reason: String) -> Self {
        Self { outcome: "conflicting", ..Self::of_event(event, raw, reason, 1) }
    }

    /// Bytes that are no event, or none that the service knows how to read: the same bytes are the same letter.
    pub fn unreadable(bytes: Vec<u8>, error: &anyhow::Error) -> Self {
        let id = derived_id(&["unreadable", &String::from_utf8_lossy(&bytes)]).to_string();
        Self { id, kind: None, subject: None, reason: format!("{error:#}"), attempts: 1, bytes, outcome: "dead" }
    }

    /// The beginning of a message that is too large to be read.
    pub fn too_large(beginning: Vec<u8>, Cut { length_bytes, sha256 }: &Cut) -> Self {
        let kept = beginning.len();
        let reason = format!(
            "too large: {length_bytes} bytes, where {MESSAGE_MAX_BYTES} are the most; SHA-256 {sha256}; \
             only the first {kept} bytes are kept"
        );
        let id = derived_id(&["too large", sha256]).to_string();
        Self { id, ..Self::unreadable(beginning, &anyhow::anyhow!(reason)) }
    }
}

/// Tells of letters that were kept.
pub(crate) fn report(service: &'static str, letters: Vec<Letter>) {
    for Letter { id, kind, reason, outcome, .. } in letters {
        error!(service, event.id = id, event.r#type = kind, reason, "dead letter");
        let kind = kind.unwrap_or("unreadable".into());
        let labels = [("service", service.into()), ("type", kind), ("outcome", outcome.into())];
        metrics::counter!("comanda_events_total", &labels).increment(1);
    }
}

/// Keeps the letters, each once however often it comes.
pub(crate) async fn store(tx: &mut Tx, letters: &[Letter]) -> Result<()> {
    for letter in letters.iter().cloned() {
        let sql = "INSERT INTO dead_letters (id, at, event_type, subject, reason, attempts, body) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        let Letter { id, kind, subject, reason, attempts, bytes, outcome: _ } = letter;
        let args: [Value; 7] = [
            id.into(),
            Time::now().to_string().into(),
            printable(kind).into(),
            printable(subject).into(),
            printable(Some(reason)).into(),
            attempts.into(),
            bytes.into(),
        ];
        tx.execute(sql, args).await?;
    }
    Ok(())
}

/// PostgreSQL stores no NUL in text; the bytes are kept as they are.
fn printable(text: Option<String>) -> Option<String> {
    text.map(|text| text.replace('\0', "\u{fffd}"))
}

/// A dead letter, as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeadLetter {
    /// Of the event; of bytes that are none, a fingerprint.
    pub id: Uuid,
    pub at: Time,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub subject: Option<String>,
    pub reason: String,
    pub attempts: i64,
    /// The bytes, as text; what is not UTF-8 is shown as U+FFFD.
    pub body: String,
}

type Row = (String, String, Option<String>, Option<String>, String, i64, Vec<u8>);

fn show((id, at, kind, subject, reason, attempts, body): Row) -> Result<DeadLetter> {
    let body = String::from_utf8_lossy(&body).into_owned();
    let at = at.parse().map_err(anyhow::Error::msg)?;
    Ok(DeadLetter { id: id.parse()?, at, kind, subject, reason, attempts, body })
}

/// Newest first.
pub async fn list(db: &Db, after: Option<TimeAndId>, limit: i64) -> Result<Vec<DeadLetter>> {
    // The first page begins after a time that sorts behind every other.
    let (at, id) = after.map_or(("9".into(), String::new()), |TimeAndId(at, id)| (at.to_string(), id.to_string()));
    let sql = "SELECT id, at, event_type, subject, reason, attempts, body FROM dead_letters \
               WHERE (at, id) < ($1, $2) ORDER BY at DESC, id DESC LIMIT $3";
    let rows: Vec<Row> = db.fetch(sql, [Value::from(at), id.into(), limit.into()]).await?;
    rows.into_iter().map(show).collect()
}

pub async fn count(db: &Db) -> Result<i64> {
    let rows: Vec<(i64,)> = db.fetch("SELECT COUNT(*) FROM dead_letters", []).await?;
    Ok(rows.first().map_or(0, |row| row.0))
}

/// Letters from before then have been forgotten; `None` while none were.
pub async fn floor(db: &Db) -> Result<Option<Time>> {
    let rows: Vec<(String,)> = db.fetch("SELECT dead_letters FROM floors WHERE id = 1", []).await?;
    Ok(rows.first().and_then(|(at,)| at.parse().ok()))
}

/// Forgets the letters from before `before`, in pieces.
pub(crate) async fn forget(db: &Db, before: Time) -> Result<()> {
    loop {
        let mut tx = db.begin().await?;
        let sql = "DELETE FROM dead_letters \
                   WHERE id IN (SELECT id FROM dead_letters WHERE at < $1 ORDER BY at, id LIMIT 1000)";
        if tx.execute(sql, [before.to_string().into()]).await? == 0 {
            return Ok(());
        }
        let sql = "UPDATE floors SET dead_letters = $1 WHERE id = 1 AND dead_letters < $1";
        tx.execute(sql, [before.to_string().into()]).await?;
        tx.commit().await?;
    }
}

/// An event that came again, and how often it was decided alone since.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Attempts {
    event: String,
    count: i64,
    at: Time,
}

impl Record for Attempts {
    const TABLE: &'static str = "attempts";
    fn key(&self) -> String {
        self.event.clone()
    }
}

/// Notes events that came again, and returns those that had been noted before: of one that comes again and again,
/// it may be the fault.
pub(crate) async fn note_repeated(db: &Db, events: &[String]) -> Result<HashSet<String>> {
    let mut tx = db.begin().await?;
    let mut rows = Rows::<Attempts>::load(&mut tx, events.iter().cloned()).await?;
    let noted: HashSet<String> = rows.iter().map(|row| row.event.clone()).collect();
    for event in events.iter().filter(|event| !noted.contains(*event)) {
        rows.put(Attempts { event: event.clone(), count: 0, at: Time::now() });
    }
    rows.save(&mut tx)?;
    tx.commit().await?;
    Ok(noted)
}

/// Counts an attempt that is about to be made, and returns which it is.
pub(crate) async fn count_attempt(tx: &mut Tx, event: &str) -> Result<i64> {
    let mut rows = Rows::<Attempts>::load(tx, [event.to_owned()]).await?;
    let count = rows.get(event).map_or(0, |row| row.count) + 1;
    rows.put(Attempts { event: event.to_owned(), count, at: Time::now() });
    rows.save(tx)?;
    Ok(count)
}
