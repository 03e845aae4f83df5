//! How many may wait to be decided: as many as are decided while somebody still likes to wait. Whoever comes past that is
//! told so at once, which costs little, so that a rush that no machine can serve does not slow those who are served.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// Beyond this nobody waits for the batches before his own.
const WAIT_MAX: Duration = Duration::from_millis(500);
/// One more batch may always wait, however slow the last ones were.
const WAITING_MIN: usize = 512;
/// As many places as there are.
pub(super) const WAITING_MAX: usize = 4096;
/// How much of the pace is that of the last batch: one that is slow by itself says little.
const SHARE_OF_THE_LAST: f64 = 0.2;

/// How fast requests are decided while more of them come than can be.
#[derive(Debug)]
pub(super) struct Pace {
    /// Requests a second, as the bits of a float; infinite until there is a rush.
    per_s: AtomicU64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { per_s: AtomicU64::new(f64::INFINITY.to_bits()) }
    }
}

impl Pace {
    /// A batch was as large as one can be: so many requests, so long after the batch before it.
    fn note(&self, requests: usize, after: Duration) {
        let last = requests as f64 / after.as_secs_f64().max(1e-6);
        let known = f64::from_bits(self.per_s.load(Ordering::Relaxed));
        let pace = if known.is_finite() { known + SHARE_OF_THE_LAST * (last - known) } else { last };
        self.per_s.store(pace.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn waiting_max(&self) -> usize {
        let per_s = f64::from_bits(self.per_s.load(Ordering::Relaxed));
        // An infinite number is the largest there is.
        ((per_s * WAIT_MAX.as_secs_f64()) as usize).clamp(WAITING_MIN, WAITING_MAX)
    }
}

/// Batches that follow each other while more is asked for than one can hold.
#[derive(Debug)]
pub(super) struct Rush {
    pace: Arc<Pace>,
    /// When the last batch was gathered, if it left somebody waiting.
    last: Option<Instant>,
}

impl Rush {
    pub(super) fn paced(pace: Arc<Pace>) -> Self {
        Self { pace, last: None }
    }

    /// A batch of so many requests was gathered, and some were left. Time in which nobody waited says nothing of the pace.
    pub(super) fn note(&mut self, requests: usize, some_are_left: bool, now: Instant) {
        let last = std::mem::replace(&mut self.last, some_are_left.then_some(now));
        if let (Some(last), true) = (last, some_are_left) {
            self.pace.note(requests, now - last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_after_a_quiet_hour_meets_no_slow_machine() {
        let mut rush = Rush::paced(Arc::default());
        let mut now = Instant::now();
        for _ in 0..10 {
            now += Duration::from_secs(3600);
            rush.note(512, true, now);
            now += Duration::from_millis(10);
            rush.note(512, true, now);
            rush.note(100, false, now);
        }
        assert_eq!(rush.pace.waiting_max(), WAITING_MAX);
        for _ in 0..20 {
            now += Duration::from_secs(5);
            rush.note(512, true, now);
        }
        assert!(rush.pace.waiting_max() < WAITING_MAX, "a slow machine");
    }

    /// After ten batches of so many requests, so many milliseconds apart.
    fn waiting_max(requests: usize, apart_ms: u64) -> usize {
        let pace = Pace::default();
        (0..10).for_each(|_| pace.note(requests, Duration::from_millis(apart_ms)));
        pace.waiting_max()
    }

    #[test]
    fn as_many_wait_as_are_decided_in_half_a_second() {
        assert_eq!(waiting_max(512, 100), 2560);
        assert_eq!(waiting_max(512, 10), WAITING_MAX);
        assert_eq!(waiting_max(512, 5000), WAITING_MIN);
    }

    #[test]
    fn until_there_is_a_rush_all_places_are_free() {
        assert_eq!(Pace::default().waiting_max(), WAITING_MAX);
    }

    #[test]
    fn one_slow_batch_is_no_slow_machine() {
        let pace = Pace::default();
        (0..10).for_each(|_| pace.note(512, Duration::from_millis(100)));
        pace.note(512, Duration::from_secs(3600));
        assert!(pace.waiting_max() > 2000, "{}", pace.waiting_max());
    }
}
