//! What each service has said, held against what each listener has taken in.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use serde::Deserialize;
use shared::{
    contract::{event::Event, topology},
    db::Db,
    engine::{log, relay},
};

#[derive(Deserialize)]
struct TakenIn {
    subject: String,
    sequence: i64,
}

/// Events that wait for the relay, or that a listener has not taken in; of order-svc, inventory-svc, kitchen-svc.
/// Reads the inboxes before the logs: whatever was taken in by then has its consequences in the logs.
pub(crate) async fn missing(databases: &[Db]) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    let mut inboxes = Vec::new();
    for db in databases {
        inboxes.push(inbox(db).await?);
    }
    let mut said = Vec::new();
    for db in databases {
        let (pending, _) = relay::pending(db).await?;
        if pending > 0 {
            missing.push(format!("{pending} to publish"));
        }
        said.extend(everything(db).await?);
    }
    for ((service, kinds), (taken, dead)) in topology::LISTENERS.iter().zip(&inboxes) {
        for event in said.iter().filter(|event| kinds.contains(&event.kind.as_str())) {
            let taken_in = taken.get(&event.subject_key()).is_some_and(|last| *last >= event.sequence);
            if !taken_in && !dead.contains(&event.id.to_string()) {
                missing.push(format!("{service}: {} {}", event.kind, event.subject));
            }
        }
    }
    Ok(missing)
}

/// The last sequence by subject, and the ids of what was set aside.
async fn inbox(db: &Db) -> Result<(HashMap<String, i64>, HashSet<String>)> {
    let taken: Vec<TakenIn> = db.docs("SELECT doc FROM inbox", []).await?;
    let dead: Vec<(String,)> = db.fetch("SELECT id FROM dead_letters", []).await?;
    let taken = taken.into_iter().map(|row| (row.subject, row.sequence)).collect();
    Ok((taken, dead.into_iter().map(|(id,)| id).collect()))
}

/// All that a service has said, as far as it is kept.
pub(crate) async fn everything(db: &Db) -> Result<Vec<Event>> {
    let (mut said, mut position) = (Vec::new(), log::bounds(db).await?.first - 1);
    loop {
        let page = log::after(db, position, 1000).await?;
        let Some(last) = page.last() else { return Ok(said) };
        position = last.position;
        for entry in &page {
            said.push(serde_json::from_str(&entry.doc)?);
        }
    }
}
