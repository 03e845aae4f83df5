//! What a service was told and what it said, read from where it runs or from a file.

mod file;

use std::{collections::HashMap, io::Write, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use shared::{contract::time::Time, engine::journal::Entry};

use self::file::{Line, Saved};
use super::{At, SERVICES, note, progress::Progress};
use crate::api::Api;

/// So many are read at once.
pub(crate) const PAGE: usize = 500;

/// Of one service.
#[derive(Debug)]
pub(crate) enum Past {
    Running { api: Api, feed: &'static str },
    Saved(Saved),
}

/// How far history may be from time's order: replicas decide side by side, each by its own clock.
const DISORDER: Duration = Duration::from_secs(10);

/// What positions are of.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Said,
    Told,
}

/// An event and its position.
pub(crate) type Position = (i64, String);

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

/// The pasts that files hold, by service: what one has twice, or two have, counts once.
pub(crate) async fn saved(paths: &[PathBuf]) -> Result<HashMap<&'static str, Past>> {
    let sizes = paths.iter().filter_map(|path| path.metadata().ok()).map(|file| file.len());
    let progress = Progress::new("bytes read", i64::try_from(sizes.sum::<u64>())?);
    let mut pasts: HashMap<&str, Saved> = HashMap::new();
    for path in paths {
        file::read(path, &mut pasts, &progress).await?;
    }
    ensure!(
        !pasts.is_empty() || paths.is_empty(),
        "there is no history in {}",
        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    );
    Ok(pasts.into_iter().map(|(service, saved)| (service, Past::Saved(saved))).collect())
}

/// Says which services a saved history lacks; an error where it lacks the one that is asked for.
pub(crate) fn tell_missing(history: &str, pasts: &HashMap<&'static str, Past>, only: Option<&str>) -> Result<()> {
    for (service, _) in SERVICES.iter().filter(|(service, _)| !pasts.contains_key(service)) {
        match only {
            None => note(&format!("{history} holds nothing of {service}")),
            Some(only) => ensure!(only != *service, "{history} holds nothing of {service}"),
        }
    }
    Ok(())
}

/// The last position that a service has forgotten.
async fn forgotten(api: &Api, path: &str) -> Result<i64> {
    let answer = api.look(path).await?;
    Ok(answer.body["first"].as_i64().map_or(0, |first| first - 1))
}

fn said_at(event: &str) -> Result<Time> {
    let event: Value = serde_json::from_str(event).context("an event")?;
    event["time"].as_str().context("an event has a time")?.parse().map_err(anyhow::Error::msg)
}

/// When the first of its inputs was decided.
fn began(entry: &Entry) -> Result<Time> {
    #[derive(Deserialize)]
    struct Input {
        at: Time,
    }
    if entry.is_forgotten() {
        return Ok(entry.at);
    }
    let inputs: Vec<Input> = serde_json::from_str(&entry.doc).context("an entry of a journal")?;
    Ok(inputs.first().map_or(entry.at, |input| input.at))
}

impl Past {
    /// Of a service that runs: where, and what its feed is called.
    pub(crate) fn running(&self) -> Result<(&Api, &'static str)> {
        match self {
            Self::Running { api, feed } => Ok((api, feed)),
            Self::Saved(_) => bail!("a saved history is not asked anything"),
        }
    }

    /// What was told after `position`, so many entries at the most; nothing at the end.
    pub(crate) async fn told(&self, position: i64, limit: usize) -> Result<Vec<Entry>> {
        match self {
            Self::Running { api, feed } => {
                let path = format!("/v1/journal/{feed}?limit={limit}&after={position}");
                let journal: Journal = api.read(&path).await?;
                let entry =
                    |JournalEntry { position, at, said, told }| Entry { position, at, said, doc: told.get().into() };
                Ok(journal.items.into_iter().map(entry).collect())
            }
            Self::Saved(saved) => Ok(saved.told.range(position + 1..).take(limit).map(|(_, it)| it.clone()).collect()),
        }
    }

    /// What was said after `position`, so many events at the most; nothing at the end.
    pub(crate) async fn said(&self, position: i64, limit: usize) -> Result<Vec<Position>> {
        match self {
            Self::Running { api, feed } => {
                let feed: Feed = api.read(&format!("/v1/feed/{feed}?limit={limit}&after={position}")).await?;
                let last: i64 = feed.next.parse().context("the feed's next position")?;
                let first = last - i64::try_from(feed.items.len())? + 1;
                Ok((first..).zip(feed.items.into_iter().map(|event| event.get().into())).collect())
            }
            Self::Saved(saved) => {
                let said = saved.said.range(position + 1..).take(limit);
                Ok(said.map(|(position, event)| (*position, event.clone())).collect())
            }
        }
    }

    /// As [`Past::said`]; an error where one of them is missing.
    pub(crate) async fn said_whole(&self, position: i64, limit: usize) -> Result<Vec<Position>> {
        let page = self.said(position, limit).await?;
        for (expected, (found, _)) in (position + 1..).zip(&page) {
            match self {
                Self::Saved(_) => ensure!(*found == expected, "history has a gap: event {expected} is missing"),
                // A feed tells the position of a page's last event, and not which one it lacks.
                Self::Running { feed, .. } => {
                    let last = page.last().map_or(position, |(last, _)| *last);
                    let gap = format!("the feed of {feed} lacks {} events behind {position}", found - expected);
                    ensure!(*found == expected, "history has a gap: {gap}, up to {last}");
                }
            }
        }
        Ok(page)
    }

    /// The first position of what is left of what was said, less one.
    pub(crate) async fn beginning(&self) -> Result<i64> {
        match self {
            Self::Running { api, feed } => forgotten(api, &format!("/v1/feed/{feed}?limit=1")).await,
            Self::Saved(saved) => Ok(saved.said.first_key_value().map_or(0, |(first, _)| first - 1)),
        }
    }

    /// The same of what was told: so many entries have been forgotten.
    pub(crate) async fn forgotten(&self) -> Result<i64> {
        match self {
            Self::Running { api, feed } => forgotten(api, &format!("/v1/journal/{feed}?limit=1")).await,
            Self::Saved(saved) => Ok(saved.told.first_key_value().map_or(0, |(first, _)| first - 1)),
        }
    }

    /// The last entry of what was told before that time; of no time, the last that has been forgotten.
    pub(crate) async fn told_before(&self, time: Option<Time>) -> Result<i64> {
        let beginning = self.forgotten().await?;
        match time {
            Some(time) => self.last_before(beginning, time, Kind::Told).await,
            None => Ok(beginning),
        }
    }

    /// The last entry of which something was told by then; later ones may stand before it.
    pub(crate) async fn told_by(&self, time: Time) -> Result<i64> {
        let mut position = self.told_before(Some(time)).await?;
        let mut last = position;
        loop {
            let entries = self.told(position, PAGE).await?;
            let Some(end) = entries.last() else { return Ok(last) };
            position = end.position;
            let near = entries.iter().take_while(|entry| entry.at <= time + DISORDER);
            for entry in near {
                if began(entry)? <= time {
                    last = entry.position;
                }
            }
            if end.at > time + DISORDER {
                return Ok(last);
            }
        }
    }

    /// A position behind which all is that was said since; older ones may stand there, too.
    pub(crate) async fn said_from(&self, time: Time) -> Result<i64> {
        self.said_before(time - DISORDER).await
    }

    /// The last position of what was said before that time.
    pub(crate) async fn said_before(&self, time: Time) -> Result<i64> {
        self.last_before(self.beginning().await?, time, Kind::Said).await
    }

    /// The last position of what was said.
    pub(crate) async fn end(&self) -> Result<i64> {
        self.said_before(Time::from_micros(i64::MAX)).await
    }

    /// The last entry of what was told.
    pub(crate) async fn told_end(&self) -> Result<i64> {
        self.told_before(Some(Time::from_micros(i64::MAX))).await
    }

    /// The last position behind `beginning` that is older than that: found by doubling
    /// and halving, since positions are in time's order but for moments.
    async fn last_before(&self, beginning: i64, time: Time, kind: Kind) -> Result<i64> {
        // What is beyond the end, or has been forgotten, is an error or nothing.
        let is_older = async |position| {
            let at = self.time_of(position, kind).await.ok().flatten();
            at.is_some_and(|at| at < time)
        };
        let (mut before, mut step) = (beginning, 1);
        while is_older(before + step).await {
            before += step;
            step *= 2;
        }
        while step > 1 {
            step /= 2;
            if is_older(before + step).await {
                before += step;
            }
        }
        Ok(before)
    }

    async fn time_of(&self, position: i64, kind: Kind) -> Result<Option<Time>> {
        match kind {
            Kind::Said => self.said(position - 1, 1).await?.first().map(|(_, event)| said_at(event)).transpose(),
            Kind::Told => Ok(self.told(position - 1, 1).await?.first().map(|entry| entry.at)),
        }
    }

    /// What was said since then that mentions it, by its text.
    pub(crate) async fn said_since(&self, time: Time, it: &str) -> Result<Vec<Value>> {
        let (mut all, mut position) = (Vec::new(), self.said_from(time).await?);
        loop {
            let events = self.said(position, PAGE).await?;
            let Some((last, _)) = events.last() else { return Ok(all) };
            position = *last;
            // Reading what nobody asks for would take most of the time.
            for (_, event) in events.iter().filter(|(_, event)| event.contains(it)) {
                all.push(serde_json::from_str(event).context("an event")?);
            }
        }
    }

    /// What was told since then.
    pub(crate) async fn told_since(&self, time: Time) -> Result<Vec<Entry>> {
        let (mut all, mut position) = (Vec::new(), self.told_before(Some(time - DISORDER)).await?);
        loop {
            let entries = self.told(position, PAGE).await?;
            let Some(last) = entries.last() else { return Ok(all) };
            position = last.position;
            all.extend(entries);
        }
    }

    /// Writes all of it, a line each.
    pub(crate) async fn save(&self, service: &str, out: &mut impl Write, progress: &Progress) -> Result<u64> {
        let (mut lines, mut position) = (0, self.forgotten().await?);
        let mut write = |line: Line| -> Result<()> {
            lines += 1;
            progress.advance(1);
            writeln!(out, "{}", serde_json::to_string(&line)?).context("write the file")
        };
        let line = |position| Line { service: service.into(), position, at: None, said: None, told: None, event: None };
        loop {
            let entries = self.told(position, PAGE).await?;
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
            let events = self.said(position, PAGE).await?;
            let Some((last, _)) = events.last() else { return Ok(lines) };
            position = *last;
            for (position, event) in events {
                write(Line { event: Some(RawValue::from_string(event)?), ..line(position) })?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(second: i64) -> Time {
        Time::from_micros(second * 1_000_000)
    }

    /// Of entries, each of inputs that were decided at these seconds: how many were begun by then.
    async fn told_by(entries: &[&[i64]], second: i64) -> i64 {
        let mut saved = Saved::default();
        for (seconds, position) in entries.iter().zip(1..) {
            let inputs: Vec<Value> = seconds.iter().map(|at| serde_json::json!({"at": time(*at)})).collect();
            let at = time(seconds.iter().copied().max().unwrap());
            saved.told.insert(position, Entry { position, at, said: 0, doc: Value::from(inputs).to_string() });
        }
        Past::Saved(saved).told_by(time(second)).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_decided_by_then_is_found_whatever_stands_before_it() {
        let of_replicas: &[&[i64]] = &[&[1], &[5], &[3], &[6], &[9]];
        for (second, expected) in [(0, 0), (1, 1), (2, 1), (3, 3), (5, 3), (6, 4), (9, 5), (100, 5)] {
            assert_eq!(told_by(of_replicas, second).await, expected, "{second}");
        }
        let of_a_rush: &[&[i64]] = &[&[1, 2], &[3, 4, 5], &[6]];
        for (second, expected) in [(1, 1), (2, 1), (3, 2), (5, 2), (6, 3)] {
            assert_eq!(told_by(of_a_rush, second).await, expected, "{second}");
        }
    }
}
