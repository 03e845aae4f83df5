//! Lines that as many would write as ask: one a second says it for all of them.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::contract::time::Time;

const SECOND_US: i64 = 1_000_000;

/// When such a line was written last.
#[derive(Debug, Default)]
pub(super) struct Seldom {
    last_us: AtomicI64,
    left_out: AtomicU64,
}

impl Seldom {
    pub(super) const fn new() -> Self {
        Self { last_us: AtomicI64::new(0), left_out: AtomicU64::new(0) }
    }

    /// Where it is to be written now: how many were left out since the last.
    pub(super) fn now(&self, now: Time) -> Option<u64> {
        let (now, last) = (now.as_micros(), self.last_us.load(Ordering::Relaxed));
        let is_due = (now - last).abs() >= SECOND_US
            && self.last_us.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !is_due {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.left_out.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_second_says_it_for_all() {
        let seldom = Seldom::new();
        let at = |ms: i64| seldom.now(Time::from_micros(SECOND_US * 1000 + ms * 1000));
        assert_eq!([0, 1, 500, 999, 1000, 1001].map(at), [Some(0), None, None, None, Some(3), None]);
        assert_eq!(at(-5000), Some(1), "a clock that was set back silences nobody");
    }
}
