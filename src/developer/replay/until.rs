//! How far a replay goes: to a moment, or to what was told or said under an id.

use std::{collections::HashMap, fmt, str::FromStr};

use anyhow::{Result, bail};
use shared::{contract::time::Time, engine::journal::Entry};
use uuid::Uuid;

use super::run::Bound;
use crate::developer::past::{PAGE, Past};

/// Where to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    Time(Time),
    Id(Uuid),
}

impl FromStr for Until {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time = || text.parse().map(Self::Time);
        text.parse()
            .map(Self::Id)
            .or_else(|_| time())
            .map_err(|_| "expected a time like 2026-11-25T19:30:00Z, or an id")
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => time.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

/// Where each service stops. Of an id: where it is, and the others at that moment.
pub(super) async fn bounds(
    until: Option<Until>,
    pasts: &HashMap<&'static str, Past>,
) -> Result<HashMap<&'static str, Bound>> {
    match until {
        None => Ok(HashMap::new()),
        Some(Until::Time(time)) => moments(pasts, time).await,
        Some(Until::Id(id)) => {
            let (service, entry) = locate_in(pasts, &id.to_string()).await?;
            let mut bounds = moments(pasts, entry.at).await?;
            bounds.insert(service, Bound::Position(entry.position));
            Ok(bounds)
        }
    }
}

async fn moments(pasts: &HashMap<&'static str, Past>, time: Time) -> Result<HashMap<&'static str, Bound>> {
    let mut bounds = HashMap::new();
    for (service, past) in pasts {
        bounds.insert(*service, Bound::moment(past, time).await?);
    }
    Ok(bounds)
}

async fn locate_in(pasts: &HashMap<&'static str, Past>, id: &str) -> Result<(&'static str, Entry)> {
    for (service, past) in pasts {
        if let Some(entry) = locate(past, id).await? {
            return Ok((service, entry));
        }
    }
    bail!("nobody was told and nobody said {id}")
}

/// The entry in which the input or the event with the id was decided: as an input of its own, or what it led to.
async fn locate(past: &Past, id: &str) -> Result<Option<Entry>> {
    let (told, said) = (format!("{{\"id\":\"{id}\""), format!("\"id\":\"{id}\""));
    let (mut position, mut spoken, mut wanted) = (0, past.beginning().await?, None);
    loop {
        let events = past.said(spoken, PAGE).await?;
        let Some((last, _)) = events.last() else { break };
        spoken = *last;
        wanted = events.iter().find(|(_, event)| event.contains(&said)).map(|(position, _)| *position);
        if wanted.is_some() {
            break;
        }
    }
    loop {
        let entries = past.told(position, PAGE).await?;
        let Some(last) = entries.last() else { return Ok(None) };
        position = last.position;
        let is_it = |entry: &&Entry| match wanted {
            Some(wanted) => entry.said >= wanted,
            None => entry.doc.contains(&told),
        };
        if let Some(entry) = entries.iter().find(is_it) {
            return Ok(Some(entry.clone()));
        }
    }
}
