//! The life of an order: `placed → accepted → preparing → ready → completed`, or an end before that.
//! Ends absorb, newer news may jump over older, and each change is said once.

use serde_json::Value;
use shared::{
    contract::{
        event::Said,
        kitchen::TicketState,
        order::{Cancellation, CancellationStatus, Order, OrderStatus, Rejection},
        time::Time,
        types::Notes,
    },
    engine::service::Decision,
};
use uuid::Uuid;

use super::{Progress, Refusal, Reply, State};

/// One step of an order, said as one event.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Accepted,
    Rejected(Rejection),
    Preparing,
    Ready,
    Completed,
    CancelRequested(Option<Notes>),
    CancelDenied,
    /// With the guest's reason, where the guest asked.
    Cancelled(Option<Notes>),
}

/// Changes the order as the news asks for; news that comes too late asks for nothing.
pub(super) fn hear(
    state: &mut State,
    at: Time,
    id: Uuid,
    news: impl FnOnce(&Order) -> Vec<Change>,
) -> Result<Decision<Reply>, Refusal> {
    let changes = news(known(state, id)?);
    Ok(Decision::of(apply(state, at, id, changes)))
}

pub(super) fn reserved(order: &Order) -> Vec<Change> {
    undecided(order).then_some(Change::Accepted).into_iter().collect()
}

pub(super) fn short(order: &Order, rejection: &Rejection) -> Vec<Change> {
    undecided(order).then(|| Change::Rejected(rejection.clone())).into_iter().collect()
}

/// A guest must not wait for ever.
pub(super) fn overdue(order: &Order, at: Time) -> Vec<Change> {
    let rejection = || Rejection { reason: "timed_out".into(), unavailable: Vec::new() };
    let overdue = undecided(order) && order.accept_by < at;
    overdue.then(|| Change::Rejected(rejection())).into_iter().collect()
}

fn undecided(order: &Order) -> bool {
    order.status == OrderStatus::Placed
}

/// The order goes where its ticket is, whatever it missed on the way.
pub(super) fn follow(order: &Order, ticket: Progress) -> Vec<Change> {
    let step = match (order.status, ticket.state) {
        (OrderStatus::Completed | OrderStatus::Rejected | OrderStatus::Cancelled, _) => return Vec::new(),
        (_, TicketState::Void) => return vec![Change::Cancelled(order.cancellation.reason.clone())],
        (_, TicketState::Served) => Some(Change::Completed),
        (OrderStatus::Ready, TicketState::Ready) => None,
        (_, TicketState::Ready) => Some(Change::Ready),
        (OrderStatus::Preparing, TicketState::Open) => None,
        (_, TicketState::Open) => ticket.started.then_some(Change::Preparing),
    };
    let begun = ticket.started || ticket.state != TicketState::Open;
    let denied = order.cancellation.status == CancellationStatus::Requested && (begun || ticket.refused);
    denied.then_some(Change::CancelDenied).into_iter().chain(step).collect()
}

/// At once while nobody has decided, else the kitchen is asked, once.
pub(super) fn cancel(
    state: &mut State,
    at: Time,
    id: Uuid,
    reason: Option<&Notes>,
) -> Result<Decision<Reply>, Refusal> {
    let order = known(state, id)?;
    let changes = match (order.status, order.cancellation.status) {
        (OrderStatus::Cancelled, _) | (OrderStatus::Accepted, CancellationStatus::Requested) => vec![],
        (OrderStatus::Placed, _) => vec![Change::Cancelled(reason.cloned())],
        (OrderStatus::Accepted, CancellationStatus::None) => vec![Change::CancelRequested(reason.cloned())],
        (status, _) => return Err(Refusal::NotCancellable(status)),
    };
    let said = apply(state, at, id, changes);
    let order = Box::new(known(state, id)?.clone());
    let reply = match order.status {
        OrderStatus::Cancelled => Reply::Cancelled(order),
        _ => Reply::CancelRequested(order),
    };
    Ok(Decision::of(said).reply(reply))
}

fn known(state: &State, id: Uuid) -> Result<&Order, Refusal> {
    state.orders.get(&id.to_string()).ok_or(Refusal::UnknownOrder(id))
}

fn apply(state: &mut State, at: Time, id: Uuid, changes: Vec<Change>) -> Vec<Said> {
    if changes.is_empty() {
        return Vec::new();
    }
    let Some(order) = state.orders.get_mut(&id.to_string()) else { return Vec::new() };
    changes.into_iter().map(|change| step(order, change, at)).collect()
}

fn step(order: &mut Order, change: Change, at: Time) -> Said {
    order.version += 1;
    order.updated_at = at;
    let (kind, status, reason) = match change {
        Change::Accepted => ("order.accepted", OrderStatus::Accepted, None),
        Change::Preparing => ("order.preparing", OrderStatus::Preparing, None),
        Change::Ready => ("order.ready", OrderStatus::Ready, None),
        Change::Completed => ("order.completed", OrderStatus::Completed, None),
        Change::Rejected(rejection) => {
            let reason = rejection.reason.clone();
            order.rejection = Some(rejection);
            ("order.rejected", OrderStatus::Rejected, Some(reason))
        }
        Change::Cancelled(reason) => {
            let reason = cancellation(order, CancellationStatus::Accepted, reason);
            ("order.cancelled", OrderStatus::Cancelled, reason)
        }
        Change::CancelRequested(reason) => {
            let reason = cancellation(order, CancellationStatus::Requested, reason);
            ("order.cancel_requested", order.status, reason)
        }
        Change::CancelDenied => {
            order.cancellation.status = CancellationStatus::Denied;
            ("order.cancel_denied", order.status, None)
        }
    };
    order.status = status;
    let more: Vec<_> = reason.map(|reason| ("reason", Value::from(reason))).into_iter().collect();
    Said::with(kind, order, &more)
}

/// Sets it and returns the reason as text.
fn cancellation(order: &mut Order, status: CancellationStatus, reason: Option<Notes>) -> Option<String> {
    let said = reason.as_deref().map(str::to_owned);
    order.cancellation = Cancellation { status, reason };
    said
}
