//! Hands what the bus delivers to the pump. Where the service's queue was lost, or something did not come through it, what was
//! published meanwhile is read again from the broker's history, beside what comes now: the inbox knows what it has.

use std::pin::pin;

use anyhow::{Context, Result};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use tracing::{error, info, warn};

use crate::{
    bus::{Bus, Delivery},
    contract::time::Time,
    db::Db,
    engine::{
        journal,
        missed::{self, MARGIN, Missed},
        service::Service,
    },
};

/// Until an error; whoever supervises starts it again. The pump takes no more than it can hold.
pub async fn run<S: Service>(db: Db, bus: Bus, deliveries: mpsc::Sender<Delivery>) -> Result<()> {
    let mut subscription = bus.subscribe(S::NAME).await?;
    let (mut marks, mut recoveries) = (Vec::new(), FuturesUnordered::new());
    let (tell, mut told) = mpsc::channel(1);
    let mut watching = pin!(missed::run::<S>(&db, &bus, tell));
    loop {
        // Several may have declared the queue at once, and left a mark each.
        if recoveries.is_empty() && !marks.is_empty() {
            recoveries.push(recover::<S>(&db, &bus, &deliveries, Lost::Queue(std::mem::take(&mut marks))));
        }
        tokio::select! {
            delivery = subscription.receive() => {
                let delivery = delivery?;
                match delivery.made_anew {
                    Some(made) => marks.push((made, delivery)),
                    None => deliveries.send(delivery).await.context("the pump has ended")?,
                }
            }
            Some(missed) = told.recv(), if recoveries.is_empty() => {
                recoveries.push(recover::<S>(&db, &bus, &deliveries, Lost::Events(missed)));
            }
            Some(recovered) = recoveries.next() => recovered?,
            ended = &mut watching => return ended,
        }
    }
}

/// What was lost on the way to a service.
enum Lost {
    /// All that was in its queue when that was gone: marks that say when it was made anew.
    Queue(Vec<(Time, Delivery)>),
    /// Some of what was published should have come, and its queue is empty.
    Events(Missed),
}

impl Lost {
    /// Before then, everything was as it should be.
    fn since(&self) -> Option<Time> {
        match self {
            Self::Queue(marks) => marks.iter().map(|(made, _)| *made).min(),
            Self::Events(missed) => Some(missed.since),
        }
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Queue(_) => "the queue was made anew",
            Self::Events(_) => "what should have come through the queue did not: it was purged, or unbound",
        }
    }
}

/// Takes in what was published before, then settles what says so. Cut short, it comes again, and all begins anew from the same
/// moment: by when the journal's entries were made, not by what came since.
async fn recover<S: Service>(db: &Db, bus: &Bus, deliveries: &mpsc::Sender<Delivery>, lost: Lost) -> Result<()> {
    let lost_since = lost.since().context("nothing is lost")?;
    let since = journal::last_heard(db, lost_since - MARGIN).await?.map(|last| last - MARGIN);
    let from = since.map_or("its beginning".to_owned(), |since| since.to_string());
    warn!(service = S::NAME, at = %lost_since, from, "{}; reading what was published before", lost.what());
    let mut read = 0;
    let again = matches!(&lost, Lost::Queue(marks) if marks.iter().any(|(_, mark)| mark.redelivered));
    if let Some(mut history) = bus.history(S::NAME, since, again).await? {
        if let Some(until) = history.lacks_until {
            error!(
                service = S::NAME, from, until = %until,
                "the broker has dropped part of what was published before then; run `comanda audit --mend`: it finds what \
                 this service has missed, and has it said again"
            );
        }
        while let Some(delivery) = history.next().await? {
            deliveries.send(delivery).await.context("the pump has ended")?;
            read += 1;
        }
    }
    info!(service = S::NAME, messages = read, "all that was published before is taken in");
    match lost {
        Lost::Queue(marks) => bus.settle(S::NAME, marks.into_iter().map(|(_, mark)| mark.receipt).collect()).await,
        Lost::Events(missed) => {
            // Whoever looks has ended with the broker's connection, and begins anew.
            missed.done.send(()).ok();
            Ok(())
        }
    }
}
