//! One interface over PostgreSQL and SQLite, with one SQL text for both. The scheme of the URL picks the backend.
//! Everything accepted is durable: SQLite runs with `synchronous=FULL`, PostgreSQL must not have durability off.

mod failure;
mod migrate;
mod open;
mod tx;
mod write;

use std::{fs::File, sync::Arc};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use sqlx::{
    ConnectOptions, Connection, FromRow, PgConnection, PgPool, SqlitePool,
    postgres::{PgArguments, PgRow},
    query::{Query, QueryAs},
    sqlite::{SqliteArguments, SqliteRow},
    types::Json,
};

use crate::contract::event::derived_id;
use tx::Session;
use write::Write;

pub use failure::{Conflict, Failure};
pub use tx::Tx;
pub(crate) use tx::Wanted;
pub use write::{Cells, Columns};

/// A database. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    Postgres(PgPool),
    Sqlite(Sqlite),
}

/// SQLite has one writer; readers see the last commit.
#[derive(Clone, Debug)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Held as long as the file is open: one process a file.
    _lock: Arc<File>,
}

/// An argument of a statement.
#[derive(Clone, Debug)]
pub enum Value {
    Text(Option<String>),
    Int(i64),
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// A row that both backends can decode: a tuple of `i64`, `String`, `Option<String>`, `Vec<u8>`, `Json<T>`.
pub trait FromBoth: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}
impl<T> FromBoth for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

impl Db {
    /// Opens the database at `url` (`sqlite:…` or `postgres:…`) and refuses one that could lose a commit.
    pub async fn open(url: &str) -> Result<Self> {
        open::open(url).await
    }

    /// Applies what is new of the migrations, each a number and a script that both backends read.
    pub async fn migrate(&self, migrations: &[(i64, &'static str)]) -> Result<()> {
        migrate::migrate(self, migrations).await
    }

    /// A transaction that may write. Safe to drop at any moment: it begins in a task of its own, since a
    /// beginning that is cut short would leave its connection in the pool, inside a transaction (sqlx 0.9.0).
    #[expect(clippy::disallowed_methods, reason = "the task lasts as long as one BEGIN")]
    pub async fn begin(&self) -> Result<Tx> {
        let db = self.clone();
        let begun = tokio::spawn(async move {
            Ok(match db {
                Self::Postgres(pool) => Tx::of(Session::Postgres(pool.begin().await?)),
                Self::Sqlite(lite) => Tx::of(Session::Sqlite(lite.writer.begin_with("BEGIN IMMEDIATE").await?)),
            })
        });
        begun.await.context("begin").and_then(|tx: Result<Tx, sqlx::Error>| tx.context("begin"))
    }

    /// Inserts the rows in a transaction of their own; that one of them exists already is a [`Conflict`].
    pub(crate) async fn insert(&self, table: &'static str, columns: Columns) -> Result<()> {
        let writes = vec![Write::Insert { table, columns }];
        match self {
            Self::Postgres(pool) => write::on_pg(&mut *pool.acquire().await?, writes).await?,
            Self::Sqlite(lite) => write::on_lite(&mut *lite.writer.acquire().await?, writes).await?,
        };
        Ok(())
    }

    /// Reads outside of any transaction.
    pub async fn fetch<T: FromBoth>(&self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<Vec<T>> {
        let args = args.into();
        match self {
            Self::Postgres(pool) => bind_as_pg(sqlx::query_as(sql), args).fetch_all(pool).await,
            Self::Sqlite(lite) => bind_as_lite(sqlx::query_as(sql), args).fetch_all(&lite.readers).await,
        }
        .with_context(|| format!("read: {sql}"))
    }

    /// Reads documents: the statement selects `doc` alone.
    pub async fn docs<T>(&self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<Vec<T>>
    where
        T: DeserializeOwned + Send + Unpin + 'static,
    {
        let rows: Vec<(Json<T>,)> = self.fetch(sql, args).await?;
        Ok(rows.into_iter().map(|(Json(doc),)| doc).collect())
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<()> {
        self.fetch::<(i64,)>("SELECT CAST(1 AS BIGINT)", []).await.map(|_| ())
    }

    /// A session that holds the lock `name` for as long as it lives, or `None` while another process holds it.
    pub async fn lead(&self, name: &str) -> Result<Option<Leader>> {
        let pool = match self {
            Self::Sqlite(lite) => return Ok(Some(Leader::Sqlite(lite.clone()))),
            Self::Postgres(pool) => pool,
        };
        let mut connection = pool.connect_options().connect().await.context("connect for the lock")?;
        let key = derived_id(&["leader", name]).as_u64_pair().0.cast_signed();
        let (mine,): (bool,) =
            sqlx::query_as("SELECT pg_try_advisory_lock($1)").bind(key).fetch_one(&mut connection).await?;
        if mine {
            return Ok(Some(Leader::Postgres(Box::new(connection))));
        }
        connection.close().await?;
        Ok(None)
    }

    /// Waits for whoever still has a connection, then closes.
    pub async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite(lite) => {
                lite.readers.close().await;
                lite.writer.close().await;
            }
        }
    }
}

/// A session of its own: on PostgreSQL the advisory lock lives and dies with its connection.
#[derive(Debug)]
pub enum Leader {
    Postgres(Box<PgConnection>),
    Sqlite(Sqlite),
}

impl Leader {
    pub async fn fetch<T: FromBoth>(&mut self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<Vec<T>> {
        let args = args.into();
        match self {
            Self::Postgres(connection) => bind_as_pg(sqlx::query_as(sql), args).fetch_all(&mut **connection).await,
            Self::Sqlite(lite) => bind_as_lite(sqlx::query_as(sql), args).fetch_all(&lite.readers).await,
        }
        .with_context(|| format!("read: {sql}"))
    }

    pub async fn execute(&mut self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<()> {
        let args = args.into();
        match self {
            Self::Postgres(connection) => bind_pg(sqlx::query(sql), args).execute(&mut **connection).await.map(|_| ()),
            Self::Sqlite(lite) => bind_lite(sqlx::query(sql), args).execute(&lite.writer).await.map(|_| ()),
        }
        .with_context(|| format!("write: {sql}"))
    }
}

type PgQuery<'q> = Query<'q, sqlx::Postgres, PgArguments>;
type LiteQuery<'q> = Query<'q, sqlx::Sqlite, SqliteArguments>;
type PgQueryAs<'q, T> = QueryAs<'q, sqlx::Postgres, T, PgArguments>;
type LiteQueryAs<'q, T> = QueryAs<'q, sqlx::Sqlite, T, SqliteArguments>;

fn bind_pg(query: PgQuery<'_>, args: Vec<Value>) -> PgQuery<'_> {
    args.into_iter().fold(query, |query, arg| match arg {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

fn bind_lite(query: LiteQuery<'_>, args: Vec<Value>) -> LiteQuery<'_> {
    args.into_iter().fold(query, |query, arg| match arg {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

fn bind_as_pg<T>(query: PgQueryAs<'_, T>, args: Vec<Value>) -> PgQueryAs<'_, T> {
    args.into_iter().fold(query, |query, arg| match arg {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

fn bind_as_lite<T>(query: LiteQueryAs<'_, T>, args: Vec<Value>) -> LiteQueryAs<'_, T> {
    args.into_iter().fold(query, |query, arg| match arg {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}
