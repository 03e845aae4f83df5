//! `comanda audit`: does everybody agree? Every event said was taken in by each who hears it, or is its dead letter; the
//! states of order, reservation and ticket fit; the ledger balances; nothing is missing in between. What a listener
//! missed is said to it again.

mod ledger;
mod mend;
mod orders;
mod positions;
mod report;
mod rules;
mod watch;

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    net::SocketAddr,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;
use inventory_svc::InventorySvc;
use kitchen_svc::{KitchenSvc, domain::ticket_id};
use order_svc::OrderSvc;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use shared::{contract::time::Time, engine::service::Service, process::host};
use tokio::time::Instant;
use uuid::Uuid;

use self::{
    orders::Orders,
    report::{Count, Discrepancy, What, command},
    rules::{Fit, Standing},
};
use super::{
    At, Interrupted, Moment, NobodyReads, SERVICES, Span,
    convergence::{Convergence, Heard, Said},
    ended, interruptible, note, past,
    progress::Progress,
    zones::Zones,
};
use crate::api::Api;

const EXAMPLES: &str = "Examples:
  comanda audit                                 does everybody agree?
  comanda audit --since 1h --lag 30s            about the last hour; 30 s late is not yet missing
  comanda audit --mend                          say again what was missed, redrive, and look once more
  comanda audit --watch --metrics 127.0.0.1:9464

It exits with 0 where all agree, with 1 where they do not, and with 2 where it could not find out. Memory is in
proportion to the orders under way and to what is missing, not to history.";

const COULD_NOT: u8 = 2;
/// How often is looked whether what is under way has arrived.
const PAUSE: Duration = Duration::from_millis(200);
/// After so many events what has ended is let go.
const LET_GO_AFTER: u64 = 20_000;
/// An event may be dated a moment before one that came before it.
const SKEW: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    at: At,

    /// Only what was said since: a time, or so long ago (10m, 2h, 3d)
    #[arg(long, value_name = "TIME|AGO")]
    since: Option<Moment>,

    /// What is under way for no longer is no discrepancy
    #[arg(long, value_name = "SPAN", default_value = "10s")]
    lag: Span,

    /// Say again to each listener exactly what it has missed, try once more what it has set aside, wait until it is taken in,
    /// and look once more
    #[arg(long)]
    mend: bool,

    /// Go on, looking every so often (5s): what has changed, and how things stand
    #[arg(long, value_name = "EVERY", num_args = 0..=1, default_missing_value = "5s", conflicts_with = "mend")]
    watch: Option<Span>,

    /// Serve what --watch finds to Prometheus, at /metrics on this address
    #[arg(long, value_name = "ADDRESS", requires = "watch")]
    metrics: Option<SocketAddr>,

    /// Serve metrics on other addresses than loopback
    #[arg(long, requires = "metrics")]
    allow_unauthenticated: bool,

    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: Options) -> ExitCode {
    let agreed = match options.watch {
        Some(Span(every)) => watch::run(&options, every).await,
        None => interruptible(once(&options)).await,
    };
    match agreed {
        Ok(agreed) => ended(Ok(agreed)),
        Err(error) if error.is::<Interrupted>() || error.is::<NobodyReads>() => ended(Err(error)),
        Err(error) => {
            host::refuse("comanda", &error.context("could not audit"));
            ExitCode::from(COULD_NOT)
        }
    }
}

/// Whether everybody agrees, in the end.
async fn once(options: &Options) -> Result<bool> {
    let mut audit = Audit::start(options).await?;
    audit.read_all().await?;
    audit.wait(options.lag.0).await?;
    let found = audit.look().await?;
    report::tell(&found, &audit.zones, options.json)?;
    let left = if options.mend { mend::mend(&mut audit, &found).await? } else { found.clone() };
    let new: Vec<Discrepancy> = left.iter().filter(|one| !found.contains(one)).cloned().collect();
    report::tell(&new, &audit.zones, options.json)?;
    if audit.count().events == 0 {
        let since = options.since.map_or(String::new(), |since| format!(" since {since}"));
        note(&format!("nothing was said{since}"));
    }
    report::conclude(Count { discrepancies: left.len(), ..audit.count() }, options.json)?;
    Ok(left.is_empty())
}

/// An audit that goes on.
struct Audit {
    convergence: Convergence,
    orders: Orders,
    lag: Duration,
    /// Where the feeds were read from.
    since: Option<Time>,
    /// Nothing that was ever said is left out.
    is_whole: bool,
    /// How far each journal was read, and what they lack.
    journals: HashMap<&'static str, i64>,
    lost: Vec<Discrepancy>,
    /// Ledgers were read whole before: their beginnings do not change.
    has_read_ledgers: bool,
    zones: Zones,
    /// For commands: ` --at URL`.
    at: String,
    resent: usize,
    redriven: usize,
}

impl Audit {
    async fn start(options: &Options) -> Result<Self> {
        let pasts = past::running(&options.at).await?;
        let (mut after, mut is_whole) = (HashMap::new(), options.since.is_none());
        for (service, past) in &pasts {
            let beginning = past.beginning().await?;
            is_whole &= beginning == 0;
            let from = match options.since {
                Some(Moment(time)) => past.said_before(time).await?,
                None => beginning,
            };
            after.insert(*service, from);
        }
        let days = pasts[OrderSvc::NAME].running()?.0.list("/v1/locations?limit=500").await?;
        let zones = Zones::of(&pasts).await?;
        Ok(Self {
            convergence: Convergence::new(pasts, &after),
            orders: Orders::new(days),
            lag: options.lag.0,
            since: options.since.map(|Moment(time)| time),
            is_whole,
            journals: HashMap::new(),
            lost: Vec::new(),
            has_read_ledgers: false,
            zones,
            at: options.at.arguments(),
            resent: 0,
            redriven: 0,
        })
    }

    /// Reads all history, and says how far it has come.
    async fn read_all(&mut self) -> Result<()> {
        let mut all = 0;
        for (service, _) in SERVICES {
            all += self.convergence.pasts[service].end().await? - self.convergence.position(service);
        }
        let progress = Progress::new("events", all);
        let mut read = self.convergence.events;
        while self.read_page().await? {
            progress.advance(usize::try_from(self.convergence.events - read)?);
            read = self.convergence.events;
        }
        Ok(())
    }

    /// Reads what has been said since.
    async fn read_on(&mut self) -> Result<()> {
        while self.read_page().await? {}
        Ok(())
    }

    async fn read_page(&mut self) -> Result<bool> {
        let (orders, zones, before) = (&mut self.orders, &mut self.zones, self.convergence.events);
        let see = |_, said: &Said<'_>| {
            if said.kind == "location.changed" {
                zones.note(&said.data()?);
            }
            orders.see(said)
        };
        let has_more = self.convergence.read(see).await?;
        if before / LET_GO_AFTER != self.convergence.events / LET_GO_AFTER || !has_more {
            let until = self.convergence.read_until().map(|until| until - self.lag.max(SKEW));
            until.into_iter().for_each(|until| self.orders.let_go(until));
        }
        Ok(has_more)
    }

    /// Until what is under way has arrived, or for so long.
    async fn wait(&mut self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            self.read_on().await?;
            self.convergence.settle().await?;
            let horizon = self.horizon();
            let (_, unfit) = self.orders.unfit(horizon);
            let is_young = |heard: &Heard| heard.time > horizon;
            let is_under_way = unfit > 0 || self.convergence.links.iter().any(|link| link.open.iter().any(is_young));
            if !is_under_way || Instant::now() >= deadline {
                return Ok(());
            }
            tokio::time::sleep(PAUSE.min(patience)).await;
        }
    }

    /// All that the services do not agree on.
    async fn look(&mut self) -> Result<Vec<Discrepancy>> {
        let mut found = self.missing().await?;
        found.extend(self.unfit().await?);
        found.extend(self.numbers());
        found.extend(positions::check(self).await?);
        found.extend(ledger::balance(self).await?);
        Ok(found)
    }

    /// The moment since when what is under way may still be.
    fn horizon(&self) -> Time {
        Time::now() - self.lag
    }

    /// Events that a listener has not taken in although it had time.
    async fn missing(&mut self) -> Result<Vec<Discrepancy>> {
        let (horizon, mut found) = (self.horizon(), Vec::new());
        for link in &self.convergence.links {
            let feed = self.convergence.running(link.speaker)?.1;
            for heard in link.open.iter().filter(|heard| heard.time <= horizon) {
                let (kind, id, position) = (&heard.kind, heard.id, heard.position);
                let about = if heard.order.is_none() { format!(" about {}", heard.subject) } else { String::new() };
                let detail = format!("{} has not taken in {kind} {id}{about} ({feed}:{position})", link.listener);
                let then = command(&format!("replay --into {} {id} --yes", link.listener), &self.at);
                let (what, location) = (What::Missing, Some(heard.location.clone()));
                let (order, said_at) = (heard.order, Some(heard.time));
                found.push(Discrepancy { what, order, number: None, location, said_at, detail, then });
            }
        }
        self.with_orders(found).await
    }

    /// Orders on which the services do not agree although all was taken in, or set aside.
    async fn unfit(&mut self) -> Result<Vec<Discrepancy>> {
        let (candidates, _) = self.orders.unfit(self.horizon());
        let open = self.convergence.links.iter().flat_map(|link| &link.open);
        let waiting: HashSet<Uuid> = open.filter_map(|heard| heard.order).collect();
        let mut found = Vec::new();
        for order in candidates.into_iter().filter(|order| !waiting.contains(order)) {
            // The feeds may begin behind it, and something may have been said meanwhile.
            let asked = self.ask(order).await?;
            let is_unfit = asked.fit(self.horizon()) == Fit::Unfit;
            let words = asked.in_words();
            self.orders.correct(order, asked);
            if !is_unfit {
                continue;
            }
            let letter = self.convergence.links.iter().find_map(|link| {
                link.dead.iter().find(|heard| heard.order == Some(order)).map(|heard| (link.listener, heard))
            });
            let (what, detail, then) = match letter {
                Some((listener, heard)) => {
                    let detail = format!("{listener} has set {} {} aside: {words}", heard.kind, heard.id);
                    (What::DeadLetter, detail, command(&format!("dead redrive {}", heard.id), &self.at))
                }
                None => (What::Unfit, words, command(&format!("trace {order}"), &self.at)),
            };
            let (order, number, location, said_at) = (Some(order), None, None, None);
            found.push(Discrepancy { what, order, number, location, said_at, detail, then });
        }
        self.with_orders(found).await
    }

    fn numbers(&self) -> Vec<Discrepancy> {
        let twice = self.orders.twice.iter().map(|twice| Discrepancy {
            what: What::Number,
            order: Some(twice.orders[1]),
            number: Some(twice.number),
            location: Some(twice.location.clone()),
            said_at: None,
            detail: format!("{} has the same number on {}", twice.orders[0], twice.day),
            then: command(&format!("trace {}", twice.orders[1]), &self.at),
        });
        twice.collect()
    }

    /// With the numbers that people know the orders by, and where they are.
    async fn with_orders(&self, mut found: Vec<Discrepancy>) -> Result<Vec<Discrepancy>> {
        let mut known: HashMap<Uuid, Option<rules::Order>> = HashMap::new();
        for one in &mut found {
            let Some(order) = one.order else { continue };
            let shown = match known.entry(order) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(self.order(order).await?),
            };
            if let Some(shown) = shown {
                (one.number, one.location) = (Some(shown.number), Some(shown.location.clone()));
            }
        }
        Ok(found)
    }

    async fn order(&self, order: Uuid) -> Result<Option<rules::Order>> {
        match self.orders.get(order).and_then(|standing| standing.order.clone()) {
            Some(held) => Ok(Some(held)),
            None => look(self.convergence.running(OrderSvc::NAME)?.0, &format!("/v1/orders/{order}")).await,
        }
    }

    /// What the services themselves say of an order.
    async fn ask(&self, order: Uuid) -> Result<Standing> {
        let at = |service| self.convergence.running(service).map(|(api, _)| api);
        Ok(Standing {
            order: look(at(OrderSvc::NAME)?, &format!("/v1/orders/{order}")).await?,
            reservation: look(at(InventorySvc::NAME)?, &format!("/v1/reservations/{order}")).await?,
            ticket: look(at(KitchenSvc::NAME)?, &format!("/v1/tickets/{}", ticket_id(order))).await?,
            latest: None,
        })
    }

    fn count(&self) -> Count {
        let dead_letters = self.convergence.links.iter().map(|link| link.dead.len()).sum();
        let (events, orders) = (self.convergence.events, self.orders.placed);
        let (resent, redriven) = (self.resent, self.redriven);
        Count { events, orders, dead_letters, resent, redriven, discrepancies: 0 }
    }
}

/// What is there; `None` where nothing is.
async fn look<T: DeserializeOwned>(api: &Api, path: &str) -> Result<Option<T>> {
    let answer = api.look(path).await?;
    match answer.status {
        StatusCode::OK => Ok(Some(serde_json::from_value(answer.body).with_context(|| format!("GET {path}"))?)),
        StatusCode::NOT_FOUND => Ok(None),
        status => anyhow::bail!("GET {}{path} answers {status}", api.base),
    }
}
