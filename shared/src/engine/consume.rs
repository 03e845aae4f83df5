//! Hands what the bus delivers to the pump. Where the service's queue was lost, what was published meanwhile is read again
//! from the broker's history, beside what comes now: the inbox knows what it has.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use crate::{
    bus::{Bus, Delivery},
    contract::time::Time,
    db::Db,
    engine::{journal, service::Service},
};

/// Clocks differ, and what was published last was not taken in last. History is read again from so much earlier on.
const MARGIN: Duration = Duration::from_secs(300);

/// Until an error; whoever supervises starts it again. The pump takes no more than it can hold.
pub async fn run<S: Service>(db: Db, bus: Bus, deliveries: mpsc::Sender<Delivery>) -> Result<()> {
    let mut subscription = bus.subscribe(S::NAME).await?;
    let (mut marks, mut recoveries) = (Vec::new(), FuturesUnordered::new());
    loop {
        // Several may have declared the queue at once, and left a mark each.
        if recoveries.is_empty() && !marks.is_empty() {
            recoveries.push(recover::<S>(&db, &bus, &deliveries, std::mem::take(&mut marks)));
        }
        tokio::select! {
            delivery = subscription.receive() => {
                let delivery = delivery?;
                match delivery.made_anew {
                    Some(made) => marks.push((made, delivery)),
                    None => deliveries.send(delivery).await.context("the pump has ended")?,
                }
            }
            Some(recovered) = recoveries.next() => recovered?,
        }
    }
}

/// Takes in what was published before the queue was made, then settles the marks that say so. Cut short, they come
/// again, and all begins anew from the same moment: by when the journal's entries were made, not by what came since.
async fn recover<S: Service>(
    db: &Db,
    bus: &Bus,
    deliveries: &mpsc::Sender<Delivery>,
    marks: Vec<(Time, Delivery)>,
) -> Result<()> {
    let made = marks.iter().map(|(made, _)| *made).min().context("no mark")?;
    let since = journal::last_heard(db, made - MARGIN).await?.map(|last| last - MARGIN);
    let from = since.map_or("its beginning".to_owned(), |since| since.to_string());
    warn!(service = S::NAME, made = %made, from, "the queue was made anew: reading what was published before");
    let mut read = 0;
    let again = marks.iter().any(|(_, mark)| mark.redelivered);
    if let Some(mut history) = bus.history(S::NAME, since, again).await? {
        if let Some(until) = history.lacks_until {
            error!(
                service = S::NAME, from, until = %until,
                "the broker has dropped part of what was published before the queue was made; run `comanda audit --mend`: \
                 it finds what this service has missed, and has it said again"
            );
        }
        while let Some(delivery) = history.next().await? {
            deliveries.send(delivery).await.context("the pump has ended")?;
            read += 1;
        }
    }
    info!(service = S::NAME, messages = read, "all that was published before the queue was made is taken in");
    bus.settle(S::NAME, marks.into_iter().map(|(_, mark)| mark.receipt).collect()).await
}
