//! What one transaction decides: inputs, letters to keep, and who waits for what comes of them.

use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tracing::error;
use uuid::Uuid;

use crate::{
    bus::{Delivery, Receipt, seldom::Seldom},
    contract::{
        event::{Event, decode},
        time::Time,
        trace::Trace,
    },
    engine::{
        condition::Condition,
        dead::Letter,
        gather::Held,
        pump::{Denial, Outcome},
        redrive::{Heard, Redrive, Redriven},
        service::{Input, Service},
    },
};

/// What one transaction decides.
#[derive(Debug)]
pub(super) struct Batch<S: Service> {
    pub(super) inputs: Vec<Pending<S>>,
    pub(super) letters: Vec<Letter>,
    /// Who hears what once the letters are kept.
    pub(super) heard: Vec<(Redrive, Redriven)>,
    pub(super) receipts: Vec<Receipt>,
    pub(super) held: Held,
    /// When it began to gather.
    pub(super) began: Time,
}

/// An input and who waits for it.
#[derive(Debug)]
pub(super) struct Pending<S: Service> {
    pub(super) input: Input<S::Command>,
    pub(super) origin: Origin<S>,
}

/// Where an input came from: who asked and waits for the outcome, or the event that the bus delivered, now or long ago.
#[derive(Debug)]
pub(super) enum Origin<S: Service> {
    Request(oneshot::Sender<Outcome<S>>),
    Event {
        event: Box<Event>,
        /// Its bytes.
        raw: Box<RawValue>,
        /// It was delivered before.
        redelivered: bool,
        attempts: i64,
        /// It was a dead letter until now.
        redrive: Option<Redrive>,
        /// The principal who wanted that, now or long ago.
        redriven_by: Option<String>,
    },
}

/// What somebody hears who waits for an input.
#[derive(Debug)]
pub(super) enum Answer<S: Service> {
    Nobody,
    Asker(Outcome<S>),
    Redriver(Heard),
}

impl<S: Service> Batch<S> {
    pub(super) fn empty() -> Self {
        let (inputs, letters, heard, receipts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { inputs, letters, heard, receipts, held: Held::default(), began: Time::now() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.letters.is_empty()
    }

    /// Those that the bus delivered.
    pub(super) fn events(&self) -> impl Iterator<Item = &Event> {
        self.inputs.iter().filter_map(Pending::event)
    }

    /// Of letters that are to be taken in now.
    pub(super) fn redriven(&self) -> impl Iterator<Item = Uuid> {
        self.inputs.iter().filter_map(Pending::redrive).map(|redrive| redrive.letter)
    }

    /// That somebody waits for.
    pub(super) fn request(&mut self, pending: Pending<S>) {
        self.held.requests += 1;
        self.inputs.push(pending);
    }

    pub(super) fn deliver(&mut self, delivery: Delivery) {
        let Delivery { body, cut, from, redelivered, receipt, made_anew: _ } = delivery;
        self.receipts.push(receipt);
        self.held.bytes += body.len();
        if let Some(cut) = cut {
            self.held.events += 1;
            return self.letters.push(Letter::too_large(body, &cut));
        }
        for event in decode(&body) {
            self.held.events += 1;
            let pending = event.and_then(|(event, raw)| match from.may_say(&event.source) {
                Ok(()) => Pending::of_event(event, raw, redelivered),
                Err(forged) => Err((raw.get().into(), forged)),
            });
            match pending {
                Ok(pending) => self.inputs.push(pending),
                Err((bytes, error)) => self.letters.push(Letter::unreadable(bytes, &error)),
            }
        }
    }

    /// Takes none for earlier than what was decided before it, so that history is in time's order: who came first may be
    /// decided last. The moment of the last.
    pub(super) fn in_order(&mut self, latest: Time) -> Time {
        self.inputs.iter_mut().fold(latest, |latest, pending| {
            pending.input.at = in_order(pending.input.at, latest);
            pending.input.at
        })
    }

    /// Requests whose asker has gone need no decision.
    pub(super) fn drop_abandoned(&mut self) {
        self.inputs.retain(|pending| match &pending.origin {
            Origin::Request(asker) => !asker.is_closed(),
            Origin::Event { redrive, .. } => redrive.as_ref().is_none_or(|redrive| !redrive.asker.is_closed()),
        });
    }

    /// Answers all requests as unavailable; `why` is for people. Events stay.
    pub(super) fn fail_requests(&mut self, why: &'static str) {
        for pending in std::mem::take(&mut self.inputs) {
            match &pending.origin {
                Origin::Request(_) => pending.answer(Answer::Asker(Err(Denial::Unavailable(why)))),
                Origin::Event { redrive: Some(_), .. } => {
                    pending.answer(Answer::Redriver(Err(Denial::Unavailable(why))));
                }
                Origin::Event { .. } => self.inputs.push(pending),
            }
        }
    }

    /// Makes the only input a dead letter; a request hears that it is our fault.
    pub(super) fn bury(&mut self, error: &anyhow::Error) {
        for pending in std::mem::take(&mut self.inputs) {
            match pending.origin {
                Origin::Request(_) => {
                    static FAULTS: Seldom = Seldom::new(10);
                    let (id, trace, error) = (pending.input.id, pending.input.trace.name(), format!("{error:#}"));
                    if let Some(left_out) = FAULTS.now(Time::now()) {
                        error!(service = S::NAME, request.id = %id, trace.id = trace, error, left_out, "a request could not be decided or stored");
                    }
                    pending.answer(Answer::Asker(Err(Denial::Failed)));
                }
                Origin::Event { event, raw, attempts, redrive, .. } => {
                    let reason = format!("{error:#}");
                    let known = redrive.as_ref().map(|redrive| redrive.letter);
                    self.letters.push(Letter::of_event(&event, &raw, reason.clone(), attempts).redriven(known));
                    self.heard.extend(redrive.map(|redrive| (redrive, Redriven::refused(reason))));
                }
            }
        }
    }

    /// After the commit: whoever redrove what is a letter once more.
    pub(super) fn tell_of_letters(&mut self) {
        for (redrive, redriven) in self.heard.drain(..) {
            redrive.answer(Ok(redriven));
        }
    }
}

/// A clock that was set back further than this was wrong before, and is believed now.
const SET_BACK: Duration = Duration::from_secs(10);

fn in_order(at: Time, latest: Time) -> Time {
    if latest.since(at) < SET_BACK { at.max(latest) } else { at }
}

impl<S: Service> Pending<S> {
    /// An error with the bytes where the event tells the service nothing.
    pub(super) fn of_event(
        event: Event,
        raw: Box<RawValue>,
        redelivered: bool,
    ) -> Result<Self, (Vec<u8>, anyhow::Error)> {
        let command = S::hear(&event).map_err(|error| (raw.get().into(), error))?;
        let trace = event.trace();
        let input = Input {
            id: event.id,
            at: Time::now(),
            by: event.source.clone(),
            trace: trace.unwrap_or_else(|| Trace::rooted_in(event.id)),
            condition: Condition::default(),
            command,
        };
        let event = Box::new(event);
        let (redrive, redriven_by) = (None, None);
        Ok(Self { input, origin: Origin::Event { event, raw, redelivered, attempts: 1, redrive, redriven_by } })
    }

    /// An event that is a dead letter until now, or was one then.
    pub(super) fn redriven(mut self, by: Option<String>, now: Option<Redrive>) -> Self {
        if let Origin::Event { redrive, redriven_by, .. } = &mut self.origin {
            (*redrive, *redriven_by) = (now, by);
        }
        self
    }

    pub(super) fn redrive(&self) -> Option<&Redrive> {
        match &self.origin {
            Origin::Event { redrive, .. } => redrive.as_ref(),
            Origin::Request(_) => None,
        }
    }

    /// That the bus delivered.
    pub(super) fn event(&self) -> Option<&Event> {
        match &self.origin {
            Origin::Event { event, .. } => Some(event),
            Origin::Request(_) => None,
        }
    }

    /// That the bus delivered before, and nobody knows what became of it.
    pub(super) fn redelivered(&self) -> Option<&Event> {
        match &self.origin {
            Origin::Event { event, redelivered: true, .. } => Some(event),
            Origin::Event { .. } | Origin::Request(_) => None,
        }
    }

    pub(super) fn set_attempts(&mut self, attempts: i64) {
        if let Origin::Event { attempts: known, .. } = &mut self.origin {
            *known = attempts;
        }
    }

    pub(super) fn answer(self, answer: Answer<S>) {
        match (self.origin, answer) {
            (Origin::Request(asker), Answer::Asker(outcome)) => {
                // The asker may have gone; the key makes asking again safe.
                let _ = asker.send(outcome);
            }
            (Origin::Event { redrive: Some(redrive), .. }, Answer::Redriver(heard)) => redrive.answer(heard),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_put_in_order_and_clocks_that_are_set_back_are_believed() {
        let second = |second: i64| Time::from_micros(second * 1_000_000);
        assert_eq!(in_order(second(100), second(0)), second(100));
        assert_eq!(in_order(second(100), second(103)), second(103));
        assert_eq!(in_order(second(100), second(7300)), second(100));
    }
}
