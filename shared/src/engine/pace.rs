//! How many may wait to be decided: as many as are decided while somebody still likes to wait. Whoever comes past that is
//! told so at once, which costs little, so that a rush that no machine can serve does not slow those who are served.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

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
    pub(super) fn note(&self, requests: usize, after: Duration) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
