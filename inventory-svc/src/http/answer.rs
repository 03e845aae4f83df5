//! What HTTP answers: replies, and refusals as problems that say what to do.

use axum::{
    Json,
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
};
use shared::problem::{FieldError, Problem};

use super::body::at_ingredient;
use crate::domain::{Refusal, Reply};

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Stock(item) => Json(item).into_response(),
            Self::Recipe(recipe) => Json(recipe).into_response(),
            Self::Availability(availability) => Json(availability).into_response(),
            Self::Moved { movement, replayed: false } => (StatusCode::CREATED, Json(movement)).into_response(),
            Self::Moved { movement, replayed: true } => {
                let replayed = [(HeaderName::from_static("idempotent-replayed"), "true")];
                (StatusCode::CREATED, replayed, Json(movement)).into_response()
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownIngredient(ingredient) => Self::not_found(format!("ingredient {:?} here", &*ingredient)),
            Refusal::UnknownIngredients(unknown) => Self::invalid(
                unknown
                    .into_iter()
                    .map(|(place, ingredient)| FieldError {
                        pointer: at_ingredient(place),
                        detail: format!("there is no ingredient {:?} in stock here", &*ingredient),
                    })
                    .collect(),
            ),
            Refusal::KeyReused => Self::key_reused(),
            Refusal::UnitInUse(unit) => {
                let detail = "the ledger or a recipe has quantities in the present unit; make another ingredient";
                Self::new(StatusCode::CONFLICT, "unit-in-use", "Unit in use", detail).with("unit", unit)
            }
            Refusal::TooMuch => Self::invalid_field("/quantity", "on_hand would leave the range of ±10¹⁵"),
            Refusal::UntilIsPast => Self::invalid_field("/until", "is past"),
        }
    }
}
