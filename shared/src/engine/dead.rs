//! Dead letters: what was refused or could not be read, kept with its bytes, the reason and the attempts.

use std::collections::{BTreeSet, HashSet};

use anyhow::Result;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracing::error;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    bus::{Cut, MESSAGE_MAX_BYTES, seldom::Seldom},
    contract::{
        event::{Event, derived_id},
        time::{Time, TimeAndId},
        trace::Trace,
    },
    db::{Db, Tx, Value},
    engine::{
        journal::Forgot,
        rows::{Record, Rows},
    },
};

/// So often an input may take the process down with it before it is set aside.
pub const ATTEMPTS_MAX: i64 = 5;

/// An input that is about to be set aside.
#[derive(Clone, Debug)]
pub struct Letter {
    id: String,
    kind: Option<String>,
    subject: Option<String>,
    /// For the log: whose order it is about, and within which trace.
    order: Option<Uuid>,
    trace: Option<String>,
    reason: String,
    attempts: i64,
    bytes: Vec<u8>,
    /// As which it is counted.
    outcome: &'static str,
    /// It was in the table before it was tried once more.
    is_redriven: bool,
}

/// How the reason of a letter begins of which only the beginning is kept.
const TOO_LARGE: &str = "too large: ";

impl Letter {
    /// An event that was refused.
    pub fn of_event(event: &Event, raw: &RawValue, reason: impl Into<String>, attempts: i64) -> Self {
        Self {
            id: event.id.to_string(),
            kind: Some(event.kind.clone()),
            subject: Some(event.subject.clone()),
            order: event.correlationid,
            trace: event.trace().map(Trace::name),
            reason: reason.into(),
            attempts,
            bytes: raw.get().into(),
            outcome: "dead",
            is_redriven: false,
        }
    }

    /// An event that cannot be true together with what was taken in.
    pub fn conflicting(event: &Event, raw: &RawValue, reason: String) -> Self {
        Self { outcome: "conflicting", ..Self::of_event(event, raw, reason, 1) }
    }

    /// Bytes that are no event, or none that the service knows how to read: the same bytes are the same letter.
    pub fn unreadable(bytes: Vec<u8>, error: &anyhow::Error) -> Self {
        let id = derived_id(&["unreadable", &String::from_utf8_lossy(&bytes)]).to_string();
        let reason = format!("{error:#}");
        // What it is about may be told all the same.
        let said: Option<Event> = serde_json::from_slice(&bytes).ok();
        Self {
            id,
            kind: None,
            subject: None,
            order: said.as_ref().and_then(|event| event.correlationid),
            trace: said.as_ref().and_then(Event::trace).map(Trace::name),
            reason,
            attempts: 1,
            bytes,
            outcome: "dead",
            is_redriven: false,
        }
    }

    /// The beginning of a message that is too large to be read.
    pub fn too_large(beginning: Vec<u8>, Cut { length_bytes, sha256 }: &Cut) -> Self {
        let kept = beginning.len();
        let reason = format!(
            "{TOO_LARGE}{length_bytes} bytes, where {MESSAGE_MAX_BYTES} are the most; SHA-256 {sha256}; \
             only the first {kept} bytes are kept"
        );
        let id = derived_id(&["too large", sha256]).to_string();
        Self { id, ..Self::unreadable(beginning, &anyhow::anyhow!(reason)) }
    }

    /// As the letter that it was before: of what could not be read then, its id is not the event's.
    pub(crate) fn redriven(self, letter: Option<Uuid>) -> Self {
        match letter {
            Some(letter) => Self { id: letter.to_string(), is_redriven: true, ..self },
            None => self,
        }
    }
}

/// Tells of letters that were kept; in a flood, of a few of them.
pub(crate) fn report(service: &'static str, letters: Vec<Letter>) {
    static LETTERS: Seldom = Seldom::new(10);
    for Letter { id, kind, order, trace, reason, outcome, .. } in letters {
        let order = order.map(|order| order.to_string());
        if let Some(left_out) = LETTERS.now(Time::now()) {
            error!(
                service,
                event.id = id,
                event.r#type = kind,
                order.id = order,
                trace.id = trace,
                reason,
                left_out,
                "dead letter"
            );
        }
        let kind = kind.unwrap_or("unreadable".into());
        let labels = [("service", service.into()), ("type", kind), ("outcome", outcome.into())];
        metrics::counter!("comanda_events_total", &labels).increment(1);
    }
}

/// Keeps the letters, each once however often it comes: its row says how often, when last and why.
pub(crate) async fn store(tx: &mut Tx, letters: &[Letter]) -> Result<()> {
    for letter in letters.iter().cloned() {
        if letter.is_redriven {
            refuse_again(tx, letter).await?;
            continue;
        }
        // Other bytes under the same id are another letter, and the first is the one that is known.
        let sql = "INSERT INTO dead_letters (id, at, event_type, subject, reason, attempts, body) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) \
                   ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, attempts = dead_letters.attempts + 1, \
                   last_at = excluded.at WHERE dead_letters.body = excluded.body";
        let Letter { id, kind, subject, reason, attempts, bytes, .. } = letter;
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

/// Says it in the letter's row; whether there is one.
pub(crate) async fn refuse_again(tx: &mut Tx, letter: Letter) -> Result<bool> {
    let sql = "UPDATE dead_letters SET last_at = $2, event_type = COALESCE($3, event_type), \
               subject = COALESCE($4, subject), reason = $5, attempts = attempts + 1 WHERE id = $1";
    let Letter { id, kind, subject, reason, .. } = letter;
    let args: [Value; 5] = [
        id.into(),
        Time::now().to_string().into(),
        printable(kind).into(),
        printable(subject).into(),
        printable(Some(reason)).into(),
    ];
    Ok(tx.execute(sql, args).await? > 0)
}

/// Those of the letters that are there, locked until the transaction ends: nobody else takes them in or discards them.
pub(crate) async fn hold(tx: &mut Tx, letters: impl Iterator<Item = Uuid>) -> Result<HashSet<Uuid>> {
    let mut there = HashSet::new();
    // Both databases lock what is written, and in one order nobody waits in a circle.
    for letter in letters.collect::<BTreeSet<_>>() {
        let sql = "UPDATE dead_letters SET attempts = attempts WHERE id = $1";
        if tx.execute(sql, [letter.to_string().into()]).await? > 0 {
            there.insert(letter);
        }
    }
    Ok(there)
}

/// Removes letters that were taken in, in the transaction that takes them in.
pub(crate) async fn remove(tx: &mut Tx, letters: &[Uuid]) -> Result<()> {
    for letter in letters {
        tx.execute("DELETE FROM dead_letters WHERE id = $1", [letter.to_string().into()]).await?;
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
    /// When it was refused first.
    pub at: Time,
    /// When it was refused last.
    pub last_at: Time,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub subject: Option<String>,
    /// Why it was refused last.
    pub reason: String,
    pub attempts: i64,
    /// The bytes, as text; what is not UTF-8 is shown as U+FFFD.
    pub body: String,
    /// The bytes as they are, in base64, where they are not UTF-8.
    pub body_base64: Option<String>,
}

type Row = (String, String, String, Option<String>, Option<String>, String, i64, Vec<u8>);

fn show((id, at, last_at, kind, subject, reason, attempts, body): Row) -> Result<DeadLetter> {
    let (body, body_base64) = match String::from_utf8(body) {
        Ok(text) => (text, None),
        Err(error) => {
            let bytes = error.as_bytes();
            (String::from_utf8_lossy(bytes).into_owned(), Some(BASE64_STANDARD.encode(bytes)))
        }
    };
    let time = |text: String| text.parse().map_err(anyhow::Error::msg);
    let (id, at, last_at) = (id.parse()?, time(at)?, time(last_at)?);
    Ok(DeadLetter { id, at, last_at, kind, subject, reason, attempts, body, body_base64 })
}

/// One letter; `None` where it is not there, or not any more.
pub async fn find(db: &Db, letter: Uuid) -> Result<Option<DeadLetter>> {
    let sql = "SELECT id, at, COALESCE(last_at, at), event_type, subject, reason, attempts, body FROM dead_letters \
               WHERE id = $1";
    let rows: Vec<Row> = db.fetch(sql, [letter.to_string().into()]).await?;
    rows.into_iter().next().map(show).transpose()
}

/// A letter, as it can be tried once more.
#[derive(Clone, Debug)]
pub struct Stored {
    pub id: Uuid,
    pub reason: String,
    pub bytes: Vec<u8>,
}

impl Stored {
    /// Only the beginning of its bytes was kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.reason.starts_with(TOO_LARGE)
    }
}

/// As [`find`], to be tried once more.
pub async fn stored(db: &Db, letter: Uuid) -> Result<Option<Stored>> {
    let sql = "SELECT reason, body FROM dead_letters WHERE id = $1";
    let rows: Vec<(String, Vec<u8>)> = db.fetch(sql, [letter.to_string().into()]).await?;
    Ok(rows.into_iter().next().map(|(reason, bytes)| Stored { id: letter, reason, bytes }))
}

/// Removes a letter for good, for a principal's reason, and returns it; `None` where it is not there, or not any more.
pub async fn discard(db: &Db, letter: Uuid, by: &str, reason: &str) -> Result<Option<DeadLetter>> {
    let Some(letter) = find(db, letter).await? else { return Ok(None) };
    let DeadLetter { id, kind, subject, reason: refused, .. } = letter.clone();
    let (by, reason) = (by.to_owned(), reason.to_owned());
    let mut tx = db.begin().await?;
    let forgotten = Forgot::Letter { id, kind, subject, refused, by, reason }.carry_out(&mut tx, Time::now()).await?;
    if forgotten == 0 {
        // Somebody else was faster.
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(letter))
}

/// Whoever asks what is missing hears that this is not.
pub(super) async fn leave_out(tx: &mut Tx, letter: Uuid, now: Time) -> Result<u64> {
    let letter = letter.to_string();
    let there = tx.execute("DELETE FROM dead_letters WHERE id = $1", [letter.clone().into()]).await?;
    let remember = "INSERT INTO discarded (id, at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET at = excluded.at";
    tx.execute(remember, [letter.into(), now.to_string().into()]).await?;
    Ok(there)
}

/// Newest first.
pub async fn list(db: &Db, after: Option<TimeAndId>, limit: i64) -> Result<Vec<DeadLetter>> {
    // The first page begins after a time that sorts behind every other.
    let (at, id) = after.map_or(("9".into(), String::new()), |TimeAndId(at, id)| (at.to_string(), id.to_string()));
    let sql = "SELECT id, at, COALESCE(last_at, at), event_type, subject, reason, attempts, body FROM dead_letters \
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

/// Forgets the letters from before `before`, and what was discarded before then, in pieces.
pub(crate) async fn forget(db: &Db, before: Time) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.execute("DELETE FROM discarded WHERE at < $1", [before.to_string().into()]).await?;
    tx.commit().await?;
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
