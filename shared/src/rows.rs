//! The rows that a batch touches: loaded and locked, changed in memory, written back in bulk.
//! A row is a JSON document under a text key; what else a table has is generated from the document.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};

use crate::db::{Cells, Tx};

/// A document with a table of its own: `(key TEXT PRIMARY KEY, revision BIGINT, doc JSONB)`.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + Unpin + 'static {
    const TABLE: &'static str;
    /// Unique in the table; a row never changes its key.
    fn key(&self) -> String;
}

/// Rows of one table by key. Holds what was asked for and exists, and what was put since.
#[derive(Debug)]
pub struct Rows<T> {
    rows: HashMap<String, Row<T>>,
}

#[derive(Debug)]
struct Row<T> {
    /// Of the stored row; 0 while there is none.
    revision: i64,
    changed: bool,
    value: T,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: HashMap::new() }
    }
}

impl<T: Record> Rows<T> {
    /// Loads the rows and locks them, in key order, until the transaction ends.
    pub async fn load(tx: &mut Tx, keys: impl IntoIterator<Item = String>) -> Result<Self> {
        Self::fetch(tx, keys, true).await
    }

    /// Loads rows that the batch only looks at.
    pub async fn read(tx: &mut Tx, keys: impl IntoIterator<Item = String>) -> Result<Self> {
        Self::fetch(tx, keys, false).await
    }

    async fn fetch(tx: &mut Tx, keys: impl IntoIterator<Item = String>, lock: bool) -> Result<Self> {
        let keys: Vec<String> = keys.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        if keys.is_empty() {
            return Ok(Self::default());
        }
        let found = tx.load(T::TABLE, keys, lock).await?;
        let rows =
            found.into_iter().map(|(key, revision, value)| (key, Row { revision, changed: false, value })).collect();
        Ok(Self { rows })
    }

    pub fn get(&self, key: &str) -> Option<&T> {
        self.rows.get(key).map(|row| &row.value)
    }

    /// The row, to be changed and written back.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.rows.get_mut(key).map(|row| {
            row.changed = true;
            &mut row.value
        })
    }

    /// Adds the row, or replaces the one with its key.
    pub fn put(&mut self, value: T) {
        let key = value.key();
        let revision = self.rows.get(&key).map_or(0, |row| row.revision);
        self.rows.insert(key, Row { revision, changed: true, value });
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.values().map(|row| &row.value)
    }

    /// Writes what changed: new rows in one statement, old ones in another.
    /// A row that somebody else wrote meanwhile is a conflict; the caller rolls back and decides again.
    pub async fn save(self, tx: &mut Tx) -> Result<()> {
        let changed: BTreeMap<String, Row<T>> = self.rows.into_iter().filter(|(_, row)| row.changed).collect();
        let (new, old): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(_, row)| row.revision == 0);
        if !new.is_empty() {
            let (keys, revisions, docs) = columns(new)?;
            let rows = keys.len();
            let cells = [
                ("key", Cells::Text(keys)),
                ("revision", Cells::Int(revisions.iter().map(|_| 1).collect())),
                ("doc", Cells::Json(docs)),
            ];
            tx.insert_all(T::TABLE, &cells, rows).await?;
        }
        if !old.is_empty() {
            let (keys, revisions, docs) = columns(old)?;
            tx.update_guarded(T::TABLE, keys, revisions, docs).await?;
        }
        Ok(())
    }
}

type Columns = (Vec<String>, Vec<i64>, Vec<String>);

fn columns<T: Record>(rows: Vec<(String, Row<T>)>) -> Result<Columns> {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (key, row) in rows {
        columns.0.push(key);
        columns.1.push(row.revision);
        columns.2.push(serde_json::to_string(&row.value).with_context(|| format!("encode a row of {}", T::TABLE))?);
    }
    Ok(columns)
}

impl<T: Record> FromIterator<T> for Rows<T> {
    /// Rows as if they had been loaded; for tests of decisions.
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let rows = values.into_iter().map(|value| (value.key(), Row { revision: 1, changed: false, value })).collect();
        Self { rows }
    }
}
