//! Every write of a service goes through here: requests and events alike, in batches that form by themselves.
//! While one batch is being committed the next one gathers; one batch is one transaction.

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use tokio::{
    sync::{Mutex, MutexGuard, mpsc, oneshot, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::{
    bus::{Bus, Delivery},
    contract::{event::Event, time::Time},
    db::{Company, Db, Failure, Head, NO_ANSWER, Tx, advice},
    engine::{
        backoff::Backoff,
        batch::{Batch, Origin, Pending},
        call::Call,
        dead,
        decide::{self, Decided},
        gather::{self, Next, Waiting},
        inbox::{Inbox, Standing},
        outage::Outage,
        pace::{self, Pace, Rush},
        service::{Input, Service},
        spans::Spans,
        traced::Batches,
    },
};

/// How long a request waits for its batch.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Why a request is not taken that would only wait.
const BUSY: &str = "more is asked for than can be decided in time";
/// As many as a broker sends before something is settled: nothing stays in the client's unmeasured buffers.
const DELIVERY_QUEUE: usize = 64;

impl<R: fmt::Display> fmt::Display for Denial<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::VersionMismatch(version) => write!(f, "it is at version {version}"),
            Self::Unavailable(why) => f.write_str(why),
            Self::Failed => f.write_str("it failed, and the log says why"),
        }
    }
}

/// Where requests go in. Cheap to clone.
#[derive(Debug)]
pub struct Pump<S: Service> {
    requests: mpsc::Sender<Pending<S>>,
    /// Why the database did not take the last batch that it did not take, for those whose turn never comes.
    trouble: watch::Receiver<&'static str>,
    pace: Arc<Pace>,
}

impl<S: Service> Clone for Pump<S> {
    fn clone(&self) -> Self {
        let Self { requests, trouble, pace } = self;
        Self { requests: requests.clone(), trouble: trouble.clone(), pace: Arc::clone(pace) }
    }
}

/// What a request hears.
pub type Outcome<S> = Result<<S as Service>::Reply, Denial<<S as Service>::Refusal>>;

/// Why a request got no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial<R> {
    /// By the service's rules.
    Refused(R),
    /// What was to be changed has another version than the asker takes it for; 0 where there is none.
    VersionMismatch(i64),
    /// The database is away: nothing was decided, or whether it was is not known. The same request may come again.
    /// Why, for people.
    Unavailable(&'static str),
    /// Our fault; it was logged, and the same request would fail again.
    Failed,
}

impl<S: Service> Pump<S> {
    /// Where nobody decides: whoever asks hears [`Denial::Unavailable`].
    pub fn without_engine() -> Self {
        Self { requests: mpsc::channel(1).0, trouble: watch::channel(NO_ANSWER).1, pace: Arc::default() }
    }

    /// Has the command decided and committed. [`Denial::Unavailable`] where the database does not take it within 5 s, and
    /// at once where more are waiting than can be decided in half a second.
    pub async fn ask(&self, call: Call, command: S::Command) -> Outcome<S> {
        let (asker, answer) = oneshot::channel();
        let Call { id, at, by, trace, condition } = call;
        let input = Input { id, at, by, trace, condition, command };
        self.hand_in(Pending { input, origin: Origin::Request(asker) }, answer).await
    }

    /// Waits for what comes of it.
    pub(super) async fn hand_in<T, R>(
        &self,
        pending: Pending<S>,
        answer: oneshot::Receiver<Result<T, Denial<R>>>,
    ) -> Result<T, Denial<R>> {
        if self.requests.max_capacity() - self.requests.capacity() >= self.pace.waiting_max() {
            metrics::counter!("comanda_requests_shed_total", "service" => S::NAME).increment(1);
            return Err(Denial::Unavailable(BUSY));
        }
        let asked = async {
            self.requests.send(pending).await.ok()?;
            answer.await.ok()
        };
        match tokio::time::timeout(REQUEST_TIMEOUT, asked).await {
            Ok(Some(answer)) => answer,
            // Dropping the answer's channel takes the request out of the pump, if it is not being decided already.
            Ok(None) | Err(_) => Err(Denial::Unavailable(*self.trouble.borrow())),
        }
    }
}

/// The other end of the [`Pump`].
#[derive(Debug)]
pub struct Engine<S: Service> {
    db: Db,
    bus: Bus,
    queues: Mutex<Queues<S>>,
    /// When the last input was decided, in microseconds since 1970.
    latest: AtomicI64,
    committed: watch::Sender<i64>,
    trouble: watch::Sender<&'static str>,
    outage: Outage,
    batches: Batches,
}

/// What waits to be decided.
#[derive(Debug)]
struct Queues<S: Service> {
    requests: mpsc::Receiver<Pending<S>>,
    deliveries: mpsc::Receiver<Delivery>,
    rush: Rush,
}

/// Whoever has it loads and decides. It is handed on while only the commit is still waited for.
type Turn<'a, S> = MutexGuard<'a, Queues<S>>;

/// The ends of a new pump: for handlers, for the task that runs it, for the bus, for those who follow the log. `stop` is
/// cancelled where the process is to end.
pub fn new<S: Service>(
    db: Db,
    bus: Bus,
    spans: Spans,
    stop: CancellationToken,
) -> (Pump<S>, Engine<S>, mpsc::Sender<Delivery>, watch::Receiver<i64>) {
    let (request_in, requests) = mpsc::channel(pace::WAITING_MAX);
    S::prepare_measures();
    metrics::counter!("comanda_requests_shed_total", "service" => S::NAME).increment(0);
    let (delivery_in, deliveries) = mpsc::channel(DELIVERY_QUEUE);
    let (committed, log) = watch::channel(0);
    let (told, trouble) = watch::channel(NO_ANSWER);
    let pace = Arc::<Pace>::default();
    let pump = Pump { requests: request_in, trouble, pace: Arc::clone(&pace) };
    let queues = Mutex::new(Queues { requests, deliveries, rush: Rush::paced(pace) });
    let (batches, latest) = (Batches::new(spans, &db, &bus), AtomicI64::new(0));
    let outage = Outage::new(S::NAME, stop);
    (pump, Engine { db, bus, queues, latest, committed, trouble: told, outage, batches }, delivery_in, log)
}

/// So often a batch is decided again at once; conflicts that last longer are an outage.
const CONFLICTS_MAX: usize = 10;

impl<S: Service> Engine<S> {
    /// Until both of its queues are closed and empty, or an outage has lasted longer than the process. While one batch is
    /// being committed the next is loaded and decided: the locks of the rows and of the log's head keep them in order, as
    /// they do with replicas.
    pub async fn run(self) {
        let both = async { tokio::join!(self.work(), self.work()) };
        tokio::select! {
            ((), ()) = both => {}
            () = self.outage.given_up() => {}
        }
    }

    async fn work(&self) {
        loop {
            let mut turn = self.queues.lock().await;
            let Some(batch) = turn.gather().await else { return };
            let started = Instant::now();
            metrics::histogram!("comanda_batch_inputs", "service" => S::NAME).record(batch.inputs.len() as f64);
            self.process(batch, turn).await;
            metrics::histogram!("comanda_batch_seconds", "service" => S::NAME).record(started.elapsed());
        }
    }

    /// Commits the batch, however long that takes, then acknowledges and answers.
    async fn process(&self, mut batch: Batch<S>, mut turn: Turn<'_, S>) {
        let receipts = std::mem::take(&mut batch.receipts);
        let suspects = self.suspects(&mut batch).await;
        if suspects.is_empty() {
            self.commit(batch, Some(turn)).await;
        } else {
            // Nobody else decides meanwhile: what takes the process down is known to be the suspect.
            self.commit(batch, None).await;
            for suspect in suspects {
                self.alone(suspect).await;
                self.commit(turn.requests(), None).await;
            }
        }
        if let Err(error) = self.bus.settle(S::NAME, receipts).await {
            // They come again, and the inbox knows them.
            warn!(service = S::NAME, error = format!("{error:#}"), "could not acknowledge");
        }
    }

    /// Commits a batch that may fail: on conflicts again, on outages later, on a fault one input at a time.
    async fn commit(&self, mut batch: Batch<S>, mut turn: Option<Turn<'_, S>>) {
        let (mut backoff, mut conflicts) = (Backoff::default(), 0);
        loop {
            batch.drop_abandoned();
            if batch.is_empty() {
                return;
            }
            let Err(error) = self.attempt(&mut batch, &mut turn).await else { return };
            match Failure::of(&error) {
                Failure::Conflict if conflicts < CONFLICTS_MAX => conflicts += 1,
                Failure::Fault if batch.inputs.len() + batch.letters.len() > 1 => {
                    return Box::pin(self.one_by_one(batch)).await;
                }
                Failure::Fault if !batch.inputs.is_empty() => self.batches.bury(&mut batch, &error),
                // A lasting conflict and a letter that cannot be kept are the database's trouble, too.
                Failure::Conflict | Failure::Fault | Failure::Outage => {
                    let lasting = advice(&error);
                    self.trouble.send_replace(lasting.unwrap_or(NO_ANSWER));
                    lasting.into_iter().for_each(|why| batch.fail_requests(why));
                    let inputs = batch.inputs.len();
                    warn!(service = S::NAME, error = format!("{error:#}"), inputs, "waiting for the database");
                    self.outage.wait(&mut backoff).await;
                }
            }
        }
    }

    async fn one_by_one(&self, batch: Batch<S>) {
        for letter in batch.letters {
            self.commit(Batch { letters: vec![letter], ..Batch::empty() }, None).await;
        }
        for pending in batch.inputs {
            self.commit(Batch { inputs: vec![pending], ..Batch::empty() }, None).await;
        }
    }

    /// One transaction; the answers go out once it is committed.
    async fn attempt(&self, batch: &mut Batch<S>, turn: &mut Option<Turn<'_, S>>) -> Result<()> {
        let (mut tx, mut decided) = self.decide(batch, turn).await?;
        let head = decide::write(&mut tx, std::slice::from_mut(&mut decided)).await?;
        if self.has_many_writers() {
            drop(turn.take());
        }
        if let Err(error) = tx.commit().await {
            if head.is_some() {
                // Whether it is there is not known: events are tried again, requests hear 503 and may do the same.
                batch.fail_requests(advice(&error).unwrap_or(NO_ANSWER));
            }
            return Err(error);
        }
        if let Some(Head { said, .. }) = head {
            // Of two commits the later one may be heard of first.
            self.committed.send_if_modified(|last| std::mem::replace(last, said.max(*last)) < said);
        }
        self.batches.committed(batch, &decided.said);
        decided.answer(std::mem::take(&mut batch.inputs));
        batch.tell_of_letters();
        Ok(())
    }

    /// What the batch comes to, in a transaction that has written nothing yet.
    async fn decide(&self, batch: &mut Batch<S>, turn: &mut Option<Turn<'_, S>>) -> Result<(Tx, Decided<S>)> {
        let mut tx = self.db.begin_with(Company::Deciders).await?;
        if let Some(turn) = turn {
            // They came while the transaction began.
            turn.requests_into(batch);
        }
        let latest = batch.in_order(Time::from_micros(self.latest.load(Ordering::Relaxed)));
        self.latest.store(latest.as_micros(), Ordering::Relaxed);
        let mut decided = decide::decide(&mut tx, batch).await?;
        if tx.writes_to(S::UNLOCKED) && self.has_many_writers() {
            drop(tx);
            tx = self.db.begin_with(Company::Nobody).await?;
            decided = decide::decide(&mut tx, batch).await?;
        }
        Ok((tx, decided))
    }

    fn has_many_writers(&self) -> bool {
        self.db.postgres().is_some()
    }

    /// Of events that were delivered again, those that came again before: one of them may be what the process dies
    /// of. They are decided alone, each attempt counted before it is made, so that no neighbour is blamed.
    /// What was taken in, and only not acknowledged, is no suspect.
    async fn suspects(&self, batch: &mut Batch<S>) -> Vec<Pending<S>> {
        let again: Vec<&Event> = batch.inputs.iter().filter_map(Pending::redelivered).collect();
        if again.is_empty() {
            return Vec::new();
        }
        let ids: Vec<String> = again.iter().map(|event| event.id.to_string()).collect();
        let repeated = self.outage.insist(|| dead::note_repeated(&self.db, &ids)).await;
        let open = self.outage.insist(|| not_taken_in(&self.db, &again)).await;
        let is_suspect = |event: &Event| repeated.contains(&event.id.to_string()) && open.contains(&event.id);
        let (suspects, rest) = std::mem::take(&mut batch.inputs)
            .into_iter()
            .partition(|pending| pending.redelivered().is_some_and(is_suspect));
        batch.inputs = rest;
        suspects
    }

    async fn alone(&self, mut suspect: Pending<S>) {
        let attempts = self.outage.insist(|| count_attempt(&self.db, &suspect)).await;
        suspect.set_attempts(attempts);
        let mut batch = Batch { inputs: vec![suspect], ..Batch::empty() };
        if attempts > dead::ATTEMPTS_MAX {
            let times = attempts - 1;
            self.batches.bury(&mut batch, &anyhow::anyhow!("given up: the process died on it {times} times"));
        }
        self.commit(batch, None).await;
    }
}

impl<S: Service> Queues<S> {
    /// Waits for the first input and takes what else has come meanwhile.
    async fn gather(&mut self) -> Option<Batch<S>> {
        let mut batch = Batch::empty();
        tokio::select! {
            Some(request) = self.requests.recv() => batch.request(request),
            Some(delivery) = self.deliveries.recv() => batch.deliver(delivery),
            else => return None,
        }
        loop {
            let waiting = Waiting { requests: self.requests.len(), messages: self.deliveries.len() };
            match gather::next(batch.held, waiting) {
                Next::Request => self.requests.try_recv().into_iter().for_each(|request| batch.request(request)),
                Next::Message => self.deliveries.try_recv().into_iter().for_each(|delivery| batch.deliver(delivery)),
                Next::Nothing => break,
            }
        }
        self.rush.note(batch.held.requests, !self.requests.is_empty(), Instant::now());
        Some(batch)
    }

    /// A batch of those who ask: they do not wait until all suspects are decided, each alone.
    fn requests(&mut self) -> Batch<S> {
        let mut batch = Batch::empty();
        self.requests_into(&mut batch);
        batch
    }

    fn requests_into(&mut self, batch: &mut Batch<S>) {
        while let Next::Request = gather::next(batch.held, Waiting { requests: self.requests.len(), messages: 0 }) {
            self.requests.try_recv().into_iter().for_each(|request| batch.request(request));
        }
    }
}

/// The ids of those events that are not taken in yet.
async fn not_taken_in(db: &Db, events: &[&Event]) -> Result<HashSet<Uuid>> {
    let inbox = Inbox::load(&mut db.begin().await?, events.iter().copied()).await?;
    let open = events.iter().filter(|event| inbox.standing(event) == Standing::New);
    Ok(open.map(|event| event.id).collect())
}

/// Counts an attempt, durably, once nothing but the decision is in its way: whoever is killed while a table is locked
/// or the database is away has not tried.
async fn count_attempt<S: Service>(db: &Db, suspect: &Pending<S>) -> Result<i64> {
    let id = suspect.input.id.to_string();
    let mut tx = db.begin().await?;
    Inbox::load(&mut tx, suspect.event().into_iter()).await?;
    match S::load(&mut tx, &[&suspect.input]).await {
        // It is met again where the suspect is decided, and held against it there.
        Err(error) if Failure::of(&error) == Failure::Fault => return Ok(1),
        loaded => drop(loaded?),
    }
    let attempts = dead::count_attempt(&mut tx, &id).await?;
    tx.commit().await?;
    Ok(attempts)
}
