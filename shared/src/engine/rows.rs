//! The rows that a batch touches: loaded and locked, changed in memory, written back in bulk.
//! A row is a JSON document under a text key; what else a table has is generated from the document.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    contract::Subject,
    db::{Cells, Tx, Wanted},
};

/// A document with a table of its own: `(key TEXT PRIMARY KEY, revision BIGINT, doc JSONB)`.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + Unpin + 'static {
    const TABLE: &'static str;
    /// Unique in the table; a row never changes its key.
    fn key(&self) -> String;
}

/// What events are about is stored as they show it.
impl<T: Subject + DeserializeOwned + Send + Sync + Unpin + 'static> Record for T {
    const TABLE: &'static str = T::TABLE;

    fn key(&self) -> String {
        self.subject()
    }
}

/// What a batch wants of several tables: read in one statement, locked table by table in the order of the calls.
#[derive(Debug, Default)]
pub struct Load {
    wanted: Vec<Wanted>,
}

/// What a [`Load`] found.
#[derive(Debug)]
pub struct Loaded {
    /// By table: key, revision, encoded document.
    found: HashMap<&'static str, Vec<(String, i64, String)>>,
}

impl Load {
    /// Rows that the batch may change: locked, in key order, until the transaction ends.
    pub fn lock<T: Record>(self, keys: impl IntoIterator<Item = String>) -> Self {
        self.want(T::TABLE, keys, true)
    }

    /// Rows that the batch only looks at, or that are hardly ever written.
    pub fn read<T: Record>(self, keys: impl IntoIterator<Item = String>) -> Self {
        self.want(T::TABLE, keys, false)
    }

    fn want(mut self, table: &'static str, keys: impl IntoIterator<Item = String>, lock: bool) -> Self {
        let keys: Vec<String> = keys.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        if !keys.is_empty() {
            self.wanted.push(Wanted { table, keys, lock });
        }
        self
    }

    pub async fn run(self, tx: &mut Tx) -> Result<Loaded> {
        let mut loaded = Loaded { found: HashMap::new() };
        if self.wanted.is_empty() {
            return Ok(loaded);
        }
        for (part, key, revision, doc) in tx.load(&self.wanted).await? {
            let wanted = usize::try_from(part).ok().and_then(|part| self.wanted.get(part));
            let table = wanted.context("a row of a table that was not asked for")?.table;
            tx.see(table, &key, &doc);
            loaded.found.entry(table).or_default().push((key, revision, doc));
        }
        Ok(loaded)
    }
}

impl Loaded {
    /// Those of one table; none where none were asked for.
    pub fn rows<T: Record>(&mut self) -> Result<Rows<T>> {
        let found = self.found.remove(T::TABLE).unwrap_or_default();
        let rows = found.into_iter().map(|(key, revision, doc)| {
            let value = serde_json::from_str(&doc).with_context(|| format!("decode {key} of {}", T::TABLE))?;
            Ok((key, Row { revision, changed: false, value }))
        });
        Ok(Rows { rows: rows.collect::<Result<_>>()? })
    }
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
        Load::default().lock::<T>(keys).run(tx).await?.rows()
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

    /// These and those of another load.
    pub fn and(mut self, more: Self) -> Self {
        self.rows.extend(more.rows);
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.values().map(|row| &row.value)
    }

    /// Hands over what changed, to be written at the end of the transaction. A row that somebody else wrote
    /// meanwhile is then a conflict; the caller rolls back and decides again.
    pub fn save(self, tx: &mut Tx) -> Result<()> {
        let changed: BTreeMap<String, Row<T>> = self.rows.into_iter().filter(|(_, row)| row.changed).collect();
        let (new, old): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(_, row)| row.revision == 0);
        if !new.is_empty() {
            let Changed { keys, revisions, docs } = Changed::of(new)?;
            let first = revisions.iter().map(|_| 1).collect();
            let cells = vec![("key", Cells::Text(keys)), ("revision", Cells::Int(first)), ("doc", Cells::Json(docs))];
            tx.insert(T::TABLE, cells);
        }
        if !old.is_empty() {
            let Changed { keys, revisions, docs } = Changed::of(old)?;
            tx.update_guarded(T::TABLE, keys, revisions, docs);
        }
        Ok(())
    }
}

/// Rows to be written, column by column.
#[derive(Debug, Default)]
struct Changed {
    keys: Vec<String>,
    /// As they were loaded; 0 of a row that is new.
    revisions: Vec<i64>,
    docs: Vec<String>,
}

impl Changed {
    fn of<T: Record>(rows: Vec<(String, Row<T>)>) -> Result<Self> {
        let mut changed = Self::default();
        for (key, row) in rows {
            changed.keys.push(key);
            changed.revisions.push(row.revision);
            let doc = serde_json::to_string(&row.value).with_context(|| format!("encode a row of {}", T::TABLE))?;
            changed.docs.push(doc);
        }
        Ok(changed)
    }
}

impl<T: Record> FromIterator<T> for Rows<T> {
    /// Rows as if they had been loaded; for tests of decisions.
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let rows = values.into_iter().map(|value| (value.key(), Row { revision: 1, changed: false, value })).collect();
        Self { rows }
    }
}
