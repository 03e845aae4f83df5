//! Orders: reserved, rejected, released, consumed, in any order and any number of times.

use expect_test::{Expect, expect};

use shared::contract::stock::ReservationStatus;

use super::{World, check, check_after};

const PIZZERIA: &str = "
    stock flour
    stock cheese
    stock olives
    receive flour 1000
    receive cheese 300
    receive olives 50
    recipe margherita flour 200 cheese 100
    recipe focaccia flour 300
    recipe extra-olives olives 25";

fn in_pizzeria(script: &str, expected: Expect) {
    check_after(PIZZERIA, script, expected);
}

#[test]
fn all_lines_are_reserved() {
    in_pizzeria(
        "place a 1 margherita+extra-olives, 1 focaccia, 3 cola",
        expect![[r#"
            stock.reserved v1: cheese 100, flour 500, olives 25
            availability.changed soho/extra-olives v2: back (count, 1 left)
            availability.changed soho/focaccia v2: back (count, 1 left)
            availability.changed soho/margherita v2: back (count, 2 left)
            left: cheese 300 (reserved 100), flour 1000 (reserved 500), olives 50 (reserved 25)"#]],
    );
}

#[test]
fn or_none_and_every_short_line_is_named() {
    in_pizzeria(
        "place a 4 margherita, 2 focaccia, 1 margherita, 3 cola+extra-olives",
        expect![[r#"
            stock.rejected v1: out_of_stock line 1 margherita, line 4 extra-olives
            left: cheese 300, flour 1000, olives 50"#]],
    );
}

#[test]
fn a_short_line_takes_nothing_from_later_ones() {
    in_pizzeria(
        "place a 1 margherita, 5 focaccia, 2 margherita",
        expect![[r#"
            stock.rejected v1: out_of_stock line 2 focaccia
            left: cheese 300, flour 1000, olives 50"#]],
    );
    in_pizzeria(
        "place a 3 focaccia+extra-olives, 1 focaccia",
        expect![[r#"
        stock.rejected v1: out_of_stock line 1 extra-olives
        left: cheese 300, flour 1000, olives 50"#]],
    );
}

#[test]
fn a_modifier_counts_with_the_quantity_of_its_line() {
    in_pizzeria(
        "place a 2 cola+extra-olives",
        expect![[r#"
            stock.reserved v1: olives 50
            availability.changed soho/extra-olives v2: out (count)
            left: cheese 300, flour 1000, olives 50 (reserved 50)"#]],
    );
    in_pizzeria(
        "place a 1 cola+extra-olives+extra-olives+extra-olives",
        expect![[r#"
            stock.rejected v1: out_of_stock line 1 extra-olives
            left: cheese 300, flour 1000, olives 50"#]],
    );
}

#[test]
fn lines_share_what_there_is() {
    in_pizzeria(
        "place a 2 margherita, 2 margherita",
        expect![[r#"
            stock.rejected v1: out_of_stock line 2 margherita
            left: cheese 300, flour 1000, olives 50"#]],
    );
}

#[test]
fn orders_share_what_there_is() {
    in_pizzeria(
        "place a 2 margherita\nplace b 2 margherita\nplace c 1 margherita",
        expect![[r#"
            stock.reserved v1: cheese 200, flour 400
            availability.changed soho/focaccia v2: back (count, 2 left)
            availability.changed soho/margherita v2: back (count, 1 left)
            stock.rejected v1: out_of_stock line 1 margherita
            stock.reserved v1: cheese 100, flour 200
            availability.changed soho/focaccia v3: back (count, 1 left)
            availability.changed soho/margherita v3: out (count)
            left: cheese 300 (reserved 300), flour 1000 (reserved 600), olives 50"#]],
    );
}

#[test]
fn what_was_marked_out_cannot_be_reserved() {
    in_pizzeria(
        "out cola\nplace a 1 cola, 1 margherita\nback cola\nplace b 1 cola",
        expect![[r#"
            availability.changed soho/cola v1: out (manual) by ann
            stock.rejected v1: out_of_stock line 1 cola
            availability.changed soho/cola v2: back (count) by ann
            stock.reserved v1
            left: cheese 300, flour 1000, olives 50"#]],
    );
    in_pizzeria(
        "out extra-olives\nplace a 1 margherita+extra-olives",
        expect![[r#"
            availability.changed soho/extra-olives v2: out (manual) by ann
            stock.rejected v1: out_of_stock line 1 extra-olives
            left: cheese 300, flour 1000, olives 50"#]],
    );
}

#[test]
fn a_manual_86_ends_with_its_time_swept_or_not() {
    in_pizzeria(
        "out cola until 60\nat 59\nplace a 1 cola\nat 60\nplace b 1 cola",
        expect![[r#"
            availability.changed soho/cola v1: out (manual until 60) by ann
            stock.rejected v1: out_of_stock line 1 cola
            stock.reserved v1
            left: cheese 300, flour 1000, olives 50"#]],
    );
}

#[test]
fn the_automatic_flag_does_not_stand_in_the_way() {
    in_pizzeria(
        "place a 3 margherita\nreceive cheese 150\nplace b 1 margherita",
        expect![[r#"
            stock.reserved v1: cheese 300, flour 600
            availability.changed soho/focaccia v2: back (count, 1 left)
            availability.changed soho/margherita v2: out (count)
            stock.moved soho/cheese v3: receive 150 -> 450 by ann
            availability.changed soho/margherita v3: back (count, 1 left)
            stock.reserved v1: cheese 100, flour 200
            availability.changed soho/focaccia v3: out (count)
            availability.changed soho/margherita v4: out (count)
            left: cheese 450 (reserved 400), flour 1000 (reserved 800), olives 50"#]],
    );
}

#[test]
fn an_order_that_nobody_waits_for_is_left_alone() {
    in_pizzeria(
        "late a 1 margherita\nlatest b 1 margherita",
        expect![[r#"
            stock.rejected v1: timed_out
            stock.reserved v1: cheese 100, flour 200
            availability.changed soho/focaccia v2: back (count, 2 left)
            availability.changed soho/margherita v2: back (count, 2 left)
            left: cheese 300 (reserved 100), flour 1000 (reserved 200), olives 50"#]],
    );
}

#[test]
fn consumed_when_the_kitchen_starts() {
    in_pizzeria(
        "place a 1 margherita\nstart a\nstart a\ncancel a\nreject a",
        expect![[r#"
            stock.reserved v1: cheese 100, flour 200
            availability.changed soho/focaccia v2: back (count, 2 left)
            availability.changed soho/margherita v2: back (count, 2 left)
            stock.consumed v2: cheese 100, flour 200
            left: cheese 200, flour 800, olives 50"#]],
    );
}

#[test]
fn released_once_when_it_ends() {
    in_pizzeria(
        "place a 1 margherita\ncancel a\ncancel a\nreject a\nstart a",
        expect![[r#"
            stock.reserved v1: cheese 100, flour 200
            availability.changed soho/focaccia v2: back (count, 2 left)
            availability.changed soho/margherita v2: back (count, 2 left)
            stock.released v2: order_cancelled cheese 100, flour 200
            availability.changed soho/focaccia v3: back (count, 3 left)
            availability.changed soho/margherita v3: back (count, 3 left)
            left: cheese 300, flour 1000, olives 50"#]],
    );
    in_pizzeria(
        "place a 1 margherita\nreject a\ncancel a",
        expect![[r#"
            stock.reserved v1: cheese 100, flour 200
            availability.changed soho/focaccia v2: back (count, 2 left)
            availability.changed soho/margherita v2: back (count, 2 left)
            stock.released v2: order_rejected cheese 100, flour 200
            availability.changed soho/focaccia v3: back (count, 3 left)
            availability.changed soho/margherita v3: back (count, 3 left)
            left: cheese 300, flour 1000, olives 50"#]],
    );
}

#[test]
fn our_own_rejection_comes_back_without_effect() {
    in_pizzeria(
        "place a 4 margherita\nreject a\ncancel a\nstart a\nplace a 1 margherita",
        expect![[r#"
            stock.rejected v1: out_of_stock line 1 margherita
            left: cheese 300, flour 1000, olives 50"#]],
    );
}

#[test]
fn placed_again_changes_nothing() {
    in_pizzeria(
        "place a 1 margherita\nplace a 1 margherita",
        expect![[r#"
            stock.reserved v1: cheese 100, flour 200
            availability.changed soho/focaccia v2: back (count, 2 left)
            availability.changed soho/margherita v2: back (count, 2 left)
            left: cheese 300 (reserved 100), flour 1000 (reserved 200), olives 50"#]],
    );
}

#[test]
fn an_end_that_overtakes_leaves_a_tombstone() {
    in_pizzeria(
        "cancel a\nplace a 1 margherita\ncancel a\nstart a",
        expect!["left: cheese 300, flour 1000, olives 50"],
    );
    in_pizzeria("reject a\nplace a 1 margherita\nreject a", expect!["left: cheese 300, flour 1000, olives 50"]);
    in_pizzeria("start a\nplace a 1 margherita\nstart a", expect!["left: cheese 300, flour 1000, olives 50"]);
}

#[test]
fn a_tombstone_says_what_it_stands_for() {
    let mut world = World::default();
    for (line, order, status) in [
        ("cancel a", "a", ReservationStatus::Released),
        ("reject b", "b", ReservationStatus::Released),
        ("start c", "c", ReservationStatus::Consumed),
    ] {
        world.tell(line);
        assert_eq!(world.status(order), Some(status));
    }
}

#[test]
fn an_order_that_held_nothing_is_not_released() {
    in_pizzeria(
        "place a 1 cola\ncancel a",
        expect![[r#"
            stock.reserved v1
            left: cheese 300, flour 1000, olives 50"#]],
    );
    in_pizzeria(
        "place a 1 cola\nstart a",
        expect![[r#"
            stock.reserved v1
            stock.consumed v2
            left: cheese 300, flour 1000, olives 50"#]],
    );
}

#[test]
fn a_reservation_keeps_what_it_took() {
    in_pizzeria(
        "place a 1 margherita\nrecipe margherita flour 500\ncancel a",
        expect![[r#"
            stock.reserved v1: cheese 100, flour 200
            availability.changed soho/focaccia v2: back (count, 2 left)
            availability.changed soho/margherita v2: back (count, 2 left)
            recipe.changed soho/margherita v2
            availability.changed soho/margherita v3: back (count, 1 left)
            stock.released v2: order_cancelled cheese 100, flour 200
            availability.changed soho/focaccia v3: back (count, 3 left)
            availability.changed soho/margherita v4: back (count, 2 left)
            left: cheese 300, flour 1000, olives 50"#]],
    );
    in_pizzeria(
        "place a 1 margherita\nrecipe margherita flour 500\nstart a",
        expect![[r#"
            stock.reserved v1: cheese 100, flour 200
            availability.changed soho/focaccia v2: back (count, 2 left)
            availability.changed soho/margherita v2: back (count, 2 left)
            recipe.changed soho/margherita v2
            availability.changed soho/margherita v3: back (count, 1 left)
            stock.consumed v2: cheese 100, flour 200
            left: cheese 200, flour 800, olives 50"#]],
    );
}

#[test]
fn a_count_below_what_is_reserved_is_not_clamped() {
    in_pizzeria(
        "place a 2 focaccia\ncount flour 100\nplace b 1 focaccia\nstart a",
        expect![[r#"
            stock.reserved v1: flour 600
            availability.changed soho/focaccia v2: back (count, 1 left)
            availability.changed soho/margherita v2: back (count, 2 left)
            stock.moved soho/flour v3: count 100 -> 100 by ann
            availability.changed soho/focaccia v3: out (count)
            availability.changed soho/margherita v3: out (count)
            stock.rejected v1: out_of_stock line 1 focaccia
            stock.consumed v2: flour 600
            left: cheese 300, flour -500, olives 50"#]],
    );
}

#[test]
fn the_rest_of_the_world_is_another_shelf() {
    check(
        "stock flour\nreceive flour 10\nplace a 1 margherita\ncancel b",
        expect![[r#"
            stock.changed soho/flour v1
            stock.moved soho/flour v2: receive 10 -> 10 by ann
            stock.reserved v1
            left: flour 10"#]],
    );
}
