//! A location and its menu as they change: both as they are now, then every change, resumable.

use axum::{
    extract::State,
    response::{Response, sse},
};
use futures_util::{StreamExt, future::ready, stream};
use serde::Serialize;
use shared::{
    contract::{
        event::Event,
        order::{Location, MenuItem},
        time::Time,
        types::Slug,
    },
    engine::{
        call::Call,
        live::{Interest, resumed},
        log::Entry,
    },
    web::{
        extract::InPath,
        problem::{Answer, Problem, could_not_read},
        sse::{LastEventId, respond},
    },
};
use utoipa::ToSchema;

use super::{
    Orders,
    menu::{find, items_as_of},
};
use crate::domain::menu::location_as_of;

/// What a guest sees of a location.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LocationSnapshot)]
pub(super) struct Snapshot {
    location: Location,
    items: Vec<MenuItem>,
    at: Time,
}

#[utoipa::path(
    get, path = "/v1/locations/{location}/events", tag = "order-svc",
    params(("location" = Slug, Path), ("Last-Event-ID" = Option<i64>, Header, description = "Resume after this `id`.")),
    responses(
        (status = 200, body = Snapshot, content_type = "text/event-stream",
            description = "`snapshot`: the location and its whole menu; then `item` (`MenuItem`) and `location` (`Location`) at each change; `heartbeat` every 5 s."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
    )
)]
/// Follows the location and its menu: what sells out, what comes back, whether orders are taken.
pub(super) async fn events(
    State(app): State<Orders>,
    InPath(location): InPath<Slug>,
    call: Call,
    LastEventId(last): LastEventId,
) -> Answer<Response> {
    // Before the menu is read: what changes meanwhile comes again rather than never.
    let log = app.live.bounds().await.map_err(could_not_read)?;
    let known = find(&app, &location).await?;
    let (from, first) = match resumed(last, log) {
        Some(last) => (last, None),
        None => (log.head, Some(snapshot(&app, known, call.at, log.head).await?)),
    };
    let interest = Interest::Location(location.to_string());
    let changes = app.live.follow(from, interest).filter_map(move |entry| ready(change(&location, &entry)));
    Ok(respond(stream::iter(first).chain(changes)))
}

async fn snapshot(app: &Orders, location: Location, at: Time, position: i64) -> Answer<sse::Event> {
    let items = items_as_of(app, &location.location, None, i64::MAX, at).await?;
    let shown = Snapshot { location: location_as_of(location, at), items, at };
    let event = sse::Event::default().event("snapshot").id(position.to_string()).json_data(&shown);
    event.map_err(|error| could_not_read(error.into()))
}

/// What an entry of the log means to those who look at the location, if anything.
fn change(location: &Slug, entry: &Entry) -> Option<sse::Event> {
    let name = match entry.kind.as_str() {
        "menu.changed" => "item",
        "location.changed" => "location",
        _ => return None,
    };
    if *entry.location != **location {
        return None;
    }
    let event: Event = serde_json::from_str(&entry.doc).ok()?;
    Some(sse::Event::default().event(name).id(entry.position.to_string()).data(event.data.get()))
}
