//! Ingredients and their ledger. Every change of a quantity goes through [`Stock::shift`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    contract::{
        Subject,
        event::{Said, derived_id},
        stock::{Movement, MovementKind, StockItem},
        time::Time,
        types::{Notes, Sku, Slug},
    },
    engine::{
        idempotency::Recall,
        service::{Decision, Input},
    },
};
use uuid::Uuid;

use super::{
    Command, Entered, Move, PutStock, Refusal, Reply, State,
    availability::{self, Few},
};

/// Of `on_hand`, either way, in base units: JSON numbers are exact up to 9 × 10¹⁵ everywhere.
const ON_HAND_MAX: i64 = 1_000_000_000_000_000;

/// An ingredient, and what only inventory needs to know of it.
///
/// `item.version` counts what was said about it (`stock.changed`, `stock.moved`, `stock.low`), one an event: each order's
/// reservation changes `reserved` without a word, and the next event shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    pub item: StockItem,
    /// What a portion of each item with a recipe takes of it.
    #[serde(default)]
    pub uses: BTreeMap<Sku, i64>,
    /// How many movements its ledger has.
    #[serde(default)]
    pub movements: i64,
}

/// A movement, numbered in the ledger of its ingredient from 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub stock: String,
    pub number: i64,
    pub movement: Movement,
}

/// What a change of an ingredient's quantities brings with it.
#[derive(Debug)]
pub struct Shifted {
    pub ingredient: Slug,
    /// It was not low before.
    pub became_low: bool,
    /// The items that it now covers better or worse.
    pub covers: Vec<(Sku, Option<Few>)>,
}

impl Stock {
    fn new(put: &PutStock) -> Self {
        let item = StockItem {
            location: put.location.clone(),
            ingredient: put.ingredient.clone(),
            name: put.name.clone(),
            unit: put.unit,
            on_hand: 0,
            reserved: 0,
            available: 0,
            reorder_point: None,
            low: false,
            unit_cost: None,
            version: 0,
        };
        Self { item, uses: BTreeMap::new(), movements: 0 }
    }

    /// Adds to the quantities; negative numbers take away.
    pub fn shift(&mut self, on_hand: i64, reserved: i64) -> Shifted {
        let before = self.item.available;
        self.item.on_hand += on_hand;
        self.item.reserved += reserved;
        self.item.available = self.item.on_hand - self.item.reserved;
        let after = self.item.available;
        let covers = self.uses.iter().filter_map(|(sku, portion)| {
            let cover = Few::of(after, *portion);
            (cover != Few::of(before, *portion)).then(|| (sku.clone(), cover))
        });
        let covers = if after == before { Vec::new() } else { covers.collect() };
        Shifted { ingredient: self.item.ingredient.clone(), became_low: self.becomes_low(), covers }
    }

    /// Whether its ledger or a recipe has quantities that are in its unit.
    fn is_used(&self) -> bool {
        self.movements > 0 || !self.uses.is_empty()
    }

    /// Sets `low`, and tells whether that is new.
    fn becomes_low(&mut self) -> bool {
        let was = self.item.low;
        self.item.low = self.item.reorder_point.is_some_and(|point| self.item.available <= point);
        self.item.low && !was
    }

    /// Says that it is low, where it was not before the shift.
    pub fn say_low(&mut self, shifted: &Shifted) -> Option<Said> {
        shifted.became_low.then(|| self.say("stock.low", &[]))
    }

    /// Says something about the item: one version more.
    fn say(&mut self, kind: &'static str, more: &[(&'static str, serde_json::Value)]) -> Said {
        self.item.version += 1;
        Said::with(kind, &self.item, more)
    }
}

/// Creates the ingredient or describes it anew; its quantities stay. Putting what is there already says nothing.
pub(crate) fn put(state: &mut State, put: &PutStock, input: &Input<Command>) -> Result<Decision<Reply>, Refusal> {
    let known = state.stock.get(&put.location.key(&put.ingredient));
    if let Some(known) = known.filter(|known| put.describes(&known.item)) {
        return Ok(Decision::nothing().reply(Reply::Stock(known.item.clone())));
    }
    if let Some(known) = known.filter(|known| known.item.unit != put.unit && known.is_used()) {
        return Err(Refusal::UnitInUse(known.item.unit));
    }
    let mut stock = known.cloned().unwrap_or_else(|| Stock::new(put));
    stock.item.name = put.name.clone();
    stock.item.unit = put.unit;
    stock.item.reorder_point = put.reorder_point;
    stock.item.unit_cost = put.unit_cost;
    let became_low = stock.becomes_low();
    let mut events = vec![stock.say("stock.changed", &[("by", json!(input.by))])];
    events.extend(became_low.then(|| stock.say("stock.low", &[])));
    let item = stock.item.clone();
    state.stock.put(stock);
    Ok(Decision::of(events).reply(Reply::Stock(item)))
}

impl PutStock {
    fn describes(&self, item: &StockItem) -> bool {
        (&self.name, self.unit, self.reorder_point, self.unit_cost)
            == (&item.name, item.unit, item.reorder_point, item.unit_cost)
    }
}

/// Enters what a manager received, counted or threw away.
pub(crate) fn enter(state: &mut State, asked: &Move, input: &Input<Command>) -> Result<Decision<Reply>, Refusal> {
    let unknown = || Refusal::UnknownIngredient(asked.ingredient.clone());
    match state.keys.recall(&asked.once) {
        Recall::Fresh => {}
        Recall::Other => return Err(Refusal::KeyReused),
        Recall::Same(id) => {
            let movement = state.movements.get(&id).ok_or_else(unknown)?.movement.clone();
            return Ok(Decision::nothing().reply(Reply::Moved { movement, replayed: true }));
        }
    }
    let key = asked.location.key(&asked.ingredient);
    let on_hand = state.stock.get(&key).ok_or_else(unknown)?.item.on_hand;
    let (kind, delta) = match asked.entered {
        Entered::Receive => (MovementKind::Receive, asked.quantity),
        Entered::Count => (MovementKind::Count, asked.quantity - on_hand),
        Entered::Waste => (MovementKind::Waste, -asked.quantity),
    };
    if (on_hand + delta).abs() > ON_HAND_MAX {
        return Err(Refusal::TooMuch);
    }
    let cause = Cause { id: input.id, at: input.at, order: None, reason: asked.reason.clone() };
    let stock = state.stock.get_mut(&key).ok_or_else(unknown)?;
    let shifted = stock.shift(delta, 0);
    let entry = record(stock, kind, asked.quantity, delta, cause);
    let movement = entry.movement.clone();
    let mut events = vec![stock.say("stock.moved", &[("movement", json!(movement)), ("by", json!(input.by))])];
    events.extend(stock.say_low(&shifted));
    state.keys.remember(&asked.once, movement.id.to_string(), input.at);
    state.movements.put(entry);
    events.extend(availability::follow(state, &asked.location, &[shifted], input.at));
    Ok(Decision::of(events).reply(Reply::Moved { movement, replayed: false }))
}

/// Why something moves.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The command or event.
    pub id: Uuid,
    pub at: Time,
    pub order: Option<Uuid>,
    pub reason: Option<Notes>,
}

/// The ledger's entry of a shift that was just made.
pub(crate) fn record(stock: &mut Stock, kind: MovementKind, quantity: i64, delta: i64, cause: Cause) -> Entry {
    stock.movements += 1;
    let key = stock.item.subject();
    let movement = Movement {
        id: derived_id(&["movement", &cause.id.to_string(), &key]),
        location: stock.item.location.clone(),
        ingredient: stock.item.ingredient.clone(),
        kind,
        quantity,
        delta,
        on_hand: stock.item.on_hand,
        reason: cause.reason,
        cause: cause.id,
        order_id: cause.order,
        at: cause.at,
    };
    Entry { stock: key, number: stock.movements, movement }
}
