//! `comanda audit --watch`: the audit goes on, says each time how things stand and what has changed, and serves what it
//! finds to Prometheus.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use axum::{Router, routing::get};
use serde_json::json;
use shared::{
    contract::time::Time,
    process::{host, telemetry},
    web::serve::{self, Limits},
};
use tokio::{
    net::TcpListener,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    Audit, Options,
    report::{Count, Discrepancy, verdict},
};
use crate::developer::{SERVICES, convergence::Link, paint, say, zones::Zones};

const KEEP_ALIVE: Duration = Duration::from_secs(75);
const CONNECTIONS_MAX: usize = 64;

/// Until it is asked to stop; whether everybody agreed at last.
pub(super) async fn run(options: &Options, every: Duration) -> Result<bool> {
    ensure!(!every.is_zero(), "--watch: expected at least 1s");
    let mut watch = Watch::default();
    tokio::select! {
        ended = watch.go_on(options, every) => ended?,
        served = serve_metrics(options) => served?,
        () = host::signal() => {}
    }
    Ok(watch.known.is_empty())
}

/// Until the process ends.
async fn serve_metrics(options: &Options) -> Result<()> {
    let Some(address) = options.metrics else { return std::future::pending().await };
    ensure!(
        address.ip().is_loopback() || options.allow_unauthenticated,
        "--metrics {address} is reachable from other machines, and nobody has to authenticate; use 127.0.0.1, or add \
         --allow-unauthenticated where something in front of it authenticates"
    );
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("--metrics: cannot listen on {address}"))?;
    let handle = telemetry::metrics();
    describe();
    let router = Router::new().route("/metrics", get(|| async { handle.render() }));
    serve::serve(listener, router, Limits::new(KEEP_ALIVE, CONNECTIONS_MAX), &CancellationToken::new()).await;
    Ok(())
}

fn describe() {
    metrics::describe_gauge!("comanda_audit_up", "1 where the last look could be taken");
    metrics::describe_gauge!("comanda_audit_missing", "Events that the listener has not taken in although it had time");
    metrics::describe_gauge!("comanda_audit_lag_seconds", "Age of the speaker's oldest event that is not taken in");
    metrics::describe_gauge!("comanda_audit_discrepancies", "All on which the services do not agree");
}

#[derive(Default)]
struct Watch {
    /// What was found last.
    known: HashSet<Discrepancy>,
}

/// What one look has found.
struct Look {
    found: Vec<Discrepancy>,
    count: Count,
    /// Of each listener: the age of the oldest event that it has not taken in.
    lags_s: [(&'static str, f64); 3],
}

impl Watch {
    async fn go_on(&mut self, options: &Options, every: Duration) -> Result<()> {
        let mut pace = interval(every);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut audit, unknown) = (None::<Audit>, Zones::default());
        loop {
            pace.tick().await;
            let looked = look(options, &mut audit).await;
            let zones = audit.as_ref().map_or(&unknown, |audit| &audit.zones);
            metrics::gauge!("comanda_audit_up").set(if looked.is_ok() { 1.0 } else { 0.0 });
            match looked {
                Ok(look) => self.tell(look, zones, options.json)?,
                Err(error) => complain(&telemetry::line(&error), zones, options.json)?,
            }
        }
    }

    /// What has changed since the last time, and how things stand.
    fn tell(&mut self, Look { found, count, lags_s }: Look, zones: &Zones, json: bool) -> Result<()> {
        let (at, found) = (Time::now(), found.into_iter().collect::<HashSet<_>>());
        let now = zones.clock(None).moment(at);
        for (word, changed) in [("gone", self.known.difference(&found)), ("found", found.difference(&self.known))] {
            for one in changed {
                match json {
                    true => say(&json!({ "change": word, "discrepancy": one }).to_string())?,
                    false => say(&format!("{now}  {word:<5}  {}", one.line(zones)))?,
                }
            }
        }
        self.known = found;
        if json {
            let lags_s: HashMap<_, _> = lags_s.into_iter().collect();
            return say(&json!({ "at": at, "audit": count, "lag_seconds": lags_s }).to_string());
        }
        let lags = lags_s.map(|(listener, lag_s)| format!("{listener} {lag_s:.1} s"));
        say(&format!("{now}  {}", verdict(count, &format!(", behind: {}", lags.join(", ")))))
    }
}

fn complain(trouble: &str, zones: &Zones, json: bool) -> Result<()> {
    let at = Time::now();
    match json {
        true => say(&json!({ "at": at, "change": "could not audit", "reason": trouble }).to_string()),
        false => say(&format!("{}  {}: {trouble}", zones.clock(None).moment(at), paint::wrong("could not audit"))),
    }
}

/// All history the first time, then what has come since.
async fn look(options: &Options, audit: &mut Option<Audit>) -> Result<Look> {
    let audit = match audit {
        Some(audit) => {
            audit.read_on().await?;
            audit
        }
        None => {
            let audit = audit.insert(Audit::start(options).await?);
            audit.read_all().await?;
            audit
        }
    };
    audit.convergence.settle().await?;
    let found = audit.look().await?;
    let lags_s = SERVICES.map(|(listener, _)| (listener, lag_s(audit, listener)));
    measure(audit, found.len());
    Ok(Look { count: Count { discrepancies: found.len(), ..audit.count() }, found, lags_s })
}

fn links<'a>(audit: &'a Audit, listener: &'a str) -> impl Iterator<Item = &'a Link> {
    audit.convergence.links.iter().filter(move |link| link.listener == listener)
}

/// The age of the oldest event that the listener has not taken in.
fn lag_s(audit: &Audit, listener: &str) -> f64 {
    age_s(links(audit, listener).filter_map(Link::oldest).min())
}

fn age_s(oldest: Option<Time>) -> f64 {
    oldest.map_or(0.0, |oldest| Time::now().since(oldest).as_secs_f64())
}

fn measure(audit: &Audit, discrepancies: usize) {
    let horizon = audit.horizon();
    for (listener, _) in SERVICES {
        let late = |link: &Link| link.open.iter().filter(|heard| heard.time <= horizon).count();
        let missing: usize = links(audit, listener).map(late).sum();
        metrics::gauge!("comanda_audit_missing", "listener" => listener).set(missing as f64);
    }
    for link in &audit.convergence.links {
        let labels = [("listener", link.listener), ("speaker", link.speaker)];
        metrics::gauge!("comanda_audit_lag_seconds", &labels).set(age_s(link.oldest()));
    }
    metrics::gauge!("comanda_audit_discrepancies").set(discrepancies as f64);
}
