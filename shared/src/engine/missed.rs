//! Notices that a service is not delivered what it should hear: somebody has purged its queue, or taken its bindings away.
//! What was published lately is held against what was taken in.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::future::pending;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval_at},
};
use tracing::debug;

use super::{
    inbox::{self, Asked},
    journal,
    service::Service,
};
use crate::{
    bus::{Bus, Published},
    contract::{event::decode, time::Time},
    db::Db,
};

/// Clocks differ, and what was published last was not taken in last. What was published is read from so much earlier on.
pub(super) const MARGIN: Duration = Duration::from_secs(300);
const EVERY: Duration = Duration::from_secs(10);
/// No more is looked at before these are known to be taken in.
const DOUBTED_MAX: usize = 1_000;

/// What a service has missed.
#[derive(Debug)]
pub(super) struct Missed {
    /// When the first of it was published, as far as is known.
    pub(super) since: Time,
    /// All that was published since then was read again.
    pub(super) done: oneshot::Sender<()>,
}

/// An event that should come, or have come.
#[derive(Debug)]
struct Expected {
    at: Time,
    asked: Asked,
}

/// Until the broker fails.
pub(super) async fn run<S: Service>(db: &Db, bus: &Bus, missed: mpsc::Sender<Missed>) -> Result<()> {
    let since = journal::last_heard(db, Time::now()).await?.map(|last| last - MARGIN);
    let Some(mut watch) = bus.watch(S::NAME, since).await? else { return pending().await };
    let mut ticks = interval_at(Instant::now() + EVERY, EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut expected, mut was_drained) = (Vec::<Expected>::new(), false);
    loop {
        ticks.tick().await;
        watch.bind().await?;
        let is_drained = watch.is_drained().await?;
        match not_taken_in(db, std::mem::take(&mut expected)).await {
            Ok(still) => expected = still,
            // Health tells of it. Those that were expected are so no more: it may take hours.
            Err(error) => debug!(service = S::NAME, error = format!("{error:#}"), "cannot tell what was taken in"),
        }
        let first = expected.iter().map(|event| event.at).min();
        // What was delivered may be in hand, but not from one look to the next with nothing behind it.
        if let Some(since) = first.filter(|_| is_drained && was_drained) {
            expected.clear();
            read_again(&missed, since).await?;
        }
        was_drained = is_drained;
        if expected.len() < DOUBTED_MAX {
            expected.extend(watch.look().await?.iter().filter_map(first_event::<S>));
        }
    }
}

async fn read_again(missed: &mpsc::Sender<Missed>, since: Time) -> Result<()> {
    let (done, is_done) = oneshot::channel();
    missed.send(Missed { since, done }).await.context("the consumer has ended")?;
    is_done.await.context("the consumer has ended")
}

async fn not_taken_in(db: &Db, expected: Vec<Expected>) -> Result<Vec<Expected>> {
    let asked: Vec<Asked> = expected.iter().map(|event| event.asked.clone()).collect();
    let checked = inbox::check(db, &asked).await?;
    let is_known = |event: &Expected| checked.known_since.is_none_or(|since| event.at > since);
    let is_missing = |event: &Expected| checked.missing.contains(&event.asked.id) && is_known(event);
    Ok(expected.into_iter().filter(is_missing).collect())
}

/// A message comes whole or not at all. `None` of what the service would refuse, if it came.
fn first_event<S: Service>(Published { at, from, body }: &Published) -> Option<Expected> {
    let (event, _) = decode(body).into_iter().next()?.ok()?;
    if from.may_say(&event.source).is_err() || S::hear(&event).is_err() {
        return None;
    }
    let asked = Asked { id: event.id, subject: event.subject_key(), sequence: event.sequence };
    Some(Expected { at: *at, asked })
}
