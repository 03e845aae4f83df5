//! The live view of a location's stock: it tells what has changed, and who shows that reads it again.

use axum::{
    extract::State,
    response::{Response, sse::Event as Shown},
};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use shared::{
    engine::{
        live::{Interest, resumed},
        log::Entry,
    },
    web::{
        extract::{InLocation, InPath},
        problem::{Answer, could_not_read},
        sse::{self, LastEventId},
    },
};
use utoipa::ToSchema;

use super::Inventory;

/// What an event was about. Reservations change `reserved` of their ingredients.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Change<'a> {
    /// The event's type: `stock.moved`.
    r#type: &'a str,
    /// Its subject: `soho/flour`, `soho/margherita`, an order's id.
    subject: &'a str,
}

#[utoipa::path(
    get, path = "/v1/inventory/{location}/events", tag = "inventory-svc",
    params(InLocation, ("Last-Event-ID" = Option<i64>, Header, description = "Resume after this `id`.")),
    responses(
        (status = 200, body = Change, content_type = "text/event-stream",
            description = "`position` at once, then `change`: `{type, subject}` of every event of the location; `heartbeat` every 5 s."),
    )
)]
/// Tells what has changed at the location; read again what you show of it.
pub(super) async fn events(
    State(app): State<Inventory>,
    InPath(InLocation { location }): InPath<InLocation>,
    LastEventId(last): LastEventId,
) -> Answer<Response> {
    let bounds = app.live.bounds().await.map_err(could_not_read)?;
    let from = resumed(last, bounds).unwrap_or(bounds.head);
    let begin = sse::event(Some("position"), from, &from);
    let changes = app.live.follow(from, Interest::Location(location.to_string())).map(|entry| change(&entry));
    Ok(sse::respond(stream::iter([begin]).chain(changes)))
}

fn change(entry: &Entry) -> Shown {
    sse::event(Some("change"), entry.position, &Change { r#type: &entry.kind, subject: &entry.subject })
}
