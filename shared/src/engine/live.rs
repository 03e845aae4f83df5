//! Live views follow the service's own log by position: they show what any replica did, resume anywhere and
//! need the database only.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use futures_util::{Stream, StreamExt};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    db::Db,
    engine::log::{self, Bounds, Entry},
};

/// How late a change that another replica made is seen at the most.
const POLL: Duration = Duration::from_millis(200);
/// How far a slow reader may lag behind before it reads from the database.
const BUFFER: usize = 1024;
const PAGE: i64 = 500;

/// One who is further behind than this is better served by a new snapshot.
const RESUME_MAX: i64 = 1000;

/// Where a client goes on that has seen everything up to `last`; `None` where it begins anew, as it is too far behind
/// or its position is of a log that is gone or has been forgotten.
pub fn resumed(last: Option<i64>, log: Bounds) -> Option<i64> {
    last.filter(|last| log.go_on_from(*last) && log.head - last <= RESUME_MAX)
}

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Live {
    db: Db,
    entries: broadcast::Sender<Arc<Entry>>,
    committed: watch::Receiver<i64>,
    /// Views end when the process stops, so that it need not wait for those who watch.
    stop: CancellationToken,
}

impl Live {
    pub fn new(db: Db, committed: watch::Receiver<i64>, stop: CancellationToken) -> Self {
        Self { db, entries: broadcast::channel(BUFFER).0, committed, stop }
    }

    /// Where the log begins and ends.
    pub async fn bounds(&self) -> Result<Bounds> {
        log::bounds(&self.db).await
    }

    /// The position of what was said last.
    pub async fn head(&self) -> Result<i64> {
        Ok(self.bounds().await?.head)
    }

    /// Everything after `position`, then whatever comes, without a gap. Ends when the database fails
    /// or the process stops.
    pub fn follow(&self, position: i64) -> impl Stream<Item = Arc<Entry>> + Send + use<> {
        let follower = Follower {
            db: self.db.clone(),
            live: self.entries.subscribe(),
            position,
            ready: Vec::new().into_iter(),
            behind: true,
        };
        futures_util::stream::unfold(follower, |mut follower| async {
            let entry = follower.next().await?;
            Some((entry, follower))
        })
        .take_until(self.stop.clone().cancelled_owned())
    }

    /// Reads the log for as long as somebody follows it. Never ends but by an error.
    pub async fn run(mut self) -> Result<()> {
        let mut position = None;
        loop {
            if let Ok(still_there) = tokio::time::timeout(POLL, self.committed.changed()).await {
                still_there.context("the pump is gone")?;
            }
            if self.entries.receiver_count() == 0 {
                position = None;
                continue;
            }
            let mut from = match position {
                Some(position) => position,
                // The last entry, if it is left, tells followers who are further behind to read the database.
                None => {
                    let log = self.bounds().await?;
                    (log.head - 1).max(log.first - 1)
                }
            };
            loop {
                let page = log::after(&self.db, from, PAGE).await?;
                let full = is_full(&page);
                for entry in page {
                    from = entry.position;
                    // An error says that nobody listens any more.
                    let _ = self.entries.send(Arc::new(entry));
                }
                if !full {
                    break;
                }
            }
            position = Some(from);
        }
    }
}

/// Whether there may be more behind the page.
fn is_full(page: &[Entry]) -> bool {
    i64::try_from(page.len()).is_ok_and(|length| length >= PAGE)
}

struct Follower {
    db: Db,
    live: broadcast::Receiver<Arc<Entry>>,
    position: i64,
    ready: std::vec::IntoIter<Entry>,
    /// There may be more in the database than what is ready.
    behind: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Arc<Entry>> {
        loop {
            if let Some(entry) = self.ready.next() {
                self.position = entry.position;
                return Some(Arc::new(entry));
            }
            if self.behind {
                let page = log::after(&self.db, self.position, PAGE).await.ok()?;
                self.behind = is_full(&page);
                self.ready = page.into_iter();
                continue;
            }
            match self.live.recv().await {
                Ok(entry) if entry.position == self.position + 1 => {
                    self.position = entry.position;
                    return Some(entry);
                }
                Ok(entry) if entry.position <= self.position => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => self.behind = true,
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
