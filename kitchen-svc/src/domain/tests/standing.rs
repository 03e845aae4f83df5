//! What is ready and nobody hands over is served by itself.

use expect_test::expect;

use super::*;

#[test]
fn what_stands_for_an_hour_is_served() {
    check(
        "2 margherita",
        "accept; 90 minutes; sweep; ready; 59 minutes; sweep; 1 minutes; sweep; sweep; recall; sweep",
        expect![[r#"
            accept: ticket.opened 1
            sweep: nothing
            ready: ticket.started 2, ticket.ready 3
            sweep: nothing
            sweep: ticket.served 4
            sweep: nothing
            recall: ticket.recalled 5
            sweep: nothing
            = open, started, recalled: 1 cooking"#]],
    );
}

#[test]
fn how_long_is_the_locations() {
    check(
        "2 margherita",
        "serve_after 5; accept; ready; 4 minutes; sweep; 1 minutes; sweep",
        expect![[r#"
            serve_after 5: stations.changed 1
            accept: ticket.opened 1
            ready: ticket.started 2, ticket.ready 3
            sweep: nothing
            sweep: ticket.served 4
            = served, started, ready, served: 1 done"#]],
    );
    // It counts for what is ready already.
    check(
        "2 margherita",
        "accept; ready; 30 minutes; sweep; serve_after 20; sweep",
        expect![[r#"
            accept: ticket.opened 1
            ready: ticket.started 2, ticket.ready 3
            sweep: nothing
            serve_after 20: stations.changed 1
            sweep: ticket.served 4
            = served, started, ready, served: 1 done"#]],
    );
}

#[test]
fn each_recall_begins_anew() {
    check(
        "2 margherita",
        "accept; ready; 50 minutes; recall; ready; 50 minutes; sweep; 10 minutes; sweep",
        expect![[r#"
            accept: ticket.opened 1
            ready: ticket.started 2, ticket.ready 3
            recall: ticket.recalled 4
            ready: ticket.ready 5
            sweep: nothing
            sweep: ticket.served 6
            = served, started, ready, served: 1 done"#]],
    );
}

#[test]
fn nothing_else_is_served() {
    for end in ["", "accept", "accept; start", "accept; serve", "accept; cancel", "cancel"] {
        let mut kitchen = Kitchen::new("2 margherita");
        if !end.is_empty() {
            kitchen.run(end);
        }
        assert_eq!(kitchen.run("1440 minutes; sweep"), "sweep: nothing\n", "{end}");
    }
}
