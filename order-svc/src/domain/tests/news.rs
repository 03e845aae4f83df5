//! What becomes of an order: decisions of inventory and kitchen, cancellations, time.

use expect_test::expect;

use super::check;

#[test]
fn a_good_order() {
    check(
        "place 1 cola
         stock.reserved #1
         ticket.started #1
         ticket.ready #1
         ticket.recalled #1
         ticket.ready #1
         ticket.served #1",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            stock.reserved #1 | order.accepted v2 #1
            ticket.started #1 | order.preparing v3 #1
            ticket.ready #1 | order.ready v4 #1
            ticket.recalled #1 | order.preparing v5 #1
            ticket.ready #1 | order.ready v6 #1
            ticket.served #1 | order.completed v7 #1"#]],
    );
}

#[test]
fn an_order_that_is_short_is_rejected_with_every_short_line() {
    check(
        "place 1 cola; 2 burger
         stock.rejected #1 1:cola 2:burger
         stock.reserved #1
         cancel #1
         ticket.ready #1",
        expect![[r#"
            place 1 cola; 2 burger | order.placed v1 #1, -> #1 no 1 2450 GBP
            stock.rejected #1 1:cola 2:burger | order.rejected v2 #1 out_of_stock [{"line":"1","sku":"cola"},{"line":"2","sku":"burger"}]
            stock.reserved #1 |
            cancel #1 | 409 not-cancellable: the order has ended
            ticket.ready #1 |"#]],
    );
}

#[test]
fn nobody_waits_for_ever() {
    check(
        "place 1 cola
         wait 240
         expire #1
         wait 1
         expire #1
         expire #1
         stock.reserved #1
         stock.rejected #1",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            wait 240 |
            expire #1 |
            wait 1 |
            expire #1 | order.rejected v2 #1 timed_out []
            expire #1 |
            stock.reserved #1 |
            stock.rejected #1 |"#]],
    );
}

#[test]
fn a_reservation_before_the_sweep_accepts_even_late() {
    check(
        "place 1 cola
         wait 600
         stock.reserved #1
         expire #1
         stock.reserved #1
         stock.rejected #1",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            wait 600 |
            stock.reserved #1 | order.accepted v2 #1
            expire #1 |
            stock.reserved #1 |
            stock.rejected #1 |"#]],
    );
}

#[test]
fn newer_news_jumps_over_older() {
    check(
        "place 1 cola
         stock.reserved #1
         ticket.served #1
         ticket.recalled #1
         place 1 cola
         stock.reserved #2
         ticket.ready #2
         place 1 cola
         stock.reserved #3
         ticket.recalled #3",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            stock.reserved #1 | order.accepted v2 #1
            ticket.served #1 | order.completed v3 #1
            ticket.recalled #1 |
            place 1 cola | order.placed v1 #2, -> #2 no 2 250 GBP
            stock.reserved #2 | order.accepted v2 #2
            ticket.ready #2 | order.ready v3 #2
            place 1 cola | order.placed v1 #3, -> #3 no 3 250 GBP
            stock.reserved #3 | order.accepted v2 #3
            ticket.recalled #3 | order.preparing v3 #3"#]],
    );
}

#[test]
fn a_ticket_is_believed_before_the_reservation_is_heard_of() {
    check(
        "place 1 cola
         ticket.started #1
         stock.reserved #1
         ticket.ready #1",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            ticket.started #1 | order.preparing v2 #1
            stock.reserved #1 |
            ticket.ready #1 | order.ready v3 #1"#]],
    );
}

#[test]
fn repeating_news_says_nothing() {
    check(
        "place 1 cola
         stock.reserved #1
         stock.reserved #1
         ticket.started #1
         ticket.started #1
         ticket.ready #1
         ticket.ready #1
         ticket.recalled #1 open
         ticket.served #1
         ticket.served #1",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            stock.reserved #1 | order.accepted v2 #1
            stock.reserved #1 |
            ticket.started #1 | order.preparing v3 #1
            ticket.started #1 |
            ticket.ready #1 | order.ready v4 #1
            ticket.ready #1 |
            ticket.recalled #1 open |
            ticket.served #1 | order.completed v5 #1
            ticket.served #1 |"#]],
    );
}

#[test]
fn a_placed_order_is_cancelled_at_once() {
    check(
        "place 1 cola
         cancel #1 wrong address
         cancel #1
         stock.reserved #1
         ticket.started #1",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            cancel #1 wrong address | order.cancelled v2 #1 wrong address, -> #1 cancelled
            cancel #1 | -> #1 cancelled
            stock.reserved #1 |
            ticket.started #1 |"#]],
    );
}

#[test]
fn the_kitchen_is_asked_once_and_may_accept() {
    check(
        "place 1 cola
         stock.reserved #1
         cancel #1 wrong address
         cancel #1 again
         ticket.voided #1
         cancel #1",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            stock.reserved #1 | order.accepted v2 #1
            cancel #1 wrong address | order.cancel_requested v3 #1 wrong address, -> #1 asked
            cancel #1 again | -> #1 asked
            ticket.voided #1 | order.cancelled v4 #1 wrong address
            cancel #1 | -> #1 cancelled"#]],
    );
}

#[test]
fn the_kitchen_may_refuse() {
    check(
        "place 1 cola
         stock.reserved #1
         cancel #1 wrong address
         ticket.cancel_refused #1
         ticket.cancel_refused #1
         cancel #1
         ticket.ready #1",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            stock.reserved #1 | order.accepted v2 #1
            cancel #1 wrong address | order.cancel_requested v3 #1 wrong address, -> #1 asked
            ticket.cancel_refused #1 | order.cancel_denied v4 #1, order.preparing v5 #1
            ticket.cancel_refused #1 |
            cancel #1 | 409 not-cancellable: the kitchen has begun to cook it
            ticket.ready #1 | order.ready v6 #1"#]],
    );
}

#[test]
fn a_ticket_that_moves_refuses_as_well_and_once() {
    check(
        "place 1 cola
         stock.reserved #1
         cancel #1
         ticket.started #1
         ticket.cancel_refused #1
         place 1 cola
         stock.reserved #2
         cancel #2
         ticket.served #2
         place 1 cola
         stock.reserved #3
         cancel #3
         ticket.cancel_refused #3 open
         cancel #3",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            stock.reserved #1 | order.accepted v2 #1
            cancel #1 | order.cancel_requested v3 #1, -> #1 asked
            ticket.started #1 | order.cancel_denied v4 #1, order.preparing v5 #1
            ticket.cancel_refused #1 |
            place 1 cola | order.placed v1 #2, -> #2 no 2 250 GBP
            stock.reserved #2 | order.accepted v2 #2
            cancel #2 | order.cancel_requested v3 #2, -> #2 asked
            ticket.served #2 | order.cancel_denied v4 #2, order.completed v5 #2
            place 1 cola | order.placed v1 #3, -> #3 no 3 250 GBP
            stock.reserved #3 | order.accepted v2 #3
            cancel #3 | order.cancel_requested v3 #3, -> #3 asked
            ticket.cancel_refused #3 open | order.cancel_denied v4 #3
            cancel #3 | 409 not-cancellable: the kitchen has refused to cancel it"#]],
    );
}

#[test]
fn what_is_being_cooked_is_not_cancelled() {
    check(
        "place 1 cola
         stock.reserved #1
         ticket.started #1
         cancel #1
         ticket.ready #1
         cancel #1
         ticket.served #1
         cancel #1",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            stock.reserved #1 | order.accepted v2 #1
            ticket.started #1 | order.preparing v3 #1
            cancel #1 | 409 not-cancellable: the kitchen has begun to cook it
            ticket.ready #1 | order.ready v4 #1
            cancel #1 | 409 not-cancellable: the kitchen has begun to cook it
            ticket.served #1 | order.completed v5 #1
            cancel #1 | 409 not-cancellable: the order has ended"#]],
    );
}

#[test]
fn a_ticket_voided_by_the_kitchen_ends_the_order() {
    check(
        "place 1 cola
         ticket.voided #1
         stock.reserved #1
         place 1 cola
         stock.reserved #2
         ticket.started #2
         ticket.voided #2",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            ticket.voided #1 | order.cancelled v2 #1
            stock.reserved #1 |
            place 1 cola | order.placed v1 #2, -> #2 no 2 250 GBP
            stock.reserved #2 | order.accepted v2 #2
            ticket.started #2 | order.preparing v3 #2
            ticket.voided #2 | order.cancelled v4 #2"#]],
    );
}

#[test]
fn an_order_that_nobody_placed_is_nonsense() {
    check(
        "stock.reserved #1
         ticket.ready #1
         cancel #1
         stock.counted #1",
        expect![[r#"
            stock.reserved #1 | 404 not-found: there is no order ffffffff-ffff-ffff-ffff-ffffffffffff
            ticket.ready #1 | 404 not-found: there is no order ffffffff-ffff-ffff-ffff-ffffffffffff
            cancel #1 | 404 not-found: there is no order ffffffff-ffff-ffff-ffff-ffffffffffff
            stock.counted #1 | dead: stock.counted is not for this service"#]],
    );
}
