//! The keys that a service knows of, and when they were last shown to it, which no decision depends on.

use anyhow::{Context, Result};
use uuid::Uuid;

use crate::{
    contract::{access::AccessKey, time::Time},
    db::{Db, Value},
};

pub async fn find(db: &Db, id: Uuid) -> Result<Option<AccessKey>> {
    db.doc("SELECT doc FROM access_keys WHERE key = $1", [id.to_string().into()]).await
}

/// By id.
pub async fn list(db: &Db, after: Option<Uuid>, limit: i64) -> Result<Vec<AccessKey>> {
    let after = after.map_or(String::new(), |id| id.to_string());
    let sql = "SELECT doc FROM access_keys WHERE key > $1 ORDER BY key LIMIT $2";
    db.docs(sql, [Value::from(after), limit.into()]).await
}

/// When the keys between these two were last shown here, as far as they were.
pub async fn uses(db: &Db, first: Uuid, last: Uuid) -> Result<Vec<(Uuid, Time)>> {
    let sql = "SELECT key, at FROM access_key_uses WHERE key >= $1 AND key <= $2 ORDER BY key";
    let rows: Vec<(String, String)> = db.fetch(sql, [first.to_string().into(), last.to_string().into()]).await?;
    let read = |(key, at): (String, String)| Ok((key.parse()?, at.parse().map_err(anyhow::Error::msg)?));
    rows.into_iter().map(read).collect::<Result<_>>().context("when a key was last used")
}

pub(crate) async fn note_use(db: &Db, id: Uuid, at: Time) -> Result<()> {
    let mut tx = db.begin().await?;
    let sql = "INSERT INTO access_key_uses (key, at) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET at = excluded.at";
    tx.execute(sql, [Value::from(id.to_string()), at.to_string().into()]).await?;
    tx.commit().await
}
