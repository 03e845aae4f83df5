//! One service's past, run in a sandbox of its own as far as is asked.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use shared::{
    contract::time::Time,
    db::Db,
    engine::{
        journal::Entry,
        replay::{Difference, Said, Sandbox},
        service::Service,
    },
};

use super::{Options, step};
use crate::developer::{
    past::{PAGE, Past},
    progress::Progress,
    zones::Zones,
};

/// The last entry of a service that is run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    None,
    Position(i64),
}

impl Bound {
    /// All that was decided by then.
    pub(crate) async fn moment(past: &Past, time: Time) -> Result<Self> {
        Ok(Self::Position(past.told_by(time).await?))
    }

    /// How many entries that is.
    pub(crate) async fn reach(self, past: &Past) -> Result<i64> {
        let last = match self {
            Self::None => past.told_end().await?,
            Self::Position(last) => last,
        };
        Ok(last - past.forgotten().await?)
    }

    fn admits(self, entry: &Entry) -> bool {
        match self {
            Self::None => true,
            Self::Position(last) => entry.position <= last,
        }
    }
}

/// What came of one service.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) inputs: usize,
    pub(crate) said: usize,
    pub(crate) took: Duration,
    /// Of the last entry that was run.
    pub(crate) at: Option<Time>,
    pub(crate) difference: Option<Difference>,
    /// At the position of an event that was to be paused on.
    pub(super) paused_at: Option<i64>,
}

impl Summary {
    /// It went no further although there was more.
    pub(super) fn is_over(&self) -> bool {
        self.difference.is_some() || self.paused_at.is_some()
    }
}

/// A piece of the past.
#[derive(Default)]
struct Page {
    entries: Vec<Entry>,
    said: Said,
    /// What is behind it is not run.
    is_last: bool,
}

/// One service's past, and how far it is run.
pub(crate) struct Run<'a> {
    pub(crate) past: &'a Past,
    pub(crate) bound: Bound,
    /// Of somebody who looks at each step, or waits for one.
    pub(crate) watch: Option<Watch<'a>>,
    pub(crate) progress: &'a Progress,
}

/// What somebody wants to see, and by which clocks.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a> {
    pub(super) options: &'a Options,
    pub(super) zones: &'a Zones,
}

impl Run<'_> {
    /// In the database, which is empty.
    pub(crate) async fn again<S: Service>(&self, db: Db) -> Result<(Sandbox, Summary)> {
        self.refuse_gap().await?;
        let mut sandbox = Sandbox::new::<S>(db).await?;
        let summary = self.go_on::<S>(&mut sandbox).await?;
        Ok((sandbox, summary))
    }

    /// Nothing can be decided again of which the beginning is not known.
    pub(crate) async fn refuse_gap(&self) -> Result<()> {
        let forgotten = self.past.forgotten().await?;
        ensure!(
            forgotten == 0,
            "entries 1 to {forgotten} of its journal have been forgotten; with --from, name a file in which \
             `comanda events --save` kept them, and one with the rest"
        );
        Ok(())
    }

    /// From where the sandbox is.
    pub(crate) async fn go_on<S: Service>(&self, sandbox: &mut Sandbox) -> Result<Summary> {
        let (started, mut summary) = (Instant::now(), Summary::default());
        let beginning = self.past.beginning().await?;
        let mut page = self.page(sandbox.position, sandbox.said.max(beginning)).await?;
        while let Some(last) = page.entries.last() {
            // The next is read while this one is run.
            let next = async {
                match page.is_last {
                    true => Ok(Page::default()),
                    false => self.page(last.position, last.said.max(beginning)).await,
                }
            };
            let ran = self.run::<S>(sandbox, &page, &mut summary);
            let ((), next) = tokio::try_join!(ran, next)?;
            self.progress.advance(page.entries.len());
            if summary.is_over() {
                break;
            }
            page = next;
        }
        summary.took = started.elapsed();
        Ok(summary)
    }

    /// The next that is to be run, with what was said of it as far as it is kept.
    async fn page(&self, told: i64, said: i64) -> Result<Page> {
        let mut entries = self.past.told(told, PAGE).await?;
        let read = entries.len();
        entries.retain(|entry| self.bound.admits(entry));
        let last = entries.last().map_or(said, |entry| entry.said);
        Ok(Page { is_last: entries.len() < read, said: self.said(said, last).await?, entries })
    }

    async fn run<S: Service>(
        &self,
        sandbox: &mut Sandbox,
        Page { entries, said, .. }: &Page,
        summary: &mut Summary,
    ) -> Result<()> {
        let one_by_one = self.watch.is_some_and(|Watch { options, .. }| options.step || options.pause_on.is_some());
        for entries in entries.chunks(if one_by_one { 1 } else { entries.len() }) {
            let shown = self.watch.filter(|watch| watch.options.step);
            let changes = match shown {
                Some(_) => sandbox.changes::<S>(&entries[0]).await?,
                None => Vec::new(),
            };
            for (step, entry) in sandbox.run::<S>(entries, said).await?.into_iter().zip(entries) {
                if let Some(watch) = &shown {
                    step::show::<S>(watch, entry, &changes, &step)?;
                }
                let awaited = self.watch.and_then(|watch| watch.options.pause_on.as_deref());
                if step.said.iter().any(|event| step::is_of_type(event, awaited)) {
                    summary.paused_at = Some(sandbox.position);
                }
                summary.inputs += step.inputs;
                summary.said += step.said.len();
                summary.at = summary.at.max(Some(entry.at));
                summary.difference = step.difference;
            }
            if summary.is_over() {
                break;
            }
        }
        Ok(())
    }

    /// What was said behind `first`, up to `last`.
    async fn said(&self, first: i64, last: i64) -> Result<Said> {
        let (mut position, mut events) = (first, Vec::new());
        while position < last {
            let page = self.past.said_whole(position, PAGE).await?;
            let Some((end, _)) = page.last() else { break };
            position = *end;
            events.extend(page.into_iter().map(|(_, event)| event));
        }
        Ok(Said::from(first + 1, events))
    }
}
