//! What a service's database holds, as fingerprints: two databases with the same ones hold the same, on either backend,
//! since a journal that is run again must come to the rows that it came to before.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::{
    db::{Db, Tx},
    engine::{journal, service::Service},
};

/// So many rows are read at once.
const PIECE: i64 = 500;
/// What every service keeps besides its own tables, and decides by.
const PLUMBING: [&str; 2] = ["inbox", "idempotency_keys"];
const LOG: &str = "event_log";
const JOURNAL: &str = "journal";

/// A database at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct State {
    /// The last entry of the journal.
    pub position: i64,
    /// The last event of the feed.
    pub said: i64,
    pub tables: Vec<Fingerprint>,
}

/// A table at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fingerprint {
    pub table: String,
    /// Of the log and of the journal, the first position that is left; 0 of all others.
    pub first: i64,
    pub rows: i64,
    /// Of each row's key and document, summed over all rows in four parts of 64 bits: databases sort by different rules,
    /// and no order counts here. How often a row was written does not count either: that is a matter of batches.
    pub sha256: String,
}

/// Some rows of a table at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowFingerprints {
    /// The last entry of the journal.
    pub position: i64,
    pub items: Vec<RowFingerprint>,
    /// Give it as `after` to get the next page; `null` on the last.
    pub next: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowFingerprint {
    pub key: String,
    pub sha256: String,
}

/// The tables of a service of which there are fingerprints: all that a journal explains.
pub fn tables<S: Service>() -> Vec<&'static str> {
    [S::TABLES, &PLUMBING, &[LOG, JOURNAL]].concat()
}

/// Whether the keys of its rows are positions.
pub fn is_by_position(table: &str) -> bool {
    table == LOG || table == JOURNAL
}

/// All of the tables. Reads every row. Where `kept` is another's state, nothing counts of history that is forgotten there.
pub async fn of(db: &Db, tables: &[&'static str], kept: Option<&State>) -> Result<State> {
    let mut tx = db.snapshot().await?;
    let (position, said, mut floors) = bounds(&mut tx).await?;
    for Fingerprint { table, first, .. } in kept.into_iter().flat_map(|kept| &kept.tables) {
        floors.raise(table, *first);
    }
    let mut state = State { position, said, tables: Vec::new() };
    for table in tables {
        let (mut rows, mut sum, mut after) = (0, Sum::default(), None);
        loop {
            let piece = piece(&mut tx, table, floors.of(table), after.as_deref(), PIECE).await?;
            let Some((last, _)) = piece.last() else { break };
            (rows, after) = (rows + i64::try_from(piece.len())?, Some(last.clone()));
            piece.iter().for_each(|(_, digest)| sum.add(digest));
        }
        state.tables.push(Fingerprint {
            table: (*table).into(),
            first: floors.of(table),
            rows,
            sha256: sum.to_string(),
        });
    }
    Ok(state)
}

/// Some rows of a table, in an order of the database's own, behind the key `after`.
pub async fn rows(db: &Db, table: &'static str, after: Option<&str>, limit: i64) -> Result<RowFingerprints> {
    let mut tx = db.snapshot().await?;
    let (position, _, floors) = bounds(&mut tx).await?;
    let piece = piece(&mut tx, table, floors.of(table), after, limit).await?;
    let is_last = i64::try_from(piece.len()).is_ok_and(|rows| rows < limit);
    let next = piece.last().filter(|_| !is_last).map(|(key, _)| key.clone());
    let items = piece.into_iter().map(|(key, digest)| RowFingerprint { key, sha256: hexadecimal(&digest) });
    Ok(RowFingerprints { position, items: items.collect(), next })
}

/// The first positions that are left of what is kept by position.
struct Floors {
    log: i64,
    journal: i64,
}

impl Floors {
    fn of(&self, table: &str) -> i64 {
        match table {
            LOG => self.log,
            JOURNAL => self.journal,
            _ => 0,
        }
    }

    fn raise(&mut self, table: &str, first: i64) {
        match table {
            LOG => self.log = self.log.max(first),
            JOURNAL => self.journal = self.journal.max(first),
            _ => {}
        }
    }
}

/// How far the journal and the log have come, and where they begin.
async fn bounds(tx: &mut Tx) -> Result<(i64, i64, Floors)> {
    let sql = "SELECT head.journal, head.position, floors.event_log, floors.journal FROM floors, event_log_head head \
               WHERE floors.id = 1 AND head.id = 1";
    let rows: Vec<(i64, i64, i64, i64)> = tx.fetch(sql, []).await?;
    let (told, said, log, journal) = rows.first().copied().context("the log has no bounds")?;
    Ok((told, said, Floors { log, journal }))
}

type Digested = (String, [u8; 32]);

/// The next rows of a table: keys and digests.
async fn piece(tx: &mut Tx, table: &'static str, first: i64, after: Option<&str>, limit: i64) -> Result<Vec<Digested>> {
    let position = || after.map_or(Ok(first - 1), str::parse).context("a position");
    match table {
        LOG => {
            let sql = "SELECT position, doc FROM event_log WHERE position > $1 ORDER BY position LIMIT $2";
            let rows: Vec<(i64, String)> = tx.fetch(sql, [position()?.into(), limit.into()]).await?;
            rows.into_iter().map(|(position, doc)| digested(position.to_string(), 0, &doc)).collect()
        }
        JOURNAL => {
            let entries = journal::piece(tx, position()?, limit).await?;
            let digested =
                entries.into_iter().map(|entry| digested(entry.position.to_string(), entry.said, &entry.doc));
            digested.collect()
        }
        _ => {
            let rows = tx.rows(table, after.unwrap_or_default(), limit).await?;
            rows.into_iter().map(|(key, _, doc)| digested(key, 0, &doc)).collect()
        }
    }
}

/// Documents are compared by what they say: one database keeps their text, the other does not. `said` is what had been
/// said by then, where that is known.
fn digested(key: String, said: i64, doc: &str) -> Result<Digested> {
    let doc: Json = serde_json::from_str(doc).with_context(|| format!("decode {key}"))?;
    let mut hasher = Sha256::new();
    hasher.update(serde_json::to_vec(&(&key, said, doc))?);
    Ok((key, hasher.finalize().into()))
}

/// Whatever is added in whatever order.
#[derive(Debug, Default)]
pub(super) struct Sum([u64; 4]);

impl Sum {
    pub(super) fn add(&mut self, digest: &[u8; 32]) {
        for (part, bytes) in self.0.iter_mut().zip(digest.chunks_exact(8)) {
            let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
            *part = part.wrapping_add(number);
        }
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|part| write!(f, "{part:016x}"))
    }
}

fn hexadecimal(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[(&str, i64, &str)]) -> String {
        let mut sum = Sum::default();
        for (key, said, doc) in rows {
            sum.add(&digested((*key).into(), *said, doc).unwrap().1);
        }
        sum.to_string()
    }

    #[test]
    fn neither_order_nor_spelling_counts_and_all_else_does() {
        let both = sum(&[("a", 1, r#"{"x":1,"y":[true,null]}"#), ("b", 2, "{}")]);
        assert_eq!(both.len(), 64);
        assert_eq!(both, sum(&[("b", 2, "{ }"), ("a", 1, r#"{"y": [true, null], "x": 1}"#)]));
        for other in [
            &[("a", 1, r#"{"x":1,"y":[null,true]}"#), ("b", 2, "{}")][..],
            &[("a", 2, r#"{"x":1,"y":[true,null]}"#), ("b", 2, "{}")],
            &[("a", 1, r#"{"x":1,"y":[true,null]}"#), ("c", 2, "{}")],
            &[("a", 1, r#"{"x":1,"y":[true,null]}"#)],
        ] {
            assert_ne!(both, sum(other));
        }
    }
}
