//! Stations, and items that are out.

use expect_test::{Expect, expect};

use super::*;

fn arrangement(routes: &[(&str, &str)]) -> Arrangement {
    let station = |id: &str| Station { id: text(id), name: text(id) };
    let route = |(what, station): &(&str, &str)| {
        let (sku, category) = match what.chars().next() {
            Some(first) if first.is_uppercase() => (None, Some(text(what))),
            _ => (Some(text(what)), None),
        };
        Route { sku, category, station: text(station) }
    };
    Arrangement {
        location: text("soho"),
        stations: ["pizza", "grill", "bar", "pass"].map(station).into(),
        default: text("pass"),
        routes: routes.iter().map(route).collect(),
    }
}

fn check_routes(lines: &str, routes: &[(&str, &str)], expected: Expect) {
    let mut kitchen = Kitchen::new(lines);
    kitchen.tell(Command::Arrange(arrangement(routes))).unwrap();
    kitchen.run("accept");
    let row = kitchen.state.tickets.get(&ticket_id(kitchen.order.id).to_string()).unwrap();
    let items = row.ticket.items.iter().map(|item| format!("{} at {}; ", item.sku, item.station));
    expected.assert_eq(&format!("{}all {}", items.collect::<String>(), row.stations));
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
        let decision = kitchen.tell(Command::Arrange(arrangement(routes))).unwrap();
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

#[test]
fn open_tickets_keep_their_stations() {
    let mut kitchen = Kitchen::new("1 cola");
    kitchen.run("accept");
    kitchen.tell(Command::Arrange(arrangement(&[]))).unwrap();
    assert_eq!(*kitchen.ticket().unwrap().items[0].station, *"kitchen");
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
