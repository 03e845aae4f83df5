//! What is set aside for an order: all lines or none. One reservation an order, whatever comes, in whatever order.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    contract::{
        event::Said,
        order::{Order, Unavailable},
        stock::{MovementKind, Portion, Reservation, ReservationStatus, ReservedLine},
        time::Time,
        types::{Sku, Slug},
    },
    engine::service::Input,
};
use uuid::Uuid;

use super::{Command, Happened, State, availability, stock};

/// An order this long past its `accept_by` is left alone: fresh ones go first.
const GRACE: Duration = Duration::from_secs(30);

/// What an order's news mean for its reservation.
pub(crate) fn decide(
    state: &mut State,
    order: Uuid,
    location: &Slug,
    happened: &Happened,
    input: &Input<Command>,
) -> Vec<Said> {
    use ReservationStatus::{Consumed, Rejected, Released, Reserved};
    let status = state.reservations.get(&order.to_string()).map(|kept| kept.status);
    match (status, happened) {
        (None, Happened::Placed(order)) => reserve(state, order, input.at),
        // The end has overtaken the beginning: remembered without a word, so that the beginning changes nothing.
        (None, Happened::Cancelled | Happened::Rejected) => {
            let ended = Reservation { reason: reason(happened), ..blank(order, location, Released, input.at) };
            bury(state, ended)
        }
        (None, Happened::Started) => bury(state, blank(order, location, Consumed, input.at)),
        (Some(Reserved), Happened::Cancelled | Happened::Rejected) => release(state, order, happened, input.at),
        (Some(Reserved), Happened::Started) => consume(state, order, input),
        (Some(Reserved | Rejected | Released | Consumed), Happened::Placed(_)) => Vec::new(),
        (Some(Rejected | Released | Consumed), Happened::Cancelled | Happened::Rejected | Happened::Started) => {
            Vec::new()
        }
    }
}

fn reason(happened: &Happened) -> Option<String> {
    match happened {
        Happened::Cancelled => Some("order_cancelled".into()),
        Happened::Rejected => Some("order_rejected".into()),
        Happened::Placed(_) | Happened::Started => None,
    }
}

/// A reservation of nothing, about which nothing was said.
fn blank(order_id: Uuid, location: &Slug, status: ReservationStatus, updated_at: Time) -> Reservation {
    Reservation {
        order_id,
        location: location.clone(),
        status,
        lines: Vec::new(),
        ingredients: Vec::new(),
        unavailable: Vec::new(),
        reason: None,
        version: 0,
        updated_at,
    }
}

fn bury(state: &mut State, tombstone: Reservation) -> Vec<Said> {
    state.reservations.put(tombstone);
    Vec::new()
}

fn reserve(state: &mut State, order: &Order, at: Time) -> Vec<Said> {
    let lines = order.lines.iter().map(|line| ReservedLine {
        line: line.id.clone(),
        sku: line.sku.clone(),
        quantity: line.quantity,
    });
    let asked =
        Reservation { lines: lines.collect(), ..blank(order.id, &order.location, ReservationStatus::Reserved, at) };
    if at > order.accept_by + GRACE {
        return reject(state, asked, "timed_out", Vec::new());
    }
    let (ingredients, short) = fit(state, order, at);
    if !short.is_empty() {
        return reject(state, asked, "out_of_stock", short);
    }
    let mut reservation = Reservation { ingredients, ..asked };
    let mut events = vec![say("stock.reserved", &mut reservation)];
    events.extend(set_aside(state, &order.location, &reservation.ingredients, at));
    state.reservations.put(reservation);
    events
}

fn reject(state: &mut State, asked: Reservation, reason: &str, unavailable: Vec<Unavailable>) -> Vec<Said> {
    let status = ReservationStatus::Rejected;
    let mut rejected = Reservation { status, unavailable, reason: Some(reason.into()), ..asked };
    let said = say("stock.rejected", &mut rejected);
    state.reservations.put(rejected);
    vec![said]
}

/// Says what became of the reservation: one version more.
fn say(kind: &'static str, reservation: &mut Reservation) -> Said {
    reservation.version += 1;
    Said::new(kind, reservation)
}

/// What the order takes, and every line that is short.
///
/// The lines are walked in order, the dish before its modifiers. A part that somebody marked out, or that does not
/// fit into what the earlier fitting lines leave, makes its line short; a short line takes nothing from later ones.
fn fit(state: &State, order: &Order, at: Time) -> (Vec<Portion>, Vec<Unavailable>) {
    let mut taken = Taken::new();
    let mut short = Vec::new();
    for line in &order.lines {
        let mut with_line = taken.clone();
        let fits = short.len();
        for sku in std::iter::once(&line.sku).chain(line.modifiers.iter().map(|modifier| &modifier.sku)) {
            let missing = Unavailable { line: line.id.clone(), sku: sku.clone() };
            let had = take(state, &order.location, sku, line.quantity.get(), at, &mut with_line);
            if !had && !short.contains(&missing) {
                short.push(missing);
            }
        }
        if short.len() == fits {
            taken = with_line;
        }
    }
    let portions = taken.into_iter().map(|(ingredient, quantity)| Portion { ingredient: ingredient.clone(), quantity });
    (portions.collect(), short)
}

/// Base units by ingredient.
type Taken<'a> = BTreeMap<&'a Slug, i64>;

/// Takes all that the item needs, or nothing. An item without a recipe needs nothing.
fn take<'a>(state: &'a State, location: &Slug, sku: &Sku, quantity: i64, at: Time, taken: &mut Taken<'a>) -> bool {
    let key_of_item = location.key(sku);
    if state.items.get(&key_of_item).is_some_and(|item| item.blocked(at)) {
        return false;
    }
    let Some(recipe) = state.recipes.get(&key_of_item) else { return true };
    // At most 999 times 10⁹, and never more is taken than there is: no sum overflows.
    let needs = || recipe.ingredients.iter().map(|portion| (&portion.ingredient, portion.quantity * quantity));
    let fits = needs().all(|(ingredient, needed)| {
        let available = state.stock.get(&location.key(ingredient)).map_or(0, |stock| stock.item.available);
        taken.get(ingredient).copied().unwrap_or(0) + needed <= available
    });
    if fits {
        needs().for_each(|(ingredient, needed)| *taken.entry(ingredient).or_default() += needed);
    }
    fits
}

/// Reserves the portions, and says what that brings with it.
fn set_aside(state: &mut State, location: &Slug, portions: &[Portion], at: Time) -> Vec<Said> {
    shift_reserved(state, location, portions.iter().map(|portion| (&portion.ingredient, portion.quantity)), at)
}

/// Undoes [`set_aside`], and says what that brings with it.
fn give_back(state: &mut State, location: &Slug, portions: &[Portion], at: Time) -> Vec<Said> {
    shift_reserved(state, location, portions.iter().map(|portion| (&portion.ingredient, -portion.quantity)), at)
}

fn shift_reserved<'a>(
    state: &mut State,
    location: &Slug,
    by: impl Iterator<Item = (&'a Slug, i64)>,
    at: Time,
) -> Vec<Said> {
    let (mut events, mut shifts) = (Vec::new(), Vec::new());
    for (ingredient, quantity) in by {
        if let Some(stock) = state.stock.get_mut(&location.key(ingredient)) {
            let shifted = stock.shift(0, quantity);
            events.extend(stock.say_low(&shifted));
            shifts.push(shifted);
        }
    }
    events.extend(availability::follow(state, location, &shifts, at));
    events
}

fn release(state: &mut State, order: Uuid, happened: &Happened, at: Time) -> Vec<Said> {
    let Some(reservation) = state.reservations.get_mut(&order.to_string()) else { return Vec::new() };
    reservation.status = ReservationStatus::Released;
    reservation.reason = reason(happened);
    reservation.updated_at = at;
    // An order of untracked items held nothing: nobody needs to hear that it is back.
    if reservation.ingredients.is_empty() {
        return Vec::new();
    }
    let mut events = vec![say("stock.released", reservation)];
    let Reservation { location, ingredients, .. } = reservation.clone();
    events.extend(give_back(state, &location, &ingredients, at));
    events
}

/// What was set aside leaves the store. What is available does not change, so neither does the menu.
fn consume(state: &mut State, order: Uuid, input: &Input<Command>) -> Vec<Said> {
    let Some(reservation) = state.reservations.get_mut(&order.to_string()) else { return Vec::new() };
    reservation.status = ReservationStatus::Consumed;
    reservation.updated_at = input.at;
    let said = say("stock.consumed", reservation);
    let cause = stock::Cause { id: input.id, at: input.at, order: Some(order), reason: None };
    for Portion { ingredient, quantity } in &reservation.ingredients {
        if let Some(stock) = state.stock.get_mut(&reservation.location.key(ingredient)) {
            stock.shift(-quantity, -quantity);
            state.movements.put(stock::record(stock, MovementKind::Consume, *quantity, -quantity, cause.clone()));
        }
    }
    vec![said]
}
