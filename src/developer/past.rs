//! What a service was told and what it said, read from where it runs or from a file.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use shared::{contract::time::Time, engine::journal::Entry};

use super::{At, SERVICES};
use crate::api::Api;

const PAGE: usize = 500;

/// Of one service.
#[derive(Debug)]
pub(crate) enum Past {
    Running { api: Api, feed: &'static str },
    Saved(Saved),
}

/// An event and its position.
pub(crate) type Position = (i64, String);

/// What a file holds of one service.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    told: Vec<Entry>,
    said: Vec<Position>,
}

/// A line of a file: an entry of a journal, or an event.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    service: String,
    position: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Journal {
    items: Vec<JournalEntry>,
}

#[derive(Deserialize)]
struct JournalEntry {
    position: i64,
    at: Time,
    said: i64,
    told: Box<RawValue>,
}

#[derive(Deserialize)]
struct Feed {
    items: Vec<Box<RawValue>>,
    next: String,
}

/// The pasts of all three, by service.
pub(crate) async fn running(at: &At) -> Result<HashMap<&'static str, Past>> {
    let mut pasts = HashMap::new();
    for (service, feed) in SERVICES {
        let api = at.find(service, feed).await?;
        pasts.insert(service, Past::Running { api, feed });
    }
    Ok(pasts)
}

/// The pasts that a file holds, by service.
pub(crate) fn saved(path: &Path) -> Result<HashMap<&'static str, Past>> {
    let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    let mut pasts: HashMap<&str, Saved> = HashMap::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let at = || format!("{} line {}", path.display(), number + 1);
        let line: Line = serde_json::from_str(&line.with_context(at)?).with_context(at)?;
        let service = SERVICES.iter().find(|(service, _)| *service == line.service);
        let (service, _) = service.with_context(|| format!("{}: there is no service {}", at(), line.service))?;
        pasts.entry(service).or_default().add(line).with_context(at)?;
    }
    Ok(pasts.into_iter().map(|(service, saved)| (service, Past::Saved(saved))).collect())
}

/// The last position that a service has forgotten.
async fn forgotten(api: &Api, path: &str) -> Result<i64> {
    let answer = api.look(path).await?;
    Ok(answer.body["first"].as_i64().map_or(0, |first| first - 1))
}

/// The last position behind `beginning` that is older than that; `at` gives the time of a position, if it is there.
async fn last_before(beginning: i64, time: Time, at: impl AsyncFn(i64) -> Result<Option<Time>>) -> Result<i64> {
    let (mut before, mut step) = (beginning, 1_i64 << 40);
    while step > 0 {
        // What is beyond the end, or has been forgotten, is an error or nothing.
        if at(before + step).await.ok().flatten().is_some_and(|at| at < time) {
            before += step;
        }
        step /= 2;
    }
    Ok(before)
}

fn said_at(event: &str) -> Result<Time> {
    let event: Value = serde_json::from_str(event).context("an event")?;
    event["time"].as_str().context("an event has a time")?.parse().map_err(anyhow::Error::msg)
}

impl Saved {
    fn add(&mut self, line: Line) -> Result<()> {
        match line {
            Line { position, event: Some(event), .. } => self.said.push((position, event.get().into())),
            Line { position, at: Some(at), said: Some(said), told: Some(told), .. } => {
                self.told.push(Entry { position, at, said, doc: told.get().into() });
            }
            _ => anyhow::bail!("neither an event nor an entry of a journal"),
        }
        Ok(())
    }
}

impl Past {
    /// What was told after `position`; nothing at the end.
    pub(crate) async fn told(&self, position: i64) -> Result<Vec<Entry>> {
        match self {
            Self::Running { api, feed } => {
                let path = format!("/v1/journal/{feed}?limit={PAGE}&after={position}");
                let journal: Journal = api.read(&path).await?;
                let entry =
                    |JournalEntry { position, at, said, told }| Entry { position, at, said, doc: told.get().into() };
                Ok(journal.items.into_iter().map(entry).collect())
            }
            Self::Saved(saved) => {
                let from = saved.told.partition_point(|entry| entry.position <= position);
                Ok(saved.told[from..].iter().take(PAGE).cloned().collect())
            }
        }
    }

    /// What was said after `position`; nothing at the end.
    pub(crate) async fn said(&self, position: i64) -> Result<Vec<Position>> {
        match self {
            Self::Running { api, feed } => {
                let feed: Feed = api.read(&format!("/v1/feed/{feed}?limit={PAGE}&after={position}")).await?;
                let last: i64 = feed.next.parse().context("the feed's next position")?;
                let first = last - i64::try_from(feed.items.len())? + 1;
                Ok((first..).zip(feed.items.into_iter().map(|event| event.get().into())).collect())
            }
            Self::Saved(saved) => {
                let from = saved.said.partition_point(|(known, _)| *known <= position);
                Ok(saved.said[from..].iter().take(PAGE).cloned().collect())
            }
        }
    }

    /// The first position of what is left of what was said, less one.
    pub(crate) async fn beginning(&self) -> Result<i64> {
        match self {
            Self::Running { api, feed } => forgotten(api, &format!("/v1/feed/{feed}?limit=1")).await,
            Self::Saved(saved) => Ok(saved.said.first().map_or(0, |(first, _)| first - 1)),
        }
    }

    /// The same of what was told.
    async fn beginning_of_told(&self) -> Result<i64> {
        match self {
            Self::Running { api, feed } => forgotten(api, &format!("/v1/journal/{feed}?limit=1")).await,
            Self::Saved(saved) => Ok(saved.told.first().map_or(0, |first| first.position - 1)),
        }
    }

    /// The last position of what was said before that time: found by halving, since positions are in time's order.
    pub(crate) async fn said_before(&self, time: Time) -> Result<i64> {
        let is_old =
            async |position| Ok(self.said(position - 1).await?.first().map(|(_, event)| said_at(event)).transpose()?);
        last_before(self.beginning().await?, time, is_old).await
    }

    /// What was said since then.
    pub(crate) async fn said_since(&self, time: Time) -> Result<Vec<Value>> {
        let (mut all, mut position) = (Vec::new(), self.said_before(time).await?);
        loop {
            let events = self.said(position).await?;
            let Some((last, _)) = events.last() else { return Ok(all) };
            position = *last;
            for (_, event) in &events {
                all.push(serde_json::from_str(event).context("an event")?);
            }
        }
    }

    /// What was told since then.
    pub(crate) async fn told_since(&self, time: Time) -> Result<Vec<Entry>> {
        let at = async |position| Ok(self.told(position - 1).await?.first().map(|entry| entry.at));
        let beginning = self.beginning_of_told().await?;
        let (mut all, mut position) = (Vec::new(), last_before(beginning, time, at).await?);
        loop {
            let entries = self.told(position).await?;
            let Some(last) = entries.last() else { return Ok(all) };
            position = last.position;
            all.extend(entries);
        }
    }

    /// Writes all of it, a line each.
    pub(crate) async fn save(&self, service: &str, out: &mut impl Write) -> Result<u64> {
        let (mut lines, mut position) = (0, self.beginning_of_told().await?);
        let mut write = |line: Line| -> Result<()> {
            lines += 1;
            writeln!(out, "{}", serde_json::to_string(&line)?).context("write the file")
        };
        let line = |position| Line { service: service.into(), position, at: None, said: None, told: None, event: None };
        loop {
            let entries = self.told(position).await?;
            let Some(last) = entries.last() else { break };
            ensure!(last.position > position, "the journal goes backwards");
            position = last.position;
            for entry in entries {
                let told = Some(RawValue::from_string(entry.doc)?);
                write(Line { at: Some(entry.at), said: Some(entry.said), told, ..line(entry.position) })?;
            }
        }
        position = self.beginning().await?;
        loop {
            let events = self.said(position).await?;
            let Some((last, _)) = events.last() else { return Ok(lines) };
            position = *last;
            for (position, event) in events {
                write(Line { event: Some(RawValue::from_string(event)?), ..line(position) })?;
            }
        }
    }
}
