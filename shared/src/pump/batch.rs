//! One batch inside its transaction: skip what was taken in already, load, decide, save, append.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};

use super::{Answer, Batch, Origin, Pending};
use crate::{
    db::{Db, Tx},
    dead::{self, Letter},
    event::{Event, derived_id},
    log,
    problem::Problem,
    rows::{Record, Rows},
    service::Service,
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

/// What a batch came to, before its commit.
pub(super) struct Decided<S: Service> {
    /// The log's new head, if the batch said anything.
    pub(super) position: Option<i64>,
    /// One an input, in order.
    answers: Vec<Option<Answer<S>>>,
    /// Event types and what became of them, for the metrics.
    outcomes: Vec<(String, &'static str)>,
    /// What was set aside.
    letters: Vec<Letter>,
}

/// All of the batch but its commit. Leaves the batch as it was, so that it can be decided again.
pub(super) async fn decide<S: Service>(tx: &mut Tx, batch: &Batch<S>) -> Result<Decided<S>> {
    let mut inbox = load_inbox(tx, &batch.inputs).await?;
    let inputs: Vec<_> = batch.inputs.iter().map(|pending| &pending.input).collect();
    let mut state = S::load(tx, &inputs).await.context("load")?;
    let letters = batch.letters.clone();
    let mut decided = Decided { position: None, answers: Vec::new(), outcomes: Vec::new(), letters };
    let mut said = Vec::new();
    for pending in &batch.inputs {
        let answer = match &pending.origin {
            Origin::Request(_) => one::<S>(&mut state, pending, &mut said)?.transpose(),
            Origin::Event { event, .. } if known(&inbox, event) => {
                decided.outcomes.push((event.kind.clone(), "repeated"));
                None
            }
            Origin::Event { event, bytes, attempts } => {
                match one::<S>(&mut state, pending, &mut said)? {
                    Ok(_) => {
                        inbox.put(TakenIn { subject: event.subject_key(), sequence: event.sequence });
                        decided.outcomes.push((event.kind.clone(), "taken_in"));
                    }
                    Err(refused) => {
                        decided.letters.push(Letter::of_event(event, bytes.clone(), refused.detail(), *attempts));
                    }
                }
                None
            }
        };
        decided.answers.push(answer);
    }
    S::save(tx, state).context("save")?;
    inbox.save(tx)?;
    dead::store(tx, &decided.letters).await?;
    if !said.is_empty() {
        decided.outcomes.extend(said.iter().map(|event| (event.kind.clone(), "said")));
        // Last: the log's head stays locked until the commit.
        log::append(tx, &said)?;
    }
    decided.position = tx.flush().await?;
    Ok(decided)
}

/// After the commit: nobody hears of anything that could still be lost.
pub(super) fn answer<S: Service>(inputs: Vec<Pending<S>>, decided: Decided<S>) {
    for (kind, outcome) in decided.outcomes {
        let labels = [("service", S::NAME.into()), ("type", kind), ("outcome", outcome.into())];
        metrics::counter!("comanda_events_total", &labels).increment(1);
    }
    dead::report(S::NAME, decided.letters);
    for (pending, answer) in inputs.into_iter().zip(decided.answers) {
        if let Some(answer) = answer {
            pending.answer(answer);
        }
    }
}

/// The ids of those events that are not taken in yet.
pub(super) async fn not_taken_in<S: Service>(db: &Db, inputs: &[Pending<S>]) -> Result<HashSet<String>> {
    let mut tx = db.begin().await?;
    let inbox = load_inbox(&mut tx, inputs).await?;
    let open = inputs.iter().filter_map(|pending| match &pending.origin {
        Origin::Event { event, .. } if !known(&inbox, event) => Some(event.id.to_string()),
        Origin::Event { .. } | Origin::Request(_) => None,
    });
    Ok(open.collect())
}

async fn load_inbox<S: Service>(tx: &mut Tx, inputs: &[Pending<S>]) -> Result<Rows<TakenIn>> {
    let subjects = inputs.iter().filter_map(|pending| match &pending.origin {
        Origin::Event { event, .. } => Some(event.subject_key()),
        Origin::Request(_) => None,
    });
    Rows::load(tx, subjects).await
}

/// Whether the event, or a later one of its subject, was taken in before.
fn known(inbox: &Rows<TakenIn>, event: &Event) -> bool {
    inbox.get(&event.subject_key()).is_some_and(|last| last.sequence >= event.sequence)
}

/// Decides one input. A panic is an error of the whole batch, since it may have left the state half changed.
fn one<S: Service>(
    state: &mut S::State,
    pending: &Pending<S>,
    said: &mut Vec<Event>,
) -> Result<Result<Option<S::Reply>, Problem>> {
    let input = &pending.input;
    let decided = catch_unwind(AssertUnwindSafe(|| S::decide(state, input)));
    let decision = match decided.map_err(|_| anyhow!("deciding {} panicked", input.id))? {
        Ok(decision) => decision,
        Err(refusal) => return Ok(Err(refusal.into())),
    };
    let trace = input.trace.child(derived_id(&[S::NAME, &input.id.to_string()]));
    for (place, event) in decision.events.into_iter().enumerate() {
        said.push(event.into_event(S::NAME, input.id, place, input.at, &trace));
    }
    Ok(Ok(decision.reply))
}
