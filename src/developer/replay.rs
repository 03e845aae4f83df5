//! `comanda replay`: history run again. What each service was told is decided once more by today's code, in a sandbox of
//! fresh files, and held against what it decided and said then. Nothing outside the sandbox can change.

mod step;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde_json::json;
use shared::{
    contract::time::Time,
    db::Db,
    engine::{
        call::fresh_id,
        journal::Entry,
        replay::{Difference, Said, Sandbox},
        service::Service,
    },
    process::host,
};
use uuid::Uuid;

use super::{
    At, SERVICES,
    past::{self, Past},
    say,
};

const EXAMPLES: &str = "Examples:
  comanda replay                                  is today's code deciding as it did?
  comanda events --save rush.ndjson               keep a history
  comanda replay --from rush.ndjson --step        look at it step by step
  comanda replay --until 2026-11-25T19:30:00Z --keep sandbox
  comanda replay --check tests/histories/*.ndjson in CI: fails on the first decision that differs";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    at: At,

    /// Read the history from a file that `comanda events --save` wrote
    #[arg(long, value_name = "FILE", conflicts_with = "at")]
    from: Option<PathBuf>,

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

    /// With --step, show what concerns this order alone
    #[arg(long, value_name = "ID", requires = "step")]
    order: Option<Uuid>,

    /// Stop where an event of such a type was said: ticket.voided, order.*
    #[arg(long, value_name = "TYPE")]
    pause_on: Option<String>,

    /// Keep the sandbox's databases in this directory, which is made
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,

    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Where to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    Time(Time),
    Id(Uuid),
}

impl FromStr for Until {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time = || text.parse().map(Self::Time);
        text.parse()
            .map(Self::Id)
            .or_else(|_| time())
            .map_err(|_| "expected a time like 2026-11-25T19:30:00Z, or an id")
    }
}

/// The last entry of a service that is run.
#[derive(Clone, Copy, Debug)]
enum Bound {
    None,
    Time(Time),
    Position(i64),
}

impl Bound {
    fn admits(self, entry: &Entry) -> bool {
        match self {
            Self::None => true,
            Self::Time(time) => entry.at <= time,
            Self::Position(last) => entry.position <= last,
        }
    }
}

/// What came of one service.
#[derive(Debug, Default)]
struct Summary {
    inputs: usize,
    said: usize,
    took: Duration,
    difference: Option<Difference>,
    /// At the position of an event that was to be paused on.
    paused_at: Option<i64>,
}

pub(crate) async fn run(options: Options) -> ExitCode {
    match again(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => host::refuse("comanda", &error),
    }
}

/// Whether everything is decided as it was.
async fn again(options: &Options) -> Result<bool> {
    if options.check.is_empty() {
        let pasts = match &options.from {
            Some(file) => past::saved(file)?,
            None => past::running(&options.at).await?,
        };
        return run_all(options, &pasts).await;
    }
    for file in &options.check {
        let same = run_all(options, &past::saved(file)?).await.with_context(|| file.display().to_string())?;
        if !same {
            say(&format!("{} is decided differently", file.display()))?;
            return Ok(false);
        }
    }
    Ok(true)
}

async fn run_all(options: &Options, pasts: &HashMap<&'static str, Past>) -> Result<bool> {
    let bounds = bounds(options, pasts).await?;
    let directory = Directory::new(options.keep.as_deref())?;
    let mut same = true;
    for (service, _) in SERVICES {
        let (Some(past), true) = (pasts.get(service), options.service.as_deref().is_none_or(|it| it == service)) else {
            continue;
        };
        let run = Run { options, past, bound: bounds.get(service).copied().unwrap_or(Bound::None) };
        let summary = match service {
            OrderSvc::NAME => run.again::<OrderSvc>(&directory).await,
            InventorySvc::NAME => run.again::<InventorySvc>(&directory).await,
            _ => run.again::<KitchenSvc>(&directory).await,
        };
        let summary = summary.with_context(|| service)?;
        same &= summary.difference.is_none();
        report(options, service, &summary)?;
    }
    if let Some(kept) = &options.keep {
        say(&format!("the sandbox is in {}", kept.display()))?;
    }
    Ok(same)
}

/// Where each service stops. Of an id: where it is, and the others at that moment.
async fn bounds(options: &Options, pasts: &HashMap<&'static str, Past>) -> Result<HashMap<&'static str, Bound>> {
    let id = match options.until {
        None => return Ok(HashMap::new()),
        Some(Until::Time(time)) => return Ok(pasts.keys().map(|service| (*service, Bound::Time(time))).collect()),
        Some(Until::Id(id)) => id.to_string(),
    };
    for (service, past) in pasts {
        if let Some(entry) = locate(past, &id).await? {
            let other = |other: &&'static str| match other == service {
                true => Bound::Position(entry.position),
                false => Bound::Time(entry.at),
            };
            return Ok(pasts.keys().map(|service| (*service, other(service))).collect());
        }
    }
    bail!("nobody was told and nobody said {id}")
}

/// The entry in which the input or the event with the id was decided: as an input of its own, or what it led to.
async fn locate(past: &Past, id: &str) -> Result<Option<Entry>> {
    let (told, said) = (format!("{{\"id\":\"{id}\""), format!("\"id\":\"{id}\""));
    let (mut position, mut spoken, mut wanted) = (0, past.beginning().await?, None);
    loop {
        let events = past.said(spoken).await?;
        let Some((last, _)) = events.last() else { break };
        spoken = *last;
        wanted = events.iter().find(|(_, event)| event.contains(&said)).map(|(position, _)| *position);
        if wanted.is_some() {
            break;
        }
    }
    loop {
        let entries = past.told(position).await?;
        let Some(last) = entries.last() else { return Ok(None) };
        position = last.position;
        let is_it = |entry: &&Entry| match wanted {
            Some(wanted) => entry.said >= wanted,
            None => entry.doc.contains(&told),
        };
        if let Some(entry) = entries.iter().find(is_it) {
            return Ok(Some(entry.clone()));
        }
    }
}

/// One service's past, and how far it is run.
struct Run<'a> {
    options: &'a Options,
    past: &'a Past,
    bound: Bound,
}

impl Run<'_> {
    async fn again<S: Service>(&self, directory: &Directory) -> Result<Summary> {
        let file = directory.path.join(format!("{}.db", S::FEED));
        let db = Db::open(&format!("sqlite:{}", file.display())).await?;
        let mut sandbox = Sandbox::new::<S>(db).await?;
        let (started, mut summary, mut spoken) = (Instant::now(), Summary::default(), 0);
        loop {
            let mut entries = self.past.told(sandbox.position).await?;
            let read = entries.len();
            entries.retain(|entry| self.bound.admits(entry));
            let Some(last) = entries.last().map(|entry| entry.said) else { break };
            let said = self.said(spoken, last).await?;
            spoken = last;
            self.run::<S>(&mut sandbox, &entries, &said, &mut summary).await?;
            if summary.difference.is_some() || summary.paused_at.is_some() || entries.len() < read {
                break;
            }
        }
        summary.took = started.elapsed();
        sandbox.db().close().await;
        Ok(summary)
    }

    async fn run<S: Service>(
        &self,
        sandbox: &mut Sandbox,
        entries: &[Entry],
        said: &Said,
        summary: &mut Summary,
    ) -> Result<()> {
        let one_by_one = self.options.step || self.options.pause_on.is_some();
        for entries in entries.chunks(if one_by_one { 1 } else { entries.len() }) {
            let changes = match self.options.step {
                true => sandbox.changes::<S>(&entries[0]).await?,
                false => Vec::new(),
            };
            for step in sandbox.run::<S>(entries, said).await? {
                if self.options.step {
                    step::show::<S>(self.options, &entries[0], &changes, &step)?;
                }
                let is_awaited = |event: &String| step::is_of_type(event, self.options.pause_on.as_deref());
                if step.said.iter().any(is_awaited) {
                    summary.paused_at = Some(sandbox.position);
                }
                summary.inputs += step.inputs;
                summary.said += step.said.len();
                summary.difference = step.difference;
            }
            if summary.difference.is_some() || summary.paused_at.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// What was said behind `after`, up to `last`, as far as it is kept.
    async fn said(&self, after: i64, last: i64) -> Result<Said> {
        let first = after.max(self.past.beginning().await?);
        let (mut position, mut events) = (first, Vec::new());
        while position < last {
            let page = self.past.said(position).await?;
            let Some((end, _)) = page.last() else { break };
            ensure!(page[0].0 == position + 1, "history has a gap: event {} is missing", position + 1);
            position = *end;
            events.extend(page.into_iter().map(|(_, event)| event));
        }
        Ok(Said::from(first + 1, events))
    }
}

fn report(options: &Options, service: &str, summary: &Summary) -> Result<()> {
    let Summary { inputs, said, took, difference, paused_at } = summary;
    if options.json {
        let difference = difference.as_ref().map(|it| {
            json!({ "position": it.position, "input": it.input,
            "then": it.then, "now": it.now })
        });
        return say(&json!({ "service": service, "inputs": inputs, "said": said, "seconds": took.as_secs_f64(),
            "paused_at": paused_at, "difference": difference })
        .to_string());
    }
    let per_s = *inputs as f64 / took.as_secs_f64().max(1e-6);
    let outcome = match (difference, paused_at) {
        (Some(difference), _) => difference.to_string(),
        (None, Some(position)) => format!("identical up to entry {position}, where it paused"),
        (None, None) => "identical".into(),
    };
    say(&format!("{service:<14} {inputs:>8} inputs, {said:>8} events, {per_s:>7.0} inputs/s: {outcome}"))
}

/// Where the sandbox's files are; gone with it unless they are kept.
struct Directory {
    path: PathBuf,
    is_kept: bool,
}

impl Directory {
    fn new(kept: Option<&Path>) -> Result<Self> {
        let path = match kept {
            Some(path) => path.to_owned(),
            None => std::env::temp_dir().join(format!("comanda-replay-{}", fresh_id())),
        };
        let failed = || format!("make {}: a sandbox begins in a directory of its own", path.display());
        std::fs::create_dir(&path).with_context(failed)?;
        Ok(Self { path, is_kept: kept.is_some() })
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be removed is the system's to clean up.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
