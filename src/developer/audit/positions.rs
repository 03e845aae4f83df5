//! Positions of feeds and journals follow on each other: what lacks one has lost what was there.

use anyhow::{Context, Result};

use super::{
    Audit,
    report::{Discrepancy, What, command},
};
use crate::developer::{SERVICES, convergence::Gap, past::PAGE};

/// The gaps of all feeds and journals, as far back as the audit looks.
pub(super) async fn check(audit: &mut Audit) -> Result<Vec<Discrepancy>> {
    for (service, _) in SERVICES {
        read_on(audit, service).await.with_context(|| service)?;
    }
    let of_feeds = audit.convergence.gaps.iter().map(|gap| of_feed(audit, gap));
    Ok(of_feeds.chain(audit.lost.iter().cloned()).collect())
}

fn of_feed(audit: &Audit, gap: &Gap) -> Discrepancy {
    let Gap { service, after, through, count } = gap;
    let detail = format!("the feed of {service} lacks {count} events between {after} and {through}");
    gap_of(detail, audit, service)
}

fn gap_of(detail: String, audit: &Audit, service: &str) -> Discrepancy {
    let then = command(&format!("replay --service {service}"), &audit.at);
    Discrepancy { what: What::Gap, order: None, number: None, location: None, said_at: None, detail, then }
}

/// Reads on in a journal, and notes what it lacks.
async fn read_on(audit: &mut Audit, service: &'static str) -> Result<()> {
    let past = &audit.convergence.pasts[service];
    let mut position = match audit.journals.get(service) {
        Some(position) => *position,
        None => past.told_before(audit.since).await?,
    };
    let mut lost = Vec::new();
    loop {
        let entries = past.told(position, PAGE).await?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            if entry.position != position + 1 {
                let last = entry.position;
                let detail = format!("the journal of {service} lacks what is between {position} and {last}");
                lost.push(gap_of(detail, audit, service));
            }
            position = entry.position;
        }
    }
    audit.journals.insert(service, position);
    audit.lost.append(&mut lost);
    Ok(())
}
