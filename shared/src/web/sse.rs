//! Live views: server-sent events that resume where they stopped.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, request::Parts},
    response::{IntoResponse, Response, Sse, sse::Event},
};
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use tokio::time::{Instant, interval_at};

use crate::{contract::time::Time, web::problem::Problem};

/// How often a view hears that it is live.
pub const HEARTBEAT: Duration = Duration::from_secs(5);

/// The position after which a client resumes.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastEventId(pub Option<i64>);

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let value = parts.headers.get("last-event-id").and_then(|value| value.to_str().ok());
        match value.map(str::trim).filter(|text| !text.is_empty()) {
            None => Ok(Self(None)),
            Some(text) => match text.parse() {
                Ok(position) if position >= 0 => Ok(Self(Some(position))),
                _ => Err(Problem::invalid_field("Last-Event-ID", format!("{text:?} is not an id that was sent"))),
            },
        }
    }
}

/// What a view shows at a position of the log, behind which a client resumes that has seen it. `name` is the event's.
pub fn event(name: Option<&str>, position: i64, data: &impl Serialize) -> Event {
    let data = serde_json::to_string(data).expect("a view is plain JSON");
    let event = name.map_or_else(Event::default, |name| Event::default().event(name));
    event.id(position.to_string()).data(data)
}

/// What a view shows beside its log: whoever resumes is told it anew.
pub fn news(name: &str, data: &impl Serialize) -> Event {
    Event::default().event(name).data(serde_json::to_string(data).expect("a view is plain JSON"))
}

/// Sends the events as they come, and a heartbeat with the server's time every 5 s.
/// A stream that ends makes the client resume.
pub fn respond(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let beats = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    let live = futures_util::stream::unfold(
        (Box::pin(events), beats, Follower::new()),
        |(mut events, mut beats, follower)| async {
            let event = tokio::select! {
                event = events.next() => event?,
                _ = beats.tick() => heartbeat(),
            };
            Some((Ok::<_, Infallible>(event), (events, beats, follower)))
        },
    );
    let mut response = Sse::new(live).into_response();
    // Tells reverse proxies to pass every event on at once.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Counted for as long as it is there.
struct Follower;

impl Follower {
    fn new() -> Self {
        metrics::gauge!("comanda_streams").increment(1);
        Self
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        metrics::gauge!("comanda_streams").decrement(1);
    }
}

fn heartbeat() -> Event {
    Event::default().event("heartbeat").data(format!("{{\"at\":\"{}\"}}", Time::now()))
}
