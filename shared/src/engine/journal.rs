//! What a service was told, in the order of its decisions, and what came of it: who did what, and all that it takes to
//! decide it once more. One entry a batch, in the same statement as whatever else the batch writes.

use std::fmt;

use anyhow::{Context, Result};
use lz4_flex::{compress_prepend_size, decompress_size_prepended};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    contract::time::Time,
    db::{Cells, Db, Tx, Value},
    engine::{
        batch::{Origin, Pending},
        condition::Condition,
        dead,
        log::{Bounds, Gone},
        service::Service,
    },
};

/// One input, as it came, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Told {
    /// Of the event, or of the request; ids of whatever follows from it derive from this.
    pub id: Uuid,
    /// What the decision took for the present.
    pub at: Time,
    /// The principal of a request, the source of an event.
    pub by: String,
    /// Of a request; an event has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Condition::is_none")]
    pub condition: Condition,
    /// Where an event told it: its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Box<RawValue>>,
    /// Where a request or the time told it: the service's own command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Box<RawValue>>,
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Where an event was a dead letter: the principal who had it taken in after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redriven_by: Option<String>,
    /// How many events were said of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub said: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// What came of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "snake_case")]
pub enum Verdict {
    Decided,
    Refused(String),
    /// What was to be changed had another version than the asker took it for.
    OtherVersion(i64),
    /// It was taken in before.
    Repeated,
    /// What was taken in before says more.
    Late,
    /// It cannot be true together with what was taken in before.
    Conflicting(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decided => f.write_str("decided"),
            Self::Refused(reason) => write!(f, "refused ({reason})"),
            Self::OtherVersion(version) => write!(f, "refused (it has version {version})"),
            Self::Repeated => f.write_str("repeated"),
            Self::Late => f.write_str("late"),
            Self::Conflicting(reason) => write!(f, "conflicting ({reason})"),
        }
    }
}

/// One batch, or something that was forgotten between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub position: i64,
    /// When the last of its inputs came.
    pub at: Time,
    /// The last position of the log once it was decided.
    pub said: i64,
    /// Encoded: an array of [`Told`], or a [`Forgot`].
    pub doc: String,
}

impl Entry {
    /// Whether it is no batch.
    pub fn is_forgotten(&self) -> bool {
        self.doc.starts_with('{')
    }
}

/// What the decisions after it could not know any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "forgot", rename_all = "snake_case")]
pub enum Forgot {
    /// Idempotency keys that were used until then, and at that moment.
    Keys { through: Time },
    /// What was taken in before then, of the orders and reservations behind `after` and up to `through`.
    Inbox { after: String, through: String, before: Time },
    /// A dead letter that a principal discarded for a reason, and why it had been `refused`.
    Letter { id: Uuid, kind: Option<String>, subject: Option<String>, refused: String, by: String, reason: String },
}

impl Forgot {
    /// Forgets it, and notes that in the journal; how many rows there were.
    pub(super) async fn carry_out(&self, tx: &mut Tx, now: Time) -> Result<u64> {
        let forgotten = match self {
            Self::Keys { through } => {
                tx.execute("DELETE FROM idempotency_keys WHERE at <= $1", [through.to_string().into()]).await?
            }
            Self::Inbox { after, through, before } => {
                let sql = "DELETE FROM inbox WHERE key > $1 AND key <= $2 AND doc->>'time' < $3 \
                           AND (key LIKE 'order:%' OR key LIKE 'stock:%')";
                tx.execute(sql, [Value::from(after.clone()), through.clone().into(), before.to_string().into()]).await?
            }
            Self::Letter { id, .. } => dead::leave_out(tx, *id, now).await?,
        };
        note(tx, &[(0, now, &serde_json::to_vec(self)?)]);
        Ok(forgotten)
    }
}

/// Entries to be written at the end of the transaction: how many of its events were said by then, when, and what.
fn note(tx: &mut Tx, entries: &[(i64, Time, &[u8])]) {
    tx.note(vec![
        ("said", Cells::Int(entries.iter().map(|(said, ..)| *said).collect())),
        ("at", Cells::Text(entries.iter().map(|(_, at, _)| at.to_string()).collect())),
        ("doc", Cells::Bytes(entries.iter().map(|(.., doc)| compress_prepend_size(doc)).collect())),
    ]);
}

/// An entry that is being written.
#[derive(Debug)]
pub(super) struct Draft {
    /// As [`Entry::doc`].
    pub(super) doc: Vec<u8>,
    at: Option<Time>,
}

impl Default for Draft {
    fn default() -> Self {
        Self { doc: b"[]".into(), at: None }
    }
}

impl Draft {
    pub(super) fn add<S: Service>(&mut self, pending: &Pending<S>, verdict: &Verdict, said: usize) -> Result<()> {
        // A build that is only measured, beside one that keeps it.
        if cfg!(unjournaled) {
            return Ok(());
        }
        let input = &pending.input;
        let (event, redriven_by, command) = match &pending.origin {
            Origin::Event { raw, redriven_by, .. } => (Some(raw), redriven_by.as_deref(), None),
            Origin::Request(_) => (None, None, Some(&input.command)),
        };
        let told = Telling {
            id: input.id,
            at: input.at,
            by: &input.by,
            traceparent: command.is_some().then(|| input.trace.to_string()),
            condition: &input.condition,
            event: event.map(|raw| &**raw),
            command,
            outcome: verdict.outcome(),
            reason: verdict.reason(),
            redriven_by,
            said,
        };
        self.doc.pop();
        if self.at.is_some() {
            self.doc.push(b',');
        }
        serde_json::to_writer(&mut self.doc, &told).context("encode an input for the journal")?;
        self.doc.push(b']');
        self.at = self.at.max(Some(input.at));
        Ok(())
    }
}

/// Entries to be written at the end of the transaction, each with how many events were said of it. What nobody was told
/// leaves none.
pub(super) fn append<'a>(tx: &mut Tx, drafts: impl Iterator<Item = (&'a Draft, usize)>) -> Result<()> {
    let (mut said, mut entries) = (0, Vec::new());
    for (draft, events) in drafts {
        said += i64::try_from(events)?;
        entries.extend(draft.at.map(|at| (said, at, &*draft.doc)));
    }
    if !entries.is_empty() {
        note(tx, &entries);
    }
    Ok(())
}

/// As [`Told`], without a copy of anything: every input is written so, and in a rush that is thousands a second.
#[derive(Serialize)]
struct Telling<'a, C> {
    id: Uuid,
    at: Time,
    by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(skip_serializing_if = "Condition::is_none")]
    condition: &'a Condition,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a C>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redriven_by: Option<&'a str>,
    #[serde(skip_serializing_if = "is_zero")]
    said: usize,
}

/// Of a verdict.
#[derive(Serialize)]
#[serde(untagged)]
enum Reason<'a> {
    Text(&'a str),
    Version(i64),
}

impl Verdict {
    /// As serde names it.
    fn outcome(&self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Refused(_) => "refused",
            Self::OtherVersion(_) => "other_version",
            Self::Repeated => "repeated",
            Self::Late => "late",
            Self::Conflicting(_) => "conflicting",
        }
    }

    fn reason(&self) -> Option<Reason<'_>> {
        match self {
            Self::Refused(reason) | Self::Conflicting(reason) => Some(Reason::Text(reason)),
            Self::OtherVersion(version) => Some(Reason::Version(*version)),
            Self::Decided | Self::Repeated | Self::Late => None,
        }
    }
}

const AFTER: &str = "SELECT position, at, said, doc FROM journal WHERE position > $1 ORDER BY position LIMIT $2";

type Row = (i64, String, i64, Vec<u8>);

/// What was told after `position`, at most `limit` entries. [`Gone`] where some of it has been forgotten, or was told
/// to a version that kept no journal.
pub async fn after(db: &Db, position: i64, limit: i64) -> Result<Vec<Entry>> {
    let rows: Vec<Row> = db.fetch(AFTER, [position.into(), limit.into()]).await?;
    let entries: Vec<Entry> = rows.into_iter().map(read).collect::<Result<_>>()?;
    let next = position.saturating_add(1);
    if entries.first().is_none_or(|entry| entry.position != next) {
        let first = bounds(db).await?.first;
        if next < first {
            return Err(Gone { what: "the journal", first }.into());
        }
    }
    Ok(entries)
}

/// As [`after`], at one moment, and of what is there.
pub(super) async fn piece(tx: &mut Tx, position: i64, limit: i64) -> Result<Vec<Entry>> {
    let rows: Vec<Row> = tx.fetch(AFTER, [position.into(), limit.into()]).await?;
    rows.into_iter().map(read).collect()
}

/// Where the journal begins and ends: two rows, however long it is.
pub async fn bounds(db: &Db) -> Result<Bounds> {
    let sql =
        "SELECT floors.journal, head.journal FROM floors, event_log_head head WHERE floors.id = 1 AND head.id = 1";
    let rows: Vec<(i64, i64)> = db.fetch(sql, []).await?;
    let (first, head) = rows.first().copied().context("the journal has no bounds")?;
    Ok(Bounds { first, head })
}

/// When the last event was said that the service was told before `before`; `None` where it was told none.
pub(super) async fn last_heard(db: &Db, before: Time) -> Result<Option<Time>> {
    let mut position = last_before(db, before).await?;
    let sql = "SELECT position, at, said, doc FROM journal WHERE position <= $1 ORDER BY position DESC LIMIT $2";
    loop {
        let rows: Vec<(i64, String, i64, Vec<u8>)> = db.fetch(sql, [position.into(), PIECE.into()]).await?;
        let Some((last, ..)) = rows.last() else { return Ok(None) };
        position = last - 1;
        for row in rows {
            if let Some(said) = said_last(&read(row)?) {
                return Ok(Some(said));
            }
        }
    }
}

/// The last position that was told before then, found by halving: positions are in time's order but for moments.
async fn last_before(db: &Db, before: Time) -> Result<i64> {
    let (Bounds { first, head }, before) = (bounds(db).await?, before.to_string());
    let (mut told_before, mut told_since) = (first - 1, head + 1);
    while told_before + 1 < told_since {
        let middle = told_before + (told_since - told_before) / 2;
        let at: Vec<(String,)> = db.fetch("SELECT at FROM journal WHERE position = $1", [middle.into()]).await?;
        // What has been forgotten meanwhile was told long before.
        match at.first().is_none_or(|(at,)| *at < before) {
            true => told_before = middle,
            false => told_since = middle,
        }
    }
    Ok(told_before)
}

/// Of the events in an entry.
fn said_last(entry: &Entry) -> Option<Time> {
    #[derive(Deserialize)]
    struct Input {
        event: Option<Event>,
    }
    #[derive(Deserialize)]
    struct Event {
        time: Time,
    }
    // What was forgotten is no input.
    let inputs: Vec<Input> = serde_json::from_str(&entry.doc).ok()?;
    inputs.into_iter().filter_map(|input| input.event).map(|event| event.time.min(entry.at)).max()
}

/// So many entries are forgotten in one transaction.
const PIECE: i64 = 512;

/// Forgets what was told before `before`, in pieces, so that nobody waits long.
pub(super) async fn forget(db: &Db, before: Time) -> Result<()> {
    let old = "SELECT MAX(position) FROM (SELECT position, at FROM journal ORDER BY position LIMIT $2) AS piece \
               WHERE at < $1";
    loop {
        let mut tx = db.begin().await?;
        let last: Vec<(Option<i64>,)> = tx.fetch(old, [before.to_string().into(), PIECE.into()]).await?;
        let Some((Some(last),)) = last.first() else { return Ok(()) };
        tx.execute("UPDATE floors SET journal = $1 WHERE id = 1 AND journal < $1", [(last + 1).into()]).await?;
        tx.execute("DELETE FROM journal WHERE position <= $1", [(*last).into()]).await?;
        tx.commit().await?;
    }
}

fn read((position, at, said, doc): Row) -> Result<Entry> {
    let damaged = || format!("entry {position} of the journal is damaged");
    let doc = decompress_size_prepended(&doc).with_context(damaged)?;
    let doc = String::from_utf8(doc).with_context(damaged)?;
    let at = at.parse().map_err(anyhow::Error::msg).with_context(damaged)?;
    Ok(Entry { position, at, said, doc })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_verdict_is_written_as_it_is_read() {
        for verdict in [
            Verdict::Decided,
            Verdict::Refused("sold out".into()),
            Verdict::OtherVersion(7),
            Verdict::Repeated,
            Verdict::Late,
            Verdict::Conflicting("twice".into()),
        ] {
            let mut written = json!({"outcome": verdict.outcome()});
            if let Some(reason) = verdict.reason() {
                written["reason"] = json!(reason);
            }
            assert_eq!(serde_json::from_value::<Verdict>(written).expect("a verdict"), verdict);
        }
    }
}
