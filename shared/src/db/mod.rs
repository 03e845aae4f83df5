//! One interface over PostgreSQL and SQLite, with one SQL text for both. The scheme of the URL picks the backend.
//! Everything accepted is durable: SQLite runs with `synchronous=FULL`, PostgreSQL must not have durability off.

mod copy;
mod failure;
mod file;
mod leader;
mod lent;
mod migrate;
mod open;
mod talk;
mod tx;
mod write;

use std::sync::Arc;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use sqlx::{
    AssertSqlSafe, FromRow, PgPool, SqlitePool,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::{Query, QueryAs},
    sqlite::{SqliteArguments, SqliteRow},
    types::Json,
};
use tokio::{sync::watch, time::Instant};

use file::OpenFile;
use lent::{Lent, Trust, answered};
use tx::Session;
use write::Write;

pub(crate) use copy::{Kind, Table};
pub use failure::{Conflict, Failure, FilesGone, NO_ANSWER, advice};
pub use leader::Leader;
pub use open::Opening;
pub use talk::Talk;
pub use tx::Tx;
pub(crate) use tx::{Company, Wanted};
pub(crate) use write::Head;
pub use write::{Cells, Columns};

/// A database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    backend: Backend,
    writes: Arc<watch::Sender<Writes>>,
}

/// What came of the last writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Writes {
    /// When one was last taken.
    pub taken: Option<Instant>,
    /// One was not taken, through no fault of its own, and nobody has found since that there is room again.
    pub refused: bool,
}

/// How many a pool has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sessions {
    pub(crate) open: usize,
    pub(crate) idle: usize,
    pub(crate) max: u32,
}

impl Sessions {
    fn of<D: sqlx::Database>(pool: &sqlx::Pool<D>) -> Self {
        Self { open: pool.size() as usize, idle: pool.num_idle(), max: pool.options().get_max_connections() }
    }
}

#[derive(Clone, Debug)]
enum Backend {
    Postgres(Postgres),
    Sqlite(Sqlite),
}

#[derive(Clone, Debug)]
struct Postgres {
    pool: PgPool,
    /// For sessions that are no part of the pool.
    options: Arc<PgConnectOptions>,
    trust: Trust,
}

/// SQLite has one writer; readers see the last commit.
#[derive(Clone, Debug)]
struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    file: Arc<OpenFile>,
    trust: Trust,
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
        Ok(Self { backend: open::open(url, &Opening::default()).await?, writes: Arc::default() })
    }

    /// As [`Db::open`], for whoever says more about it.
    pub async fn open_as(url: &str, opening: &Opening) -> Result<Self> {
        Ok(Self { backend: open::open(url, opening).await?, writes: Arc::default() })
    }

    /// Applies what is new of the migrations, each a number and a script that both backends read.
    pub async fn migrate(&self, migrations: &[(i64, &'static str)]) -> Result<()> {
        migrate::migrate(&self.backend, migrations).await
    }

    /// How many of the migrations were not applied yet; an error where others were.
    pub(crate) async fn outdated_by(&self, migrations: &[(i64, &'static str)]) -> Result<usize> {
        migrate::outdated_by(self, migrations).await
    }

    /// A transaction that may write. Safe to drop at any moment.
    pub async fn begin(&self) -> Result<Tx> {
        self.begin_with(Company::Any).await
    }

    /// As [`Db::begin`], of decisions: besides others that decide, or, once these have ended, alone.
    pub(crate) async fn begin_with(&self, company: Company) -> Result<Tx> {
        let session = match &self.backend {
            Backend::Postgres(pg) => Session::Postgres(pg.lend().await.context("begin")?),
            Backend::Sqlite(lite) => {
                Session::Sqlite(lite.lend_writer().await.context("begin")?, Arc::clone(&lite.file))
            }
        };
        let mut tx = Tx::of(session, self.clone());
        tx.begin(company).await.context("begin")?;
        Ok(tx)
    }

    /// A transaction that reads what was so at one moment, whatever is committed meanwhile, and keeps nobody from writing.
    pub(crate) async fn snapshot(&self) -> Result<Tx> {
        let session = match &self.backend {
            Backend::Postgres(pg) => Session::Postgres(pg.lend().await.context("begin")?),
            Backend::Sqlite(lite) => {
                let reader = Lent::by(&lite.readers, &lite.trust).await.context("begin")?;
                Session::Sqlite(reader, Arc::clone(&lite.file))
            }
        };
        let mut tx = Tx::of(session, self.clone());
        tx.begin_reading().await.context("begin")?;
        Ok(tx)
    }

    /// Whether it holds no table at all.
    pub async fn is_empty(&self) -> Result<bool> {
        let sql = match &self.backend {
            Backend::Postgres(_) => {
                "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema()"
            }
            Backend::Sqlite(_) => "SELECT COUNT(*) FROM sqlite_master",
        };
        let tables: Vec<(i64,)> = self.fetch(sql, []).await?;
        Ok(tables == [(0,)])
    }

    /// Inserts the rows in a transaction of their own; that one of them exists already is a [`Conflict`].
    pub(crate) async fn insert(&self, table: &'static str, columns: Columns) -> Result<()> {
        let writes = vec![Write::Insert { table, columns }];
        match &self.backend {
            Backend::Postgres(pg) => write::on_pg(&mut pg.lend().await?, writes).await?,
            Backend::Sqlite(lite) => {
                let position = write::on_lite(&mut lite.lend_writer().await?, writes).await?;
                lite.file.check_written()?;
                position
            }
        };
        Ok(())
    }

    /// Reads outside of any transaction.
    pub async fn fetch<T: FromBoth>(&self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<Vec<T>> {
        let args = args.into();
        match &self.backend {
            Backend::Postgres(pg) => pg.fetch(sql, args).await,
            Backend::Sqlite(lite) => lite.fetch(sql, args).await,
        }
        .with_context(|| format!("read: {sql}"))
    }

    /// As [`Db::fetch`], of the rows under these keys: the statement ends with the column that they are in.
    pub(crate) async fn fetch_keys<T: FromBoth>(&self, sql: &'static str, keys: &[String]) -> Result<Vec<T>> {
        match &self.backend {
            Backend::Postgres(pg) => {
                let mut lent = pg.lend().await?;
                let query = sqlx::query_as(AssertSqlSafe(format!("{sql} = ANY($1)"))).bind(keys);
                let rows = answered(query.fetch_all(lent.connection()?)).await;
                lent.heard(rows)
            }
            Backend::Sqlite(lite) => {
                let sql = AssertSqlSafe(format!("{sql} IN (SELECT value FROM json_each($1))"));
                sqlx::query_as(sql).bind(Json(keys)).fetch_all(&lite.readers).await
            }
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

    /// As [`Db::docs`], of a statement that finds one at the most.
    pub async fn doc<T>(&self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<Option<T>>
    where
        T: DeserializeOwned + Send + Unpin + 'static,
    {
        Ok(self.docs(sql, args).await?.into_iter().next())
    }

    /// Whether it answers, and its files are where they were.
    pub async fn ping(&self) -> Result<()> {
        if let Backend::Sqlite(lite) = &self.backend {
            lite.file.check()?;
        }
        self.fetch::<(i64,)>("SELECT CAST(1 AS BIGINT)", []).await.map(|_| ())
    }

    /// Of those who read, and on PostgreSQL of those who write, too.
    pub(crate) fn sessions(&self) -> Sessions {
        match &self.backend {
            Backend::Postgres(pg) => Sessions::of(&pg.pool),
            Backend::Sqlite(lite) => Sessions::of(&lite.readers),
        }
    }

    pub fn writes(&self) -> Writes {
        *self.writes.borrow()
    }

    /// There is room again.
    pub(crate) fn takes_writes(&self) {
        self.writes.send_modify(|writes| writes.refused = false);
    }

    /// Remembers what came of a write.
    fn wrote<T>(&self, outcome: Result<T>) -> Result<T> {
        match &outcome {
            Ok(_) => self.writes.send_modify(|writes| writes.taken = Some(Instant::now())),
            Err(error) if Failure::of(error) == Failure::Outage => {
                self.writes.send_modify(|writes| writes.refused = true)
            }
            Err(_) => {}
        }
        outcome
    }

    /// A session that holds the lock `name` for as long as it lives, or `None` while another process holds it.
    pub async fn lead(&self, name: &str) -> Result<Option<Leader>> {
        leader::lead(self, name).await
    }

    /// Where the processes that share the database hear each other; `None` where there is only one.
    pub async fn talk(&self, channel: &str) -> Result<Option<Talk>> {
        match &self.backend {
            Backend::Postgres(pg) => Talk::on(pg, channel).await.map(Some),
            Backend::Sqlite(_) => Ok(None),
        }
    }

    /// The sessions of a PostgreSQL database, for what only it can be asked; `None` of a file of this process.
    pub fn postgres(&self) -> Option<&PgPool> {
        match &self.backend {
            Backend::Postgres(pg) => Some(&pg.pool),
            Backend::Sqlite(_) => None,
        }
    }

    /// Waits for whoever still has a connection, then closes.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Postgres(pg) => pg.pool.close().await,
            Backend::Sqlite(lite) => {
                lite.readers.close().await;
                lite.writer.close().await;
            }
        }
    }
}

impl Postgres {
    async fn lend(&self) -> sqlx::Result<Lent<sqlx::Postgres>> {
        Lent::by(&self.pool, &self.trust).await
    }

    async fn fetch<T: FromBoth>(&self, sql: &'static str, args: Vec<Value>) -> sqlx::Result<Vec<T>> {
        let mut lent = self.lend().await?;
        let answer = bind_as_pg(sqlx::query_as(sql), args).fetch_all(lent.connection()?);
        let rows = answered(answer).await;
        lent.heard(rows)
    }
}

impl Sqlite {
    async fn lend_writer(&self) -> sqlx::Result<Lent<sqlx::Sqlite>> {
        Lent::by(&self.writer, &self.trust).await
    }

    async fn fetch<T: FromBoth>(&self, sql: &'static str, args: Vec<Value>) -> sqlx::Result<Vec<T>> {
        bind_as_lite(sqlx::query_as(sql), args).fetch_all(&self.readers).await
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
