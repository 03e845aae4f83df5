//! A transaction: what a batch needs is read in one statement, what it changes is written in another.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, types::Json};

use super::{
    Db, FromBoth, Value, bind_as_lite, bind_as_pg, bind_lite, bind_pg,
    file::OpenFile,
    lent::{ANSWER_WITHIN, Lent, SIGN_WITHIN, answered},
    write::{Cells, Columns, Head, Write, on_lite, on_pg},
};

/// An open transaction; dropped without [`Tx::commit`] it rolls back. Writes in bulk wait until [`Tx::flush`].
#[derive(Debug)]
pub struct Tx {
    session: Session,
    writes: Vec<Write>,
    db: Db,
    /// What was loaded, where somebody wants to know: table, key, document.
    seen: Option<Vec<(&'static str, String, String)>>,
}

#[derive(Debug)]
pub(super) enum Session {
    Postgres(Lent<sqlx::Postgres>),
    Sqlite(Lent<sqlx::Sqlite>, Arc<OpenFile>),
}

/// Who else may be in the middle of a transaction. A file has one writer anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    Any,
    /// All but one that wants to be alone.
    Deciders,
    /// Nobody that decides.
    Nobody,
}

impl Company {
    /// In one round trip: a statement sees what was committed before it began, so the lock takes one of its own.
    fn begin(self) -> &'static str {
        match self {
            Self::Any => "BEGIN",
            Self::Deciders => "BEGIN; SELECT pg_advisory_xact_lock_shared(0, 1)",
            Self::Nobody => "BEGIN; SELECT pg_advisory_xact_lock(0, 1)",
        }
    }

    /// Whoever wants to be alone waits until the others have committed, which is no silence.
    fn patience(self) -> Duration {
        match self {
            Self::Any | Self::Deciders => SIGN_WITHIN,
            Self::Nobody => ANSWER_WITHIN,
        }
    }
}

/// Rows of one table that a batch wants.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) table: &'static str,
    pub(crate) keys: Vec<String>,
    /// Until the transaction ends.
    pub(crate) lock: bool,
}

/// Which of the tables that were asked for; key, revision and encoded document of a row that exists.
pub(crate) type Found = (i64, String, i64, String);

impl Tx {
    pub(super) fn of(session: Session, db: Db) -> Self {
        Self { session, writes: Vec::new(), db, seen: None }
    }

    pub(super) async fn begin(&mut self, company: Company) -> Result<()> {
        match &mut self.session {
            Session::Postgres(lent) => lent.begin(company.begin(), company.patience()).await?,
            Session::Sqlite(lent, file) => {
                file.check()?;
                // One that reads first and writes later would fail at once where another writes.
                lent.begin("BEGIN IMMEDIATE", ANSWER_WITHIN).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn begin_reading(&mut self) -> Result<()> {
        match &mut self.session {
            Session::Postgres(lent) => {
                lent.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", SIGN_WITHIN).await?;
            }
            Session::Sqlite(lent, file) => {
                file.check()?;
                lent.begin("BEGIN", ANSWER_WITHIN).await?;
            }
        }
        Ok(())
    }

    /// Flushes what was not, and commits. After an error it may be committed or not.
    pub async fn commit(mut self) -> Result<()> {
        self.flush().await?;
        let committed = self.end().await;
        self.db.wrote(committed)
    }

    async fn end(&mut self) -> Result<()> {
        match &mut self.session {
            Session::Postgres(lent) => lent.commit().await.context("commit"),
            Session::Sqlite(lent, file) => {
                lent.commit().await.context("commit")?;
                file.check_written().context("commit")
            }
        }
    }

    /// Runs the statement now, before the writes that are gathered; the number of rows that it touched. After an error
    /// the transaction cannot go on: drop it.
    pub async fn execute(&mut self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<u64> {
        let args = args.into();
        match &mut self.session {
            Session::Postgres(lent) => {
                let executed = bind_pg(sqlx::query(sql), args).execute(lent.connection()?);
                let executed = answered(executed).await;
                lent.heard(executed).map(|done| done.rows_affected())
            }
            Session::Sqlite(lent, _) => {
                let executed = bind_lite(sqlx::query(sql), args).execute(lent.connection()?).await;
                executed.map(|done| done.rows_affected())
            }
        }
        .with_context(|| format!("write: {sql}"))
    }

    /// Reads what is not found by its keys; rows that this transaction has not flushed yet are not in it. After an error
    /// the transaction cannot go on: drop it.
    pub async fn fetch<T: FromBoth>(&mut self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<Vec<T>> {
        let args = args.into();
        match &mut self.session {
            Session::Postgres(lent) => {
                let rows = bind_as_pg(sqlx::query_as(sql), args).fetch_all(lent.connection()?);
                let rows = answered(rows).await;
                lent.heard(rows)
            }
            Session::Sqlite(lent, _) => bind_as_lite(sqlx::query_as(sql), args).fetch_all(lent.connection()?).await,
        }
        .with_context(|| format!("read: {sql}"))
    }

    /// Reads, and locks in the order in which they are named, the tables in order, what exists of it.
    pub(crate) async fn load(&mut self, wanted: &[Wanted]) -> Result<Vec<Found>> {
        let parts = wanted.iter().enumerate();
        match &mut self.session {
            Session::Postgres(lent) => {
                let parts = parts.map(|(n, Wanted { table, lock, .. })| {
                    let lock = if *lock { " ORDER BY key FOR UPDATE" } else { "" };
                    let keys = n + 1;
                    format!(
                        "SELECT {n}::bigint, * FROM (SELECT key, revision, doc::text FROM {table} \
                         WHERE key = ANY(${keys}){lock}) AS part_{n}"
                    )
                });
                let query = sqlx::query_as(AssertSqlSafe(parts.collect::<Vec<_>>().join(" UNION ALL ")));
                let query = wanted.iter().fold(query, |query, part| query.bind(&part.keys));
                let rows = answered(query.fetch_all(lent.connection()?)).await;
                lent.heard(rows)
            }
            Session::Sqlite(lent, _) => {
                let parts = parts.map(|(n, Wanted { table, .. })| {
                    let keys = n + 1;
                    format!(
                        "SELECT {n}, key, revision, doc FROM {table} \
                         WHERE key IN (SELECT value FROM json_each(${keys}))"
                    )
                });
                let query = sqlx::query_as(AssertSqlSafe(parts.collect::<Vec<_>>().join(" UNION ALL ")));
                wanted
                    .iter()
                    .fold(query, |query, part| query.bind(Json(&part.keys)))
                    .fetch_all(lent.connection()?)
                    .await
            }
        }
        .with_context(|| {
            let tables: Vec<&str> = wanted.iter().map(|part| part.table).collect();
            format!("load {}", tables.join(", "))
        })
    }

    /// The next documents of a table behind a key, in the database's own order: key, revision, document.
    pub(crate) async fn rows(
        &mut self,
        table: &'static str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, i64, String)>> {
        let sql = |doc| format!("SELECT key, revision, {doc} FROM {table} WHERE key > $1 ORDER BY key LIMIT $2");
        match &mut self.session {
            Session::Postgres(lent) => {
                let query = sqlx::query_as(AssertSqlSafe(sql("doc::text"))).bind(after).bind(limit);
                let rows = answered(query.fetch_all(lent.connection()?)).await;
                lent.heard(rows)
            }
            Session::Sqlite(lent, _) => {
                let query = sqlx::query_as(AssertSqlSafe(sql("doc"))).bind(after).bind(limit);
                query.fetch_all(lent.connection()?).await
            }
        }
        .with_context(|| format!("read {table}"))
    }

    /// Inserts the rows; that one of them exists already is a [`super::Conflict`] when they are flushed.
    pub fn insert(&mut self, table: &'static str, columns: Columns) {
        self.writes.push(Write::Insert { table, columns });
    }

    /// Writes documents whose stored revision is still the given one; that one is not is a
    /// [`super::Conflict`] when they are flushed.
    pub(crate) fn update_guarded(
        &mut self,
        table: &'static str,
        keys: Vec<String>,
        revisions: Vec<i64>,
        docs: Vec<String>,
    ) {
        let columns = vec![("key", Cells::Text(keys)), ("revision", Cells::Int(revisions)), ("doc", Cells::Json(docs))];
        self.writes.push(Write::Update { table, columns });
    }

    /// Appends events to the log: its columns but `position`.
    pub(crate) fn append(&mut self, columns: Columns) {
        self.writes.push(Write::Append { columns });
    }

    /// Appends entries to the journal: its columns but `position`. `said` counts the events of this transaction that
    /// were said by then.
    pub(crate) fn note(&mut self, columns: Columns) {
        self.writes.push(Write::Note { columns });
    }

    /// The documents that wait to be written: table, key, document.
    pub(crate) fn changes(&self) -> Vec<(&'static str, String, String)> {
        self.writes.iter().flat_map(Write::docs).collect()
    }

    /// From now on, whatever is loaded is kept for [`Tx::seen`].
    pub(crate) fn watch(&mut self) {
        self.seen = Some(Vec::new());
    }

    pub(crate) fn see(&mut self, table: &'static str, key: &str, doc: &str) {
        if let Some(seen) = &mut self.seen {
            seen.push((table, key.to_owned(), doc.to_owned()));
        }
    }

    /// The documents that were loaded since [`Tx::watch`]: table, key, document.
    pub(crate) fn seen(&mut self) -> Vec<(&'static str, String, String)> {
        self.seen.take().unwrap_or_default()
    }

    /// A document as it is stored.
    pub(crate) async fn doc(&mut self, table: &'static str, key: &str) -> Result<Option<String>> {
        let wanted = [Wanted { table, keys: vec![key.to_owned()], lock: false }];
        Ok(self.load(&wanted).await?.into_iter().next().map(|(_, _, _, doc)| doc))
    }

    /// Whether something waits to be written to one of the tables.
    pub(crate) fn writes_to(&self, tables: &[&str]) -> bool {
        self.writes.iter().any(|write| tables.contains(&write.table()))
    }

    /// Writes everything at once, and returns how far the log and the journal have come if this went on with them.
    pub(crate) async fn flush(&mut self) -> Result<Option<Head>> {
        let writes = std::mem::take(&mut self.writes);
        if writes.is_empty() {
            return Ok(None);
        }
        match &mut self.session {
            Session::Postgres(lent) => on_pg(lent, writes).await,
            Session::Sqlite(lent, _) => on_lite(lent, writes).await,
        }
    }
}
