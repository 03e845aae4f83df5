//! A connection lent by its pool. It goes back whole or not at all: a deadline guards each of its uses, and one that
//! fell silent is dropped, since nobody will ever answer on it.

use std::{io, sync::Arc, time::Duration};

use futures_util::FutureExt;
use sqlx::{Executor, Pool, Postgres, Sqlite, pool::PoolConnection};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, timeout},
};

/// Longer than `statement_timeout`, so that a server that is merely slow tells so itself, and shorter than the 5 s
/// that a request waits.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// What needs no work at all: the beginning of a transaction, a sign of life.
pub(super) const SIGN_WITHIN: Duration = Duration::from_secs(2);

/// What differs between the two databases in how a connection is used.
pub(super) trait Dialect: sqlx::Database {
    /// A file is read and written by a thread of this process: nothing is won by turning away from it.
    const CAN_FALL_SILENT: bool;

    fn run(connection: &mut Self::Connection, sql: &'static str) -> impl Future<Output = sqlx::Result<()>> + Send;
}

impl Dialect for Postgres {
    const CAN_FALL_SILENT: bool = true;

    async fn run(connection: &mut Self::Connection, sql: &'static str) -> sqlx::Result<()> {
        connection.execute(sql).await.map(drop)
    }
}

impl Dialect for Sqlite {
    const CAN_FALL_SILENT: bool = false;

    async fn run(connection: &mut Self::Connection, sql: &'static str) -> sqlx::Result<()> {
        connection.execute(sql).await.map(drop)
    }
}

/// Connections made before this moment are not used again: one that fell silent speaks for all that are as old, and
/// to find out one by one would take a deadline for each.
#[derive(Clone, Debug)]
pub(super) struct Trust(Arc<watch::Sender<Instant>>);

impl Trust {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Instant::now())))
    }

    pub(super) fn lose(&self) {
        self.0.send_replace(Instant::now());
    }

    pub(super) fn holds(&self, age: Duration) -> bool {
        self.0.borrow().elapsed() > age
    }
}

/// Waits no longer for an answer than is sensible.
pub(super) async fn within<B: Dialect, T>(
    limit: Duration,
    answer: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    if !B::CAN_FALL_SILENT {
        return answer.await;
    }
    timeout(limit, answer).await.unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())))
}

/// What a PostgreSQL server answers; an error after [`ANSWER_WITHIN`].
pub(super) async fn answered<T>(answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    within::<Postgres, _>(ANSWER_WITHIN, answer).await
}

/// Safe to drop at any moment: what is left open is rolled back before anybody else has the connection.
///
/// Transactions are begun and ended in plain SQL. sqlx counts their depth by itself, and gets it wrong where SQLite
/// has rolled back already, as it does when the disk is full: its only writer would be stuck for good.
#[derive(Debug)]
pub(super) struct Lent<B: Dialect> {
    /// Taken when it is given back.
    connection: Option<PoolConnection<B>>,
    trust: Trust,
    in_transaction: bool,
}

impl<B: Dialect> Lent<B> {
    pub(super) async fn by(pool: &Pool<B>, trust: &Trust) -> sqlx::Result<Self> {
        let connection = Some(pool.acquire().await?);
        Ok(Self { connection, trust: trust.clone(), in_transaction: false })
    }

    /// `limit` is how long it may take.
    pub(super) async fn begin(&mut self, sql: &'static str, limit: Duration) -> sqlx::Result<()> {
        // Before it is sent: whoever stops waiting does not know whether it has begun.
        self.in_transaction = true;
        self.run(sql, limit).await
    }

    pub(super) async fn commit(&mut self) -> sqlx::Result<()> {
        self.run("COMMIT", ANSWER_WITHIN).await?;
        self.in_transaction = false;
        Ok(())
    }

    async fn run(&mut self, sql: &'static str, limit: Duration) -> sqlx::Result<()> {
        let outcome = within::<B, _>(limit, B::run(self.connection()?, sql)).await;
        self.heard(outcome)
    }

    /// The connection, for one statement; [`Lent::heard`] is told what came of it. An error where it fell silent before.
    pub(super) fn connection(&mut self) -> sqlx::Result<&mut B::Connection> {
        let gone = || sqlx::Error::Io(io::ErrorKind::NotConnected.into());
        self.connection.as_deref_mut().ok_or_else(gone)
    }

    /// Passes on what came of a statement. A connection that fell silent is dropped.
    pub(super) fn heard<T>(&mut self, outcome: sqlx::Result<T>) -> sqlx::Result<T> {
        let silent = matches!(&outcome, Err(sqlx::Error::Io(error)) if error.kind() == io::ErrorKind::TimedOut);
        if silent && B::CAN_FALL_SILENT {
            self.trust.lose();
            drop(self.connection.take().map(PoolConnection::detach));
        }
        outcome
    }
}

impl<B: Dialect> Drop for Lent<B> {
    #[expect(clippy::disallowed_methods, reason = "a destructor cannot wait; the task ends by itself within seconds")]
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(give_back(connection, self.trust.clone(), self.in_transaction))),
            Err(_) => drop(connection.detach()),
        }
    }
}

/// The pool would wait for ever for a sign of life, and count the connection as lent for as long.
async fn give_back<B: Dialect>(mut connection: PoolConnection<B>, trust: Trust, in_transaction: bool) {
    if in_transaction && let Err(error) = within::<B, _>(SIGN_WITHIN, B::run(&mut connection, "ROLLBACK")).await {
        if matches!(error, sqlx::Error::Io(_)) {
            trust.lose();
        }
        // Whatever state it is in, the next one begins anew.
        return drop(connection.detach());
    }
    let returned = connection.return_to_pool().map(Ok);
    if within::<B, _>(SIGN_WITHIN, returned).await.is_err() {
        trust.lose();
    }
}
