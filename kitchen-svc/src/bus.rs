//! What the service hears: each event type as a command. The topology binds these types and no others.

use anyhow::{Result, bail};
use shared::contract::event::Event;

use crate::domain::Command;

/// An error makes the event a dead letter.
pub(crate) fn hear(event: &Event) -> Result<Command> {
    Ok(match event.kind.as_str() {
        "order.accepted" => Command::Open(event.data()?),
        "order.cancel_requested" => Command::Cancel(event.data()?),
        "location.changed" => Command::SetDay(event.data()?),
        "key.issued" | "key.revoked" => Command::Key(event.data()?),
        other => bail!("{other} is not for this service"),
    })
}
