//! `comanda show`: an order, a ticket, the stock … as it is, or as it was at a moment of the past. What was is found by
//! running the past of the service that knows it, and of no other, in a sandbox.

mod layout;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use clap::{Args, ValueEnum};
use inventory_svc::InventorySvc;
use kitchen_svc::{KitchenSvc, domain::ticket_id};
use order_svc::OrderSvc;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::{contract::time::Time, db::Db, process::still::Still, web::site::Site};
use tokio::net::TcpListener;
use uuid::Uuid;

use self::layout::written;
use super::{
    At, Moment, ended, escaped, interruptible,
    past::{self, Past},
    progress::{self, Progress},
    replay::run::{Bound, Run},
    sandbox::Directory,
    say,
    zones::Zones,
};
use crate::api::Api;

const EXAMPLES: &str = "Examples:
  comanda show order 12                                the last order with that number
  comanda show order 12 --as-of 10m                    as it was ten minutes ago
  comanda show tickets soho --as-of 2026-11-25T19:30:00Z
  comanda show stock soho --from rush.ndjson           as it was at the end of a saved history
  comanda show stock soho mozzarella                   its ledger, newest first
  comanda show menu soho --json | jq .";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// What
    #[arg(value_enum)]
    what: What,

    /// Which: an order's or a ticket's id or number; a location; a location and an ingredient, or a sku
    #[arg(value_name = "WHICH", num_args = 0..=2)]
    which: Vec<String>,

    #[command(flatten)]
    at: At,

    /// As it was then: a time, or so long ago (10m, 2h, 3d)
    #[arg(long, value_name = "TIME|AGO")]
    as_of: Option<Moment>,

    /// As a history tells that `comanda events --save` kept: at its end, or with --as-of before that. It may go on in further
    /// files
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "at")]
    from: Vec<PathBuf>,

    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// ID or NUMBER (the last order that has it)
    Order,
    /// [LOCATION], newest first
    Orders,
    /// ID, ORDER'S ID or NUMBER
    Ticket,
    /// [LOCATION]: what is on the display
    Tickets,
    /// LOCATION [INGREDIENT]
    Stock,
    /// ORDER'S ID
    Reservation,
    /// LOCATION [SKU]
    Recipe,
    /// LOCATION
    Availability,
    /// LOCATION
    Menu,
    /// LOCATION
    Location,
    Locations,
    /// LOCATION
    Stations,
}

pub(crate) async fn run(options: Options) -> ExitCode {
    ended(interruptible(show(&options)).await.map(|()| true))
}

async fn show(options: &Options) -> Result<()> {
    // Whatever is missing is told before anything is run.
    let wanted = Wanted::of(options.what, &options.which)?;
    match options.what {
        What::Order | What::Orders | What::Menu | What::Location | What::Locations => {
            find::<OrderSvc>(options, &wanted).await
        }
        What::Stock | What::Reservation | What::Recipe | What::Availability => {
            find::<InventorySvc>(options, &wanted).await
        }
        What::Ticket | What::Tickets | What::Stations => find::<KitchenSvc>(options, &wanted).await,
    }
}

/// Where it runs, or where it ran.
async fn find<S: Site>(options: &Options, wanted: &Wanted) -> Result<()> {
    if options.as_of.is_none() && options.from.is_empty() {
        let zones = Zones::at(&options.at).await?;
        return answer(&options.at.find(S::NAME, S::FEED).await?, options, wanted, &zones).await;
    }
    let (past, zones) = match options.from.as_slice() {
        [] => {
            let api = options.at.find(S::NAME, S::FEED).await?;
            (Past::Running { api, feed: S::FEED }, Zones::at(&options.at).await?)
        }
        files => {
            let mut pasts = past::saved(files).await?;
            let zones = Zones::of(&pasts).await?;
            let of_service = pasts.remove(S::NAME);
            (of_service.with_context(|| format!("the history holds nothing of {}", S::NAME))?, zones)
        }
    };
    then::<S>(options, wanted, &past, &zones).await
}

async fn then<S: Site>(options: &Options, wanted: &Wanted, past: &Past, zones: &Zones) -> Result<()> {
    let directory = Directory::new(None)?;
    let bound = match options.as_of {
        Some(Moment(time)) => Bound::moment(past, time).await?,
        None => Bound::None,
    };
    let progress = Progress::new("entries", if progress::is_seen() { bound.reach(past).await? } else { 0 });
    let run = Run { past, bound, watch: None, progress: &progress };
    let (sandbox, summary) = run.again::<S>(Db::open(&directory.url::<S>()).await?).await.context(S::NAME)?;
    drop(progress);
    if let Some(difference) = summary.difference {
        bail!("it cannot be known: this version of {} decides differently than it did then\n{difference}", S::NAME);
    }
    let mut still = Still::at(options.as_of.map(|Moment(time)| time).or(summary.at).unwrap_or_else(Time::now));
    still.add::<S>(sandbox.db().clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen on loopback")?;
    let api = Api::at(listener.local_addr()?, Duration::ZERO)?;
    let stop = still.stop();
    let asked = async {
        let shown = answer(&api, options, wanted, zones).await;
        stop.cancel();
        shown
    };
    tokio::join!(asked, still.serve(listener, Router::new())).0
}

async fn answer(api: &Api, options: &Options, wanted: &Wanted, zones: &Zones) -> Result<()> {
    let found = wanted.ask(api).await?;
    match options.json {
        true => say(&serde_json::to_string_pretty(&found)?),
        false => say(written(options.what, &found, zones).trim_end()),
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
enum Wanted {
    /// What a path answers.
    One(String),
    /// All pages of a list.
    All(String),
    Order(i64),
    Ticket(i64),
    /// Of this id, or of the order with it.
    TicketOf(Uuid),
}

impl Wanted {
    fn of(what: What, which: &[String]) -> Result<Self> {
        let second = which.get(1).map(|name| escaped(name));
        let first = which.first().map(|name| escaped(name));
        ensure!(
            second.is_none() || matches!(what, What::Stock | What::Recipe),
            "`comanda show --help` says what can be asked for: {:?} is too much",
            which[1]
        );
        let in_query = || first.as_ref().map_or(String::new(), |location| format!("&location={location}"));
        let location = || first.as_ref().context("which location? `comanda show locations` lists them");
        Ok(match (what, second) {
            (What::Orders, _) => Self::All(format!("/v1/orders?limit=500{}", in_query())),
            (What::Tickets, _) => Self::All(format!("/v1/tickets?limit=500{}", in_query())),
            (What::Locations, _) => Self::All("/v1/locations?limit=500".into()),
            (What::Order, _) => match id_or_number("order", which)? {
                Which::Id(id) => Self::One(format!("/v1/orders/{id}")),
                Which::Number(number) => Self::Order(number),
            },
            (What::Ticket, _) => match id_or_number("ticket", which)? {
                Which::Id(id) => Self::TicketOf(id),
                Which::Number(number) => Self::Ticket(number),
            },
            (What::Reservation, _) => match id_or_number("order", which)? {
                Which::Id(order) => Self::One(format!("/v1/reservations/{order}")),
                Which::Number(_) => bail!("inventory-svc knows orders by their id alone"),
            },
            (What::Stock, None) => Self::All(format!("/v1/stock/{}?limit=500", location()?)),
            (What::Stock, Some(name)) => Self::All(format!("/v1/stock/{}/{name}/movements?limit=500", location()?)),
            (What::Recipe, None) => Self::All(format!("/v1/recipes/{}?limit=500", location()?)),
            (What::Recipe, Some(sku)) => Self::One(format!("/v1/recipes/{}/{sku}", location()?)),
            (What::Availability, _) => Self::All(format!("/v1/availability/{}?limit=500", location()?)),
            (What::Menu, _) => Self::All(format!("/v1/menu/{}?limit=500", location()?)),
            (What::Location, _) => Self::One(format!("/v1/locations/{}", location()?)),
            (What::Stations, _) => Self::One(format!("/v1/stations/{}", location()?)),
        })
    }

    async fn ask(&self, api: &Api) -> Result<Value> {
        match self {
            Self::One(path) => found(api, path).await,
            Self::All(path) => Ok(json!({ "items": api.list::<Value>(path).await? })),
            Self::Order(number) => numbered(api, "/v1/orders?limit=500", *number, false).await,
            // Those come oldest first.
            Self::Ticket(number) => numbered(api, "/v1/tickets?limit=500", *number, true).await,
            Self::TicketOf(id) => {
                let path = |id| format!("/v1/tickets/{id}");
                let is_there = api.look(&path(*id)).await?.status != StatusCode::NOT_FOUND;
                found(api, &path(if is_there { *id } else { ticket_id(*id) })).await
            }
        }
    }
}

enum Which {
    Id(Uuid),
    Number(i64),
}

fn id_or_number(what: &str, which: &[String]) -> Result<Which> {
    let text = which.first().with_context(|| format!("which {what}? Give its id or its number"))?;
    let number = || text.trim_start_matches('#').parse().map(Which::Number);
    text.parse().map(Which::Id).or_else(|_| number()).with_context(|| format!("{text:?} is no id and no number"))
}

async fn found(api: &Api, path: &str) -> Result<Value> {
    let answer = api.look(path).await?;
    let detail = || answer.body["detail"].as_str().unwrap_or("no reason was given");
    ensure!(answer.status.is_success(), "{}: {}", answer.status, detail());
    Ok(answer.body)
}

/// The first of a list that has the number, or the last.
async fn numbered(api: &Api, path: &str, number: i64, last: bool) -> Result<Value> {
    let (mut after, mut found) = (String::new(), None);
    loop {
        let page: Value = api.get(&format!("{path}{after}")).await?;
        let mut with_it = page["items"].as_array().into_iter().flatten().filter(|item| item["number"] == number);
        found = if last { with_it.next_back().cloned().or(found) } else { with_it.next().cloned() };
        match page["next"].as_str() {
            Some(next) if last || found.is_none() => after = format!("&after={next}"),
            _ => return found.with_context(|| format!("there is none with the number {number}, or not any more")),
        }
    }
}
