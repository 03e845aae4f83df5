//! What each service has said, held against what each listener has taken in.

use std::collections::HashMap;

use anyhow::Result;
use serde::Deserialize;
use shared::{db::Db, event::Event, log, relay, topology};

#[derive(Deserialize)]
struct TakenIn {
    subject: String,
    sequence: i64,
}

/// Events that wait for the relay, or that a listener has not taken in; of order-svc, inventory-svc, kitchen-svc.
pub(crate) async fn missing(databases: &[Db; 3]) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    let mut said = Vec::new();
    for db in databases {
        let (pending, _) = relay::pending(db).await?;
        if pending > 0 {
            missing.push(format!("{pending} to publish"));
        }
        let mut position = 0;
        loop {
            let page = log::after(db, position, 1000).await?;
            let Some(last) = page.last() else { break };
            position = last.position;
            for entry in &page {
                said.push(serde_json::from_str::<Event>(&entry.doc)?);
            }
        }
    }
    for ((service, kinds), db) in topology::LISTENERS.iter().zip(databases) {
        let taken: Vec<TakenIn> = db.docs("SELECT doc FROM inbox", []).await?;
        let taken: HashMap<String, i64> = taken.into_iter().map(|row| (row.subject, row.sequence)).collect();
        let dead: Vec<(String,)> = db.fetch("SELECT id FROM dead_letters", []).await?;
        let heard = said.iter().filter(|event| kinds.contains(&event.kind.as_str()));
        for event in heard {
            let taken_in = taken.get(&event.subject_key()).is_some_and(|last| *last >= event.sequence);
            if !taken_in && !dead.iter().any(|(id,)| *id == event.id.to_string()) {
                missing.push(format!("{service}: {} {}", event.kind, event.subject));
            }
        }
    }
    Ok(missing)
}
