//! Opening a database, and refusing one that could lose what it confirmed.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use sqlx::{
    Connection, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::timeout;

use super::{Db, Sqlite};

/// Shorter than the 5 s that a request waits at most.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may lie idle before it is tried before its next use.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);
const POSTGRES_CONNECTIONS: u32 = 8;
const SQLITE_READERS: u32 = 4;

pub(super) async fn open(url: &str) -> Result<Db> {
    match url.split_once(':').map(|(scheme, rest)| (scheme, rest.trim_start_matches("//"))) {
        Some(("sqlite", path)) => Ok(Db::Sqlite(open_sqlite(path).await?)),
        Some(("postgres" | "postgresql", _)) => Ok(Db::Postgres(open_postgres(url).await?)),
        _ => bail!("the URL starts with neither sqlite: nor postgres:"),
    }
}

/// The file's path in an `sqlite:` URL, its lock and its directory. One process a file.
pub(crate) fn lock_file(path: &str) -> Result<(PathBuf, File)> {
    let path = PathBuf::from(path);
    ensure!(path.file_name().is_some_and(|name| name != ":memory:"), "sqlite: needs the path of a file");
    if let Some(directory) = path.parent().filter(|directory| *directory != Path::new("")) {
        std::fs::create_dir_all(directory).with_context(|| format!("create the directory {}", directory.display()))?;
    }
    let path = resolved(&path).with_context(|| format!("find {}", path.display()))?;
    let lock_path = path.with_added_extension("lock");
    let lock = File::create(&lock_path).with_context(|| format!("create {}", lock_path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok((path, lock)),
        Err(TryLockError::WouldBlock) => {
            bail!("{} is in use, by another process or for another URL of this one", path.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {}", lock_path.display())),
    }
}

/// The file itself, where links lead to it: two paths to one file are one file.
fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    match path.canonicalize() {
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {
            let directory = path.parent().filter(|directory| *directory != Path::new("")).unwrap_or(Path::new("."));
            Ok(directory.canonicalize()?.join(path.file_name().unwrap_or_default()))
        }
        found => found,
    }
}

/// As safe as a database server: write-ahead log, every commit synced.
pub(crate) fn sqlite_options(path: &Path) -> SqliteConnectOptions {
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
    let (path, lock) = lock_file(path)?;
    let options = sqlite_options(&path);
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
        .connect_with(options.read_only(true))
        .await
        .with_context(|| format!("open {} for reading", path.display()))?;
    Ok(Sqlite { writer, readers, _lock: Arc::new(lock) })
}

async fn open_postgres(url: &str) -> Result<PgPool> {
    let options: PgConnectOptions = url.parse().context("not a PostgreSQL URL")?;
    let options = options.options([
        ("TimeZone", "UTC"),
        ("statement_timeout", "30s"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "30s"),
        // Every statement has its index. Planning it anew each time would cost as much as running it; and a plan that
        // is kept, made while the tables were empty, must not be one that reads them whole.
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("jit", "off"),
    ]);
    // The pool would try again until its time is up, and then tell that instead of the reason.
    let first = timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await;
    first.context("PostgreSQL does not answer")?.context("connect to PostgreSQL")?.close().await?;
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                // One that was used a moment ago is not worth a round trip.
                if meta.idle_for > IDLE_TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .context("connect to PostgreSQL")?;
    refuse_unsafe(&pool).await?;
    Ok(pool)
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
