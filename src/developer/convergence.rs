//! How far each listener has taken in what each speaker said: the feeds are read on, and of every event that a service
//! hears it is asked whether it has it. What it holds is in proportion to what is open, however long history is.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, bail, ensure};
use reqwest::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{json, value::RawValue};
use shared::contract::{event::noun, time::Time, topology};
use uuid::Uuid;

use super::{
    SERVICES,
    past::{PAGE, Past, Position},
};
use crate::api::Api;

/// So many events are asked about at once: what names them stays below the size of a request.
const ASKED_AT_ONCE: usize = 250;
/// With so many events open of one listener nothing more is read: these first.
const OPEN_MAX: usize = 100_000;

/// An event of a feed, as far as it is looked at here.
#[derive(Debug, Deserialize)]
pub(crate) struct Said<'a> {
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: String,
    pub subject: String,
    pub location: String,
    pub time: Time,
    pub sequence: i64,
    #[serde(default)]
    pub correlationid: Option<Uuid>,
    #[serde(borrow)]
    pub data: &'a RawValue,
}

impl Said<'_> {
    /// What the contract's type of it holds.
    pub(crate) fn data<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.data.get()).with_context(|| format!("data of {} {}", self.kind, self.id))
    }
}

/// An event that a listener hears.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub position: i64,
    pub id: Uuid,
    pub kind: String,
    /// As inboxes name it: `order:0190…`.
    pub subject: String,
    pub location: String,
    pub sequence: i64,
    pub time: Time,
    pub order: Option<Uuid>,
}

/// One listener, and what it hears of one speaker.
#[derive(Debug)]
pub(crate) struct Link {
    pub speaker: &'static str,
    pub listener: &'static str,
    /// Neither taken in nor set aside when it was asked last, in the order of their positions.
    pub open: Vec<Heard>,
    /// Set aside as dead letters.
    pub dead: Vec<Heard>,
    /// So many at the end of `open` have not been asked about yet.
    fresh: usize,
}

/// A feed, and how far it was read.
#[derive(Debug)]
struct Speaker {
    service: &'static str,
    read: i64,
    /// When the last that was read was said.
    at: Option<Time>,
    has_more: bool,
}

/// A place where the feed lacks positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub service: &'static str,
    /// What is missing is behind this position,
    pub after: i64,
    /// and not behind this one.
    pub through: i64,
    pub count: i64,
}

/// All three services.
#[derive(Debug)]
pub(crate) struct Convergence {
    pub pasts: HashMap<&'static str, Past>,
    speakers: Vec<Speaker>,
    pub links: Vec<Link>,
    pub gaps: Vec<Gap>,
    /// How many events were read.
    pub events: u64,
    /// When everything had been read.
    caught_up: Option<Time>,
}

#[derive(Deserialize)]
struct Checked {
    missing: HashSet<Uuid>,
    dead: HashSet<Uuid>,
    known_since: Option<Time>,
}

impl Convergence {
    /// Each feed is read behind the position that is given for it.
    pub(crate) fn new(pasts: HashMap<&'static str, Past>, after: &HashMap<&'static str, i64>) -> Self {
        let pairs =
            SERVICES.iter().flat_map(|(speaker, _)| SERVICES.iter().map(move |(listener, _)| (*speaker, *listener)));
        let links = pairs.filter(|(speaker, listener)| speaker != listener).map(|(speaker, listener)| Link {
            speaker,
            listener,
            open: Vec::new(),
            dead: Vec::new(),
            fresh: 0,
        });
        let speakers = SERVICES.iter().map(|(service, _)| Speaker {
            service,
            read: after.get(service).copied().unwrap_or(0),
            at: None,
            has_more: true,
        });
        Self {
            pasts,
            speakers: speakers.collect(),
            links: links.collect(),
            gaps: Vec::new(),
            events: 0,
            caught_up: None,
        }
    }

    /// Reads a page of the feed that is furthest behind in time, and shows each event with who said it. False where
    /// nothing has come since the last time, or where too much is open to read on.
    pub(crate) async fn read(&mut self, mut see: impl FnMut(&'static str, &Said<'_>) -> Result<()>) -> Result<bool> {
        let is_full = self.links.iter().any(|link| link.open.len() >= OPEN_MAX);
        let with_more = (0..self.speakers.len()).filter(|n| self.speakers[*n].has_more && !is_full);
        let Some(speaker) = with_more.min_by_key(|n| self.speakers[*n].at) else {
            self.speakers.iter_mut().for_each(|speaker| speaker.has_more = true);
            self.caught_up = if is_full { self.caught_up } else { Some(Time::now()) };
            return Ok(false);
        };
        let page = self.page(speaker).await?;
        self.note(speaker, &page, &mut see)?;
        for link in self.links.iter_mut().filter(|link| link.fresh >= ASKED_AT_ONCE) {
            link.ask_of_fresh(&self.pasts[link.listener]).await?;
        }
        Ok(true)
    }

    /// Reads each feed on, so many pages at the most, and asks about all that is open. Whoever is away is passed over:
    /// what it lacks stays open. False where there is more to read, or a feed is not the one any more that was read.
    pub(crate) async fn follow(&mut self, pages: usize) -> bool {
        let mut is_done = self.links.iter().all(|link| link.open.len() < OPEN_MAX);
        for n in 0..self.speakers.len() {
            is_done &= self.read_on(n, pages).await;
        }
        for link in &mut self.links {
            // It is asked again at the next time.
            let _ = link.ask_again(&self.pasts[link.listener]).await;
        }
        is_done
    }

    async fn read_on(&mut self, speaker: usize, pages: usize) -> bool {
        for _ in 0..pages {
            let page = self.page(speaker).await;
            if page.and_then(|page| self.note(speaker, &page, &mut |_, _| Ok(()))).is_err() {
                let Speaker { service, read, .. } = self.speakers[speaker];
                // It answers, but not that: it was forgotten meanwhile, or its log is gone.
                return self.pasts[service].end().await.is_err() || self.pasts[service].said(read, 1).await.is_ok();
            }
            if !self.speakers[speaker].has_more {
                return true;
            }
        }
        false
    }

    /// The next page of a feed.
    async fn page(&self, speaker: usize) -> Result<Vec<Position>> {
        let Speaker { service, read, .. } = self.speakers[speaker];
        self.pasts[service].said(read, PAGE).await.context(service)
    }

    /// Notes what a page holds for whoever hears it.
    fn note(
        &mut self,
        speaker: usize,
        page: &[Position],
        see: &mut impl FnMut(&'static str, &Said<'_>) -> Result<()>,
    ) -> Result<()> {
        let speaker = &mut self.speakers[speaker];
        speaker.has_more = !page.is_empty();
        let mut events = Vec::new();
        for (position, event) in page {
            let said: Said = serde_json::from_str(event).with_context(|| format!("{} {position}", speaker.service))?;
            see(speaker.service, &said)?;
            events.push((*position, said));
        }
        if let (Some((first, _)), Some((last, said))) = (events.first(), events.last()) {
            let count = first - (speaker.read + 1);
            if count > 0 {
                self.gaps.push(Gap { service: speaker.service, after: speaker.read, through: *last, count });
            }
            (speaker.read, speaker.at) = (*last, Some(said.time));
        }
        self.events += u64::try_from(events.len())?;
        for link in self.links.iter_mut().filter(|link| link.speaker == speaker.service) {
            events.iter().for_each(|(position, said)| link.note(*position, said));
        }
        Ok(())
    }

    /// Asks once more about all that is open or set aside.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        for link in &mut self.links {
            link.ask_again(&self.pasts[link.listener]).await?;
        }
        Ok(())
    }

    /// All that was said before then has been read; `None` while nothing has.
    pub(crate) fn read_until(&self) -> Option<Time> {
        let open = self.speakers.iter().filter(|speaker| speaker.has_more);
        open.map(|speaker| speaker.at).min().flatten().max(self.caught_up)
    }

    /// How far the feed of a service was read.
    pub(crate) fn position(&self, service: &str) -> i64 {
        self.speakers.iter().find(|speaker| speaker.service == service).map_or(0, |speaker| speaker.read)
    }

    /// A service that runs, and what its feed is called.
    pub(crate) fn running(&self, service: &str) -> Result<(&Api, &'static str)> {
        self.pasts[service].running()
    }
}

impl Link {
    fn note(&mut self, position: i64, said: &Said<'_>) {
        if !topology::listens(self.listener).contains(&&*said.kind) {
            return;
        }
        let subject = format!("{}:{}", noun(&said.kind), said.subject);
        let Said { id, kind, time, sequence, correlationid, .. } = said;
        let (kind, location, order) = (kind.clone(), said.location.clone(), *correlationid);
        self.open.push(Heard { position, id: *id, kind, subject, location, sequence: *sequence, time: *time, order });
        self.fresh += 1;
    }

    /// When the oldest was said that is open.
    pub(crate) fn oldest(&self) -> Option<Time> {
        self.open.iter().map(|heard| heard.time).min()
    }

    async fn ask_of_fresh(&mut self, listener: &Past) -> Result<()> {
        let fresh = self.open.split_off(self.open.len() - self.fresh);
        self.fresh = 0;
        self.ask(listener, fresh).await
    }

    async fn ask_again(&mut self, listener: &Past) -> Result<()> {
        let (mut all, mut dead) = (std::mem::take(&mut self.open), std::mem::take(&mut self.dead));
        let known: HashSet<Uuid> = dead.iter().map(|heard| heard.id).collect();
        all.append(&mut dead);
        all.sort_by_key(|heard| heard.position);
        self.fresh = 0;
        let asked = self.ask(listener, all).await;
        if asked.is_err() {
            // Nothing new is known.
            let all = std::mem::take(&mut self.open).into_iter();
            (self.dead, self.open) = all.partition(|heard| known.contains(&heard.id));
        }
        asked
    }

    async fn ask(&mut self, listener: &Past, events: Vec<Heard>) -> Result<()> {
        let (mut missing, mut dead) = (HashSet::new(), HashSet::new());
        for chunk in events.chunks(ASKED_AT_ONCE) {
            match check(listener, chunk).await {
                Ok(checked) => {
                    missing.extend(checked.missing);
                    dead.extend(checked.dead);
                }
                Err(error) => {
                    self.open.extend(events);
                    return Err(error.context(self.listener));
                }
            }
        }
        for heard in events {
            if dead.contains(&heard.id) {
                self.dead.push(heard);
            } else if missing.contains(&heard.id) {
                self.open.push(heard);
            }
        }
        Ok(())
    }
}

/// Which of the events the listener lacks, as far as it can know.
async fn check(listener: &Past, events: &[Heard]) -> Result<Checked> {
    let (api, feed) = listener.running()?;
    let asked = |heard: &Heard| json!({"id": heard.id, "subject": heard.subject, "sequence": heard.sequence});
    let body = json!({"events": events.iter().map(asked).collect::<Vec<_>>()});
    let mut checked: Checked = ask(api, &format!("/v1/inbox/{feed}/check"), &body).await?;
    let may_be_forgotten = |heard: &&Heard| {
        let is_pruned = ["order", "stock"].contains(&noun(&heard.kind));
        is_pruned && checked.known_since.is_some_and(|since| heard.time < since)
    };
    let forgotten: HashSet<Uuid> = events.iter().filter(may_be_forgotten).map(|heard| heard.id).collect();
    checked.missing.retain(|id| !forgotten.contains(id));
    Ok(checked)
}

/// What is answered to a request that may be done twice; an error where it is refused.
pub(super) async fn ask<T: DeserializeOwned>(api: &Api, path: &str, body: &serde_json::Value) -> Result<T> {
    let answer = api.ask(path, body).await?;
    if answer.status == StatusCode::NOT_FOUND || answer.status == StatusCode::METHOD_NOT_ALLOWED {
        bail!("{} does not know POST {path}: it is of an earlier version", api.base);
    }
    let detail = answer.body["detail"].as_str().unwrap_or("no reason was given");
    ensure!(answer.status == StatusCode::OK, "POST {}{path} answers {}: {detail}", api.base, answer.status);
    serde_json::from_value(answer.body).with_context(|| format!("POST {path}"))
}
