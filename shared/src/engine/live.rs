//! Live views follow the service's own log by position: they show what any replica did, resume anywhere and
//! need the database only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use futures_util::{Stream, StreamExt};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::{
    db::Db,
    engine::{
        log::{self, Bounds, Entry, Gone},
        wake::Commits,
    },
};

/// How late a change that another replica made is seen at the most.
const POLL: Duration = Duration::from_millis(200);
const PAGE: i64 = 500;

/// One who is further behind than this is better served by a new snapshot.
const RESUME_MAX: i64 = 1000;

/// Where a client goes on that has seen everything up to `last`; `None` where it begins anew, as it is too far behind
/// or its position is of a log that is gone or has been forgotten.
pub fn resumed(last: Option<i64>, log: Bounds) -> Option<i64> {
    last.filter(|last| log.go_on_from(*last) && log.head - last <= RESUME_MAX)
}

/// What somebody follows. Nobody is woken by what he does not follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Interest {
    Everything,
    Location(String),
    /// All that was said about an order.
    Order(String),
    /// Of a location, by the first word of what was said: `("soho", "location")`. Nothing that is about an order.
    Of(String, String),
}

impl Interest {
    fn holds(&self, entry: &Entry) -> bool {
        match self {
            Self::Everything => true,
            Self::Location(location) => entry.location == *location,
            Self::Order(order) => entry.correlation.as_ref() == Some(order),
            Self::Of(location, noun) => entry.location == *location && entry.noun() == noun,
        }
    }

    /// Those that an entry is for.
    fn of(entry: &Entry) -> impl Iterator<Item = Self> {
        let order = entry.correlation.clone().map(Self::Order);
        let is_of_order = order.is_some();
        let noun = (!is_of_order).then(|| Self::Of(entry.location.clone(), entry.noun().to_owned()));
        [Self::Everything, Self::Location(entry.location.clone())].into_iter().chain(order).chain(noun)
    }

    /// How far a slow reader may lag behind before it reads from the database. Its memory is there from the start.
    fn buffer(&self) -> usize {
        match self {
            Self::Everything => 1024,
            Self::Location(_) => 256,
            Self::Order(_) | Self::Of(..) => 16,
        }
    }
}

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Live {
    db: Db,
    hub: Arc<Hub>,
    committed: Commits,
    /// Views end when the process stops, so that it need not wait for those who watch.
    stop: CancellationToken,
}

/// Who follows what.
#[derive(Debug, Default)]
struct Hub {
    topics: Mutex<Topics>,
    /// Somebody came while nobody followed.
    first: Notify,
}

#[derive(Debug, Default)]
struct Topics {
    followed: HashMap<Interest, broadcast::Sender<Arc<Entry>>>,
    /// Everything up to here was handed out. `None` while nobody follows.
    read: Option<i64>,
}

impl Hub {
    fn topics(&self) -> MutexGuard<'_, Topics> {
        // It is whole between any two statements.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes from now on, and up to where the database has the rest for one who has seen everything up to
    /// `position`.
    fn join(&self, interest: &Interest, position: i64) -> (broadcast::Receiver<Arc<Entry>>, i64) {
        let mut topics = self.topics();
        let topic = topics.followed.entry(interest.clone());
        let entries = topic.or_insert_with(|| broadcast::channel(interest.buffer()).0).subscribe();
        if topics.read.is_none() {
            self.first.notify_one();
        }
        (entries, *topics.read.get_or_insert(position))
    }

    fn leave(&self, interest: &Interest) {
        let mut topics = self.topics();
        if topics.followed.get(interest).is_some_and(|topic| topic.receiver_count() == 0) {
            topics.followed.remove(interest);
        }
        if topics.followed.is_empty() {
            topics.read = None;
        }
    }

    /// Whoever follows what has been forgotten begins anew.
    fn end_at(&self, error: &anyhow::Error) {
        if error.is::<Gone>() {
            *self.topics() = Topics::default();
        }
    }

    /// Hands out what was read behind `from`; not if those have left meanwhile who wanted it, and others have come.
    fn hand_out(&self, from: i64, page: Vec<Entry>) {
        let mut topics = self.topics();
        if topics.read != Some(from) {
            return;
        }
        for entry in page.into_iter().map(Arc::new) {
            topics.read = Some(entry.position);
            for topic in Interest::of(&entry).filter_map(|interest| topics.followed.get(&interest)) {
                // An error says that nobody listens any more.
                let _ = topic.send(Arc::clone(&entry));
            }
        }
    }
}

impl Live {
    pub fn new(db: Db, committed: impl Into<Commits>, stop: CancellationToken) -> Self {
        Self { db, hub: Arc::default(), committed: committed.into(), stop }
    }

    /// Where the log begins and ends.
    pub async fn bounds(&self) -> Result<Bounds> {
        log::bounds(&self.db).await
    }

    /// The position of what was said last.
    pub async fn head(&self) -> Result<i64> {
        Ok(self.bounds().await?.head)
    }

    /// All of the interest after `position`, then whatever comes, without a gap. Ends when the database fails
    /// or the process stops.
    pub fn follow(&self, position: i64, interest: Interest) -> impl Stream<Item = Arc<Entry>> + Send + use<> {
        let (entries, until) = self.hub.join(&interest, position);
        let follower = Follower {
            db: self.db.clone(),
            hub: Arc::clone(&self.hub),
            interest,
            entries: Some(entries),
            position,
            until,
            ready: Vec::new().into_iter(),
        };
        futures_util::stream::unfold(follower, |mut follower| async {
            let entry = follower.next().await?;
            Some((entry, follower))
        })
        .take_until(self.stop.clone().cancelled_owned())
    }

    /// Reads the log for as long as somebody follows it. Never ends but by an error.
    pub async fn run(mut self) -> Result<()> {
        loop {
            tokio::select! {
                committed = self.committed.changed() => committed?,
                () = self.hub.first.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
            loop {
                let Some(from) = self.hub.topics().read else { break };
                let page = log::after(&self.db, from, PAGE).await.inspect_err(|error| self.hub.end_at(error))?;
                let full = is_full(&page);
                self.hub.hand_out(from, page);
                if !full {
                    break;
                }
            }
        }
    }
}

/// Whether there may be more behind the page.
fn is_full(page: &[Entry]) -> bool {
    i64::try_from(page.len()).is_ok_and(|length| length >= PAGE)
}

struct Follower {
    db: Db,
    hub: Arc<Hub>,
    interest: Interest,
    /// Taken when it leaves.
    entries: Option<broadcast::Receiver<Arc<Entry>>>,
    position: i64,
    /// What lies between the position and this is in the database only.
    until: i64,
    ready: std::vec::IntoIter<Entry>,
}

impl Follower {
    async fn next(&mut self) -> Option<Arc<Entry>> {
        loop {
            if let Some(entry) = self.ready.next() {
                self.position = entry.position;
                return Some(Arc::new(entry));
            }
            if self.position < self.until {
                self.catch_up().await.ok()?;
                continue;
            }
            match self.entries.as_mut()?.recv().await {
                Ok(entry) if entry.position > self.position => {
                    self.position = entry.position;
                    return Some(entry);
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    let (entries, until) = self.hub.join(&self.interest, self.position);
                    (self.entries, self.until) = (Some(entries), until);
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// Reads the next page of what was said up to `until`.
    async fn catch_up(&mut self) -> Result<()> {
        let (page, last) = match &self.interest {
            Interest::Order(order) => {
                let said = log::about(&self.db, order, self.position).await?;
                (said.context("some of it has been forgotten")?, self.until)
            }
            Interest::Everything | Interest::Location(_) | Interest::Of(..) => {
                let page = log::after(&self.db, self.position, PAGE).await?;
                let last =
                    if is_full(&page) { page.last().map_or(self.until, |entry| entry.position) } else { self.until };
                (page, last.min(self.until))
            }
        };
        let ours = |entry: &Entry| entry.position <= self.until && self.interest.holds(entry);
        self.ready = page.into_iter().filter(ours).collect::<Vec<_>>().into_iter();
        self.position = last;
        Ok(())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.entries = None;
        self.hub.leave(&self.interest);
    }
}
