//! A session that leads: on PostgreSQL it holds an advisory lock, which lives and dies with its connection.

use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

use super::{
    Backend, Db, FromBoth, Value, bind_as_pg, bind_pg,
    lent::{SIGN_WITHIN, answered, within},
};
use crate::contract::event::derived_id;

/// The server ends a leader that says nothing for longer, however its connection was lost, and with it the lock.
/// Whoever leads speaks more often, see [`Leader::keep`].
const SILENCE_ENDS_IT: &str = "SET idle_session_timeout = '5s'";
/// The first server that knows it. Those before notice a lost machine by its missing keepalives, seconds later.
const KNOWS_IDLE_SESSIONS: u32 = 140_000;
/// How often a leader that has nothing to do says that it is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// The only one of its name. After an error it leads no longer: drop it.
#[derive(Debug)]
pub struct Leader {
    db: Db,
    /// On PostgreSQL.
    session: Option<Box<PgConnection>>,
}

pub(super) async fn lead(db: &Db, name: &str) -> Result<Option<Leader>> {
    let Backend::Postgres(pg) = &db.backend else { return Ok(Some(Leader { db: db.clone(), session: None })) };
    let connecting = async {
        let mut session = pg.options.connect().await?;
        if session.server_version_num().is_some_and(|version| version >= KNOWS_IDLE_SESSIONS) {
            session.execute(SILENCE_ENDS_IT).await?;
        }
        Ok(session)
    };
    let mut session = answered(connecting).await.context("connect for the lock")?;
    let key = derived_id(&["leader", name]).as_u64_pair().0.cast_signed();
    let tried = sqlx::query_as("SELECT pg_try_advisory_lock($1)").bind(key).fetch_one(&mut session);
    let (mine,): (bool,) = answered(tried).await.context("try the lock")?;
    if mine {
        return Ok(Some(Leader { db: db.clone(), session: Some(Box::new(session)) }));
    }
    within::<sqlx::Postgres, _>(SIGN_WITHIN, session.close()).await?;
    Ok(None)
}

impl Leader {
    /// Reads. An error where the database does not answer in time, or answers with one.
    pub async fn fetch<T: FromBoth>(&mut self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<Vec<T>> {
        let Some(session) = &mut self.session else { return self.db.fetch(sql, args).await };
        let rows = bind_as_pg(sqlx::query_as(sql), args.into()).fetch_all(&mut **session);
        answered(rows).await.with_context(|| format!("read: {sql}"))
    }

    /// Writes, committed when it returns. After an error it may be written or not.
    pub async fn execute(&mut self, sql: &'static str, args: impl Into<Vec<Value>>) -> Result<()> {
        let Some(session) = &mut self.session else {
            let mut tx = self.db.begin().await?;
            tx.execute(sql, args).await?;
            return tx.commit().await;
        };
        let executed = bind_pg(sqlx::query(sql), args.into()).execute(&mut **session);
        answered(executed).await.with_context(|| format!("write: {sql}")).map(drop)
    }

    /// Does something that takes long without the session, and keeps leading meanwhile; an error once it leads no
    /// longer, and the work is dropped.
    pub async fn keep<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(session) = &mut self.session else { return work.await };
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(SIGN_OF_LIFE) => {}
            }
            within::<sqlx::Postgres, _>(SIGN_WITHIN, session.ping()).await.context("lead on")?;
        }
    }
}
