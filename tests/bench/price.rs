//! `cargo bench -- --price journal`: what a part of the services costs, held against the same without it, turn by turn,
//! each turn on new data. A table on standard output: of each round, and of all the middle.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result};
use axum::{Router, body::Bytes, http::header::CONTENT_TYPE};
use clap::ValueEnum;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    Figures, cargo, leave, on,
    restaurant::{Build, Place, Restaurant, binaries},
    servers::{Scratch, Servers},
    throughput,
};

/// What has a price.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Part {
    /// What a service was told, kept beside what it said; builds everything a second time
    Journal,
    /// Spans of one trace in a hundred, sent to a collector
    Traces,
}

/// Of one turn.
#[derive(Clone, Copy, Debug)]
struct Turn {
    orders_per_s: f64,
    /// Of all processes, an order.
    cpu_us: f64,
}

/// Both pairs of backends, or the embedded one where there are no servers.
pub(crate) async fn run(part: Part, servers: Option<&Servers>, seconds: u64, rounds: usize) -> Result<()> {
    let collector = Collector::start().await?;
    let [with, without] = match part {
        Part::Journal => [Build::own(), without_journal()?],
        Part::Traces => [traced(&collector), Build::own()],
    };
    compared("SQLite, one process", rounds, [&with, &without], async |build| {
        let directory = Scratch::new()?;
        let place = Place::in_files(directory.path());
        turn(Restaurant::together(build, &place).await?, seconds).await
    })
    .await?;
    if let Some(servers) = servers {
        compared("PostgreSQL + RabbitMQ, three services", rounds, [&with, &without], async |build| {
            let place = on(servers).await?;
            let turn = turn(Restaurant::apart(build, &place).await?, seconds).await?;
            leave(servers, &place).await?;
            Ok(turn)
        })
        .await?;
    }
    if let Part::Traces = part {
        say(&format!("\nthe collector was sent {} kB", collector.received.load(Ordering::Relaxed) / 1000));
    }
    Ok(())
}

async fn turn(restaurant: Restaurant, seconds: u64) -> Result<Turn> {
    restaurant.open().await?;
    let mut figures = Figures::default();
    throughput(&restaurant, seconds, "price", &mut figures).await?;
    let cpu_us = figures.cpu_us_per_order.iter().map(|(_, us)| us).sum();
    Ok(Turn { orders_per_s: figures.orders_per_s, cpu_us })
}

/// Who goes first changes from round to round, since the second finds a machine that is warm, or throttled.
async fn compared(
    backends: &str,
    rounds: usize,
    [with, without]: [&Build; 2],
    turn: impl AsyncFn(&Build) -> Result<Turn>,
) -> Result<()> {
    say(&format!("\n{backends}"));
    say("  round   orders/s with, without   µs of a core an order with, without");
    let (mut slower, mut dearer) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let (one, other) = if round % 2 == 0 {
            let one = turn(with).await?;
            (one, turn(without).await?)
        } else {
            let other = turn(without).await?;
            (turn(with).await?, other)
        };
        slower.push((1.0 - one.orders_per_s / other.orders_per_s) * 100.0);
        dearer.push((one.cpu_us / other.cpu_us - 1.0) * 100.0);
        say(&format!(
            "  {:>5} {:>15.0} {:>8.0} {:>30.0} {:>8.0}",
            round + 1,
            one.orders_per_s,
            other.orders_per_s,
            one.cpu_us,
            other.cpu_us
        ));
    }
    say(&format!("  price: {:.1} % of the orders a second, {:.1} % more of a core", middle(slower), middle(dearer)));
    Ok(())
}

fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let half = figures.len() / 2;
    if figures.len() % 2 == 1 { figures[half] } else { (figures[half - 1] + figures[half]) / 2.0 }
}

/// The same services without a journal, in a directory of their own, so that neither build is thrown away.
fn without_journal() -> Result<Build> {
    let own = binaries();
    let profile = own.file_name().context("the binaries have a directory")?;
    let target: PathBuf = own.parent().unwrap_or(Path::new("target")).join("without-journal");
    cargo(&["--bins"], |cargo| {
        cargo.env("RUSTFLAGS", "--cfg unjournaled").env("CARGO_TARGET_DIR", &target);
    })?;
    Ok(Build { binaries: target.join(profile), ..Build::own() })
}

fn traced(collector: &Collector) -> Build {
    let environment = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.address)),
        ("OTEL_TRACES_SAMPLER", "traceidratio".into()),
        ("OTEL_TRACES_SAMPLER_ARG", "0.01".into()),
    ];
    Build { environment, ..Build::own() }
}

/// Takes what it is sent.
#[derive(Debug)]
struct Collector {
    address: String,
    /// Bytes.
    received: Arc<AtomicU64>,
    _server: JoinSet<std::io::Result<()>>,
}

impl Collector {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let received = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&received);
        let router = Router::new().fallback(async move |body: Bytes| {
            counted.fetch_add(body.len() as u64, Ordering::Relaxed);
            // An empty message says that all was taken.
            ([(CONTENT_TYPE, "application/x-protobuf")], Bytes::new())
        });
        let mut server = JoinSet::new();
        server.spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, received, _server: server })
    }
}

#[expect(clippy::print_stdout, reason = "the output of the benchmark")]
fn say(line: &str) {
    println!("{line}");
}
