//! What the service answers instead of doing what it was asked to.

use std::fmt;

use shared::contract::kitchen::TicketState;
use uuid::Uuid;

/// Its text says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownTicket(Uuid),
    UnknownItem(String),
    /// Nothing of a void ticket is cooked.
    TicketVoid,
    /// The ticket's state does not allow it.
    TicketState(TicketState),
    /// It was ready or served on an earlier business day.
    EarlierDay(TicketState),
    UntilIsPast,
    KeyReused,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTicket(id) => write!(f, "there is no ticket {id}"),
            Self::UnknownItem(id) => write!(f, "there is no item {id:?} on this ticket"),
            Self::TicketVoid => f.write_str("the order was cancelled; nothing of it is cooked"),
            Self::TicketState(_) => f.write_str("the ticket's state does not allow it; read the ticket again"),
            Self::EarlierDay(_) => f.write_str("only a ticket that was finished today can be recalled"),
            Self::UntilIsPast => f.write_str("is past"),
            Self::KeyReused => f.write_str("the key was used for another request"),
        }
    }
}
