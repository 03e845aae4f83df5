//! What a menu says of its items beside name and price.

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use super::types::{List, Name, Sku};

/// What a modifier does to its dish: nobody guesses it from its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    #[default]
    Add,
    Remove,
    Change,
}

/// The fourteen substances that Regulation (EU) 1169/2011, annex II, wants to be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Allergen {
    /// Cereals that contain gluten.
    Gluten,
    Crustaceans,
    Eggs,
    Fish,
    Peanuts,
    Soybeans,
    Milk,
    /// Tree nuts.
    Nuts,
    Celery,
    Mustard,
    Sesame,
    /// Sulphur dioxide and sulphites.
    Sulphites,
    Lupin,
    Molluscs,
}

/// A diet that the item suits, as schema.org's `RestrictedDiet` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Diet {
    Diabetic,
    GlutenFree,
    Halal,
    Hindu,
    Kosher,
    LowCalorie,
    LowFat,
    LowLactose,
    LowSalt,
    Vegan,
    Vegetarian,
}

/// What has to be chosen with a dish: from `min` to `max` of the modifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Choice {
    pub name: Name,
    #[schema(minimum = 0, maximum = 20)]
    pub min: i64,
    #[schema(minimum = 1, maximum = 20)]
    pub max: i64,
    #[schema(value_type = Vec<Sku>, min_items = 1, max_items = 100)]
    pub modifiers: List<Sku, 1, 100>,
}

/// Where an item stands on the menu: lower ones first, those without behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub struct Position(u16);

const POSITION_MAX: i64 = 9_999;

impl TryFrom<i64> for Position {
    type Error = String;
    fn try_from(number: i64) -> Result<Self, String> {
        match u16::try_from(number) {
            Ok(small) if number <= POSITION_MAX => Ok(Self(small)),
            _ => Err(format!("{number} is not from 0 to {POSITION_MAX}")),
        }
    }
}

impl From<Position> for i64 {
    fn from(position: Position) -> Self {
        i64::from(position.0)
    }
}

impl PartialSchema for Position {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(POSITION_MAX)).into()
    }
}

impl ToSchema for Position {}
