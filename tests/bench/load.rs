//! The load: an open loop, so that a slow answer delays no later request and every latency counts from the moment
//! at which the request should have been sent.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    task::JoinSet,
};

/// How many orders, how fast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) orders: u64,
    /// Orders a second; `None`: as fast as the answers come.
    pub(crate) rate: Option<f64>,
    pub(crate) connections: u64,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) began: Instant,
    /// From the intended sending to the 202, in microseconds.
    pub(crate) latency_us: Histogram<u64>,
    /// When each order should have been sent.
    pub(crate) intended: HashMap<String, Instant>,
}

/// Posts the orders, to the addresses in turn, and returns once all are answered 202.
pub(crate) async fn post(addresses: &[String], plan: Plan, run: &str) -> Result<Outcome> {
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let (answered, mut answers) = mpsc::unbounded_channel();
    let mut workers = JoinSet::new();
    for address in addresses.iter().cycle().take(usize::try_from(plan.connections)?) {
        let (next, answered) = (Arc::clone(&next), answered.clone());
        let (address, run) = (address.clone(), run.to_owned());
        workers.spawn(async move {
            let mut connection = Connection::open(&address).await?;
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= plan.orders {
                    return anyhow::Ok(());
                }
                let intended =
                    plan.rate.map_or_else(Instant::now, |rate| began + Duration::from_secs_f64(n as f64 / rate));
                tokio::time::sleep_until(intended.into()).await;
                let order = connection.order(&format!("{run}-{n}"), n).await?;
                answered.send((order, intended, Instant::now()))?;
            }
        });
    }
    drop(answered);
    let mut outcome = Outcome { began, latency_us: Histogram::new(3)?, intended: HashMap::new() };
    while let Some((order, intended, done)) = answers.recv().await {
        outcome.latency_us.record(u64::try_from(done.saturating_duration_since(intended).as_micros())?)?;
        outcome.intended.insert(order, intended);
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    Ok(outcome)
}

/// One connection that is kept open. Writes and reads just enough HTTP to cost the machine little.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    host: String,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, host: address.to_owned(), buffer: Vec::with_capacity(8192) })
    }

    /// Posts an order of two lines and returns its id.
    pub(crate) async fn order(&mut self, key: &str, n: u64) -> Result<String> {
        let (status, body) = self.try_order(key, n).await?;
        ensure!(status == 202, "answered {status}: {body}");
        let order: serde_json::Value = serde_json::from_str(&body)?;
        Ok(order["id"].as_str().context("an order has an id")?.to_owned())
    }

    /// Posts an order of two lines: status and body of whatever is answered.
    pub(crate) async fn try_order(&mut self, key: &str, n: u64) -> Result<(u16, String)> {
        let (first, second) = (n % 7, 7 + n % 5);
        let body = format!(
            r#"{{"location":"soho","type":"dine_in","table":"{}","lines":[{{"sku":"dish-{first}","quantity":1,"notes":"no onion"}},{{"sku":"dish-{second}","quantity":2}}]}}"#,
            n % 40
        );
        let header = format!("Idempotency-Key: {key}\r\n");
        self.send("POST", "/v1/orders", &header, &body).await
    }

    /// Status and body of the answer.
    pub(crate) async fn send(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Result<(u16, String)> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the connection was closed");
            }
            if let Some(answer) = parse(&self.buffer)? {
                return Ok(answer);
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Option<(u16, String)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?;
    let status = head.split(' ').nth(1).context("a status line")?.parse()?;
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|text| text.trim().to_owned()))
        .context("an answer with a content length")?
        .parse::<usize>()?;
    let body = &bytes[end + 4..];
    if body.len() < length {
        return Ok(None);
    }
    Ok(Some((status, String::from_utf8(body[..length].to_vec())?)))
}
