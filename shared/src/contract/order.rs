//! What order-svc publishes: orders, menu items, locations.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Subject,
    language::Language,
    menu::{Allergen, Choice, Diet, Effect, Position},
    stock::AvailabilityCause,
    types::{Currency, Label, Money, Name, Notes, Photo, Price, Quantity, Sku, Slug, Text},
};
use crate::contract::time::{DayStarts, Time};

/// `placed → accepted → preparing → ready → completed`, or an end: `rejected`, `cancelled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    Placed,
    Accepted,
    Preparing,
    Ready,
    Completed,
    Rejected,
    Cancelled,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderType {
    #[default]
    Pickup,
    DineIn,
    Delivery,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Customer {
    pub name: Name,
}

/// Where the order came from: `{name: "web"}`, or an aggregator with its own id of the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    pub name: Label<50>,
    #[serde(default)]
    pub external_id: Option<Label<255>>,
}

/// A modifier as it was priced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineModifier {
    pub sku: Sku,
    pub name: Name,
    pub price: Price,
    #[serde(default)]
    pub effect: Effect,
}

/// One line of an order. `total` = quantity × (unit price + modifiers), in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Line {
    /// Unique within the order: `"1"`, `"2"` …
    pub id: String,
    pub sku: Sku,
    pub name: Name,
    pub category: Name,
    pub quantity: Quantity,
    pub unit_price: Price,
    #[serde(default)]
    pub modifiers: Vec<LineModifier>,
    #[serde(default)]
    pub notes: Option<Notes>,
    pub total: i64,
}

/// A line that could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unavailable {
    /// The id of the order's line.
    pub line: String,
    /// What is short: the dish or the modifier.
    pub sku: Sku,
}

/// Why an order was rejected: `out_of_stock`, `timed_out`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rejection {
    pub reason: String,
    #[serde(default)]
    pub unavailable: Vec<Unavailable>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancellationStatus {
    #[default]
    None,
    Requested,
    Accepted,
    Denied,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cancellation {
    pub status: CancellationStatus,
    #[serde(default)]
    pub reason: Option<Notes>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Order {
    pub id: Uuid,
    /// For people: short, unique per location and business day.
    pub number: i64,
    pub location: Slug,
    pub status: OrderStatus,
    /// Counts the changes from 1; the `ETag`, and the `sequence` of the order's events.
    pub version: i64,
    #[serde(rename = "type")]
    pub kind: OrderType,
    #[serde(default)]
    pub table: Option<Label<20>>,
    #[serde(default)]
    pub customer: Option<Customer>,
    #[serde(default)]
    pub channel: Option<Channel>,
    pub lines: Vec<Line>,
    pub total: Money,
    #[serde(default)]
    pub allergies: Vec<Name>,
    #[serde(default)]
    pub notes: Option<Notes>,
    #[serde(default)]
    pub rejection: Option<Rejection>,
    #[serde(default)]
    pub cancellation: Cancellation,
    /// Who placed it; left out where nobody had to say who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(default = json!(null))]
    pub placed_by: Option<String>,
    pub placed_at: Time,
    /// An order that is not decided by then is rejected.
    pub accept_by: Time,
    /// When it is ready at the latest, as it was reckoned when it was placed; left out where nobody could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(default = json!(null))]
    pub expected_at: Option<Time>,
    pub updated_at: Time,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MenuKind {
    #[default]
    Dish,
    Modifier,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MenuItem {
    pub location: Slug,
    pub sku: Sku,
    pub name: Name,
    pub kind: MenuKind,
    pub category: Name,
    pub price: Price,
    /// The modifiers that may be ordered with the dish.
    #[serde(default)]
    pub modifiers: Vec<Sku>,
    /// What has to be chosen with the dish.
    #[serde(default)]
    pub choices: Vec<Choice>,
    #[serde(default)]
    pub description: Option<Text<500>>,
    #[serde(default)]
    pub photo: Option<Photo>,
    #[serde(default)]
    pub allergens: Vec<Allergen>,
    #[serde(default)]
    pub diets: Vec<Diet>,
    /// Where it stands on the menu.
    #[serde(default)]
    pub place: Option<Position>,
    /// What the modifier does to its dish; `null` for a dish.
    #[serde(default)]
    pub effect: Option<Effect>,
    pub available: bool,
    /// Why it is unavailable. Only a `manual` one refuses orders; else the count decides each.
    #[serde(default)]
    pub cause: Option<AvailabilityCause>,
    /// Unavailable until then; `null`: until it is lifted.
    #[serde(default)]
    pub until: Option<Time>,
    /// How many portions can be had, while these are five or fewer.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 5)]
    pub left: Option<i64>,
    /// It was taken off the menu: said once, never listed.
    #[serde(default, skip_serializing_if = "is_false")]
    #[schema(default = false)]
    pub removed: bool,
    pub version: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// How guests pay, for each way to order, in the words of the restaurant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payment {
    #[serde(default)]
    pub pickup: Option<Text<200>>,
    #[serde(default)]
    pub dine_in: Option<Text<200>>,
    #[serde(default)]
    pub delivery: Option<Text<200>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Open,
    Paused,
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Location {
    pub location: Slug,
    pub name: Name,
    pub currency: Currency,
    /// A name of the IANA time zone database: `Europe/London`.
    pub timezone: String,
    pub mode: Mode,
    /// The mode is `open` again, and nothing is busy any more, once this is past.
    #[serde(default)]
    pub until: Option<Time>,
    /// While it is open: so much longer than usual the kitchen takes.
    #[serde(default)]
    pub busy_minutes: Option<i64>,
    /// When the business day begins, local time.
    #[serde(default)]
    pub day_starts: DayStarts,
    /// What the menu is written in.
    #[serde(default)]
    pub language: Option<Language>,
    /// How guests pay; left out where nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(default = json!(null))]
    pub payment: Option<Payment>,
    pub version: i64,
}

impl Subject for Order {
    const TABLE: &'static str = "orders";

    fn subject(&self) -> String {
        self.id.to_string()
    }
    fn location(&self) -> &Slug {
        &self.location
    }
    fn sequence(&self) -> i64 {
        self.version
    }
    fn correlation(&self) -> Option<Uuid> {
        Some(self.id)
    }
}

impl Subject for MenuItem {
    const TABLE: &'static str = "menu_items";

    fn subject(&self) -> String {
        self.location.key(&self.sku)
    }
    fn location(&self) -> &Slug {
        &self.location
    }
    fn sequence(&self) -> i64 {
        self.version
    }
}

impl Subject for Location {
    const TABLE: &'static str = "locations";

    fn subject(&self) -> String {
        self.location.to_string()
    }
    fn location(&self) -> &Slug {
        &self.location
    }
    fn sequence(&self) -> i64 {
        self.version
    }
}
