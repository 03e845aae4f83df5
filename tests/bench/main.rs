//! `cargo bench`: orders a second from POST to the committed ticket, latencies at a quiet rate, memory, and the raw
//! limits of the same machine in the same minutes. A table on standard output as soon as each pair of backends is
//! measured, JSON in `target/bench.json`.
//!
//! `cargo bench -- --seconds 60 --backends servers` runs longer, or one pair of backends only; `--compare` holds one process
//! against three services, `--hostile` honest clients against those who do their worst, `--price` all against all but a part.

mod compare;
mod figure;
mod hostile;
mod load;
mod outage;
mod price;
mod raw;
mod report;
mod restaurant;
#[path = "../it/servers.rs"]
mod servers;

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use futures_util::StreamExt;
use hdrhistogram::Histogram;
use load::{Outcome, Plan};
use restaurant::{Build, Place, Restaurant};
use serde::{Deserialize, Serialize};
use servers::{Private, Scratch, Servers};

const SAMPLE: &str = include_str!("order.json");
const QUIET_RATE: f64 = 200.0;
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(10);

#[derive(Debug, Parser)]
struct Arguments {
    /// How long the load for the throughput lasts, about
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Of which to measure; `both` leaves out the servers where there are none
    #[arg(long, default_value = "both", value_parser = ["embedded", "servers", "both"])]
    backends: String,
    /// One process against three services instead, on SQLite and on servers: their figures, and what a killed part does
    #[arg(long, conflicts_with = "backends")]
    compare: bool,
    /// With --compare and --price, how often all is measured, turn by turn
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// With --compare, only show what was measured before: the JSON of that run
    #[arg(long, requires = "compare")]
    from: Option<PathBuf>,
    /// What honest clients see while others do their worst, and whoever comes past saturation, instead
    #[arg(long, conflicts_with_all = ["backends", "compare"])]
    hostile: bool,
    /// What a part of the services costs, instead
    #[arg(long, conflicts_with_all = ["compare", "hostile"])]
    price: Option<price::Part>,
    /// Measure the binaries as they are
    #[arg(long)]
    no_build: bool,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// The figures of one pair of backends.
#[derive(Debug, Default, Serialize)]
struct Figures {
    backends: &'static str,
    ready_ms: f64,
    orders_per_s: f64,
    accepted_p50_ms: f64,
    accepted_p99_ms: f64,
    ticket_p50_ms: f64,
    ticket_p99_ms: f64,
    memory_mb: Vec<(String, f64)>,
    cpu_us_per_order: Vec<(String, f64)>,
    read_per_s: f64,
    replayed_per_s: f64,
    raw_inserts_per_s: f64,
    raw_publishes_per_s: f64,
    raw_publishes_of_50_per_s: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(path) = &arguments.from {
        return compare::again(path);
    }
    let on_files = arguments.backends != "servers";
    let are_required = arguments.compare || arguments.backends == "servers";
    let on_servers = arguments.backends != "embedded" && servers_are_there(are_required)?;
    if !arguments.no_build {
        build()?;
    }
    if arguments.hostile {
        return hostile::run(arguments.seconds).await;
    }
    if arguments.compare {
        let (servers, _private) = servers()?;
        return compare::run(&servers, arguments.seconds, arguments.rounds).await;
    }
    if let Some(part) = arguments.price {
        let servers = if on_servers { Some(servers()?) } else { None };
        let named = servers.as_ref().map(|(servers, _private)| servers);
        return price::run(part, named, arguments.seconds, arguments.rounds).await;
    }
    let mut all = Vec::new();
    if on_files {
        all.push(embedded(arguments.seconds).await?);
        report(&all)?;
    }
    if on_servers {
        all.push(measured_on_servers(arguments.seconds).await?);
        report(&all)?;
    }
    Ok(())
}

/// Whether servers are named or can be started; told before minutes are spent on the other half.
fn servers_are_there(required: bool) -> Result<bool> {
    let is_installed = |kind: &str| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/servers");
        anyhow::Ok(Command::new(script).args(["find", kind]).stdout(Stdio::null()).status()?.success())
    };
    if Servers::named().is_some() || (is_installed("postgres")? && is_installed("rabbitmq")?) {
        return Ok(true);
    }
    let missing =
        "PostgreSQL + RabbitMQ: neither named (TEST_POSTGRES_URL, TEST_AMQP_URL, TEST_RABBITMQ_API) nor installed";
    ensure!(!required, "{missing}");
    eprintln!("left out: {missing}");
    Ok(false)
}

/// The services' binaries, which cargo does not build for a benchmark of another package: in the profile of this one,
/// and with the same features as this one, so that nothing below them is built again.
fn build() -> Result<()> {
    cargo(&["--bins", "--benches"], |_| {})
}

/// Builds these of all packages, as the caller wants it.
fn cargo(what: &[&str], prepare: impl FnOnce(&mut Command)) -> Result<()> {
    let binaries = restaurant::binaries();
    let profile = binaries.file_name().and_then(|name| name.to_str()).context("the binaries have a directory")?;
    let profile = if profile == "debug" { "dev" } else { profile };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--workspace", "--profile", profile]).args(what);
    // What cargo has told this process of its package is an input of some build scripts.
    for (name, _) in std::env::vars_os() {
        let own = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if own.iter().any(|own| name.to_string_lossy().starts_with(own)) {
            cargo.env_remove(name);
        }
    }
    prepare(&mut cargo);
    ensure!(cargo.status()?.success(), "the binaries do not build");
    Ok(())
}

/// What there is by now: shown, and kept.
fn report(all: &[Figures]) -> Result<()> {
    all.last().into_iter().for_each(print);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench.json");
    std::fs::write(&path, serde_json::to_string_pretty(all)?)?;
    Ok(())
}

async fn embedded(seconds: u64) -> Result<Figures> {
    let directory = Scratch::new()?;
    let began = Instant::now();
    let restaurant = Restaurant::together(&Build::own(), &Place::in_files(directory.path())).await?;
    let ready_ms = began.elapsed().as_secs_f64() * 1000.0;
    let mut figures = Figures { backends: "SQLite + embedded bus", ready_ms, ..measure(&restaurant, seconds).await? };
    drop(restaurant);
    let file = |name: &str| format!("sqlite:{}/{name}.db", directory.path().display());
    figures.raw_inserts_per_s = raw::inserts_per_s(&file("raw"), SAMPLE).await?;
    figures.raw_publishes_per_s = raw::publishes_per_s(&file("raw-bus"), SAMPLE, 1).await?;
    figures.raw_publishes_of_50_per_s = raw::publishes_per_s(&file("raw-bus-50"), SAMPLE, 50).await?;
    Ok(figures)
}

async fn measured_on_servers(seconds: u64) -> Result<Figures> {
    let (servers, private) = servers()?;
    let place = on(&servers).await?;
    let began = Instant::now();
    let restaurant = Restaurant::apart(&Build::own(), &place).await?;
    let ready_ms = began.elapsed().as_secs_f64() * 1000.0;
    let mut figures = Figures { backends: "PostgreSQL + RabbitMQ", ready_ms, ..measure(&restaurant, seconds).await? };
    drop(restaurant);
    let (rows, one, fifty) = (servers.database().await?, servers.vhost().await?, servers.vhost().await?);
    figures.raw_inserts_per_s = raw::inserts_per_s(&rows, SAMPLE).await?;
    figures.raw_publishes_per_s = raw::publishes_per_s(&one, SAMPLE, 1).await?;
    figures.raw_publishes_of_50_per_s = raw::publishes_per_s(&fifty, SAMPLE, 50).await?;
    servers.drop_database(&rows).await?;
    for vhost in [&one, &fifty] {
        servers.drop_vhost(vhost).await?;
    }
    leave(&servers, &place).await?;
    drop(private);
    Ok(figures)
}

/// Databases and a bus that are new.
async fn on(servers: &Servers) -> Result<Place> {
    let databases = [servers.database().await?, servers.database().await?, servers.database().await?];
    Ok(Place { bus: servers.vhost().await?, databases })
}

async fn leave(servers: &Servers, place: &Place) -> Result<()> {
    for database in &place.databases {
        servers.drop_database(database).await?;
    }
    servers.drop_vhost(&place.bus).await
}

/// Those that are named, or new ones, which stop when they are dropped.
fn servers() -> Result<(Servers, Option<(Private, Private)>)> {
    if let Some(servers) = Servers::named() {
        return Ok((servers, None));
    }
    let (postgres, rabbit) = (Private::start("postgres")?, Private::start("rabbitmq")?);
    let servers = Servers::of(|name| postgres.variable(name).or_else(|_| rabbit.variable(name)))?;
    Ok((servers, Some((postgres, rabbit))))
}

async fn measure(restaurant: &Restaurant, seconds: u64) -> Result<Figures> {
    restaurant.open().await?;
    let mut figures = Figures::default();
    latencies(restaurant, &mut figures).await?;
    throughput(restaurant, seconds, "throughput", &mut figures).await?;
    for process in &restaurant.processes {
        figures.memory_mb.push((process.name.clone(), process.memory_mb()?.1));
    }
    figures.read_per_s = read_per_s(restaurant)?;
    figures.replayed_per_s = replayed_per_s(restaurant)?;
    Ok(figures)
}

/// All that the three have said by now, read over HTTP and written as lines: events a second.
fn read_per_s(restaurant: &Restaurant) -> Result<f64> {
    let began = Instant::now();
    let mut comanda = developer(restaurant, &["events", "--json"]).stdout(Stdio::piped()).spawn()?;
    let events = BufReader::new(comanda.stdout.take().context("its output")?).split(b'\n').count();
    let took = began.elapsed();
    ensure!(comanda.wait()?.success() && events > 0, "the events were not read");
    Ok(events as f64 / took.as_secs_f64())
}

/// All that the three were told by now, read over HTTP and decided once more: inputs a second.
fn replayed_per_s(restaurant: &Restaurant) -> Result<f64> {
    #[derive(Deserialize)]
    struct Service {
        inputs: u64,
    }
    let began = Instant::now();
    let replayed = developer(restaurant, &["replay", "--json"]).output()?;
    let took = began.elapsed();
    ensure!(replayed.status.success(), "the replay: {}", String::from_utf8_lossy(&replayed.stderr));
    let services = serde_json::Deserializer::from_slice(&replayed.stdout).into_iter::<Service>();
    let inputs: u64 = services.map(|service| Ok(service?.inputs)).sum::<Result<_>>()?;
    Ok(inputs as f64 / took.as_secs_f64())
}

/// A command that looks into the restaurant.
fn developer(restaurant: &Restaurant, arguments: &[&str]) -> Command {
    let mut comanda = Command::new(env!("CARGO_BIN_EXE_comanda"));
    comanda.args(arguments);
    for process in &restaurant.processes {
        comanda.args(["--at", &format!("http://{}", process.address)]);
    }
    comanda
}

/// At 200 orders a second: from the intended sending to the 202, and to the ticket on a display.
async fn latencies(restaurant: &Restaurant, figures: &mut Figures) -> Result<()> {
    let plan = Plan { orders: 2000, rate: Some(QUIET_RATE), connections: 16 };
    let warm_up = Plan { orders: 200, ..plan };
    wait_for(restaurant, load::post(&restaurant.orders(), warm_up, "warm-up").await?.intended.len() as u64).await?;
    let url = format!("http://{}/v1/tickets/stream?location=soho", restaurant.kitchen());
    let display = reqwest::Client::new().get(url).send().await?;
    let showing = tokio::time::timeout(PATIENCE, shown(display, plan.orders));
    let addresses = restaurant.orders();
    let (outcome, shown) = tokio::join!(load::post(&addresses, plan, "quiet"), showing);
    let (outcome, shown) = (outcome?, shown.context("the display stopped")??);
    let ticket_us = until_shown(&outcome, &shown)?;
    figures.accepted_p50_ms = ms(&outcome.latency_us, 0.5);
    figures.accepted_p99_ms = ms(&outcome.latency_us, 0.99);
    figures.ticket_p50_ms = ms(&ticket_us, 0.5);
    figures.ticket_p99_ms = ms(&ticket_us, 0.99);
    Ok(())
}

fn until_shown(outcome: &Outcome, shown: &HashMap<String, Instant>) -> Result<Histogram<u64>> {
    let mut ticket_us = Histogram::new(3)?;
    for (order, intended) in &outcome.intended {
        let at = shown.get(order).context("an order has no ticket")?;
        ticket_us.record(u64::try_from(at.saturating_duration_since(*intended).as_micros())?)?;
    }
    Ok(ticket_us)
}

/// When a display that follows the kitchen live has seen each order's ticket.
async fn shown(stream: reqwest::Response, orders: u64) -> Result<HashMap<String, Instant>> {
    let (mut chunks, mut text, mut seen) = (stream.bytes_stream(), String::new(), HashMap::new());
    while let Some(chunk) = chunks.next().await {
        text.push_str(std::str::from_utf8(&chunk?)?);
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            if !event.contains("event: ticket\n") && !event.contains("event:ticket\n") {
                continue;
            }
            let data = event.lines().find_map(|line| line.strip_prefix("data:")).context("an event has data")?;
            let data: serde_json::Value = serde_json::from_str(data)?;
            let order = data["ticket"]["order_id"].as_str().context("a ticket names its order")?;
            seen.entry(order.to_owned()).or_insert_with(Instant::now);
        }
        if seen.len() as u64 >= orders {
            break;
        }
    }
    Ok(seen)
}

/// As many orders as it takes: from the first POST to the last committed ticket.
async fn throughput(restaurant: &Restaurant, seconds: u64, name: &str, figures: &mut Figures) -> Result<()> {
    let calibration = Plan { orders: 5000, rate: None, connections: 256 };
    let rate = run(restaurant, calibration, &format!("{name}-calibration")).await?;
    let before: Vec<f64> = restaurant.processes.iter().map(|process| process.cpu_s()).collect::<Result<_>>()?;
    let plan = Plan { orders: (rate * seconds as f64) as u64, ..calibration };
    figures.orders_per_s = run(restaurant, plan, name).await?;
    for (process, before) in restaurant.processes.iter().zip(before) {
        let us = (process.cpu_s()? - before) * 1e6 / plan.orders as f64;
        figures.cpu_us_per_order.push((process.name.clone(), us));
    }
    Ok(())
}

async fn run(restaurant: &Restaurant, plan: Plan, name: &str) -> Result<f64> {
    let before = restaurant.tickets().await?;
    let outcome = load::post(&restaurant.orders(), plan, name).await?;
    wait_for(restaurant, before + plan.orders).await?;
    Ok(plan.orders as f64 / outcome.began.elapsed().as_secs_f64())
}

async fn wait_for(restaurant: &Restaurant, tickets: u64) -> Result<()> {
    let (began, mut every) = (Instant::now(), tokio::time::interval(POLL));
    while restaurant.tickets().await? < tickets {
        ensure!(began.elapsed() < PATIENCE, "orders are missing in the kitchen");
        every.tick().await;
    }
    Ok(())
}

fn ms(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1000.0
}

#[expect(clippy::print_stdout, reason = "the output of the benchmark")]
fn print(figures: &Figures) {
    println!("\n{}", figures.backends);
    println!("  ready after                       {:>10.0} ms", figures.ready_ms);
    println!("  end to end                        {:>10.0} orders/s", figures.orders_per_s);
    println!(
        "  POST to 202, 200 orders/s         {:>10.2} ms p50 {:>8.2} ms p99",
        figures.accepted_p50_ms, figures.accepted_p99_ms
    );
    println!(
        "  POST to ticket, 200 orders/s      {:>10.2} ms p50 {:>8.2} ms p99",
        figures.ticket_p50_ms, figures.ticket_p99_ms
    );
    println!("  read as lines                     {:>10.0} events/s", figures.read_per_s);
    println!("  run again, in a sandbox           {:>10.0} inputs/s", figures.replayed_per_s);
    println!("  raw: order + event rows           {:>10.0} /s", figures.raw_inserts_per_s);
    println!("  raw: confirmed messages of 1      {:>10.0} /s", figures.raw_publishes_per_s);
    println!("  raw: confirmed messages of 50     {:>10.0} /s", figures.raw_publishes_of_50_per_s);
    for ((name, mb), (_, us)) in figures.memory_mb.iter().zip(&figures.cpu_us_per_order) {
        println!("  {name:<20} at most {mb:>6.1} MB, {us:>6.0} µs of a core an order");
    }
}
