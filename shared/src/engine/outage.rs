//! What the pump does while the database does not take what it has: it tries again, unless the process is to end.

use std::{future::pending, sync::OnceLock, time::Duration};

use anyhow::Result;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::backoff::Backoff;

/// How long a process that is to end still tries. What it gives up then is tried again at the next start: requests were not
/// answered, and events not acknowledged.
const LAST_TRY: Duration = Duration::from_secs(2);

/// Of one pump.
#[derive(Debug)]
pub(super) struct Outage {
    service: &'static str,
    /// Asks the process to end.
    stop: CancellationToken,
    /// When nothing more is tried.
    end: OnceLock<Instant>,
    given_up: CancellationToken,
}

impl Outage {
    pub(super) fn new(service: &'static str, stop: CancellationToken) -> Self {
        Self { service, stop, end: OnceLock::new(), given_up: CancellationToken::new() }
    }

    /// A pause before the next attempt. Never returns where there is to be none.
    pub(super) async fn wait(&self, backoff: &mut Backoff) {
        let last_try = async {
            self.stop.cancelled().await;
            sleep_until(*self.end.get_or_init(|| Instant::now() + LAST_TRY)).await;
        };
        tokio::select! {
            () = backoff.wait() => {}
            () = last_try => {
                self.given_up.cancel();
                pending().await
            }
        }
    }

    /// Does it until the database takes it.
    pub(super) async fn insist<T, F: Future<Output = Result<T>>>(&self, work: impl Fn() -> F) -> T {
        let mut backoff = Backoff::default();
        loop {
            match work().await {
                Ok(done) => return done,
                Err(error) => {
                    warn!(service = self.service, error = format!("{error:#}"), "waiting for the database");
                    self.wait(&mut backoff).await;
                }
            }
        }
    }

    /// Until an outage has lasted longer than the process.
    pub(super) async fn given_up(&self) {
        self.given_up.cancelled().await;
        warn!(service = self.service, "the database takes nothing: what is in hand is tried again at the next start");
    }
}
