//! What a service has taken in, so that what comes again, late or in contradiction is told from what is new.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    contract::{event::Event, time::Time},
    db::{Db, Tx},
    engine::rows::{Record, Rows},
};

/// No subject changes so often between two events that a listener hears. One stray number beyond it would make
/// every true event of its subject look late, for good.
const JUMP_MAX: i64 = 1_000_000;
/// An event that is late may have a later time than the last one: clocks differ, and an input may wait for its
/// commit. By no more than this.
const CLOCKS_APART: Duration = Duration::from_secs(300);

/// The last that was taken in of a foreign subject. One row does what a list of event ids would, for as long
/// as the subject lives: a repetition and a late event are both at or below `sequence`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct TakenIn {
    subject: String,
    sequence: i64,
    /// Of the event. Rows of earlier versions do not know it.
    id: Option<Uuid>,
    /// When the event happened, or was taken in if that was earlier: one from the future must not hide those that
    /// contradict it. Rows of earlier versions do not know it.
    time: Option<Time>,
}

impl Record for TakenIn {
    const TABLE: &'static str = "inbox";
    fn key(&self) -> String {
        self.subject.clone()
    }
}

/// How an event stands to what was taken in of its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It says more than all that was taken in.
    New,
    /// It is what was taken in last.
    Repeated,
    /// What was taken in last says more.
    Late,
    /// It and what was taken in last cannot both be right; who looks into it needs this reason.
    Conflicting(String),
}

/// What was taken in of the subjects of a batch.
#[derive(Debug)]
pub(super) struct Inbox(Rows<TakenIn>);

impl Inbox {
    pub(super) async fn load<'a>(tx: &mut Tx, events: impl Iterator<Item = &'a Event>) -> Result<Self> {
        Ok(Self(Rows::load(tx, events.map(Event::subject_key)).await?))
    }

    /// Of what was taken in last of the event's subject; 0 where nothing was.
    pub(super) fn sequence(&self, event: &Event) -> i64 {
        self.0.get(&event.subject_key()).map_or(0, |last| last.sequence)
    }

    pub(super) fn standing(&self, event: &Event) -> Standing {
        let last = self.0.get(&event.subject_key());
        let sequence = self.sequence(event);
        if event.sequence > sequence {
            let plausible = event.sequence - sequence <= JUMP_MAX;
            return if plausible { Standing::New } else { Standing::Conflicting(too_far(event, sequence)) };
        }
        let (id, time) = last.map_or((None, None), |last| (last.id, last.time));
        if event.sequence == sequence {
            return match id.filter(|id| *id != event.id) {
                Some(other) => Standing::Conflicting(same_sequence(event, other)),
                None => Standing::Repeated,
            };
        }
        match time.filter(|time| event.time.since(*time) > CLOCKS_APART) {
            Some(time) => Standing::Conflicting(later_below(event, sequence, id, time)),
            None => Standing::Late,
        }
    }

    /// `at` is the present.
    pub(super) fn take_in(&mut self, event: &Event, at: Time) {
        self.0.put(TakenIn {
            subject: event.subject_key(),
            sequence: event.sequence,
            id: Some(event.id),
            time: Some(event.time.min(at)),
        });
    }

    pub(super) fn save(self, tx: &mut Tx) -> Result<()> {
        self.0.save(tx)
    }
}

/// An event that somebody asks about.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Asked {
    pub id: Uuid,
    /// What it is about, with the first word of its type: `order:0190b2f0-…`.
    pub subject: String,
    pub sequence: i64,
}

/// What became of the events that were asked about; those that are not named were taken in, or discarded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Checked {
    /// Neither they nor anything later about their subjects was taken in.
    pub missing: Vec<Uuid>,
    /// They were set aside as dead letters.
    pub dead: Vec<Uuid>,
    /// What was taken in of orders and reservations that are older may have been forgotten: whether a missing one was
    /// is not known. `null` where nothing has been forgotten.
    pub known_since: Option<Time>,
}

/// Which of the events were not taken in.
pub async fn check(db: &Db, events: &[Asked]) -> Result<Checked> {
    let ids: Vec<String> = events.iter().map(|event| event.id.to_string()).collect();
    let keys: Vec<String> = events.iter().map(|event| event.subject.clone()).collect();
    // A letter that is redriven meanwhile is found here, or as taken in behind it.
    let dead: Vec<(String,)> = db.fetch_keys("SELECT dead_letters.id FROM dead_letters WHERE id", &ids).await?;
    let dead: HashSet<String> = dead.into_iter().map(|(id,)| id).collect();
    let discarded: Vec<(String,)> = db.fetch_keys("SELECT id FROM discarded WHERE id", &ids).await?;
    let discarded: HashSet<String> = discarded.into_iter().map(|(id,)| id).collect();
    let sql = "SELECT key, CAST(doc->>'sequence' AS BIGINT) FROM inbox WHERE key";
    let last: HashMap<String, i64> = db.fetch_keys(sql, &keys).await?.into_iter().collect();
    let is_dead = |event: &&Asked| dead.contains(&event.id.to_string());
    let is_missing = |event: &&Asked| {
        let is_behind = last.get(&event.subject).is_none_or(|last| *last < event.sequence);
        is_behind && !is_dead(event) && !discarded.contains(&event.id.to_string())
    };
    Ok(Checked {
        missing: events.iter().filter(is_missing).map(|event| event.id).collect(),
        dead: events.iter().filter(is_dead).map(|event| event.id).collect(),
        known_since: floor(db).await?,
    })
}

/// Rows from before then may have been forgotten; `None` while none were.
async fn floor(db: &Db) -> Result<Option<Time>> {
    let rows: Vec<(String,)> = db.fetch("SELECT inbox FROM floors WHERE id = 1", []).await?;
    Ok(rows.first().and_then(|(at,)| at.parse().ok()))
}

/// Moves the floor before anything below it is forgotten.
pub(super) async fn raise_floor(db: &Db, before: Time) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.execute("UPDATE floors SET inbox = $1 WHERE id = 1 AND inbox < $1", [before.to_string().into()]).await?;
    tx.commit().await
}

fn too_far(event: &Event, sequence: i64) -> String {
    let (key, new) = (event.subject_key(), event.sequence);
    format!("conflict: {key} has come to sequence {sequence}, and {new} is too far beyond it to be true")
}

fn same_sequence(event: &Event, other: Uuid) -> String {
    let (key, sequence) = (event.subject_key(), event.sequence);
    format!("conflict: as sequence {sequence} of {key} another event was taken in, {other}")
}

fn later_below(event: &Event, sequence: i64, id: Option<Uuid>, time: Time) -> String {
    let (key, new) = (event.subject_key(), event.sequence);
    let id = id.map_or("an unknown event".to_owned(), |id| id.to_string());
    format!(
        "conflict: it is later than what was taken in of {key} ({time}), and its sequence {new} is below {sequence}; \
         if {id} with that sequence is the wrong one, delete the row {key} of the inbox and publish this one again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u128 = 0xa;
    const B: u128 = 0xb;

    fn event(sequence: i64, id: u128, time: &str) -> Event {
        let event = format!(
            r#"{{"specversion":"1.0","id":"{}","source":"/order-svc","type":"order.placed","subject":"s",
                "time":"2026-11-23T{time}:00Z","datacontenttype":"application/json","location":"soho",
                "sequence":{sequence},"data":null}}"#,
            Uuid::from_u128(id)
        );
        serde_json::from_str(&event).expect("an event")
    }

    /// The inbox after `taken`, which came in at 20:00.
    fn after(taken: &[(i64, u128, &str)]) -> Inbox {
        let mut inbox = Inbox(Rows::default());
        for (sequence, id, time) in taken {
            inbox.take_in(&event(*sequence, *id, time), "2026-11-23T20:00:00Z".parse().expect("a time"));
        }
        inbox
    }

    fn is_conflict(standing: &Standing) -> bool {
        matches!(standing, Standing::Conflicting(_))
    }

    #[test]
    fn new_repeated_late_and_conflicting_are_told_apart() {
        let inbox = after(&[(3, A, "18:00")]);
        assert_eq!(inbox.standing(&event(4, B, "18:01")), Standing::New);
        assert_eq!(inbox.standing(&event(4, B, "17:00")), Standing::New, "the sequence counts, not the time");
        assert_eq!(inbox.standing(&event(3, A, "18:00")), Standing::Repeated);
        assert_eq!(inbox.standing(&event(2, B, "17:59")), Standing::Late);
        assert_eq!(inbox.standing(&event(2, B, "18:05")), Standing::Late, "clocks differ");
        assert!(is_conflict(&inbox.standing(&event(3, B, "18:00"))));
        assert!(is_conflict(&inbox.standing(&event(2, B, "18:06"))));
    }

    #[test]
    fn a_sequence_that_cannot_be_true_mutes_nobody() {
        for (last, inbox) in [(0, after(&[])), (3, after(&[(3, A, "18:00")]))] {
            assert_eq!(inbox.standing(&event(last + JUMP_MAX, B, "18:01")), Standing::New);
            assert!(is_conflict(&inbox.standing(&event(last + JUMP_MAX + 1, B, "18:01"))));
            assert!(is_conflict(&inbox.standing(&event(i64::MAX, B, "18:01"))));
        }
    }

    #[test]
    fn an_event_from_the_future_does_not_hide_those_that_contradict_it() {
        let inbox = after(&[(900, A, "23:00")]);
        assert_eq!(inbox.standing(&event(4, B, "20:05")), Standing::Late);
        assert!(is_conflict(&inbox.standing(&event(4, B, "20:06"))));
    }

    #[test]
    fn rows_of_earlier_versions_are_read() {
        let row: TakenIn = serde_json::from_str(r#"{"subject":"order:s","sequence":3}"#).expect("a row");
        let inbox = Inbox([row].into_iter().collect());
        assert_eq!(inbox.standing(&event(3, B, "18:00")), Standing::Repeated);
        assert_eq!(inbox.standing(&event(2, B, "23:00")), Standing::Late);
        assert_eq!(inbox.standing(&event(4, B, "18:00")), Standing::New);
    }
}
