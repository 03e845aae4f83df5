//! `comanda replay --rebuild`: the lost database of a service made anew, from what it was told; or, where nobody knows that
//! any more, from what the others said.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    path::PathBuf,
};

use anyhow::{Context, Result, bail, ensure};
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde_json::{Value, json, value::RawValue};
use shared::{
    contract::{event::routing_key, topology},
    db::{Db, Opening},
    engine::{call::fresh_id, log, replay::Sandbox, service::Service},
};

use super::{
    At, SERVICES,
    compare::Running,
    interruptible, note,
    past::{self, PAGE, Past},
    progress::{self, Progress},
    replay::run::{Bound, Run},
    say,
};

/// What is asked for.
pub(super) struct Rebuild<'a> {
    pub(super) service: &'a str,
    /// Of the database.
    pub(super) to: &'a str,
    pub(super) at: &'a At,
    /// None: from where it runs.
    pub(super) from: &'a [PathBuf],
    /// From what the other services said.
    pub(super) from_feeds: bool,
    pub(super) json: bool,
}

impl Rebuild<'_> {
    /// Whether all is as it was, as far as anybody can tell.
    pub(super) async fn run(&self) -> Result<bool> {
        match self.service {
            OrderSvc::NAME => self.rebuild::<OrderSvc>().await,
            InventorySvc::NAME => self.rebuild::<InventorySvc>().await,
            _ => self.rebuild::<KitchenSvc>().await,
        }
    }

    async fn rebuild<S: Service>(&self) -> Result<bool> {
        let pasts = interruptible(self.pasts::<S>()).await?;
        // Before anything is touched: what cannot be decided again is told at once.
        if let Some(past) = pasts.get(S::NAME) {
            let progress = Progress::unseen();
            Run { past, bound: Bound::None, watch: None, progress: &progress }.refuse_gap().await?;
        }
        let opening = Opening { name: format!("comanda replay --rebuild {}", fresh_id()), must_exist: false };
        let db = Db::open_as(self.to, &opening).await.context("--to")?;
        let mut sandbox = Sandbox::rebuild::<S>(db.clone()).await.context("--to")?;
        let same = interruptible(async {
            match self.from_feeds {
                true => from_feeds::<S>(&mut sandbox, &pasts, self.json).await.map(|()| true),
                false => from_journal::<S>(&mut sandbox, &pasts[S::NAME], self.json).await,
            }
        });
        let same = same.await;
        match &same {
            Ok(_) => sandbox.finish::<S>().await?,
            Err(_) => match sandbox.abandon::<S>().await {
                Ok(()) => note("what was made until then is gone from --to"),
                Err(error) => {
                    note(&format!("what was made until then stays in --to, and no service starts on it: {error:#}"))
                }
            },
        }
        db.close().await;
        same
    }

    /// Those that are needed.
    async fn pasts<S: Service>(&self) -> Result<HashMap<&'static str, Past>> {
        let is_needed = |service: &str| (service == S::NAME) != self.from_feeds;
        let mut pasts = HashMap::new();
        let mut saved = past::saved(self.from).await?;
        for (service, feed) in SERVICES.into_iter().filter(|(service, _)| is_needed(service)) {
            let past = match self.from {
                [] => Past::Running { api: self.at.find(service, feed).await?, feed },
                _ => saved.remove(service).with_context(|| format!("the history holds nothing of {service}"))?,
            };
            pasts.insert(service, past);
        }
        Ok(pasts)
    }
}

async fn from_journal<S: Service>(sandbox: &mut Sandbox, past: &Past, json: bool) -> Result<bool> {
    let all = if progress::is_seen() { Bound::None.reach(past).await? } else { 0 };
    let progress = Progress::new("entries", all);
    let run = Run { past, bound: Bound::None, watch: None, progress: &progress };
    let summary = run.go_on::<S>(sandbox).await?;
    if let Some(difference) = summary.difference {
        bail!(
            "this version of {} decides differently than it did; rebuild it with the version that it was decided by\n{difference}",
            S::NAME
        );
    }
    let same = match past {
        Past::Running { api, .. } => Running { api, past, json }.compare_with::<S>(sandbox).await?,
        Past::Saved(_) => true,
    };
    let (position, said) = (sandbox.position, sandbox.said);
    if json {
        say(&json!({"rebuilt": S::NAME, "position": position, "said": said, "same": same}).to_string())?;
        return Ok(same);
    }
    say(&format!(
        "{} is rebuilt up to entry {position} of its journal and event {said} of its log, and can start on it",
        S::NAME
    ))?;
    say("its relay publishes all of its log once more, which those who have heard it recognise")?;
    say("dead letters: those that could not be read are not in any journal; those that were discarded are back")?;
    Ok(same)
}

/// What one service said that is heard, read on and on.
struct Said<'a> {
    past: &'a Past,
    listener: &'static str,
    position: i64,
    /// When, and the event.
    waiting: VecDeque<(String, Box<RawValue>)>,
}

impl Said<'_> {
    /// When the next was said, if there is one.
    async fn next_at(&mut self) -> Result<Option<String>> {
        while self.waiting.is_empty() {
            let page = self.past.said_whole(self.position, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(None) };
            self.position = *last;
            for (_, event) in page {
                let said: Value = serde_json::from_str(&event).context("an event")?;
                let text = |name: &str| said[name].as_str().unwrap_or_default();
                if topology::hears(self.listener, &routing_key(text("type"), text("location"))) {
                    self.waiting.push_back((text("time").to_owned(), RawValue::from_string(event)?));
                }
            }
        }
        Ok(self.waiting.front().map(|(at, _)| at.clone()))
    }
}

async fn from_feeds<S: Service>(sandbox: &mut Sandbox, others: &HashMap<&'static str, Past>, json: bool) -> Result<()> {
    let mut feeds = Vec::new();
    for (service, past) in others {
        let beginning = past.beginning().await?;
        ensure!(
            beginning == 0,
            "the first {beginning} events of {service} have been forgotten; name files that have them with --from"
        );
        feeds.push(Said { past, listener: S::NAME, position: 0, waiting: VecDeque::new() });
    }
    let mut all = 0;
    for past in others.values().filter(|_| progress::is_seen()) {
        all += past.end().await?;
    }
    let progress = Progress::new("events", all);
    let (mut heard, mut said) = (0, 0);
    let read = |feeds: &[Said<'_>]| feeds.iter().map(|feed| feed.position).sum::<i64>();
    loop {
        let before = read(&feeds);
        let piece = in_order(&mut feeds).await?;
        if piece.is_empty() {
            break;
        }
        said += sandbox.hear::<S>(&piece).await?;
        heard += piece.len();
        progress.advance(usize::try_from(read(&feeds) - before)?);
    }
    drop(progress);
    let lost = what_is_lost::<S>(sandbox, others).await?;
    if json {
        return say(&json!({"rebuilt": S::NAME, "heard": heard, "said": said, "lost": lost}).to_string());
    }
    say(&format!("{} is made anew from the {heard} events that it hears, and says {said} of its own", S::NAME))?;
    say("what people told it by HTTP is lost, and nobody knows how much that was")?;
    if lost.is_empty() {
        return say("the others have heard nothing of it that it has not said again");
    }
    say(
        "the others have heard of it what it has not said again, and take what it says next of the same for a contradiction:",
    )?;
    lost.iter().try_for_each(|(kind, events)| say(&format!("  {events:>8} {kind}")))
}

/// The next events of all feeds, in the order in which they happened.
async fn in_order(feeds: &mut [Said<'_>]) -> Result<Vec<Box<RawValue>>> {
    let mut piece = Vec::new();
    while piece.len() < PAGE {
        let mut first: Option<(String, usize)> = None;
        for (nth, feed) in feeds.iter_mut().enumerate() {
            if let Some(at) = feed.next_at().await?
                && first.as_ref().is_none_or(|(earliest, _)| at < *earliest)
            {
                first = Some((at, nth));
            }
        }
        let Some((_, nth)) = first else { break };
        piece.extend(feeds[nth].waiting.pop_front().map(|(_, event)| event));
    }
    Ok(piece)
}

/// What people told it is not known to anybody, but what it said of that is, to those who heard it: how many events of which
/// type.
async fn what_is_lost<S: Service>(
    sandbox: &Sandbox,
    others: &HashMap<&'static str, Past>,
) -> Result<BTreeMap<String, usize>> {
    let known = ids(sandbox.db()).await?;
    let source = format!("/{}", S::NAME);
    let mut lost: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    for past in others.values() {
        let mut position = past.forgotten().await?;
        loop {
            let entries = past.told(position, PAGE).await?;
            let Some(last) = entries.last() else { break };
            position = last.position;
            for entry in &entries {
                let Value::Array(inputs) = serde_json::from_str(&entry.doc)? else { continue };
                for event in
                    inputs.iter().map(|input| &input["event"]).filter(|event| event["source"] == source.as_str())
                {
                    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
                    if !known.contains(&text("id")) {
                        lost.entry(text("type")).or_default().insert(text("id"));
                    }
                }
            }
        }
    }
    Ok(lost.into_iter().map(|(kind, events)| (kind, events.len())).collect())
}

/// Of all that is in the log.
async fn ids(db: &Db) -> Result<HashSet<String>> {
    let (mut ids, mut position) = (HashSet::new(), 0);
    loop {
        let page = log::after(db, position, i64::try_from(PAGE)?).await?;
        let Some(last) = page.last() else { return Ok(ids) };
        position = last.position;
        for entry in page {
            let event: Value = serde_json::from_str(&entry.doc).context("an event")?;
            ids.extend(event["id"].as_str().map(str::to_owned));
        }
    }
}
