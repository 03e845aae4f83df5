//! Forgets what was published and taken in long ago, and what nobody can ask for any more. Orders, tickets, stock
//! and movements stay for ever; so does what still waits for the relay or for a listener.

use std::time::Duration;

use anyhow::Result;

use crate::{
    bus::Bus,
    contract::time::Time,
    db::{Db, Value},
    engine::{
        dead, inbox,
        journal::{self, Forgot},
        log,
    },
};

/// The contract keeps idempotency keys for at least 7 days.
const KEYS_KEPT: Duration = Duration::from_secs(8 * 24 * 3600);
const PAUSE: Duration = Duration::from_secs(3600);
/// So many rows are looked at, or forgotten, in one transaction.
const PIECE: i64 = 1000;

const OLD_IN_PIECE: &str = "SELECT MAX(key), SUM(CASE WHEN doc->>'time' < $2 THEN 1 ELSE 0 END) \
                            FROM (SELECT key, doc FROM inbox WHERE key > $1 ORDER BY key LIMIT $3) AS piece";
const OLDEST_KEYS: &str = "SELECT MAX(at) FROM (SELECT at FROM idempotency_keys WHERE at < $1 ORDER BY at LIMIT $2) \
                           AS piece";
const FORGET_ATTEMPTS: &str = "DELETE FROM attempts \
                               WHERE key IN (SELECT key FROM attempts WHERE at < $1 ORDER BY at LIMIT $2)";

/// How long what was published and taken in is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    Forever,
    Kept(Duration),
}

impl Retention {
    /// What is older than this is forgotten.
    fn floor(self, now: Time) -> Option<Time> {
        match self {
            Self::Forever => None,
            Self::Kept(kept) => Some(now - kept),
        }
    }

    fn floor_of_keys(self, now: Time) -> Option<Time> {
        match self {
            Self::Forever => None,
            Self::Kept(kept) => Some(now - kept.max(KEYS_KEPT)),
        }
    }

    /// Often enough for a short retention.
    fn pause(self) -> Duration {
        match self {
            Self::Forever => PAUSE,
            Self::Kept(kept) => kept.min(PAUSE),
        }
    }
}

/// Prunes a service's database now and every hour.
pub(crate) async fn run(db: Db, retention: Retention) -> Result<()> {
    loop {
        let now = Time::now();
        if let Some(before) = retention.floor(now) {
            prune(&db, before).await?;
        }
        if let Some(before) = retention.floor_of_keys(now) {
            forget_keys(&db, before).await?;
        }
        in_pieces(&db, FORGET_ATTEMPTS, now - KEYS_KEPT).await?;
        tokio::time::sleep(retention.pause()).await;
    }
}

/// As [`run`], of a bus in a file; a broker has its own retention.
pub(crate) async fn run_bus(bus: Bus, retention: Retention) -> Result<()> {
    loop {
        if let Some(before) = retention.floor(Time::now()) {
            bus.forget(before).await?;
        }
        tokio::time::sleep(retention.pause()).await;
    }
}

/// Forgets what was said, taken in and set aside before `before`.
pub async fn prune(db: &Db, before: Time) -> Result<()> {
    log::forget(db, before).await?;
    journal::forget(db, before).await?;
    forget_taken_in(db, before).await?;
    dead::forget(db, before).await
}

/// Forgets what was taken in of orders and reservations of which nothing came since `before`.
///
/// This is safe although what the rows told apart may come again: from a queue that nobody emptied for a month, or from
/// a copy of the log. The order and the reservation stay for ever, and decisions on them take whatever comes in whatever
/// order: an order that has its ticket opens no other, a reservation that ended reserves nothing. Rows of tickets, items
/// and locations are kept, since those go back and forth and only the row tells an old word about them from the last
/// one; there are no more of them than orders, which stay as well, and than the menus are long. Nothing is known of rows
/// that an earlier version wrote without a time: they are kept, too.
async fn forget_taken_in(db: &Db, before: Time) -> Result<()> {
    inbox::raise_floor(db, before).await?;
    // In the order of the keys: an index on the time would cost every event that is taken in.
    let mut from = String::new();
    loop {
        let args: [Value; 3] = [from.clone().into(), before.to_string().into(), PIECE.into()];
        let rows: Vec<(Option<String>, Option<i64>)> = db.fetch(OLD_IN_PIECE, args).await?;
        let Some((Some(to), old)) = rows.into_iter().next() else { return Ok(()) };
        if old.is_some_and(|old| old > 0) {
            forget(db, Forgot::Inbox { after: from, through: to.clone(), before }).await?;
        }
        from = to;
    }
}

/// Forgets keys that were used before `before`.
pub async fn forget_keys(db: &Db, before: Time) -> Result<()> {
    loop {
        let newest: Vec<(Option<String>,)> = db.fetch(OLDEST_KEYS, [before.to_string().into(), PIECE.into()]).await?;
        let Some((Some(newest),)) = newest.into_iter().next() else { return Ok(()) };
        let newest: Time = newest.parse().map_err(anyhow::Error::msg)?;
        // All that are as old as the newest of the piece, so that the words of the journal say which.
        forget(db, Forgot::Keys { through: newest }).await?;
    }
}

async fn forget(db: &Db, what: Forgot) -> Result<()> {
    let mut tx = db.begin().await?;
    what.carry_out(&mut tx, Time::now()).await?;
    tx.commit().await
}

/// Each piece is a transaction, so that nobody waits long for the writer.
async fn in_pieces(db: &Db, sql: &'static str, before: Time) -> Result<()> {
    loop {
        let mut tx = db.begin().await?;
        let deleted = tx.execute(sql, [before.to_string().into(), PIECE.into()]).await?;
        tx.commit().await?;
        if deleted == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[test]
    fn keys_outlive_a_short_retention_and_nothing_is_forgotten_without_one() {
        let now = Time::from_micros(100 * i64::try_from(DAY.as_micros()).expect("a day"));
        let (short, long) = (Retention::Kept(DAY), Retention::Kept(30 * DAY));
        assert_eq!((short.floor(now), long.floor(now)), (Some(now - DAY), Some(now - 30 * DAY)));
        assert_eq!(short.floor_of_keys(now), Some(now - 8 * DAY));
        assert_eq!(long.floor_of_keys(now), Some(now - 30 * DAY));
        assert_eq!((Retention::Forever.floor(now), Retention::Forever.floor_of_keys(now)), (None, None));
        assert_eq!(Retention::Kept(Duration::from_secs(1)).pause(), Duration::from_secs(1));
    }
}
