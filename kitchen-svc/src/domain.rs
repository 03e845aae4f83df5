//! What the kitchen decides. Pure: the same state and input give the same decision, and a refusal changes nothing.

mod day;
mod refusal;
mod ticket;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    contract::{
        event::{Said, derived_id},
        kitchen::{MarkedOut, Route, Station, Stations, Ticket},
        order::{Line, Order},
        time::Time,
        types::{Name, Notes, Sku, Slug},
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

pub use day::LocalDay;
pub use refusal::Refusal;
use ticket::Change;
pub use ticket::TicketRow;

/// Everything the kitchen can be told.
#[derive(Clone, Debug)]
pub enum Command {
    /// An order was accepted.
    Open(Box<Order>),
    /// Somebody wants an order cancelled.
    Cancel(Box<Order>),
    /// A location has another time zone, or its day starts at another time.
    SetDay(LocalDay),
    Act {
        ticket: Uuid,
        action: Action,
        key: Option<Idempotency>,
    },
    MarkOut {
        location: Slug,
        sku: Sku,
        out: Out,
        key: Option<Idempotency>,
    },
    Arrange(Arrangement),
}

/// What a cook does to a ticket or to one of its items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Ticket(TicketAction),
    Item(String, ItemAction),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketAction {
    Start,
    Ready,
    Serve,
    Recall,
    Rush,
    Unrush,
    Ack,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemAction {
    Start,
    Done,
    Undo,
}

/// For how long an item is out, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Out {
    /// `null`: until it is lifted.
    #[serde(default)]
    pub until: Option<Time>,
    #[serde(default)]
    pub reason: Option<Notes>,
}

/// The stations of a location as somebody wants them: every station that is named exists, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrangement {
    pub location: Slug,
    pub stations: Vec<Station>,
    pub default: Slug,
    pub routes: Vec<Route>,
}

/// What HTTP answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Ticket(Box<Ticket>),
    MarkedOut(MarkedOut),
    Stations(Stations),
}

/// The rows that a batch touches.
#[derive(Debug, Default)]
pub struct State {
    pub keys: Rows<Remembered>,
    pub tickets: Rows<TicketRow>,
    pub marked_out: Rows<MarkedOut>,
    pub stations: Rows<Stations>,
    pub days: Rows<LocalDay>,
}

impl State {
    fn day(&self, location: &Slug) -> Cow<'_, LocalDay> {
        self.days.get(location).map_or_else(|| Cow::Owned(LocalDay::unknown(location)), Cow::Borrowed)
    }
}

pub fn decide(state: &mut State, input: &Input<Command>) -> Result<Decision<Reply>, Refusal> {
    match &input.command {
        Command::Open(order) => Ok(open(state, order, input)),
        Command::Cancel(order) => Ok(cancel(state, order, input)),
        Command::SetDay(day) => Ok(day::set(state, day)),
        Command::Act { ticket, action, key } => act(state, *ticket, action, key.as_ref(), input),
        Command::MarkOut { location, sku, out, key } => mark_out(state, (location, sku), out, key.as_ref(), input),
        Command::Arrange(arrangement) => Ok(arrange(state, arrangement, input)),
    }
}

/// The one ticket of an order.
pub fn ticket_id(order: Uuid) -> Uuid {
    derived_id(&["ticket", &order.to_string()])
}

/// Names an item of a location's menu.
pub(crate) fn item_key(location: &Slug, sku: &Sku) -> String {
    format!("{location}/{sku}")
}

/// One ticket per order. The order may be back from the dead, or its cancel may have overtaken it.
fn open(state: &mut State, order: &Order, input: &Input<Command>) -> Decision<Reply> {
    if state.tickets.get(&ticket_id(order.id).to_string()).is_some() {
        return Decision::nothing();
    }
    let mut row = TicketRow::new(order, state.stations.get(&order.location), input.at);
    let mut change = Change::new(&mut row.ticket, input);
    change.say("ticket.opened", &[]);
    let said = change.said;
    state.tickets.put(row);
    Decision::of(said)
}

/// Nothing started: void at once. Otherwise the kitchen refuses. A cancel that overtook its order leaves a void
/// ticket, so that the order opens nothing.
fn cancel(state: &mut State, order: &Order, input: &Input<Command>) -> Decision<Reply> {
    let key = ticket_id(order.id).to_string();
    let known = state.tickets.get(&key).cloned();
    let shown = known.is_some();
    let mut row = known.unwrap_or_else(|| TicketRow::new(order, state.stations.get(&order.location), input.at));
    let mut change = Change::new(&mut row.ticket, input);
    change.cancel(order.cancellation.reason.as_ref(), shown);
    let said = change.said;
    if !said.is_empty() {
        state.tickets.put(row);
    }
    Decision::of(said)
}

fn act(
    state: &mut State,
    id: Uuid,
    action: &Action,
    key: Option<&Idempotency>,
    input: &Input<Command>,
) -> Result<Decision<Reply>, Refusal> {
    let repeated = is_repeated(state, key)?;
    let mut row = state.tickets.get(&id.to_string()).cloned().ok_or(Refusal::UnknownTicket(id))?;
    if repeated {
        return Ok(Decision::nothing().reply(Reply::Ticket(Box::new(row.ticket))));
    }
    let day = state.day(&row.ticket.location);
    let again = row.last.as_ref() == Some(action);
    let mut change = Change::new(&mut row.ticket, input);
    match action {
        Action::Ticket(action) => change.ticket(*action, again, &day)?,
        // Two keys are two wishes: only without one may the same again be a repetition.
        Action::Item(item, action) => change.item(item, *action, again && key.is_none(), &day)?,
    }
    let said = change.said;
    let reply = Reply::Ticket(Box::new(row.ticket.clone()));
    if !said.is_empty() {
        row.last = Some(action.clone());
        state.tickets.put(row);
    }
    remember(state, key, id.to_string(), input.at);
    Ok(Decision::of(said).reply(reply))
}

/// Each press says it again: the kitchen does not hear when somebody lifted the last one.
fn mark_out(
    state: &mut State,
    (location, sku): (&Slug, &Sku),
    out: &Out,
    key: Option<&Idempotency>,
    input: &Input<Command>,
) -> Result<Decision<Reply>, Refusal> {
    let repeated = is_repeated(state, key)?;
    let row_key = item_key(location, sku);
    let known = state.marked_out.get(&row_key);
    if let Some(known) = known.filter(|_| repeated) {
        return Ok(Decision::nothing().reply(Reply::MarkedOut(known.clone())));
    }
    if out.until.is_some_and(|until| until <= input.at) {
        return Err(Refusal::UntilIsPast);
    }
    let marked = MarkedOut {
        location: location.clone(),
        sku: sku.clone(),
        until: out.until,
        marked_at: input.at,
        version: known.map_or(0, |known| known.version) + 1,
    };
    let said = Said::with("item.marked_out", &marked, &[("by", json!(input.by)), ("reason", json!(out.reason))]);
    state.marked_out.put(marked.clone());
    remember(state, key, row_key, input.at);
    Ok(Decision::of(vec![said]).reply(Reply::MarkedOut(marked)))
}

/// Tickets that are open keep their stations; the next ones go by the new routes.
fn arrange(state: &mut State, wanted: &Arrangement, input: &Input<Command>) -> Decision<Reply> {
    let known = state.stations.get(&wanted.location);
    let stations = Stations {
        location: wanted.location.clone(),
        stations: wanted.stations.clone(),
        default: wanted.default.clone(),
        routes: wanted.routes.clone(),
        version: known.map_or(0, |known| known.version),
    };
    if known == Some(&stations) {
        return Decision::nothing().reply(Reply::Stations(stations));
    }
    let stations = Stations { version: stations.version + 1, ..stations };
    let said = Said::with("stations.changed", &stations, &[("by", json!(input.by))]);
    state.stations.put(stations.clone());
    Decision::of(vec![said]).reply(Reply::Stations(stations))
}

fn is_repeated(state: &State, key: Option<&Idempotency>) -> Result<bool, Refusal> {
    match key.map_or(Recall::Fresh, |key| state.keys.recall(key)) {
        Recall::Fresh => Ok(false),
        Recall::Same(_) => Ok(true),
        Recall::Other => Err(Refusal::KeyReused),
    }
}

fn remember(state: &mut State, key: Option<&Idempotency>, resource: String, at: Time) {
    if let Some(key) = key {
        state.keys.remember(key, resource, at);
    }
}

/// The stations of a location that nobody configured: one, where everything goes.
pub fn default_stations(location: &Slug) -> Stations {
    let id = Slug::try_from("kitchen".to_owned()).expect("a slug");
    let name = Name::try_from("Kitchen".to_owned()).expect("a name");
    let stations = vec![Station { id: id.clone(), name }];
    Stations { location: location.clone(), stations, default: id, routes: Vec::new(), version: 0 }
}

/// Where a line is cooked: by its sku, else by its category, else at the default station.
fn station(stations: &Stations, line: &Line) -> Slug {
    let by_sku = stations.routes.iter().find(|route| route.sku.as_ref() == Some(&line.sku));
    let by_category = || stations.routes.iter().find(|route| route.category.as_ref() == Some(&line.category));
    by_sku.or_else(by_category).map_or(&stations.default, |route| &route.station).clone()
}

#[cfg(test)]
mod tests;
