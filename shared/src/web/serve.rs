//! The server: an accept loop with limits on time and number, so that slow, idle and stalled clients cost little and
//! keep nobody else out.

mod body;
mod slots;
mod socket;
#[cfg(test)]
mod tests;

use std::{num::NonZeroU32, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, warn};

use crate::{
    bus::seldom::Seldom,
    contract::time::Time,
    web::quota::{Peer, UnderWay},
};

use self::{
    body::{RequestBody, Tracked},
    slots::{Slot, Slots},
    socket::Socket,
};

const HEADER_BYTES_MAX: usize = 32 * 1024;
/// What requests in hand get to finish when the process is asked to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(6);
/// What a connection gets to finish whose slot somebody else needs.
const LINGER: Duration = Duration::from_secs(1);

/// How long clients may take, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the next request of a connection that is kept open.
    pub keep_alive: Duration,
    /// For the headers of a request, from their first byte.
    pub headers: Duration,
    /// For a client to take anything at all of an answer.
    pub stall: Duration,
    /// How long it goes on serving once it is asked to stop.
    pub drain: Duration,
    /// Who comes when all slots are taken gets that of the connection that has been idle longest.
    pub connections: usize,
    /// Of one address; `None` where it may have all.
    pub per_address: Option<NonZeroU32>,
}

impl Limits {
    pub fn new(keep_alive: Duration, connections: usize) -> Self {
        let (headers, stall) = (Duration::from_secs(20), Duration::from_secs(30));
        Self { keep_alive, headers, stall, drain: Duration::ZERO, connections, per_address: None }
    }
}

/// Serves until asked to stop, then finishes the requests in hand.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: &CancellationToken) {
    let (slots, clients) = (Slots::new(limits.connections), TaskTracker::new());
    let addresses = limits.per_address.map(UnderWay::new);
    loop {
        let accepted = async {
            loop {
                let (stream, peer) = listener.accept().await?;
                let peer = Peer(peer.ip());
                let one = addresses.as_ref().map(|addresses| addresses.begin(peer.network().to_string()));
                match one {
                    // Closed at once: a client that has more than its share gets no slot to say so.
                    Some(None) => {
                        debug!(address = %peer.network(), "has as many connections as CONNECTION_LIMIT allows")
                    }
                    one => return Ok::<_, std::io::Error>((stream, peer, one.flatten(), slots.take().await)),
                }
            }
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer, one, slot)) => {
                let served = connection(stream, peer, slot, router.clone(), limits, stop.clone());
                drop(clients.spawn(async move {
                    served.await;
                    drop(one);
                }));
            }
            Err(error) => {
                // Out of file descriptors, most likely: whoever has been idle longest gives his back.
                static REFUSED: Seldom = Seldom::new(1);
                if let Some(left_out) = REFUSED.now(Time::now()) {
                    warn!(error = %error, left_out, "could not accept a connection");
                }
                slots.close_longest_idle();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    clients.close();
    if timeout(DRAIN_TIMEOUT, clients.wait()).await.is_err() {
        warn!("some requests did not finish in time");
    }
}

/// Serves a connection to its end. A client that goes away is its own affair.
async fn connection(
    stream: TcpStream,
    peer: Peer,
    slot: Slot,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
) {
    let (socket, activity) = (Socket::new(stream, &slot, limits), Arc::clone(&slot.activity));
    let router = TowerToHyperService::new(router.into_service::<RequestBody>());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let busy = activity.begin();
        let (mut request, rest) = body::lend(request);
        request.extensions_mut().insert(peer);
        let answer = hyper::service::Service::call(&router, request);
        async move {
            let answer = answer.await?;
            // Whoever still sends would not hear an answer before the connection is closed under him.
            rest.drain().await;
            Ok::<_, std::convert::Infallible>(answer.map(|body| Tracked::new(body, busy)))
        }
    });
    let mut served = pin!(
        http1::Builder::new()
            // One who has said all that he will say still listens.
            .half_close(true)
            .header_read_timeout(None)
            .max_buf_size(HEADER_BYTES_MAX)
            .serve_connection(TokioIo::new(socket), service)
    );
    let last_words = tokio::select! {
        _ = served.as_mut() => return,
        () = slot.activity.given_up() => return,
        () = slot.activity.closed() => LINGER,
        () = stop.cancelled() => DRAIN_TIMEOUT,
    };
    // Whatever is being answered, or still on its way to a client, is finished first.
    served.as_mut().graceful_shutdown();
    let _ = timeout(last_words, served).await;
}
