//! How the services do: numbers of each, taken every few seconds and kept for an hour, so that a page that opens now
//! shows what was before it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Result;
use futures_util::future::join_all;
use serde::Serialize;
use shared::contract::time::Time;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::{
    Console,
    behind::{Gap, PAIRS},
    scrape::{Number, Scrape},
    services::PATIENCE,
};
use crate::developer::SERVICES;

const EVERY: Duration = Duration::from_secs(5);
/// An hour of them.
const KEPT: usize = 720;
/// What is measured of each service. `http_per_s` is of the process that it is in.
const MEASURES: [&str; 8] =
    ["pending", "oldest_s", "dead", "said_per_s", "taken_in_per_s", "batch_inputs", "batch_ms", "http_per_s"];
/// How far a service is behind the others, or a listener behind a speaker.
const GAP: [&str; 2] = ["behind", "lag_s"];
/// What developers read. People's requests are counted without it.
const NOT_OF_PEOPLE: [&str; 4] = ["/v1/feed/", "/v1/journal/", "/v1/dead/", "/v1/inbox/"];

/// When it was taken, in milliseconds since 1970, and its values in the order of the names; `None` is not known.
type Sample = (i64, Vec<Option<f64>>);

#[derive(Debug, Default)]
pub(super) struct Samples {
    ring: Mutex<VecDeque<Sample>>,
}

/// What pages get to know.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    every_s: u64,
    kept: usize,
    names: Vec<String>,
    rows: Vec<Sample>,
}

impl Told {
    pub(super) fn last_ms(&self) -> i64 {
        self.rows.last().map_or(0, |(at_ms, _)| *at_ms)
    }
}

impl Samples {
    /// Those taken later; `None` where there are none.
    pub(super) fn since(&self, at_ms: i64) -> Option<Told> {
        let rows: Vec<Sample> = self.ring().iter().filter(|(taken_ms, _)| *taken_ms > at_ms).cloned().collect();
        (!rows.is_empty()).then(|| Told { every_s: EVERY.as_secs(), kept: KEPT, names: names(), rows })
    }

    fn keep(&self, sample: Sample) {
        let mut ring = self.ring();
        ring.push_back(sample);
        if ring.len() > KEPT {
            ring.pop_front();
        }
    }

    fn ring(&self) -> MutexGuard<'_, VecDeque<Sample>> {
        // It is whole between any two statements.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `order-svc pending`, `order-svc>kitchen-svc behind`
fn names() -> Vec<String> {
    let of_services = SERVICES
        .iter()
        .flat_map(|(service, _)| GAP.iter().chain(&MEASURES).map(move |measure| format!("{service} {measure}")));
    let of_pairs = PAIRS.iter().flat_map(|(speaker, listener)| GAP.map(|of| format!("{speaker}>{listener} {of}")));
    of_services.chain(of_pairs).collect()
}

/// In the order of [`GAP`].
fn gap(gap: Option<Gap>) -> [Option<f64>; GAP.len()] {
    [gap.map(|gap| gap.events as f64), gap.map(Gap::lag_s)]
}

/// Takes samples for ever.
pub(super) async fn run(console: Console) -> Result<()> {
    let (mut tick, mut before) = (interval(EVERY), HashMap::new());
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let now = scrape(&console).await;
        let mut values = Vec::new();
        for ((service, _), base) in SERVICES.iter().zip(&now.of_service) {
            values.extend(gap(console.behind.of_listener(service)));
            values.extend(match base {
                Some(base) => measured(service, &now.of_process[base], before.get(base)),
                None => [None; MEASURES.len()],
            });
        }
        values.extend(PAIRS.iter().flat_map(|(speaker, listener)| gap(console.behind.of(speaker, listener))));
        let values = values.into_iter().map(|value| value.map(rounded)).collect();
        console.samples.keep((Time::now().as_micros() / 1000, values));
        before = now.of_process;
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// What all processes show.
struct Round {
    /// By URL.
    of_process: HashMap<String, Taken>,
    /// The URL of each service that answers.
    of_service: Vec<Option<String>>,
}

struct Taken {
    at: Instant,
    scrape: Scrape,
}

async fn scrape(console: &Console) -> Round {
    let places = &console.services.all;
    let mut of_service: Vec<Option<String>> =
        join_all(places.iter().map(async |place| Some(place.api().await.ok()?.base.clone()))).await;
    let mut apis = HashMap::new();
    for place in places {
        if let Ok(api) = place.api().await {
            apis.insert(api.base.clone(), api);
        }
    }
    let taken = apis.into_iter().map(async |(base, api)| {
        let text = timeout(PATIENCE, api.text("/metrics")).await.ok()?.ok()?;
        Some((base, Taken { at: Instant::now(), scrape: Scrape::read(&text) }))
    });
    let of_process: HashMap<String, Taken> = join_all(taken).await.into_iter().flatten().collect();
    for base in &mut of_service {
        *base = base.take().filter(|base| of_process.contains_key(base));
    }
    Round { of_process, of_service }
}

fn measured(service: &str, now: &Taken, before: Option<&Taken>) -> [Option<f64>; MEASURES.len()] {
    let is_its = |number: &Number| number.label("service") == service;
    let gauge = |name| now.scrape.sum(name, is_its);
    let change = |name: &str, is_right: &dyn Fn(&Number) -> bool| {
        // A process that has begun anew counts from 0 again.
        let (now, before) = (now.scrape.sum(name, is_right)?, before?.scrape.sum(name, is_right).unwrap_or(0.0));
        (now >= before).then_some(now - before)
    };
    let elapsed_s = before.map_or(0.0, |before| now.at.duration_since(before.at).as_secs_f64());
    let per_s = |name: &str, is_right: &dyn Fn(&Number) -> bool| Some(change(name, is_right)? / elapsed_s);
    let outcome = |word: &'static str| move |number: &Number| is_its(number) && number.label("outcome") == word;
    let mean = |sum: &str, count: &str| {
        let count = change(count, &is_its).filter(|count| *count > 0.0)?;
        Some(change(sum, &is_its)? / count)
    };
    [
        gauge("comanda_outbox_pending"),
        gauge("comanda_outbox_oldest_seconds"),
        gauge("comanda_dead_letters"),
        per_s("comanda_events_total", &outcome("said")),
        per_s("comanda_events_total", &outcome("taken_in")),
        mean("comanda_batch_inputs_sum", "comanda_batch_inputs_count"),
        mean("comanda_batch_seconds_sum", "comanda_batch_seconds_count").map(|mean_s| mean_s * 1000.0),
        per_s("comanda_http_requests_total", &is_of_people),
    ]
}

fn is_of_people(number: &Number) -> bool {
    let path = number.label("path");
    path.starts_with("/v1/") && !NOT_OF_PEOPLE.iter().any(|prefix| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(at: Instant, text: &str) -> Taken {
        Taken { at, scrape: Scrape::read(text) }
    }

    #[test]
    fn counters_become_rates_and_means() {
        let start = Instant::now();
        let before = taken(
            start,
            "comanda_events_total{service=\"order-svc\",type=\"a\",outcome=\"said\"} 10\n\
             comanda_http_requests_total{path=\"/v1/orders\"} 1\n\
             comanda_batch_inputs_sum{service=\"order-svc\"} 10\ncomanda_batch_inputs_count{service=\"order-svc\"} 10",
        );
        let now = taken(
            start + Duration::from_secs(5),
            "comanda_outbox_pending{service=\"order-svc\"} 3\ncomanda_outbox_pending{service=\"kitchen-svc\"} 9\n\
             comanda_events_total{service=\"order-svc\",type=\"a\",outcome=\"said\"} 20\n\
             comanda_events_total{service=\"order-svc\",type=\"b\",outcome=\"said\"} 10\n\
             comanda_http_requests_total{path=\"/v1/orders\"} 11\n\
             comanda_http_requests_total{path=\"/v1/feed/{feed}\"} 500\n\
             comanda_batch_inputs_sum{service=\"order-svc\"} 30\ncomanda_batch_inputs_count{service=\"order-svc\"} 15",
        );
        let values = measured("order-svc", &now, Some(&before));
        assert_eq!(values, [Some(3.0), None, None, Some(4.0), None, Some(4.0), None, Some(2.0)]);
        let first = measured("order-svc", &now, None);
        assert_eq!(first, [Some(3.0), None, None, None, None, None, None, None]);
        let begun_anew = measured("order-svc", &before, Some(&now));
        assert_eq!(begun_anew, [None; 8]);
    }

    #[test]
    fn an_hour_is_kept() {
        let samples = Samples::default();
        for at_ms in 1..=1000 {
            samples.keep((at_ms, Vec::new()));
        }
        assert_eq!(
            samples.since(0).map(|told| (told.rows.len(), told.rows[0].0, told.last_ms())),
            Some((720, 281, 1000))
        );
        assert_eq!(samples.since(998).map(|told| told.rows.len()), Some(2));
        assert!(samples.since(1000).is_none());
    }
}
