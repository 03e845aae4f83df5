//! How long to wait before trying again.

use std::time::Duration;

use rand::Rng;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(3);

/// A growing pause, with jitter, so that many that failed together do not come back together.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// From half to all of the step, which doubles up to 3 s.
    pub async fn wait(&mut self) {
        let share = rand::rng().random_range(0.5..1.0);
        tokio::time::sleep(self.next.mul_f64(share)).await;
        self.next = (self.next * 2).min(LONGEST);
    }
}
