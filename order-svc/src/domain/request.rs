//! The shapes of what clients send. A value of these types is valid in itself; whether it fits the menu is decided later.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use shared::contract::{
    language::Language,
    menu::{Allergen, Choice, Diet, Effect, Position},
    order::{Channel, Customer, MenuKind, Mode, OrderType},
    time::{DayStarts, Time, timezone_name},
    types::{Currency, Label, List, Money, Name, Notes, Photo, Price, Quantity, Sku, Slug, Text, null_as_default},
};
use utoipa::ToSchema;

/// A name of the IANA time zone database: `Europe/London`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Timezone(String);

/// What a producer orders.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "location": "soho",
    "lines": [{"sku": "margherita", "quantity": 2, "modifiers": ["extra_mozzarella"], "notes": "well done"}],
    "type": "dine_in",
    "table": "12",
    "allergies": ["nuts"],
}))]
pub struct NewOrder {
    pub location: Slug,
    #[schema(value_type = Vec<NewLine>, min_items = 1, max_items = 100)]
    pub lines: List<NewLine, 1, 100>,
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    pub kind: OrderType,
    #[serde(default)]
    pub table: Option<Label<20>>,
    #[serde(default)]
    pub customer: Option<Customer>,
    /// Its `external_id` serves as a further idempotency key.
    #[serde(default)]
    pub channel: Option<Channel>,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Name>, max_items = 20)]
    pub allergies: List<Name, 0, 20>,
    #[serde(default)]
    pub notes: Option<Notes>,
    /// The order is refused where the menu gives another total.
    #[serde(default)]
    pub expected_total: Option<Money>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewLine {
    /// A dish of the menu.
    pub sku: Sku,
    pub quantity: Quantity,
    /// Each is listed by the dish.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Sku>, max_items = 20)]
    pub modifiers: List<Sku, 0, 20>,
    #[serde(default)]
    pub notes: Option<Notes>,
}

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct CancelOrder {
    #[serde(default)]
    pub reason: Option<Notes>,
}

/// An item of the menu, whole.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct PutItem {
    pub name: Name,
    pub price: Price,
    pub category: Name,
    #[serde(default, deserialize_with = "null_as_default")]
    pub kind: MenuKind,
    /// The modifiers that may be ordered with the dish.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Sku>, max_items = 100)]
    pub modifiers: List<Sku, 0, 100>,
    /// What has to be chosen with the dish.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Choice>, max_items = 20)]
    pub choices: List<Choice, 0, 20>,
    #[serde(default)]
    pub description: Option<Text<500>>,
    #[serde(default)]
    pub photo: Option<Photo>,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Allergen>, max_items = 14)]
    pub allergens: List<Allergen, 0, 14>,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Diet>, max_items = 11)]
    pub diets: List<Diet, 0, 11>,
    /// Where it stands on the menu.
    #[serde(default)]
    pub place: Option<Position>,
    /// What a modifier does to its dish, `add` if nothing is said; not for dishes.
    #[serde(default)]
    pub effect: Option<Effect>,
}

/// A location, whole.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct PutLocation {
    /// If given, the same as in the path.
    #[serde(default)]
    pub location: Option<Slug>,
    pub name: Name,
    pub currency: Currency,
    #[schema(value_type = String, example = "Europe/London")]
    pub timezone: Timezone,
    /// Left out, the mode stays as it is, and its `until` with it; a new location is `open`.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// The mode is `open` again once this is past; only with `paused` and `closed`.
    #[serde(default)]
    pub until: Option<Time>,
    /// When the business day begins, local time.
    #[serde(default, deserialize_with = "null_as_default")]
    pub day_starts: DayStarts,
    /// What the menu is written in.
    #[serde(default)]
    pub language: Option<Language>,
}

impl NewOrder {
    /// The channel's name and its own id of the order.
    pub fn external_id(&self) -> Option<(&str, &str)> {
        let channel = self.channel.as_ref()?;
        Some((&channel.name, channel.external_id.as_deref()?))
    }
}

impl TryFrom<String> for Timezone {
    type Error = String;
    /// As the database spells it, however it was sent.
    fn try_from(name: String) -> Result<Self, String> {
        if let Some(name) = timezone_name(&name) {
            return Ok(Self(name));
        }
        let shown: String = name.chars().take(80).collect();
        Err(format!("{shown:?} is no time zone like Europe/London"))
    }
}

impl Deref for Timezone {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}
