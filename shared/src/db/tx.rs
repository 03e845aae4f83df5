//! A transaction, and the bulk writes in which the two backends differ.

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, types::Json};

use super::{Conflict, FromBoth, Value, bind_as_lite, bind_as_pg, bind_lite, bind_pg};

/// An open transaction; dropped without [`Tx::commit`] it rolls back.
#[derive(Debug)]
pub enum Tx {
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
}

/// One column of many rows; all columns of an insert have the same length.
#[derive(Debug)]
pub enum Cells {
    Int(Vec<i64>),
    Text(Vec<String>),
    OptText(Vec<Option<String>>),
    /// Encoded JSON.
    Json(Vec<String>),
}

impl Tx {
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Postgres(tx) => tx.commit().await,
            Self::Sqlite(tx) => tx.commit().await,
        }
        .context("commit")
    }

    pub async fn fetch<T: FromBoth>(&mut self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<Vec<T>> {
        let args = args.into();
        match self {
            Self::Postgres(tx) => bind_as_pg(sqlx::query_as(sql), args).fetch_all(&mut **tx).await,
            Self::Sqlite(tx) => bind_as_lite(sqlx::query_as(sql), args).fetch_all(&mut **tx).await,
        }
        .with_context(|| format!("read: {sql}"))
    }

    /// The number of rows that the statement touched.
    pub async fn execute(&mut self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<u64> {
        let args = args.into();
        match self {
            Self::Postgres(tx) => bind_pg(sqlx::query(sql), args).execute(&mut **tx).await.map(|r| r.rows_affected()),
            Self::Sqlite(tx) => bind_lite(sqlx::query(sql), args).execute(&mut **tx).await.map(|r| r.rows_affected()),
        }
        .with_context(|| format!("write: {sql}"))
    }

    /// Key, revision and document of those of `keys` that exist; `lock` holds them until the transaction ends.
    pub async fn load<T>(&mut self, table: &str, keys: Vec<String>, lock: bool) -> Result<Vec<(String, i64, T)>>
    where
        T: DeserializeOwned + Send + Unpin + 'static,
    {
        let rows: Vec<(String, i64, Json<T>)> = match self {
            Self::Postgres(tx) => {
                let lock = if lock { " ORDER BY key FOR UPDATE" } else { "" };
                let sql = format!("SELECT key, revision, doc FROM {table} WHERE key = ANY($1){lock}");
                sqlx::query_as(AssertSqlSafe(sql)).bind(keys).fetch_all(&mut **tx).await
            }
            Self::Sqlite(tx) => {
                let sql = format!(
                    "SELECT key, revision, doc FROM {table} WHERE key IN (SELECT value FROM json_each($1)) ORDER BY key"
                );
                sqlx::query_as(AssertSqlSafe(sql)).bind(Json(keys)).fetch_all(&mut **tx).await
            }
        }
        .with_context(|| format!("load {table}"))?;
        Ok(rows.into_iter().map(|(key, revision, Json(doc))| (key, revision, doc)).collect())
    }

    /// Inserts the rows that are not there yet and returns how many that were.
    async fn insert_new(&mut self, table: &str, columns: &[(&str, Cells)]) -> Result<u64> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        match self {
            Self::Postgres(tx) => {
                let casts: Vec<String> =
                    columns.iter().zip(1..).map(|((_, cells), n)| format!("${n}{}", cells.cast())).collect();
                let sql = format!(
                    "INSERT INTO {table} ({names}) SELECT * FROM UNNEST({}) ON CONFLICT DO NOTHING",
                    casts.join(", ")
                );
                let query = sqlx::query(AssertSqlSafe(sql));
                let query = columns.iter().fold(query, |query, (_, cells)| match cells {
                    Cells::Int(numbers) => query.bind(numbers),
                    Cells::Text(texts) | Cells::Json(texts) => query.bind(texts),
                    Cells::OptText(texts) => query.bind(texts),
                });
                query.execute(&mut **tx).await.map(|result| result.rows_affected())
            }
            Self::Sqlite(tx) => {
                let picks: Vec<String> = (0..columns.len()).map(|n| format!("value->>{n}")).collect();
                // Without WHERE, SQLite reads ON as the start of a join condition.
                let sql = format!(
                    "INSERT INTO {table} ({names}) SELECT {} FROM json_each($1) WHERE true ON CONFLICT DO NOTHING",
                    picks.join(", ")
                );
                let cells: Vec<&Cells> = columns.iter().map(|(_, cells)| cells).collect();
                let rows = transpose(&cells)?;
                sqlx::query(AssertSqlSafe(sql)).bind(rows).execute(&mut **tx).await.map(|result| result.rows_affected())
            }
        }
        .with_context(|| format!("insert into {table}"))
    }

    /// Inserts all of `rows` rows; that one of them exists already is a [`Conflict`].
    pub async fn insert_all(&mut self, table: &str, columns: &[(&str, Cells)], rows: usize) -> Result<()> {
        let inserted = self.insert_new(table, columns).await?;
        complete(table, inserted, rows)
    }

    /// Writes documents whose stored revision is still the given one; that one is not is a [`Conflict`].
    pub async fn update_guarded(
        &mut self,
        table: &str,
        keys: Vec<String>,
        revisions: Vec<i64>,
        docs: Vec<String>,
    ) -> Result<()> {
        let rows = keys.len();
        let updated = match self {
            Self::Postgres(tx) => {
                let sql = format!(
                    "UPDATE {table} SET revision = new.revision + 1, doc = new.doc \
                     FROM UNNEST($1::text[], $2::bigint[], $3::text[]::jsonb[]) AS new (key, revision, doc) \
                     WHERE {table}.key = new.key AND {table}.revision = new.revision"
                );
                let query = sqlx::query(AssertSqlSafe(sql)).bind(keys).bind(revisions).bind(docs);
                query.execute(&mut **tx).await.map(|result| result.rows_affected())
            }
            Self::Sqlite(tx) => {
                let sql = format!(
                    "UPDATE {table} SET revision = new.revision + 1, doc = new.doc FROM \
                     (SELECT value->>0 AS key, value->>1 AS revision, value->>2 AS doc FROM json_each($1)) AS new \
                     WHERE {table}.key = new.key AND {table}.revision = new.revision"
                );
                let rows = transpose(&[&Cells::Text(keys), &Cells::Int(revisions), &Cells::Json(docs)])?;
                sqlx::query(AssertSqlSafe(sql)).bind(rows).execute(&mut **tx).await.map(|result| result.rows_affected())
            }
        }
        .with_context(|| format!("update {table}"))?;
        complete(table, updated, rows)
    }
}

fn complete(table: &str, touched: u64, sent: usize) -> Result<()> {
    if touched == sent as u64 { Ok(()) } else { Err(Conflict(table.to_owned()).into()) }
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Self::Int(numbers) => numbers.len(),
            Self::Text(texts) | Self::Json(texts) => texts.len(),
            Self::OptText(texts) => texts.len(),
        }
    }

    fn cast(&self) -> &'static str {
        match self {
            Self::Int(_) => "::bigint[]",
            Self::Text(_) | Self::OptText(_) => "::text[]",
            Self::Json(_) => "::text[]::jsonb[]",
        }
    }
}

/// The columns as a JSON array of rows, each an array.
fn transpose(columns: &[&Cells]) -> Result<String> {
    let rows = columns.first().map_or(0, |cells| cells.len());
    let mut out = String::from("[");
    for row in 0..rows {
        out.push_str(if row == 0 { "[" } else { ",[" });
        for (place, cells) in columns.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            match cells {
                Cells::Int(numbers) => out.push_str(&numbers[row].to_string()),
                Cells::Text(texts) => out.push_str(&serde_json::to_string(&texts[row])?),
                Cells::OptText(texts) => out.push_str(&serde_json::to_string(&texts[row])?),
                Cells::Json(docs) => {
                    let doc: &RawValue = serde_json::from_str(&docs[row])?;
                    out.push_str(doc.get());
                }
            }
        }
        out.push(']');
    }
    out.push(']');
    Ok(out)
}
