//! Publishes what the service has said: reads on in the log from a stored cursor, which moves only over what the
//! broker has confirmed. One relay a database; two by accident repeat, and never lose.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::time::{Instant, timeout};
use tracing::warn;

use crate::{
    bus::{Bus, Message, Publisher},
    contract::{
        event::{Event, routing_key},
        time::Time,
    },
    db::{Db, Leader, Value},
    engine::{
        call::fresh_id,
        log::{self, Entry},
        service::Service,
        spans::Spans,
        traced,
        wake::Commits,
    },
};

/// How late a commit is noticed that did not wake the relay.
const POLL: Duration = Duration::from_millis(200);
/// How late the cursor is saved.
const SAVE_AFTER: Duration = Duration::from_millis(50);
/// How often a replica that does not lead asks whether it may.
const RETRY: Duration = Duration::from_secs(1);
/// How many events are in flight at once.
const WINDOW: i64 = 1000;
const WINDOW_BYTES: usize = 4 * 1024 * 1024;
/// Of one message; the broker's cost is per message, up to its size limits.
const EVENTS_MAX: usize = 100;
const BYTES_MAX: usize = 64 * 1024;

/// Relays until an error; whoever supervises starts it again.
pub async fn run<S: Service>(db: Db, bus: Bus, mut committed: Commits, spans: Spans) -> Result<()> {
    let mut leader = loop {
        match db.lead(S::NAME).await? {
            Some(leader) => break leader,
            None => tokio::time::sleep(RETRY).await,
        }
    };
    let publisher = leader.keep(bus.publisher()).await?;
    let mut cursor = Cursor::load(&mut leader).await?;
    let identity = leader.keep(publisher.identity(fresh_id())).await?;
    cursor.meet::<S>(&mut leader, identity).await?;
    loop {
        let (entries, more) = bounded(log::after_as(&mut leader, cursor.published, WINDOW).await?);
        if let Some(last) = entries.last() {
            let began = spans.are_collected().then(Time::now);
            cursor.published = leader.keep(publish(&publisher, &entries)).await?;
            if let Some(began) = began {
                let published = entries.partition_point(|entry| entry.position <= cursor.published);
                traced::published::<S>(&spans, &bus, &entries[..published], began);
            }
            if cursor.is_due() || cursor.published < last.position {
                cursor.save(&mut leader).await?;
            }
            ensure!(cursor.published == last.position, "the broker did not take every message");
        }
        // What was committed meanwhile is read at once.
        if more || committed.latest() > cursor.published {
            continue;
        }
        let patience = if cursor.saved < cursor.published { SAVE_AFTER } else { POLL };
        match timeout(patience, committed.changed()).await {
            Ok(still_there) => still_there?,
            Err(_) => cursor.save(&mut leader).await?,
        }
    }
}

/// Where the relay goes on. It is saved a moment late, so that not every event costs a commit of its own: what was
/// published since is published again by the next relay, and known to those who have it.
#[derive(Debug)]
struct Cursor {
    published: i64,
    saved: i64,
    /// On which bus that was. Earlier versions did not ask.
    bus: Option<String>,
    /// Since when `saved` is behind, as far as anybody asked.
    behind_since: Option<Instant>,
}

impl Cursor {
    async fn load(leader: &mut Leader) -> Result<Self> {
        let sql = "SELECT position, bus FROM relay_cursor WHERE id = 1";
        let rows: Vec<(i64, Option<String>)> = leader.fetch(sql, []).await?;
        let (saved, bus) = rows.into_iter().next().unwrap_or((0, None));
        Ok(Self { published: saved, saved, bus, behind_since: None })
    }

    /// Another bus than the last has nothing of what was published there: all that is kept is published again, and
    /// changes nothing where it was taken in.
    async fn meet<S: Service>(&mut self, leader: &mut Leader, bus: String) -> Result<()> {
        if self.bus.as_ref() == Some(&bus) {
            return Ok(());
        }
        if self.bus.is_some() {
            let rows: Vec<(i64,)> = leader.fetch("SELECT event_log FROM floors WHERE id = 1", []).await?;
            let first = rows.first().context("the log has no floor")?.0;
            self.published = self.published.min(first - 1);
            warn!(service = S::NAME, from = first, "this is another bus: all that is kept is published again");
        }
        let args = [Value::from(self.published), bus.clone().into()];
        leader.execute("UPDATE relay_cursor SET position = $1, bus = $2 WHERE id = 1", args).await?;
        (self.saved, self.bus, self.behind_since) = (self.published, Some(bus), None);
        Ok(())
    }

    fn is_due(&mut self) -> bool {
        self.behind_since.get_or_insert_with(Instant::now).elapsed() >= SAVE_AFTER
    }

    async fn save(&mut self, leader: &mut Leader) -> Result<()> {
        if self.saved < self.published {
            let args = [self.published.into()];
            leader.execute("UPDATE relay_cursor SET position = $1 WHERE id = 1", args).await?;
            (self.saved, self.behind_since) = (self.published, None);
        }
        Ok(())
    }
}

/// As many of the first as fit a window's bytes, and at least one; and whether there may be more.
fn bounded(mut entries: Vec<Entry>) -> (Vec<Entry>, bool) {
    let read = entries.len();
    let mut bytes = 0;
    let fit = entries.iter().take_while(|entry| {
        bytes += entry.doc.len();
        bytes <= WINDOW_BYTES
    });
    let fit = fit.count().max(1);
    entries.truncate(fit);
    let more = entries.len() < read || i64::try_from(read).is_ok_and(|read| read >= WINDOW);
    (entries, more)
}

/// How many events wait to be published, or were published a moment ago, and since when the oldest does.
pub async fn pending(db: &Db) -> Result<(i64, Option<Time>)> {
    let sql = "SELECT head.position - cursor.position, \
               (SELECT doc FROM event_log WHERE event_log.position = cursor.position + 1) \
               FROM event_log_head head, relay_cursor cursor WHERE head.id = 1 AND cursor.id = 1";
    let rows: Vec<(i64, Option<String>)> = db.fetch(sql, []).await?;
    let (pending, oldest) = rows.into_iter().next().unwrap_or((0, None));
    let oldest: Option<Event> = oldest.map(|doc| serde_json::from_str(&doc)).transpose()?;
    Ok((pending, oldest.map(|event| event.time)))
}

/// The last position before the first event that is not safe.
async fn publish(publisher: &Publisher, entries: &[Entry]) -> Result<i64> {
    let (messages, positions) = pack(entries)?;
    let safe = publisher.publish(&messages).await?;
    let unsafe_positions = safe.iter().zip(&positions).filter(|(safe, _)| !**safe).filter_map(|(_, held)| held.first());
    Ok(match unsafe_positions.min() {
        Some(first) => first - 1,
        None => entries.last().map_or(0, |entry| entry.position),
    })
}

/// Events of one routing key travel together, in order; and the positions that each message holds. An event joins a
/// message that was opened before only where that does not overtake an earlier event of its subject.
pub(super) fn pack(entries: &[Entry]) -> Result<(Vec<Message>, Vec<Vec<i64>>)> {
    let (mut messages, mut positions): (Vec<Message>, Vec<Vec<i64>>) = (Vec::new(), Vec::new());
    let mut open: HashMap<String, (usize, usize)> = HashMap::new();
    let mut last_of_subject: HashMap<(&str, &str), usize> = HashMap::new();
    for entry in entries {
        let key = routing_key(&entry.kind, &entry.location);
        let last = last_of_subject.entry((entry.noun(), &entry.subject)).or_default();
        if let Some((index, bytes)) = open.get_mut(&key)
            && *index >= *last
            && messages[*index].events.len() < EVENTS_MAX
            && *bytes + entry.doc.len() < BYTES_MAX
        {
            messages[*index].events.push(entry.doc.clone());
            positions[*index].push(entry.position);
            *bytes += entry.doc.len();
            *last = *index;
            continue;
        }
        *last = messages.len();
        open.insert(key.clone(), (messages.len(), entry.doc.len()));
        messages.push(first(entry, key)?);
        positions.push(vec![entry.position]);
    }
    Ok((messages, positions))
}

fn first(entry: &Entry, routing_key: String) -> Result<Message> {
    #[derive(Deserialize)]
    struct Attributes {
        id: String,
        traceparent: Option<String>,
    }
    // What is in the log and cannot be read is damage: whoever comes behind it waits until somebody has looked.
    let attributes: Attributes = serde_json::from_str(&entry.doc)
        .with_context(|| format!("position {} of the log is no event", entry.position))?;
    Ok(Message {
        routing_key,
        events: vec![entry.doc.clone()],
        id: attributes.id,
        kind: entry.kind.clone(),
        correlation: entry.correlation.clone(),
        traceparent: attributes.traceparent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(kind: &str, count: usize, bytes: usize) -> Vec<Entry> {
        let entry = |position| Entry {
            position,
            kind: kind.into(),
            subject: format!("{kind} {position}"),
            location: "soho".into(),
            correlation: None,
            doc: r#"{"id":"1"}"#.to_owned() + &" ".repeat(bytes.saturating_sub(10)),
        };
        (1..).map(entry).take(count).collect()
    }

    #[test]
    fn a_window_has_a_size_in_events_and_in_bytes() {
        let window = |count, bytes| {
            let (entries, more) = bounded(entries("order.placed", count, bytes));
            (entries.len(), more)
        };
        assert_eq!(window(0, 1), (0, false));
        assert_eq!(window(999, 100), (999, false));
        assert_eq!(window(1000, 100), (1000, true));
        assert_eq!(window(10, WINDOW_BYTES / 4), (4, true));
        assert_eq!(window(2, WINDOW_BYTES * 2), (1, true), "one that is too large goes alone");
    }

    #[test]
    fn events_of_one_key_travel_together_up_to_a_size() {
        let packed = |count, bytes| -> Vec<usize> {
            pack(&entries("order.placed", count, bytes))
                .expect("events")
                .0
                .iter()
                .map(|message| message.events.len())
                .collect()
        };
        assert_eq!(packed(250, 100), [100, 100, 50]);
        assert_eq!(packed(3, BYTES_MAX / 2 - 1), [2, 1]);
        let both = [entries("order.placed", 2, 1), entries("order.accepted", 2, 1)].concat();
        assert_eq!(pack(&both).expect("events").1, [[1, 2], [1, 2]]);
    }

    #[test]
    fn what_is_no_event_is_not_published_as_if_it_were_one() {
        let damaged = Entry { position: 7, doc: "{}".into(), ..entries("order.placed", 1, 1).remove(0) };
        let error = pack(&[damaged]).expect_err("it has no id");
        assert!(format!("{error:#}").starts_with("position 7 of the log is no event"), "{error:#}");
    }

    #[test]
    fn an_event_never_overtakes_an_earlier_one_of_its_subject() {
        let said = |text: &str| -> Vec<Entry> {
            let entry = |(position, said): (i64, &str)| {
                let (kind, subject) = said.split_once(' ').expect("a type and a subject");
                let entry = entries(&format!("order.{kind}"), 1, 1).remove(0);
                Entry { position, subject: subject.into(), ..entry }
            };
            (1..).zip(text.split(", ")).map(entry).collect()
        };
        assert_eq!(pack(&said("cancelled x, placed a, cancelled a")).expect("events").1, [[1], [2], [3]]);
        assert_eq!(pack(&said("placed a, cancelled a, placed b, cancelled b")).expect("events").1, [[1, 3], [2, 4]]);
        assert_eq!(
            pack(&said("placed a, cancelled x, placed b, cancelled b, cancelled y")).expect("events").1,
            [vec![1, 3], vec![2, 4, 5]]
        );
        assert_eq!(
            pack(&said("cancelled x, placed a, cancelled a, cancelled b, placed c")).expect("events").1,
            [vec![1], vec![2, 5], vec![3, 4]]
        );
    }
}
