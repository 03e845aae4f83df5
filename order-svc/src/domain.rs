//! What the service can be told, what it knows, and what follows. Pure: time and ids come with the input.

mod life;
pub(crate) mod menu;
pub mod place;
pub mod request;
#[cfg(test)]
mod tests;

use shared::{
    contract::{
        kitchen::TicketState,
        order::{Location, MenuItem, Mode, Order, OrderStatus, Rejection, Unavailable},
        stock::Availability,
        types::{Money, Notes, Sku, Slug},
    },
    idempotency::Remembered,
    problem::FieldError,
    rows::Rows,
    service::{Decision, Input},
    time::Time,
};
use uuid::Uuid;

use self::{
    place::Place,
    request::{PutItem, PutLocation},
};
use crate::store::{LastNumber, Row};

/// Everything that the service can be told.
#[derive(Clone, Debug)]
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
        item: PutItem,
    },
    PutLocation {
        location: Slug,
        put: PutLocation,
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
    Ticket(Progress),
}

/// What an order needs to know of its ticket.
#[derive(Clone, Copy, Debug)]
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
    Item(MenuItem),
    Location(Location),
}

/// What HTTP answers instead. A bus event that is refused is nonsense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The idempotency key came with another body before.
    KeyReused,
    /// The channel's own id came with another body before.
    ExternalIdConflict,
    UnknownLocation(Slug),
    NotAccepting {
        location: Slug,
        mode: Mode,
        resume_at: Option<Time>,
    },
    /// Where in the body something stands that is not on the menu.
    UnknownItem(Vec<FieldError>),
    Unavailable(Vec<Unavailable>),
    /// Our total.
    PriceMismatch(Money),
    NotCancellable(OrderStatus),
    UnknownOrder(Uuid),
    /// A pause that would be over before it begins.
    UntilIsPast,
}

/// The rows that a batch touches.
#[derive(Debug, Default)]
pub struct State {
    pub(crate) keys: Rows<Remembered>,
    pub(crate) orders: Rows<Row<Order>>,
    pub(crate) locations: Rows<Row<Location>>,
    pub(crate) menu: Rows<Row<MenuItem>>,
    pub(crate) availabilities: Rows<Row<Availability>>,
    pub(crate) numbers: Rows<LastNumber>,
}

/// What follows from the input. A refusal leaves the state as it was.
pub(crate) fn decide(state: &mut State, input: &Input<Command>) -> Result<Decision<Reply>, Refusal> {
    let at = input.at;
    match &input.command {
        Command::Place(wanted) => place::place(state, input.id, at, wanted),
        Command::Cancel { order, reason } => life::cancel(state, at, *order, reason.as_ref()),
        Command::Expire { order } => life::hear(state, at, *order, |order| life::overdue(order, at)),
        Command::Reserved { order } => life::hear(state, at, *order, life::reserved),
        Command::Short { order, rejection } => life::hear(state, at, *order, |order| life::short(order, rejection)),
        Command::Ticket(ticket) => life::hear(state, at, ticket.order, |order| life::follow(order, *ticket)),
        Command::PutItem { location, sku, item } => Ok(menu::put_item(state, location, sku, item)),
        Command::PutLocation { location, put } => menu::put_location(state, location, put, at),
        Command::Availability(availability) => Ok(menu::availability_changed(state, availability)),
    }
}
