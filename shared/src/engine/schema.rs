//! The tables of a service's database: the plumbing's and its own, brought up to date at the start.

use anyhow::{Context, Result, ensure};

use crate::{db::Db, engine::service::Service};

/// A script that both backends read, and its number. Never edited once it was released.
pub type Migration = (i64, &'static str);

/// Numbers 1 to 99; services count from 101, so that neither is in the other's way.
const PLUMBING: &[Migration] = &[
    (1, include_str!("../../migrations/0001_plumbing.sql")),
    (2, include_str!("../../migrations/0002_owner.sql")),
    (10, include_str!("../../migrations/0010_floors.sql")),
];

/// Brings the database up to date. An error where it is another service's.
pub async fn prepare<S: Service>(db: &Db) -> Result<()> {
    db.migrate(&[PLUMBING, S::MIGRATIONS].concat()).await?;
    let mut tx = db.begin().await?;
    tx.execute("INSERT INTO owner (id, service) VALUES (1, $1) ON CONFLICT DO NOTHING", [S::NAME.into()]).await?;
    tx.commit().await.context("write the owner")?;
    let known: Vec<(String,)> = db.fetch("SELECT service FROM owner WHERE id = 1", []).await?;
    let owner = known.first().map_or("nobody", |row| &row.0);
    ensure!(owner == S::NAME, "the database belongs to {owner}; each service needs one of its own");
    Ok(())
}
