//! Scripts that bring a database up to date, each applied once and known by its number and its text.

use std::{borrow::Cow, collections::HashSet};

use anyhow::{Context, Result, bail};
use sqlx::{
    ConnectOptions, PgConnection,
    migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator},
    postgres::PgConnectOptions,
};
use tokio::time::timeout;

use super::{Backend, Db, Postgres, open::CONNECT_WITHIN};

/// Where sqlx keeps what was applied.
const TABLE: &str = "_sqlx_migrations";
const APPLIED: &str = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
const RENUMBER: &str = "UPDATE _sqlx_migrations SET version = $1 WHERE checksum = $2 AND version <> $1";

pub(super) async fn migrate(backend: &Backend, scripts: &[(i64, &'static str)]) -> Result<()> {
    let steps: Vec<Migration> = scripts.iter().map(|(number, sql)| step(*number, sql)).collect();
    renumber(backend, &steps).await.context("renumber the migrations")?;
    let migrator = Migrator::with_migrations(steps);
    let applied = match backend {
        Backend::Postgres(pg) => migrator.run(&mut patient(pg).await?).await,
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

/// A session of its own: a script may take its time, and so may the replica that began before.
async fn patient(pg: &Postgres) -> Result<PgConnection> {
    let options = PgConnectOptions::clone(&pg.options).options([("statement_timeout", "0"), ("lock_timeout", "0")]);
    timeout(CONNECT_WITHIN, options.connect())
        .await
        .context("PostgreSQL does not answer")?
        .context("connect to PostgreSQL")
}

/// Scripts used to be numbered in a row, the services' behind the plumbing's: each is known by its text.
async fn renumber(backend: &Backend, steps: &[Migration]) -> Result<()> {
    match backend {
        Backend::Postgres(pg) => {
            let mut connection = patient(pg).await?;
            // Many replicas may start at once.
            connection.lock().await?;
            connection.ensure_migrations_table(TABLE).await?;
            for step in steps {
                sqlx::query(RENUMBER).bind(step.version).bind(&*step.checksum).execute(&mut connection).await?;
            }
            connection.unlock().await?;
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
