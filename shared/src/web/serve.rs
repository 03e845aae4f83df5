//! The server: an accept loop with limits on time and number, so that slow or idle clients cost little.

use std::{sync::Arc, time::Duration};

use axum::{Router, routing::RouterIntoService};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

/// For the headers of a request, also of the next one on a connection that is kept open.
const HEADER_TIMEOUT: Duration = Duration::from_secs(20);
const HEADER_BYTES_MAX: usize = 32 * 1024;
const CONNECTIONS_MAX: usize = 20_000;
/// What requests in hand get to finish when the process is asked to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(6);

/// Serves until asked to stop, then finishes the requests in hand.
pub async fn serve(listener: TcpListener, router: Router, stop: &CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (graceful, clients) = (GracefulShutdown::new(), TaskTracker::new());
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: the others go on, and places come back.
                    warn!(error = %error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let connection = graceful.watch(connection(stream, router.clone()));
        clients.spawn(async move {
            // A client that goes away is its own affair.
            let _ = connection.await;
            drop(place);
        });
    }
    if timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        warn!("some requests did not finish in time");
    }
}

fn connection(
    stream: TcpStream,
    router: Router,
) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<RouterIntoService<Incoming>>> {
    // Answers are small and written whole; waiting for more of them only delays them.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router.into_service::<Incoming>());
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
}
