//! A process: one service or all of them, on the same plumbing. Starts them, serves them, stops them.

use std::{
    io::Write,
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use axum::Router;
use futures_util::future::join_all;
use tokio::{
    net::TcpListener,
    signal::unix::SignalKind,
    sync::watch,
    time::{Instant, MissedTickBehavior},
};
use tracing::{error, info, warn};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    bus::Bus,
    contract::time::Time,
    db::{Db, Failure},
    engine::{
        backoff::Backoff,
        call::Call,
        consume,
        live::Live,
        measure, pump,
        redrive::Redriver,
        relay, retention, schema,
        service::Service,
        spans::Spans,
        state,
        wake::{self, Commits},
    },
    process::{
        config::{self, Settings},
        files,
        supervise::Tasks,
        telemetry,
        traces::{self, Exporter},
    },
    web::{
        access::Access,
        history::Part,
        routes::{self, Probe},
        serve::{self, Limits},
        site::{App, Site},
    },
};

const SWEEP: Duration = Duration::from_millis(250);
/// From the end of the drain to the end, whatever hangs.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The services of a process.
pub struct Host {
    bus: Bus,
    settings: Settings,
    pub tasks: Tasks,
    parts: Vec<Part>,
    router: OpenApiRouter,
    pub access: Access,
    /// Whether what must be there before the first request is there.
    pub prepared: Arc<AtomicBool>,
    spans: Spans,
    exporter: Option<Exporter>,
}

impl Host {
    pub async fn new(settings: Settings) -> Result<Self> {
        let bus = Bus::open(&settings.bus_url).await.context("BUS_URL")?;
        let access = Access::new(&settings.access)?;
        let prepared = Arc::new(AtomicBool::new(true));
        let (tasks, router) = (Tasks::default(), OpenApiRouter::new());
        // What is counted before somebody records it is lost.
        telemetry::metrics();
        tasks.supervise("metrics", "host", telemetry::keep_up);
        let followed = access.clone();
        tasks.supervise("identity provider", "host", move || followed.clone().keep_up());
        let (pruned, retention) = (bus.clone(), settings.retention);
        tasks.supervise("pruning", "bus", move || retention::run_bus(pruned.clone(), retention));
        let (spans, exporter) = traces::start(&settings.tracing)?;
        Ok(Self { bus, settings, tasks, parts: Vec::new(), router, access, prepared, spans, exporter })
    }

    /// Starts a service: from now on it takes events in and says its own.
    pub async fn add<S: Site>(&mut self, database_url: &str) -> Result<App<S>> {
        if let Some(user) = self.bus.speaks_for() {
            ensure!(user == S::NAME, "BUS_URL: the user {user} speaks for {user} alone, and this is {}", S::NAME);
        }
        let db = open::<S>(database_url, self.settings.database_within).await?;
        let (spans, stop) = (self.spans.clone(), self.tasks.stop.clone());
        let (pump, engine, deliveries, committed) = pump::new::<S>(db.clone(), self.bus.clone(), spans, stop);
        let (heard, others) = watch::channel(0);
        let commits = Commits::new(committed.clone(), others);
        let live = Live::new(db.clone(), commits.clone(), self.tasks.stop.clone());
        let app = App { db: db.clone(), pump, live: live.clone(), accept_within: self.settings.accept_within };

        let (tasks, bus) = (&self.tasks, self.bus.clone());
        tasks.essential("pump", S::NAME, engine.run());
        tasks.supervise("live views", S::NAME, move || live.clone().run());
        let (relay_db, relay_bus, spans) = (db.clone(), bus.clone(), self.spans.clone());
        tasks.supervise("relay", S::NAME, move || {
            relay::run::<S>(relay_db.clone(), relay_bus.clone(), commits.clone(), spans.clone())
        });
        let wake_db = db.clone();
        tasks.supervise("wake", S::NAME, move || wake::run::<S>(wake_db.clone(), committed.clone(), heard.clone()));
        let consumer_db = db.clone();
        tasks.supervise("consumer", S::NAME, move || {
            consume::run::<S>(consumer_db.clone(), bus.clone(), deliveries.clone())
        });
        let (pruned, retention) = (db.clone(), self.settings.retention);
        tasks.supervise("pruning", S::NAME, move || retention::run(pruned.clone(), retention));
        let (sweeper, spans) = (app.clone(), self.spans.clone());
        tasks.supervise("deadlines", S::NAME, move || sweep(sweeper.clone(), spans.clone()));

        let redriver = Redriver::new(db.clone(), app.pump.clone());
        let (tables, bus) = (state::tables::<S>(), Some(self.bus()));
        self.parts.push(Part {
            service: S::NAME,
            feed: S::FEED,
            tables,
            db,
            bus,
            redriver,
            measure: measure::of::<S>(),
        });
        self.router = std::mem::take(&mut self.router).merge(S::routes(app.clone()));
        Ok(app)
    }

    pub fn bus(&self) -> Bus {
        self.bus.clone()
    }

    /// Listens; an error if it cannot.
    pub async fn bind(&self) -> Result<TcpListener> {
        bind(&self.settings).await
    }

    /// Serves until asked to stop, then lets each service finish what it has in hand.
    pub async fn serve(self, listener: TcpListener, pages: Router) -> ExitCode {
        let Self { tasks, parts, router, access, prepared, bus, settings, spans, exporter } = self;
        let connections = files::connections_max();
        let limits = Limits {
            drain: settings.drain,
            per_address: settings.shares.connection_limit,
            ..Limits::new(settings.keep_alive, connections)
        };
        let probe = Probe {
            prepared,
            leaving: tasks.leaving.clone(),
            metrics: telemetry::metrics(),
            access,
            shares: settings.shares.clone(),
            spans,
        };
        // It is stopped last, for those that stop have their spans as well.
        let exporting = Tasks::default();
        exporter.into_iter().for_each(|exporter| exporting.spawn(exporter.run(exporting.stop.clone())));
        let databases: Vec<Db> = parts.iter().map(|part| part.db.clone()).collect();
        // Nobody but the server holds on to a pump: it ends once nobody can ask any more.
        let router = routes::router(router, pages, parts, probe, settings.strangers.doors(settings.access.is_on()));
        let close = async {
            if let Err(error) = bus.close().await {
                warn!(error = format!("{error:#}"), "could not tell the bus what was settled last");
            }
            join_all(databases.iter().map(Db::close)).await;
            exporting.finish().await;
        };
        serve(listener, router, limits, &tasks, close).await;
        if tasks.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// Opens a service's database and brings it up to date, as soon as it is there.
pub(super) async fn open<S: Service>(url: &str, within: Duration) -> Result<Db> {
    let (started, mut backoff) = (Instant::now(), Backoff::default());
    loop {
        match try_open::<S>(url).await.with_context(|| config::database_variable(S::NAME)) {
            Err(error) if started.elapsed() < within && Failure::of(&error) == Failure::Outage => {
                warn!(service = S::NAME, error = telemetry::line(&error), "waiting for the database");
                backoff.wait().await;
            }
            opened => return opened,
        }
    }
}

async fn try_open<S: Service>(url: &str) -> Result<Db> {
    let db = Db::open(url).await?;
    schema::prepare::<S>(&db).await?;
    Ok(db)
}

/// Serves until asked to stop, then lets the tasks finish what they have in hand, then closes; whatever hangs, it ends.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    tasks: &Tasks,
    close: impl Future<Output = ()>,
) {
    let gave_up = watch_signals(tasks, limits.drain);
    let finished = async {
        serve::serve(listener, router, limits, &tasks.stop).await;
        tasks.finish().await;
        close.await;
    };
    tokio::select! {
        () = finished => {}
        () = gave_up => {}
    }
}

/// The first signal asks to stop, once others had the time to hear of it. Returns at the second, or when the time is up.
async fn watch_signals(Tasks { leaving, stop, .. }: &Tasks, drain: Duration) {
    tokio::select! {
        () = signal() => info!("stopping: requests and batches in hand are finished first"),
        () = stop.cancelled() => {}
    }
    leaving.cancel();
    tokio::select! {
        () = tokio::time::sleep(drain) => {}
        () = signal() => return,
        () = stop.cancelled() => {}
    }
    stop.cancel();
    tokio::select! {
        () = signal() => {}
        () = tokio::time::sleep(STOP_TIMEOUT) => error!("gave up waiting; what was not finished is taken up at the next start"),
    }
}

/// Until somebody asks the process to stop.
pub async fn signal() {
    let mut terminate = tokio::signal::unix::signal(SignalKind::terminate()).expect("the runtime handles signals");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Puts what has fallen due into the pump.
async fn sweep<S: Service>(app: App<S>, spans: Spans) -> Result<()> {
    let mut tick = tokio::time::interval(SWEEP);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let due = S::due(&app.db, Time::now()).await?;
        // An outage is no reason to log each of them: they are still due at the next sweep.
        join_all(due.into_iter().map(|command| {
            let call = Call::internal(S::NAME);
            app.pump.ask(Call { trace: spans.root(call.id), ..call }, command)
        }))
        .await;
    }
}

/// Binds where it may, with an error that a person can act on.
pub async fn bind(settings: &Settings) -> Result<TcpListener> {
    settings.check()?;
    let address = settings.listen;
    TcpListener::bind(address).await.with_context(|| format!("LISTEN: cannot listen on {address}"))
}

/// One clear line, and an exit code that is not 0.
pub fn refuse(program: &str, error: &anyhow::Error) -> ExitCode {
    let mut stderr = std::io::stderr();
    // Nobody can be told that nobody can be told.
    let _ = writeln!(stderr, "{program}: {}", telemetry::line(error));
    ExitCode::FAILURE
}
