//! The bodies of requests. All but what their fields say together is valid in itself; `wrong` says that. Whether it fits
//! what is in stock is decided later.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use shared::contract::{
    stock::{Portion, Unit},
    time::Time,
    types::{FieldError, List, Name, Notes, Price, Slug},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use super::Entered;

const BILLION: i64 = 1_000_000_000;

/// A whole number from `MIN` to 10⁹ base units.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub struct Amount<const MIN: i64>(i64);

impl<const MIN: i64> TryFrom<i64> for Amount<MIN> {
    type Error = String;
    fn try_from(number: i64) -> Result<Self, String> {
        if (MIN..=BILLION).contains(&number) {
            return Ok(Self(number));
        }
        Err(format!("{number} is not from {MIN} to {BILLION}"))
    }
}

impl<const MIN: i64> From<Amount<MIN>> for i64 {
    fn from(amount: Amount<MIN>) -> i64 {
        amount.0
    }
}

impl<const MIN: i64> PartialSchema for Amount<MIN> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(MIN)).maximum(Some(BILLION)).into()
    }
}

impl<const MIN: i64> ToSchema for Amount<MIN> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("AmountFrom{MIN}").into()
    }
}

/// An ingredient. What is left out is cleared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = StockBody)]
pub struct StockRequest {
    pub name: Name,
    pub unit: Unit,
    /// Low at or below this many available base units.
    #[serde(default)]
    pub reorder_point: Option<Amount<0>>,
    /// What one base unit costs, in minor units.
    #[serde(default)]
    pub unit_cost: Option<Price>,
}

/// An entry into the ledger, in base units; only a count may be 0.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = MovementBody)]
pub struct MovementRequest {
    pub kind: Entered,
    pub quantity: Amount<0>,
    #[serde(default)]
    pub reason: Option<Notes>,
}

impl MovementRequest {
    /// All that is wrong with it.
    pub fn wrong(&self) -> Vec<FieldError> {
        let is_nothing = self.quantity.0 == 0 && self.kind != Entered::Count;
        let wrong = || FieldError::new("/quantity", format!("0 is not from 1 to {BILLION}"));
        is_nothing.then(wrong).into_iter().collect()
    }
}

/// What a portion takes of an ingredient, in base units.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = PortionBody)]
pub struct PortionRequest {
    pub ingredient: Slug,
    pub quantity: Amount<1>,
}

/// What a portion takes, each ingredient once. An empty list makes the item untracked: always available.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = RecipeBody)]
pub struct RecipeRequest {
    #[schema(value_type = Vec<PortionRequest>, max_items = 100)]
    pub ingredients: List<PortionRequest, 0, 100>,
}

impl RecipeRequest {
    /// All that is wrong with it.
    pub fn wrong(&self) -> Vec<FieldError> {
        let mut seen = BTreeSet::new();
        let again = self.ingredients.iter().enumerate().filter(|(_, portion)| !seen.insert(&portion.ingredient));
        again.map(|(index, _)| FieldError::new(at_ingredient(index), "is listed twice")).collect()
    }

    pub fn portions(self) -> Vec<Portion> {
        let portion = |PortionRequest { ingredient, quantity }| Portion { ingredient, quantity: quantity.0 };
        Vec::from(self.ingredients).into_iter().map(portion).collect()
    }
}

/// Where the recipe names it.
pub(super) fn at_ingredient(index: usize) -> String {
    format!("/ingredients/{index}/ingredient")
}

/// `until` only with `available: false`: then it is over by itself.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = AvailabilityBody)]
pub struct AvailabilityRequest {
    pub available: bool,
    #[serde(default)]
    pub until: Option<Time>,
}

impl AvailabilityRequest {
    /// All that is wrong with it.
    pub fn wrong(&self) -> Vec<FieldError> {
        let is_over_by_itself = self.available && self.until.is_some();
        is_over_by_itself.then(|| FieldError::new("/until", "goes only with available false")).into_iter().collect()
    }
}
