//! What inventory can be told, and what follows: stock, reservations, recipes, what is sold out.
//! Always: the deltas of an ingredient's movements add up to `on_hand`, and `reserved` is the sum of the open reservations.

pub mod availability;
pub(crate) mod needs;
mod refusal;
pub mod request;
mod reservation;
pub mod stock;

use serde::{Deserialize, Serialize};
use shared::{
    contract::{
        access::AccessKey,
        order::Order,
        stock::{Availability, Movement, Portion, Recipe, Reservation, StockItem, Unit},
        time::Time,
        types::{Name, Notes, Price, Sku, Slug},
    },
    engine::{
        call::Idempotency,
        idempotency::{Recall, Remembered},
        rows::Rows,
        service::{Decision, Input},
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

use availability::{Item, Outage};
pub use refusal::Refusal;
use stock::{Entry, Stock};

/// Everything that inventory can be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    PutStock(PutStock),
    Move(Move),
    PutRecipe(PutRecipe),
    SetAvailability(SetAvailability),
    /// The kitchen says that an item is out.
    MarkOut {
        item: SetAvailability,
        marked_at: Time,
    },
    /// The time of a manual 86 is past.
    Lapse {
        location: Slug,
        sku: Sku,
    },
    Order {
        order: Uuid,
        location: Slug,
        happened: Happened,
    },
    /// Who is let in by what they show.
    Key(Box<AccessKey>),
}

/// What became of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    Placed(Box<Order>),
    Cancelled,
    Rejected,
    /// The kitchen cooks it.
    Started,
}

/// An ingredient as a manager describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PutStock {
    pub location: Slug,
    pub ingredient: Slug,
    pub name: Name,
    pub unit: Unit,
    pub reorder_point: Option<i64>,
    pub unit_cost: Option<Price>,
}

/// What a manager enters into the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EnteredKind)]
#[serde(rename_all = "snake_case")]
pub enum Entered {
    Receive,
    /// Sets `on_hand` to the quantity.
    Count,
    Waste,
}

/// `quantity` is from 0 to 10⁹ base units, above 0 but for a count.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Move {
    pub location: Slug,
    pub ingredient: Slug,
    pub entered: Entered,
    pub quantity: i64,
    pub reason: Option<Notes>,
    pub once: Idempotency,
}

/// Each ingredient is listed once, with 1 to 10⁹ base units a portion.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PutRecipe {
    pub location: Slug,
    pub sku: Sku,
    pub ingredients: Vec<Portion>,
}

/// A manual 86, or its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetAvailability {
    pub location: Slug,
    pub sku: Sku,
    pub available: bool,
    /// Only with `available: false`.
    pub until: Option<Time>,
}

/// What HTTP answers with.
#[derive(Debug)]
pub enum Reply {
    Stock(StockItem),
    Moved { movement: Movement, replayed: bool },
    Recipe(Recipe),
    Availability(Availability),
}

/// The rows that a batch touches.
#[derive(Debug, Default)]
pub struct State {
    pub(crate) keys: Rows<Remembered>,
    pub(crate) reservations: Rows<Reservation>,
    pub(crate) recipes: Rows<Recipe>,
    pub(crate) stock: Rows<Stock>,
    pub(crate) items: Rows<Item>,
    pub(crate) outages: Rows<Outage>,
    pub(crate) movements: Rows<Entry>,
    pub(crate) access: Rows<AccessKey>,
}

/// The version of what the command is to change, if it is one thing; 0 where there is none yet.
pub(crate) fn version(state: &State, command: &Command) -> Option<i64> {
    let stock =
        |location: &Slug, ingredient: &Slug| state.stock.get(&location.key(ingredient)).map(|row| row.item.version);
    match command {
        Command::PutStock(put) => Some(stock(&put.location, &put.ingredient).unwrap_or(0)),
        // Done already: that it changed the version is no reason to refuse to say so.
        Command::Move(entry) if state.keys.recall(&entry.once) != Recall::Fresh => None,
        Command::Move(entry) => stock(&entry.location, &entry.ingredient),
        Command::PutRecipe(put) => {
            Some(state.recipes.get(&put.location.key(&put.sku)).map_or(0, |recipe| recipe.version))
        }
        Command::SetAvailability(set) => {
            Some(state.items.get(&set.location.key(&set.sku)).map_or(0, |item| item.shown.version))
        }
        Command::MarkOut { .. } | Command::Lapse { .. } | Command::Order { .. } | Command::Key(_) => None,
    }
}

pub fn decide(state: &mut State, input: &Input<Command>) -> Result<Decision<Reply>, Refusal> {
    match &input.command {
        Command::PutStock(put) => stock::put(state, put, input),
        Command::Move(entry) => stock::enter(state, entry, input),
        Command::PutRecipe(put) => availability::put_recipe(state, put, input),
        Command::SetAvailability(set) => availability::set(state, set, input),
        Command::MarkOut { item, marked_at } => Ok(availability::mark_out(state, item, *marked_at, input)),
        Command::Lapse { location, sku } => Ok(availability::lapse(state, location, sku, input.at)),
        Command::Order { order, location, happened } => {
            Ok(Decision::of(reservation::decide(state, *order, location, happened, input)))
        }
        Command::Key(key) => {
            state.access.put(AccessKey::clone(key));
            Ok(Decision::nothing())
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
