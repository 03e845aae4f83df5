//! What can be had: recipes, the automatic 86 with its hysteresis, and the manual one.
//! The automatic flag informs the menu; only a manual 86 stands in the way of a reservation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    contract::{
        event::Said,
        stock::{Availability, AvailabilityCause, Portion, Recipe},
        time::Time,
        types::{Sku, Slug},
    },
    engine::{
        rows::Rows,
        service::{Decision, Input},
    },
};

use super::{Command, PutRecipe, Refusal, Reply, SetAvailability, State, key, stock::Stock};

/// How many portions an ingredient is good for. Beyond two nothing depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cover {
    None,
    One,
    Ample,
}

impl Cover {
    /// `portion` is above 0.
    pub fn of(available: i64, portion: i64) -> Self {
        match available {
            _ if available < portion => Self::None,
            _ if available / 2 < portion => Self::One,
            _ => Self::Ample,
        }
    }
}

/// A menu item: one that has a recipe, or that somebody has marked out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What was said last; version 0 while nothing was.
    pub shown: Availability,
    /// The automatic 86.
    pub sold_out: bool,
    /// The ingredients that are not good for two portions.
    pub scarce: BTreeMap<Slug, Cover>,
    /// The manual 86.
    pub block: Option<Block>,
    /// The last manual change, either way.
    pub set_at: Option<Time>,
}

/// Out by hand, until then or until it is lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    pub until: Option<Time>,
}

impl Block {
    fn holds(self, at: Time) -> bool {
        self.until.is_none_or(|until| until > at)
    }
}

impl Item {
    fn new(location: &Slug, sku: &Sku) -> Self {
        let shown = Availability {
            location: location.clone(),
            sku: sku.clone(),
            available: true,
            cause: AvailabilityCause::Count,
            until: None,
            version: 0,
        };
        Self { shown, sold_out: false, scarce: BTreeMap::new(), block: None, set_at: None }
    }

    /// Whether a manual 86 stands in the way.
    pub fn blocked(&self, at: Time) -> bool {
        self.block.is_some_and(|block| block.holds(at))
    }

    fn set_cover(&mut self, ingredient: &Slug, cover: Cover) {
        match cover {
            Cover::Ample => self.scarce.remove(ingredient),
            Cover::None | Cover::One => self.scarce.insert(ingredient.clone(), cover),
        };
    }

    /// Out below one portion, back at two, as it was in between.
    fn recount(&mut self) {
        match self.scarce.values().min() {
            Some(Cover::None) => self.sold_out = true,
            Some(Cover::One) => {}
            Some(Cover::Ample) | None => self.sold_out = false,
        }
    }

    /// Says what can be had now, if that is something else than what was said last.
    fn say(&mut self, at: Time, by: Option<&str>) -> Option<Said> {
        // A block that is past must not come back with an input that is a moment older.
        self.block = self.block.filter(|block| block.holds(at));
        let (available, cause, until) = match self.block {
            Some(block) => (false, AvailabilityCause::Manual, block.until),
            None => (!self.sold_out, AvailabilityCause::Count, None),
        };
        if (self.shown.available, self.shown.cause, self.shown.until) == (available, cause, until) {
            return None;
        }
        let version = self.shown.version + 1;
        self.shown = Availability { available, cause, until, version, ..self.shown.clone() };
        let by = by.map(|by| ("by", json!(by)));
        Some(Said::with("availability.changed", &self.shown, by.as_slice()))
    }
}

/// An ingredient covers an item better or worse than before.
pub(crate) fn cover(
    state: &mut State,
    location: &Slug,
    sku: &Sku,
    ingredient: &Slug,
    cover: Cover,
    at: Time,
) -> Option<Said> {
    let item = state.items.get_mut(&key(location, sku))?;
    item.set_cover(ingredient, cover);
    item.recount();
    item.say(at, None)
}

/// Replaces the recipe. A list without ingredients makes the item untracked: always available.
///
/// A recipe may only name ingredients that have a stock item. Taking any name and counting it as none on hand would
/// turn a manager's slip of the pen into a dish that is sold out, and nobody would see why.
pub(crate) fn put_recipe(
    state: &mut State,
    put: &PutRecipe,
    input: &Input<Command>,
) -> Result<Decision<Reply>, Refusal> {
    let PutRecipe { location, sku, ingredients } = put;
    let unknown = |portion: &Portion| state.stock.get(&key(location, &portion.ingredient)).is_none();
    let unknown = ingredients.iter().enumerate().filter(|(_, portion)| unknown(portion));
    let unknown: Vec<_> = unknown.map(|(place, portion)| (place, portion.ingredient.clone())).collect();
    if !unknown.is_empty() {
        return Err(Refusal::UnknownIngredients(unknown));
    }
    let before = state.recipes.get(&key(location, sku)).cloned();
    if let Some(same) = before.as_ref().filter(|recipe| recipe.ingredients == *ingredients) {
        return Ok(Decision::nothing().reply(Reply::Recipe(same.clone())));
    }
    let version = before.as_ref().map_or(1, |recipe| recipe.version + 1);
    let recipe = Recipe { location: location.clone(), sku: sku.clone(), ingredients: ingredients.clone(), version };
    let mut events = vec![Said::with("recipe.changed", &recipe, &[("by", json!(input.by))])];
    for portion in before.iter().flat_map(|recipe| &recipe.ingredients) {
        if let Some(stock) = state.stock.get_mut(&key(location, &portion.ingredient)) {
            stock.uses.remove(sku);
        }
    }
    let item = item_mut(&mut state.items, location, sku);
    item.scarce.clear();
    for portion in ingredients {
        if let Some(stock) = state.stock.get_mut(&key(location, &portion.ingredient)) {
            use_for(stock, item, portion);
        }
    }
    item.recount();
    events.extend(item.say(input.at, None));
    state.recipes.put(recipe.clone());
    Ok(Decision::of(events).reply(Reply::Recipe(recipe)))
}

fn use_for(stock: &mut Stock, item: &mut Item, portion: &Portion) {
    stock.uses.insert(item.shown.sku.clone(), portion.quantity);
    item.set_cover(&portion.ingredient, Cover::of(stock.item.available, portion.quantity));
}

/// A manager takes an item off the menu or puts it back; what the count says stays in force.
pub(crate) fn set(
    state: &mut State,
    set: &SetAvailability,
    input: &Input<Command>,
) -> Result<Decision<Reply>, Refusal> {
    if set.until.is_some_and(|until| until <= input.at) {
        return Err(Refusal::UntilIsPast);
    }
    let item = item_mut(&mut state.items, &set.location, &set.sku);
    // The kitchen's clock may be ahead of ours: the time of the last change never goes back.
    item.set_at = item.set_at.max(Some(input.at));
    item.block = (!set.available).then_some(Block { until: set.until });
    let events = item.say(input.at, Some(&input.by)).into_iter().collect();
    Ok(Decision::of(events).reply(Reply::Availability(item.shown.clone())))
}

/// The kitchen marks an item out, unless a manager has decided otherwise since.
pub(crate) fn mark_out(state: &mut State, set: &SetAvailability, at: Time, input: &Input<Command>) -> Decision<Reply> {
    let item = item_mut(&mut state.items, &set.location, &set.sku);
    if item.set_at > Some(at) {
        return Decision::nothing();
    }
    item.set_at = Some(at);
    item.block = Some(Block { until: set.until });
    Decision::of(item.say(input.at, Some(&input.by)).into_iter().collect())
}

/// Lifts a manual 86 whose time is past.
pub(crate) fn lapse(state: &mut State, location: &Slug, sku: &Sku, at: Time) -> Decision<Reply> {
    let Some(item) = state.items.get_mut(&key(location, sku)) else { return Decision::nothing() };
    Decision::of(item.say(at, None).into_iter().collect())
}

/// The item, made where it is not known yet.
fn item_mut<'a>(items: &'a mut Rows<Item>, location: &Slug, sku: &Sku) -> &'a mut Item {
    let key = key(location, sku);
    if items.get(&key).is_none() {
        items.put(Item::new(location, sku));
    }
    items.get_mut(&key).expect("it was put if it was not there")
}
