//! What the kitchen decides. Pure: the same state and input give the same decision, and a refusal changes nothing.

mod day;
pub(crate) mod pace;
mod refusal;
pub mod request;
mod stations;
mod ticket;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    contract::{
        access::AccessKey,
        event::{Said, derived_id},
        kitchen::{MarkedOut, Stations, Ticket},
        order::Order,
        pace::{Pace, Wait},
        time::Time,
        types::{Sku, Slug},
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
use request::OutRequest;
pub use stations::{Arrangement, ClosedStation, default_stations};
pub use ticket::TicketRow;
use ticket::{Change, Here};

/// Everything the kitchen can be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
        once: Option<Idempotency>,
    },
    MarkOut {
        location: Slug,
        sku: Sku,
        out: OutRequest,
        once: Option<Idempotency>,
    },
    Arrange(Arrangement),
    /// A ticket may have been ready for longer than anybody leaves one standing.
    HandOver(Uuid),
    /// A ticket may have items at a station that is gone.
    MoveItems(Uuid),
    /// Nothing was found at a station that is gone.
    ClearClosed(ClosedStation),
    /// Tickets take longer than they did, or less long.
    SetPace {
        location: Slug,
        wait: Wait,
    },
    /// Who is let in by what they show.
    Key(Box<AccessKey>),
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

/// What HTTP answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `replayed`: done before, under the same key.
    Ticket {
        ticket: Box<Ticket>,
        replayed: bool,
    },
    MarkedOut {
        marked: MarkedOut,
        replayed: bool,
    },
    Stations(Stations),
}

/// The rows that a batch touches.
#[derive(Debug, Default)]
pub struct State {
    pub keys: Rows<Remembered>,
    pub tickets: Rows<TicketRow>,
    pub marked_out: Rows<MarkedOut>,
    pub stations: Rows<Stations>,
    pub closed: Rows<ClosedStation>,
    pub days: Rows<LocalDay>,
    pub paces: Rows<Pace>,
    pub access: Rows<AccessKey>,
}

impl State {
    fn day(&self, location: &Slug) -> Cow<'_, LocalDay> {
        self.days.get(location).map_or_else(|| Cow::Owned(LocalDay::unknown(location)), Cow::Borrowed)
    }

    fn stations(&self, location: &Slug) -> Cow<'_, Stations> {
        self.stations.get(location).map_or_else(|| Cow::Owned(default_stations(location)), Cow::Borrowed)
    }
}

/// The version of what the command is to change, if it is one thing; 0 where there is none yet. What is done already is
/// not refused because it changed the version.
pub(crate) fn version(state: &State, command: &Command) -> Option<i64> {
    let is_fresh =
        |once: &Option<Idempotency>| once.as_ref().is_none_or(|once| state.keys.recall(once) == Recall::Fresh);
    match command {
        Command::Act { ticket, once, .. } if is_fresh(once) => {
            state.tickets.get(&ticket.to_string()).map(|row| row.ticket.version)
        }
        Command::MarkOut { location, sku, once, .. } if is_fresh(once) => {
            Some(state.marked_out.get(&location.key(sku)).map_or(0, |marked| marked.version))
        }
        Command::Arrange(wanted) => Some(state.stations.get(&wanted.location).map_or(0, |stations| stations.version)),
        Command::Act { .. }
        | Command::MarkOut { .. }
        | Command::Open(_)
        | Command::Cancel(_)
        | Command::SetDay(_)
        | Command::HandOver(_)
        | Command::MoveItems(_)
        | Command::ClearClosed(_)
        | Command::SetPace { .. }
        | Command::Key(_) => None,
    }
}

pub fn decide(state: &mut State, input: &Input<Command>) -> Result<Decision<Reply>, Refusal> {
    match &input.command {
        Command::Open(order) => Ok(open(state, order, input)),
        Command::Cancel(order) => Ok(cancel(state, order, input)),
        Command::SetDay(day) => Ok(day::set(state, day)),
        Command::Act { ticket, action, once } => act(state, *ticket, action, once.as_ref(), input),
        Command::MarkOut { location, sku, out, once } => mark_out(state, (location, sku), out, once.as_ref(), input),
        Command::Arrange(arrangement) => Ok(stations::arrange(state, arrangement, input)),
        Command::HandOver(ticket) => Ok(hand_over(state, *ticket, input)),
        Command::MoveItems(ticket) => Ok(stations::move_items(state, &ticket.to_string(), input)),
        Command::ClearClosed(found) => Ok(stations::clear_closed(state, found, input.at)),
        Command::SetPace { location, wait } => Ok(pace::set(state, location, *wait)),
        Command::Key(key) => {
            state.access.put(AccessKey::clone(key));
            Ok(Decision::nothing())
        }
    }
}

/// The one ticket of an order.
pub fn ticket_id(order: Uuid) -> Uuid {
    derived_id(&["ticket", &order.to_string()])
}

/// One ticket per order. The order may be back from the dead, or its cancel may have overtaken it.
fn open(state: &mut State, order: &Order, input: &Input<Command>) -> Decision<Reply> {
    if state.tickets.get(&ticket_id(order.id).to_string()).is_some() {
        return Decision::nothing();
    }
    let mut row = TicketRow::new(order, &state.stations(&order.location), input.at);
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
    let mut row = known.unwrap_or_else(|| TicketRow::new(order, &state.stations(&order.location), input.at));
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
    once: Option<&Idempotency>,
    input: &Input<Command>,
) -> Result<Decision<Reply>, Refusal> {
    let repeated = is_repeated(state, once)?;
    let mut row = state.tickets.get(&id.to_string()).cloned().ok_or(Refusal::UnknownTicket(id))?;
    if repeated {
        return Ok(Decision::nothing().reply(Reply::Ticket { ticket: Box::new(row.ticket), replayed: true }));
    }
    let location = row.ticket.location.clone();
    let here = Here { day: state.day(&location), stations: state.stations(&location) };
    let again = row.last.as_ref() == Some(action);
    let mut change = Change::new(&mut row.ticket, input);
    match action {
        Action::Ticket(action) => change.ticket(*action, again, &here)?,
        // Two keys are two wishes: only without one may the same again be a repetition.
        Action::Item(item, action) => change.item(item, *action, again && once.is_none(), &here)?,
    }
    let said = change.said;
    drop(here);
    let reply = Reply::Ticket { ticket: Box::new(row.ticket.clone()), replayed: false };
    if !said.is_empty() {
        row.last = Some(action.clone());
        state.tickets.put(row.indexed(input.at));
    }
    remember(state, once, id.to_string(), input.at);
    Ok(Decision::of(said).reply(reply))
}

/// What nobody hands over the kitchen does: where no one works an expo screen, nothing piles up.
fn hand_over(state: &mut State, id: Uuid, input: &Input<Command>) -> Decision<Reply> {
    let Some(mut row) = state.tickets.get(&id.to_string()).cloned() else { return Decision::nothing() };
    let serve_after = state.stations(&row.ticket.location).serve_after;
    if !row.has_stood(serve_after.duration(), input.at) {
        return Decision::nothing();
    }
    let mut change = Change::new(&mut row.ticket, input);
    change.serve();
    let said = change.said;
    row.last = Some(Action::Ticket(TicketAction::Serve));
    state.tickets.put(row);
    Decision::of(said)
}

/// Each press says it again: the kitchen does not hear when somebody lifted the last one.
fn mark_out(
    state: &mut State,
    (location, sku): (&Slug, &Sku),
    out: &OutRequest,
    once: Option<&Idempotency>,
    input: &Input<Command>,
) -> Result<Decision<Reply>, Refusal> {
    let repeated = is_repeated(state, once)?;
    let key = location.key(sku);
    let known = state.marked_out.get(&key);
    if let Some(known) = known.filter(|_| repeated) {
        return Ok(Decision::nothing().reply(Reply::MarkedOut { marked: known.clone(), replayed: true }));
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
    remember(state, once, key, input.at);
    Ok(Decision::of(vec![said]).reply(Reply::MarkedOut { marked, replayed: false }))
}

fn is_repeated(state: &State, once: Option<&Idempotency>) -> Result<bool, Refusal> {
    match once.map_or(Recall::Fresh, |once| state.keys.recall(once)) {
        Recall::Fresh => Ok(false),
        Recall::Same(_) => Ok(true),
        Recall::Other => Err(Refusal::KeyReused),
    }
}

fn remember(state: &mut State, once: Option<&Idempotency>, resource: String, at: Time) {
    if let Some(once) = once {
        state.keys.remember(once, resource, at);
    }
}

#[cfg(test)]
mod tests;
