//! What HTTP answers: replies, and refusals as problems that say what to do.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::{
    contract::order::{Order, OrderStatus},
    web::{etag, extract, problem::Problem},
};

use super::locations::Shown;
use crate::domain::{Refusal, Reply};

const CONFLICT: StatusCode = StatusCode::CONFLICT;
const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Placed { order, replayed } => placed(&order, replayed, StatusCode::ACCEPTED),
            Self::Cancelled(order) => etag::versioned(order.version, order),
            Self::CancelRequested(order) => {
                (StatusCode::ACCEPTED, etag::versioned(order.version, order)).into_response()
            }
            Self::Item(item) => (etag::of_view(item.version, &item), Json(item)).into_response(),
            Self::Removed => StatusCode::NO_CONTENT.into_response(),
            Self::Key(key) => etag::versioned(key.version, key),
            // Whoever starts a pairing is answered with what it shows.
            Self::Waiting(_) => StatusCode::NO_CONTENT.into_response(),
            // With what there is to wait: whoever changes a location is shown it as whoever asks for it.
            Self::Location(location) => Shown { location, wait: None }.into_response(),
        }
    }
}

/// 201 tells a client that waited that the order is decided.
pub(super) fn placed(order: &Order, replayed: bool, status: StatusCode) -> Response {
    let location = [(header::LOCATION, format!("/v1/orders/{}", order.id))];
    (status, location, extract::replayed(replayed), etag::versioned(order.version, order)).into_response()
}

pub(super) fn is_decided(order: &Order) -> bool {
    order.status != OrderStatus::Placed
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::KeyReused => Self::key_reused(),
            Refusal::ExternalIdConflict => Self::new(CONFLICT, "external-id-conflict", "External id conflict", detail),
            Refusal::UnknownLocation(_) => {
                Self::new(StatusCode::NOT_FOUND, "unknown-location", "Unknown location", detail)
            }
            Refusal::NotAccepting { mode, resume_at, .. } => {
                Self::new(CONFLICT, "location-not-accepting", "Location not accepting orders", detail)
                    .with("mode", mode)
                    .with("resume_at", resume_at)
            }
            Refusal::UnknownItem(errors) => {
                Self::new(UNPROCESSABLE, "unknown-item", "Unknown item", detail).with("errors", &errors)
            }
            Refusal::NotOnMenu { .. } | Refusal::UnknownOrder(_) | Refusal::UnknownKey(_) | Refusal::UnknownCode => {
                Self::missing(detail)
            }
            Refusal::CodeTaken => Self::unavailable(&detail),
            Refusal::InvalidLine(errors) => {
                Self::new(UNPROCESSABLE, "invalid-line", "Invalid line", detail).with("errors", &errors)
            }
            Refusal::Unavailable(unavailable) => {
                Self::new(CONFLICT, "item-unavailable", "Item unavailable", detail).with("unavailable", &unavailable)
            }
            Refusal::TooLarge { .. } => Self::invalid_field("/lines", detail),
            Refusal::PriceMismatch(total) => {
                Self::new(UNPROCESSABLE, "price-mismatch", "Price mismatch", detail).with("total", &total)
            }
            Refusal::NotCancellable(status) => {
                Self::new(CONFLICT, "not-cancellable", "Not cancellable", detail).with("order_status", status)
            }
            Refusal::CurrencyInUse(currency) => {
                Self::new(CONFLICT, "currency-in-use", "Currency in use", detail).with("currency", currency)
            }
            Refusal::UntilIsPast => Self::invalid_field("/until", detail),
        }
    }
}
