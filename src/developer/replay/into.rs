//! `comanda replay --into`: what others have said is said again to one listener, into its own queue, by those who said
//! it. What it has taken in changes nothing there; nobody else hears of it.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    str::FromStr,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::contract::{time::Time, topology};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Options, Until};
use crate::developer::{
    At, Moment, SERVICES,
    convergence::ask,
    interrupted, interruptible,
    past::{self, PAGE, Past},
    progress::Progress,
    say,
};

/// So many requests a second, however few events each has.
const REQUESTS_PER_S: u32 = 4;
const EVENTS_MAX: u32 = 500;

/// What belongs to `--into`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Into {
    /// Say history again to this one service: what it missed is taken in, what it has taken in changes nothing
    #[arg(long, value_name = "SERVICE", value_parser = ["order-svc", "inventory-svc", "kitchen-svc"],
          conflicts_with_all = ["from", "check", "step", "pause_on", "keep", "service", "compare", "rebuild"])]
    pub(super) into: Option<String>,

    /// With --into, only the event with this id
    #[arg(value_name = "EVENT", requires = "into")]
    event: Option<Uuid>,

    /// With --into, only what was said since: a time, or so long ago (10m, 2h, 3d)
    #[arg(long, value_name = "TIME|AGO", requires = "into")]
    since: Option<Moment>,

    /// With --into, at most so many events a second
    #[arg(long, value_name = "NUMBER", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,

    /// With --into, go on where an earlier run has stopped
    #[arg(long, value_name = "FEED:POSITION", requires = "into", conflicts_with_all = ["since", "event"])]
    resume: Option<Place>,

    /// With --into, do it; without it, only say what would be done
    #[arg(long, requires = "into")]
    yes: bool,

    /// With --into, only say what would be done
    #[arg(long, requires = "into", conflicts_with = "yes")]
    dry_run: bool,
}

/// A position in a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    feed: &'static str,
    position: i64,
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = text.split_once(':').and_then(|(feed, position)| {
            let (_, feed) = SERVICES.iter().find(|(_, known)| *known == feed)?;
            Some(Self { feed, position: position.parse().ok().filter(|position| *position >= 0)? })
        });
        place.ok_or("expected a feed and a position as an earlier run gave them: orders:1234")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.feed, self.position)
    }
}

/// What is said again of one feed.
struct Part {
    speaker: &'static str,
    feed: &'static str,
    past: Past,
    after: i64,
    through: i64,
}

#[derive(Deserialize)]
struct Resent {
    published: u32,
    next: Option<i64>,
}

/// Whether all of it was said again, or would be.
pub(super) async fn run(options: &Options, to: &str) -> Result<bool> {
    let prepared = interruptible(async {
        let pasts = past::running(&options.at).await?;
        let options = options.with_order(&pasts).await?;
        let parts = parts(&options, to, pasts).await?;
        Ok((options, parts))
    });
    let (options, parts) = prepared.await?;
    match options.into.yes {
        true => send(&options, to, parts).await,
        false => interruptible(describe(&options, to, &parts)).await.map(|()| true),
    }
}

async fn parts(options: &Options, to: &str, mut pasts: HashMap<&'static str, Past>) -> Result<Vec<Part>> {
    if let Some(event) = options.into.event {
        return Ok(vec![one(pasts, to, event).await?]);
    }
    let until = match options.until {
        None => None,
        Some(Until::Time(time)) => Some(time),
        Some(Until::Id(id)) => Some(time_of(&pasts, id).await?),
    };
    let resume = options.into.resume.as_ref();
    let mut parts = Vec::new();
    let mut is_reached = resume.is_none();
    for (speaker, feed) in SERVICES {
        let Some(past) = pasts.remove(speaker) else { continue };
        let mut after = match options.into.since {
            Some(Moment(time)) => past.said_before(time).await?,
            None => past.beginning().await?,
        };
        if let Some(place) = resume.filter(|place| place.feed == feed) {
            let end = past.end().await?;
            ensure!(speaker != to, "--resume {place}: {to} does not hear what it says itself");
            ensure!(place.position <= end, "--resume {place} is beyond the end of that feed, {feed}:{end}");
            (after, is_reached) = (place.position, true);
        }
        if speaker == to || !is_reached {
            continue;
        }
        let through = match until {
            Some(time) => past.said_before(time + Duration::from_micros(1)).await?,
            None => past.end().await?,
        };
        parts.push(Part { speaker, feed, past, after, through: through.max(after) });
    }
    Ok(parts)
}

/// The event alone.
async fn one(pasts: HashMap<&'static str, Past>, to: &str, event: Uuid) -> Result<Part> {
    for (speaker, past) in pasts {
        let Some((position, found)) = find(&past, event).await? else { continue };
        let kind = found["type"].as_str().unwrap_or_default();
        ensure!(topology::listens(to).contains(&kind), "{event} is {kind}, which {to} does not hear");
        let feed = past.running()?.1;
        return Ok(Part { speaker, feed, past, after: position - 1, through: position });
    }
    bail!("nobody said {event}, or it has been forgotten")
}

async fn find(past: &Past, event: Uuid) -> Result<Option<(i64, Value)>> {
    let (wanted, mut position) = (event.to_string(), past.beginning().await?);
    loop {
        let events = past.said(position, PAGE).await?;
        let Some((last, _)) = events.last() else { return Ok(None) };
        position = *last;
        // Others may name it as their cause, or hold it.
        for (position, text) in events.iter().filter(|(_, text)| text.contains(&wanted)) {
            let event: Value = serde_json::from_str(text).context("an event")?;
            if event["id"] == wanted {
                return Ok(Some((*position, event)));
            }
        }
    }
}

async fn time_of(pasts: &HashMap<&'static str, Past>, event: Uuid) -> Result<Time> {
    for past in pasts.values() {
        if let Some((_, found)) = find(past, event).await? {
            return found["time"].as_str().context("an event has a time")?.parse().map_err(anyhow::Error::msg);
        }
    }
    bail!("nobody said {event}, or it has been forgotten")
}

/// How many of which type it is.
async fn describe(options: &Options, to: &str, parts: &[Part]) -> Result<()> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for part in parts {
        let mut position = part.after;
        while position < part.through {
            let events = part.past.said(position, PAGE).await?;
            let Some((last, _)) = events.last() else { break };
            position = *last;
            for (_, event) in events.iter().filter(|(position, _)| *position <= part.through) {
                let event: Value = serde_json::from_str(event).context("an event")?;
                let kind = event["type"].as_str().unwrap_or_default();
                let is_of_order = |order: Uuid| event["correlationid"] == order.to_string();
                if topology::listens(to).contains(&kind) && options.order_id().is_none_or(is_of_order) {
                    *counts.entry(kind.to_owned()).or_default() += 1;
                }
            }
        }
    }
    let all: u64 = counts.values().sum();
    if options.json {
        return say(&json!({"to": to, "would_send": counts}).to_string());
    }
    counts.iter().try_for_each(|(kind, count)| say(&format!("{count:>9}  {kind}")))?;
    if all == 0 {
        let since = options.into.since.map_or(String::new(), |since| format!(" since {since}"));
        let of = options.order_id().map_or(String::new(), |order| format!(" of the order {order}"));
        return say(&format!("nothing{of} was said{since} that {to} hears: there is nothing to say again"));
    }
    say(&format!("{all:>9}  events would be said again to {to} alone; what it has taken in changes nothing. Add --yes"))
}

/// Page by page, no faster than is asked for.
async fn send(options: &Options, to: &str, parts: Vec<Part>) -> Result<bool> {
    let all = parts.iter().map(|part| part.through - part.after).sum();
    let (progress, mut sent) = (Progress::new("positions", all), 0_u64);
    let limit = (options.into.rate / REQUESTS_PER_S).clamp(1, EVENTS_MAX);
    let mut interrupted = std::pin::pin!(interrupted());
    for part in parts {
        let (api, feed) = part.past.running()?;
        let (mut after, mut of_part) = (Some(part.after), 0_u64);
        while let Some(position) = after.filter(|position| *position < part.through) {
            let place = Place { feed, position };
            let body = json!({ "to": to, "after": position, "through": part.through, "limit": limit,
                "order": options.order_id() });
            let (path, started) = (format!("/v1/feed/{feed}/resend"), Instant::now());
            let resent: Result<Resent> = tokio::select! {
                resent = ask(api, &path, &body) => resent,
                signal = &mut interrupted => {
                    stopped(options, to, sent, &place)?;
                    return Err(signal.into());
                }
            };
            if resent.is_err() {
                stopped(options, to, sent, &place)?;
            }
            let Resent { published, next } = resent?;
            let reached = next.unwrap_or(part.through);
            (sent, of_part) = (sent + u64::from(published), of_part + u64::from(published));
            after = next;
            progress.advance(usize::try_from(reached - position)?);
            tokio::time::sleep_until(started + Duration::from_secs(1) * published / options.into.rate).await;
        }
        told(options, to, &part, of_part)?;
    }
    Ok(true)
}

fn told(options: &Options, to: &str, part: &Part, sent: u64) -> Result<()> {
    let Part { speaker, feed, after, through, .. } = part;
    match options.json {
        true => {
            say(&json!({"service": speaker, "to": to, "sent": sent, "after": after, "through": through}).to_string())
        }
        false => say(&format!("{speaker:<14} {sent:>8} events said again to {to}, up to {feed}:{through}")),
    }
}

fn stopped(options: &Options, to: &str, sent: u64, place: &Place) -> Result<()> {
    let at = At::arguments(&options.at);
    match options.json {
        true => say(&json!({"stopped": true, "sent": sent, "resume": place.to_string()}).to_string()),
        false => say(&format!(
            "stopped after {sent} events; go on with: comanda replay --into {to} --resume {place} --yes{at}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back() {
        let place: Place = "inventory:12".parse().expect("a place");
        assert_eq!((place.feed, &*place.to_string()), ("inventory", "inventory:12"));
        for wrong in ["", "inventory", "inventory:", "inventory:-1", "stock:1", "inventory-svc:1"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
