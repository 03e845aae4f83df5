//! A part is killed while orders come in, and started again a moment later: what is answered meanwhile, and how soon the
//! kitchen has caught up.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    load::Connection,
    report::{self, STEP_MS},
    restaurant::{Process, Restaurant},
};

/// Orders a second.
const RATE: f64 = 100.0;
const WORKERS: usize = 32;
/// When it is killed, when it is started again, and when the last order comes.
const KILLED: Duration = Duration::from_secs(2);
const STARTED: Duration = Duration::from_secs(5);
const END: Duration = Duration::from_secs(10);
/// How long a guest, a cook or a manager waits for an answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);

/// Kills the last process of that name.
pub(crate) async fn of(restaurant: &mut Restaurant, killed: &str) -> Result<report::Outage> {
    let (orders, kitchen, inventory) =
        (restaurant.orders(), restaurant.kitchen().to_owned(), restaurant.inventory().to_owned());
    let mut tickets = Tickets { address: kitchen.clone(), after: 0, seen: HashMap::new() };
    tickets.skip().await?;
    let found = restaurant.processes.iter_mut().rfind(|process| process.name == killed);
    let (process, is_down, began) = (found.context("nobody has that name")?, AtomicBool::new(false), Instant::now());
    let stock = format!("http://{inventory}/v1/stock/soho");
    let display = format!("http://{kitchen}/v1/tickets?location=soho&limit=1");
    let (posted, tickets, ready_s, display, stock) = tokio::join!(
        post(&orders, killed, began),
        tickets.follow(began),
        kill(process, began, &is_down),
        probe(&display, began, &is_down),
        probe(&stock, began, &is_down),
    );
    let (posted, tickets, ready_s) = (posted?, tickets?, ready_s?);
    let answered: Vec<&Posted> = posted.iter().filter(|posted| posted.answered.is_some()).collect();
    let ticket_s = |posted: &&&Posted| {
        let (order, _) = posted.answered.as_ref()?;
        tickets.get(order).copied()
    };
    let is_before_ready = |posted: &&&Posted| posted.answered.as_ref().is_some_and(|(_, at)| *at <= ready_s);
    let caught_up_s = answered.iter().filter(is_before_ready).filter_map(|it| ticket_s(&it)).fold(ready_s, f64::max);
    let (killed_s, started_s) = (KILLED.as_secs_f64(), STARTED.as_secs_f64());
    let while_down: Vec<&Posted> = posted.iter().filter(|it| (killed_s..started_s).contains(&it.intended_s)).collect();
    let taken = while_down.iter().filter(|posted| posted.answered.is_some()).count();
    Ok(report::Outage {
        killed: killed.to_owned(),
        killed_s,
        started_s,
        ready_s,
        orders_taken: taken as f64 / while_down.len().max(1) as f64,
        display_answered: display?,
        stock_answered: stock?,
        caught_up_s,
        lost: answered.iter().filter(|it| ticket_s(it).is_none()).count(),
        taken_by_step: by_step(answered.iter().filter_map(|it| it.answered.as_ref().map(|(_, at)| *at))),
        tickets_by_step: by_step(tickets.values().copied()),
    })
}

fn by_step(times_s: impl Iterator<Item = f64>) -> Vec<u64> {
    let mut steps = Vec::new();
    for at_s in times_s {
        let step = (at_s * 1000.0 / STEP_MS as f64) as usize;
        steps.resize(steps.len().max(step + 1), 0);
        steps[step] += 1;
    }
    steps
}

/// When it is ready again, in seconds since the beginning.
async fn kill(process: &mut Process, began: Instant, is_down: &AtomicBool) -> Result<f64> {
    tokio::time::sleep_until((began + KILLED).into()).await;
    process.kill()?;
    is_down.store(true, Ordering::Relaxed);
    tokio::time::sleep_until((began + STARTED).into()).await;
    is_down.store(false, Ordering::Relaxed);
    process.start_again().await?;
    Ok(began.elapsed().as_secs_f64())
}

/// Which part of the questions was answered while the process was down.
async fn probe(url: &str, began: Instant, is_down: &AtomicBool) -> Result<f64> {
    let client = reqwest::Client::builder().no_proxy().timeout(ANSWERED_WITHIN).build()?;
    let (mut asked, mut answered, mut every) = (0.0, 0.0, tokio::time::interval(POLL));
    while began.elapsed() < STARTED {
        every.tick().await;
        if is_down.load(Ordering::Relaxed) {
            asked += 1.0;
            answered += f64::from(u8::from(client.get(url).send().await.is_ok_and(|it| it.status().is_success())));
        }
    }
    Ok(answered / f64::max(asked, 1.0))
}

/// An order as a guest sees it; times in seconds since the beginning.
struct Posted {
    intended_s: f64,
    /// Its id, and when; `None` where nobody took it within a second.
    answered: Option<(String, f64)>,
}

/// Posts at a rate, and each order once: to the next address where nobody answers at one, as a load balancer does.
async fn post(addresses: &[String], killed: &str, began: Instant) -> Result<Vec<Posted>> {
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let (next, mut addresses) = (Arc::clone(&next), addresses.to_vec());
        let (first, run) = (worker % addresses.len(), format!("without-{killed}-{}", addresses.len()));
        addresses.rotate_left(first);
        workers.spawn(async move {
            let mut connections: HashMap<String, Connection> = HashMap::new();
            let mut posted = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let intended_s = n as f64 / RATE;
                if intended_s >= END.as_secs_f64() {
                    return posted;
                }
                tokio::time::sleep_until((began + Duration::from_secs_f64(intended_s)).into()).await;
                let mut answered = None;
                for address in &addresses {
                    answered = order(&mut connections, address, &format!("{run}-{n}"), n).await;
                    if answered.is_some() {
                        break;
                    }
                }
                let answered = answered.map(|order| (order, began.elapsed().as_secs_f64()));
                posted.push(Posted { intended_s, answered });
            }
        });
    }
    Ok(workers.join_all().await.into_iter().flatten().collect())
}

/// The order's id; `None` where it is not answered.
async fn order(connections: &mut HashMap<String, Connection>, address: &str, key: &str, n: u64) -> Option<String> {
    let ordering = async {
        let mut connection = match connections.remove(address) {
            Some(connection) => connection,
            None => Connection::open(address).await?,
        };
        let order = connection.order(key, n).await?;
        anyhow::Ok((order, connection))
    };
    let (order, connection) = timeout(ANSWERED_WITHIN, ordering).await.ok()?.ok()?;
    connections.insert(address.to_owned(), connection);
    Some(order)
}

/// The kitchen's feed, read on and on.
struct Tickets {
    address: String,
    after: i64,
    /// When each order's ticket was seen first, in seconds since the beginning.
    seen: HashMap<String, f64>,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Event>,
    next: String,
}

#[derive(Deserialize)]
struct Event {
    r#type: String,
    correlationid: Option<String>,
}

impl Tickets {
    /// The next page; `None` where nobody answers.
    async fn page(&self) -> Option<Page> {
        let path = format!("/v1/feed/kitchen?after={}&limit=500", self.after);
        let asking = async { Connection::open(&self.address).await?.send("GET", &path, "", "").await };
        let (_, body) = timeout(ANSWERED_WITHIN, asking).await.ok()?.ok()?;
        serde_json::from_str(&body).ok()
    }

    /// What was there before is of no interest.
    async fn skip(&mut self) -> Result<()> {
        loop {
            let page = self.page().await.context("the kitchen has no feed")?;
            self.after = page.next.parse()?;
            if page.items.is_empty() {
                return Ok(());
            }
        }
    }

    /// Until no more come, once the last order was placed.
    async fn follow(mut self, began: Instant) -> Result<HashMap<String, f64>> {
        let (mut every, mut last) = (tokio::time::interval(POLL), Instant::now());
        while began.elapsed() < END || last.elapsed() < 2 * ANSWERED_WITHIN {
            ensure!(began.elapsed() < PATIENCE, "tickets come on and on");
            every.tick().await;
            let Some(page) = self.page().await else { continue };
            self.after = page.next.parse()?;
            let opened = page.items.into_iter().filter(|event| event.r#type == "ticket.opened");
            let orders: HashSet<String> = opened.filter_map(|event| event.correlationid).collect();
            if !orders.is_empty() {
                last = Instant::now();
            }
            let now_s = began.elapsed().as_secs_f64();
            for order in orders {
                self.seen.entry(order).or_insert(now_s);
            }
        }
        Ok(self.seen)
    }
}
