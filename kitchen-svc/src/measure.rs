//! How long the stations cook.

use std::{collections::BTreeSet, time::Duration};

use serde::Deserialize;
use shared::{
    contract::{event::Event, kitchen::TicketItem, types::Slug},
    engine::measure::{bounded, took},
};

/// Of `ticket.ready` as far as it is measured.
#[derive(Debug, Deserialize)]
struct Ready {
    items: Vec<TicketItem>,
    /// From started to ready.
    cooked_ms: Option<u64>,
}

/// Counts a ticket for each station that had a part in it.
pub(crate) fn said(event: &Event) {
    if event.kind != "ticket.ready" {
        return;
    }
    let Ok(Ready { items, cooked_ms: Some(cooked_ms) }) = event.data::<Ready>() else { return };
    let stations: BTreeSet<Slug> = items.into_iter().map(|item| item.station).collect();
    for station in stations {
        let labels = [("station", bounded("station", &station))];
        took("comanda_preparation_seconds", &labels, Duration::from_millis(cooked_ms));
    }
}
