//! The ways back: undo and recall.

use expect_test::expect;

use super::*;

#[test]
fn undo_goes_one_step_back() {
    check(
        "2 margherita, 1 cola",
        "accept; start; undo 1; start; done 2; undo 2; undo 1",
        expect![[r#"
            accept: ticket.opened 1
            start: ticket.started 2
            undo 1: ticket.changed 3
            start: ticket.changed 4
            done 2: ticket.item_done 5
            undo 2: ticket.changed 6
            undo 1: ticket.changed 7
            = open, started: 1 queued, 2 cooking"#]],
    );
}

#[test]
fn a_second_undo_needs_a_key_of_its_own() {
    check(
        "2 margherita, 1 cola",
        "accept; done 1; undo 1; undo 1; undo 1 #a; undo 1 #a; undo 1",
        expect![[r#"
            accept: ticket.opened 1
            done 1: ticket.started 2, ticket.item_done 3
            undo 1: ticket.changed 4
            undo 1: nothing
            undo 1 #a: ticket.changed 5
            undo 1 #a: nothing
            undo 1: nothing
            = open, started: 1 queued, 2 queued"#]],
    );
}

#[test]
fn undo_on_a_ready_ticket_recalls_the_item() {
    check(
        "2 margherita, 1 cola",
        "accept; ready; undo 2; start 2; done 2",
        expect![[r#"
            accept: ticket.opened 1
            ready: ticket.started 2, ticket.ready 3
            undo 2: ticket.recalled 4
            start 2: nothing
            done 2: ticket.item_done 5, ticket.ready 6
            = ready, started, ready, recalled: 1 done, 2 done"#]],
    );
}

#[test]
fn undo_never_makes_an_order_cancellable() {
    check(
        "2 margherita",
        "accept; start 1; undo 1; cancel",
        expect![[r#"
            accept: ticket.opened 1
            start 1: ticket.started 2
            undo 1: ticket.changed 3
            cancel: ticket.cancel_refused 4
            = open, started: 1 queued"#]],
    );
}

#[test]
fn recall_keeps_the_age() {
    let mut kitchen = Kitchen::new("2 margherita, 1 cola");
    kitchen.run("accept; serve");
    let before = kitchen.ticket().unwrap().clone();
    kitchen.run("recall");
    let after = kitchen.ticket().unwrap();
    assert_eq!((before.opened_at, before.started_at), (after.opened_at, after.started_at));
    check(
        "2 margherita, 1 cola",
        "accept; ready; recall; serve; recall; done 1",
        expect![[r#"
            accept: ticket.opened 1
            ready: ticket.started 2, ticket.ready 3
            recall: ticket.recalled 4
            serve: ticket.ready 5, ticket.served 6
            recall: ticket.recalled 7
            done 1: ticket.item_done 8
            = open, started, recalled: 1 done, 2 cooking"#]],
    );
}

#[test]
fn recall_ends_with_the_business_day() {
    check(
        "2 margherita",
        "accept; serve; 1440 minutes; recall",
        expect![[r#"
            accept: ticket.opened 1
            serve: ticket.started 2, ticket.ready 3, ticket.served 4
            recall: refused: EarlierDay(Served)
            = served, started, ready, served: 1 done"#]],
    );
    check(
        "2 margherita",
        "accept; ready; 1440 minutes; undo 1",
        expect![[r#"
            accept: ticket.opened 1
            ready: ticket.started 2, ticket.ready 3
            undo 1: refused: EarlierDay(Ready)
            = ready, started, ready: 1 done"#]],
    );
    // Opened yesterday and served today: what counts is when it was finished.
    check(
        "2 margherita",
        "accept; 1440 minutes; serve; 60 minutes; recall",
        expect![[r#"
            accept: ticket.opened 1
            serve: ticket.started 2, ticket.ready 3, ticket.served 4
            recall: ticket.recalled 5
            = open, started, recalled: 1 cooking"#]],
    );
}

#[test]
fn what_was_brought_back_says_so_until_it_is_served_again() {
    let mut kitchen = Kitchen::new("2 margherita, 1 cola");
    let mut recalled = |script: &str| {
        kitchen.run(script);
        kitchen.ticket().unwrap().recalled_at.is_some()
    };
    assert!(!recalled("accept; serve"));
    assert!(recalled("recall"));
    assert!(recalled("ready"));
    assert!(!recalled("serve"));
}

/// What became of a ticket that was served then and recalled so many minutes later, with the day of the location.
fn recall(served_at: &str, minutes_later: u64, day: &str) -> TicketState {
    let mut kitchen = Kitchen::new("2 margherita");
    kitchen.at = served_at.parse::<Time>().unwrap() - Duration::from_secs(3);
    kitchen.run(&format!("day {day}; accept; serve"));
    kitchen.at = kitchen.at - Duration::from_secs(1);
    kitchen.run(&format!("{minutes_later} minutes; recall"));
    kitchen.ticket().unwrap().state
}

#[test]
fn a_service_that_runs_past_midnight_is_one_day() {
    let before_midnight = "2026-11-23T23:50:00Z";
    assert_eq!(recall(before_midnight, 240, "Europe/London 05:00"), TicketState::Open);
    assert_eq!(recall(before_midnight, 310, "Europe/London 05:00"), TicketState::Served);
    assert_eq!(recall(before_midnight, 20, "Europe/London 00:00"), TicketState::Served);
}

#[test]
fn the_business_day_is_the_locations() {
    // 05:00 in London, 14:00 in Tokyo.
    let in_the_morning = "2026-11-24T04:45:00Z";
    assert_eq!(recall(in_the_morning, 20, "Europe/London"), TicketState::Served);
    assert_eq!(recall(in_the_morning, 20, "Asia/Tokyo"), TicketState::Open);
    assert_eq!(recall(in_the_morning, 20, "Asia/Tokyo 14:00"), TicketState::Served);
    assert_eq!(recall(in_the_morning, 20, "Nowhere/At-All"), TicketState::Served);
    assert_eq!(recall(in_the_morning, 20, "Nowhere/At-All 04:00"), TicketState::Open);
}

#[test]
fn a_tap_is_taken_back_within_ten_minutes_whatever_the_day() {
    let before_the_end = "2026-11-24T04:59:59Z";
    assert_eq!(recall(before_the_end, 10, "Europe/London"), TicketState::Open);
    assert_eq!(recall(before_the_end, 11, "Europe/London"), TicketState::Served);
    let mut kitchen = Kitchen::new("2 margherita");
    kitchen.at = before_the_end.parse().unwrap();
    kitchen.run("accept; ready; 9 minutes; undo 1");
    assert_eq!(kitchen.ticket().unwrap().state, TicketState::Open);
}

#[test]
fn only_what_was_finished_can_be_recalled() {
    check(
        "2 margherita",
        "accept; recall; start; recall",
        expect![[r#"
            accept: ticket.opened 1
            recall: refused: TicketState(Open)
            start: ticket.started 2
            recall: refused: TicketState(Open)
            = open, started: 1 cooking"#]],
    );
    check(
        "2 margherita",
        "accept; ready; recall; done 1; recall; undo 1; recall",
        expect![[r#"
            accept: ticket.opened 1
            ready: ticket.started 2, ticket.ready 3
            recall: ticket.recalled 4
            done 1: ticket.item_done 5, ticket.ready 6
            recall: ticket.recalled 7
            undo 1: ticket.changed 8
            recall: refused: TicketState(Open)
            = open, started, recalled: 1 queued"#]],
    );
}
