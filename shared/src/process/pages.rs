//! A process that serves pages and no service: it has neither a database nor a bus.

use std::{process::ExitCode, time::Duration};

use axum::Router;
use tokio::net::TcpListener;

use crate::{
    process::{config::Strangers, files, host, supervise::Tasks, telemetry},
    web::{
        routes::{self, Probe},
        serve::Limits,
    },
};

/// As [`Settings::keep_alive`](crate::process::config::Settings::keep_alive) is by default.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Serves until asked to stop.
pub async fn serve(listener: TcpListener, pages: Router, strangers: &Strangers, tasks: Tasks) -> ExitCode {
    tasks.supervise("metrics", "host", telemetry::keep_up);
    let probe = Probe::open(tasks.leaving.clone(), telemetry::metrics());
    let limits = Limits::new(KEEP_ALIVE, files::connections_max());
    host::serve(
        listener,
        routes::of_pages(pages, probe, strangers.doors(false)),
        limits,
        &tasks,
        std::future::ready(()),
    )
    .await;
    if tasks.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
