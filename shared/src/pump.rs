//! Every write of a service goes through here: requests and events alike, in batches that form by themselves.
//! While one batch is being committed the next one gathers; one batch is one transaction.

mod batch;

use std::time::Duration;

use anyhow::Result;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};
use tracing::{error, warn};

use crate::{
    bus::{Bus, Delivery, Receipt},
    db::{Db, Failure},
    dead::{self, Letter},
    event::{Event, decode},
    http::Call,
    problem::Problem,
    service::{Input, Service},
    supervise::Backoff,
    time::Time,
    trace::Trace,
};

/// How long a request waits for its batch.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_QUEUE: usize = 4096;
const DELIVERY_QUEUE: usize = 16;
/// A batch takes no further message or request once it has this many inputs.
const BATCH_MAX: usize = 512;

/// Where requests go in. Cheap to clone.
#[derive(Debug)]
pub struct Pump<S: Service> {
    requests: mpsc::Sender<Request<S>>,
}

impl<S: Service> Clone for Pump<S> {
    fn clone(&self) -> Self {
        Self { requests: self.requests.clone() }
    }
}

#[derive(Debug)]
struct Request<S: Service> {
    input: Input<S::Command>,
    asker: oneshot::Sender<Answer<S>>,
}

type Answer<S> = Result<<S as Service>::Reply, Problem>;

impl<S: Service> Pump<S> {
    /// Has the command decided and committed. 503 where the database does not take it within 5 s.
    pub async fn ask(&self, call: Call, command: S::Command) -> Answer<S> {
        let (asker, answer) = oneshot::channel();
        let input = Input { id: call.id, at: call.at, by: call.by, trace: call.trace, command };
        let asked = async {
            self.requests.send(Request { input, asker }).await.ok()?;
            answer.await.ok()
        };
        match tokio::time::timeout(REQUEST_TIMEOUT, asked).await {
            Ok(Some(answer)) => answer,
            // Dropping the answer's channel takes the request out of the pump, if it is not being decided already.
            Ok(None) | Err(_) => Err(Problem::unavailable()),
        }
    }
}

/// The other end of the [`Pump`].
#[derive(Debug)]
pub struct Engine<S: Service> {
    db: Db,
    bus: Bus,
    requests: mpsc::Receiver<Request<S>>,
    deliveries: mpsc::Receiver<Delivery>,
    committed: watch::Sender<i64>,
}

/// The ends of a new pump: for handlers, for the task that runs it, for the bus, for those who follow the log.
pub fn new<S: Service>(db: Db, bus: Bus) -> (Pump<S>, Engine<S>, mpsc::Sender<Delivery>, watch::Receiver<i64>) {
    let (request_in, requests) = mpsc::channel(REQUEST_QUEUE);
    let (delivery_in, deliveries) = mpsc::channel(DELIVERY_QUEUE);
    let (committed, log) = watch::channel(0);
    (Pump { requests: request_in }, Engine { db, bus, requests, deliveries, committed }, delivery_in, log)
}

/// So often a batch is decided again at once; conflicts that last longer are an outage.
const CONFLICTS_MAX: usize = 10;

/// What one transaction decides.
#[derive(Debug)]
struct Batch<S: Service> {
    inputs: Vec<Pending<S>>,
    letters: Vec<Letter>,
    receipts: Vec<Receipt>,
    redelivered: bool,
}

/// An input and who waits for it.
#[derive(Debug)]
struct Pending<S: Service> {
    input: Input<S::Command>,
    origin: Origin<S>,
}

#[derive(Debug)]
enum Origin<S: Service> {
    Request(oneshot::Sender<Answer<S>>),
    Event { event: Box<Event>, bytes: Vec<u8>, attempts: i64 },
}

impl<S: Service> Engine<S> {
    /// Until both of its queues are closed and empty.
    pub async fn run(mut self) {
        while let Some(batch) = self.gather().await {
            let started = Instant::now();
            self.process(batch).await;
            metrics::histogram!("comanda_batch_seconds", "service" => S::NAME).record(started.elapsed());
        }
    }

    /// Waits for the first input and takes what else has come meanwhile.
    async fn gather(&mut self) -> Option<Batch<S>> {
        let mut batch = Batch { inputs: Vec::new(), letters: Vec::new(), receipts: Vec::new(), redelivered: false };
        tokio::select! {
            Some(request) = self.requests.recv() => batch.request(request),
            Some(delivery) = self.deliveries.recv() => batch.deliver(delivery),
            else => return None,
        }
        while batch.inputs.len() < BATCH_MAX {
            let (request, delivery) = (self.requests.try_recv().ok(), self.deliveries.try_recv().ok());
            if request.is_none() && delivery.is_none() {
                break;
            }
            request.into_iter().for_each(|request| batch.request(request));
            delivery.into_iter().for_each(|delivery| batch.deliver(delivery));
        }
        Some(batch)
    }

    /// Commits the batch, however long that takes, then acknowledges and answers.
    async fn process(&mut self, mut batch: Batch<S>) {
        let receipts = std::mem::take(&mut batch.receipts);
        let suspects = if batch.redelivered { self.suspects(&mut batch).await } else { Vec::new() };
        self.commit(batch).await;
        for suspect in suspects {
            self.alone(suspect).await;
        }
        if let Err(error) = self.bus.settle(S::NAME, receipts).await {
            // They come again, and the inbox knows them.
            warn!(service = S::NAME, error = format!("{error:#}"), "could not acknowledge");
        }
    }

    /// Commits a batch that may fail: on conflicts again, on outages later, on a fault one input at a time.
    async fn commit(&mut self, mut batch: Batch<S>) {
        let (mut backoff, mut conflicts) = (Backoff::default(), 0);
        loop {
            batch.drop_abandoned();
            if batch.is_empty() {
                return;
            }
            let Err(error) = self.attempt(&mut batch).await else { return };
            match Failure::of(&error) {
                Failure::Conflict if conflicts < CONFLICTS_MAX => conflicts += 1,
                Failure::Fault if batch.inputs.len() + batch.letters.len() > 1 => {
                    return Box::pin(self.one_by_one(batch)).await;
                }
                Failure::Fault if !batch.inputs.is_empty() => batch.bury(&error),
                // A lasting conflict and a letter that cannot be kept are the database's trouble, too.
                Failure::Conflict | Failure::Fault | Failure::Outage => {
                    let inputs = batch.inputs.len();
                    warn!(service = S::NAME, error = format!("{error:#}"), inputs, "waiting for the database");
                    backoff.wait().await;
                }
            }
        }
    }

    async fn one_by_one(&mut self, batch: Batch<S>) {
        for letter in batch.letters {
            self.commit(Batch { letters: vec![letter], ..Batch::empty() }).await;
        }
        for pending in batch.inputs {
            self.commit(Batch { inputs: vec![pending], ..Batch::empty() }).await;
        }
    }

    /// One transaction; the answers go out once it is committed.
    async fn attempt(&mut self, batch: &mut Batch<S>) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let decided = batch::decide(&mut tx, batch).await?;
        if let Some(position) = decided.position {
            if let Err(error) = tx.commit().await {
                // Whether it is there is not known: events are tried again, requests hear 503 and may do the same.
                batch.fail_requests();
                return Err(error);
            }
            self.committed.send_replace(position);
        } else {
            tx.commit().await?;
        }
        batch::answer(std::mem::take(&mut batch.inputs), decided);
        Ok(())
    }

    /// Of a batch that was delivered again, the events that came again before: one of them may be what the process
    /// dies of. They are decided alone, each attempt counted before it is made, so that no neighbour is blamed.
    /// What was taken in, and only not acknowledged, is no suspect.
    async fn suspects(&mut self, batch: &mut Batch<S>) -> Vec<Pending<S>> {
        let ids: Vec<String> = batch.inputs.iter().filter_map(Pending::event_id).collect();
        let repeated = insist::<S, _, _>(|| dead::note_repeated(&self.db, &ids)).await;
        let open = insist::<S, _, _>(|| batch::not_taken_in(&self.db, &batch.inputs)).await;
        let (suspects, rest) = std::mem::take(&mut batch.inputs)
            .into_iter()
            .partition(|pending| pending.event_id().is_some_and(|id| repeated.contains(&id) && open.contains(&id)));
        batch.inputs = rest;
        suspects
    }

    async fn alone(&mut self, mut suspect: Pending<S>) {
        let id = suspect.event_id().unwrap_or_default();
        let attempts = insist::<S, _, _>(|| dead::count_attempt(&self.db, &id)).await;
        suspect.set_attempts(attempts);
        let mut batch = Batch { inputs: vec![suspect], ..Batch::empty() };
        if attempts > dead::ATTEMPTS_MAX {
            let times = attempts - 1;
            batch.bury(&anyhow::anyhow!("given up: the process died on it {times} times"));
        }
        self.commit(batch).await;
    }
}

/// Does it until the database takes it.
async fn insist<S: Service, T, F: Future<Output = Result<T>>>(work: impl Fn() -> F) -> T {
    let mut backoff = Backoff::default();
    loop {
        match work().await {
            Ok(done) => return done,
            Err(error) => {
                warn!(service = S::NAME, error = format!("{error:#}"), "waiting for the database");
                backoff.wait().await;
            }
        }
    }
}

impl<S: Service> Batch<S> {
    fn empty() -> Self {
        Self { inputs: Vec::new(), letters: Vec::new(), receipts: Vec::new(), redelivered: false }
    }

    fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.letters.is_empty()
    }

    fn request(&mut self, Request { input, asker }: Request<S>) {
        self.inputs.push(Pending { input, origin: Origin::Request(asker) });
    }

    fn deliver(&mut self, delivery: Delivery) {
        self.redelivered |= delivery.redelivered;
        for (bytes, event) in decode(&delivery.body) {
            if delivery.dead {
                self.letters.push(Letter::undelivered(bytes, event.ok().as_ref()));
                continue;
            }
            match event.and_then(|event| Ok((S::hear(&event)?, event))) {
                Ok((command, event)) => self.inputs.push(Pending::of_event(command, event, bytes)),
                Err(error) => self.letters.push(Letter::unreadable(bytes, &error)),
            }
        }
        self.receipts.push(delivery.receipt);
    }

    /// Requests whose asker has gone need no decision.
    fn drop_abandoned(&mut self) {
        self.inputs.retain(|pending| !matches!(&pending.origin, Origin::Request(asker) if asker.is_closed()));
    }

    fn fail_requests(&mut self) {
        let (requests, events) = std::mem::take(&mut self.inputs)
            .into_iter()
            .partition(|pending| matches!(pending.origin, Origin::Request(_)));
        self.inputs = events;
        for pending in requests as Vec<Pending<S>> {
            pending.answer(Err(Problem::unavailable()));
        }
    }

    /// Makes the only input a dead letter; a request hears that it is our fault.
    fn bury(&mut self, error: &anyhow::Error) {
        for pending in std::mem::take(&mut self.inputs) {
            match pending.origin {
                Origin::Request(_) => {
                    error!(service = S::NAME, error = format!("{error:#}"), "a request could not be decided or stored");
                    pending.answer(Err(Problem::internal()));
                }
                Origin::Event { event, bytes, attempts } => {
                    self.letters.push(Letter::of_event(&event, bytes, format!("{error:#}"), attempts));
                }
            }
        }
    }
}

impl<S: Service> Pending<S> {
    fn of_event(command: S::Command, event: Event, bytes: Vec<u8>) -> Self {
        let trace = event.traceparent.as_deref().and_then(|text| text.parse().ok());
        let input = Input {
            id: event.id,
            at: Time::now(),
            by: event.source.clone(),
            trace: trace.unwrap_or_else(|| Trace::rooted_in(event.id)),
            command,
        };
        Self { input, origin: Origin::Event { event: Box::new(event), bytes, attempts: 1 } }
    }

    fn event_id(&self) -> Option<String> {
        match &self.origin {
            Origin::Event { event, .. } => Some(event.id.to_string()),
            Origin::Request(_) => None,
        }
    }

    fn set_attempts(&mut self, attempts: i64) {
        if let Origin::Event { attempts: known, .. } = &mut self.origin {
            *known = attempts;
        }
    }

    fn answer(self, answer: Answer<S>) {
        if let Origin::Request(asker) = self.origin {
            // The asker may have gone; the key makes asking again safe.
            let _ = asker.send(answer);
        }
    }
}
