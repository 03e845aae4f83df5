//! Forgets what nobody can ask for any more: idempotency keys and counts of attempts, a day past their week.

use std::time::Duration;

use anyhow::Result;

use crate::{contract::time::Time, db::Db};

/// The contract keeps idempotency keys for at least 7 days.
const KEPT: Duration = Duration::from_secs(8 * 24 * 3600);
const PAUSE: Duration = Duration::from_secs(3600);

/// Prunes now and every hour.
pub(crate) async fn run(db: Db) -> Result<()> {
    loop {
        prune(&db, Time::now() - KEPT).await?;
        tokio::time::sleep(PAUSE).await;
    }
}

/// In pieces, so that nobody waits long for the writer.
async fn prune(db: &Db, before: Time) -> Result<()> {
    for sql in [
        "DELETE FROM idempotency_keys WHERE key IN (SELECT key FROM idempotency_keys WHERE at < $1 LIMIT 1000)",
        "DELETE FROM attempts WHERE key IN (SELECT key FROM attempts WHERE at < $1 LIMIT 1000)",
    ] {
        loop {
            let mut tx = db.begin().await?;
            let deleted = tx.execute(sql, [before.to_string().into()]).await?;
            tx.commit().await?;
            if deleted == 0 {
                break;
            }
        }
    }
    Ok(())
}
