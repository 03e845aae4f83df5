//! Whatever cooks, guests and the bus do, in any order and any number of times, a ticket stays a ticket.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use shared::contract::kitchen::ItemState;

const STEPS: [&str; 28] = [
    "accept",
    "cancel",
    "start",
    "ready",
    "serve",
    "recall",
    "rush",
    "unrush",
    "sweep",
    "move",
    "stations grill",
    "stations bar pass",
    "ack",
    "start 1",
    "done 1",
    "undo 1",
    "start 2",
    "done 2",
    "undo 2",
    "done 3",
    "undo 3",
    "start 9",
    "9 minutes",
    "720 minutes",
    "start #a",
    "done 1 #a",
    "undo 2 #b",
    "recall #c",
];

/// All rows, as text.
fn shown(state: &State) -> String {
    let tickets: Vec<&TicketRow> = state.tickets.iter().collect();
    let mut keys: Vec<String> = state.keys.iter().map(|key| format!("{key:?}")).collect();
    keys.sort();
    format!("{tickets:?} {keys:?}")
}

/// What must be true of every ticket at every moment.
fn is_consistent(ticket: &Ticket) -> Result<(), TestCaseError> {
    let all = |state: ItemState| ticket.items.iter().all(|item| item.state == state);
    let any = |state: ItemState| ticket.items.iter().any(|item| item.state == state);
    let finished = matches!(ticket.state, TicketState::Ready | TicketState::Served);
    prop_assert_eq!(all(ItemState::Done), finished);
    prop_assert_eq!(all(ItemState::Void), ticket.state == TicketState::Void);
    prop_assert_eq!(any(ItemState::Void), ticket.state == TicketState::Void);
    prop_assert_eq!(ticket.voided_at.is_some(), ticket.state == TicketState::Void);
    prop_assert_eq!(ticket.ready_at.is_some(), finished);
    prop_assert_eq!(ticket.served_at.is_some(), ticket.state == TicketState::Served);
    prop_assert!(ticket.started_at.is_none() || ticket.state != TicketState::Void, "cooked and cancelled");
    prop_assert!(ticket.started_at.is_some() || !(any(ItemState::Cooking) || any(ItemState::Done)));
    prop_assert!(ticket.recalled_at.is_none() || ticket.state != TicketState::Served, "served and brought back");
    prop_assert!(ticket.acknowledged_at.is_none() || ticket.state == TicketState::Void);
    Ok(())
}

/// Decides a step and holds what it did against what it said.
fn step(kitchen: &mut Kitchen, command: &Command, kinds: &mut Vec<&'static str>) -> Result<(), TestCaseError> {
    let (before, ticket) = (shown(&kitchen.state), kitchen.ticket().cloned());
    let decision = match kitchen.tell(command.clone()) {
        Ok(decision) => decision,
        Err(_) => {
            prop_assert_eq!(before, shown(&kitchen.state), "a refusal changed something");
            return Ok(());
        }
    };
    let version = ticket.as_ref().map_or(0, |ticket| ticket.version);
    for (said, next) in decision.events.iter().zip(version + 1..) {
        prop_assert_eq!(said.sequence, next);
        kinds.push(said.kind);
    }
    if let Some(last) = decision.events.last() {
        let data: Ticket = serde_json::from_str(last.data.get()).unwrap();
        prop_assert_eq!(Some(&data), kitchen.ticket(), "the last event is the ticket");
    } else {
        prop_assert_eq!(ticket.as_ref(), kitchen.ticket(), "changed without a word");
    }
    if let (Some(before), Some(after)) = (ticket, kitchen.ticket()) {
        prop_assert!(before.started_at.is_none() || before.started_at == after.started_at);
        prop_assert_eq!(before.opened_at, after.opened_at);
    }
    if let Some(Reply::Ticket { ticket: reply, .. }) = decision.reply {
        prop_assert_eq!(Some(&*reply), kitchen.ticket());
    }
    Ok(())
}

/// A repetition answers the ticket and says nothing.
fn repeat(kitchen: &mut Kitchen, command: &Command) -> Result<(), TestCaseError> {
    let before = shown(&kitchen.state);
    let decision = kitchen.tell(command.clone());
    prop_assert!(decision.is_ok_and(|decision| decision.events.is_empty()), "said again");
    prop_assert_eq!(before, shown(&kitchen.state));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_ticket_stays_a_ticket(steps in vec((select(&STEPS[..]), any::<bool>()), 1..40)) {
        let mut kitchen = Kitchen::new("2 margherita, 1 cola, 1 burger");
        let mut kinds = Vec::new();
        for (text, twice) in steps {
            if text.ends_with("minutes") || text.starts_with("stations") {
                kitchen.run(text);
                continue;
            }
            let command = kitchen.command(text);
            let said = kinds.len();
            step(&mut kitchen, &command, &mut kinds)?;
            let acted = matches!(command, Command::Act { .. });
            if twice && acted && kinds.len() > said {
                repeat(&mut kitchen, &command)?;
            }
            if let Some(ticket) = kitchen.ticket() {
                is_consistent(ticket)?;
                prop_assert_eq!(ticket.version, kinds.len() as i64);
            }
        }
        let count = |kind: &str| kinds.iter().filter(|said| **said == kind).count();
        prop_assert!(count("ticket.opened") <= 1 && count("ticket.started") <= 1 && count("ticket.voided") <= 1);
        prop_assert!(count("ticket.started") == 0 || count("ticket.voided") == 0);
        prop_assert!(count("ticket.cancel_refused") == 0 || count("ticket.started") == 1);
        prop_assert_eq!(kitchen.state.tickets.iter().count(), usize::from(!kinds.is_empty()));
    }

    /// The order's two events, in any order and any number of times, before a cook comes near: one ticket, one end.
    #[test]
    fn a_cancel_that_is_heard_before_the_start_always_wins(events in vec(select(&["accept", "cancel"][..]), 1..8)) {
        let mut kitchen = Kitchen::new("1 cola");
        kitchen.run(&events.join("; "));
        let state = kitchen.ticket().unwrap().state;
        prop_assert_eq!(state == TicketState::Void, events.contains(&"cancel"));
        prop_assert_eq!(kitchen.tell(kitchen.command("start")).is_err(), events.contains(&"cancel"));
    }
}
