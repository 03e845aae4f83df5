//! Opening a database, and refusing one that could lose what it confirmed.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use sqlx::{
    Connection, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::timeout;

use super::{
    Backend, Postgres, Sqlite,
    file::Locked,
    lent::{Trust, within},
};

/// Shorter than the 5 s that a request waits at most.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// What is asked of a server before it is used.
const START_WITHIN: Duration = Duration::from_secs(20);
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection may lie idle before it is tried before its next use.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);
/// How soon it answers when it is tried; a part of what it takes to get one at all.
const IDLE_SIGN_WITHIN: Duration = Duration::from_secs(1);
const POSTGRES_CONNECTIONS: u32 = 8;
const SQLITE_READERS: u32 = 4;
/// In KiB where it is negative. What readers look up is small, and the writer and the system have it in memory anyway.
const READER_CACHE: &str = "-1000";

/// Who opens a database, and what he finds there.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What PostgreSQL calls its sessions, at most 63 bytes.
    pub name: String,
    /// Of a file: make none.
    pub must_exist: bool,
}

impl Default for Opening {
    fn default() -> Self {
        Self { name: "comanda".into(), must_exist: false }
    }
}

pub(super) async fn open(url: &str, opening: &Opening) -> Result<Backend> {
    match url.split_once(':').map(|(scheme, rest)| (scheme, rest.trim_start_matches("//"))) {
        Some(("sqlite", path)) => {
            ensure!(!opening.must_exist || Path::new(path).is_file(), "there is no file {path}");
            Ok(Backend::Sqlite(open_sqlite(path).await?))
        }
        Some(("postgres" | "postgresql", _)) => Ok(Backend::Postgres(open_postgres(url, &opening.name).await?)),
        _ => bail!("the URL starts with neither sqlite: nor postgres:"),
    }
}

/// As safe as a database server: write-ahead log, every commit synced.
fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .pragma("wal_autocheckpoint", "4000")
        .pragma("cache_size", "-4000")
}

async fn open_sqlite(path: &str) -> Result<Sqlite> {
    let locked = Locked::at(path)?;
    let path = &locked.path;
    let options = sqlite_options(path);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(30))
        .connect_with(options.clone())
        .await
        .with_context(|| format!("open {}", path.display()))?;
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options.read_only(true).pragma("cache_size", READER_CACHE))
        .await
        .with_context(|| format!("open {} for reading", path.display()))?;
    Ok(Sqlite { writer, readers, file: Arc::new(locked.opened()?), trust: Trust::new() })
}

/// What each session asks of the server. Its own timeouts are shorter than ours, so that it tells why; and what a
/// replica holds that is paused, or whose machine is gone, is free again within seconds.
const SESSION: [(&str, &str); 14] = [
    ("TimeZone", "UTC"),
    ("statement_timeout", "3500ms"),
    ("lock_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "3s"),
    // A client that is gone without a word answers no probe and acknowledges nothing. Ours cannot ask for keepalives,
    // since sqlx keeps its sockets to itself: it relies on deadlines.
    ("tcp_keepalives_idle", "5"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "6000"),
    // Every statement has its index. Planning it anew each time would cost as much as running it; and a plan that
    // is kept, made while the tables were empty, must not be one that reads them whole.
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    // It would have to sort what an index gives in order.
    ("enable_bitmapscan", "off"),
    ("jit", "off"),
];

async fn open_postgres(url: &str, name: &str) -> Result<Postgres> {
    let options: PgConnectOptions = url.parse().context("not a PostgreSQL URL")?;
    let options = options.options(SESSION).application_name(name);
    // The pool would try again until its time is up, and then tell that instead of the reason.
    let first = timeout(CONNECT_WITHIN, PgConnection::connect_with(&options)).await;
    first.context("PostgreSQL does not answer")?.context("connect to PostgreSQL")?.close().await?;
    let trust = Trust::new();
    let pool = pool(trust.clone()).connect_with(options.clone()).await.context("connect to PostgreSQL")?;
    timeout(START_WITHIN, refuse_unsafe(&pool)).await.context("PostgreSQL does not answer")??;
    Ok(Postgres { pool, options: Arc::new(options), trust })
}

fn pool(trust: Trust) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(move |connection, meta| {
            let trust = trust.clone();
            Box::pin(async move {
                // One that was used a moment ago is not worth a round trip.
                if meta.idle_for > IDLE_TRUSTED
                    && within::<sqlx::Postgres, _>(IDLE_SIGN_WITHIN, connection.ping()).await.is_err()
                {
                    trust.lose();
                }
                Ok(trust.holds(meta.age))
            })
        })
}

async fn refuse_unsafe(pool: &PgPool) -> Result<()> {
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        let (value,): (String,) = sqlx::query_as("SELECT current_setting($1)").bind(setting).fetch_one(pool).await?;
        ensure!(value != "off", "PostgreSQL runs with {setting}=off and could lose confirmed orders; set it to on");
    }
    let (standby,): (bool,) = sqlx::query_as("SELECT pg_is_in_recovery()").fetch_one(pool).await?;
    ensure!(!standby, "this PostgreSQL server is a read-only standby; give the URL of the primary");
    // One session must stay on one backend: a pooler in transaction mode would break locks and transactions' guards.
    let mut connection = pool.acquire().await?;
    let mut pids = Vec::new();
    for _ in 0..2 {
        let (pid,): (i32,) = sqlx::query_as("SELECT pg_backend_pid()").fetch_one(&mut *connection).await?;
        pids.push(pid);
    }
    connection.execute("SELECT 1").await?;
    ensure!(pids[0] == pids[1], "a pooler in transaction mode is in between; connect to PostgreSQL itself");
    Ok(())
}
