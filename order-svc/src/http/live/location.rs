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
        pace::Pace,
        time::Time,
        types::Slug,
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
    http::{
        Orders,
        locations::{self, Shown as LocationNow},
        menu::items_as_of,
    },
    store,
};

/// What a guest sees of a location.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LocationSnapshot)]
pub(in crate::http) struct Snapshot {
    location: LocationNow,
    items: Vec<MenuItem>,
    at: Time,
}

#[utoipa::path(
    get, path = "/v1/locations/{location}/events", tag = "order-svc",
    params(InLocation, ("Last-Event-ID" = Option<i64>, Header, description = "Resume after this `id`.")),
    responses(
        (status = 200, body = Snapshot, content_type = "text/event-stream",
            description = "`snapshot`: the location and its whole menu; then `item` (`MenuItem`) and `location` (`LocationNow`) at each change, also of how long an order takes; `heartbeat` every 5 s."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
    )
)]
/// Follows the location and its menu: what sells out, what comes back, whether orders are taken and how long they take.
pub(in crate::http) async fn events(
    State(app): State<Orders>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
    LastEventId(last): LastEventId,
) -> Answer<Response> {
    // Before the menu is read: what changes meanwhile comes again rather than never.
    let bounds = app.live.bounds().await.map_err(could_not_read)?;
    let mut seen = Seen::at(&app, &location).await?;
    let (from, first) = match resumed(last, bounds) {
        Some(last) => (last, None),
        None => (bounds.head, Some(snapshot(&app, &seen, call.at, bounds.head).await?)),
    };
    let interest = Interest::Location(location.to_string());
    let changes = app.live.follow(from, interest).filter_map(move |entry| ready(seen.change(&entry)));
    Ok(sse::respond(stream::iter(first).chain(changes)))
}

async fn snapshot(app: &Orders, seen: &Seen, at: Time, position: i64) -> Answer<Shown> {
    let items = items_as_of(app, &seen.location.location, None, i64::MAX, at).await?;
    let shown = Snapshot { location: seen.shown(at), items, at };
    Ok(sse::event(Some("snapshot"), position, &shown))
}

/// What is shown of a location comes of two subjects: both as they were heard of last.
pub(super) struct Seen {
    location: Location,
    pace: Option<Pace>,
}

impl Seen {
    pub(super) async fn at(app: &Orders, location: &Slug) -> Answer<Self> {
        let pace = store::pace(&app.db, location).await.map_err(could_not_read)?;
        Ok(Self { location: locations::find(app, location).await?, pace })
    }

    pub(super) fn slug(&self) -> &Slug {
        &self.location.location
    }

    pub(super) fn shown(&self, at: Time) -> LocationNow {
        LocationNow::as_of(self.location.clone(), self.pace.as_ref(), at)
    }

    /// What an entry of the log means to those who look at its location, if anything.
    fn change(&mut self, entry: &Entry) -> Option<Shown> {
        if entry.kind == "menu.changed" {
            let event: Event = serde_json::from_str(&entry.doc).ok()?;
            return Some(sse::event(Some("item"), entry.position, &event.data));
        }
        let at = self.hear(entry)?;
        Some(sse::event(Some("location"), entry.position, &self.shown(at)))
    }

    /// When it was said, if it changes what is shown of the location.
    pub(super) fn hear(&mut self, entry: &Entry) -> Option<Time> {
        if !matches!(entry.kind.as_str(), "location.changed" | "wait.changed") {
            return None;
        }
        let event: Event = serde_json::from_str(&entry.doc).ok()?;
        if entry.kind == "wait.changed" {
            self.pace = event.data().ok();
        } else {
            self.location = event.data().ok()?;
        }
        Some(event.time)
    }
}
