//! What inventory-svc publishes: reservations, stock, movements, recipes, availability.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Subject,
    order::Unavailable,
    types::{Name, Notes, Price, Quantity, Sku, Slug},
};
use crate::contract::time::Time;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReservationStatus {
    Reserved,
    Rejected,
    Released,
    Consumed,
}

/// A quantity of an ingredient in its base unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Portion {
    pub ingredient: Slug,
    #[schema(minimum = 1)]
    pub quantity: i64,
}

/// One line of the order, as inventory saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReservedLine {
    /// The id of the order's line.
    pub line: String,
    pub sku: Sku,
    pub quantity: Quantity,
}

/// What was set aside for an order: all of it or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reservation {
    pub order_id: Uuid,
    pub location: Slug,
    pub status: ReservationStatus,
    pub lines: Vec<ReservedLine>,
    /// What the reservation holds or held; a recipe edited later changes nothing here.
    pub ingredients: Vec<Portion>,
    /// Every short line of a rejection.
    #[serde(default)]
    pub unavailable: Vec<Unavailable>,
    /// Of a rejection or a release: `out_of_stock`, `timed_out`, `order_cancelled`, `order_rejected`.
    #[serde(default)]
    pub reason: Option<String>,
    pub version: i64,
    pub updated_at: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    #[serde(rename = "g")]
    Gram,
    #[serde(rename = "ml")]
    Millilitre,
    Each,
}

/// An ingredient at a location, in whole base units. `available` = `on_hand` − `reserved`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StockItem {
    pub location: Slug,
    pub ingredient: Slug,
    pub name: Name,
    pub unit: Unit,
    /// May be negative after a count or waste; never clamped.
    pub on_hand: i64,
    pub reserved: i64,
    pub available: i64,
    #[serde(default)]
    pub reorder_point: Option<i64>,
    /// `available` is at or below `reorder_point`.
    pub low: bool,
    /// What one base unit costs, in minor units.
    #[serde(default)]
    pub unit_cost: Option<Price>,
    pub version: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    Receive,
    /// An absolute quantity: what is there now.
    Count,
    Waste,
    /// The kitchen started an order.
    Consume,
}

/// One entry of the ledger. The deltas of an ingredient add up to its `on_hand`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Movement {
    pub id: Uuid,
    pub location: Slug,
    pub ingredient: Slug,
    pub kind: MovementKind,
    /// As it was given: received, counted, wasted or consumed, in base units.
    pub quantity: i64,
    /// What it changed `on_hand` by.
    pub delta: i64,
    /// `on_hand` after it.
    pub on_hand: i64,
    #[serde(default)]
    pub reason: Option<Notes>,
    /// The command or event that caused it; one movement of an ingredient per cause.
    pub cause: Uuid,
    #[serde(default)]
    pub order_id: Option<Uuid>,
    pub at: Time,
}

/// What one portion of a dish or modifier takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recipe {
    pub location: Slug,
    pub sku: Sku,
    pub ingredients: Vec<Portion>,
    pub version: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AvailabilityCause {
    /// The stock says so.
    Count,
    /// Somebody said so.
    Manual,
}

/// Whether an item can be had, and how often while that is not often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Availability {
    pub location: Slug,
    pub sku: Sku,
    pub available: bool,
    pub cause: AvailabilityCause,
    /// Unavailable until then; `null`: until it is lifted or restocked.
    #[serde(default)]
    pub until: Option<Time>,
    /// How many portions can be had, while these are five or fewer.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 5)]
    pub left: Option<i64>,
    pub version: i64,
}

impl Subject for Reservation {
    const TABLE: &'static str = "reservations";

    fn subject(&self) -> String {
        self.order_id.to_string()
    }
    fn location(&self) -> &Slug {
        &self.location
    }
    fn sequence(&self) -> i64 {
        self.version
    }
    fn correlation(&self) -> Option<Uuid> {
        Some(self.order_id)
    }
}

impl Subject for StockItem {
    const TABLE: &'static str = "stock";

    fn subject(&self) -> String {
        self.location.key(&self.ingredient)
    }
    fn location(&self) -> &Slug {
        &self.location
    }
    fn sequence(&self) -> i64 {
        self.version
    }
}

impl Subject for Recipe {
    const TABLE: &'static str = "recipes";

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

impl Subject for Availability {
    const TABLE: &'static str = "availabilities";

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
