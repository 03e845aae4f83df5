//! Publishes what the service has said: reads on in the log from a stored cursor, which moves only over what the
//! broker has confirmed. One relay a database; two by accident repeat, and never lose.

use std::{collections::HashMap, time::Duration};

use anyhow::Result;
use serde::Deserialize;
use tokio::{sync::watch, time::timeout};

use crate::{
    bus::{Bus, Message, Publisher},
    db::{Db, Leader},
    event::{Event, routing_key},
    log::{self, Entry},
    service::Service,
    time::Time,
};

/// How late a commit is noticed that did not wake the relay.
const POLL: Duration = Duration::from_millis(200);
/// How often a replica that does not lead asks whether it may.
const RETRY: Duration = Duration::from_secs(1);
/// How many events are in flight at once.
const WINDOW: i64 = 2000;
const WINDOW_BYTES: usize = 8 * 1024 * 1024;
/// Of one message; the broker's cost is per message, up to its size limits.
const EVENTS_MAX: usize = 100;
const BYTES_MAX: usize = 64 * 1024;

/// Relays until an error; whoever supervises starts it again.
pub async fn run<S: Service>(db: Db, bus: Bus, mut committed: watch::Receiver<i64>) -> Result<()> {
    let mut leader = loop {
        match db.lead(S::NAME).await? {
            Some(leader) => break leader,
            None => tokio::time::sleep(RETRY).await,
        }
    };
    let publisher = bus.publisher().await?;
    let mut cursor = cursor(&mut leader).await?;
    loop {
        committed.mark_unchanged();
        let entries = bounded(log::after_as(&mut leader, cursor, WINDOW).await?);
        if entries.is_empty() {
            let _ = timeout(POLL, committed.changed()).await;
            continue;
        }
        let confirmed = publish(&publisher, &entries).await?;
        if confirmed > cursor {
            leader.execute("UPDATE relay_cursor SET position = $1 WHERE id = 1", [confirmed.into()]).await?;
            cursor = confirmed;
        }
        anyhow::ensure!(
            entries.last().is_some_and(|last| last.position == cursor),
            "the broker did not take every message"
        );
    }
}

/// As many of the first as fit a window's bytes, and at least one.
fn bounded(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut bytes = 0;
    let fit = entries.iter().take_while(|entry| {
        bytes += entry.doc.len();
        bytes <= WINDOW_BYTES
    });
    let fit = fit.count().max(1);
    entries.truncate(fit);
    entries
}

async fn cursor(leader: &mut Leader) -> Result<i64> {
    let rows: Vec<(i64,)> = leader.fetch("SELECT position FROM relay_cursor WHERE id = 1", []).await?;
    Ok(rows.first().map_or(0, |row| row.0))
}

/// How many events wait to be published, and since when the oldest does.
pub async fn pending(db: &Db) -> Result<(i64, Option<Time>)> {
    let sql = "SELECT head.position - cursor.position, \
               (SELECT doc FROM event_log WHERE event_log.position = cursor.position + 1) \
               FROM event_log_head head, relay_cursor cursor";
    let rows: Vec<(i64, Option<String>)> = db.fetch(sql, []).await?;
    let (pending, oldest) = rows.into_iter().next().unwrap_or((0, None));
    let oldest: Option<Event> = oldest.map(|doc| serde_json::from_str(&doc)).transpose()?;
    Ok((pending, oldest.map(|event| event.time)))
}

/// The last position before the first event that is not safe.
async fn publish(publisher: &Publisher, entries: &[Entry]) -> Result<i64> {
    let (messages, positions) = pack(entries);
    let safe = publisher.publish(&messages).await?;
    let unsafe_positions = safe.iter().zip(&positions).filter(|(safe, _)| !**safe).filter_map(|(_, held)| held.first());
    Ok(match unsafe_positions.min() {
        Some(first) => first - 1,
        None => entries.last().map_or(0, |entry| entry.position),
    })
}

/// Events of one routing key travel together, in order; and the positions that each message holds.
fn pack(entries: &[Entry]) -> (Vec<Message>, Vec<Vec<i64>>) {
    let (mut messages, mut positions): (Vec<Message>, Vec<Vec<i64>>) = (Vec::new(), Vec::new());
    let mut open: HashMap<String, (usize, usize)> = HashMap::new();
    for entry in entries {
        let key = routing_key(&entry.kind, &entry.location);
        if let Some((place, bytes)) = open.get_mut(&key)
            && messages[*place].events.len() < EVENTS_MAX
            && *bytes + entry.doc.len() < BYTES_MAX
        {
            messages[*place].events.push(entry.doc.clone());
            positions[*place].push(entry.position);
            *bytes += entry.doc.len();
            continue;
        }
        open.insert(key.clone(), (messages.len(), entry.doc.len()));
        messages.push(first(entry, key));
        positions.push(vec![entry.position]);
    }
    (messages, positions)
}

fn first(entry: &Entry, routing_key: String) -> Message {
    #[derive(Deserialize)]
    struct Attributes {
        id: String,
        traceparent: Option<String>,
    }
    let attributes = serde_json::from_str(&entry.doc).unwrap_or(Attributes { id: String::new(), traceparent: None });
    Message {
        routing_key,
        events: vec![entry.doc.clone()],
        id: attributes.id,
        kind: entry.kind.clone(),
        correlation: entry.correlation.clone(),
        traceparent: attributes.traceparent,
    }
}
