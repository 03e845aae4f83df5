//! The past, to be looked at: HTTP and pages of services at one moment. Nothing is decided, taken in, said or forgotten,
//! and the clock stands.

use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    contract::time::Time,
    db::Db,
    engine::{live::Live, measure, pump::Pump, redrive::Redriver, state},
    process::{host, supervise::Tasks, telemetry},
    web::{
        doors::Doors,
        history::Part,
        routes::{self, Probe},
        serve::Limits,
        site::{App, Site},
        still,
    },
};

/// How long a connection may be idle.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Who looks at the past is one of a few.
const CONNECTIONS_MAX: usize = 256;

/// Services at one moment.
pub struct Still {
    at: Time,
    tasks: Tasks,
    parts: Vec<Part>,
    router: OpenApiRouter,
    /// Nothing is ever committed, and whoever follows the log waits for it.
    committed: watch::Sender<i64>,
}

impl Still {
    /// Stops the clock of the process, for good.
    pub fn at(time: Time) -> Self {
        let (tasks, router) = (Tasks::default(), OpenApiRouter::new());
        Self { at: time.stop_at(), tasks, parts: Vec::new(), router, committed: watch::Sender::new(0) }
    }

    /// Shows a service's database.
    pub fn add<S: Site>(&mut self, db: Db) {
        let pump = Pump::without_engine();
        let live = Live::new(db.clone(), self.committed.subscribe(), self.tasks.stop.clone());
        let app = App { db: db.clone(), pump: pump.clone(), live: live.clone(), accept_within: Duration::ZERO };
        self.tasks.supervise("live views", S::NAME, move || live.clone().run());
        let redriver = Redriver::new(db.clone(), pump);
        let tables = state::tables::<S>();
        self.parts.push(Part {
            service: S::NAME,
            feed: S::FEED,
            tables,
            db,
            bus: None,
            redriver,
            measure: measure::of::<S>(),
        });
        self.router = std::mem::take(&mut self.router).merge(S::routes(app));
    }

    /// Asks it to stop, once it is cancelled.
    pub fn stop(&self) -> CancellationToken {
        self.tasks.stop.clone()
    }

    /// Serves until asked to stop.
    pub async fn serve(self, listener: TcpListener, pages: Router) {
        let Self { at, tasks, parts, router, committed: _committed } = self;
        let probe = Probe::open(tasks.leaving.clone(), telemetry::metrics());
        let databases: Vec<Db> = parts.iter().map(|part| part.db.clone()).collect();
        let router = still::read_only(routes::router(router, pages, parts, probe, Doors::default()), at);
        let limits = Limits::new(KEEP_ALIVE, CONNECTIONS_MAX);
        let close = async { drop(join_all(databases.iter().map(Db::close)).await) };
        host::serve(listener, router, limits, &tasks, close).await;
    }
}
