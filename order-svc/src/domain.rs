//! What the service can be told, what it knows, and what follows. Pure: time and ids come with the input.

pub mod keys;
mod life;
pub(crate) mod menu;
pub mod place;
mod refusal;
pub mod request;
#[cfg(test)]
mod tests;
pub(crate) mod wait;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::{
    contract::{
        access::{AccessKey, Role},
        kitchen::TicketState,
        order::{Location, MenuItem, Order, Rejection},
        pace::Pace,
        stock::Availability,
        types::{Name, Notes, Sku, Slug},
    },
    engine::{
        call::ANYBODY,
        idempotency::Remembered,
        rows::Rows,
        service::{Decision, Input},
    },
};
use uuid::Uuid;

pub use self::refusal::Refusal;
use self::{
    keys::{NewKey, Pairing},
    place::{LastNumber, Place},
    request::{ItemRequest, LocationRequest, ModeRequest},
};

/// Everything that the service can be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Place(Box<Place>),
    Cancel {
        order: Uuid,
        reason: Option<Notes>,
    },
    /// The order may be overdue.
    Expire {
        order: Uuid,
    },
    PutItem {
        location: Slug,
        sku: Sku,
        item: ItemRequest,
    },
    /// Takes it off the menu.
    RemoveItem {
        location: Slug,
        sku: Sku,
    },
    PutLocation {
        location: Slug,
        put: LocationRequest,
    },
    /// Pauses, closes or opens it, for a while or until somebody says otherwise.
    SetMode {
        location: Slug,
        set: ModeRequest,
    },
    /// Inventory has set aside all that the order needs.
    Reserved {
        order: Uuid,
    },
    /// Inventory could not.
    Short {
        order: Uuid,
        rejection: Rejection,
    },
    Availability(Availability),
    /// The kitchen takes longer than it did, or less long.
    Pace(Pace),
    Ticket(Progress),
    IssueKey(NewKey),
    RevokeKey {
        id: Uuid,
    },
    StartPairing(Pairing),
    /// Lets the display in that shows the code.
    ConfirmPairing {
        code: String,
        name: Name,
        location: Slug,
        roles: Vec<Role>,
    },
}

/// What an order needs to know of its ticket.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Progress {
    pub order: Uuid,
    pub state: TicketState,
    /// Some of it was cooked, even if that was undone.
    pub started: bool,
    /// The kitchen has just refused to cancel it.
    pub refused: bool,
}

/// What HTTP answers with.
#[derive(Clone, Debug)]
pub enum Reply {
    /// `replayed`: it was placed before, by the same key or external id.
    Placed {
        order: Box<Order>,
        replayed: bool,
    },
    Cancelled(Box<Order>),
    /// The kitchen decides.
    CancelRequested(Box<Order>),
    Item(Box<MenuItem>),
    /// It is not on the menu any more.
    Removed,
    Location(Location),
    Key(Box<AccessKey>),
    Waiting(Pairing),
}

/// The rows that a batch touches.
#[derive(Debug, Default)]
pub struct State {
    pub(crate) keys: Rows<Remembered>,
    pub(crate) orders: Rows<Order>,
    pub(crate) locations: Rows<Location>,
    pub(crate) menu: Rows<MenuItem>,
    pub(crate) availabilities: Rows<Availability>,
    pub(crate) numbers: Rows<LastNumber>,
    pub(crate) access: Rows<AccessKey>,
    pub(crate) pairings: Rows<Pairing>,
    pub(crate) paces: Rows<Pace>,
    /// Items on the menu of a location that is put: one more than the batch can take off it, if there are as many.
    pub(crate) priced: BTreeMap<Slug, Vec<String>>,
}

impl State {
    /// Whether something is on the menu of the location.
    fn has_prices(&self, location: &Slug) -> bool {
        let known = self.priced.get(location).into_iter().flatten();
        let mut touched = self.menu.iter().filter(|item| item.location == *location);
        known.clone().any(|key| self.menu.get(key).is_none()) || touched.any(|item| !item.removed)
    }
}

/// The version of what the command is to change, if it is one thing; 0 where there is none yet.
pub(crate) fn version(state: &State, command: &Command) -> Option<i64> {
    match command {
        Command::Cancel { order, .. } => state.orders.get(&order.to_string()).map(|order| order.version),
        Command::PutItem { location, sku, .. } | Command::RemoveItem { location, sku } => {
            let item = state.menu.get(&location.key(sku)).filter(|item| !item.removed);
            Some(item.map_or(0, |item| item.version))
        }
        Command::PutLocation { location, .. } | Command::SetMode { location, .. } => {
            Some(state.locations.get(location).map_or(0, |location| location.version))
        }
        Command::RevokeKey { id } => state.access.get(&id.to_string()).map(|key| key.version),
        Command::Place(_)
        | Command::IssueKey(_)
        | Command::StartPairing(_)
        | Command::ConfirmPairing { .. }
        | Command::Expire { .. }
        | Command::Reserved { .. }
        | Command::Short { .. }
        | Command::Availability(_)
        | Command::Pace(_)
        | Command::Ticket(_) => None,
    }
}

/// What follows from the input. A refusal leaves the state as it was.
pub(crate) fn decide(state: &mut State, input: &Input<Command>) -> Result<Decision<Reply>, Refusal> {
    let decision = decide_command(state, input)?;
    match known(&input.by).filter(|_| is_asked_by_people(&input.command)) {
        Some(by) => Ok(Decision { events: decision.events.into_iter().map(|said| said.by(by)).collect(), ..decision }),
        None => Ok(decision),
    }
}

/// Whoever had to say who they are.
fn known(by: &str) -> Option<&str> {
    (by != ANYBODY).then_some(by)
}

/// An order and a key name who made them in a field of their own.
fn is_asked_by_people(command: &Command) -> bool {
    matches!(
        command,
        Command::Cancel { .. }
            | Command::PutItem { .. }
            | Command::RemoveItem { .. }
            | Command::PutLocation { .. }
            | Command::SetMode { .. }
    )
}

fn decide_command(state: &mut State, input: &Input<Command>) -> Result<Decision<Reply>, Refusal> {
    let at = input.at;
    match &input.command {
        Command::Place(wanted) => place::place(state, input, wanted),
        Command::Cancel { order, reason } => life::cancel(state, at, *order, reason.as_ref()),
        Command::Expire { order } => life::hear(state, at, *order, |order| life::overdue(order, at)),
        Command::Reserved { order } => life::hear(state, at, *order, life::reserved),
        Command::Short { order, rejection } => life::hear(state, at, *order, |order| life::short(order, rejection)),
        Command::Ticket(ticket) => life::hear(state, at, ticket.order, |order| life::follow(order, *ticket)),
        Command::PutItem { location, sku, item } => Ok(menu::put_item(state, location, sku, item)),
        Command::RemoveItem { location, sku } => menu::remove_item(state, location, sku),
        Command::PutLocation { location, put } => menu::put_location(state, location, put, at),
        Command::SetMode { location, set } => menu::set_mode(state, location, set, at),
        Command::Availability(availability) => Ok(menu::availability_changed(state, availability)),
        Command::Pace(pace) => Ok(wait::follow(state, pace)),
        Command::IssueKey(new) => Ok(keys::issue(state, new, input)),
        Command::RevokeKey { id } => keys::revoke(state, *id, input),
        Command::StartPairing(wanted) => keys::start_pairing(state, wanted, input),
        Command::ConfirmPairing { code, name, location, roles } => {
            keys::confirm(state, code, (name, location, roles), input)
        }
    }
}
