//! Logs and metrics. Logs are for people on a terminal and JSON otherwise; `RUST_LOG` picks what is logged.

use std::{io::IsTerminal, sync::OnceLock};

use crate::contract::time::Time;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// lapin says every error of a connection three times, beside returning it.
const DEFAULT: &str = "info,lapin=off,sqlx=error";
const UPKEEP: std::time::Duration = std::time::Duration::from_secs(5);
const BUCKETS_S: [f64; 14] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Of what takes a network or a cook.
const BUCKETS_LONG_S: [f64; 16] =
    [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 15.0, 60.0, 180.0, 300.0, 600.0, 1200.0, 3600.0];
const BUCKETS_INPUTS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Logs to standard error, from now on. A second call changes nothing.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let registry = tracing_subscriber::registry().with(filter);
    // An error says that logs are set up already.
    let _ = if std::io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(std::io::stderr).with_target(false).compact()).try_init()
    } else {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init()
    };
}

/// An error and its causes on one line; some libraries put the cause in the text already.
pub fn line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !line.ends_with(&cause) {
            let separator = if line.is_empty() { "" } else { ": " };
            line.extend([separator, &cause]);
        }
    }
    line
}

/// The process's metrics, recorded from the first call on.
pub fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &BUCKETS_S)
            .expect("there are buckets")
            .set_buckets_for_metric(Matcher::Full("comanda_batch_inputs".into()), &BUCKETS_INPUTS)
            .expect("there are buckets");
        let builder =
            ["comanda_event_lag_seconds", "comanda_preparation_seconds"].into_iter().fold(builder, |builder, name| {
                builder.set_buckets_for_metric(Matcher::Full(name.into()), &BUCKETS_LONG_S).expect("there are buckets")
            });
        let handle = builder.install_recorder().expect("nobody else records metrics");
        describe();
        begin();
        handle
    })
}

/// Folds what was recorded into the buckets, whether or not somebody reads them.
pub(crate) async fn keep_up() -> anyhow::Result<()> {
    loop {
        metrics().run_upkeep();
        tokio::time::sleep(UPKEEP).await;
    }
}

/// What is so from the start: what never happened is 0, and whoever looks sees its first time.
fn begin() {
    metrics::gauge!("comanda_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
    metrics::gauge!("process_start_time_seconds").set(Time::now().as_micros() as f64 / 1e6);
    metrics::gauge!("comanda_streams").set(0);
    metrics::counter!("comanda_spans_sent_total").increment(0);
    for reason in ["full", "failed", "stopped"] {
        metrics::counter!("comanda_spans_dropped_total", "reason" => reason).increment(0);
    }
}

fn describe() {
    let outcomes = "Events by what became of them: said, taken_in, repeated, late, conflicting, dead, discarded";
    metrics::describe_counter!("comanda_events_total", outcomes);
    metrics::describe_histogram!("comanda_batch_seconds", "From the first input of a batch to its acknowledgement");
    metrics::describe_histogram!("comanda_batch_inputs", "Requests, events and deadlines that a batch decides");
    metrics::describe_gauge!("comanda_outbox_pending", "Events said and not yet published");
    metrics::describe_gauge!("comanda_outbox_oldest_seconds", "Age of the oldest event not yet published");
    let misconfigured = "1 while the broker refuses what only a change of its or our configuration allows";
    metrics::describe_gauge!("comanda_bus_misconfigured", misconfigured);
    metrics::describe_gauge!("comanda_dead_letters", "Inputs that were set aside");
    metrics::describe_gauge!("comanda_build_info", "1, of this version");
    metrics::describe_gauge!("process_start_time_seconds", "When the process began, since 1970");
    metrics::describe_gauge!("comanda_streams", "Clients that follow a live view");
    metrics::describe_gauge!("comanda_db_sessions", "Sessions that the pool has with the database");
    metrics::describe_gauge!("comanda_db_sessions_max", "As many sessions it may have");
    let lag = "From the moment at which another service said an event to the one at which it is taken in";
    metrics::describe_histogram!("comanda_event_lag_seconds", lag);
    describe_restaurant();
    metrics::describe_counter!("comanda_requests_shed_total", "Requests that were told at once that too many wait");
    metrics::describe_counter!("comanda_spans_sent_total", "Spans that the collector of traces took");
    let lost = "Spans that nobody will see: the queue was full, sending them failed, or the process stopped";
    metrics::describe_counter!("comanda_spans_dropped_total", lost);
    metrics::describe_counter!("comanda_http_requests_total", "Requests by route and status");
    metrics::describe_histogram!("comanda_http_request_seconds", "From a request's headers to its answer's");
}

fn describe_restaurant() {
    metrics::describe_gauge!("comanda_order_undecided_oldest_seconds", "Age of the oldest order that is not decided");
    metrics::describe_gauge!(
        "comanda_ticket_unstarted_oldest_seconds",
        "Age of the oldest ticket that nobody has started"
    );
    metrics::describe_counter!("comanda_orders_total", "Orders that were placed");
    metrics::describe_counter!("comanda_orders_rejected_total", "Orders that were rejected, by why");
    let revenue = "What completed orders came to, in the smallest unit of the currency";
    metrics::describe_counter!("comanda_revenue_minor_units_total", revenue);
    let cooked = "From the start of a ticket until it is ready, for each station that had a part in it";
    metrics::describe_histogram!("comanda_preparation_seconds", cooked);
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let refused = anyhow!("refused (111)").context("IO error: refused (111)").context("connect").context("BUS_URL");
        assert_eq!(line(&refused), "BUS_URL: connect: IO error: refused (111)");
        assert_eq!(line(&anyhow!("alone")), "alone");
    }
}
