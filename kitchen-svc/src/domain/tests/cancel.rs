//! The kitchen decides on a cancel, and a cook acknowledges what is void.

use expect_test::expect;

use super::*;

#[test]
fn a_cancel_before_the_start_voids() {
    check(
        "2 margherita, 1 cola",
        "accept; cancel too slow; cancel; ack; ack",
        expect![[r#"
            accept: ticket.opened 1
            cancel too slow: ticket.voided 2
            cancel: nothing
            ack: ticket.changed 3
            ack: nothing
            = void, voided, acknowledged: 1 void, 2 void"#]],
    );
}

#[test]
fn nothing_of_a_void_ticket_is_cooked() {
    let script = "accept; cancel; start; ready; serve; recall; rush; unrush; start 1; done 1; undo 1; start 9";
    check(
        "2 margherita",
        script,
        expect![[r#"
            accept: ticket.opened 1
            cancel: ticket.voided 2
            start: refused: TicketVoid
            ready: refused: TicketVoid
            serve: refused: TicketVoid
            recall: refused: TicketVoid
            rush: refused: TicketVoid
            unrush: refused: TicketVoid
            start 1: refused: TicketVoid
            done 1: refused: TicketVoid
            undo 1: refused: TicketVoid
            start 9: refused: UnknownItem("9")
            = void, voided: 1 void"#]],
    );
}

#[test]
fn a_cancel_after_the_start_is_refused() {
    check(
        "2 margherita",
        "accept; start; cancel; cancel",
        expect![[r#"
            accept: ticket.opened 1
            start: ticket.started 2
            cancel: ticket.cancel_refused 3
            cancel: ticket.cancel_refused 4
            = open, started: 1 cooking"#]],
    );
    check(
        "2 margherita",
        "accept; ready; cancel; serve; cancel",
        expect![[r#"
            accept: ticket.opened 1
            ready: ticket.started 2, ticket.ready 3
            cancel: ticket.cancel_refused 4
            serve: ticket.served 5
            cancel: ticket.cancel_refused 6
            = served, started, ready, served: 1 done"#]],
    );
}

#[test]
fn a_cancel_that_overtakes_its_order_leaves_a_tombstone() {
    check(
        "2 margherita",
        "cancel; accept; start; cancel; ack",
        expect![[r#"
            cancel: ticket.voided 1
            accept: nothing
            start: refused: TicketVoid
            cancel: nothing
            ack: nothing
            = void, voided, acknowledged: 1 void"#]],
    );
}

#[test]
fn only_a_void_ticket_is_acknowledged() {
    check(
        "2 margherita",
        "accept; ack; start; ack; ready; ack",
        expect![[r#"
            accept: ticket.opened 1
            ack: refused: TicketState(Open)
            start: ticket.started 2
            ack: refused: TicketState(Open)
            ready: ticket.ready 3
            ack: refused: TicketState(Ready)
            = ready, started, ready: 1 done"#]],
    );
}
