//! A client's socket, with deadlines: for the next request, for its headers, and for taking what is sent.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use super::{
    Limits,
    slots::{Activity, At, Slot},
};

/// What the kernel holds of an answer for a client that does not read: bounded, so that it is seen to stall.
const SEND_BUFFER_BYTES: usize = 256 * 1024;

pub(super) struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
    limits: Limits,
    reading: Deadline,
    writing: Deadline,
}

/// Passes at a moment that may be moved.
struct Deadline(Pin<Box<Sleep>>, bool);

impl Deadline {
    fn new() -> Self {
        Self(Box::pin(sleep_until(Instant::now())), false)
    }

    fn is_past(&mut self, at: Instant, cx: &mut Context<'_>) -> bool {
        if !self.1 || self.0.deadline() != at {
            self.0.as_mut().reset(at);
            self.1 = true;
        }
        self.0.as_mut().poll(cx).is_ready()
    }

    fn clear(&mut self) {
        self.1 = false;
    }
}

impl Socket {
    pub(super) fn new(stream: TcpStream, slot: &Slot, limits: Limits) -> Self {
        // Answers are small and written whole; waiting for more of them only delays them.
        let _ = stream.set_nodelay(true);
        let socket = SockRef::from(&stream);
        // A kernel that refuses either serves all the same.
        let _ = socket.set_send_buffer_size(SEND_BUFFER_BYTES);
        let _ = socket.set_tcp_user_timeout(Some(limits.stall));
        let activity = Arc::clone(&slot.activity);
        Self { stream, activity, limits, reading: Deadline::new(), writing: Deadline::new() }
    }

    /// Whoever takes nothing for so long is not there any more, or means harm.
    fn stalls<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing.clear();
            return written;
        }
        let at = if self.writing.1 { self.writing.0.deadline() } else { Instant::now() + self.limits.stall };
        if self.writing.is_past(at, cx) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing of its answer")));
        }
        Poll::Pending
    }

    fn deadline_of_reading(&self) -> Option<Instant> {
        let after = |since: Instant, limit: Duration| since.checked_add(limit);
        match self.activity.at() {
            At::Idle(since) => after(since, self.limits.keep_alive),
            At::Headers(since) => after(since, self.limits.headers),
            At::Busy => None,
        }
    }
}

impl AsyncRead for Socket {
    /// A request that does not come in time is none: the connection ends as if the client had ended it.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            if buffer.filled().len() > before {
                self.activity.hear();
            }
            return Poll::Ready(read);
        }
        match self.deadline_of_reading() {
            Some(at) if self.reading.is_past(at, cx) => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.stalls(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.stalls(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.stalls(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
}
