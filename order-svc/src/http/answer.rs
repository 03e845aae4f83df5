//! Refusals as problems: what a person reads, and what a program needs to act.

use axum::http::StatusCode;
use shared::{
    contract::order::{Mode, OrderStatus},
    problem::Problem,
};

use crate::domain::Refusal;

const CONFLICT: StatusCode = StatusCode::CONFLICT;
const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::KeyReused => Self::key_reused(),
            Refusal::ExternalIdConflict => {
                let detail = "the channel has placed another order under this external_id";
                Self::new(CONFLICT, "external-id-conflict", "External id conflict", detail)
            }
            Refusal::UnknownLocation(location) => Self::unknown_location(&location),
            Refusal::NotAccepting { location, mode, resume_at } => {
                let state = if mode == Mode::Paused { "paused" } else { "closed" };
                let detail = match resume_at {
                    Some(time) => format!("{location} is {state} until {time}"),
                    None => format!("{location} is {state} until further notice"),
                };
                Self::new(CONFLICT, "location-not-accepting", "Location not accepting orders", detail)
                    .with("mode", mode)
                    .with("resume_at", resume_at)
            }
            Refusal::UnknownItem(errors) => {
                let details: Vec<&str> = errors.iter().map(|error| error.detail.as_str()).collect();
                Self::new(UNPROCESSABLE, "unknown-item", "Unknown item", details.join("; ")).with("errors", &errors)
            }
            Refusal::Unavailable(unavailable) => {
                let skus: Vec<&str> = unavailable.iter().map(|out| &*out.sku).collect();
                let detail = format!("sold out: {}", skus.join(", "));
                Self::new(CONFLICT, "item-unavailable", "Item unavailable", detail).with("unavailable", &unavailable)
            }
            Refusal::PriceMismatch(total) => {
                let detail = format!("the menu gives {} {}", total.amount, total.currency);
                Self::new(UNPROCESSABLE, "price-mismatch", "Price mismatch", detail).with("total", &total)
            }
            Refusal::NotCancellable(status) => {
                let detail = match status {
                    OrderStatus::Completed | OrderStatus::Rejected | OrderStatus::Cancelled => "the order has ended",
                    OrderStatus::Preparing | OrderStatus::Ready => "the kitchen has begun to cook it",
                    OrderStatus::Placed | OrderStatus::Accepted => "the kitchen has refused to cancel it",
                };
                Self::new(CONFLICT, "not-cancellable", "Not cancellable", detail).with("order_status", status)
            }
            Refusal::UnknownOrder(id) => Self::not_found(format!("order {id}")),
            Refusal::UntilIsPast => Self::invalid_field("/until", "is past"),
        }
    }
}
