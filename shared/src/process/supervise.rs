//! Tasks that must not end: what fails is started again, after a pause that grows and is never the same twice.

use std::{
    collections::HashMap,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Result, anyhow};
use futures_util::FutureExt;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, warn};

use crate::{bus::Misconfigured, engine::backoff::Backoff, process::telemetry};

/// Whatever ran longer than this is taken to have gone well.
const LONGEST: Duration = Duration::from_secs(3);
/// Those that can find the bus misconfigured.
const BUS_TASKS: [&str; 2] = ["relay", "consumer"];
/// Between two words about the same outage: it may last for hours.
const SILENCE: Duration = Duration::from_secs(60);

/// The tasks of a process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    /// Asks others to send nobody here any more; the work goes on until `stop`.
    pub leaving: CancellationToken,
    /// Asks every task to finish what it has in hand.
    pub stop: CancellationToken,
    failed: CancellationToken,
    /// What was said to be configured wrongly, and when: the tasks of a process share one bus.
    misconfigured: Arc<Mutex<HashMap<String, Instant>>>,
}

impl Tasks {
    /// Runs a future to its end; whoever shuts down waits for it.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(future);
    }

    /// Runs what the process cannot do without: should it panic, the process stops, and fails.
    pub fn essential(
        &self,
        name: &'static str,
        service: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let (stop, failed) = (self.stop.clone(), self.failed.clone());
        let work = self.tracker.spawn(work);
        self.tracker.spawn(async move {
            if let Err(panic) = work.await {
                error!(service, task = name, error = %panic, "stopping: it cannot go on");
                failed.cancel();
                stop.cancel();
            }
        });
    }

    /// Whether an essential task panicked.
    pub fn failed(&self) -> bool {
        self.failed.is_cancelled()
    }

    /// Runs what `work` makes, again and again until asked to stop. Dropped at once when asked: a
    /// transaction in hand rolls back.
    pub fn supervise<W, F>(&self, name: &'static str, service: &'static str, work: W)
    where
        W: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let (tasks, stop) = (self.clone(), self.stop.clone());
        misconfigured(name, service, false);
        self.tracker.spawn(async move {
            let mut backoff = Backoff::default();
            let mut told: Option<(String, Instant)> = None;
            while !stop.is_cancelled() {
                let started = Instant::now();
                let result = tokio::select! {
                    result = AssertUnwindSafe(async { work().await }).catch_unwind() => {
                        result.unwrap_or_else(|_| Err(anyhow!("it panicked")))
                    }
                    () = goes_well(name, service) => return,
                    () = stop.cancelled() => return,
                };
                if started.elapsed() > LONGEST {
                    backoff = Backoff::default();
                }
                match result {
                    Err(error) if error.is::<Misconfigured>() => tasks.complain(name, service, &error),
                    Err(error) => tell(name, service, telemetry::line(&error), &mut told),
                    Ok(()) => {}
                }
                backoff.wait().await;
            }
        });
    }

    /// Says what has to be changed, once for all who meet it.
    fn complain(&self, name: &'static str, service: &'static str, error: &anyhow::Error) {
        misconfigured(name, service, true);
        let line = error.to_string();
        let mut said = self.misconfigured.lock().unwrap_or_else(PoisonError::into_inner);
        if said.get(&line).is_none_or(|at| at.elapsed() >= SILENCE) {
            error!("{line}; nothing is published or taken in until then");
            said.insert(line, Instant::now());
        }
    }

    /// Asks all to stop and waits until they have.
    pub async fn finish(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// What has run for a while is configured well enough. Never returns.
async fn goes_well(name: &'static str, service: &'static str) {
    tokio::time::sleep(LONGEST).await;
    misconfigured(name, service, false);
    std::future::pending().await
}

/// Of the tasks that hold a connection to the bus.
fn misconfigured(name: &'static str, service: &'static str, is: bool) {
    if BUS_TASKS.contains(&name) {
        let labels = [("service", service), ("task", name)];
        metrics::gauge!("comanda_bus_misconfigured", &labels).set(f64::from(u8::from(is)));
    }
}

fn tell(name: &'static str, service: &'static str, error: String, told: &mut Option<(String, Instant)>) {
    let again = told.as_ref().is_some_and(|(same, at)| *same == error && at.elapsed() < SILENCE);
    if !again {
        warn!(service, task = name, error, "starting again, until it goes well");
        *told = Some((error, Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn what_fails_or_panics_is_started_again() {
        let (tasks, starts) = (Tasks::default(), Arc::new(AtomicUsize::new(0)));
        let (counted, stop) = (Arc::clone(&starts), tasks.stop.clone());
        tasks.supervise("test", "order-svc", move || {
            let (start, stop) = (counted.fetch_add(1, Ordering::Relaxed), stop.clone());
            async move {
                match start {
                    0 => panic!("on purpose"),
                    1 => Err(anyhow!("on purpose")),
                    _ => {
                        stop.cancel();
                        Ok(())
                    }
                }
            }
        });
        timeout(PATIENCE, tasks.stop.cancelled()).await.expect("started a third time");
        tasks.finish().await;
        assert_eq!(starts.load(Ordering::Relaxed), 3);
        assert!(!tasks.failed());
    }

    #[tokio::test]
    async fn a_process_that_lost_an_essential_task_stops_and_fails() {
        let tasks = Tasks::default();
        tasks.essential("test", "order-svc", async { panic!("on purpose") });
        timeout(PATIENCE, tasks.stop.cancelled()).await.expect("it stops");
        assert!(tasks.failed());
    }
}
