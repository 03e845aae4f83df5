//! `comanda events`: what the services say to each other, as it is kept and as it comes.

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io::BufWriter,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{contract::time::Time, engine::call::fresh_id};
use uuid::Uuid;

use super::{
    At, Moment, SERVICES, ended, fits, interruptible, note,
    orders::{self, Name},
    paint,
    past::{self, PAGE, Past},
    progress::{self, Progress},
    refuse_unknown_type, say,
    zones::Zones,
};

const EXAMPLES: &str = "Examples:
  comanda events -f                                 follow all that is said
  comanda events --since 10m --type 'ticket.*'      what the kitchen said in the last ten minutes
  comanda events --order 12 --location soho         the order with that number
  comanda events show 0190b2f0-…                    one event, whole
  comanda events --save rush.ndjson                 keep all history, journals included";

/// How often is looked for more.
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    one: Option<One>,
    #[command(flatten)]
    at: At,

    /// Read history from a file that `--save` wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = ["at", "follow", "save"])]
    from: Option<PathBuf>,

    /// Go on with what is said from now on
    #[arg(short, long)]
    follow: bool,

    #[command(flatten)]
    filter: Filter,

    /// Only what was said since: a time, or so long ago (10m, 2h, 3d)
    #[arg(long, value_name = "TIME|AGO")]
    since: Option<Moment>,

    /// Write all history, what the services were told included, to a new file, for --from and for `comanda replay`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["follow", "order", "kind", "location", "service", "since"])]
    save: Option<PathBuf>,

    /// Each event whole, one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Which events.
#[derive(Clone, Debug, Args, Deserialize)]
pub(crate) struct Filter {
    /// Only of this order: its id, or its number (the last order that has it)
    #[arg(long, value_name = "ID|NUMBER")]
    pub(crate) order: Option<String>,

    /// Only such types: order.placed, ticket.*
    #[arg(long = "type", value_name = "TYPE")]
    #[serde(rename = "type")]
    kind: Option<String>,

    #[arg(long, value_name = "LOCATION", help = "Only of this location")]
    location: Option<String>,

    /// Only what this service said
    #[arg(long, value_parser = ["order-svc", "inventory-svc", "kitchen-svc"])]
    service: Option<String>,
}

#[derive(Clone, Debug, Subcommand)]
enum One {
    /// One event, whole
    #[command(after_help = "Examples:
  comanda events show 0190b2f0-…
  comanda events show 0190b2f0-… --from rush.ndjson --json")]
    Show {
        id: Uuid,
        #[command(flatten)]
        at: At,
        /// Look for it in a file that `--save` wrote
        #[arg(long, value_name = "FILE", conflicts_with = "at")]
        from: Option<PathBuf>,
        /// On one line
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(options: Options) -> ExitCode {
    ended(interruptible(look(&options)).await.map(|()| true))
}

async fn look(options: &Options) -> Result<()> {
    if let Some(One::Show { id, at, from, json }) = &options.one {
        return show(&pasts(at, from.as_deref()).await?, *id, *json).await;
    }
    let pasts = pasts(&options.at, options.from.as_deref()).await?;
    if let Some(file) = &options.save {
        return save(&pasts, file, options.json).await;
    }
    past::tell_missing("the history", &pasts, options.filter.service.as_deref())?;
    follow(&options.with_order(&pasts).await?, &pasts).await
}

/// Shows what was said and, if that is asked for, what is said from now on.
async fn follow(options: &Options, pasts: &HashMap<&'static str, Past>) -> Result<()> {
    let (mut zones, mut looked) = (Zones::of(pasts).await?, Looked::default());
    let mut readers = Vec::new();
    for past in pasts.values() {
        readers.push(Reader {
            past,
            position: start(past, options.since).await?,
            events: VecDeque::new(),
            has_more: true,
        });
    }
    loop {
        for reader in &mut readers {
            reader.fill().await?;
        }
        // In the order in which they happened, as far as clocks agree.
        let next = readers.iter_mut().filter(|reader| !reader.events.is_empty());
        match next.min_by(|a, b| a.time().cmp(&b.time())).and_then(|reader| reader.events.pop_front()) {
            Some(event) => {
                zones.see(&event);
                if looked.at(&event, options) {
                    say(&if options.json { event.to_string() } else { line(&event, &zones) })?;
                }
            }
            None if options.follow => {
                tokio::time::sleep(PAUSE).await;
                readers.iter_mut().for_each(|reader| reader.has_more = true);
            }
            None => return looked.tell(options, &zones),
        }
    }
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Looked {
    events: u64,
    shown: u64,
    /// Something happened at the location that is asked for.
    is_there: bool,
}

impl Looked {
    /// Whether the event is to be shown.
    fn at(&mut self, event: &Value, options: &Options) -> bool {
        let is_wanted = options.wants(event);
        self.events += 1;
        self.shown += u64::from(is_wanted);
        self.is_there |= options.filter.location.as_deref() == event["location"].as_str();
        is_wanted
    }

    /// Where nothing was shown, what was looked for; an error where something is named that is not there.
    fn tell(self, options: &Options, zones: &Zones) -> Result<()> {
        let Filter { order, kind, location, service } = &options.filter;
        if self.shown > 0 {
            return Ok(());
        }
        if let Some(location) = location {
            ensure!(self.is_there || zones.know(location), "there is no location {location}");
        }
        if let Some(kind) = kind {
            refuse_unknown_type(kind)?;
        }
        let filters = [("order", order), ("type", kind), ("location", location), ("service", service)];
        let named = filters.into_iter().filter_map(|(name, value)| Some(format!(" --{name} {}", value.as_ref()?)));
        let fits = named.collect::<String>();
        let fits = if fits.is_empty() { fits } else { format!(" that fits{fits}") };
        let since = options.since.map_or(String::new(), |since| format!(" since {since}"));
        note(&format!("nothing was said{since}{fits}; {} events were looked at", self.events));
        Ok(())
    }
}

/// What one service said, read on and on.
struct Reader<'a> {
    past: &'a Past,
    position: i64,
    events: VecDeque<Value>,
    has_more: bool,
}

impl Reader<'_> {
    async fn fill(&mut self) -> Result<()> {
        if !self.events.is_empty() || !self.has_more {
            return Ok(());
        }
        for (position, event) in self.past.said(self.position, PAGE).await? {
            self.position = position;
            self.events.push_back(serde_json::from_str(&event).context("an event")?);
        }
        self.has_more = !self.events.is_empty();
        Ok(())
    }

    /// Of the next event.
    fn time(&self) -> Option<String> {
        Some(self.events.front()?["time"].as_str()?.to_owned())
    }
}

async fn start(past: &Past, since: Option<Moment>) -> Result<i64> {
    match since {
        Some(Moment(since)) => past.said_from(since).await,
        None => past.beginning().await,
    }
}

async fn pasts(at: &At, from: Option<&Path>) -> Result<HashMap<&'static str, Past>> {
    match from {
        Some(file) => past::saved(&[file.to_owned()]).await,
        None => past::running(at).await,
    }
}

impl Filter {
    /// Whether it admits everything.
    pub(crate) fn is_open(&self) -> bool {
        let Self { order, kind, location, service } = self;
        [order, kind, location, service].into_iter().all(Option::is_none)
    }

    pub(crate) fn admits(&self, event: &Value) -> bool {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let is_of_order = |order: &String| {
            text("correlationid") == order
                || event["data"]["number"].as_i64().is_some_and(|it| it.to_string() == *order)
        };
        self.order.as_ref().is_none_or(is_of_order)
            && self.kind.as_ref().is_none_or(|kind| fits(kind, text("type")))
            && self.location.as_ref().is_none_or(|location| text("location") == location)
            && self.service.as_ref().is_none_or(|service| text("source").trim_start_matches('/') == service)
    }
}

impl Options {
    /// With the id of the order that is asked for: what inventory says of it knows no number.
    async fn with_order(&self, pasts: &HashMap<&'static str, Past>) -> Result<Self> {
        let mut named = self.clone();
        if let Some(order) = &self.filter.order {
            let order = match order.parse().map_err(|wrong: &str| anyhow!("--order: {wrong}"))? {
                // It may be said only now.
                Name::Id(id) if self.follow => id,
                name => orders::named(pasts, name).await?,
            };
            named.filter.order = Some(order.to_string());
        }
        Ok(named)
    }

    fn wants(&self, event: &Value) -> bool {
        let is_recent =
            |since| event["time"].as_str().and_then(|time| time.parse().ok()).is_some_and(|time: Time| time >= since);
        self.filter.admits(event) && self.since.is_none_or(|Moment(since)| is_recent(since))
    }
}

/// `2026-11-25 19:30:00.123456+00:00  order.accepted       soho     #12  0190…`.
fn line(event: &Value, zones: &Zones) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let number = event["data"]["number"].as_i64().map_or(String::new(), |number| format!("#{number}"));
    let time = zones.of_event(event);
    let kind = format!("{:<28}", text("type"));
    let kind = if text("type").ends_with(".rejected") { paint::wrong(kind) } else { kind };
    format!("{time:<32}  {kind} {:<12} {number:>6}  {}", text("location"), paint::id(text("subject")))
}

async fn show(pasts: &HashMap<&'static str, Past>, id: Uuid, json: bool) -> Result<()> {
    let wanted = id.to_string();
    for past in pasts.values() {
        let mut position = past.beginning().await?;
        loop {
            let events = past.said(position, PAGE).await?;
            let Some((last, _)) = events.last() else { break };
            position = *last;
            for (_, event) in events {
                let event: Value = serde_json::from_str(&event).context("an event")?;
                if event["id"] == wanted {
                    return say(&if json { event.to_string() } else { serde_json::to_string_pretty(&event)? });
                }
            }
        }
    }
    bail!("nobody said {id}, or it has been forgotten")
}

/// Whole, or not at all: what is being written has another name until then.
async fn save(pasts: &HashMap<&'static str, Past>, path: &Path, json: bool) -> Result<()> {
    // Never over a history that somebody has kept.
    ensure!(!path.exists(), "{} is there already", path.display());
    let part = Part::new(path);
    // Orders are nobody else's to read.
    let made = File::options().write(true).create_new(true).mode(0o600).open(&part.0);
    let file = made.with_context(|| format!("make {}", path.display()))?;
    let mut out = BufWriter::new(file);
    let mut all = 0;
    for past in pasts.values().filter(|_| progress::is_seen()) {
        all += past.end().await? - past.beginning().await? + past.told_end().await? - past.forgotten().await?;
    }
    let progress = Progress::new("lines", all);
    for (service, _) in SERVICES {
        if let Some(past) = pasts.get(service) {
            let lines = past.save(service, &mut out, &progress).await?;
            say(&match json {
                true => json!({"service": service, "lines": lines}).to_string(),
                false => format!("{service:<14} {lines:>8} lines"),
            })?;
        }
    }
    let file = out.into_inner().with_context(|| format!("write {}", path.display()))?;
    file.sync_all().with_context(|| format!("write {}", path.display()))?;
    ensure!(!path.exists(), "{} was made meanwhile by somebody else", path.display());
    std::fs::rename(&part.0, path).with_context(|| format!("make {}", path.display()))
}

/// A file that is not whole yet. Gone with whoever writes it, unless that is killed.
struct Part(PathBuf);

impl Part {
    fn new(path: &Path) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.part", fresh_id()));
        Self(name.into())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Where it became what it was to be, it has that name.
        let _ = std::fs::remove_file(&self.0);
    }
}
