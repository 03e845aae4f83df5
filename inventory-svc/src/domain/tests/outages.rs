//! From when until when an item could not be had.

use expect_test::expect;
use serde_json::json;
use shared::contract::time::Time;

use super::{World, lines};

/// `margherita 20-30 count`, and since when it is out.
fn outages(script: &str) -> String {
    let mut world = World::default();
    lines(script).for_each(|line| drop(world.tell(line)));
    let second = |at: Time| at.as_micros() / 1_000_000;
    let over = world.outages.values().map(|outage| {
        format!("{} {}-{} {}", outage.sku, second(outage.started_at), second(outage.ended_at), json!(outage.cause))
    });
    let lasting =
        world.items.values().filter_map(|item| Some(format!("{} since {}", item.shown.sku, second(item.out?.since))));
    over.chain(lasting).collect::<Vec<_>>().join(", ").replace('"', "")
}

#[test]
fn an_outage_is_kept_once_it_is_over() {
    expect!["focaccia 20-30 count, focaccia since 50"].assert_eq(&outages(
        "stock flour
        receive flour 300
        recipe focaccia flour 300
        at 20
        place a 1 focaccia
        at 25
        mark focaccia 25
        back focaccia
        at 30
        cancel a
        at 50
        out focaccia until 90",
    ));
    expect!["cola 10-95 manual"]
        .assert_eq(&outages("at 10\nout cola until 90\nat 40\nout cola until 95\nat 95\nlapse cola"));
}
