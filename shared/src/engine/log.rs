//! What a service has said, in order, complete, without gaps. It is the outbox, the feed and the source of
//! every live view at once.

use anyhow::Result;

use crate::{
    contract::event::{Event, noun},
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

type Row = (i64, String, String, String, Option<String>, String);

impl Entry {
    pub fn noun(&self) -> &str {
        noun(&self.kind)
    }

    fn of((position, kind, subject, location, correlation, doc): Row) -> Self {
        Self { position, kind, subject, location, correlation, doc }
    }
}

/// Appends the events at the end of the transaction.
pub(crate) fn append(tx: &mut Tx, events: &[Event]) -> Result<()> {
    let docs = events.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let text = |of: fn(&Event) -> &String| Cells::Text(events.iter().map(|event| of(event).clone()).collect());
    let correlation = events.iter().map(|event| event.correlationid.map(|id| id.to_string())).collect();
    tx.append(vec![
        ("type", text(|event| &event.kind)),
        ("subject", text(|event| &event.subject)),
        ("location", text(|event| &event.location)),
        ("correlation", Cells::OptText(correlation)),
        ("doc", Cells::Text(docs)),
    ]);
    Ok(())
}

const AFTER: &str = "SELECT position, type, subject, location, correlation, doc FROM event_log \
                         WHERE position > $1 ORDER BY position LIMIT $2";

/// What was said after `position`, at most `limit` events.
pub async fn after(db: &Db, position: i64, limit: i64) -> Result<Vec<Entry>> {
    let rows: Vec<Row> = db.fetch(AFTER, [position.into(), limit.into()]).await?;
    Ok(rows.into_iter().map(Entry::of).collect())
}

/// As [`after`], in the relay's own session.
pub(crate) async fn after_as(leader: &mut Leader, position: i64, limit: i64) -> Result<Vec<Entry>> {
    let rows: Vec<Row> = leader.fetch(AFTER, [position.into(), limit.into()]).await?;
    Ok(rows.into_iter().map(Entry::of).collect())
}

/// What was said about one order after `position`.
pub async fn about(db: &Db, order: &str, position: i64) -> Result<Vec<Entry>> {
    let sql = "SELECT position, type, subject, location, correlation, doc FROM event_log \
               WHERE correlation = $1 AND position > $2 ORDER BY position";
    let rows: Vec<Row> = db.fetch(sql, [Value::from(order), position.into()]).await?;
    Ok(rows.into_iter().map(Entry::of).collect())
}

/// The last position.
pub async fn head(db: &Db) -> Result<i64> {
    let rows: Vec<(i64,)> = db.fetch("SELECT position FROM event_log_head WHERE id = 1", []).await?;
    Ok(rows.first().map_or(0, |row| row.0))
}
