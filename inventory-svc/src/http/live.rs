//! Where there is stock, and the live view of it: it tells what has changed, and who shows that reads it again.

use axum::{
    Json,
    extract::State,
    response::{Response, sse},
};
use futures_util::{StreamExt, future::ready, stream};
use serde::Serialize;
use shared::{
    contract::types::Slug,
    engine::{
        live::{Interest, resumed},
        log::Entry,
    },
    web::{
        extract::{InPath, InQuery},
        page::{Page, Paging},
        problem::{Answer, could_not_read},
        sse::{LastEventId, respond},
    },
};
use utoipa::ToSchema;

use super::{InLocation, Inventory};
use crate::store;

/// A location that has stock.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StockLocation {
    location: Slug,
}

/// What an event was about. Reservations change `reserved` of their ingredients.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Change<'a> {
    /// The event's type: `stock.moved`.
    r#type: &'a str,
    /// Its subject: `soho/flour`, `soho/margherita`, an order's id.
    subject: &'a str,
}

#[utoipa::path(
    get, path = "/v1/inventory", tag = "inventory-svc", params(Paging),
    responses(
        (status = 200, body = Page<StockLocation>),
    )
)]
/// The locations that have stock.
pub(super) async fn locations(
    State(app): State<Inventory>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<StockLocation>>> {
    let read = async |after, limit| {
        let found = store::locations(&app.db, after, limit).await.map_err(could_not_read)?;
        Ok(found.into_iter().map(|location| StockLocation { location }).collect())
    };
    Page::read(&paging, |known: &StockLocation| known.location.clone(), read).await
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
    let log = app.live.bounds().await.map_err(could_not_read)?;
    let from = resumed(last, log).unwrap_or(log.head);
    let interest = Interest::Location(location.to_string());
    let changes = app.live.follow(from, interest).filter_map(move |entry| ready(change(&location, &entry)));
    let begin = sse::Event::default().event("position").id(from.to_string()).data(from.to_string());
    Ok(respond(stream::iter([begin]).chain(changes)))
}

fn change(location: &Slug, entry: &Entry) -> Option<sse::Event> {
    if *entry.location != **location {
        return None;
    }
    let change = Change { r#type: &entry.kind, subject: &entry.subject };
    let data = serde_json::to_string(&change).expect("a change is plain JSON");
    Some(sse::Event::default().event("change").id(entry.position.to_string()).data(data))
}

#[cfg(test)]
mod tests;
