//! A database that a command makes for a service: marked until it is whole, so that the service does not start on it, and
//! emptied where it does not come to its end.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::time::{Instant, sleep};

use crate::{
    db::Db,
    engine::schema::{self, Migration},
};

/// How long the sessions of a service that has just ended may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(100);

/// What is being made.
#[derive(Clone, Debug)]
pub(super) struct Unfinished {
    mark: String,
}

impl Unfinished {
    /// `what` of a service: a copy, a rebuild.
    pub(super) fn new(what: &str, service: &str) -> Self {
        Self { mark: format!("{what} of {service} that did not come to its end") }
    }

    /// An error where it cannot be made there: the database is neither empty, nor left by a command that was killed.
    pub(super) async fn refuse_full(&self, db: &Db) -> Result<()> {
        ensure!(
            db.is_empty().await? || self.is_in(db).await,
            "the database is not empty; name one that is, so that nothing is written over"
        );
        Ok(())
    }

    /// The tables, without what is left of an earlier attempt. An error where somebody else is at it.
    pub(super) async fn begin(&self, db: &Db, migrations: &[Migration]) -> Result<()> {
        alone(db).await?;
        self.refuse_full(db).await?;
        self.clear(db).await?;
        // Marked before anything else can fail, be it for want of room.
        let first: Vec<Migration> = migrations.iter().copied().filter(|(number, _)| *number <= schema::OWNER).collect();
        db.migrate(&first).await?;
        schema::claim(db, &self.mark).await?;
        db.migrate(migrations).await
    }

    /// Empties the database of what was made.
    pub(super) async fn clear(&self, db: &Db) -> Result<()> {
        if self.is_in(db).await { db.drop_tables().await } else { Ok(()) }
    }

    async fn is_in(&self, db: &Db) -> bool {
        schema::owner(db).await.is_some_and(|owner| owner == self.mark)
    }
}

/// Waits a moment for others to be gone; an error that names them where they stay.
pub(super) async fn alone(db: &Db) -> Result<()> {
    let began = Instant::now();
    loop {
        let others = db.others().await.context("who uses the database")?;
        if others.is_empty() {
            return Ok(());
        }
        if began.elapsed() > GONE_WITHIN {
            bail!("the database is in use, by {}; stop what uses it, and try again", others.join(", "));
        }
        sleep(POLL).await;
    }
}
