//! `cargo bench -- --compare`: the same restaurant as one process and as three services, on the same machine in the same
//! minutes. Tables in Markdown on standard output; figures, and the JSON that both are made of, in `target/comparison`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{
    Figures, figure, latencies, leave, on, outage,
    report::{Comparison, Latencies, Machine, Shape},
    restaurant::{Build, Place, Restaurant, TOGETHER},
    servers::{Scratch, Servers},
    throughput,
};

const IN_FILES: &str = "one process, SQLite";
const ON_SERVERS: &str = "one process, servers";
const APART: &str = "three services";
const TWICE: &str = "order-svc twice";

/// Measures all shapes so many times, turn by turn: what comes of the machine's moods is seen in the ranges.
pub(crate) async fn run(servers: &Servers, seconds: u64, rounds: usize) -> Result<()> {
    let mut comparison = Comparison { machine: machine()?, rounds: Vec::new() };
    for round in 0..rounds {
        comparison.machine.load.push(load()?);
        eprintln!("round {} of {rounds}", round + 1);
        let mut shapes = vec![in_files(seconds).await?];
        shapes.push(on_servers(servers, seconds).await?);
        shapes.extend(apart(servers, seconds).await?);
        comparison.rounds.push(shapes);
        std::fs::write(directory()?.join("compare.json"), serde_json::to_string(&comparison)?)?;
    }
    draw(&comparison)
}

/// The tables and figures of what was measured before.
pub(crate) fn again(path: &Path) -> Result<()> {
    let json = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    draw(&serde_json::from_str(&json)?)
}

#[expect(clippy::print_stdout, reason = "the output of the benchmark")]
fn draw(comparison: &Comparison) -> Result<()> {
    println!("{}", comparison.markdown());
    let directory = directory()?;
    for (name, drawn) in [("figures.svg", figure::bars(comparison)), ("outages.svg", figure::courses(comparison))] {
        std::fs::write(directory.join(name), drawn)?;
    }
    Ok(())
}

/// Where they go: `target/comparison`.
fn directory() -> Result<PathBuf> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("comparison");
    std::fs::create_dir_all(&path).with_context(|| format!("create {}", path.display()))?;
    Ok(path)
}

async fn in_files(seconds: u64) -> Result<Shape> {
    let directory = Scratch::new()?;
    let mut restaurant = Restaurant::together(&Build::own(), &Place::in_files(directory.path())).await?;
    let mut shape = measured(IN_FILES, &restaurant, seconds).await?;
    shape.outages.push(outage::of(&mut restaurant, TOGETHER).await?);
    Ok(shape)
}

async fn on_servers(servers: &Servers, seconds: u64) -> Result<Shape> {
    let place = on(servers).await?;
    let mut restaurant = Restaurant::together(&Build::own(), &place).await?;
    let mut shape = measured(ON_SERVERS, &restaurant, seconds).await?;
    shape.outages.push(outage::of(&mut restaurant, TOGETHER).await?);
    drop(restaurant);
    leave(servers, &place).await?;
    Ok(shape)
}

/// Three, and then one more.
async fn apart(servers: &Servers, seconds: u64) -> Result<[Shape; 2]> {
    let place = on(servers).await?;
    let mut restaurant = Restaurant::apart(&Build::own(), &place).await?;
    let mut three = measured(APART, &restaurant, seconds).await?;
    for killed in ["kitchen-svc", "inventory-svc", "order-svc"] {
        three.outages.push(outage::of(&mut restaurant, killed).await?);
    }
    restaurant.another(&Build::own(), &place).await?;
    let mut twice = at_full_load(TWICE, &restaurant, seconds).await?;
    twice.outages.push(outage::of(&mut restaurant, "order-svc").await?);
    drop(restaurant);
    leave(servers, &place).await?;
    Ok([three, twice])
}

async fn measured(name: &str, restaurant: &Restaurant, seconds: u64) -> Result<Shape> {
    restaurant.open().await?;
    let mut figures = Figures::default();
    latencies(restaurant, &mut figures).await?;
    let Figures { accepted_p50_ms, accepted_p99_ms, ticket_p50_ms, ticket_p99_ms, .. } = figures;
    let at_200_per_s = Some(Latencies { accepted_p50_ms, accepted_p99_ms, ticket_p50_ms, ticket_p99_ms });
    Ok(Shape { at_200_per_s, ..at_full_load(name, restaurant, seconds).await? })
}

async fn at_full_load(name: &str, restaurant: &Restaurant, seconds: u64) -> Result<Shape> {
    eprintln!("{name}");
    let mut figures = Figures::default();
    let run = format!("{}-at-once", restaurant.processes.len());
    throughput(restaurant, seconds, &run, &mut figures).await?;
    let memory_mb = restaurant.processes.iter().map(|process| Ok((process.name.clone(), process.memory_mb()?.1)));
    Ok(Shape {
        name: name.to_owned(),
        orders_per_s: figures.orders_per_s,
        memory_mb: memory_mb.collect::<Result<_>>()?,
        cpu_us_per_order: figures.cpu_us_per_order,
        ..Shape::default()
    })
}

fn machine() -> Result<Machine> {
    let field = |path: &str, name: &str| {
        let text = std::fs::read_to_string(path).with_context(|| format!("read {path}"))?;
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        anyhow::Ok(line.split_once(':').map_or(String::new(), |(_, value)| value.trim().to_owned()))
    };
    let memory_kb: f64 = field("/proc/meminfo", "MemTotal")?.trim_end_matches(" kB").parse()?;
    Ok(Machine {
        cores: std::thread::available_parallelism()?.get(),
        processor: field("/proc/cpuinfo", "model name")?,
        memory_gb: (memory_kb / 1024.0 / 1024.0).round(),
        load: Vec::new(),
    })
}

fn load() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().context("a load")?.parse()?)
}
