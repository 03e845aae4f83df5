//! What a listener missed is said to it again, by whoever said it, and waited for; what it set aside it tries once more.

use std::{collections::HashSet, time::Duration};

use anyhow::{Result, bail};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Audit,
    report::{Discrepancy, What},
};
use crate::developer::convergence::{Convergence, Heard, Link, ask};

/// So many are named in one request.
const IDS_MAX: usize = 500;
/// What is further apart is not looked for in one go.
const APART_MAX: i64 = 1000;
/// For what was sent to be taken in.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);
/// What follows from what was mended may be missed as well: where a queue is not bound, each step of an order is.
const ROUNDS_MAX: usize = 20;
/// How late something is that was missed in a round before.
const LATE: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Resent {
    published: usize,
    next: Option<i64>,
}

/// Mends what can be mended; what is left then.
pub(super) async fn mend(audit: &mut Audit, found: &[Discrepancy]) -> Result<Vec<Discrepancy>> {
    let (mut left, mut tried) = (found.to_vec(), HashSet::new());
    for _ in 0..ROUNDS_MAX {
        let (missed, redriven) = (resend(audit).await?, redrive(audit, &left, &mut tried).await?);
        if missed + redriven == 0 {
            break;
        }
        audit.resent += missed;
        audit.redriven += redriven;
        // What was late is not under way any more, and what is now need not be waited for as long.
        audit.lag = audit.lag.min(LATE);
        audit.wait(PATIENCE).await?;
        left = audit.look().await?;
    }
    Ok(left)
}

/// Has all that is late said again; how many events.
async fn resend(audit: &mut Audit) -> Result<usize> {
    let horizon = audit.horizon();
    let mut sent = 0;
    for nth in 0..audit.convergence.links.len() {
        let link = &audit.convergence.links[nth];
        let late: Vec<Heard> = link.open.iter().filter(|heard| heard.time <= horizon).cloned().collect();
        for group in groups(&late) {
            sent += send(&audit.convergence, link, group).await?;
        }
        if !late.is_empty() {
            wait_for(&mut audit.convergence, nth, &late).await?;
        }
    }
    Ok(sent)
}

/// Has the letters taken in for which orders wait, each tried once; how many are letters no more.
async fn redrive(audit: &Audit, left: &[Discrepancy], tried: &mut HashSet<Uuid>) -> Result<usize> {
    let waits = |order| left.iter().any(|one| one.what == What::DeadLetter && one.order == order);
    let mut redriven = 0;
    for link in &audit.convergence.links {
        let (api, feed) = audit.convergence.running(link.listener)?;
        for letter in link.dead.iter().filter(|heard| waits(heard.order)) {
            if tried.insert(letter.id) {
                let answer = api.act(&format!("/v1/dead/{feed}/{}/redrive", letter.id)).await?;
                let is_letter = answer.status != StatusCode::OK || answer.body["outcome"] == "refused";
                redriven += usize::from(!is_letter);
            }
        }
    }
    Ok(redriven)
}

/// Of events in the order of their positions: those that one request finds.
fn groups(events: &[Heard]) -> impl Iterator<Item = &[Heard]> {
    let near = events.chunk_by(|one, next| next.position - one.position <= APART_MAX);
    near.flat_map(|near| near.chunks(IDS_MAX))
}

async fn send(convergence: &Convergence, link: &Link, events: &[Heard]) -> Result<usize> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(0) };
    let ids: Vec<Uuid> = events.iter().map(|heard| heard.id).collect();
    let (api, feed) = convergence.running(link.speaker)?;
    let (mut after, mut sent) = (Some(first.position - 1), 0);
    while let Some(position) = after {
        let body = json!({"to": link.listener, "after": position, "through": last.position, "ids": ids});
        let Resent { published, next } = ask(api, &format!("/v1/feed/{feed}/resend"), &body).await?;
        sent += published;
        after = next;
    }
    Ok(sent)
}

/// Until they are taken in, or set aside.
async fn wait_for(convergence: &mut Convergence, nth: usize, sent: &[Heard]) -> Result<()> {
    let (sent, deadline): (HashSet<Uuid>, _) = (sent.iter().map(|heard| heard.id).collect(), Instant::now() + PATIENCE);
    loop {
        convergence.settle().await?;
        let Link { listener, open, .. } = &convergence.links[nth];
        let waiting = open.iter().filter(|heard| sent.contains(&heard.id)).count();
        if waiting == 0 {
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!("{waiting} events were said again, and {listener} takes them in too slowly, or not at all");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use shared::contract::time::Time;

    use super::*;

    #[test]
    fn what_is_near_is_sent_together() {
        let heard = |position| Heard {
            position,
            id: Uuid::nil(),
            kind: String::new(),
            subject: String::new(),
            location: String::new(),
            sequence: 1,
            time: Time::from_micros(0),
            order: None,
        };
        let sizes = |positions: Vec<i64>| -> Vec<usize> {
            let events: Vec<Heard> = positions.into_iter().map(heard).collect();
            groups(&events).map(<[Heard]>::len).collect()
        };
        assert_eq!(sizes(vec![]), [0; 0]);
        assert_eq!(sizes(vec![1, 2, 1002, 2003, 9000]), [3, 1, 1]);
        assert_eq!(sizes((1..=501).collect()), [500, 1]);
    }
}
