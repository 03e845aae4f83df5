//! A service's past, run again: what its journal holds is decided once more, by the same engine on an empty database,
//! and held against what was decided then. Nothing else is needed: no broker, no other service, no clock.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    contract::{event::decode, time::Time},
    db::{Company, Db, Tx},
    engine::{
        batch::{Batch, Origin, Pending},
        decide,
        journal::{Entry, Forgot, Told},
        schema,
        service::{Input, Service},
    },
};

/// Where the past and the present part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In the journal.
    pub position: i64,
    /// The input, as it came. `None` where it is not the inputs that differ.
    pub input: Option<Uuid>,
    /// Encoded.
    pub then: String,
    pub now: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input = self.input.map_or(String::new(), |id| format!(", input {id}"));
        write!(f, "entry {}{input} is decided differently\n  then: {}\n  now:  {}", self.position, self.then, self.now)
    }
}

/// A row that an entry changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub table: &'static str,
    pub key: String,
    /// Encoded; `None` where the row is new.
    pub before: Option<String>,
    pub after: String,
}

/// What came of an entry.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub inputs: usize,
    /// The events that were said, encoded.
    pub said: Vec<String>,
    pub difference: Option<Difference>,
}

/// A sandbox: a database of its own, as far as the past has been run again.
#[derive(Debug)]
pub struct Sandbox {
    db: Db,
    /// Of the last entry that was run.
    pub position: i64,
}

impl Sandbox {
    /// In a database that is empty.
    pub async fn new<S: Service>(db: Db) -> Result<Self> {
        schema::prepare::<S>(&db).await?;
        Ok(Self { db, position: 0 })
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Runs entries that follow each other, all of them in one transaction, up to the first that is decided differently:
    /// that one included. `said` gives the events that were said from a position on, as far as they are known.
    pub async fn run<S: Service>(&mut self, entries: &[Entry], said: &Said) -> Result<Vec<Step>> {
        let mut tx = self.db.begin_with(Company::Deciders).await?;
        let (mut steps, mut position) = (Vec::with_capacity(entries.len()), self.position);
        for entry in entries {
            let next = position + 1;
            ensure!(entry.position == next, "history has a gap: entry {next} of the journal is missing");
            position = next;
            let step = step::<S>(&mut tx, entry, said).await.with_context(|| format!("entry {position}"))?;
            let goes_on = step.difference.is_none();
            steps.push(step);
            if !goes_on {
                break;
            }
        }
        tx.commit().await?;
        self.position = position;
        Ok(steps)
    }

    /// The rows that the next entry is going to change; nothing is written.
    pub async fn changes<S: Service>(&self, entry: &Entry) -> Result<Vec<Change>> {
        if entry.doc.starts_with('{') {
            return Ok(Vec::new());
        }
        let mut tx = self.db.begin_with(Company::Deciders).await?;
        decide::decide(&mut tx, &batch::<S>(entry)?).await?;
        let mut changes = Vec::new();
        for (table, key, after) in tx.changes() {
            let before = tx.doc(table, &key).await?;
            changes.push(Change { table, key, before, after });
        }
        Ok(changes)
    }
}

/// What was said then.
#[derive(Debug, Default)]
pub struct Said {
    /// The position of the first that is known.
    first: i64,
    /// Encoded.
    events: Vec<String>,
}

impl Said {
    /// `first` is the position of the first of `events`.
    pub fn from(first: i64, events: Vec<String>) -> Self {
        Self { first, events }
    }

    fn at(&self, position: i64) -> Option<&String> {
        self.events.get(usize::try_from(position.checked_sub(self.first)?).ok()?)
    }
}

async fn step<S: Service>(tx: &mut Tx, entry: &Entry, known: &Said) -> Result<Step> {
    if entry.doc.starts_with('{') {
        let forgot: Forgot = serde_json::from_str(&entry.doc).context("what was forgotten")?;
        forgot.carry_out(tx, entry.at).await?;
        tx.flush().await?;
        return Ok(Step::default());
    }
    let batch = batch::<S>(entry)?;
    let decided = decide::decide(tx, &batch).await?;
    let said = decided.said.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    let difference = match difference(entry, &decided.journal.doc())? {
        Some(difference) => Some(difference),
        None => spoke_differently(entry, known, &said),
    };
    decided.write(tx).await?;
    Ok(Step { inputs: batch.inputs.len(), said, difference })
}

/// The batch, as it was when it was decided.
fn batch<S: Service>(entry: &Entry) -> Result<Batch<S>> {
    let told: Vec<Told> = serde_json::from_str(&entry.doc).context("read its inputs")?;
    let inputs = told.into_iter().map(|told| pending(&told).with_context(|| format!("input {}", told.id)));
    Ok(Batch { inputs: inputs.collect::<Result<_>>()?, ..Batch::empty() })
}

fn pending<S: Service>(told: &Told) -> Result<Pending<S>> {
    if let Some(raw) = &told.event {
        return heard(raw, told.at);
    }
    let command = told.command.as_ref().context("it is neither an event nor a command")?;
    let command = serde_json::from_str(command.get()).context("its command does not fit this version")?;
    let trace = told.traceparent.as_deref().and_then(|text| text.parse().ok()).context("its traceparent")?;
    let Told { id, at, by, condition, .. } = told.clone();
    // Nobody waits for the answer.
    let (asker, _) = oneshot::channel();
    Ok(Pending { input: Input { id, at, by, trace, condition, command }, origin: Origin::Request(asker) })
}

fn heard<S: Service>(raw: &RawValue, at: Time) -> Result<Pending<S>> {
    match decode(raw.get().as_bytes()).into_iter().next() {
        Some(Ok((event, raw))) => match Pending::of_event(event, raw, false) {
            Ok(mut pending) => {
                pending.input.at = at;
                Ok(pending)
            }
            Err((_, error)) => Err(error),
        },
        Some(Err((_, error))) => Err(error),
        None => bail!("its event is empty"),
    }
}

fn difference(entry: &Entry, now: &str) -> Result<Option<Difference>> {
    if entry.doc == now {
        return Ok(None);
    }
    let (then, now): (Vec<&RawValue>, Vec<&RawValue>) = (serde_json::from_str(&entry.doc)?, serde_json::from_str(now)?);
    let differ = then.iter().zip(&now).find(|(then, now)| then.get() != now.get());
    let (then, now) = differ.context("other inputs than were told")?;
    let told: Told = serde_json::from_str(then.get())?;
    Ok(Some(Difference {
        position: entry.position,
        input: Some(told.id),
        then: then.get().into(),
        now: now.get().into(),
    }))
}

fn spoke_differently(entry: &Entry, known: &Said, said: &[String]) -> Option<Difference> {
    let first = entry.said - i64::try_from(said.len()).ok()? + 1;
    (first..).zip(said).find_map(|(position, now)| {
        let then = known.at(position).filter(|then| *then != now)?;
        Some(Difference { position: entry.position, input: None, then: then.clone(), now: now.clone() })
    })
}
