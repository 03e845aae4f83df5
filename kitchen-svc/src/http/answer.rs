//! What HTTP answers: replies, and refusals as problems that say what to do.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use shared::web::{etag, extract, problem::Problem};

use crate::domain::{Refusal, Reply};

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Ticket { ticket, replayed } => {
                (extract::replayed(replayed), etag::versioned(ticket.version, ticket)).into_response()
            }
            Self::MarkedOut { marked, replayed } => {
                (extract::replayed(replayed), etag::versioned(marked.version, marked)).into_response()
            }
            Self::Stations(stations) => etag::versioned(stations.version, stations),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        let conflict = |name, title, detail: String| Self::new(StatusCode::CONFLICT, name, title, detail);
        match refusal {
            Refusal::UnknownTicket(_) | Refusal::UnknownItem(_) => Self::missing(detail),
            Refusal::TicketVoid => conflict("ticket-void", "Ticket is void", detail),
            Refusal::TicketState(state) | Refusal::EarlierDay(state) => {
                conflict("ticket-state", "Not in this state", detail).with("state", state)
            }
            Refusal::UntilIsPast => Self::invalid_field("/until", detail),
            Refusal::KeyReused => Self::key_reused(),
        }
    }
}
