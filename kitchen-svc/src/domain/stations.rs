//! Where what is cooked. Items at a station that was closed move to the default, piece by piece, until none is left.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    contract::{
        event::Said,
        kitchen::{Route, ServeAfter, Station, Stations},
        order::Line,
        time::Time,
        types::{Name, Slug},
    },
    engine::service::{Decision, Input},
};

use super::{Command, Reply, State, ticket::Change};

/// A ticket may be opened by the old routes for a moment longer, by a transaction that has read them already.
const LINGERS: Duration = Duration::from_secs(60);

/// The stations of a location as somebody wants them: every station that is named exists, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrangement {
    pub location: Slug,
    pub stations: Vec<Station>,
    pub default: Slug,
    pub routes: Vec<Route>,
    pub serve_after: ServeAfter,
}

/// A station that a location had once: the tickets that are left there have to move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedStation {
    pub location: Slug,
    pub station: Slug,
    pub closed_at: Time,
    /// Nothing has been left there since, or the station is open again.
    #[serde(default)]
    pub cleared_at: Option<Time>,
}

impl ClosedStation {
    /// Whether no ticket can come there any more.
    pub(crate) fn is_quiet(&self, now: Time) -> bool {
        now.since(self.closed_at) > LINGERS
    }
}

/// The next tickets go by the new routes. Open ones stay where they are, but for those at a station that is gone.
pub(super) fn arrange(state: &mut State, wanted: &Arrangement, input: &Input<Command>) -> Decision<Reply> {
    let known = state.stations(&wanted.location).into_owned();
    let stations = Stations {
        location: wanted.location.clone(),
        stations: wanted.stations.clone(),
        default: wanted.default.clone(),
        routes: wanted.routes.clone(),
        serve_after: wanted.serve_after,
        version: known.version,
    };
    if known.version > 0 && known == stations {
        return Decision::nothing().reply(Reply::Stations(stations));
    }
    let stations = Stations { version: known.version + 1, ..stations };
    let said = Said::with("stations.changed", &stations, &[("by", json!(input.by))]);
    note_closed(state, &known, &stations, input.at);
    state.stations.put(stations.clone());
    Decision::of(vec![said]).reply(Reply::Stations(stations))
}

fn note_closed(state: &mut State, before: &Stations, after: &Stations, at: Time) {
    let location = &after.location;
    for Station { id, .. } in before.stations.iter().filter(|station| !after.has(&station.id)) {
        state.closed.put(ClosedStation {
            location: location.clone(),
            station: id.clone(),
            closed_at: at,
            cleared_at: None,
        });
    }
    for Station { id, .. } in &after.stations {
        clear(state, location, id, at);
    }
}

/// Nothing has to move any more.
fn clear(state: &mut State, location: &Slug, station: &Slug, at: Time) {
    let key = location.key(station);
    if state.closed.get(&key).is_some_and(|closed| closed.cleared_at.is_none())
        && let Some(closed) = state.closed.get_mut(&key)
    {
        closed.cleared_at = Some(at);
    }
}

/// Nothing was found at a closed station. It may be open again, or closed again, by now.
pub(super) fn clear_closed(state: &mut State, found: &ClosedStation, at: Time) -> Decision<Reply> {
    let key = found.location.key(&found.station);
    if state.closed.get(&key) == Some(found) {
        clear(state, &found.location, &found.station, at);
    }
    Decision::nothing()
}

/// Moves what a ticket has at stations that are gone.
pub(super) fn move_items(state: &mut State, id: &str, input: &Input<Command>) -> Decision<Reply> {
    let Some(mut row) = state.tickets.get(id).cloned() else { return Decision::nothing() };
    let stations = state.stations(&row.ticket.location).into_owned();
    let mut change = Change::new(&mut row.ticket, input);
    change.leave_closed(&stations);
    let said = change.said;
    if !said.is_empty() {
        state.tickets.put(row.indexed(input.at));
    }
    Decision::of(said)
}

/// The stations of a location that nobody configured: one, where everything goes.
pub fn default_stations(location: &Slug) -> Stations {
    let id = Slug::try_from("kitchen".to_owned()).expect("a slug");
    let name = Name::try_from("Kitchen".to_owned()).expect("a name");
    Stations {
        location: location.clone(),
        stations: vec![Station { id: id.clone(), name }],
        default: id,
        routes: Vec::new(),
        serve_after: ServeAfter::default(),
        version: 0,
    }
}

/// Where a line is cooked: by its sku, else by its category, else at the default station.
pub(super) fn station(stations: &Stations, line: &Line) -> Slug {
    let by_sku = stations.routes.iter().find(|route| route.sku.as_ref() == Some(&line.sku));
    let by_category = || stations.routes.iter().find(|route| route.category.as_ref() == Some(&line.category));
    by_sku.or_else(by_category).map_or(&stations.default, |route| &route.station).clone()
}
