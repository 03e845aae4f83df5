//! An order as it changes: the order as it is now, then after every change, resumable.

use axum::{
    extract::State,
    response::{Response, sse::Event as Shown},
};
use futures_util::{Stream, StreamExt, future::ready, stream};
use serde::Serialize;
use shared::{
    contract::{event::Event, order::Order, pace::Wait, time::Time},
    engine::{
        call::Call,
        live::{Interest, Live},
        log::{self, Entry},
    },
    web::{
        access::Principal,
        extract::InPath,
        problem::{Answer, could_not_read},
        sse::{self, LastEventId},
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::location::Seen;
use crate::http::{Orders, orders};

#[utoipa::path(
    get, path = "/v1/orders/{id}/events", tag = "order-svc",
    params(("id" = Uuid, Path), ("Last-Event-ID" = Option<i64>, Header, description = "Resume after this `id`.")),
    responses(
        (status = 200, body = Order, content_type = "text/event-stream", description = "The order (`Order`) as it is now, then at each change; with `Last-Event-ID` every change after it. `wait` (`OrderWait`) says how long an order takes at its location now, at the beginning and at each change, where the kitchen can tell. `heartbeat` events every 5 s."),
    )
)]
/// Follows the order, and how long orders take.
pub(in crate::http) async fn events(
    State(app): State<Orders>,
    call: Call,
    principal: Principal,
    InPath(id): InPath<Uuid>,
    LastEventId(last): LastEventId,
) -> Answer<Response> {
    let head = app.live.head().await.map_err(could_not_read)?;
    let order = orders::find(&app, &principal, id).await?;
    let missed = match last {
        Some(last) => log::about(&app.db, &id.to_string(), last).await.map_err(could_not_read)?,
        None => None,
    };
    let (first, from, shown) = match missed {
        Some(missed) => {
            let from = missed.last().map_or(head, |entry| head.max(entry.position));
            (missed.iter().filter_map(|entry| change(entry, id, 0)).collect(), from, 0)
        }
        // A position that was never reached, or whose sequel has been forgotten: the client begins anew.
        None => (vec![sse::event(None, head, &order)], head, order.version),
    };
    let seen = Seen::at(&app, &order.location).await?;
    let told = seen.told(call.at);
    let waits = waits(&app.live, head, seen);
    let interest = Interest::Order(id.to_string());
    let later = app.live.follow(from, interest).filter_map(move |entry| ready(change(&entry, id, shown)));
    let later = stream::select(later, waits);
    Ok(sse::respond(stream::iter(first).chain(stream::iter(told)).chain(later)))
}

/// How long an order takes that is placed now: not the one that is followed, but it tells whether that one is late.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderWait)]
pub(in crate::http) struct Waiting {
    wait: Wait,
    at: Time,
}

impl Seen {
    fn told(&self, at: Time) -> Option<Shown> {
        let wait = self.shown(at).wait?;
        // Without a position: the order's are what a client resumes behind.
        Some(sse::news("wait", &Waiting { wait, at }))
    }
}

/// How long it takes, whenever that changes.
fn waits(live: &Live, head: i64, mut seen: Seen) -> impl Stream<Item = Shown> + Send + use<> {
    let of = |noun: &str| live.follow(head, Interest::Of(seen.slug().to_string(), noun.to_owned()));
    stream::select(of("wait"), of("location")).filter_map(move |entry| {
        let at = seen.hear(&entry);
        ready(at.and_then(|at| seen.told(at)))
    })
}

/// The change of the order that the entry tells of, if it is later than version `shown`.
pub(in crate::http) fn change(entry: &Entry, id: Uuid, shown: i64) -> Option<Shown> {
    let event = event_of(entry, id).filter(|event| event.sequence > shown)?;
    Some(sse::event(None, entry.position, &event.data))
}

/// The order after the change that the entry tells of.
pub(in crate::http) fn order_of(entry: &Entry, id: Uuid) -> Option<Order> {
    event_of(entry, id)?.data().ok()
}

fn event_of(entry: &Entry, id: Uuid) -> Option<Event> {
    let ours = entry.noun() == "order" && entry.subject == id.to_string();
    if ours { serde_json::from_str(&entry.doc).ok() } else { None }
}
