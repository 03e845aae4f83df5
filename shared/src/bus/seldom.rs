//! Lines that there would be as many of as there are requests, messages or letters: a few a second say it for all of them.

use std::sync::{Mutex, PoisonError};

use crate::contract::time::Time;

const SECOND_US: i64 = 1_000_000;

/// So many lines are written in a second.
#[derive(Debug)]
pub(crate) struct Seldom {
    most: u32,
    second: Mutex<Second>,
}

#[derive(Debug)]
struct Second {
    began_us: i64,
    written: u32,
    left_out: u64,
}

impl Seldom {
    pub(crate) const fn new(most: u32) -> Self {
        Self { most, second: Mutex::new(Second { began_us: 0, written: 0, left_out: 0 }) }
    }

    /// Where the line is to be written now: how many were left out since the last.
    pub(crate) fn now(&self, now: Time) -> Option<u64> {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if (now.as_micros() - second.began_us).abs() >= SECOND_US {
            (second.began_us, second.written) = (now.as_micros(), 0);
        }
        if second.written >= self.most {
            second.left_out += 1;
            return None;
        }
        second.written += 1;
        Some(std::mem::take(&mut second.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_a_second_say_it_for_all() {
        let seldom = Seldom::new(2);
        let at = |ms: i64| seldom.now(Time::from_micros(SECOND_US * 1000 + ms * 1000));
        assert_eq!([0, 1, 500, 999, 1000, 1001].map(at), [Some(0), Some(0), None, None, Some(2), Some(0)]);
        assert_eq!(at(1002), None);
        assert_eq!(at(-5000), Some(1), "a clock that was set back silences nobody");
    }
}
