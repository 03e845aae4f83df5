//! The page's one stream: what the services say, as far as its filter admits it, which of them answer, and each sample
//! as it is taken. A page that was away names the positions it has seen, and goes on behind them.

use std::{collections::VecDeque, time::Duration};

use anyhow::{Context, Result};
use axum::{
    Router,
    extract::State,
    response::{Response, sse::Event},
    routing::get,
};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    contract::time::Time,
    web::{
        extract::InQuery,
        problem::{Answer, Problem},
        sse,
    },
};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use super::{
    Console,
    services::{PATIENCE, Place},
};
use crate::developer::{
    events::Filter,
    orders::{self, Name},
    past::{PAGE, Past},
};

/// How often is looked for more.
const PAUSE: Duration = Duration::from_millis(400);
/// To find the end of a feed takes a few dozen requests.
const PATIENCE_AT_FIRST: Duration = Duration::from_secs(10);
/// Of each service at once. Where there is more than can be shown, only the end is.
const PAGES_MAX: usize = 4;
/// Who comes anew sees so many events of each service; with a filter, what it admits of so many more.
const BACK: i64 = 150;
const BACK_FILTERED: i64 = 5_000;

pub(super) fn router() -> Router<Console> {
    Router::new().route("/console/live", get(watch))
}

#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(flatten)]
    filter: Filter,
    /// What was seen of each service, in their order: `12.40.7`. Without it, the page begins anew.
    after: Option<String>,
    /// When the last sample was taken that the page has, in milliseconds since 1970.
    sampled: Option<i64>,
}

async fn watch(State(console): State<Console>, InQuery(wanted): InQuery<Wanted>) -> Answer<Response> {
    let seen = match wanted.after.as_deref().map(positions) {
        None => [None; 3],
        Some(Some(seen)) => seen.map(Some),
        Some(None) => return Err(Problem::invalid_field("after", "expected three positions, like 12.40.7")),
    };
    let filter = named(&console, wanted.filter).await;
    let mut tick = interval(PAUSE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stop = console.tasks.stop.clone().cancelled_owned();
    let readers = seen.map(|position| Reader { position, is_away: None, heard: None });
    let sampled_ms = wanted.sampled.unwrap_or(0);
    let watch = Watch { console, filter, readers, sampled_ms, told: VecDeque::new(), tick };
    Ok(sse::respond(stream::unfold(watch, |watch| async { Some(watch.next().await) }).take_until(stop)))
}

fn positions(text: &str) -> Option<[i64; 3]> {
    let positions: Vec<i64> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    positions.try_into().ok()
}

/// A number stands for the order that has it now: what inventory says of it knows only the id.
async fn named(console: &Console, mut filter: Filter) -> Filter {
    let Some(Ok(number @ Name::Number(_))) = filter.order.as_deref().map(str::parse) else { return filter };
    let (pasts, _) = console.services.pasts().await;
    if let Ok(Some(order)) = orders::find(&pasts, number).await {
        filter.order = Some(order.to_string());
    }
    filter
}

/// One page that looks.
struct Watch {
    console: Console,
    filter: Filter,
    readers: [Reader; 3],
    sampled_ms: i64,
    told: VecDeque<Event>,
    tick: Interval,
}

impl Watch {
    async fn next(mut self) -> (Event, Self) {
        loop {
            if let Some(event) = self.told.pop_front() {
                return (event, self);
            }
            self.tick.tick().await;
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let (places, filter) = (&self.console.services.all, &self.filter);
        let [first, second, third] = &mut self.readers;
        let reads: [Read; 3] = tokio::join!(
            first.read(&places[0], filter),
            second.read(&places[1], filter),
            third.read(&places[2], filter),
        )
        .into();
        let has_changed = reads.iter().any(|read| read.has_changed);
        let skipped: i64 = reads.iter().map(|read| read.skipped).sum();
        let mut rows: Vec<Row> = reads.into_iter().flat_map(|read| read.rows).collect();
        // In the order in which they happened, as far as clocks agree.
        rows.sort_by(|a, b| a.time.cmp(&b.time));
        if has_changed {
            let heard = places.iter().zip(&self.readers).map(|(place, reader)| {
                let away = reader.is_away == Some(true);
                json!({"service": place.service, "away": away, "heard": reader.heard})
            });
            self.told.push_back(message("services", &json!({"services": heard.collect::<Vec<_>>()})));
        }
        if has_changed || !rows.is_empty() || skipped > 0 {
            let after: Option<Vec<String>> =
                self.readers.iter().map(|reader| reader.position.map(|position| position.to_string())).collect();
            let after = after.map(|after| after.join("."));
            self.told.push_back(message("events", &json!({"rows": rows, "skipped": skipped, "after": after})));
        }
        if let Some(samples) = self.console.samples.since(self.sampled_ms) {
            self.sampled_ms = samples.last_ms();
            self.told.push_back(message("samples", &samples));
        }
    }
}

fn message(name: &str, data: &impl Serialize) -> Event {
    Event::default().event(name).data(serde_json::to_string(data).expect("a view is plain JSON"))
}

/// What the page lists of an event. The rest is asked for when somebody opens it.
#[derive(Debug, Serialize)]
struct Row {
    feed: &'static str,
    position: i64,
    time: String,
    #[serde(rename = "type")]
    kind: String,
    service: &'static str,
    location: String,
    subject: String,
    order: Option<String>,
    number: Option<i64>,
}

/// How far one service was read.
struct Reader {
    position: Option<i64>,
    /// `None` before it was asked.
    is_away: Option<bool>,
    /// When it answered last.
    heard: Option<Time>,
}

#[derive(Default)]
struct Read {
    rows: Vec<Row>,
    /// So many were passed over: they come faster than anybody reads.
    skipped: i64,
    has_changed: bool,
}

impl Reader {
    async fn read(&mut self, place: &Place, filter: &Filter) -> Read {
        let before = self.is_away;
        let mut read = Read::default();
        let patience = if self.position.is_some() { PATIENCE } else { PATIENCE_AT_FIRST };
        let done = timeout(patience, self.read_on(place, filter, &mut read)).await;
        self.is_away = Some(!matches!(done, Ok(Ok(()))));
        if self.is_away == Some(false) {
            self.heard = Some(Time::now());
        }
        Read { has_changed: self.is_away != before, ..read }
    }

    async fn read_on(&mut self, place: &Place, filter: &Filter, read: &mut Read) -> Result<()> {
        let past = Past::Running { api: place.api().await?.clone(), feed: place.feed };
        let mut position = match self.position {
            Some(position) => position,
            None => begin(&past, if filter.is_open() { BACK } else { BACK_FILTERED }).await?,
        };
        for _ in 0..PAGES_MAX {
            let events = match past.said(position, PAGE).await {
                Ok(events) => events,
                Err(error) => {
                    // Forgotten meanwhile, or of a log that is gone; or else nobody answers this either.
                    position = moved(&past, position).await?.ok_or(error)?;
                    continue;
                }
            };
            let is_last = events.len() < PAGE;
            for (at, event) in events {
                position = at;
                let event: Value = serde_json::from_str(&event).context("an event")?;
                read.rows.extend(filter.admits(&event).then(|| row(place, at, &event)));
            }
            self.position = Some(position);
            if is_last {
                return Ok(());
            }
        }
        let recent = past.end().await? - BACK;
        if recent > position && self.heard.is_some() {
            read.skipped = recent - position;
            self.position = Some(recent);
        }
        Ok(())
    }
}

async fn begin(past: &Past, back: i64) -> Result<i64> {
    Ok(past.beginning().await?.max(past.end().await? - back))
}

/// Where to go on if that is not a position of the feed any more.
async fn moved(past: &Past, position: i64) -> Result<Option<i64>> {
    let (beginning, end) = (past.beginning().await?, past.end().await?);
    Ok((position < beginning || position > end).then_some(beginning.max(end - BACK)))
}

fn row(place: &Place, position: i64, event: &Value) -> Row {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    Row {
        feed: place.feed,
        position,
        time: text("time"),
        kind: text("type"),
        service: place.service,
        location: text("location"),
        subject: text("subject"),
        order: event["correlationid"].as_str().map(str::to_owned),
        number: event["data"]["number"].as_i64(),
    }
}

#[cfg(test)]
mod tests {
    use super::positions;

    #[test]
    fn three_positions_say_what_a_page_has_seen() {
        assert_eq!(positions("12.40.7"), Some([12, 40, 7]));
        for wrong in ["", "12", "12.40", "12.40.7.1", "a.b.c", "1..2", "99999999999999999999.1.1"] {
            assert_eq!(positions(wrong), None, "{wrong}");
        }
    }
}
