//! What the feeds say about each order, put together. An order that has ended and on which all agree is let go: what is
//! held is in proportion to the orders that are under way, however long history is.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use serde::Deserialize;
use shared::contract::time::{DayStarts, Time};
use uuid::Uuid;

use super::rules::{Fit, Order, Reservation, Standing, Ticket};
use crate::developer::convergence::Said;

/// Orders of so many business days a location are held against each other: their events may be late by a day.
const DAYS: usize = 3;

/// What a location's business days go by.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Zone {
    pub location: String,
    pub timezone: String,
    pub day_starts: DayStarts,
}

/// A number that two orders of a day have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Twice {
    pub location: String,
    pub day: String,
    pub number: i64,
    pub orders: [Uuid; 2],
}

#[derive(Debug, Default)]
pub(super) struct Orders {
    open: HashMap<Uuid, Standing>,
    zones: HashMap<String, Zone>,
    /// By location and day: who has which number.
    numbers: HashMap<String, BTreeMap<String, HashMap<i64, Uuid>>>,
    pub twice: Vec<Twice>,
    /// How many were placed.
    pub placed: u64,
}

impl Orders {
    /// `zones` are those of today: history may know better.
    pub(super) fn new(zones: Vec<Zone>) -> Self {
        let zones = zones.into_iter().map(|zone| (zone.location.clone(), zone)).collect();
        Self { zones, ..Self::default() }
    }

    pub(super) fn see(&mut self, said: &Said<'_>) -> Result<()> {
        match &*said.kind {
            "location.changed" => self.move_to(said.data()?),
            "stock.reserved" | "stock.rejected" | "stock.released" | "stock.consumed" => {
                let reservation: Reservation = said.data()?;
                let standing = self.at(reservation.order_id, said.time);
                if standing.reservation.as_ref().is_none_or(|known| known.version < reservation.version) {
                    standing.reservation = Some(reservation);
                }
            }
            kind if kind.starts_with("ticket.") => {
                let ticket: Ticket = said.data()?;
                let standing = self.at(ticket.order_id, said.time);
                if standing.ticket.as_ref().is_none_or(|known| known.version < ticket.version) {
                    standing.ticket = Some(ticket);
                }
            }
            kind if kind.starts_with("order.") => {
                let order: Order = said.data()?;
                if kind == "order.placed" {
                    self.placed += 1;
                    self.number(&order);
                }
                let standing = self.at(order.id, said.time);
                if standing.order.as_ref().is_none_or(|known| known.version < order.version) {
                    standing.order = Some(order);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn at(&mut self, order: Uuid, time: Time) -> &mut Standing {
        let standing = self.open.entry(order).or_default();
        standing.latest = standing.latest.max(Some(time));
        standing
    }

    fn move_to(&mut self, zone: Zone) {
        let known = self.zones.insert(zone.location.clone(), zone.clone());
        if known.is_some_and(|known| known != zone) {
            // What came before went by other days, which are not known where today's were taken for them.
            self.numbers.remove(&zone.location);
            self.twice.retain(|twice| twice.location != zone.location);
        }
    }

    fn number(&mut self, order: &Order) {
        let Some(zone) = self.zones.get(&order.location) else { return };
        let day = order.placed_at.business_day(&zone.timezone, zone.day_starts);
        let days = self.numbers.entry(order.location.clone()).or_default();
        let other = days.entry(day.clone()).or_default().insert(order.number, order.id);
        if days.len() > DAYS {
            days.pop_first();
        }
        if let Some(other) = other.filter(|other| *other != order.id) {
            let (location, number) = (order.location.clone(), order.number);
            self.twice.push(Twice { location, day, number, orders: [other, order.id] });
        }
    }

    /// Lets those go that ended before `until` and on which all agree.
    pub(super) fn let_go(&mut self, until: Time) {
        self.open.retain(|_, standing| {
            let is_over = standing.fit(until) == Fit::Ended && standing.latest.is_some_and(|latest| latest < until);
            !is_over
        });
    }

    /// Those on which the services do not agree, though nothing was said about them since `until`; and how many there
    /// are about which something was.
    pub(super) fn unfit(&self, until: Time) -> (Vec<Uuid>, usize) {
        let unfit = self.open.iter().filter(|(_, standing)| standing.fit(until) == Fit::Unfit);
        let (old, young): (Vec<_>, Vec<_>) =
            unfit.partition(|(_, standing)| standing.latest.is_none_or(|latest| latest < until));
        (old.into_iter().map(|(order, _)| *order).collect(), young.len())
    }

    pub(super) fn get(&self, order: Uuid) -> Option<&Standing> {
        self.open.get(&order)
    }

    /// What the services answered about an order of which the feeds do not tell enough.
    pub(super) fn correct(&mut self, order: Uuid, standing: Standing) {
        let latest = self.open.get(&order).and_then(|known| known.latest);
        self.open.insert(order, Standing { latest, ..standing });
    }

    /// What is set aside, by location and ingredient.
    pub(super) fn reserved(&self) -> HashMap<(String, String), i64> {
        let mut reserved = HashMap::new();
        for standing in self.open.values() {
            let Some(reservation) = &standing.reservation else { continue };
            for portion in standing.holds() {
                let key = (reservation.location.clone(), portion.ingredient.to_string());
                *reserved.entry(key).or_default() += portion.quantity;
            }
        }
        reserved
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn placed(orders: &mut Orders, id: u128, number: i64, at: &str) {
        let data = json!({"id": Uuid::from_u128(id), "number": number, "location": "soho", "status": "placed",
            "placed_at": at, "accept_by": at, "version": 1});
        see(orders, "order.placed", &Uuid::from_u128(id).to_string(), &data, at);
    }

    fn see(orders: &mut Orders, kind: &str, subject: &str, data: &serde_json::Value, at: &str) {
        let event = json!({"id": Uuid::from_u128(9), "type": kind, "subject": subject, "time": at, "location": "soho",
            "sequence": 1, "data": data})
        .to_string();
        orders.see(&serde_json::from_str(&event).expect("an event")).expect("it fits");
    }

    fn zone(orders: &mut Orders, day_starts: &str) {
        let data = json!({"location": "soho", "timezone": "Europe/London", "day_starts": day_starts});
        see(orders, "location.changed", "soho", &data, "2026-11-25T12:00:00Z");
    }

    #[test]
    fn a_number_is_given_once_a_day() {
        let mut orders = Orders::default();
        zone(&mut orders, "05:00");
        placed(&mut orders, 1, 12, "2026-11-25T12:00:00Z");
        placed(&mut orders, 2, 12, "2026-11-26T12:00:00Z");
        placed(&mut orders, 3, 13, "2026-11-26T12:00:00Z");
        assert_eq!(orders.twice, []);
        placed(&mut orders, 4, 12, "2026-11-27T04:00:00Z");
        let [twice] = &orders.twice[..] else { panic!("{:?}", orders.twice) };
        assert_eq!((&*twice.day, twice.number, twice.orders), ("2026-11-26", 12, [2, 4].map(Uuid::from_u128)));
    }

    #[test]
    fn days_that_were_guessed_accuse_nobody() {
        let today = Zone { location: "soho".into(), timezone: "UTC".into(), day_starts: DayStarts::default() };
        let mut orders = Orders::new(vec![today]);
        placed(&mut orders, 1, 12, "2026-11-25T06:00:00Z");
        placed(&mut orders, 2, 12, "2026-11-25T08:00:00Z");
        zone(&mut orders, "07:00");
        assert_eq!(orders.twice, []);
    }

    #[test]
    fn what_has_ended_is_let_go_once_it_is_old() {
        let mut orders = Orders::default();
        let at = "2026-11-25T12:00:00Z";
        let data = json!({"id": Uuid::from_u128(1), "number": 1, "location": "soho", "status": "cancelled",
            "placed_at": at, "accept_by": at, "version": 2});
        see(&mut orders, "order.cancelled", "1", &data, at);
        orders.let_go(at.parse().expect("a time"));
        assert_eq!(orders.open.len(), 1);
        orders.let_go("2026-11-25T12:00:01Z".parse().expect("a time"));
        assert_eq!(orders.open.len(), 0);
    }
}
