//! The way of a ticket from open to served, what repeats it, and what is not possible.

use expect_test::expect;

use super::*;

#[test]
fn an_order_becomes_one_ticket() {
    check(
        "2 margherita, 1 cola",
        "accept; accept",
        expect![[r#"
            accept: ticket.opened 1
            accept: nothing
            = open: 1 queued, 2 queued"#]],
    );
}

#[test]
fn a_ticket_holds_what_cooking_and_handing_over_need() {
    let mut kitchen = Kitchen::new("2 margherita");
    kitchen.run("accept");
    let ticket = serde_json::to_string_pretty(kitchen.ticket().unwrap()).unwrap();
    expect![[r#"
        {
          "id": "d1ea77db-5980-5abe-9fe4-e7218b67336d",
          "order_id": "0190b2f0-0000-7000-8000-000000000001",
          "number": 17,
          "location": "soho",
          "type": "dine_in",
          "table": "7",
          "customer": {
            "name": "Ada"
          },
          "channel": {
            "name": "deliveroo",
            "external_id": "D-4711"
          },
          "state": "open",
          "priority": 0,
          "items": [
            {
              "id": "1",
              "line": "1",
              "sku": "margherita",
              "name": "margherita",
              "quantity": 2,
              "modifiers": [],
              "notes": "hot",
              "station": "kitchen",
              "state": "queued"
            }
          ],
          "allergies": [
            "nuts"
          ],
          "notes": "in a hurry",
          "opened_at": "2026-11-23T18:42:01.000000Z",
          "started_at": null,
          "ready_at": null,
          "served_at": null,
          "recalled_at": null,
          "voided_at": null,
          "acknowledged_at": null,
          "version": 1
        }"#]]
    .assert_eq(&ticket);
}

#[test]
fn start_ready_serve() {
    check(
        "2 margherita, 1 cola",
        "accept; start; ready; serve",
        expect![[r#"
            accept: ticket.opened 1
            start: ticket.started 2
            ready: ticket.ready 3
            serve: ticket.served 4
            = served, started, ready, served: 1 done, 2 done"#]],
    );
}

#[test]
fn repeating_changes_nothing() {
    let script =
        "accept; start; start; ready; ready; serve; serve; recall; recall; rush; rush; done 1; done 1; undo 1; undo 1";
    check(
        "2 margherita, 1 cola",
        script,
        expect![[r#"
            accept: ticket.opened 1
            start: ticket.started 2
            start: nothing
            ready: ticket.ready 3
            ready: nothing
            serve: ticket.served 4
            serve: nothing
            recall: ticket.recalled 5
            recall: nothing
            rush: ticket.changed 6
            rush: nothing
            done 1: ticket.item_done 7
            done 1: nothing
            undo 1: ticket.changed 8
            undo 1: nothing
            = open rushed, started, recalled: 1 cooking, 2 cooking"#]],
    );
}

#[test]
fn serving_implies_all_that_comes_before() {
    check(
        "2 margherita, 1 cola",
        "accept; serve",
        expect![[r#"
            accept: ticket.opened 1
            serve: ticket.started 2, ticket.ready 3, ticket.served 4
            = served, started, ready, served: 1 done, 2 done"#]],
    );
    check(
        "2 margherita, 1 cola",
        "accept; start 1; serve",
        expect![[r#"
            accept: ticket.opened 1
            start 1: ticket.started 2
            serve: ticket.ready 3, ticket.served 4
            = served, started, ready, served: 1 done, 2 done"#]],
    );
}

#[test]
fn ready_starts_what_is_not_started() {
    check(
        "2 margherita, 1 cola",
        "accept; ready",
        expect![[r#"
            accept: ticket.opened 1
            ready: ticket.started 2, ticket.ready 3
            = ready, started, ready: 1 done, 2 done"#]],
    );
    check(
        "2 margherita, 1 cola",
        "accept; start 2; ready",
        expect![[r#"
            accept: ticket.opened 1
            start 2: ticket.started 2
            ready: ticket.ready 3
            = ready, started, ready: 1 done, 2 done"#]],
    );
}

#[test]
fn the_last_item_done_makes_it_ready() {
    check(
        "2 margherita, 1 cola",
        "accept; start 1; start 2; done 1; done 2",
        expect![[r#"
            accept: ticket.opened 1
            start 1: ticket.started 2
            start 2: ticket.changed 3
            done 1: ticket.item_done 4
            done 2: ticket.item_done 5, ticket.ready 6
            = ready, started, ready: 1 done, 2 done"#]],
    );
    check(
        "2 margherita, 1 cola",
        "accept; done 1; done 2",
        expect![[r#"
            accept: ticket.opened 1
            done 1: ticket.started 2, ticket.item_done 3
            done 2: ticket.item_done 4, ticket.ready 5
            = ready, started, ready: 1 done, 2 done"#]],
    );
    check(
        "2 margherita",
        "accept; done 1; serve; done 1",
        expect![[r#"
            accept: ticket.opened 1
            done 1: ticket.started 2, ticket.item_done 3, ticket.ready 4
            serve: ticket.served 5
            done 1: nothing
            = served, started, ready, served: 1 done"#]],
    );
}

#[test]
fn two_identical_lines_are_finished_one_by_one() {
    check(
        "1 margherita, 1 margherita",
        "accept; done 1; done 1; done 2",
        expect![[r#"
            accept: ticket.opened 1
            done 1: ticket.started 2, ticket.item_done 3
            done 1: nothing
            done 2: ticket.item_done 4, ticket.ready 5
            = ready, started, ready: 1 done, 2 done"#]],
    );
}

#[test]
fn a_ticket_does_not_go_back_by_itself() {
    check(
        "2 margherita",
        "accept; ready; start; start 1; serve; start; ready; start 1; undo 1; rush; ack",
        expect![[r#"
            accept: ticket.opened 1
            ready: ticket.started 2, ticket.ready 3
            start: refused: TicketState(Ready)
            start 1: refused: TicketState(Ready)
            serve: ticket.served 4
            start: refused: TicketState(Served)
            ready: refused: TicketState(Served)
            start 1: refused: TicketState(Served)
            undo 1: refused: TicketState(Served)
            rush: refused: TicketState(Served)
            ack: refused: TicketState(Served)
            = served, started, ready, served: 1 done"#]],
    );
    check(
        "2 margherita, 1 cola",
        "accept; done 1; start 1; undo 2",
        expect![[r#"
            accept: ticket.opened 1
            done 1: ticket.started 2, ticket.item_done 3
            start 1: refused: TicketState(Open)
            undo 2: nothing
            = open, started: 1 done, 2 queued"#]],
    );
}

#[test]
fn rush_raises_the_priority_once() {
    check(
        "2 margherita",
        "accept; rush; rush; serve; rush",
        expect![[r#"
            accept: ticket.opened 1
            rush: ticket.changed 2
            rush: nothing
            serve: ticket.started 3, ticket.ready 4, ticket.served 5
            rush: nothing
            = served rushed, started, ready, served: 1 done"#]],
    );
}

#[test]
fn a_rush_is_taken_back() {
    check(
        "2 margherita",
        "accept; unrush; rush; unrush; unrush; ready; rush; unrush; serve; unrush; rush",
        expect![[r#"
            accept: ticket.opened 1
            unrush: nothing
            rush: ticket.changed 2
            unrush: ticket.changed 3
            unrush: nothing
            ready: ticket.started 4, ticket.ready 5
            rush: ticket.changed 6
            unrush: ticket.changed 7
            serve: ticket.served 8
            unrush: nothing
            rush: refused: TicketState(Served)
            = served, started, ready, served: 1 done"#]],
    );
    check(
        "2 margherita",
        "accept; rush; serve; unrush",
        expect![[r#"
            accept: ticket.opened 1
            rush: ticket.changed 2
            serve: ticket.started 3, ticket.ready 4, ticket.served 5
            unrush: refused: TicketState(Served)
            = served rushed, started, ready, served: 1 done"#]],
    );
}

#[test]
fn what_is_not_there() {
    check(
        "2 margherita",
        "start; start 1; accept; start 9",
        expect![[r#"
            start: refused: UnknownTicket(d1ea77db-5980-5abe-9fe4-e7218b67336d)
            start 1: refused: UnknownTicket(d1ea77db-5980-5abe-9fe4-e7218b67336d)
            accept: ticket.opened 1
            start 9: refused: UnknownItem("9")
            = open: 1 queued"#]],
    );
}

#[test]
fn a_key_makes_a_late_repetition_harmless() {
    check(
        "2 margherita",
        "accept; start #a; ready; start #a; start; recall #b; serve; recall #b",
        expect![[r#"
            accept: ticket.opened 1
            start #a: ticket.started 2
            ready: ticket.ready 3
            start #a: nothing
            start: refused: TicketState(Ready)
            recall #b: ticket.recalled 4
            serve: ticket.ready 5, ticket.served 6
            recall #b: nothing
            = served, started, ready, served: 1 done"#]],
    );
}

#[test]
fn a_key_is_for_one_thing() {
    check(
        "2 margherita",
        "accept; start #a; ready #a; start 1 #a",
        expect![[r#"
            accept: ticket.opened 1
            start #a: ticket.started 2
            ready #a: refused: KeyReused
            start 1 #a: refused: KeyReused
            = open, started: 1 cooking"#]],
    );
}

#[test]
fn a_refusal_is_not_remembered() {
    check(
        "2 margherita",
        "accept; recall #a; serve; recall #a",
        expect![[r#"
            accept: ticket.opened 1
            recall #a: refused: TicketState(Open)
            serve: ticket.started 2, ticket.ready 3, ticket.served 4
            recall #a: ticket.recalled 5
            = open, started, recalled: 1 cooking"#]],
    );
}

/// What events say besides the ticket.
#[test]
fn who_how_long_and_why() {
    let mut kitchen = Kitchen::new("2 margherita, 1 cola");
    let mut shown = String::new();
    for step in "accept; rush; unrush; start 1; done 1; undo 1; ready; serve; recall; cancel too slow".split("; ") {
        for said in kitchen.tell(kitchen.command(step)).unwrap().events {
            let data: Value = serde_json::from_str(said.data.get()).unwrap();
            let more = ["by", "reason", "item", "waited_ms", "cooked_ms", "stood_ms"];
            let more: String = more.iter().filter_map(|name| Some(format!(" {name}={}", data.get(name)?))).collect();
            shown.push_str(&format!("{}{more}\n", said.kind));
        }
    }
    let mut kitchen = Kitchen::new("2 margherita");
    kitchen.run("accept");
    let voided = kitchen.tell(kitchen.command("cancel too slow")).unwrap().events.remove(0);
    let data: Value = serde_json::from_str(voided.data.get()).unwrap();
    shown.push_str(&format!("{} by={} reason={}\n", voided.kind, data["by"], data["reason"]));
    expect![[r#"
        ticket.opened by="ada"
        ticket.changed by="ada" reason="rushed"
        ticket.changed by="ada" reason="unrushed"
        ticket.started by="ada" waited_ms=3000
        ticket.item_done by="ada" item="1"
        ticket.changed by="ada" reason="undone" item="1"
        ticket.ready by="ada" cooked_ms=3000
        ticket.served by="ada" stood_ms=1000
        ticket.recalled by="ada"
        ticket.cancel_refused by="ada" reason="already_started"
        ticket.voided by="ada" reason="too slow"
    "#]]
    .assert_eq(&shown);
}

/// When each station was done, in seconds since the ticket was opened.
fn finished(lines: &str, script: &str) -> String {
    let mut kitchen = Kitchen::new(lines);
    kitchen.run(script);
    let row = kitchen.state.tickets.iter().next().unwrap();
    let done =
        row.finished.iter().map(|(station, at)| format!("{station} {}", at.since(row.ticket.opened_at).as_secs()));
    done.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_station_is_done_when_all_of_its_items_are() {
    let here = |script: &str| finished("1 margherita, 1 burger, 2 marinara", &format!("route; accept; {script}"));
    assert_eq!(here("start"), "");
    assert_eq!(here("done 1; 5 minutes; done 3; done 2"), "grill 303, pizza 302");
    assert_eq!(here("done 1; done 3; serve"), "grill 3, pizza 2");
    assert_eq!(here("done 2; undo 2"), "");
    assert_eq!(here("done 2; undo 2; done 2; cancel"), "grill 3");
    // What comes back is done when it is done again.
    assert_eq!(here("ready; recall; done 2"), "grill 3");
    assert_eq!(here("ready; undo 2; ready"), "grill 3, pizza 1");
}
