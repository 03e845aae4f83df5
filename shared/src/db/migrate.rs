//! Scripts that bring a database up to date, each applied once and known by its number and its text.

use std::{borrow::Cow, collections::HashSet, time::Duration};

use anyhow::{Context, Result, bail};
use sqlx::{
    ConnectOptions, PgConnection,
    migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator},
    postgres::PgConnectOptions,
};
use tokio::time::timeout;
use tracing::warn;

use super::{Backend, Db, Postgres, lent::answered, open::CONNECT_WITHIN};

/// How often, and how often in a row, a session that works for long is looked after before it is given up.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LOOKS: usize = 3;
/// Where sqlx keeps what was applied.
const TABLE: &str = "_sqlx_migrations";
const APPLIED: &str = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
const RENUMBER: &str = "UPDATE _sqlx_migrations SET version = $1 WHERE checksum = $2 AND version <> $1";

pub(super) async fn migrate(backend: &Backend, scripts: &[(i64, &'static str)]) -> Result<()> {
    let steps: Vec<Migration> = scripts.iter().map(|(number, sql)| step(*number, sql)).collect();
    renumber(backend, &steps).await.context("renumber the migrations")?;
    let migrator = Migrator::with_migrations(steps);
    let applied = match backend {
        Backend::Postgres(pg) => patiently(pg, async |session| Ok(migrator.run(session).await)).await?,
        Backend::Sqlite(lite) => migrator.run(&lite.writer).await,
    };
    match applied {
        Err(MigrateError::VersionMismatch(number) | MigrateError::VersionMissing(number)) => bail!(not_ours(number)),
        applied => applied.context("apply the migrations"),
    }
}

fn not_ours(number: i64) -> String {
    format!(
        "its tables are not ours (script {number}): it belongs to another service, or to a newer version of this one"
    )
}

/// How many of the scripts were not applied yet; an error where others were.
pub(super) async fn outdated_by(db: &Db, scripts: &[(i64, &'static str)]) -> Result<usize> {
    let applied: Vec<(i64, Vec<u8>)> = db.fetch(APPLIED, []).await?;
    let ours: HashSet<Vec<u8>> = scripts.iter().map(|(number, sql)| step(*number, sql).checksum.into()).collect();
    if let Some((number, _)) = applied.iter().find(|(_, checksum)| !ours.contains(checksum)) {
        bail!(not_ours(*number));
    }
    Ok(ours.len().saturating_sub(applied.len()))
}

fn step(number: i64, sql: &'static str) -> Migration {
    let sql = sqlx::SqlSafeStr::into_sql_str(sql);
    Migration::new(number, Cow::from("schema"), MigrationType::Simple, sql, false)
}

/// On a session of its own: a script may take its time, and so may the replica that began before. An error where the
/// server has done with it, and its answer does not come.
async fn patiently<T>(pg: &Postgres, work: impl AsyncFnOnce(&mut PgConnection) -> Result<T>) -> Result<T> {
    let options = PgConnectOptions::clone(&pg.options).options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    let connected = timeout(CONNECT_WITHIN, options.connect()).await.context("PostgreSQL does not answer")?;
    let mut session = connected.context("connect to PostgreSQL")?;
    let pid = answered(sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut session)).await;
    let pid: i32 = pid.context("connect to PostgreSQL")?;
    tokio::select! {
        done = work(&mut session) => done,
        () = falls_silent(pg, pid) => bail!("the connection to PostgreSQL fell silent"),
    }
}

/// Until the session is gone, or waits for its client, or nobody can tell. It is ended: what it has locked is needed.
async fn falls_silent(pg: &Postgres, pid: i32) {
    let mut silent_for = 0;
    while silent_for < LOOKS {
        tokio::time::sleep(LOOK_EVERY).await;
        let working = "SELECT COUNT(*) FROM pg_stat_activity WHERE pid = $1 AND \
                       (state = 'active' OR now() - state_change < interval '1 second')";
        let working = answered(sqlx::query_scalar(working).bind(pid).fetch_one(&pg.pool)).await;
        silent_for = if working.is_ok_and(|count: i64| count > 0) { 0 } else { silent_for + 1 };
    }
    let end = sqlx::query_scalar("SELECT pg_terminate_backend($1)").bind(pid).fetch_one(&pg.pool);
    let ended: sqlx::Result<bool> = answered(end).await;
    warn!(ended = ended.unwrap_or(false), "a session that brings the database up to date fell silent");
}

/// Scripts used to be numbered in a row, the services' behind the plumbing's: each is known by its text.
async fn renumber(backend: &Backend, steps: &[Migration]) -> Result<()> {
    match backend {
        Backend::Postgres(pg) => {
            let renumbered = patiently(pg, async |session| {
                // Many replicas may start at once.
                session.lock().await?;
                session.ensure_migrations_table(TABLE).await?;
                for step in steps {
                    sqlx::query(RENUMBER).bind(step.version).bind(&*step.checksum).execute(&mut *session).await?;
                }
                Ok(session.unlock().await?)
            });
            renumbered.await?;
        }
        Backend::Sqlite(lite) => {
            let mut connection = lite.writer.acquire().await?;
            connection.ensure_migrations_table(TABLE).await?;
            for step in steps {
                sqlx::query(RENUMBER).bind(step.version).bind(&*step.checksum).execute(&mut *connection).await?;
            }
        }
    }
    Ok(())
}
