//! How far each service is behind the others: what it hears of them and has not taken in yet.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Result;
use shared::contract::time::Time;
use tokio::time::{MissedTickBehavior, interval};

use super::Console;
use crate::developer::convergence::{Convergence, Link};

const EVERY: Duration = Duration::from_secs(2);
/// Of each feed in one round. Whoever is further behind than that begins anew near the end.
const PAGES_MAX: usize = 20;
/// How far back is looked for what is missing at first, and at the most.
const BACK_MIN: i64 = 500;
const BACK_MAX: i64 = 64_000;

/// Who hears whom: speaker and listener.
pub(super) const PAIRS: [(&str, &str); 5] = [
    ("order-svc", "inventory-svc"),
    ("order-svc", "kitchen-svc"),
    ("inventory-svc", "order-svc"),
    ("kitchen-svc", "order-svc"),
    ("kitchen-svc", "inventory-svc"),
];

/// What a listener lacks of what a speaker said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    pub events: usize,
    /// When the oldest of them was said.
    pub oldest: Option<Time>,
}

impl Gap {
    /// Of several speakers together.
    pub(super) fn and(self, other: Self) -> Self {
        Self { events: self.events + other.events, oldest: self.oldest.into_iter().chain(other.oldest).min() }
    }

    /// How long ago the oldest was said, in seconds.
    pub(super) fn lag_s(self) -> f64 {
        self.oldest.map_or(0.0, |oldest| Time::now().since(oldest).as_secs_f64())
    }
}

/// As it was found last.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// By speaker and listener; empty until each service has answered once.
    gaps: Mutex<HashMap<(&'static str, &'static str), Gap>>,
}

impl Behind {
    /// `None` while it is not known.
    pub(super) fn of(&self, speaker: &'static str, listener: &'static str) -> Option<Gap> {
        self.gaps().get(&(speaker, listener)).copied()
    }

    /// Of all speakers together.
    pub(super) fn of_listener(&self, listener: &str) -> Option<Gap> {
        let gaps = self.gaps();
        gaps.iter().filter(|((_, hears), _)| *hears == listener).map(|(_, gap)| *gap).reduce(Gap::and)
    }

    fn gaps(&self) -> MutexGuard<'_, HashMap<(&'static str, &'static str), Gap>> {
        // It is whole between any two statements.
        self.gaps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows for ever. A service that is away is passed over: what it lacks grows with what the others say.
pub(super) async fn run(console: Console) -> Result<()> {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut followed = begin(&console).await?;
    loop {
        let mut gaps = HashMap::new();
        for link in &followed.links {
            gaps.insert((link.speaker, link.listener), Gap { events: link.open.len(), oldest: link.oldest() });
        }
        *console.behind.gaps() = gaps;
        tick.tick().await;
        if !followed.follow(PAGES_MAX).await {
            followed = begin(&console).await?;
        }
    }
}

/// From the first event on that somebody lacks, as far as it is found from the end backwards.
async fn begin(console: &Console) -> Result<Convergence> {
    let mut back = BACK_MIN;
    loop {
        let pasts = console.services.pasts_of_all().await?;
        let mut after = HashMap::new();
        for (service, past) in &pasts {
            after.insert(*service, past.beginning().await?.max(past.end().await? - back));
        }
        let mut followed = Convergence::new(pasts, &after);
        followed.follow(usize::MAX).await;
        let is_recent =
            |link: &Link| link.open.first().is_none_or(|first| first.position > after[link.speaker] + back / 2);
        if back >= BACK_MAX || followed.links.iter().all(is_recent) {
            return Ok(followed);
        }
        back *= 4;
    }
}
