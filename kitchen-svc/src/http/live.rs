//! The kitchen display's live view: what is on it now, then every change, resumable.

use axum::{
    extract::State,
    response::{Response, sse::Event as Shown},
};
use futures_util::{StreamExt, future::ready, stream};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::{
    contract::{kitchen::Ticket, time::Time, types::Slug},
    engine::{
        call::Call,
        live::{Interest, resumed},
        log::Entry,
    },
    web::{
        extract::InQuery,
        problem::{Answer, could_not_read},
        sse::{self, LastEventId},
    },
};
use utoipa::ToSchema;

use super::Kitchen;
use crate::store::{
    View,
    snapshot::{OnDisplay, on_display},
};

/// Everything on the display.
#[derive(Debug, Serialize, ToSchema)]
struct Snapshot {
    /// Every ticket that needs a cook or an acknowledgement, by age; then what is ready and what was served today, newest
    /// first, as far as there is room.
    tickets: Vec<Ticket>,
    /// Not all that was finished had room: `GET /v1/tickets` has the rest.
    cut: bool,
    /// Changes up to here are in it. A change that comes after it may be in it too: compare versions.
    position: i64,
    at: Time,
}

/// A change: an event's type, and its data.
#[derive(Debug, Serialize)]
struct Changed<'a> {
    r#type: &'a str,
    ticket: &'a RawValue,
}

#[utoipa::path(
    get, path = "/v1/tickets/stream", tag = "kitchen-svc",
    params(View, ("Last-Event-ID" = Option<i64>, Header, description = "Resume after this `id`.")),
    responses(
        (status = 200, body = Snapshot, content_type = "text/event-stream",
            description = "`snapshot`: everything on the display; then `ticket`: `{type, ticket}` at each change; `heartbeat` every 5 s"),
    )
)]
/// Everything on the display, then every change as it happens.
pub(super) async fn events(
    State(app): State<Kitchen>,
    call: Call,
    InQuery(view): InQuery<View>,
    LastEventId(last): LastEventId,
) -> Answer<Response> {
    // Before the tickets are read: what changes meanwhile comes again rather than never.
    let bounds = app.live.bounds().await.map_err(could_not_read)?;
    let (from, first) = match resumed(last, bounds) {
        Some(last) => (last, None),
        None => (bounds.head, Some(snapshot(&app, &view, call.at, bounds.head).await?)),
    };
    let interest = match &view.location {
        Some(location) => Interest::Location(location.to_string()),
        None => Interest::Everything,
    };
    let changes = app.live.follow(from, interest).filter_map(move |entry| ready(change(view.station.as_ref(), &entry)));
    Ok(sse::respond(stream::iter(first).chain(changes)))
}

async fn snapshot(app: &Kitchen, view: &View, at: Time, position: i64) -> Answer<Shown> {
    let OnDisplay { tickets, cut } = on_display(&app.db, view, at).await.map_err(could_not_read)?;
    Ok(sse::event(Some("snapshot"), position, &Snapshot { tickets, cut, position, at }))
}

/// What an entry of the log means to those who look at the station, or at all stations of its location, if anything.
fn change(station: Option<&Slug>, entry: &Entry) -> Option<Shown> {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    if entry.noun() != "ticket" {
        return None;
    }
    let ticket = serde_json::from_str::<Said<'_>>(&entry.doc).ok()?.data;
    if !station.is_none_or(|station| is_cooked_at(ticket, station)) {
        return None;
    }
    Some(sse::event(Some("ticket"), entry.position, &Changed { r#type: &entry.kind, ticket }))
}

/// Or was until this change: whoever looks there hears that it has left.
fn is_cooked_at(ticket: &RawValue, station: &Slug) -> bool {
    #[derive(Deserialize)]
    struct Data {
        items: Vec<Item>,
        #[serde(default)]
        from: Vec<Slug>,
    }
    #[derive(Deserialize)]
    struct Item {
        station: Slug,
    }
    let data: Result<Data, _> = serde_json::from_str(ticket.get());
    data.is_ok_and(|Data { items, from }| items.iter().map(|item| &item.station).chain(&from).any(|at| at == station))
}
