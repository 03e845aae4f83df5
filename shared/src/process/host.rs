//! A process: one service or all of them, on the same plumbing. Starts them, serves them, stops them.

use std::{
    io::Write,
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::{Context, Result};
use axum::Router;
use futures_util::future::join_all;
use tokio::{
    net::TcpListener,
    signal::unix::SignalKind,
    sync::{mpsc, watch},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    bus::{Bus, Delivery},
    contract::time::Time,
    db::Db,
    engine::{
        call::Call,
        live::Live,
        pump,
        redrive::Redriver,
        relay, retention, schema,
        service::Service,
        wake::{self, Commits},
    },
    process::{
        config::{self, Settings},
        files,
        supervise::Tasks,
        telemetry,
    },
    web::{
        history::Part,
        pages,
        routes::{self, Probe},
        serve::{self, Limits},
        site::{App, Site},
    },
};

const SWEEP: Duration = Duration::from_millis(250);
/// From the request to stop to the end, whatever hangs.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The services of a process.
pub struct Host {
    bus: Bus,
    settings: Settings,
    pub tasks: Tasks,
    parts: Vec<Part>,
    router: OpenApiRouter,
    /// Whether what must be there before the first request is there.
    pub prepared: Arc<AtomicBool>,
}

impl Host {
    pub async fn new(settings: Settings) -> Result<Self> {
        let bus = Bus::open(&settings.bus_url).await.context("BUS_URL")?;
        let prepared = Arc::new(AtomicBool::new(true));
        let (tasks, router) = (Tasks::default(), OpenApiRouter::new());
        tasks.supervise("metrics", "host", telemetry::keep_up);
        let (pruned, retention) = (bus.clone(), settings.retention);
        tasks.supervise("pruning", "bus", move || retention::run_bus(pruned.clone(), retention));
        Ok(Self { bus, settings, tasks, parts: Vec::new(), router, prepared })
    }

    /// Starts a service: from now on it takes events in and says its own.
    pub async fn add<S: Site>(&mut self, database_url: &str) -> Result<App<S>> {
        let opened = async {
            let db = Db::open(database_url).await?;
            schema::prepare::<S>(&db).await?;
            anyhow::Ok(db)
        };
        let db = opened.await.with_context(|| config::database_variable(S::NAME))?;
        let (pump, engine, deliveries, committed) = pump::new::<S>(db.clone(), self.bus.clone());
        let (heard, others) = watch::channel(0);
        let commits = Commits::new(committed.clone(), others);
        let live = Live::new(db.clone(), commits.clone(), self.tasks.stop.clone());
        let app = App { db: db.clone(), pump, live: live.clone(), accept_within: self.settings.accept_within };

        let (tasks, bus) = (&self.tasks, self.bus.clone());
        tasks.essential("pump", S::NAME, engine.run());
        tasks.supervise("live views", S::NAME, move || live.clone().run());
        let (relay_db, relay_bus) = (db.clone(), bus.clone());
        tasks
            .supervise("relay", S::NAME, move || relay::run::<S>(relay_db.clone(), relay_bus.clone(), commits.clone()));
        let wake_db = db.clone();
        tasks.supervise("wake", S::NAME, move || wake::run::<S>(wake_db.clone(), committed.clone(), heard.clone()));
        tasks.supervise("consumer", S::NAME, move || consume::<S>(bus.clone(), deliveries.clone()));
        let (pruned, retention) = (db.clone(), self.settings.retention);
        tasks.supervise("pruning", S::NAME, move || retention::run(pruned.clone(), retention));
        let sweeper = app.clone();
        tasks.supervise("deadlines", S::NAME, move || sweep(sweeper.clone()));

        let redriver = Redriver::new(db.clone(), app.pump.clone());
        self.parts.push(Part { service: S::NAME, feed: S::FEED, db, redriver });
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
        let Self { tasks, parts, router, prepared, bus, settings } = self;
        let limits = Limits::new(settings.keep_alive, files::connections_max());
        let probe = Probe { prepared, stop: tasks.stop.clone(), metrics: telemetry::metrics() };
        let databases: Vec<Db> = parts.iter().map(|part| part.db.clone()).collect();
        // Nobody but the server holds on to a pump: it ends once nobody can ask any more.
        let router = routes::router(router, pages, parts, probe);
        let gave_up = watch_signals(tasks.stop.clone());
        let finished = async {
            serve::serve(listener, router, limits, &tasks.stop).await;
            tasks.finish().await;
            if let Err(error) = bus.close().await {
                warn!(error = format!("{error:#}"), "could not tell the bus what was settled last");
            }
            join_all(databases.iter().map(Db::close)).await;
        };
        tokio::select! {
            () = finished => {}
            () = gave_up => {}
        }
        if tasks.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// The first signal asks to stop. Returns at the second, or when the time is up.
async fn watch_signals(stop: CancellationToken) {
    tokio::select! {
        () = signal() => info!("stopping: requests and batches in hand are finished first"),
        () = stop.cancelled() => {}
    }
    stop.cancel();
    tokio::select! {
        () = signal() => {}
        () = tokio::time::sleep(STOP_TIMEOUT) => error!("gave up waiting; what was not finished is taken up at the next start"),
    }
}

async fn signal() {
    let mut terminate = tokio::signal::unix::signal(SignalKind::terminate()).expect("the runtime handles signals");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Hands deliveries to the pump, which takes no more than it can hold.
async fn consume<S: Service>(bus: Bus, deliveries: mpsc::Sender<Delivery>) -> Result<()> {
    let mut subscription = bus.subscribe(S::NAME).await?;
    loop {
        let delivery = subscription.receive().await?;
        deliveries.send(delivery).await.context("the pump has ended")?;
    }
}

/// Puts what has fallen due into the pump.
async fn sweep<S: Service>(app: App<S>) -> Result<()> {
    let mut tick = tokio::time::interval(SWEEP);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let due = S::due(&app.db, Time::now()).await?;
        // An outage is no reason to log each of them: they are still due at the next sweep.
        join_all(due.into_iter().map(|command| app.pump.ask(Call::internal(S::NAME), command))).await;
    }
}

/// Binds where it may, with an error that a person can act on.
pub async fn bind(settings: &Settings) -> Result<TcpListener> {
    settings.check()?;
    let address = settings.listen;
    TcpListener::bind(address).await.with_context(|| format!("LISTEN: cannot listen on {address}"))
}

/// Runs one service as a process of its own.
pub async fn run_one<S: Site>(port: u16) -> ExitCode {
    telemetry::init();
    match start_one::<S>(port).await {
        Ok((host, listener)) => host.serve(listener, pages::alone::<S>()).await,
        Err(error) => refuse(S::NAME, &error),
    }
}

async fn start_one<S: Site>(port: u16) -> Result<(Host, TcpListener)> {
    let (settings, database_url) = config::of_one(S::NAME, port)?;
    // Before anything is touched: a taken port is told at once.
    let listener = bind(&settings).await?;
    let mut host = Host::new(settings).await?;
    if matches!(host.bus, Bus::Embedded(_)) {
        warn!(service = S::NAME, "BUS_URL is a file: it carries nothing to other processes, nor from them");
    }
    host.add::<S>(&database_url).await?;
    info!(service = S::NAME, listen = %listener.local_addr()?, "ready");
    Ok((host, listener))
}

/// One clear line, and an exit code that is not 0.
pub fn refuse(program: &str, error: &anyhow::Error) -> ExitCode {
    let mut stderr = std::io::stderr();
    // Nobody can be told that nobody can be told.
    let _ = writeln!(stderr, "{program}: {}", telemetry::line(error));
    ExitCode::FAILURE
}
