//! The tables of a service's database: the plumbing's and its own, brought up to date at the start.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    db::Db,
    engine::{moving, service::Service},
};

/// A script that both backends read, and its number. Never edited once it was released.
pub type Migration = (i64, &'static str);

/// Whose database it is can be written from then on.
pub(super) const OWNER: i64 = 2;

/// Numbers 1 to 99; services count from 101, so that neither is in the other's way.
const PLUMBING: &[Migration] = &[
    (1, include_str!("../../migrations/0001_plumbing.sql")),
    (OWNER, include_str!("../../migrations/0002_owner.sql")),
    (10, include_str!("../../migrations/0010_floors.sql")),
    (20, include_str!("../../migrations/0020_probe.sql")),
    (30, include_str!("../../migrations/0030_journal.sql")),
    (40, include_str!("../../migrations/0040_dead_letters_seen.sql")),
    (50, include_str!("../../migrations/0050_inbox_floor.sql")),
    (51, include_str!("../../migrations/0051_discarded.sql")),
    (60, include_str!("../../migrations/0060_relay_bus.sql")),
    (70, include_str!("../../migrations/0070_access_keys.sql")),
    (71, include_str!("../../migrations/0071_access_key_uses.sql")),
];

/// All of a service's.
pub(super) fn migrations<S: Service>() -> Vec<Migration> {
    [PLUMBING, S::MIGRATIONS].concat()
}

/// Brings the database up to date. An error where it is another service's, which it names where that can be known.
pub async fn prepare<S: Service>(db: &Db) -> Result<()> {
    if let Err(error) = db.migrate(&migrations::<S>()).await {
        refuse_foreign::<S>(db).await?;
        return Err(error);
    }
    claim(db, S::NAME).await?;
    refuse_foreign::<S>(db).await
}

/// Whose database it is, where nobody has said so yet.
pub(super) async fn claim(db: &Db, owner: &str) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.execute("INSERT INTO owner (id, service) VALUES (1, $1) ON CONFLICT DO NOTHING", [owner.into()]).await?;
    tx.commit().await.context("write the owner")
}

/// Whose database it is from now on.
pub(super) async fn hand_over(db: &Db, owner: &str) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.execute("UPDATE owner SET service = $1 WHERE id = 1", [owner.into()]).await?;
    tx.commit().await.context("write the owner")
}

async fn refuse_foreign<S: Service>(db: &Db) -> Result<()> {
    let owner = owner(db).await.unwrap_or_else(|| S::NAME.into());
    ensure!(!moving::is_away::<S>(&owner), "the database belongs to {owner}; {}", moving::HOW_IT_STAYS);
    ensure!(owner == S::NAME, "the database belongs to {owner}; each service needs one of its own");
    Ok(())
}

/// Whose database it is: by its mark, or where it is older than that by what was said there.
pub(super) async fn owner(db: &Db) -> Option<String> {
    let marked: Result<Vec<(String,)>> = db.fetch("SELECT service FROM owner WHERE id = 1", []).await;
    if let Ok([(owner,)]) = marked.as_deref() {
        return Some(owner.clone());
    }
    let said: Vec<(String,)> = db.fetch("SELECT doc FROM event_log ORDER BY position LIMIT 1", []).await.ok()?;
    let event: Value = serde_json::from_str(&said.first()?.0).ok()?;
    Some(event["source"].as_str()?.trim_start_matches('/').to_owned())
}
