//! `comanda replay`: history run again. What each service was told is decided once more by today's code, in a sandbox of
//! fresh files, and held against what it decided and said then. Nothing outside the sandbox can change, but by `--into`.

mod into;
pub(crate) mod run;
mod step;
mod until;

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, process::ExitCode, thread};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde_json::json;
use shared::{contract::time::Time, db::Db, engine::service::Service};
use tokio::runtime::Handle;
use uuid::Uuid;

use self::{
    run::{Bound, Run, Summary, Watch},
    until::{Until, bounds},
};
use super::{
    At, SERVICES,
    compare::Running,
    ended, interruptible, note,
    orders::{self, Name},
    paint,
    past::{self, Past},
    progress::{self, Progress},
    rebuild::Rebuild,
    refuse_unknown_type,
    sandbox::{self, Directory},
    say,
    zones::Zones,
};

const EXAMPLES: &str = "Examples:
  comanda replay                                  is today's code deciding as it did?
  comanda events --save rush.ndjson               keep a history
  comanda replay --from rush.ndjson --step        look at it step by step
  comanda replay --until 2026-11-25T19:30:00Z --keep then
                                                  and look at it as it was then, pages and all
  comanda replay --keep then                      look at it once more
  comanda replay --check tests/histories/*.ndjson in CI: fails on the first decision that differs
  comanda replay --compare                        is all that is stored what the journals come to?
  comanda replay --rebuild kitchen-svc --to sqlite:kitchen.db
                                                  a lost database, made anew from its journal
  comanda replay --rebuild kitchen-svc --to postgres://127.0.0.1/kitchen --from saved.ndjson
  comanda replay --into kitchen-svc --since 2h    what would be said again to the kitchen alone?
  comanda replay --into kitchen-svc --since 2h --rate 100 --yes";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    at: At,

    /// Read the history from a file that `comanda events --save` wrote; it may go on in further ones
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "at")]
    from: Vec<PathBuf>,

    /// Run each of these saved histories again, and fail on the first decision that differs
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["at", "from", "keep", "until"])]
    check: Vec<PathBuf>,

    /// Only this service
    #[arg(long, value_parser = ["order-svc", "inventory-svc", "kitchen-svc"])]
    service: Option<String>,

    /// Go no further than this moment (RFC 3339), or than the event or the input with this id
    #[arg(long, value_name = "TIME|ID")]
    until: Option<Until>,

    /// Show each input, what was decided, and how the rows changed
    #[arg(long)]
    step: bool,

    /// With --step, show what concerns this order alone; with --into, say again only that: its id, or its number (the last
    /// order that has it)
    #[arg(long, value_name = "ID|NUMBER")]
    order: Option<Name>,

    /// Stop where an event of such a type was said: ticket.voided, order.*
    #[arg(long, value_name = "TYPE")]
    pause_on: Option<String>,

    /// Keep the sandbox in this directory, which is made, and serve its pages and its interface, as they were then, until
    /// Ctrl-C; a sandbox that is there already is served again
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,

    /// Where the sandbox is served, on loopback
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", requires = "keep", value_parser = sandbox::loopback)]
    listen: SocketAddr,

    /// Compare all that the services have stored with what their journals come to: which rows differ, or are unexplained?
    #[arg(long, conflicts_with_all = ["from", "check", "until", "step", "pause_on", "keep", "rebuild"])]
    compare: bool,

    /// Make the database of this service anew, from its journal
    #[arg(long, value_name = "SERVICE", requires = "to", value_parser = ["order-svc", "inventory-svc", "kitchen-svc"],
          conflicts_with_all = ["check", "service", "until", "step", "pause_on", "keep"])]
    rebuild: Option<String>,

    /// The database that is made: one that is empty, sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL", requires = "rebuild")]
    to: Option<String>,

    /// Where the journal is lost as well: rebuild from what the other two services said. What people told it by HTTP is not
    /// in there
    #[arg(long, requires = "rebuild")]
    from_feeds: bool,

    /// One JSON object a line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    into: into::Into,
}

impl Options {
    /// With the id of the order that is asked for.
    async fn with_order(&self, pasts: &HashMap<&'static str, Past>) -> Result<Self> {
        let mut named = self.clone();
        if let Some(order) = self.order {
            named.order = Some(Name::Id(orders::named(pasts, order).await?));
        }
        Ok(named)
    }

    /// The order that is asked for, once its id is known.
    fn order_id(&self) -> Option<Uuid> {
        match self.order {
            Some(Name::Id(id)) => Some(id),
            _ => None,
        }
    }

    fn wants(&self, service: &str) -> bool {
        self.service.as_deref().is_none_or(|only| only == service)
    }
}

pub(crate) async fn run(options: Options) -> ExitCode {
    ended(is_the_same(&options).await)
}

/// Whether everything is decided as it was.
async fn is_the_same(options: &Options) -> Result<bool> {
    if let Some(to) = &options.into.into {
        return into::run(options, to).await;
    }
    ensure!(options.order.is_none() || options.step, "--order goes with --step or --into");
    if let Some(kept) = options.keep.as_deref().filter(|kept| kept.exists()) {
        sandbox::serve_again(kept, options.listen, options.json).await?;
        return Ok(true);
    }
    if let (Some(service), Some(to)) = (&options.rebuild, &options.to) {
        let (at, from, from_feeds, json) = (&options.at, &options.from[..], options.from_feeds, options.json);
        return Rebuild { service, to, at, from, from_feeds, json }.run().await;
    }
    if options.compare {
        return interruptible(compare(options)).await;
    }
    if !options.check.is_empty() {
        return interruptible(check(options)).await;
    }
    let directory = Directory::new(options.keep.as_deref())?;
    let ran = async {
        let pasts = match options.from.as_slice() {
            [] => past::running(&options.at).await?,
            files => past::saved(files).await?,
        };
        past::tell_missing("the history", &pasts, options.service.as_deref())?;
        run_all(&options.with_order(&pasts).await?, &pasts, &directory).await
    };
    let same = interruptible(ran).await?;
    if options.keep.is_some() {
        sandbox::serve(&directory, options.listen, options.json).await?;
    }
    Ok(same)
}

/// Up to the first that is decided differently.
async fn check(options: &Options) -> Result<bool> {
    for file in &options.check {
        let pasts = past::saved(std::slice::from_ref(file)).await?;
        let (name, directory) = (file.display().to_string(), Directory::new(None)?);
        past::tell_missing(&name, &pasts, options.service.as_deref())?;
        if options.check.len() > 1 && !options.json {
            say(&format!("{name}:"))?;
        }
        let same =
            run_all(&options.with_order(&pasts).await?, &pasts, &directory).await.with_context(|| name.clone())?;
        if !same {
            say(&match options.json {
                true => json!({"file": name, "same": false}).to_string(),
                false => paint::wrong(format!("{name} is decided differently")),
            })?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether all that is stored is explained.
async fn compare(options: &Options) -> Result<bool> {
    let mut same = true;
    for (service, feed) in SERVICES.into_iter().filter(|(service, _)| options.wants(service)) {
        let api = options.at.find(service, feed).await?;
        let past = Past::Running { api: api.clone(), feed };
        let running = Running { api: &api, past: &past, json: options.json };
        let is_same = match service {
            OrderSvc::NAME => running.compare::<OrderSvc>().await,
            InventorySvc::NAME => running.compare::<InventorySvc>().await,
            _ => running.compare::<KitchenSvc>().await,
        };
        same &= is_same.context(service)?;
    }
    Ok(same)
}

async fn run_all(options: &Options, pasts: &HashMap<&'static str, Past>, directory: &Directory) -> Result<bool> {
    let (bounds, zones) = (bounds(options.until, pasts).await?, Zones::of(pasts).await?);
    let bound = |service: &str| bounds.get(service).copied().unwrap_or(Bound::None);
    let progress = Progress::new("entries", length(options, pasts, bound).await?);
    let wanted: Vec<_> = SERVICES.iter().filter(|(service, _)| options.wants(service)).collect();
    let runs = wanted.iter().filter_map(|(service, _)| {
        let (bound, watch) = (bound(service), Some(Watch { options, zones: &zones }));
        Some((*service, Run { past: pasts.get(service)?, bound, watch, progress: &progress }))
    });
    let runs: Vec<_> = runs.collect();
    let (mut same, mut stopped) = (true, Stopped::default());
    // One after the other where somebody looks at each step.
    for runs in runs.chunks(if options.step { 1 } else { SERVICES.len() }) {
        tokio::task::block_in_place(|| {
            beside_each_other(directory, runs, |service, summary| {
                same &= summary.difference.is_none();
                stopped.note(&summary);
                report(Watch { options, zones: &zones }, service, &summary)
            })
        })?;
    }
    if options.keep.is_some() {
        directory.stop_at(stopped.at(options.until), zones.clock(None))?;
    }
    stopped.tell(options)?;
    Ok(same)
}

/// How many entries are run, where somebody sees it.
async fn length(options: &Options, pasts: &HashMap<&'static str, Past>, bound: impl Fn(&str) -> Bound) -> Result<i64> {
    let mut all = 0;
    for (service, past) in pasts.iter().filter(|(service, _)| options.wants(service) && progress::is_seen()) {
        all += bound(service).reach(past).await?;
    }
    Ok(all)
}

/// Each on a thread of its own, since deciding is work; what comes of them in their order.
fn beside_each_other(
    directory: &Directory,
    runs: &[(&'static str, Run<'_>)],
    mut done: impl FnMut(&'static str, Summary) -> Result<()>,
) -> Result<()> {
    let here = Handle::current();
    thread::scope(|scope| {
        let start = |(service, run)| {
            let here = &here;
            (service, scope.spawn(move || here.block_on(interruptible(again_in(service, directory, run)))))
        };
        let threads: Vec<_> = runs.iter().map(|(service, run)| start((*service, run))).collect();
        for (service, thread) in threads {
            let summary = thread.join().map_err(|_| anyhow!("running {service} again panicked"))?;
            done(service, summary.context(service)?)?;
        }
        Ok(())
    })
}

async fn again_in(service: &str, directory: &Directory, run: &Run<'_>) -> Result<Summary> {
    match service {
        OrderSvc::NAME => again::<OrderSvc>(directory, run).await,
        InventorySvc::NAME => again::<InventorySvc>(directory, run).await,
        _ => again::<KitchenSvc>(directory, run).await,
    }
}

async fn again<S: Service>(directory: &Directory, run: &Run<'_>) -> Result<Summary> {
    let (sandbox, summary) = run.again::<S>(Db::open(&directory.url::<S>()).await?).await?;
    sandbox.db().close().await;
    Ok(summary)
}

/// How far all of them came.
#[derive(Debug, Default)]
struct Stopped {
    last: Option<Time>,
    /// One of them did not come as far as was asked.
    early: bool,
    inputs: usize,
}

impl Stopped {
    fn note(&mut self, summary: &Summary) {
        self.last = self.last.max(summary.at);
        self.early |= summary.is_over();
        self.inputs += summary.inputs;
    }

    /// What was waited for and did not come.
    fn tell(&self, options: &Options) -> Result<()> {
        if self.inputs == 0 {
            let by = options.until.map_or(String::new(), |until| format!(" by {until}"));
            note(&format!("nothing had been told{by}, and nothing was run"));
        }
        if let Some(pattern) = options.pause_on.as_deref().filter(|_| !self.early) {
            refuse_unknown_type(pattern)?;
            note(&format!("no event of a type like {pattern} was said, and it paused nowhere"));
        }
        Ok(())
    }

    /// What is the present in the sandbox: the moment that was asked for, or that of the last input.
    fn at(&self, until: Option<Until>) -> Time {
        match until {
            Some(Until::Time(time)) if !self.early => time,
            _ => self.last.unwrap_or_else(Time::now),
        }
    }
}

fn report(Watch { options, zones }: Watch<'_>, service: &str, summary: &Summary) -> Result<()> {
    let Summary { inputs, said, took, difference, paused_at, .. } = summary;
    if options.json {
        let difference = difference.as_ref().map(step::difference_as_json).transpose()?;
        return say(&json!({ "service": service, "inputs": inputs, "said": said, "seconds": took.as_secs_f64(),
            "paused_at": paused_at, "difference": difference })
        .to_string());
    }
    let per_s = *inputs as f64 / took.as_secs_f64().max(1e-6);
    let outcome = match (difference, paused_at) {
        (Some(difference), _) => step::explain(difference, zones)?,
        (None, Some(position)) => format!("{} up to entry {position}, where it paused", paint::right("identical")),
        (None, None) => paint::right("identical"),
    };
    say(&format!("{service:<14} {inputs:>8} inputs, {said:>8} events, {per_s:>7.0} inputs/s: {outcome}"))
}
