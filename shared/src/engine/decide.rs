//! Batches inside a transaction: skip what was taken in already, load, decide, hand over what is to be written.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use serde_json::value::RawValue;
use tracing::info;
use uuid::Uuid;

use crate::{
    contract::event::Event,
    db::{Head, Tx},
    engine::{
        batch::{Answer, Batch, Origin, Pending},
        dead::{self, Letter},
        inbox::{Inbox, Standing},
        journal::{self, Draft, Verdict},
        log, measure,
        pump::Denial,
        redrive::{NoLetter, Redrive, Redriven},
        service::{Input, Service},
        traced,
    },
};

/// What a batch came to, before its commit.
pub(super) struct Decided<S: Service> {
    pub(super) said: Vec<Event>,
    /// The same, encoded, until it is written.
    pub(super) encoded: Vec<String>,
    pub(super) journal: Draft,
    /// One an input, in order.
    answers: Vec<Answer<S>>,
    /// Event types and what became of them, for the metrics.
    outcomes: Vec<(String, &'static str)>,
    /// Who said what is taken in, and how long ago.
    heard: Vec<(String, Duration)>,
    /// What was set aside.
    letters: Vec<Letter>,
    /// Letters that are none any more.
    pub(super) redriven: Vec<Uuid>,
}

/// All that batches touch, as it is while they are decided one after the other.
pub(super) struct Loaded<S: Service> {
    state: S::State,
    inbox: Inbox,
    /// Letters that are there to be taken in.
    letters: HashSet<Uuid>,
}

/// Leaves the batch as it was, so that it can be decided again. The rows that changed wait in the transaction.
pub(super) async fn decide<S: Service>(tx: &mut Tx, batch: &Batch<S>) -> Result<Decided<S>> {
    let mut loaded = Loaded::load(tx, std::slice::from_ref(batch)).await?;
    let decided = loaded.decide(batch)?;
    loaded.save(tx)?;
    Ok(decided)
}

/// Writes what batches came to, all but the letters in one statement; how far the log and the journal have come.
pub(super) async fn write<S: Service>(tx: &mut Tx, batches: &mut [Decided<S>]) -> Result<Option<Head>> {
    for decided in &*batches {
        dead::store(tx, &decided.letters).await?;
        dead::remove(tx, &decided.redriven).await?;
    }
    let encoded = batches.iter_mut().flat_map(|decided| std::mem::take(&mut decided.encoded)).collect();
    let said: Vec<&Event> = batches.iter().flat_map(|decided| &decided.said).collect();
    log::append(tx, &said, encoded);
    journal::append(tx, batches.iter().map(|decided| (&decided.journal, decided.said.len())))?;
    tx.flush().await
}

impl<S: Service> Loaded<S> {
    /// What these batches touch: each is decided as if those before it had been committed.
    pub(super) async fn load(tx: &mut Tx, batches: &[Batch<S>]) -> Result<Self> {
        let letters = dead::hold(tx, batches.iter().flat_map(Batch::redriven)).await?;
        let inbox = Inbox::load(tx, batches.iter().flat_map(Batch::events)).await?;
        let inputs: Vec<_> = batches.iter().flat_map(|batch| &batch.inputs).map(|pending| &pending.input).collect();
        let state = S::load(tx, &inputs).await.context("load")?;
        Ok(Self { state, inbox, letters })
    }

    /// Hands over the rows that changed.
    pub(super) fn save(self, tx: &mut Tx) -> Result<()> {
        S::save(tx, self.state).context("save")?;
        self.inbox.save(tx)
    }

    /// Of the batches that it was loaded for, the next.
    pub(super) fn decide(&mut self, batch: &Batch<S>) -> Result<Decided<S>> {
        let Self { state, inbox, letters } = self;
        let mut decided = Decided {
            said: Vec::new(),
            encoded: Vec::new(),
            journal: Draft::default(),
            answers: Vec::new(),
            outcomes: Vec::new(),
            heard: Vec::new(),
            letters: batch.letters.clone(),
            redriven: Vec::new(),
        };
        for pending in &batch.inputs {
            if pending.redrive().is_some_and(|redrive| !letters.contains(&redrive.letter)) {
                decided.answers.push(Answer::Redriver(Err(Denial::Refused(NoLetter))));
                continue;
            }
            let said = decided.said.len();
            let verdict = match &pending.origin {
                Origin::Request(_) => decided.ask(state, &pending.input)?,
                Origin::Event { event, raw, attempts, redrive, .. } => {
                    let known = inbox.sequence(event);
                    let verdict = match inbox.standing(event) {
                        Standing::New => decided.hear(state, &pending.input)?,
                        Standing::Repeated => Verdict::Repeated,
                        Standing::Late => Verdict::Late,
                        Standing::Conflicting(reason) => Verdict::Conflicting(reason),
                    };
                    if verdict == Verdict::Decided {
                        inbox.take_in(event, pending.input.at);
                        decided.heard.push((speaker(event), pending.input.at.since(event.time)));
                    }
                    decided.note(event, raw, *attempts, redrive.as_ref(), &verdict);
                    decided.answers.push(
                        redrive
                            .as_ref()
                            .map_or(Answer::Nobody, |_| Answer::Redriver(Ok(Redriven::of(&verdict, event, known)))),
                    );
                    verdict
                }
            };
            decided.journal.add(pending, &verdict, decided.said.len() - said)?;
        }
        Ok(decided)
    }
}

impl<S: Service> Decided<S> {
    fn ask(&mut self, state: &mut S::State, input: &Input<S::Command>) -> Result<Verdict> {
        if let Some(version) = S::version(state, &input.command).filter(|version| !input.condition.holds(*version)) {
            self.answers.push(Answer::Asker(Err(Denial::VersionMismatch(version))));
            return Ok(Verdict::OtherVersion(version));
        }
        let (answer, verdict) = match self.one(state, input)? {
            // A command that was decided has a reply for whoever asked: that it has none is our fault.
            Ok(reply) => (reply.ok_or(Denial::Failed), Verdict::Decided),
            Err(refusal) => {
                let reason = refusal.to_string();
                (Err(Denial::Refused(refusal)), Verdict::Refused(reason))
            }
        };
        self.answers.push(Answer::Asker(answer));
        Ok(verdict)
    }

    fn hear(&mut self, state: &mut S::State, input: &Input<S::Command>) -> Result<Verdict> {
        Ok(self.one(state, input)?.map_or_else(|refusal| Verdict::Refused(refusal.to_string()), |_| Verdict::Decided))
    }

    /// Decides one input. A panic is an error of the whole batch, since it may have left the state half changed.
    fn one(&mut self, state: &mut S::State, input: &Input<S::Command>) -> Result<Result<Option<S::Reply>, S::Refusal>> {
        let decided = catch_unwind(AssertUnwindSafe(|| S::decide(state, input)));
        let decision = match decided.map_err(|_| anyhow!("deciding {} panicked", input.id))? {
            Ok(decision) => decision,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let trace = traced::decision::<S>(input);
        let events = decision.events.into_iter().enumerate();
        for event in events.map(|(nth, event)| event.into_event(S::NAME, input.id, nth, input.at, &trace)) {
            self.encoded.push(serde_json::to_string(&event).context("encode an event")?);
            self.said.push(event);
        }
        Ok(Ok(decision.reply))
    }

    /// What is neither taken in nor known becomes a letter.
    fn note(&mut self, event: &Event, raw: &RawValue, attempts: i64, redrive: Option<&Redrive>, verdict: &Verdict) {
        let letter = redrive.map(|redrive| redrive.letter);
        let outcome = match verdict {
            Verdict::Refused(reason) => {
                return self.letters.push(Letter::of_event(event, raw, reason, attempts).redriven(letter));
            }
            Verdict::Conflicting(reason) => {
                return self.letters.push(Letter::conflicting(event, raw, reason.clone()).redriven(letter));
            }
            Verdict::Repeated => "repeated",
            Verdict::Late => "late",
            Verdict::Decided | Verdict::OtherVersion(_) => "taken_in",
        };
        self.redriven.extend(letter);
        self.outcomes.push((event.kind.clone(), outcome));
    }

    /// After the commit: nobody hears of anything that could still be lost.
    pub(super) fn answer(self, inputs: Vec<Pending<S>>) {
        self.said.iter().for_each(S::measure);
        for (speaker, lag) in self.heard {
            measure::heard(S::NAME, speaker, lag);
        }
        let said = self.said.into_iter().map(|event| (event.kind, "said"));
        for (kind, outcome) in self.outcomes.into_iter().chain(said) {
            let labels = [("service", S::NAME.into()), ("type", kind), ("outcome", outcome.into())];
            metrics::counter!("comanda_events_total", &labels).increment(1);
        }
        dead::report(S::NAME, self.letters);
        for letter in self.redriven {
            info!(service = S::NAME, event.id = %letter, "dead letter redriven");
        }
        for (pending, answer) in inputs.into_iter().zip(self.answers) {
            pending.answer(answer);
        }
    }
}

/// `order-svc` of `/order-svc`.
fn speaker(event: &Event) -> String {
    event.source.trim_start_matches('/').to_owned()
}
