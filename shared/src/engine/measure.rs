//! What is told of a service's work in numbers, beside what its requests cost: how old the oldest is that waits, how far
//! it is behind the others, and what the restaurant lives on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Result, ensure};
use futures_util::future::BoxFuture;

use crate::{
    contract::time::Time,
    db::Db,
    engine::{dead, relay, service::Service},
};

/// Measures a service at the moment at which somebody looks.
pub type Measure = fn(Db) -> BoxFuture<'static, Result<()>>;

/// That of a service.
pub fn of<S: Service>() -> Measure {
    |db| Box::pin(async move { look::<S>(&db).await })
}

async fn look<S: Service>(db: &Db) -> Result<()> {
    let (pending, said) = relay::pending(db).await?;
    ensure!(pending >= 0, "the relay is ahead of its log");
    gauge("comanda_outbox_pending", S::NAME, pending as f64);
    gauge("comanda_outbox_oldest_seconds", S::NAME, age_s(said));
    gauge("comanda_dead_letters", S::NAME, dead::count(db).await? as f64);
    if let Some((name, oldest)) = S::oldest(db).await? {
        gauge(name, S::NAME, age_s(oldest));
    }
    let sessions = db.sessions();
    for (state, count) in [("idle", sessions.idle), ("used", sessions.open.saturating_sub(sessions.idle))] {
        metrics::gauge!("comanda_db_sessions", "service" => S::NAME, "state" => state).set(count as f64);
    }
    gauge("comanda_db_sessions_max", S::NAME, sessions.max as f64);
    Ok(())
}

fn gauge(name: &'static str, service: &'static str, value: f64) {
    metrics::gauge!(name, "service" => service).set(value);
}

fn age_s(since: Option<Time>) -> f64 {
    since.map_or(0.0, |since| Time::now().since(since).as_secs_f64())
}

/// How long an event was on its way that is taken in now.
pub(super) fn heard(service: &'static str, source: String, lag: Duration) {
    metrics::histogram!("comanda_event_lag_seconds", "service" => service, "source" => source).record(lag);
}

/// Counts something of the restaurant's; whatever was never counted is 0.
pub fn count(name: &'static str, labels: &[(&'static str, String)], number: u64) {
    metrics::counter!(name, labels).increment(number);
}

/// Notes how long something took.
pub fn took(name: &'static str, labels: &[(&'static str, String)], time: Duration) {
    metrics::histogram!(name, labels).record(time);
}

/// So many values of a label are told apart; whoever makes more is one of the others. A series costs memory here, in
/// Prometheus and for as long as both remember.
const VALUES_MAX: usize = 100;

/// A label's value, of which there may be many.
pub fn bounded(label: &'static str, value: &str) -> String {
    static KNOWN: Mutex<BTreeMap<&str, BTreeSet<String>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let values = known.entry(label).or_default();
    if values.contains(value) || values.len() < VALUES_MAX {
        values.insert(value.to_owned());
        return value.to_owned();
    }
    "other".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_so_many_values_and_no_more() {
        let told: Vec<String> = (0..200).map(|n| bounded("test", &n.to_string())).collect();
        assert_eq!(told[..100], (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
        assert!(told[100..].iter().all(|value| value == "other"));
        assert_eq!(bounded("test", "7"), "7");
    }
}
