//! What was said, said once more to one listener that missed it: the same events into its queue alone. What it has taken
//! in already changes nothing there.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    bus::Bus,
    contract::{event::Event, topology},
    db::Db,
    engine::{
        log::{self, Entry},
        relay,
    },
};

/// So many events are resent at once, at the most.
pub const EVENTS_MAX: usize = 500;
/// And so many bytes, unless one event has more.
const BYTES_MAX: usize = 2 * 1024 * 1024;
/// So many positions are looked at for them.
const POSITIONS_MAX: i64 = 5000;
const PAGE: i64 = 500;

/// Which events, and who is to hear them.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of the listeners.
    pub to: &'static str,
    /// From the position behind this one on.
    pub after: i64,
    pub through: i64,
    /// Only these.
    pub ids: Option<HashSet<Uuid>>,
    /// Only of this order.
    pub order: Option<Uuid>,
    /// No more than so many at once.
    pub limit: usize,
}

/// What was found, to be published.
#[derive(Debug)]
pub struct Found {
    entries: Vec<Entry>,
    next: Option<i64>,
}

/// How far it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Resent {
    /// How many events the broker has confirmed.
    pub published: usize,
    /// Ask again with it as `after` for the rest; `null` where `through` was reached.
    pub next: Option<i64>,
}

impl Wanted {
    fn admits(&self, entry: &Entry) -> Result<bool> {
        let order = self.order.map(|order| order.to_string());
        if !topology::listens(self.to).contains(&&*entry.kind) || order.is_some_and(|it| entry.correlation != Some(it))
        {
            return Ok(false);
        }
        match &self.ids {
            Some(ids) => Ok(ids.contains(&event(entry)?.id)),
            None => Ok(true),
        }
    }
}

/// The first of what is wanted, as much as is resent at once; [`log::Gone`] where some of it has been forgotten.
pub async fn find(db: &Db, wanted: &Wanted) -> Result<Found> {
    let (mut position, mut bytes, mut entries) = (wanted.after, 0, Vec::new());
    let last = wanted.through.min(wanted.after.saturating_add(POSITIONS_MAX));
    while position < last {
        let page = log::after(db, position, PAGE.min(last - position)).await?;
        ensure!(!page.is_empty(), "the log ends at {position}, before its head");
        for entry in page {
            if wanted.admits(&entry)? {
                bytes += entry.doc.len();
                if !entries.is_empty() && (bytes > BYTES_MAX || entries.len() == wanted.limit) {
                    return Ok(Found { entries, next: Some(position) });
                }
                position = entry.position;
                entries.push(entry);
            } else {
                position = entry.position;
            }
        }
    }
    Ok(Found { entries, next: (position < wanted.through).then_some(position) })
}

/// Has the bus take it for the listener alone. After an error some of it may have been published; once more is safe.
pub async fn publish(bus: &Bus, to: &'static str, found: Found) -> Result<Resent> {
    let Found { entries, next } = found;
    let published = entries.len();
    if published > 0 {
        let entries: Vec<Entry> = entries.into_iter().map(marked).collect::<Result<_>>()?;
        let (messages, _) = relay::pack(&entries)?;
        let safe = bus.publisher().await?.publish_to(to, &messages).await?;
        ensure!(safe.iter().all(|safe| *safe), "the broker did not take every message");
    }
    Ok(Resent { published, next })
}

fn event(entry: &Entry) -> Result<Event> {
    serde_json::from_str(&entry.doc).with_context(|| format!("position {} of the log is no event", entry.position))
}

/// Says of itself that it is a repetition.
fn marked(entry: Entry) -> Result<Entry> {
    let event = Event { replayed: Some(true), ..event(&entry)? };
    let doc = serde_json::to_string(&event).context("encode an event")?;
    Ok(Entry { doc, ..entry })
}
