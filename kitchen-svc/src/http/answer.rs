//! What HTTP answers: replies, and refusals as problems that say what to do.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use shared::{http::etag, problem::Problem};

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
        let conflict = |name, title, detail| Self::new(StatusCode::CONFLICT, name, title, detail);
        match refusal {
            Refusal::UnknownTicket(id) => Self::not_found(format!("ticket {id}")),
            Refusal::UnknownItem(id) => Self::not_found(format!("item {id:?} on this ticket")),
            Refusal::TicketVoid => {
                conflict("ticket-void", "Ticket is void", "the order was cancelled; nothing of it is cooked")
            }
            Refusal::TicketState(state) => {
                let detail = "the ticket's state does not allow it; read the ticket again";
                conflict("ticket-state", "Not in this state", detail).with("state", state)
            }
            Refusal::EarlierDay(state) => {
                let detail = "only a ticket that was finished today can be recalled";
                conflict("ticket-state", "Not in this state", detail).with("state", state)
            }
            Refusal::UntilIsPast => Self::invalid_field("/until", "is past"),
            Refusal::KeyReused => Self::key_reused(),
        }
    }
}
