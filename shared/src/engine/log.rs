//! What a service has said, in order, complete, without gaps. It is the outbox, the feed and the source of
//! every live view at once. Its beginning is forgotten in time, and whoever asks for that hears it.

use std::fmt;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{
    contract::{
        event::{Event, noun},
        time::Time,
    },
    db::{Cells, Db, Leader, Tx, Value},
};

/// One event in the log.
#[derive(Clone, Debug)]
pub struct Entry {
    pub position: i64,
    pub kind: String,
    pub subject: String,
    pub location: String,
    /// The order it belongs to.
    pub correlation: Option<String>,
    /// The event, encoded.
    pub doc: String,
}

/// What of the log is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The first position that is left; of an empty log the next one.
    pub first: i64,
    /// The last position that was said.
    pub head: i64,
}

impl Bounds {
    /// Whether `position` was said, and all that was said after it is there.
    pub fn go_on_from(self, position: i64) -> bool {
        (self.first - 1..=self.head).contains(&position)
    }
}

/// What was asked for has been forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// `the log`, or what else has positions.
    pub what: &'static str,
    /// The first position that is left.
    pub first: i64,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} begins at position {}: what was before has been forgotten", self.what, self.first)
    }
}

impl std::error::Error for Gone {}

type Row = (i64, String, String, String, Option<String>, String);

impl Entry {
    pub fn noun(&self) -> &str {
        noun(&self.kind)
    }

    fn of((position, kind, subject, location, correlation, doc): Row) -> Self {
        Self { position, kind, subject, location, correlation, doc }
    }
}

/// So many positions are forgotten in one transaction.
const PIECE: i64 = 512;

/// Appends the events, which are encoded as well, at the end of the transaction; once a transaction.
pub(crate) fn append(tx: &mut Tx, events: &[&Event], encoded: Vec<String>) {
    if events.is_empty() {
        return;
    }
    let text = |of: fn(&Event) -> &String| Cells::Text(events.iter().map(|event| of(event).clone()).collect());
    let correlation = events.iter().map(|event| event.correlationid.map(|id| id.to_string())).collect();
    tx.append(vec![
        ("type", text(|event| &event.kind)),
        ("subject", text(|event| &event.subject)),
        ("location", text(|event| &event.location)),
        ("correlation", Cells::OptText(correlation)),
        ("doc", Cells::Text(encoded)),
    ]);
}

const AFTER: &str = "SELECT position, type, subject, location, correlation, doc FROM event_log \
                         WHERE position > $1 ORDER BY position LIMIT $2";

/// What was said after `position`, at most `limit` events. [`Gone`] where some of it has been forgotten.
pub async fn after(db: &Db, position: i64, limit: i64) -> Result<Vec<Entry>> {
    let rows: Vec<Row> = db.fetch(AFTER, [position.into(), limit.into()]).await?;
    let entries: Vec<Entry> = rows.into_iter().map(Entry::of).collect();
    // Positions have no gaps: where the next one is missing, it has been forgotten or was not said yet.
    let next = position.saturating_add(1);
    if entries.first().is_none_or(|entry| entry.position != next) {
        let first = bounds(db).await?.first;
        if next < first {
            return Err(Gone { what: "the log", first }.into());
        }
    }
    Ok(entries)
}

/// As [`after`], in the relay's own session.
pub(crate) async fn after_as(leader: &mut Leader, position: i64, limit: i64) -> Result<Vec<Entry>> {
    let rows: Vec<Row> = leader.fetch(AFTER, [position.into(), limit.into()]).await?;
    Ok(rows.into_iter().map(Entry::of).collect())
}

/// What was said about one order after `position`; `None` where some of it may have been forgotten.
pub async fn about(db: &Db, order: &str, position: i64) -> Result<Option<Vec<Entry>>> {
    let sql = "SELECT position, type, subject, location, correlation, doc FROM event_log \
               WHERE correlation = $1 AND position > $2 ORDER BY position";
    let rows: Vec<Row> = db.fetch(sql, [Value::from(order), position.into()]).await?;
    // Asked afterwards: what is forgotten meanwhile must not pass for complete.
    let complete = bounds(db).await?.go_on_from(position);
    Ok(complete.then(|| rows.into_iter().map(Entry::of).collect()))
}

/// Where the log begins and ends: two rows, however long it is.
pub async fn bounds(db: &Db) -> Result<Bounds> {
    let sql = "SELECT floors.event_log, head.position FROM floors, event_log_head head \
               WHERE floors.id = 1 AND head.id = 1";
    let rows: Vec<(i64, i64)> = db.fetch(sql, []).await?;
    let (first, head) = rows.first().copied().context("the log has no bounds")?;
    Ok(Bounds { first, head })
}

/// Forgets what the relay has published and was said before `before`, in pieces, so that nobody waits long.
pub(crate) async fn forget(db: &Db, before: Time) -> Result<()> {
    let sql = "SELECT floors.event_log, cursor.position FROM floors, relay_cursor cursor \
               WHERE floors.id = 1 AND cursor.id = 1";
    let rows: Vec<(i64, i64)> = db.fetch(sql, []).await?;
    let (mut first, published) = rows.first().copied().context("the log has no floor")?;
    // Events stand in the order of their commits, which is that of their times but for moments: the last of a piece
    // tells how old the piece is, and smaller pieces find the end to the event.
    let mut piece = PIECE;
    while piece > 0 {
        let last = first + piece - 1;
        if last <= published && said_before(db, last, before).await? {
            if !remove(db, first, last).await? {
                return Ok(());
            }
            first = last + 1;
        } else {
            piece /= 2;
        }
    }
    Ok(())
}

async fn said_before(db: &Db, position: i64, before: Time) -> Result<bool> {
    #[derive(Deserialize)]
    struct Said {
        time: Time,
    }
    let rows: Vec<(String,)> = db.fetch("SELECT doc FROM event_log WHERE position = $1", [position.into()]).await?;
    let Some((doc,)) = rows.first() else { return Ok(false) };
    let said: Said = serde_json::from_str(doc).with_context(|| format!("when was {position} said"))?;
    Ok(said.time < before)
}

/// False where another replica was faster.
async fn remove(db: &Db, first: i64, last: i64) -> Result<bool> {
    let mut tx = db.begin().await?;
    let moved = "UPDATE floors SET event_log = $1 WHERE id = 1 AND event_log = $2";
    if tx.execute(moved, [(last + 1).into(), first.into()]).await? == 0 {
        return Ok(false);
    }
    tx.execute("DELETE FROM event_log WHERE position >= $1 AND position <= $2", [first.into(), last.into()]).await?;
    tx.commit().await?;
    Ok(true)
}
