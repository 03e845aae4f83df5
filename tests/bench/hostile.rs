//! What honest clients see while others do their worst, and while more is asked for than any machine can do: the whole
//! restaurant in one process, attacked from this one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::{interval, sleep, sleep_until},
};

use crate::{
    load::{self, Connection, Plan},
    ms,
    restaurant::{Build, Place, Restaurant},
    servers::Scratch,
};

const SLOW: usize = 10_000;
const DEAF: usize = 1_000;
const STREAMS: usize = 500;
/// Of the honest, in orders a second.
const HONEST_RATE: f64 = 50.0;
/// As many at once as it takes to ask for more than can be answered.
const CROWD: u64 = 2_000;
/// A slow client says one byte in so long.
const DRIP: Duration = Duration::from_secs(2);
/// What a client waits that was turned away, before it comes again.
const AGAIN: Duration = Duration::from_millis(200);
/// How much of the process's pace is asked for.
const SHARES: [f64; 6] = [0.25, 0.5, 0.9, 1.5, 2.0, 3.0];

/// Both halves, one after the other.
pub(crate) async fn run(seconds: u64) -> Result<()> {
    let directory = Scratch::new()?;
    let restaurant = Restaurant::together(&Build::own(), &Place::in_files(directory.path())).await?;
    restaurant.open().await?;
    let address = restaurant.orders().swap_remove(0);
    attacks(&address, seconds).await?;
    saturation(&address, seconds).await
}

/// Whoever does his worst, over and over.
#[derive(Clone, Copy, Debug)]
enum Attack {
    /// Says what he wants, a byte at a time.
    Slow,
    /// Asks for much, and reads none of it.
    Deaf,
    /// Follows the kitchen, and reads.
    Stream,
}

#[expect(clippy::print_stdout, reason = "the output of the benchmark")]
async fn attacks(address: &str, seconds: u64) -> Result<()> {
    println!("\n{HONEST_RATE} honest orders a second, POST to 202, in ms");
    println!("| beside them | p50 | p99 | at most |");
    println!("|---|---:|---:|---:|");
    let all = [
        ("nobody", vec![]),
        ("10,000 that say a byte in 2 s", vec![(Attack::Slow, SLOW)]),
        ("1,000 that never read", vec![(Attack::Deaf, DEAF)]),
        ("500 streams", vec![(Attack::Stream, STREAMS)]),
        ("all of these", vec![(Attack::Slow, SLOW), (Attack::Deaf, DEAF), (Attack::Stream, STREAMS)]),
    ];
    for (nth, (who, attackers)) in all.iter().enumerate() {
        let mut tasks = JoinSet::new();
        let there = Arc::new(AtomicU64::new(0));
        for (attack, count) in attackers {
            (0..*count).for_each(|_| drop(tasks.spawn(attack_on(address.to_owned(), *attack, Arc::clone(&there)))));
        }
        let expected: usize = attackers.iter().map(|(_, count)| count).sum();
        wait_for(&there, expected as u64).await;
        let plan = Plan { orders: (HONEST_RATE * seconds as f64) as u64, rate: Some(HONEST_RATE), connections: 16 };
        let latency = load::post(&[address.to_owned()], plan, &format!("honest-{nth}")).await?.latency_us;
        let (half, most, all) = (ms(&latency, 0.5), ms(&latency, 0.99), ms(&latency, 1.0));
        println!("| {who} | {half:.2} | {most:.2} | {all:.2} |");
        tasks.shutdown().await;
    }
    Ok(())
}

async fn wait_for(there: &AtomicU64, expected: u64) {
    let mut every = interval(Duration::from_millis(100));
    while there.load(Ordering::Relaxed) < expected {
        every.tick().await;
    }
}

async fn attack_on(address: String, attack: Attack, there: Arc<AtomicU64>) {
    let mut was_there = false;
    loop {
        // Whatever comes of it: whoever is thrown out comes again.
        let _ = attack_once(&address, attack, || {
            if !std::mem::replace(&mut was_there, true) {
                there.fetch_add(1, Ordering::Relaxed);
            }
        })
        .await;
        sleep(AGAIN).await;
    }
}

async fn attack_once(address: &str, attack: Attack, arrived: impl FnOnce()) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    if matches!(attack, Attack::Deaf) {
        socket.set_recv_buffer_size(4096)?;
    }
    let mut stream = socket.connect(address.parse()?).await?;
    let (path, header) = match attack {
        Attack::Slow => ("/v1/orders", "X-Slow: "),
        Attack::Deaf => ("/v1/feed/orders?limit=500", "\r\n"),
        Attack::Stream => ("/v1/tickets/stream?location=soho", "\r\n"),
    };
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{header}").as_bytes()).await?;
    arrived();
    match attack {
        Attack::Slow => drip(&mut stream).await,
        Attack::Deaf => std::future::pending().await,
        Attack::Stream => read_all(&mut stream).await,
    }
}

async fn drip(stream: &mut TcpStream) -> Result<()> {
    loop {
        sleep(DRIP).await;
        stream.write_all(b"x").await?;
    }
}

async fn read_all(stream: &mut TcpStream) -> Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// What came of so many orders a second.
struct Offered {
    accepted: Histogram<u64>,
    shed: Histogram<u64>,
    took: Duration,
}

#[expect(clippy::print_stdout, reason = "the output of the benchmark")]
async fn saturation(address: &str, seconds: u64) -> Result<()> {
    let calibration = Plan { orders: 5000, rate: None, connections: 256 };
    let calibrated = load::post(&[address.to_owned()], calibration, "pace").await?;
    let pace = calibration.orders as f64 / calibrated.began.elapsed().as_secs_f64();
    println!("\n{pace:.0} orders a second are accepted in a closed loop; past that, from {CROWD} connections:");
    println!("| offered /s | accepted /s | p50 ms | p99 ms | refused with 503 /s | p99 ms |");
    println!("|---:|---:|---:|---:|---:|---:|");
    for share in SHARES {
        let offered = offer(address, pace * share, seconds, &format!("offered-{share}")).await?;
        let per_s = |of: &Histogram<u64>| of.len() as f64 / offered.took.as_secs_f64();
        println!(
            "| {:.0} | {:.0} | {:.1} | {:.1} | {:.0} | {:.1} |",
            pace * share,
            per_s(&offered.accepted),
            ms(&offered.accepted, 0.5),
            ms(&offered.accepted, 0.99),
            per_s(&offered.shed),
            ms(&offered.shed, 0.99),
        );
    }
    Ok(())
}

/// In an open loop: latencies count from when a request should have been sent.
async fn offer(address: &str, rate: f64, seconds: u64, run: &str) -> Result<Offered> {
    let (orders, next) = ((rate * seconds as f64) as u64, Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let (answered, mut answers) = mpsc::unbounded_channel();
    let mut workers = JoinSet::new();
    for _ in 0..CROWD {
        let (next, answered, address, run) = (Arc::clone(&next), answered.clone(), address.to_owned(), run.to_owned());
        workers.spawn(async move {
            let mut connection = Connection::open(&address).await?;
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= orders {
                    return anyhow::Ok(());
                }
                let intended = began + Duration::from_secs_f64(n as f64 / rate);
                sleep_until(intended.into()).await;
                let (status, _) = connection.try_order(&format!("{run}-{n}"), n).await?;
                answered.send((status, intended.elapsed()))?;
            }
        });
    }
    drop(answered);
    let mut offered = Offered { accepted: Histogram::new(3)?, shed: Histogram::new(3)?, took: Duration::ZERO };
    while let Some((status, took)) = answers.recv().await {
        let of = if status == 202 { &mut offered.accepted } else { &mut offered.shed };
        of.record(u64::try_from(took.as_micros())?)?;
    }
    offered.took = began.elapsed();
    while let Some(worker) = workers.join_next().await {
        worker?.context("a client of the crowd")?;
    }
    Ok(offered)
}
