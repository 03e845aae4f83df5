//! What a service has taken in, so that what comes again or late is known.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::{
    contract::event::Event,
    db::Tx,
    engine::rows::{Record, Rows},
};

/// The last that was taken in of a foreign subject. One row does what a list of event ids would, for as long
/// as the subject lives: a repetition and a late event are both at or below `sequence`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct TakenIn {
    subject: String,
    sequence: i64,
}

impl Record for TakenIn {
    const TABLE: &'static str = "inbox";
    fn key(&self) -> String {
        self.subject.clone()
    }
}

/// What was taken in of the subjects of a batch.
#[derive(Debug)]
pub(super) struct Inbox(Rows<TakenIn>);

impl Inbox {
    pub(super) async fn load<'a>(tx: &mut Tx, events: impl Iterator<Item = &'a Event>) -> Result<Self> {
        Ok(Self(Rows::load(tx, events.map(Event::subject_key)).await?))
    }

    /// Whether the event, or a later one of its subject, was taken in before.
    pub(super) fn knows(&self, event: &Event) -> bool {
        self.0.get(&event.subject_key()).is_some_and(|last| last.sequence >= event.sequence)
    }

    pub(super) fn take_in(&mut self, event: &Event) {
        self.0.put(TakenIn { subject: event.subject_key(), sequence: event.sequence });
    }

    pub(super) fn save(self, tx: &mut Tx) -> Result<()> {
        self.0.save(tx)
    }
}
