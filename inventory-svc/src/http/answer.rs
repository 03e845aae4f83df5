//! What HTTP answers: replies, and refusals as problems that say what to do.

use axum::{
    Json,
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    contract::types::FieldError,
    web::{etag, problem::Problem},
};

use super::body::at_ingredient;
use crate::domain::{Refusal, Reply};

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Stock(item) => versioned(item.version, item),
            Self::Recipe(recipe) => versioned(recipe.version, recipe),
            Self::Availability(availability) => versioned(availability.version, availability),
            Self::Moved { movement, replayed: false } => (StatusCode::CREATED, Json(movement)).into_response(),
            Self::Moved { movement, replayed: true } => {
                let replayed = [(HeaderName::from_static("idempotent-replayed"), "true")];
                (StatusCode::CREATED, replayed, Json(movement)).into_response()
            }
        }
    }
}

/// It, with its version as the `ETag`.
pub(super) fn versioned(version: i64, shown: impl Serialize) -> Response {
    (etag::of_version(version), Json(shown)).into_response()
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::UnknownIngredient(ingredient) => Self::not_found(format!("ingredient {:?} here", &*ingredient)),
            Refusal::UnknownIngredients(unknown) => Self::invalid(
                unknown
                    .into_iter()
                    .map(|(index, ingredient)| FieldError {
                        pointer: at_ingredient(index),
                        detail: format!("there is no ingredient {:?} in stock here", &*ingredient),
                    })
                    .collect(),
            ),
            Refusal::KeyReused => Self::key_reused(),
            Refusal::UnitInUse(unit) => {
                Self::new(StatusCode::CONFLICT, "unit-in-use", "Unit in use", detail).with("unit", unit)
            }
            Refusal::TooMuch => Self::invalid_field("/quantity", detail),
            Refusal::UntilIsPast => Self::invalid_field("/until", detail),
        }
    }
}
