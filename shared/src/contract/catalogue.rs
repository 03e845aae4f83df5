//! Every event of the product: who says it, and what its `data` is. What is said is held to it by the tests, which see each
//! of them on the wire; who hears which is in the topology.

use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};

use super::{
    access::AccessKey,
    kitchen::{MarkedOut, Stations, Ticket},
    order::{Location, MenuItem, Order},
    pace::Pace,
    stock::{self, Availability, Recipe, Reservation, StockItem},
};
use Member::{By, CookedMs, From, Item, Movement, Reason, StoodMs, WaitedMs};

/// The schemas that a type needs, its own first, by their names.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// One event type.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// `order.placed`.
    pub name: &'static str,
    /// Who says it, and nobody else: `order-svc`.
    pub service: &'static str,
    /// The schemas of its subject, which `data` holds whole.
    pub subject: fn() -> Schemas,
    /// Members of `data` beside those of the subject; any of them may be missing.
    pub more: &'static [Member],
}

/// What an event tells of beside its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    By,
    Reason,
    Item,
    From,
    Movement,
    WaitedMs,
    CookedMs,
    StoodMs,
}

const ORDER: &str = "order-svc";
const INVENTORY: &str = "inventory-svc";
const KITCHEN: &str = "kitchen-svc";

/// In the order of their names.
pub const EVENTS: [Kind; 35] = [
    kind::<Availability>("availability.changed", INVENTORY, &[By]),
    kind::<MarkedOut>("item.marked_out", KITCHEN, &[By, Reason]),
    kind::<AccessKey>("key.issued", ORDER, &[]),
    kind::<AccessKey>("key.revoked", ORDER, &[]),
    kind::<Location>("location.changed", ORDER, &[By]),
    kind::<MenuItem>("menu.changed", ORDER, &[By]),
    kind::<Order>("order.accepted", ORDER, &[]),
    kind::<Order>("order.cancel_denied", ORDER, &[]),
    kind::<Order>("order.cancel_requested", ORDER, &[By, Reason]),
    kind::<Order>("order.cancelled", ORDER, &[By, Reason]),
    kind::<Order>("order.completed", ORDER, &[]),
    kind::<Order>("order.placed", ORDER, &[]),
    kind::<Order>("order.preparing", ORDER, &[]),
    kind::<Order>("order.ready", ORDER, &[]),
    kind::<Order>("order.rejected", ORDER, &[Reason]),
    kind::<Pace>("pace.changed", KITCHEN, &[]),
    kind::<Recipe>("recipe.changed", INVENTORY, &[By]),
    kind::<Stations>("stations.changed", KITCHEN, &[By]),
    kind::<StockItem>("stock.changed", INVENTORY, &[By]),
    kind::<Reservation>("stock.consumed", INVENTORY, &[]),
    kind::<StockItem>("stock.low", INVENTORY, &[]),
    kind::<StockItem>("stock.moved", INVENTORY, &[By, Movement]),
    kind::<Reservation>("stock.rejected", INVENTORY, &[]),
    kind::<Reservation>("stock.released", INVENTORY, &[]),
    kind::<Reservation>("stock.reserved", INVENTORY, &[]),
    kind::<Ticket>("ticket.cancel_refused", KITCHEN, &[By, Reason]),
    kind::<Ticket>("ticket.changed", KITCHEN, &[By, From, Item, Reason]),
    kind::<Ticket>("ticket.item_done", KITCHEN, &[By, Item]),
    kind::<Ticket>("ticket.opened", KITCHEN, &[By]),
    kind::<Ticket>("ticket.ready", KITCHEN, &[By, CookedMs]),
    kind::<Ticket>("ticket.recalled", KITCHEN, &[By, Item]),
    kind::<Ticket>("ticket.served", KITCHEN, &[By, StoodMs]),
    kind::<Ticket>("ticket.started", KITCHEN, &[By, WaitedMs]),
    kind::<Ticket>("ticket.voided", KITCHEN, &[By, Reason]),
    kind::<Pace>("wait.changed", ORDER, &[]),
];

/// What is known of an event type.
pub fn find(name: &str) -> Option<&'static Kind> {
    EVENTS.iter().find(|kind| kind.name == name)
}

const fn kind<T: ToSchema>(name: &'static str, service: &'static str, more: &'static [Member]) -> Kind {
    Kind { name, service, subject: schemas::<T>, more }
}

/// The schemas of a type and of all that it holds.
pub fn schemas<T: ToSchema>() -> Schemas {
    let mut all = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut all);
    all
}

impl Member {
    pub fn name(self) -> &'static str {
        match self {
            By => "by",
            Reason => "reason",
            Item => "item",
            From => "from",
            Movement => "movement",
            WaitedMs => "waited_ms",
            CookedMs => "cooked_ms",
            StoodMs => "stood_ms",
        }
    }

    /// Its JSON Schema.
    pub fn schema(self) -> Value {
        let milliseconds = |of| json!({"type": ["integer", "null"], "minimum": 0, "description": of});
        match self {
            By => json!({"type": ["string", "null"], "description": "Who did it, where it was somebody."}),
            Reason => json!({"type": ["string", "null"], "description": "Why, where that was said."}),
            Item => json!({"type": "string", "description": "The id of the item of the ticket."}),
            From => {
                json!({"type": "array", "items": {"type": "string"}, "description": "The stations that it has left."})
            }
            Movement => json!({"$ref": "#/components/schemas/Movement"}),
            WaitedMs => milliseconds("Milliseconds from opened to started."),
            CookedMs => milliseconds("Milliseconds from started to ready."),
            StoodMs => milliseconds("Milliseconds from ready to served."),
        }
    }

    /// The schemas that its own refers to.
    pub fn schemas(self) -> Schemas {
        if self == Movement { schemas::<stock::Movement>() } else { Schemas::new() }
    }
}
