//! What HTTP answers: replies, and refusals as problems that say what to do.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use shared::web::{etag, extract, problem::Problem};

use crate::domain::{Refusal, Reply};

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Stock(item) => etag::versioned(item.version, item),
            Self::Recipe(recipe) => etag::versioned(recipe.version, recipe),
            Self::Availability(availability) => etag::versioned(availability.version, availability),
            Self::Moved { movement, replayed } => {
                (StatusCode::CREATED, extract::replayed(replayed), Json(movement)).into_response()
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::UnknownIngredient(_) => Self::missing(detail),
            Refusal::UnknownIngredients(errors) => Self::invalid(errors),
            Refusal::KeyReused => Self::key_reused(),
            Refusal::UnitInUse(unit) => {
                Self::new(StatusCode::CONFLICT, "unit-in-use", "Unit in use", detail).with("unit", unit)
            }
            Refusal::TooMuch => Self::invalid_field("/quantity", detail),
            Refusal::UntilIsPast => Self::invalid_field("/until", detail),
        }
    }
}
