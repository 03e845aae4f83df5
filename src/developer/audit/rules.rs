//! Which states of an order, its reservation and its ticket fit together once everybody has heard of everything.

use serde::Deserialize;
use shared::contract::{
    kitchen::TicketState,
    order::OrderStatus,
    stock::{Portion, ReservationStatus},
    time::Time,
};
use uuid::Uuid;

/// What is known of an order. As services show it and as events hold it, without the rest.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub order: Option<Order>,
    pub reservation: Option<Reservation>,
    pub ticket: Option<Ticket>,
    /// When the last of it was said.
    pub latest: Option<Time>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Order {
    pub id: Uuid,
    pub number: i64,
    pub location: String,
    pub status: OrderStatus,
    pub placed_at: Time,
    pub accept_by: Time,
    pub version: i64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Reservation {
    pub order_id: Uuid,
    pub location: String,
    pub status: ReservationStatus,
    pub ingredients: Vec<Portion>,
    pub version: i64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Ticket {
    pub order_id: Uuid,
    pub state: TicketState,
    #[serde(default)]
    pub started_at: Option<Time>,
    pub version: i64,
}

/// How the three stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// Nothing more is to come, unless a cook takes it up again.
    Ended,
    Fits,
    Unfit,
}

impl Standing {
    /// `now` tells whether the order should have been decided by then.
    pub(super) fn fit(&self, now: Time) -> Fit {
        use {OrderStatus as O, ReservationStatus as R, TicketState as T};
        let Some(order) = &self.order else { return Fit::Unfit };
        let reservation = self.reservation.as_ref().map(|reservation| reservation.status);
        let ticket = self.ticket.as_ref().map(|ticket| ticket.state);
        let started = self.ticket.as_ref().is_some_and(|ticket| ticket.started_at.is_some());
        // An order of untracked items sets nothing aside, and nobody hears that it is given back.
        let holds = self.holds().next().is_some();
        let given_back = !holds && reservation != Some(R::Consumed);
        let fits = match order.status {
            O::Placed => reservation.is_none() && ticket.is_none() && now <= order.accept_by,
            O::Accepted => (reservation, ticket, started) == (Some(R::Reserved), Some(T::Open), false),
            O::Preparing => (reservation, ticket, started) == (Some(R::Consumed), Some(T::Open), true),
            O::Ready => (reservation, ticket) == (Some(R::Consumed), Some(T::Ready)),
            // A recall after it concerns the ticket alone.
            O::Completed => reservation == Some(R::Consumed) && ticket.is_some_and(|ticket| ticket != T::Void),
            O::Rejected => given_back && ticket.is_none(),
            O::Cancelled => given_back && matches!(ticket, None | Some(T::Void)),
        };
        match order.status {
            O::Completed | O::Rejected | O::Cancelled if fits => Fit::Ended,
            _ if fits => Fit::Fits,
            _ => Fit::Unfit,
        }
    }

    /// What is set aside for it.
    pub(super) fn holds(&self) -> impl Iterator<Item = &Portion> {
        let open = self.reservation.iter().filter(|reservation| reservation.status == ReservationStatus::Reserved);
        open.flat_map(|reservation| &reservation.ingredients)
    }

    /// `order-svc says accepted, inventory-svc reserved, kitchen-svc nothing`
    pub(super) fn in_words(&self) -> String {
        let word = |state: Option<String>| state.unwrap_or("nothing".into());
        let order = word(self.order.as_ref().map(|order| lower(&order.status)));
        let reservation = word(self.reservation.as_ref().map(|reservation| lower(&reservation.status)));
        let ticket = self.ticket.as_ref().map(|ticket| match ticket.started_at {
            Some(_) if ticket.state == TicketState::Open => "open and started".into(),
            _ => lower(&ticket.state),
        });
        format!("order-svc says {order}, inventory-svc {reservation}, kitchen-svc {}", word(ticket))
    }
}

fn lower(state: &impl std::fmt::Debug) -> String {
    format!("{state:?}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: Uuid = Uuid::from_u128(1);
    const TIME: &str = "2026-11-25T19:30:00Z";

    /// `accepted reserved open`: of each service, `-` for nothing; `+` a ticket that was started.
    fn standing(words: &str) -> Standing {
        let [order, reservation, ticket] = words.split(' ').collect::<Vec<_>>()[..] else { panic!("{words}") };
        let known = |word: &str, value: Value| (word != "-").then_some(value);
        let portions =
            if reservation == "untracked" { json!([]) } else { json!([{"ingredient": "bun", "quantity": 1}]) };
        let reserved = if reservation == "untracked" { "reserved" } else { reservation };
        let order = known(
            order,
            json!({"id": ID, "number": 1, "location": "soho", "status": order, "placed_at": TIME,
            "accept_by": TIME, "version": 1}),
        );
        let reservation = known(
            reservation,
            json!({"order_id": ID, "location": "soho", "status": reserved,
            "ingredients": portions, "version": 1}),
        );
        let state = ticket.trim_end_matches('+');
        let started_at = ticket.ends_with('+').then_some(TIME);
        let ticket = known(ticket, json!({"order_id": ID, "state": state, "started_at": started_at, "version": 1}));
        let read = |value: Option<Value>| value.map(|value| serde_json::from_value(value).expect("a state"));
        let (order, reservation, ticket) = (
            order.map(|order| serde_json::from_value(order).expect("an order")),
            reservation.map(|reservation| serde_json::from_value(reservation).expect("a reservation")),
            read(ticket),
        );
        Standing { order, reservation, ticket, latest: None }
    }

    fn check(expected: Fit, all: &[&str]) {
        let now = TIME.parse().expect("a time");
        for words in all {
            assert_eq!(standing(words).fit(now), expected, "{words}");
        }
    }

    #[test]
    fn what_is_under_way_fits() {
        let all = [
            "placed - -",
            "accepted reserved open",
            "accepted untracked open",
            "preparing consumed open+",
            "ready consumed ready+",
        ];
        check(Fit::Fits, &all);
    }

    #[test]
    fn what_has_ended_fits() {
        let all = [
            "completed consumed served+",
            "completed consumed open+",
            "completed consumed ready+",
            "rejected rejected -",
            "rejected released -",
            "rejected - -",
            "cancelled - -",
            "cancelled released -",
            "cancelled released void",
            "cancelled untracked void",
            "cancelled rejected -",
        ];
        check(Fit::Ended, &all);
    }

    #[test]
    fn what_one_of_them_has_not_heard_does_not_fit() {
        let all = [
            "- reserved -",
            "- - open",
            "placed reserved -",
            "placed rejected -",
            "accepted reserved -",
            "accepted - open",
            "accepted reserved open+",
            "accepted released void",
            "preparing reserved open+",
            "preparing consumed ready+",
            "ready consumed open+",
            "ready consumed served+",
            "completed reserved served+",
            "completed consumed void",
            "completed - served+",
            "rejected reserved -",
            "rejected released open",
            "cancelled reserved void",
            "cancelled consumed void",
            "cancelled released open",
        ];
        check(Fit::Unfit, &all);
    }

    #[test]
    fn an_order_is_decided_in_time() {
        let late: Time = "2026-11-25T19:30:01Z".parse().expect("a time");
        assert_eq!(standing("placed - -").fit(late), Fit::Unfit);
        assert_eq!(standing("accepted reserved open").fit(late), Fit::Fits);
    }
}
