//! What the service hears: each event type as a command. The topology binds these types and no others.

use anyhow::{Result, bail};
use shared::contract::{event::Event, kitchen::Ticket, order::Rejection, stock::Reservation};

use crate::domain::{Command, Progress};

/// An error makes the event a dead letter.
pub(crate) fn hear(event: &Event) -> Result<Command> {
    Ok(match event.kind.as_str() {
        "stock.reserved" => Command::Reserved { order: event.data::<Reservation>()?.order_id },
        "stock.rejected" => short(event.data()?),
        "availability.changed" => Command::Availability(event.data()?),
        "pace.changed" => Command::Pace(event.data()?),
        "ticket.cancel_refused" => Command::Ticket(Progress { refused: true, ..progress(&event.data()?) }),
        "ticket.started" | "ticket.ready" | "ticket.served" | "ticket.recalled" | "ticket.voided" => {
            Command::Ticket(progress(&event.data()?))
        }
        other => bail!("{other} is not for this service"),
    })
}

fn short(reservation: Reservation) -> Command {
    let reason = reservation.reason.unwrap_or_else(|| "out_of_stock".into());
    let rejection = Rejection { reason, unavailable: reservation.unavailable };
    Command::Short { order: reservation.order_id, rejection }
}

fn progress(ticket: &Ticket) -> Progress {
    let started = ticket.started_at.is_some();
    Progress { order: ticket.order_id, state: ticket.state, started, refused: false }
}
