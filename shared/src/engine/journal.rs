//! What a service was told, in the order of its decisions, and what came of it: who did what, and all that it takes to
//! decide it once more. One entry a batch, in the same statement as whatever else the batch writes.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    contract::time::Time,
    db::{Db, Note, Tx, Value},
    engine::{
        batch::{Origin, Pending},
        condition::Condition,
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

/// What the decisions after it could not know any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "forgot", rename_all = "snake_case")]
pub enum Forgot {
    /// Idempotency keys that were used until then, and at that moment.
    Keys { through: Time },
    /// What was taken in before then, of the orders and reservations behind `after` and up to `through`.
    Inbox { after: String, through: String, before: Time },
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
        };
        tx.note(note(now, &serde_json::to_vec(self)?));
        Ok(forgotten)
    }
}

fn note(at: Time, doc: &[u8]) -> Note {
    Note { at: at.to_string(), doc: lz4_flex::compress_prepend_size(doc) }
}

/// An entry that is being written.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Encoded, with commas between them.
    inputs: String,
    at: Option<Time>,
}

impl Draft {
    pub(super) fn add<S: Service>(&mut self, pending: &Pending<S>, verdict: Verdict, said: usize) -> Result<()> {
        let input = &pending.input;
        let (event, command) = match &pending.origin {
            Origin::Event { raw, .. } => (Some(raw), None),
            Origin::Request(_) => (None, Some(&input.command)),
        };
        let told = Telling {
            id: input.id,
            at: input.at,
            by: &input.by,
            traceparent: command.is_some().then(|| input.trace.to_string()),
            condition: &input.condition,
            event: event.map(|raw| &**raw),
            command,
            verdict,
            said,
        };
        if !self.inputs.is_empty() {
            self.inputs.push(',');
        }
        self.inputs.push_str(&serde_json::to_string(&told).context("encode an input for the journal")?);
        self.at = self.at.max(Some(input.at));
        Ok(())
    }

    /// To be written at the end of the transaction. What nobody was told leaves no entry.
    pub(super) fn save(&self, tx: &mut Tx) {
        if let Some(at) = self.at {
            tx.note(note(at, self.doc().as_bytes()));
        }
    }

    /// As [`Entry::doc`].
    pub(super) fn doc(&self) -> String {
        format!("[{}]", self.inputs)
    }
}

/// As [`Told`], without a copy of anything.
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
    #[serde(flatten)]
    verdict: Verdict,
    #[serde(skip_serializing_if = "is_zero")]
    said: usize,
}

/// What was told after `position`, at most `limit` entries. [`Gone`] where some of it has been forgotten, or was told
/// to a version that kept no journal.
pub async fn after(db: &Db, position: i64, limit: i64) -> Result<Vec<Entry>> {
    let sql = "SELECT position, at, said, doc FROM journal WHERE position > $1 ORDER BY position LIMIT $2";
    let rows: Vec<(i64, String, i64, Vec<u8>)> = db.fetch(sql, [position.into(), limit.into()]).await?;
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

/// Where the journal begins and ends: two rows, however long it is.
pub async fn bounds(db: &Db) -> Result<Bounds> {
    let sql =
        "SELECT floors.journal, head.journal FROM floors, event_log_head head WHERE floors.id = 1 AND head.id = 1";
    let rows: Vec<(i64, i64)> = db.fetch(sql, []).await?;
    let (first, head) = rows.first().copied().context("the journal has no bounds")?;
    Ok(Bounds { first, head })
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

fn read((position, at, said, doc): (i64, String, i64, Vec<u8>)) -> Result<Entry> {
    let damaged = || format!("entry {position} of the journal is damaged");
    let doc = lz4_flex::decompress_size_prepended(&doc).with_context(damaged)?;
    let doc = String::from_utf8(doc).with_context(damaged)?;
    let at = at.parse().map_err(anyhow::Error::msg).with_context(damaged)?;
    Ok(Entry { position, at, said, doc })
}
