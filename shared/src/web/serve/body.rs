//! Bodies on their way: that of a request comes back from its reader, so that the rest of it can be taken in; that of
//! an answer tells when it is over.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body as AxumBody, Bytes};
use http_body_util::BodyExt;
use hyper::{
    Request,
    body::{Body, Frame, Incoming, SizeHint},
    header,
};
use tokio::{sync::oneshot, time::timeout};

use super::slots::{Busy, Held};

/// What is taken in of a body that nobody wants; a client that sends more finds the connection closed.
const DRAIN_BYTES_MAX: usize = 16 * 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);
/// So much of an answer is handed to its writer at once.
const PIECE_BYTES_MAX: usize = 64 * 1024;

/// A request's body; what its reader leaves of it goes back.
pub(super) struct RequestBody {
    body: Option<Incoming>,
    back: Option<oneshot::Sender<Incoming>>,
    /// The client waits to be told to send it, and was not.
    waits: bool,
}

/// Where the rest of a body comes back to.
pub(super) struct Rest(oneshot::Receiver<Incoming>);

pub(super) fn lend(request: Request<Incoming>) -> (Request<RequestBody>, Rest) {
    let (back, rest) = oneshot::channel();
    let waits = request.headers().contains_key(header::EXPECT);
    (request.map(|body| RequestBody { body: Some(body), back: Some(back), waits }), Rest(rest))
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !self.waits && !body.is_end_stream());
        if let (Some(rest), Some(back)) = (rest, self.back.take()) {
            // Nobody wants it where the request was given up.
            let _ = back.send(rest);
        }
    }
}

impl Rest {
    /// Takes in what is left, up to a limit.
    pub(super) async fn drain(mut self) {
        let Ok(mut body) = self.0.try_recv() else { return };
        let drained = async {
            let mut bytes = 0;
            while let Some(Ok(frame)) = body.frame().await {
                bytes += frame.data_ref().map_or(0, Bytes::len);
                if bytes > DRAIN_BYTES_MAX {
                    return;
                }
            }
        };
        // Whoever is slower finds the connection closed.
        let _ = timeout(DRAIN_TIMEOUT, drained).await;
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.waits = false;
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

/// An answer's body; its connection is busy until it is sent or given up.
pub(super) struct Tracked {
    body: AxumBody,
    /// What is left of a large piece: the writer takes no more at once than it can send, and what it has not taken is here.
    rest: Bytes,
    _busy: Busy,
    _held: Option<Held>,
}

impl Tracked {
    pub(super) fn new(body: AxumBody, busy: Busy) -> Self {
        let held = body.size_hint().exact().and_then(|bytes| busy.hold(usize::try_from(bytes).unwrap_or(usize::MAX)));
        Self { body, rest: Bytes::new(), _busy: busy, _held: held }
    }

    fn take(&mut self) -> Frame<Bytes> {
        Frame::data(self.rest.split_to(self.rest.len().min(PIECE_BYTES_MAX)))
    }
}

impl Body for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.take())));
        }
        let polled = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(polled.map(|frame| {
            frame.map(|frame| match frame.into_data() {
                Ok(data) => {
                    self.rest = data;
                    self.take()
                }
                Err(frame) => frame,
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, of_body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower() + rest);
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}
