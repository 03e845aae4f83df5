//! A restaurant at work: guests, cooks and a manager who know nothing but the HTTP interface.

pub(crate) mod command;
mod cooks;
mod guests;
mod manager;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    str::FromStr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use rand::Rng;
use serde::Deserialize;
use shared::contract::{order::Mode, types::Currency};
use tokio::time::{Instant, interval_at};
use tracing::info;

use crate::{api::Api, demo::Services};

/// How long 503 or no answer is borne before an error.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
const SUMMARY: Duration = Duration::from_secs(60);
/// How long guests wait at the start before they look again for an open venue.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
const LOOKS_BEFORE_A_WORD: u32 = 20;
const RATE_MAX_PER_S: f64 = 1000.0;

/// How many orders come in: `30/min`, `2/s`, `500/h`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    per_s: f64,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected orders per time, like 30/min, 2/s or 500/h".to_owned();
        let (number, unit) = text.split_once('/').ok_or_else(wrong)?;
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let seconds = match unit.trim() {
            "s" | "sec" => 1.0,
            "m" | "min" => 60.0,
            "h" | "hour" => 3600.0,
            _ => return Err(wrong()),
        };
        let per_s = number / seconds;
        if per_s > 0.0 && per_s <= RATE_MAX_PER_S {
            Ok(Self { per_s })
        } else {
            Err(format!("expected more than 0 and at most {RATE_MAX_PER_S}/s"))
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = if self.per_s < 1.0 { (self.per_s * 60.0, "min") } else { (self.per_s, "s") };
        write!(f, "{}/{unit}", (number * 1000.0).round() / 1000.0)
    }
}

impl Rate {
    /// The time to the next guest: they come independently of each other.
    fn gap(self, rng: &mut impl Rng) -> Duration {
        let share: f64 = rng.random_range(f64::EPSILON..1.0);
        Duration::from_secs_f64((-share.ln() / self.per_s).min(3600.0))
    }

    /// From order to plate: about a dozen tickets are on the board at any rate.
    fn cooking_time(self) -> Duration {
        Duration::from_secs_f64((12.0 / self.per_s).clamp(2.0, 90.0))
    }
}

/// What has happened since the last summary.
#[derive(Debug, Default)]
struct Tally {
    placed: AtomicU64,
    refused: AtomicU64,
    cancelled: AtomicU64,
    served: AtomicU64,
    failed: AtomicU64,
    /// Tickets on the board right now.
    board: AtomicU64,
    /// From each order that nobody waited with to its answer.
    answered: Mutex<Vec<Duration>>,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Where the guests go: the first location that is open.
#[derive(Clone, Debug, Deserialize)]
struct Venue {
    location: String,
    currency: Currency,
    mode: Mode,
}

/// Plays until it is dropped, or fails.
pub(crate) async fn run(services: &Services, rate: Rate) -> Result<()> {
    let tally = Tally::default();
    tokio::try_join!(play(services, rate, &tally), summarise(services, &tally))?;
    Ok(())
}

async fn play(services: &Services, rate: Rate, tally: &Tally) -> Result<()> {
    let Services { order, inventory, kitchen } = services;
    let venue = open_venue(order).await?;
    info!("simulation: guests come to {:?}, {rate}", venue.location);
    tokio::try_join!(
        guests::come(order, &venue, rate, tally),
        cooks::work(kitchen, &venue, rate, tally),
        manager::look_after(inventory, &venue, rate),
    )?;
    Ok(())
}

/// Waits until there is a location to go to.
async fn open_venue(api: &Api) -> Result<Venue> {
    let mut looks = 0;
    loop {
        let venues: Vec<Venue> = api.list("/v1/locations?limit=500").await?;
        if let Some(venue) = venues.into_iter().find(|venue| venue.mode == Mode::Open) {
            return Ok(venue);
        }
        looks += 1;
        if looks == LOOKS_BEFORE_A_WORD {
            info!("simulation: guests wait for an open location");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn summarise(services: &Services, tally: &Tally) -> Result<()> {
    let mut tick = interval_at(Instant::now() + SUMMARY, SUMMARY);
    loop {
        tick.tick().await;
        info!("simulation, the last minute: {}", tally.summary(services.take_repeated()));
    }
}

impl Tally {
    /// One line, and starts counting anew.
    fn summary(&self, repeated: u64) -> String {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        let (placed, refused, cancelled) = (take(&self.placed), take(&self.refused), take(&self.cancelled));
        let (served, failed, board) = (take(&self.served), take(&self.failed), self.board.load(Ordering::Relaxed));
        let trouble = if failed == 0 { String::new() } else { format!(", {failed} failed") };
        let answered = std::mem::take(&mut *self.answered.lock().unwrap_or_else(PoisonError::into_inner));
        format!(
            "{placed} ordered, {refused} refused, {cancelled} cancelled, {served} served{trouble}; \
             {repeated} requests made again{}; {board} on the board",
            latency(answered)
        )
    }

    fn answered_after(&self, latency: Duration) {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).push(latency);
    }
}

/// How long orders took to be answered, where there were any.
fn latency(mut answered: Vec<Duration>) -> String {
    answered.sort_unstable();
    let at = |percent: usize| answered.get((answered.len() * percent / 100).min(answered.len().saturating_sub(1)));
    match (at(50), at(99)) {
        (Some(p50), Some(p99)) => format!("; an answer took {} ms, p99 {} ms", p50.as_millis(), p99.as_millis()),
        _ => String::new(),
    }
}
