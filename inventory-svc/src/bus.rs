//! What the service hears: each event type as a command. The topology binds these types and no others.

use anyhow::{Result, bail};
use shared::contract::{
    event::Event,
    kitchen::{MarkedOut, Ticket},
    order::Order,
};

use crate::domain::{Command, Happened, SetAvailability};

/// An error makes the event a dead letter.
pub(crate) fn hear(event: &Event) -> Result<Command> {
    let of_order = |order: Order, happened| Command::Order { order: order.id, location: order.location, happened };
    Ok(match event.kind.as_str() {
        "order.placed" => {
            let order: Order = event.data()?;
            let (id, location) = (order.id, order.location.clone());
            Command::Order { order: id, location, happened: Happened::Placed(Box::new(order)) }
        }
        "order.cancelled" => of_order(event.data()?, Happened::Cancelled),
        "order.rejected" => of_order(event.data()?, Happened::Rejected),
        "ticket.started" => {
            let ticket: Ticket = event.data()?;
            Command::Order { order: ticket.order_id, location: ticket.location, happened: Happened::Started }
        }
        "item.marked_out" => {
            let MarkedOut { location, sku, until, marked_at, .. } = event.data()?;
            Command::MarkOut { item: SetAvailability { location, sku, available: false, until }, marked_at }
        }
        "key.issued" | "key.revoked" => Command::Key(event.data()?),
        other => bail!("{other} is not for this service"),
    })
}
