//! `comanda show`: an order, a ticket, the stock … as it is, or as it was at a moment of the past. What was is found by
//! running the past of the service that knows it, and of no other, in a sandbox.

mod layout;
mod wanted;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result, bail};
use axum::Router;
use clap::{Args, ValueEnum};
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde_json::json;
use shared::{contract::time::Time, db::Db, process::still::Still, web::site::Site};
use tokio::net::TcpListener;

use self::{layout::written, wanted::Wanted};
use super::{
    At, Moment, ended, interruptible, note,
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

    /// As one JSON object, on one line
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
    ended(interruptible(show(&options)).await)
}

/// Whether it is there.
async fn show(options: &Options) -> Result<bool> {
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
async fn find<S: Site>(options: &Options, wanted: &Wanted) -> Result<bool> {
    if let Some(moment @ Moment(time)) = options.as_of
        && time > Time::now()
    {
        note(&format!("{moment}: it is shown as far as it is known"));
    }
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

async fn then<S: Site>(options: &Options, wanted: &Wanted, past: &Past, zones: &Zones) -> Result<bool> {
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

async fn answer(api: &Api, options: &Options, wanted: &Wanted, zones: &Zones) -> Result<bool> {
    let location = wanted.location.as_ref().filter(|location| zones.are_known() && !zones.know(location));
    let found = match location {
        Some(_) => None,
        None => wanted.ask(api).await?,
    };
    let Some(found) = found else {
        let missing =
            location.map_or_else(|| wanted.missing.clone(), |location| format!("there is no location {location}"));
        return is_missing(options, &missing, zones);
    };
    say(&match options.json {
        true => found.to_string(),
        false => written(options.what, &found, zones).trim_end().to_owned(),
    })?;
    Ok(true)
}

/// Says what is not there, or was not then.
fn is_missing(options: &Options, missing: &str, zones: &Zones) -> Result<bool> {
    let then = match options.as_of {
        Some(Moment(time)) => format!(" at {}", zones.clock(None).exact(time)),
        None if !options.from.is_empty() => " in the history".into(),
        None => String::new(),
    };
    if !options.json {
        bail!("{missing}{then}");
    }
    let (what, as_of) = (options.what.to_possible_value(), options.as_of.map(|Moment(time)| time));
    let what = what.as_ref().map(|what| what.get_name());
    say(&json!({"missing": what, "which": options.which, "as_of": as_of, "detail": format!("{missing}{then}")})
        .to_string())?;
    Ok(false)
}
