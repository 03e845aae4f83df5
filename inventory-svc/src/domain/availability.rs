//! What can be had: recipes, how many portions are left, the automatic 86 and the manual one.
//! The automatic flag informs the menu; only a manual 86 stands in the way of a reservation.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    contract::{
        event::Said,
        stock::{Availability, AvailabilityCause, Portion, Recipe},
        time::Time,
        types::{FieldError, Sku, Slug},
    },
    engine::{
        rows::Rows,
        service::{Decision, Input},
    },
};

use super::{
    Command, PutRecipe, Refusal, Reply, SetAvailability, State,
    request::at_ingredient,
    stock::{Shifted, Stock},
};

/// Guests are told how many portions are left when these are so few.
const FEW_MAX: i64 = 5;

/// How many portions an ingredient is good for, from 0 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "StoredFew")]
pub struct Few(i64);

impl Few {
    /// `None` where it is good for more. `portion` is above 0.
    pub fn of(available: i64, portion: i64) -> Option<Self> {
        let portions = available.max(0) / portion;
        (portions <= FEW_MAX).then_some(Self(portions))
    }
}

/// Rows that were stored before portions were counted say `none` or `one`.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredFew {
    Portions(i64),
    Word(String),
}

impl From<StoredFew> for Few {
    fn from(stored: StoredFew) -> Self {
        match stored {
            StoredFew::Portions(portions) => Self(portions),
            StoredFew::Word(word) => Self(i64::from(word == "one")),
        }
    }
}

/// A menu item: one that has a recipe, or that somebody has marked out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What was said last; version 0 while nothing was.
    pub shown: Availability,
    /// The ingredients that are good for a few portions only.
    pub scarce: BTreeMap<Slug, Few>,
    /// The manual 86.
    pub block: Option<Block>,
    /// The last manual change, either way.
    pub set_at: Option<Time>,
    /// Since when it cannot be had. Rows of earlier versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out: Option<Out>,
}

/// An item cannot be had, since then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Out {
    pub since: Time,
    /// Why, at first.
    pub cause: AvailabilityCause,
    /// Of the item, when it was said.
    pub version: i64,
}

/// From when until when an item could not be had: written once, when it is back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    pub location: Slug,
    pub sku: Sku,
    pub cause: AvailabilityCause,
    /// Of the item, when it was said that it is out.
    pub version: i64,
    pub started_at: Time,
    pub ended_at: Time,
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
            left: None,
            version: 0,
        };
        Self { shown, scarce: BTreeMap::new(), block: None, set_at: None, out: None }
    }

    /// Whether a manual 86 stands in the way.
    pub fn blocked(&self, at: Time) -> bool {
        self.block.is_some_and(|block| block.holds(at))
    }

    fn set_cover(&mut self, ingredient: &Slug, cover: Option<Few>) {
        match cover {
            Some(few) => self.scarce.insert(ingredient.clone(), few),
            None => self.scarce.remove(ingredient),
        };
    }

    /// How many portions the stock makes, while these are few; the scarcest ingredient decides.
    fn portions(&self) -> Option<i64> {
        self.scarce.values().min().map(|Few(portions)| *portions)
    }

    /// Says what can be had now, if that is something else than what was said last. One that is back leaves an outage.
    fn say(&mut self, outages: &mut Rows<Outage>, at: Time, by: Option<&str>) -> Option<Said> {
        // A block that is past must not come back with an input that is a moment older.
        self.block = self.block.filter(|block| block.holds(at));
        let (cause, until, left) = match self.block {
            Some(block) => (AvailabilityCause::Manual, block.until, Some(0)),
            None => (AvailabilityCause::Count, None, self.portions()),
        };
        let Availability { location, sku, version, .. } = self.shown.clone();
        let now = Availability { location, sku, available: left != Some(0), cause, until, left, version };
        if now == self.shown {
            return None;
        }
        let was_available = std::mem::replace(&mut self.shown, Availability { version: version + 1, ..now }).available;
        match (was_available, self.shown.available) {
            (true, false) => self.out = Some(Out { since: at, cause, version: self.shown.version }),
            (false, true) => {
                self.out.take().map(|out| self.outage(out, at)).into_iter().for_each(|row| outages.put(row))
            }
            (true, true) | (false, false) => {}
        }
        let by = by.map(|by| ("by", json!(by)));
        Some(Said::with("availability.changed", &self.shown, by.as_slice()))
    }

    fn outage(&self, Out { since, cause, version }: Out, ended_at: Time) -> Outage {
        let Availability { location, sku, .. } = self.shown.clone();
        Outage { location, sku, cause, version, started_at: since, ended_at }
    }
}

/// Ingredients cover items better or worse than before; says of each item once what has become of it.
pub(crate) fn follow(state: &mut State, location: &Slug, shifts: &[Shifted], at: Time) -> Vec<Said> {
    let mut touched = BTreeSet::new();
    for Shifted { ingredient, covers, .. } in shifts {
        for (sku, cover) in covers {
            if let Some(item) = state.items.get_mut(&location.key(sku)) {
                item.set_cover(ingredient, *cover);
                touched.insert(sku);
            }
        }
    }
    let State { items, outages, .. } = state;
    touched.into_iter().filter_map(|sku| items.get_mut(&location.key(sku))?.say(outages, at, None)).collect()
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
    let unknown = |portion: &Portion| state.stock.get(&location.key(&portion.ingredient)).is_none();
    let unknown = ingredients.iter().enumerate().filter(|(_, portion)| unknown(portion));
    let unknown = unknown.map(|(index, portion)| {
        FieldError::new(at_ingredient(index), Refusal::UnknownIngredient(portion.ingredient.clone()).to_string())
    });
    let unknown: Vec<FieldError> = unknown.collect();
    if !unknown.is_empty() {
        return Err(Refusal::UnknownIngredients(unknown));
    }
    let before = state.recipes.get(&location.key(sku)).cloned();
    if let Some(same) = before.as_ref().filter(|recipe| recipe.ingredients == *ingredients) {
        return Ok(Decision::nothing().reply(Reply::Recipe(same.clone())));
    }
    let version = before.as_ref().map_or(1, |recipe| recipe.version + 1);
    let recipe = Recipe { location: location.clone(), sku: sku.clone(), ingredients: ingredients.clone(), version };
    let mut events = vec![Said::with("recipe.changed", &recipe, &[("by", json!(input.by))])];
    for portion in before.iter().flat_map(|recipe| &recipe.ingredients) {
        if let Some(stock) = state.stock.get_mut(&location.key(&portion.ingredient)) {
            stock.uses.remove(sku);
        }
    }
    let item = item_mut(&mut state.items, location, sku);
    item.scarce.clear();
    for portion in ingredients {
        if let Some(stock) = state.stock.get_mut(&location.key(&portion.ingredient)) {
            use_for(stock, item, portion);
        }
    }
    events.extend(item.say(&mut state.outages, input.at, None));
    state.recipes.put(recipe.clone());
    Ok(Decision::of(events).reply(Reply::Recipe(recipe)))
}

fn use_for(stock: &mut Stock, item: &mut Item, portion: &Portion) {
    stock.uses.insert(item.shown.sku.clone(), portion.quantity);
    item.set_cover(&portion.ingredient, Few::of(stock.item.available, portion.quantity));
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
    let events = item.say(&mut state.outages, input.at, Some(&input.by)).into_iter().collect();
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
    Decision::of(item.say(&mut state.outages, input.at, Some(&input.by)).into_iter().collect())
}

/// Lifts a manual 86 whose time is past.
pub(crate) fn lapse(state: &mut State, location: &Slug, sku: &Sku, at: Time) -> Decision<Reply> {
    let Some(item) = state.items.get_mut(&location.key(sku)) else { return Decision::nothing() };
    Decision::of(item.say(&mut state.outages, at, None).into_iter().collect())
}

/// The item, made where it is not known yet.
fn item_mut<'a>(items: &'a mut Rows<Item>, location: &Slug, sku: &Sku) -> &'a mut Item {
    let key = location.key(sku);
    if items.get(&key).is_none() {
        items.put(Item::new(location, sku));
    }
    items.get_mut(&key).expect("it was put if it was not there")
}
