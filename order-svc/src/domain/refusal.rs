//! What the service answers instead of doing what it was asked to.

use std::fmt;

use shared::contract::{
    order::{Mode, OrderStatus, Unavailable},
    time::Time,
    types::{Currency, FieldError, Money, Sku, Slug},
};
use uuid::Uuid;

/// Its text says what to do. An event that is refused is nonsense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The idempotency key came with another body before.
    KeyReused,
    /// The channel's own id came with another body before.
    ExternalIdConflict,
    UnknownLocation(Slug),
    NotAccepting {
        location: Slug,
        mode: Mode,
        resume_at: Option<Time>,
    },
    NotOnMenu {
        location: Slug,
        sku: Sku,
    },
    /// Where in the body a line breaks a choice of its dish.
    InvalidLine(Vec<FieldError>),
    /// Where in the body something stands that is not on the menu.
    UnknownItem(Vec<FieldError>),
    Unavailable(Vec<Unavailable>),
    /// With the menu's names its lines are longer than everybody wants to hear of.
    TooLarge {
        bytes: usize,
        max: usize,
    },
    /// Our total.
    PriceMismatch(Money),
    NotCancellable(OrderStatus),
    UnknownOrder(Uuid),
    /// The currency that the prices on the menu are in.
    CurrencyInUse(Currency),
    /// A pause that would be over before it begins.
    UntilIsPast,
    UnknownKey(Uuid),
    /// Another display waits under a code that begins alike.
    CodeTaken,
    UnknownCode,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyReused => f.write_str("the key was used for another request"),
            Self::ExternalIdConflict => f.write_str("the channel has placed another order under this external_id"),
            Self::UnknownLocation(location) => {
                write!(f, "there is no location {location}; PUT /v1/locations/{{location}} makes one")
            }
            Self::NotAccepting { location, mode, resume_at } => {
                let state = if *mode == Mode::Paused { "paused" } else { "closed" };
                match resume_at {
                    Some(time) => write!(f, "{location} is {state} until {time}"),
                    None => write!(f, "{location} is {state} until further notice"),
                }
            }
            Self::NotOnMenu { location, sku } => write!(f, "there is no {sku} on the menu of {location}"),
            Self::UnknownItem(errors) | Self::InvalidLine(errors) => {
                f.write_str(&listed(errors.iter().map(|error| &*error.detail), "; "))
            }
            Self::Unavailable(out) => write!(f, "sold out: {}", listed(out.iter().map(|out| &*out.sku), ", ")),
            Self::TooLarge { bytes, max } => {
                write!(f, "{bytes} bytes with the names of the menu, expected at most {max}; order in parts")
            }
            Self::PriceMismatch(total) => write!(f, "the menu gives {} {}", total.amount, total.currency),
            Self::NotCancellable(status) => f.write_str(match status {
                OrderStatus::Completed | OrderStatus::Rejected | OrderStatus::Cancelled => "the order has ended",
                OrderStatus::Preparing | OrderStatus::Ready => "the kitchen has begun to cook it",
                OrderStatus::Placed | OrderStatus::Accepted => "the kitchen has refused to cancel it",
            }),
            Self::UnknownOrder(id) => write!(f, "there is no order {id}"),
            Self::CurrencyInUse(currency) => {
                write!(f, "the menu has prices in {currency}; take them off the menu before the currency changes")
            }
            Self::UntilIsPast => f.write_str("is past"),
            Self::UnknownKey(id) => write!(f, "there is no key {id}"),
            Self::CodeTaken => f.write_str("another display waits under a code that begins alike"),
            Self::UnknownCode => f.write_str("no display waits under this code, or not any more; start it again there"),
        }
    }
}

fn listed<'a>(parts: impl Iterator<Item = &'a str>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}
