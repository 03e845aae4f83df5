//! A location and its menu as they change: both as they are now, then every change, resumable.

use axum::{
    extract::State,
    response::{Response, sse::Event as Shown},
};
use futures_util::{StreamExt, future::ready, stream};
use serde::Serialize;
use shared::{
    contract::{
        event::Event,
        order::{Location, MenuItem},
        time::Time,
    },
    engine::{
        call::Call,
        live::{Interest, resumed},
        log::Entry,
    },
    web::{
        extract::{InLocation, InPath},
        problem::{Answer, Problem, could_not_read},
        sse::{self, LastEventId},
    },
};
use utoipa::ToSchema;

use crate::{
    domain::menu::location_as_of,
    http::{Orders, locations, menu::items_as_of},
};

/// What a guest sees of a location.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LocationSnapshot)]
pub(in crate::http) struct Snapshot {
    location: Location,
    items: Vec<MenuItem>,
    at: Time,
}

#[utoipa::path(
    get, path = "/v1/locations/{location}/events", tag = "order-svc",
    params(InLocation, ("Last-Event-ID" = Option<i64>, Header, description = "Resume after this `id`.")),
    responses(
        (status = 200, body = Snapshot, content_type = "text/event-stream",
            description = "`snapshot`: the location and its whole menu; then `item` (`MenuItem`) and `location` (`Location`) at each change; `heartbeat` every 5 s."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
    )
)]
/// Follows the location and its menu: what sells out, what comes back, whether orders are taken.
pub(in crate::http) async fn events(
    State(app): State<Orders>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
    LastEventId(last): LastEventId,
) -> Answer<Response> {
    // Before the menu is read: what changes meanwhile comes again rather than never.
    let bounds = app.live.bounds().await.map_err(could_not_read)?;
    let known = locations::find(&app, &location).await?;
    let (from, first) = match resumed(last, bounds) {
        Some(last) => (last, None),
        None => (bounds.head, Some(snapshot(&app, known, call.at, bounds.head).await?)),
    };
    let interest = Interest::Location(location.to_string());
    let changes = app.live.follow(from, interest).filter_map(|entry| ready(change(&entry)));
    Ok(sse::respond(stream::iter(first).chain(changes)))
}

async fn snapshot(app: &Orders, location: Location, at: Time, position: i64) -> Answer<Shown> {
    let items = items_as_of(app, &location.location, None, i64::MAX, at).await?;
    let shown = Snapshot { location: location_as_of(location, at), items, at };
    Ok(sse::event(Some("snapshot"), position, &shown))
}

/// What an entry of the log means to those who look at its location, if anything.
fn change(entry: &Entry) -> Option<Shown> {
    let name = match entry.kind.as_str() {
        "menu.changed" => "item",
        "location.changed" => "location",
        _ => return None,
    };
    let event: Event = serde_json::from_str(&entry.doc).ok()?;
    Some(sse::event(Some(name), entry.position, &event.data))
}
