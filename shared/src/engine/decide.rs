//! One batch inside its transaction: skip what was taken in already, load, decide, save, append.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, anyhow};

use crate::{
    contract::event::{Event, derived_id},
    db::Tx,
    engine::{
        batch::{Batch, Origin, Pending},
        dead::{self, Letter},
        inbox::{Inbox, Standing},
        log,
        pump::{Denial, Outcome},
        service::Service,
    },
};

/// What a batch came to, before its commit.
pub(super) struct Decided<S: Service> {
    /// The log's new head, if the batch said anything.
    pub(super) position: Option<i64>,
    /// One an input, in order.
    answers: Vec<Option<Outcome<S>>>,
    /// Event types and what became of them, for the metrics.
    outcomes: Vec<(String, &'static str)>,
    /// What was set aside.
    letters: Vec<Letter>,
}

impl<S: Service> Decided<S> {
    fn note(&mut self, event: &Event, outcome: &'static str) {
        self.outcomes.push((event.kind.clone(), outcome));
    }
}

/// All of the batch but its commit. Leaves the batch as it was, so that it can be decided again.
pub(super) async fn decide<S: Service>(tx: &mut Tx, batch: &Batch<S>) -> Result<Decided<S>> {
    let mut inbox = Inbox::load(tx, batch.events()).await?;
    let inputs: Vec<_> = batch.inputs.iter().map(|pending| &pending.input).collect();
    let mut state = S::load(tx, &inputs).await.context("load")?;
    let letters = batch.letters.clone();
    let mut decided = Decided { position: None, answers: Vec::new(), outcomes: Vec::new(), letters };
    let mut said = Vec::new();
    for pending in &batch.inputs {
        let answer = match &pending.origin {
            Origin::Request(_) => Some(reply(one::<S>(&mut state, pending, &mut said)?)),
            Origin::Event { event, bytes, attempts, .. } => {
                match inbox.standing(event) {
                    Standing::New => match one::<S>(&mut state, pending, &mut said)? {
                        Ok(_) => {
                            inbox.take_in(event, pending.input.at);
                            decided.note(event, "taken_in");
                        }
                        Err(denied) => {
                            let reason = denied.to_string();
                            decided.letters.push(Letter::of_event(event, bytes.clone(), reason, *attempts));
                        }
                    },
                    Standing::Repeated => decided.note(event, "repeated"),
                    Standing::Late => decided.note(event, "late"),
                    Standing::Conflicting(reason) => {
                        decided.letters.push(Letter::conflicting(event, bytes.clone(), reason));
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

/// A command that was decided has a reply for whoever asked: that it has none is our fault.
fn reply<R, E>(decided: Result<Option<R>, Denial<E>>) -> Result<R, Denial<E>> {
    decided?.ok_or(Denial::Failed)
}

/// What one input came to.
type One<S> = Result<Option<<S as Service>::Reply>, Denial<<S as Service>::Refusal>>;

/// Decides one input. A panic is an error of the whole batch, since it may have left the state half changed.
fn one<S: Service>(state: &mut S::State, pending: &Pending<S>, said: &mut Vec<Event>) -> Result<One<S>> {
    let input = &pending.input;
    if let Some(version) = S::version(state, &input.command).filter(|version| !input.condition.holds(*version)) {
        return Ok(Err(Denial::VersionMismatch(version)));
    }
    let decided = catch_unwind(AssertUnwindSafe(|| S::decide(state, input)));
    let decision = match decided.map_err(|_| anyhow!("deciding {} panicked", input.id))? {
        Ok(decision) => decision,
        Err(refusal) => return Ok(Err(Denial::Refused(refusal))),
    };
    let trace = input.trace.child(derived_id(&[S::NAME, &input.id.to_string()]));
    for (place, event) in decision.events.into_iter().enumerate() {
        said.push(event.into_event(S::NAME, input.id, place, input.at, &trace));
    }
    Ok(Ok(decision.reply))
}
