//! Replicas of a service wake each other: who commits tells those who relay what was said, and who show it. The word is
//! passed outside of any transaction of the business, and only where somebody else is there to hear it. Whoever
//! misses it still looks by himself, a moment later.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::{
    sync::watch,
    time::{Instant, interval, sleep},
};

use crate::{
    db::Db,
    engine::{call::fresh_id, service::Service},
};

/// Commits that follow each other closely are told of once.
const WINDOW: Duration = Duration::from_millis(5);
/// How often a replica says that it is there, and when one is forgotten that does not.
const HERE: Duration = Duration::from_secs(5);
const FORGOTTEN: Duration = Duration::from_secs(15);

/// What was committed, by this replica or by another. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Commits {
    own: watch::Receiver<i64>,
    heard: watch::Receiver<i64>,
}

impl Commits {
    pub fn new(own: watch::Receiver<i64>, heard: watch::Receiver<i64>) -> Self {
        Self { own, heard }
    }

    /// The last position that is known; what is known by now is no news any more.
    pub(super) fn latest(&mut self) -> i64 {
        (*self.own.borrow_and_update()).max(*self.heard.borrow_and_update())
    }

    /// Waits for news. An error once the pump is gone.
    pub(super) async fn changed(&mut self) -> Result<()> {
        tokio::select! {
            changed = self.own.changed() => changed.context("the pump is gone"),
            Ok(()) = self.heard.changed() => Ok(()),
        }
    }
}

/// Of a replica that is alone.
impl From<watch::Receiver<i64>> for Commits {
    fn from(own: watch::Receiver<i64>) -> Self {
        Self { own, heard: watch::channel(0).1 }
    }
}

/// Tells the other replicas of `own` commits, and `heard` of theirs. Never ends but by an error.
pub async fn run<S: Service>(db: Db, mut own: watch::Receiver<i64>, heard: watch::Sender<i64>) -> Result<()> {
    let Some(mut talk) = db.talk(S::NAME).await? else { return std::future::pending().await };
    let me = fresh_id().to_string();
    let mut here = interval(HERE);
    let mut others: Option<Instant> = None;
    loop {
        let alone = others.is_none_or(|heard| heard.elapsed() > FORGOTTEN);
        tokio::select! {
            _ = here.tick() => {
                let position = *own.borrow();
                talk.say(&format!("{me} {position}")).await?;
            }
            changed = own.changed(), if !alone => {
                changed.context("the pump is gone")?;
                let position = *own.borrow_and_update();
                talk.say(&format!("{me} {position}")).await?;
                sleep(WINDOW).await;
            }
            word = talk.hear() => {
                let word = word?;
                let Some((_, position)) = word.split_once(' ').filter(|(who, _)| *who != me) else { continue };
                others = Some(Instant::now());
                let position = position.parse().unwrap_or(0);
                heard.send_if_modified(|last| std::mem::replace(last, position.max(*last)) < position);
                if alone {
                    // Whoever is new hears at once that he is not alone, either.
                    here.reset_immediately();
                }
            }
        }
    }
}
