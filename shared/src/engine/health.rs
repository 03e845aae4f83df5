//! Whether a service can do its job: its database answers, keeps its files, and takes what is written.

use std::time::Duration;

use anyhow::Result;

use crate::{contract::time::Time, db::Db};

/// A database that took something a moment ago need not be asked whether it does.
const FRESH: Duration = Duration::from_secs(5);
/// As much as a large batch, of a database that refused one: the last corner of a full disk has room for a little.
const ROOM_BYTES: usize = 256 * 1024;

/// An error where the service cannot do its job; [`crate::db::advice`] may say what to do.
pub async fn check(db: &Db) -> Result<()> {
    db.ping().await?;
    let writes = db.writes();
    if !writes.refused && writes.taken.is_some_and(|at| at.elapsed() < FRESH) {
        return Ok(());
    }
    let bytes = if writes.refused { ROOM_BYTES } else { 0 };
    // Never twice the same: SQLite does not write what it has.
    let doc = format!("{}{}", Time::now(), "x".repeat(bytes));
    let mut tx = db.begin().await?;
    let sql = "INSERT INTO probe (id, doc) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc";
    tx.execute(sql, [doc.into()]).await?;
    tx.commit().await?;
    db.takes_writes();
    Ok(())
}
