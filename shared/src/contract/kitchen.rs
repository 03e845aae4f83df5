//! What kitchen-svc publishes: tickets, items marked out, stations.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use uuid::Uuid;

use super::{
    Subject,
    order::{Channel, Customer, LineModifier, OrderType},
    types::{Label, Name, Notes, Quantity, Sku, Slug},
};
use crate::contract::time::Time;

/// `open → ready → served`, or `void`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    Open,
    Ready,
    Served,
    Void,
}

/// `queued → cooking → done`, or `void`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    Queued,
    Cooking,
    Done,
    Void,
}

/// One order line on its way through a station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketItem {
    /// Unique within the ticket.
    pub id: String,
    /// The id of the order's line.
    pub line: String,
    pub sku: Sku,
    pub name: Name,
    pub quantity: Quantity,
    #[serde(default)]
    pub modifiers: Vec<LineModifier>,
    #[serde(default)]
    pub notes: Option<Notes>,
    /// The station that cooks it.
    pub station: Slug,
    pub state: ItemState,
}

/// What the kitchen cooks for one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// UUIDv5 of the order's id.
    pub id: Uuid,
    pub order_id: Uuid,
    /// The order's. `null` where it is not known.
    #[serde(default)]
    pub number: Option<i64>,
    pub location: Slug,
    #[serde(rename = "type")]
    pub kind: OrderType,
    #[serde(default)]
    pub table: Option<Label<20>>,
    /// Whose name is called.
    #[serde(default)]
    pub customer: Option<Customer>,
    /// Where the order came from, and what it is called there.
    #[serde(default)]
    pub channel: Option<Channel>,
    pub state: TicketState,
    /// Above 0 for a rush; displays sort by it.
    pub priority: i64,
    pub items: Vec<TicketItem>,
    #[serde(default)]
    pub allergies: Vec<Name>,
    #[serde(default)]
    pub notes: Option<Notes>,
    pub opened_at: Time,
    /// Set once and never cleared.
    #[serde(default)]
    pub started_at: Option<Time>,
    #[serde(default)]
    pub ready_at: Option<Time>,
    #[serde(default)]
    pub served_at: Option<Time>,
    /// When it was brought back last. `null` again once it is served.
    #[serde(default)]
    pub recalled_at: Option<Time>,
    #[serde(default)]
    pub voided_at: Option<Time>,
    #[serde(default)]
    pub acknowledged_at: Option<Time>,
    pub version: i64,
}

/// The cook says an item is out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MarkedOut {
    pub location: Slug,
    pub sku: Sku,
    /// Out until then; `null`: until it is lifted.
    #[serde(default)]
    pub until: Option<Time>,
    pub marked_at: Time,
    pub version: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Station {
    pub id: Slug,
    pub name: Name,
}

/// Sends a sku or a category to a station; exactly one of the two is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Route {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Name>,
    pub station: Slug,
}

/// The stations of a location, and which items go where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stations {
    pub location: Slug,
    pub stations: Vec<Station>,
    /// Where everything goes that no route names.
    pub default: Slug,
    pub routes: Vec<Route>,
    #[serde(default)]
    pub serve_after: ServeAfter,
    pub version: i64,
}

impl Stations {
    pub fn has(&self, station: &Slug) -> bool {
        self.stations.iter().any(|known| known.id == *station)
    }
}

/// A ticket that is ready and that nobody hands over counts as handed over after so many minutes: 1 to 1440.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub struct ServeAfter(u16);

const SERVE_AFTER_MAX: u16 = 24 * 60;

impl ServeAfter {
    pub fn duration(self) -> Duration {
        Duration::from_secs(60 * u64::from(self.0))
    }
}

impl Default for ServeAfter {
    fn default() -> Self {
        Self(60)
    }
}

impl TryFrom<i64> for ServeAfter {
    type Error = String;
    fn try_from(minutes: i64) -> Result<Self, String> {
        match u16::try_from(minutes) {
            Ok(small) if (1..=SERVE_AFTER_MAX).contains(&small) => Ok(Self(small)),
            _ => Err(format!("{minutes} is not from 1 to {SERVE_AFTER_MAX} minutes")),
        }
    }
}

impl From<ServeAfter> for i64 {
    fn from(minutes: ServeAfter) -> i64 {
        i64::from(minutes.0)
    }
}

impl PartialSchema for ServeAfter {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(SERVE_AFTER_MAX))
            .default(Some(i64::from(Self::default()).into()))
            .description(Some("Minutes after which a ticket that is ready counts as handed over"))
            .into()
    }
}

impl ToSchema for ServeAfter {}

impl Subject for Ticket {
    const TABLE: &'static str = "tickets";

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
        Some(self.order_id)
    }
}

impl Subject for MarkedOut {
    const TABLE: &'static str = "marked_out";

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

impl Subject for Stations {
    const TABLE: &'static str = "stations";

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
