//! What the restaurant lives on: orders, why some were rejected, and what is taken in money.

use serde::Deserialize;
use shared::{
    contract::{
        event::Event,
        order::Rejection,
        types::{Money, Slug},
    },
    engine::measure::{bounded, count},
};

/// Of an order as far as it is counted.
#[derive(Debug, Deserialize)]
struct Counted {
    location: Slug,
    total: Money,
    rejection: Option<Rejection>,
}

/// What was never counted is there from the start, so that its first time is seen.
pub(crate) fn prepare() {
    for reason in ["out_of_stock", "timed_out"] {
        count("comanda_orders_rejected_total", &[("reason", reason.into())], 0);
    }
}

/// Whatever else an event says is counted by its type.
pub(crate) fn said(event: &Event) {
    if !matches!(event.kind.as_str(), "order.placed" | "order.rejected" | "order.completed") {
        return;
    }
    let Ok(order) = event.data::<Counted>() else { return };
    let location = ("location", bounded("location", &order.location));
    match (event.kind.as_str(), order.rejection) {
        ("order.placed", _) => count("comanda_orders_total", &[location], 1),
        ("order.rejected", Some(rejection)) => {
            count("comanda_orders_rejected_total", &[("reason", bounded("reason", &rejection.reason))], 1);
        }
        ("order.completed", _) => {
            let currency = ("currency", bounded("currency", &order.total.currency.to_string()));
            let amount = u64::try_from(order.total.amount).unwrap_or(0);
            count("comanda_revenue_minor_units_total", &[location, currency], amount);
        }
        _ => {}
    }
}
