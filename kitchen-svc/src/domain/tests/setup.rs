//! Stations, and items that are out.

use expect_test::{Expect, expect};

use super::*;

const STATIONS: [&str; 4] = ["pizza", "grill", "bar", "pass"];

fn check_routes(lines: &str, routes: &[(&str, &str)], expected: Expect) {
    let mut kitchen = Kitchen::new(lines);
    kitchen.tell(Command::Arrange(arrangement(&STATIONS, routes))).unwrap();
    kitchen.run("accept");
    expected.assert_eq(&whereabouts(&kitchen));
}

#[test]
fn by_sku_then_by_category_then_by_default() {
    let routes = [("Pizza", "pizza"), ("marinara", "grill"), ("Burgers", "grill")];
    check_routes(
        "1 margherita, 1 marinara, 1 burger, 1 cola",
        &routes,
        expect!["margherita at pizza; marinara at grill; burger at grill; cola at pass; all ,grill,pass,pizza,"],
    );
}

#[test]
fn nothing_is_routed_to_nowhere() {
    check_routes("1 cola", &[], expect!["cola at pass; all ,pass,"]);
    let mut kitchen = Kitchen::new("1 cola");
    kitchen.run("accept");
    assert_eq!(*kitchen.ticket().unwrap().items[0].station, *"kitchen");
}

#[test]
fn stations_are_said_when_they_change() {
    let mut kitchen = Kitchen::new("1 cola");
    let mut shown = String::new();
    for routes in [&[][..], &[], &[("Drinks", "bar")], &[]] {
        let decision = kitchen.tell(Command::Arrange(arrangement(&STATIONS, routes))).unwrap();
        let Some(Reply::Stations(stations)) = decision.reply else { panic!("stations") };
        shown.push_str(&format!("[{}] version {}\n", said(&decision.events), stations.version));
    }
    expect![[r#"
        [stations.changed 1] version 1
        [] version 1
        [stations.changed 2] version 2
        [stations.changed 3] version 3
    "#]]
    .assert_eq(&shown);
}

/// Where the items of the ticket are, and what queries know of it.
fn whereabouts(kitchen: &Kitchen) -> String {
    let row = kitchen.state.tickets.get(&ticket_id(kitchen.order.id).to_string()).unwrap();
    let items = row.ticket.items.iter().map(|item| format!("{} at {}; ", item.sku, item.station));
    format!("{}all {}", items.collect::<String>(), row.stations)
}

/// The stations that were closed and are not known to be clear.
fn closed(kitchen: &Kitchen) -> Vec<&str> {
    let left = kitchen.state.closed.iter().filter(|closed| closed.cleared_at.is_none());
    let mut left: Vec<&str> = left.map(|closed| &*closed.station).collect();
    left.sort_unstable();
    left
}

#[test]
fn open_tickets_keep_their_stations() {
    let mut kitchen = Kitchen::new("1 margherita, 1 cola");
    kitchen.tell(Command::Arrange(arrangement(&STATIONS, &[("Pizza", "pizza")]))).unwrap();
    expect![[r#"
        accept: ticket.opened 1
        stations grill pizza pass: stations.changed 2
        move: nothing
    "#]]
    .assert_eq(&kitchen.run("accept; stations grill pizza pass; move"));
    assert_eq!(whereabouts(&kitchen), "margherita at pizza; cola at pass; all ,pass,pizza,");
    assert_eq!(closed(&kitchen), ["bar", "kitchen"]);
}

#[test]
fn items_at_a_station_that_is_gone_move_to_the_default() {
    let mut kitchen = Kitchen::new("1 margherita, 1 cola");
    kitchen.tell(Command::Arrange(arrangement(&STATIONS, &[("Pizza", "pizza")]))).unwrap();
    kitchen.run("accept; start 1; stations grill bar");
    assert_eq!(closed(&kitchen), ["kitchen", "pass", "pizza"]);
    let moved = kitchen.tell(kitchen.command("move")).unwrap().events;
    let data: Value = serde_json::from_str(moved[0].data.get()).unwrap();
    assert_eq!((moved.len(), &data["reason"], &data["from"]), (1, &json!("moved"), &json!(["pass", "pizza"])));
    assert_eq!(kitchen.run("move"), "move: nothing\n");
    assert_eq!(whereabouts(&kitchen), "margherita at bar; cola at bar; all ,bar,");
    assert_eq!(summary(kitchen.ticket().unwrap()), "= open, started: 1 cooking, 2 queued");
}

#[test]
fn the_first_stations_of_a_location_take_what_it_had_before() {
    let mut kitchen = Kitchen::new("1 cola");
    kitchen.run("accept; stations grill pass; move");
    assert_eq!((&*whereabouts(&kitchen), closed(&kitchen)), ("cola at pass; all ,pass,", vec!["kitchen"]));
}

#[test]
fn what_has_left_the_display_moves_when_it_comes_back() {
    for (end, moved) in [
        ("ready", "ticket.changed 4"),
        ("serve", "nothing"),
        ("cancel", "ticket.changed 3"),
        ("cancel; ack", "nothing"),
    ] {
        let mut kitchen = Kitchen::new("1 cola");
        kitchen.run(&format!("stations bar; accept; {end}; stations pass"));
        assert_eq!(kitchen.run("move"), format!("move: {moved}\n"), "{end}");
    }
    let mut kitchen = Kitchen::new("1 cola");
    kitchen.run("stations bar; accept; serve; stations pass; recall");
    assert_eq!(whereabouts(&kitchen), "cola at pass; all ,pass,");
}

#[test]
fn a_closed_station_is_clear_when_nothing_is_found_there_or_when_it_opens_again() {
    let mut kitchen = Kitchen::new("1 cola");
    let bar = |kitchen: &Kitchen| kitchen.state.closed.get("soho/bar").unwrap().clone();
    kitchen.run("stations bar kitchen; stations kitchen");
    let found = bar(&kitchen);
    kitchen.run("stations bar kitchen");
    assert_eq!(closed(&kitchen), [""; 0]);
    kitchen.run("stations kitchen");
    assert_eq!(closed(&kitchen), ["bar"]);
    // Of an earlier look, before it was opened and closed again.
    kitchen.tell(Command::ClearClosed(found)).unwrap();
    assert_eq!(closed(&kitchen), ["bar"]);
    let found = bar(&kitchen);
    kitchen.tell(Command::ClearClosed(found)).unwrap();
    assert_eq!(closed(&kitchen), [""; 0]);
}

#[test]
fn an_item_is_out_as_often_as_somebody_says_so() {
    let mut kitchen = Kitchen::new("1 cola");
    expect![[r#"
        out cola: item.marked_out 1
        out cola: item.marked_out 2
        out cola #a: item.marked_out 3
        out cola #a: nothing
        out burger #a: refused: KeyReused
        out burger: item.marked_out 1
        out cola until 2026-11-23T20:00:00Z: item.marked_out 4
        out cola until 2026-11-23T18:00:00Z: refused: UntilIsPast
    "#]]
    .assert_eq(&kitchen.run(
        "out cola; out cola; out cola #a; out cola #a; out burger #a; out burger; \
         out cola until 2026-11-23T20:00:00Z; out cola until 2026-11-23T18:00:00Z",
    ));
    let cola = kitchen.state.marked_out.get("soho/cola").unwrap();
    expect![[r#"{"location":"soho","sku":"cola","until":"2026-11-23T20:00:00.000000Z","marked_at":"2026-11-23T18:42:07.000000Z","version":4}"#]].assert_eq(&serde_json::to_string(&cola).unwrap());
}

#[test]
fn an_older_day_is_not_taken() {
    let mut kitchen = Kitchen::new("1 cola");
    for (timezone, version) in [("Asia/Tokyo", 2), ("Europe/London", 1)] {
        kitchen.tell(Command::SetDay(local_day(timezone, version))).unwrap();
    }
    assert_eq!(kitchen.state.days.get("soho").unwrap().timezone, "Asia/Tokyo");
}
