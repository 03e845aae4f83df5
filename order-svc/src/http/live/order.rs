//! An order as it changes: server-sent events, each with the position in the log at which a client may resume.

use axum::{
    extract::State,
    response::{Response, sse},
};
use futures_util::{StreamExt, stream};
use shared::{
    contract::{event::Event, order::Order},
    engine::{
        live::Interest,
        log::{self, Entry},
    },
    web::{
        extract::InPath,
        problem::{Answer, could_not_read},
        sse::{LastEventId, respond},
    },
};
use uuid::Uuid;

use super::{Orders, orders::find};

#[utoipa::path(
    get, path = "/v1/orders/{id}/events", tag = "order-svc",
    params(("id" = Uuid, Path), ("Last-Event-ID" = Option<i64>, Header, description = "Resume after this `id`.")),
    responses(
        (status = 200, body = Order, content_type = "text/event-stream", description = "The order (`Order`) as it is now, then at each change; with `Last-Event-ID` every change after it. `heartbeat` events every 5 s."),
    )
)]
/// Follows the order.
pub(super) async fn events(
    State(app): State<Orders>,
    InPath(id): InPath<Uuid>,
    LastEventId(last): LastEventId,
) -> Answer<Response> {
    let head = app.live.head().await.map_err(could_not_read)?;
    let order = find(&app, id).await?;
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
        None => (vec![snapshot(&order, head)?], head, order.version),
    };
    let later = app
        .live
        .follow(from, Interest::Order(id.to_string()))
        .filter_map(move |entry| async move { change(&entry, id, shown) });
    Ok(respond(stream::iter(first).chain(later)))
}

fn snapshot(order: &Order, position: i64) -> Answer<sse::Event> {
    let event = sse::Event::default().id(position.to_string()).json_data(order);
    event.map_err(|error| could_not_read(error.into()))
}

/// The change of the order that the entry tells of, if it is later than version `shown`.
pub(super) fn change(entry: &Entry, id: Uuid, shown: i64) -> Option<sse::Event> {
    let event = event_of(entry, id).filter(|event| event.sequence > shown)?;
    Some(sse::Event::default().id(entry.position.to_string()).data(event.data.get()))
}

/// The order after the change that the entry tells of.
pub(super) fn order_of(entry: &Entry, id: Uuid) -> Option<Order> {
    event_of(entry, id)?.data().ok()
}

fn event_of(entry: &Entry, id: Uuid) -> Option<Event> {
    let ours = entry.noun() == "order" && entry.subject == id.to_string();
    if ours { serde_json::from_str(&entry.doc).ok() } else { None }
}
