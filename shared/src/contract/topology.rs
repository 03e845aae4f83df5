//! Who hears what: part of the contract, declared whole and identically by every service, so that whichever
//! starts first publishes to queues that exist.

/// The topic exchange that everything is published to.
pub const EXCHANGE: &str = "comanda.events";
/// The stream of everything that was ever published.
pub const STREAM: &str = "comanda.log";
/// The stream that holds nothing but the broker's id: one that was made anew has another.
pub const IDENTITY: &str = "comanda.identity";
/// The topic exchange for messages that the broker gave up delivering, under the name of their service, and for those
/// that go into one queue alone, under its name. Whoever may use what is called after us needs no other permission.
pub const DEAD_EXCHANGE: &str = "comanda.dead";

/// Which event types each service takes in. Each service's `bus.rs` reads these and no others.
pub const LISTENERS: [(&str, &[&str]); 3] = [
    (
        "order-svc",
        &[
            "stock.reserved",
            "stock.rejected",
            "availability.changed",
            "ticket.started",
            "ticket.ready",
            "ticket.served",
            "ticket.recalled",
            "ticket.voided",
            "ticket.cancel_refused",
            "pace.changed",
        ],
    ),
    (
        "inventory-svc",
        &[
            "order.placed",
            "order.rejected",
            "order.cancelled",
            "ticket.started",
            "item.marked_out",
            "key.issued",
            "key.revoked",
        ],
    ),
    ("kitchen-svc", &["order.accepted", "order.cancel_requested", "location.changed", "key.issued", "key.revoked"]),
];

/// The queue of a service.
pub fn inbox(service: &str) -> String {
    format!("{service}.inbox")
}

/// Where the broker puts what it gave up delivering to a service.
pub fn dead(service: &str) -> String {
    format!("{service}.dead")
}

/// The binding of an event type: any location.
pub fn pattern(kind: &str) -> String {
    format!("{kind}.*")
}

/// The event types that a service takes in; none for one that is not known.
pub fn listens(service: &str) -> &'static [&'static str] {
    LISTENERS.iter().find(|(name, _)| *name == service).map_or(&[], |(_, kinds)| kinds)
}

/// The name of a service that listens, if it is one.
pub fn listener(service: &str) -> Option<&'static str> {
    LISTENERS.iter().find(|(name, _)| *name == service).map(|(name, _)| *name)
}

/// Whether a service takes in what is published under `key`: by its type, or because it goes to this service alone.
pub fn hears(service: &str, key: &str) -> bool {
    let kind = key.rsplit_once('.').map_or(key, |(kind, _)| kind);
    listens(service).contains(&kind) || key == inbox(service)
}
