//! Short words between the processes that share a database: PostgreSQL's LISTEN and NOTIFY, in a session of its own.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::{
    Postgres,
    lent::{SIGN_WITHIN, answered, within},
};

/// The listener takes its session from a pool, so it has one to itself.
const SESSIONS: u32 = 1;
/// How long it may take to get the session, of all that making a [`Talk`] may take.
const SESSION_WITHIN: Duration = Duration::from_secs(2);

/// After an error nothing is heard any more: make a new one.
#[derive(Debug)]
pub struct Talk {
    listener: PgListener,
    channel: String,
}

impl Talk {
    pub(super) async fn on(pg: &Postgres, channel: &str) -> Result<Self> {
        // A word that is lost with the server need not be on its disk; every word is a transaction of its own.
        let options = PgConnectOptions::clone(&pg.options).options([("synchronous_commit", "off")]);
        let pool = PgPoolOptions::new().max_connections(SESSIONS).acquire_timeout(SESSION_WITHIN);
        let connecting = async {
            let pool = pool.connect_with(options).await?;
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(channel).await?;
            Ok(listener)
        };
        let listener = answered(connecting).await.context("listen")?;
        Ok(Self { listener, channel: channel.to_owned() })
    }

    /// All who listen hear it, this session too.
    pub async fn say(&mut self, word: &str) -> Result<()> {
        let said = sqlx::query("SELECT pg_notify($1, $2)").bind(&self.channel).bind(word).execute(&mut self.listener);
        within::<sqlx::Postgres, _>(SIGN_WITHIN, said).await.context("notify").map(drop)
    }

    /// Waits for the next word. Safe to drop while it waits.
    pub async fn hear(&mut self) -> Result<String> {
        match self.listener.try_recv().await.context("listen")? {
            Some(word) => Ok(word.payload().to_owned()),
            None => bail!("the session was closed"),
        }
    }
}
