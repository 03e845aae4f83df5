//! What holds whatever comes, in whatever order, however often.

use std::collections::HashMap;

use proptest::{prelude::*, sample::Index};
use shared::contract::{
    order::{CancellationStatus, Order, OrderStatus},
    types::Money,
};

use super::world::World;

const ORDER: &str = "#1";

/// What other services may say of an order, in the order in which they say it.
fn kitchen() -> impl Strategy<Value = Vec<&'static str>> {
    let steps = ["started", "ready", "served", "recalled", "voided", "cancel_refused"];
    prop::collection::vec(prop::sample::select(steps.to_vec()), 0..8)
}

fn order(world: &World) -> &Order {
    world.state.orders.iter().next().expect("one order was placed")
}

fn is_end(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Completed | OrderStatus::Rejected | OrderStatus::Cancelled)
}

proptest! {
    /// Deliveries late, again and out of order; the newest of a subject decides, ends absorb, each change is said.
    #[test]
    fn any_order_any_number_of_times(
        kitchen in kitchen(),
        picks in prop::collection::vec(any::<Index>(), 0..40),
    ) {
        let mut news: Vec<(&str, i64, String)> = vec![
            ("stock", 1, format!("stock.reserved {ORDER}")),
            ("stock", 2, format!("stock.rejected {ORDER}")),
            ("guest", 0, format!("cancel {ORDER}")),
            ("time", 0, format!("expire {ORDER}")),
            ("time", 0, "wait 100".into()),
        ];
        let tickets = kitchen.iter().zip(1..);
        news.extend(tickets.map(|(step, sequence)| ("ticket", sequence, format!("ticket.{step} {ORDER}"))));

        let mut world = World::open();
        world.tell("place 1 cola");
        let mut inbox: HashMap<&str, i64> = HashMap::new();
        let mut said = 1;
        for pick in &picks {
            let (subject, sequence, line) = pick.get(&news);
            let last = inbox.entry(subject).or_default();
            if *sequence > 0 && *sequence <= *last {
                continue;
            }
            *last = (*last).max(*sequence);
            let before = order(&world).clone();
            let events = world.tell(line).matches("order.").count() as i64;
            let after = order(&world);
            said += events;
            prop_assert_eq!(after.version, said);
            prop_assert!(!is_end(before.status) || before == *after, "{:?} absorbed {}", before.status, line);
            prop_assert!(
                after.cancellation.status != CancellationStatus::Requested || after.status == OrderStatus::Accepted
            );
            prop_assert_eq!(after.rejection.is_some(), after.status == OrderStatus::Rejected);
            prop_assert_eq!(
                after.cancellation.status == CancellationStatus::Accepted,
                after.status == OrderStatus::Cancelled
            );
        }
    }

    /// Whatever was lost or late of the way, what is served in the end is completed.
    #[test]
    fn what_is_served_is_completed(way in prop::collection::vec(any::<Index>(), 0..8), accepted in any::<bool>()) {
        let news = ["ticket.started", "ticket.ready", "ticket.recalled", "stock.reserved", "cancel", "wait 100", "expire"];
        let mut world = World::open();
        world.tell("place 1 cola");
        if accepted {
            world.tell("stock.reserved #1");
        }
        for pick in &way {
            world.tell(&format!("{} {ORDER}", pick.get(&news)).replace("wait 100 #1", "wait 100"));
        }
        let ended = is_end(order(&world).status);
        world.tell("ticket.served #1");
        prop_assert!(ended || order(&world).status == OrderStatus::Completed);
    }

    /// Telling the same thing twice in a row changes nothing the second time.
    #[test]
    fn repetition_changes_nothing(picks in prop::collection::vec(any::<Index>(), 1..20)) {
        let news = ["stock.reserved", "stock.rejected", "ticket.started", "ticket.ready", "ticket.served",
            "ticket.recalled", "ticket.voided", "ticket.cancel_refused", "cancel", "expire"];
        let mut world = World::open();
        world.tell("place 1 cola");
        for pick in &picks {
            let line = format!("{} {ORDER}", pick.get(&news));
            world.tell(&line);
            let once = world.snapshot();
            world.tell(&line);
            prop_assert_eq!(once, world.snapshot(), "{} again", line);
        }
    }

    /// Totals are exact up to the limits of every field.
    #[test]
    fn totals_are_exact(
        lines in prop::collection::vec((1..=999_i64, 0..=20_usize), 1..=100),
        price in 0..=100_000_000_i64,
        extra in 0..=100_000_000_i64,
    ) {
        let mut world = World::open();
        world.tell(&format!("menu feast {price} +truffle"));
        world.tell(&format!("modifier truffle {extra}"));
        let text: Vec<String> =
            lines.iter().map(|(quantity, modifiers)| format!("{quantity} feast{}", " +truffle".repeat(*modifiers))).collect();
        world.tell(&format!("place {}", text.join("; ")));
        let exact: i128 = lines
            .iter()
            .map(|(quantity, modifiers)| i128::from(*quantity) * (i128::from(price) + *modifiers as i128 * i128::from(extra)))
            .sum();
        let Money { amount, .. } = order(&world).total;
        prop_assert_eq!(i128::from(amount), exact);
    }
}
