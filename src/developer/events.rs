//! `comanda events`: what the services say to each other, as it is kept and as it comes.

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::Value;
use shared::{contract::time::Time, process::host};
use uuid::Uuid;

use super::{
    At, SERVICES, fits,
    past::{self, Past},
    say,
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

    /// Only of this order: its id, or its number
    #[arg(long, value_name = "ID|NUMBER")]
    order: Option<String>,

    /// Only such types: order.placed, ticket.*
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    #[arg(long, value_name = "LOCATION", help = "Only of this location")]
    location: Option<String>,

    /// Only what this service said
    #[arg(long, value_parser = ["order-svc", "inventory-svc", "kitchen-svc"])]
    service: Option<String>,

    /// Only what was said since: a time, or so long ago (10m, 2h, 3d)
    #[arg(long, value_name = "TIME|AGO")]
    since: Option<Since>,

    /// Write all history, what the services were told included, to a new file, for --from and for `comanda replay`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["follow", "order", "kind", "location", "service", "since"])]
    save: Option<PathBuf>,

    /// Each event whole, one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, Subcommand)]
enum One {
    /// One event, whole
    Show {
        id: Uuid,
        #[command(flatten)]
        at: At,
        /// Look for it in a file that `--save` wrote
        #[arg(long, value_name = "FILE", conflicts_with = "at")]
        from: Option<PathBuf>,
    },
}

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Since(Time);

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(time) = text.parse() {
            return Ok(Self(time));
        }
        let wrong = "expected a time like 2026-11-25T19:30:00Z, or how long ago: 30s, 10m, 2h, 3d";
        let unit_s = match text.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            _ => return Err(wrong),
        };
        let count: u64 = text[..text.len() - 1].parse().map_err(|_| wrong)?;
        // Nobody looks back further than a lifetime.
        let ago_s = count.checked_mul(unit_s).filter(|ago_s| *ago_s < 100 * 366 * 86_400).ok_or(wrong)?;
        Ok(Self(Time::now() - Duration::from_secs(ago_s)))
    }
}

pub(crate) async fn run(options: Options) -> ExitCode {
    match look(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => host::refuse("comanda", &error),
    }
}

async fn look(options: &Options) -> Result<()> {
    if let Some(One::Show { id, at, from }) = &options.one {
        return show(&pasts(at, from.as_deref()).await?, *id).await;
    }
    let pasts = pasts(&options.at, options.from.as_deref()).await?;
    if let Some(file) = &options.save {
        return save(&pasts, file).await;
    }
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
            Some(event) if !options.wants(&event) => {}
            Some(event) => say(&if options.json { event.to_string() } else { line(&event) })?,
            None if options.follow => {
                tokio::time::sleep(PAUSE).await;
                readers.iter_mut().for_each(|reader| reader.has_more = true);
            }
            None => return Ok(()),
        }
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
        for (position, event) in self.past.said(self.position).await? {
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

async fn start(past: &Past, since: Option<Since>) -> Result<i64> {
    match since {
        Some(Since(since)) => past.said_before(since).await,
        None => past.beginning().await,
    }
}

async fn pasts(at: &At, from: Option<&Path>) -> Result<HashMap<&'static str, Past>> {
    match from {
        Some(file) => past::saved(file),
        None => past::running(at).await,
    }
}

impl Options {
    fn wants(&self, event: &Value) -> bool {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let is_of_order = |order: &String| {
            text("correlationid") == order
                || event["data"]["number"].as_i64().is_some_and(|it| it.to_string() == *order)
        };
        self.order.as_ref().is_none_or(is_of_order)
            && self.kind.as_ref().is_none_or(|kind| fits(kind, text("type")))
            && self.location.as_ref().is_none_or(|location| text("location") == location)
            && self.service.as_ref().is_none_or(|service| text("source").trim_start_matches('/') == service)
            && self.since.is_none_or(|Since(since)| text("time").parse().is_ok_and(|time: Time| time >= since))
    }
}

/// `18:42:03.123456 order.accepted       soho     #12  0190…`.
fn line(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let number = event["data"]["number"].as_i64().map_or(String::new(), |number| format!("#{number}"));
    format!("{} {:<28} {:<12} {number:>6}  {}", text("time"), text("type"), text("location"), text("subject"))
}

async fn show(pasts: &HashMap<&'static str, Past>, id: Uuid) -> Result<()> {
    let wanted = id.to_string();
    for past in pasts.values() {
        let mut position = past.beginning().await?;
        loop {
            let events = past.said(position).await?;
            let Some((last, _)) = events.last() else { break };
            position = *last;
            for (_, event) in events {
                let event: Value = serde_json::from_str(&event).context("an event")?;
                if event["id"] == wanted {
                    return say(&serde_json::to_string_pretty(&event)?);
                }
            }
        }
    }
    bail!("nobody said {id}, or it has been forgotten")
}

async fn save(pasts: &HashMap<&'static str, Past>, path: &Path) -> Result<()> {
    // Never over a history that somebody has kept.
    let file = File::create_new(path).with_context(|| format!("make {}", path.display()))?;
    let mut out = BufWriter::new(file);
    for (service, _) in SERVICES {
        if let Some(past) = pasts.get(service) {
            let lines = past.save(service, &mut out).await?;
            say(&format!("{service:<14} {lines:>8} lines"))?;
        }
    }
    out.flush().with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_so_long_ago() {
        assert_eq!("2026-11-25T19:30:00Z".parse(), Ok(Since("2026-11-25T19:30:00Z".parse().unwrap())));
        let Since(ago) = "10m".parse().unwrap();
        assert!(Time::now().since(ago) >= Duration::from_secs(600));
        for wrong in ["", "m", "10", "10y", "-1m", "99999999999999999999d", "999999999d", "yesterday", "ä"] {
            assert!(wrong.parse::<Since>().is_err(), "{wrong}");
        }
    }
}
