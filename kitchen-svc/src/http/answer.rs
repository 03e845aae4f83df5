//! What HTTP answers: replies, and refusals as problems that say what to do.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use shared::web::{etag, problem::Problem};

use crate::domain::{Refusal, Reply};

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Ticket(ticket) => (etag::of_version(ticket.version), Json(ticket)).into_response(),
            Self::MarkedOut(marked) => (etag::of_version(marked.version), Json(marked)).into_response(),
            Self::Stations(stations) => (etag::of_version(stations.version), Json(stations)).into_response(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        let conflict = |name, title, detail: String| Self::new(StatusCode::CONFLICT, name, title, detail);
        match refusal {
            Refusal::UnknownTicket(id) => Self::not_found(format!("ticket {id}")),
            Refusal::UnknownItem(id) => Self::not_found(format!("item {id:?} on this ticket")),
            Refusal::TicketVoid => conflict("ticket-void", "Ticket is void", detail),
            Refusal::TicketState(state) | Refusal::EarlierDay(state) => {
                conflict("ticket-state", "Not in this state", detail).with("state", state)
            }
            Refusal::UntilIsPast => Self::invalid_field("/until", detail),
            Refusal::KeyReused => Self::key_reused(),
        }
    }
}
