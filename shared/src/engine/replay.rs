//! A service's past, run again: what its journal holds is decided once more, by the same engine on an empty database,
//! and held against what was decided then. Nothing else is needed: no broker, no other service, no clock.

use std::{collections::HashSet, fmt};

use anyhow::{Context, Result, bail, ensure};
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    contract::{event::decode, time::Time},
    db::{Company, Db, Tx},
    engine::{
        batch::{Batch, Origin, Pending},
        decide::{self, Loaded},
        journal::{Entry, Forgot, Told, Verdict},
        schema,
        service::{Input, Service},
        unfinished::Unfinished,
    },
};

/// Where the past and the present part.
#[derive(Clone, Debug)]
pub struct Difference {
    /// In the journal.
    pub position: i64,
    /// The input, and what the journal says of it.
    pub told: Told,
    pub then: Outcome,
    pub now: Outcome,
    /// The state before it: the rows that its entry is decided by.
    pub found: Vec<Found>,
    /// The rows that its entry changes now.
    pub changes: Vec<Change>,
}

/// What came of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub verdict: Verdict,
    /// The events that were said of it, encoded, as far as they are known.
    pub said: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, told, then, now, .. } = self;
        write!(f, "entry {position}, input {}, is decided differently\n  then: {then}\n  now:  {now}", told.id)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; said {}", self.verdict, self.said.join(" "))
    }
}

/// A row that an entry is decided by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub table: &'static str,
    pub key: String,
    /// Encoded.
    pub doc: String,
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
    /// Of the last event that was said by then.
    pub said: i64,
    /// The events that are dead letters.
    letters: HashSet<Uuid>,
}

impl Sandbox {
    /// In a database that is empty.
    pub async fn new<S: Service>(db: Db) -> Result<Self> {
        schema::prepare::<S>(&db).await?;
        Ok(Self { db, position: 0, said: 0, letters: HashSet::new() })
    }

    /// As [`Sandbox::new`], of a database that the service is to start on: it does not before [`Sandbox::finish`].
    pub async fn rebuild<S: Service>(db: Db) -> Result<Self> {
        rebuild_of::<S>().begin(&db, &schema::migrations::<S>()).await?;
        Ok(Self { db, position: 0, said: 0, letters: HashSet::new() })
    }

    /// Nothing is left of what was rebuilt.
    pub async fn abandon<S: Service>(&self) -> Result<()> {
        rebuild_of::<S>().clear(&self.db).await
    }

    /// The database is the service's.
    pub async fn finish<S: Service>(&self) -> Result<()> {
        schema::hand_over(&self.db, S::NAME).await
    }

    /// Takes events in, all in one transaction, each as if the bus had delivered it when it happened; how many events
    /// were said of them.
    pub async fn hear<S: Service>(&mut self, events: &[Box<RawValue>]) -> Result<usize> {
        let batch = |raw| Ok(Batch::<S> { inputs: vec![heard(raw, None)?], ..Batch::empty() });
        let batches: Vec<_> = events.iter().map(|raw| batch(raw)).collect::<Result<_>>()?;
        let mut tx = self.db.begin_with(Company::Deciders).await?;
        let mut loaded = Loaded::load(&mut tx, &batches).await?;
        let mut decided: Vec<_> = batches.iter().map(|batch| loaded.decide(batch)).collect::<Result<_>>()?;
        loaded.save(&mut tx)?;
        decide::write(&mut tx, &mut decided).await?;
        tx.commit().await?;
        Ok(decided.iter().map(|decided| decided.said.len()).sum())
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Runs entries that follow each other, up to the first that is decided differently: that one included. `said` gives
    /// the events that were said from a position on, as far as they are known.
    pub async fn run<S: Service>(&mut self, entries: &[Entry], said: &Said) -> Result<Vec<Step>> {
        let mut steps: Vec<Step> = Vec::with_capacity(entries.len());
        while let Some(part) = part_of(&entries[steps.len()..]) {
            match self.part::<S>(part, said).await? {
                Ok(of_part) => steps.extend(of_part),
                Err(same) => {
                    // Once more, up to there: what is written then is what the others have changed, or that one alone.
                    for part in [&part[..same], &part[same..=same]] {
                        steps.extend(self.part::<S>(part, said).await?.unwrap_or_default());
                    }
                }
            }
            if steps.last().is_some_and(|step| step.difference.is_some()) {
                break;
            }
        }
        Ok(steps)
    }

    /// In one transaction, on rows that are loaded and written once: how many decisions a commit takes changes none of
    /// them. Of several, none is run if one is decided differently: so many before it are the same.
    async fn part<S: Service>(&mut self, entries: &[Entry], known: &Said) -> Result<Result<Vec<Step>, usize>> {
        for (entry, next) in entries.iter().zip(self.position + 1..) {
            ensure!(entry.position == next, "history has a gap: entry {next} of the journal is missing");
        }
        let Some(last) = entries.last() else { return Ok(Ok(Vec::new())) };
        let mut tx = self.db.begin_with(Company::Deciders).await?;
        let steps = match entries {
            [entry] if entry.is_forgotten() => {
                forget(&mut tx, entry).await.with_context(|| at(entry))?;
                vec![Step::default()]
            }
            _ => {
                let told: Vec<Vec<Told>> =
                    entries.iter().map(|it| read(it).with_context(|| at(it))).collect::<Result<_>>()?;
                match steps::<S>(&mut tx, entries, &told, known, &mut self.letters).await? {
                    Ok(steps) => steps,
                    Err(same) => return Ok(Err(same)),
                }
            }
        };
        tx.commit().await?;
        (self.position, self.said) = (last.position, last.said);
        Ok(Ok(steps))
    }

    /// The rows that the next entry is going to change; nothing is written.
    pub async fn changes<S: Service>(&self, entry: &Entry) -> Result<Vec<Change>> {
        if entry.is_forgotten() {
            return Ok(Vec::new());
        }
        let mut tx = self.db.begin_with(Company::Deciders).await?;
        decide::decide(&mut tx, &batch::<S>(&read(entry)?)?).await?;
        changes(&mut tx).await
    }
}

/// What waits to be written, and what it was.
async fn changes(tx: &mut Tx) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (table, key, after) in tx.changes() {
        let before = tx.doc(table, &key).await?;
        changes.push(Change { table, key, before, after });
    }
    Ok(changes)
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

    /// Whether these were said from that position on, as far as it is known.
    fn fits(&self, first: i64, said: &[String]) -> bool {
        (first..).zip(said).all(|(position, said)| self.at(position).is_none_or(|then| then == said))
    }
}

fn rebuild_of<S: Service>() -> Unfinished {
    Unfinished::new("a rebuild", S::NAME)
}

/// So much of a journal is decided on rows that are loaded once.
const PART_BYTES: usize = 256 << 10;

/// What of them is run next in one transaction: as much as is held in memory at once, and what was forgotten alone.
fn part_of(entries: &[Entry]) -> Option<&[Entry]> {
    let mut bytes = 0;
    entries
        .chunk_by(|one, next| {
            bytes += one.doc.len();
            bytes < PART_BYTES && !one.is_forgotten() && !next.is_forgotten()
        })
        .next()
}

fn at(entry: &Entry) -> String {
    format!("entry {}", entry.position)
}

async fn forget(tx: &mut Tx, entry: &Entry) -> Result<()> {
    let forgot: Forgot = serde_json::from_str(&entry.doc).context("what was forgotten")?;
    forgot.carry_out(tx, entry.at).await?;
    Ok(())
}

/// Decides the entries on the same rows, one after the other, and writes what comes of them. As [`Sandbox::part`].
async fn steps<S: Service>(
    tx: &mut Tx,
    entries: &[Entry],
    told: &[Vec<Told>],
    known: &Said,
    letters: &mut HashSet<Uuid>,
) -> Result<Result<Vec<Step>, usize>> {
    let batches = entries.iter().zip(told).map(|(entry, told)| batch::<S>(told).with_context(|| at(entry)));
    let batches: Vec<Batch<S>> = batches.collect::<Result<_>>()?;
    // Where history parts, its entry is run alone.
    if entries.len() == 1 {
        tx.watch();
    }
    let mut loaded = Loaded::load(tx, &batches).await?;
    let (mut steps, mut all) = (Vec::with_capacity(entries.len()), Vec::with_capacity(entries.len()));
    for (nth, (entry, batch)) in entries.iter().zip(&batches).enumerate() {
        let decided = loaded.decide(batch).with_context(|| at(entry))?;
        let difference = difference(entry, &told[nth], &decided.journal.doc, known, &decided.encoded)?;
        if difference.is_some() && entries.len() > 1 {
            return Ok(Err(nth));
        }
        steps.push(Step { inputs: batch.inputs.len(), said: decided.encoded.clone(), difference });
        all.push(decided);
    }
    loaded.save(tx)?;
    for (told, decided) in told.iter().zip(&mut all) {
        decided.redriven = redriven(told, letters);
    }
    if let Some(difference) = steps.last_mut().and_then(|step| step.difference.as_mut()) {
        let found = tx.seen().into_iter().map(|(table, key, doc)| Found { table, key, doc });
        difference.found = found.collect();
        difference.changes = changes(tx).await?;
    }
    decide::write(tx, &mut all).await?;
    Ok(Ok(steps))
}

fn read(entry: &Entry) -> Result<Vec<Told>> {
    serde_json::from_str(&entry.doc).context("read its inputs")
}

/// Those that were letters until now. Which letter was redriven the journal does not say: it is the event's own.
fn redriven(told: &[Told], letters: &mut HashSet<Uuid>) -> Vec<Uuid> {
    let mut redriven = Vec::new();
    for Told { id, verdict, .. } in told.iter().filter(|told| told.event.is_some()) {
        match verdict {
            Verdict::Refused(_) | Verdict::Conflicting(_) => drop(letters.insert(*id)),
            _ if letters.remove(id) => redriven.push(*id),
            _ => {}
        }
    }
    redriven
}

/// The batch, as it was when it was decided.
fn batch<S: Service>(told: &[Told]) -> Result<Batch<S>> {
    let inputs = told.iter().map(|told| pending(told).with_context(|| format!("input {}", told.id)));
    Ok(Batch { inputs: inputs.collect::<Result<_>>()?, ..Batch::empty() })
}

fn pending<S: Service>(told: &Told) -> Result<Pending<S>> {
    if let Some(raw) = &told.event {
        return Ok(heard(raw, Some(told.at))?.redriven(told.redriven_by.clone(), None));
    }
    let command = told.command.as_ref().context("it is neither an event nor a command")?;
    let command = serde_json::from_str(command.get()).context("its command does not fit this version")?;
    let trace = told.traceparent.as_deref().and_then(|text| text.parse().ok()).context("its traceparent")?;
    let Told { id, at, by, condition, .. } = told;
    let (id, at, by, condition) = (*id, *at, by.clone(), condition.clone());
    // Nobody waits for the answer.
    let (asker, _) = oneshot::channel();
    Ok(Pending { input: Input { id, at, by, trace, condition, command }, origin: Origin::Request(asker) })
}

/// `at` is when it was taken in; where that is not known, when it happened.
fn heard<S: Service>(raw: &RawValue, at: Option<Time>) -> Result<Pending<S>> {
    match decode(raw.get().as_bytes()).into_iter().next() {
        Some(Ok((event, raw))) => {
            let at = at.unwrap_or(event.time);
            let mut pending = Pending::of_event(event, raw, false).map_err(|(_, error)| error)?;
            pending.input.at = at;
            Ok(pending)
        }
        Some(Err((_, error))) => Err(error),
        None => bail!("its event is empty"),
    }
}

/// The first input of which something else comes now.
fn difference(entry: &Entry, told: &[Told], now: &[u8], known: &Said, said: &[String]) -> Result<Option<Difference>> {
    let count: usize = told.iter().map(|told| told.said).sum();
    let mut position = entry.said - i64::try_from(count)? + 1;
    if entry.doc.as_bytes() == now && known.fits(position, said) {
        return Ok(None);
    }
    let (now, mut rest): (Vec<Told>, &[String]) = (serde_json::from_slice(now)?, said);
    for (then, now) in told.iter().zip(now) {
        let (said, others) = rest.split_at(now.said);
        if then.verdict != now.verdict || then.said != now.said || !known.fits(position, said) {
            let spoken = (position..).take(then.said).filter_map(|position| known.at(position).cloned());
            return Ok(Some(Difference {
                position: entry.position,
                told: then.clone(),
                then: Outcome { verdict: then.verdict.clone(), said: spoken.collect() },
                now: Outcome { verdict: now.verdict, said: said.to_vec() },
                found: Vec::new(),
                changes: Vec::new(),
            }));
        }
        position += i64::try_from(then.said)?;
        rest = others;
    }
    // What differs is how the inputs are spelled: by a version that knows more of them.
    Ok(None)
}
