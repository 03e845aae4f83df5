//! Placing an order: once per key, priced from the menu, numbered for people.

use serde::{Deserialize, Serialize};
use shared::{
    contract::{
        event::Said,
        menu::Choice,
        order::{Line, LineModifier, Location, MenuItem, MenuKind, Order, OrderStatus, Unavailable},
        time::{DayStarts, Time},
        types::{FieldError, Money, Sku, Slug},
    },
    engine::{
        call::{Call, Idempotency},
        idempotency::Recall,
        rows::Rows,
        service::{Decision, Input},
    },
};
use uuid::Uuid;

use super::{
    Command, Refusal, Reply, State, known,
    menu::{is_marked_out, open_as_of},
    request::{LineRequest, OrderRequest},
    wait::expected_at,
};

/// An order to be placed, and what makes it the only one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    pub order: OrderRequest,
    pub accept_by: Time,
    /// By the request's idempotency key.
    pub once: Option<Idempotency>,
    /// By the channel's own id of the order.
    pub external: Option<Idempotency>,
}

/// The last number that a location gave on a business day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastNumber {
    pub(crate) day: String,
    pub(crate) number: i64,
}

impl Place {
    pub fn new(call: &Call, key: Option<&str>, order: OrderRequest, accept_by: Time) -> Self {
        Self {
            once: key.map(|key| call.idempotency("orders", &[key], &order)),
            external: order.external_id().map(|(channel, id)| call.idempotency("external", &[channel, id], &order)),
            accept_by,
            order,
        }
    }

    pub(crate) fn bound(&self) -> impl Iterator<Item = &Idempotency> {
        self.once.iter().chain(&self.external)
    }
}

/// The order's id is the input's.
pub(super) fn place(state: &mut State, input: &Input<Command>, wanted: &Place) -> Result<Decision<Reply>, Refusal> {
    let (id, at) = (input.id, input.at);
    if let Some(order) = placed_before(state, wanted)? {
        remember(state, wanted, order.id, at);
        return Ok(Decision::nothing().reply(Reply::Placed { order, replayed: true }));
    }
    let order = Order { placed_by: known(&input.by).map(str::to_owned), ..compose(state, id, at, wanted)? };
    let said = Said::new("order.placed", &order);
    remember(state, wanted, id, at);
    state.orders.put(order.clone());
    Ok(Decision::of(vec![said]).reply(Reply::Placed { order: Box::new(order), replayed: false }))
}

/// The order that came of the same request. The header is looked at first.
fn placed_before(state: &State, wanted: &Place) -> Result<Option<Box<Order>>, Refusal> {
    let header = wanted.once.iter().map(|key| (key, Refusal::KeyReused));
    let external = wanted.external.iter().map(|key| (key, Refusal::ExternalIdConflict));
    for (key, conflict) in header.chain(external) {
        match state.keys.recall(key) {
            Recall::Fresh => {}
            Recall::Same(id) => return Ok(state.orders.get(&id).map(|order| Box::new(order.clone()))),
            Recall::Other => return Err(conflict),
        }
    }
    Ok(None)
}

fn remember(state: &mut State, wanted: &Place, order: Uuid, at: Time) {
    for key in wanted.bound() {
        if state.keys.recall(key) == Recall::Fresh {
            state.keys.remember(key, order.to_string(), at);
        }
    }
}

/// The order as it will be, if the location takes it and has all of it.
fn compose(state: &mut State, id: Uuid, at: Time, wanted: &Place) -> Result<Order, Refusal> {
    let new = &wanted.order;
    let location = state.locations.get(&new.location).ok_or_else(|| Refusal::UnknownLocation(new.location.clone()))?;
    accepting(location, at)?;
    let picks = pick(&state.menu, new)?;
    none_marked_out(&picks, at)?;
    let lines: Vec<Line> = picks.iter().zip(1..).map(|(pick, nth)| line(pick, nth)).collect();
    bounded(&lines)?;
    let amount = lines.iter().map(|line| line.total).sum();
    let total = as_expected(new, Money { amount, currency: location.currency.clone() })?;
    let day = day_key(&new.location, (&location.timezone, location.day_starts), at);
    Ok(Order {
        id,
        number: next_number(&mut state.numbers, day),
        location: new.location.clone(),
        status: OrderStatus::Placed,
        version: 1,
        kind: new.kind,
        table: new.table.clone(),
        customer: new.customer.clone(),
        channel: new.channel.clone(),
        lines,
        total,
        allergies: new.allergies.to_vec(),
        notes: new.notes.clone(),
        rejection: None,
        cancellation: Default::default(),
        placed_by: None,
        placed_at: at,
        accept_by: wanted.accept_by,
        expected_at: expected_at(location, state.paces.get(&new.location), at),
        updated_at: at,
    })
}

/// Of an order's lines as everybody hears of them, in bytes of JSON: four times what a request may have.
const LINES_BYTES_MAX: usize = 256 * 1024;
/// So many dishes and modifiers fit, whatever their names: nobody needs to measure them.
const FEW: usize = 100;

/// A request of a few bytes a modifier names each of them once; the order has the menu's whole name for each.
fn bounded(lines: &[Line]) -> Result<(), Refusal> {
    let parts: usize = lines.iter().map(|line| 1 + line.modifiers.len()).sum();
    if parts <= FEW {
        return Ok(());
    }
    match serde_json::to_string(lines).map_or(usize::MAX, |json| json.len()) {
        bytes if bytes > LINES_BYTES_MAX => Err(Refusal::TooLarge { bytes, max: LINES_BYTES_MAX }),
        _ => Ok(()),
    }
}

fn accepting(location: &Location, at: Time) -> Result<(), Refusal> {
    if open_as_of(location, at) {
        return Ok(());
    }
    let Location { location, mode, until, .. } = location;
    Err(Refusal::NotAccepting { location: location.clone(), mode: *mode, resume_at: *until })
}

/// A line and what the menu has for it.
struct Pick<'a> {
    wanted: &'a LineRequest,
    dish: &'a MenuItem,
    modifiers: Vec<&'a MenuItem>,
}

/// Finds every line on the menu, or says where each stands that is not.
fn pick<'a>(menu: &'a Rows<MenuItem>, new: &'a OrderRequest) -> Result<Vec<Pick<'a>>, Refusal> {
    let (mut picks, mut unknown) = (Vec::with_capacity(new.lines.len()), Vec::new());
    for (index, wanted) in new.lines.iter().enumerate() {
        let found = on_menu(menu, &new.location, &wanted.sku).filter(|item| item.kind == MenuKind::Dish);
        let Some(dish) = found else {
            let detail = format!("{} is no dish on the menu of {}", wanted.sku, new.location);
            unknown.push(FieldError::new(format!("/lines/{index}/sku"), detail));
            continue;
        };
        let (modifiers, missing) = pick_modifiers(menu, &new.location, dish, wanted);
        unknown.extend(missing.into_iter().map(|(nth, sku)| {
            let detail = format!("{sku} is no modifier of {}", wanted.sku);
            FieldError::new(format!("/lines/{index}/modifiers/{nth}"), detail)
        }));
        picks.push(Pick { wanted, dish, modifiers });
    }
    if unknown.is_empty() { chosen(picks) } else { Err(Refusal::UnknownItem(unknown)) }
}

fn on_menu<'a>(menu: &'a Rows<MenuItem>, location: &Slug, sku: &Sku) -> Option<&'a MenuItem> {
    menu.get(&location.key(sku)).filter(|item| !item.removed)
}

/// The picks, if each has as much of every choice of its dish as there must be.
fn chosen(picks: Vec<Pick<'_>>) -> Result<Vec<Pick<'_>>, Refusal> {
    let mut broken = Vec::new();
    for (index, Pick { wanted, dish, .. }) in picks.iter().enumerate() {
        for Choice { name, min, max, modifiers } in &dish.choices {
            let count = wanted.modifiers.iter().filter(|sku| modifiers.contains(sku)).count();
            if !(*min..=*max).contains(&i64::try_from(count).unwrap_or(i64::MAX)) {
                let range = if min == max { min.to_string() } else { format!("{min} to {max}") };
                let detail = format!("{} takes {range} of its choice \"{name}\", not {count}", wanted.sku);
                broken.push(FieldError::new(format!("/lines/{index}/modifiers"), detail));
            }
        }
    }
    if broken.is_empty() { Ok(picks) } else { Err(Refusal::InvalidLine(broken)) }
}

/// The modifiers of a line that its dish lists, and the index and sku of each that it does not.
fn pick_modifiers<'a>(
    menu: &'a Rows<MenuItem>,
    location: &Slug,
    dish: &MenuItem,
    wanted: &'a LineRequest,
) -> (Vec<&'a MenuItem>, Vec<(usize, &'a Sku)>) {
    let (mut picked, mut missing) = (Vec::new(), Vec::new());
    for (nth, sku) in wanted.modifiers.iter().enumerate() {
        let listed = dish.modifiers.contains(sku) || dish.choices.iter().any(|choice| choice.modifiers.contains(sku));
        match on_menu(menu, location, sku) {
            Some(item) if listed => picked.push(item),
            Some(_) | None => missing.push((nth, sku)),
        }
    }
    (picked, missing)
}

/// What is sold out by count is left to inventory: its word may be late, its stock decides.
fn none_marked_out(picks: &[Pick<'_>], at: Time) -> Result<(), Refusal> {
    let mut unavailable = Vec::new();
    for (pick, nth) in picks.iter().zip(1..) {
        let out = std::iter::once(&pick.dish).chain(&pick.modifiers).filter(|item| is_marked_out(item, at));
        unavailable.extend(out.map(|item| Unavailable { line: line_id(nth), sku: item.sku.clone() }));
    }
    if unavailable.is_empty() { Ok(()) } else { Err(Refusal::Unavailable(unavailable)) }
}

/// Cannot overflow: at most 999 × 21 × 100,000,000 a line, and 100 lines.
fn line(pick: &Pick<'_>, nth: usize) -> Line {
    let Pick { wanted, dish, modifiers } = pick;
    let extra: i64 = modifiers.iter().map(|modifier| modifier.price.get()).sum();
    Line {
        id: line_id(nth),
        sku: dish.sku.clone(),
        name: dish.name.clone(),
        category: dish.category.clone(),
        quantity: wanted.quantity,
        unit_price: dish.price,
        modifiers: modifiers.iter().map(|modifier| line_modifier(modifier)).collect(),
        notes: wanted.notes.clone(),
        total: wanted.quantity.get() * (dish.price.get() + extra),
    }
}

fn line_modifier(item: &MenuItem) -> LineModifier {
    let effect = item.effect.unwrap_or_default();
    LineModifier { sku: item.sku.clone(), name: item.name.clone(), price: item.price, effect }
}

/// Counts from 1.
fn line_id(nth: usize) -> String {
    nth.to_string()
}

/// The client may say what it expected, never what it pays.
fn as_expected(new: &OrderRequest, total: Money) -> Result<Money, Refusal> {
    match &new.expected_total {
        Some(expected) if *expected != total => Err(Refusal::PriceMismatch(total)),
        Some(_) | None => Ok(total),
    }
}

/// Under which a location counts the orders of a business day, by its time zone and the start of its days.
pub(crate) fn day_key(location: &Slug, (timezone, starts): (&str, DayStarts), at: Time) -> String {
    location.key(&at.business_day(timezone, starts))
}

fn next_number(numbers: &mut Rows<LastNumber>, day: String) -> i64 {
    if let Some(last) = numbers.get_mut(&day) {
        last.number += 1;
        return last.number;
    }
    numbers.put(LastNumber { day, number: 1 });
    1
}
