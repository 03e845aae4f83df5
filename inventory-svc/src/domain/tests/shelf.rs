//! Ingredients, recipes, and what is sold out.

use expect_test::expect;
use serde_json::json;
use shared::contract::stock::MovementKind;

use super::{World, check};

#[test]
fn the_ledger_adds_up() {
    check(
        "stock flour\nreceive flour 1000\nwaste flour 1200\ncount flour 30\ncount flour 0",
        expect![[r#"
            stock.changed soho/flour v1
            stock.moved soho/flour v2: receive 1000 -> 1000 by ann
            stock.moved soho/flour v3: waste 1200 -> -200 by ann
            stock.moved soho/flour v4: count 30 -> 30 by ann
            stock.moved soho/flour v5: count 0 -> 0 by ann
            left: flour 0"#]],
    );
}

#[test]
fn movements_are_numbered_and_name_their_cause() {
    let mut world = World::default();
    let script = "stock flour\nreceive flour 500\nrecipe focaccia flour 300\nplace a 1 focaccia\nstart a";
    script.lines().for_each(|line| drop(world.tell(line)));
    let mut ledger: Vec<_> = world.movements.values().collect();
    ledger.sort_by_key(|entry| entry.number);
    let told = |entry: &&crate::domain::stock::Entry| {
        let movement = &entry.movement;
        (entry.number, movement.kind, movement.delta, movement.on_hand, movement.order_id.is_some())
    };
    let expected = [(1, MovementKind::Receive, 500, 500, false), (2, MovementKind::Consume, -300, 200, true)];
    assert_eq!(ledger.iter().map(told).collect::<Vec<_>>(), expected);
    assert_ne!(ledger[0].movement.cause, ledger[1].movement.cause);
}

#[test]
fn a_retry_enters_nothing_twice() {
    check(
        "stock flour\nreceive flour 5 key k\nreceive flour 5 key k\nreceive flour 6 key k",
        expect![[r#"
            stock.changed soho/flour v1
            stock.moved soho/flour v2: receive 5 -> 5 by ann
            replayed: 5
            refused: KeyReused
            left: flour 5"#]],
    );
}

#[test]
fn a_refused_movement_does_not_use_up_its_key() {
    check(
        "receive flour 5 key k\nstock flour\nreceive flour 5 key k",
        expect![[r#"
            refused: UnknownIngredient(Slug("flour"))
            stock.changed soho/flour v1
            stock.moved soho/flour v2: receive 5 -> 5 by ann
            left: flour 5"#]],
    );
}

#[test]
fn unknown_ingredients_are_refused() {
    check(
        "waste flour 1\nstock flour\nrecipe focaccia salt 2 flour 300 oil 5",
        expect![[r#"
            refused: UnknownIngredient(Slug("flour"))
            stock.changed soho/flour v1
            refused: UnknownIngredients([FieldError { pointer: "/ingredients/0/ingredient", detail: "there is no ingredient salt in stock here" }, FieldError { pointer: "/ingredients/2/ingredient", detail: "there is no ingredient oil in stock here" }])
            left: flour 0"#]],
    );
}

#[test]
fn what_would_not_be_exact_any_more_is_refused() {
    let mut world = World::default();
    world.tell("stock flour");
    world.stock.get_mut("soho/flour").expect("put").item.on_hand = 1_000_000_000_000_000;
    assert_eq!(world.tell("receive flour 1"), ["refused: TooMuch"]);
    assert_eq!(world.tell("waste flour 1").len(), 1);
    world.stock.get_mut("soho/flour").expect("put").item.on_hand = -1_000_000_000_000_000;
    assert_eq!(world.tell("waste flour 1 key again"), ["refused: TooMuch"]);
    assert_eq!(world.tell("count flour 1000000000").len(), 1);
}

#[test]
fn low_is_said_once_a_crossing() {
    check(
        "stock flour low 300
        receive flour 1000
        recipe focaccia flour 300
        place a 2 focaccia
        place b 1 focaccia
        place c 1 focaccia
        waste flour 1
        count flour 1000
        cancel b
        waste flour 100
        start a
        stock flour low 200
        stock flour low 500",
        expect![[r#"
            stock.changed soho/flour v1
            stock.low soho/flour v2: 0 available
            stock.moved soho/flour v3: receive 1000 -> 1000 by ann
            recipe.changed soho/focaccia v1
            availability.changed soho/focaccia v1: back (count, 3 left)
            stock.reserved v1: flour 600
            availability.changed soho/focaccia v2: back (count, 1 left)
            stock.reserved v1: flour 300
            stock.low soho/flour v4: 100 available
            availability.changed soho/focaccia v3: out (count)
            stock.rejected v1: out_of_stock line 1 focaccia
            stock.moved soho/flour v5: waste 1 -> 999 by ann
            stock.moved soho/flour v6: count 1000 -> 1000 by ann
            stock.released v2: order_cancelled flour 300
            availability.changed soho/focaccia v4: back (count, 1 left)
            stock.moved soho/flour v7: waste 100 -> 900 by ann
            stock.low soho/flour v8: 300 available
            stock.consumed v2: flour 600
            stock.changed soho/flour v9
            stock.changed soho/flour v10
            stock.low soho/flour v11: 300 available
            left: flour 300"#]],
    );
}

#[test]
fn describing_an_ingredient_anew_keeps_its_quantities() {
    check(
        "stock flour\nreceive flour 7\nstock flour",
        expect![[r#"
            stock.changed soho/flour v1
            stock.moved soho/flour v2: receive 7 -> 7 by ann
            left: flour 7"#]],
    );
}

#[test]
fn out_below_one_portion_and_back_at_one() {
    check(
        "stock flour
        recipe focaccia flour 300
        receive flour 599
        receive flour 1
        waste flour 300
        waste flour 1
        receive flour 2
        count flour 900
        place a 2 focaccia
        place b 1 focaccia
        cancel b
        cancel a",
        expect![[r#"
            stock.changed soho/flour v1
            recipe.changed soho/focaccia v1
            availability.changed soho/focaccia v1: out (count)
            stock.moved soho/flour v2: receive 599 -> 599 by ann
            availability.changed soho/focaccia v2: back (count, 1 left)
            stock.moved soho/flour v3: receive 1 -> 600 by ann
            availability.changed soho/focaccia v3: back (count, 2 left)
            stock.moved soho/flour v4: waste 300 -> 300 by ann
            availability.changed soho/focaccia v4: back (count, 1 left)
            stock.moved soho/flour v5: waste 1 -> 299 by ann
            availability.changed soho/focaccia v5: out (count)
            stock.moved soho/flour v6: receive 2 -> 301 by ann
            availability.changed soho/focaccia v6: back (count, 1 left)
            stock.moved soho/flour v7: count 900 -> 900 by ann
            availability.changed soho/focaccia v7: back (count, 3 left)
            stock.reserved v1: flour 600
            availability.changed soho/focaccia v8: back (count, 1 left)
            stock.reserved v1: flour 300
            availability.changed soho/focaccia v9: out (count)
            stock.released v2: order_cancelled flour 300
            availability.changed soho/focaccia v10: back (count, 1 left)
            stock.released v2: order_cancelled flour 600
            availability.changed soho/focaccia v11: back (count, 3 left)
            left: flour 900"#]],
    );
}

#[test]
fn an_item_is_back_when_the_scarcest_ingredient_is_good_for_one() {
    check(
        "stock flour
        stock cheese
        receive flour 300
        receive cheese 300
        recipe margherita flour 100 cheese 100
        count flour 50
        count cheese 150
        count flour 300
        count cheese 200",
        expect![[r#"
            stock.changed soho/flour v1
            stock.changed soho/cheese v1
            stock.moved soho/flour v2: receive 300 -> 300 by ann
            stock.moved soho/cheese v2: receive 300 -> 300 by ann
            recipe.changed soho/margherita v1
            availability.changed soho/margherita v1: back (count, 3 left)
            stock.moved soho/flour v3: count 50 -> 50 by ann
            availability.changed soho/margherita v2: out (count)
            stock.moved soho/cheese v3: count 150 -> 150 by ann
            stock.moved soho/flour v4: count 300 -> 300 by ann
            availability.changed soho/margherita v3: back (count, 1 left)
            stock.moved soho/cheese v4: count 200 -> 200 by ann
            availability.changed soho/margherita v4: back (count, 2 left)
            left: cheese 200, flour 300"#]],
    );
}

#[test]
fn a_changed_recipe_counts_at_once() {
    check(
        "stock flour
        receive flour 500
        recipe focaccia flour 300
        recipe focaccia flour 300
        recipe focaccia flour 501
        recipe focaccia flour 251
        recipe focaccia flour 250
        recipe focaccia flour 600
        recipe focaccia
        waste flour 500",
        expect![[r#"
            stock.changed soho/flour v1
            stock.moved soho/flour v2: receive 500 -> 500 by ann
            recipe.changed soho/focaccia v1
            availability.changed soho/focaccia v1: back (count, 1 left)
            recipe.changed soho/focaccia v2
            availability.changed soho/focaccia v2: out (count)
            recipe.changed soho/focaccia v3
            availability.changed soho/focaccia v3: back (count, 1 left)
            recipe.changed soho/focaccia v4
            availability.changed soho/focaccia v4: back (count, 2 left)
            recipe.changed soho/focaccia v5
            availability.changed soho/focaccia v5: out (count)
            recipe.changed soho/focaccia v6
            availability.changed soho/focaccia v6: back (count)
            stock.moved soho/flour v3: waste 500 -> 0 by ann
            left: flour 0"#]],
    );
}

#[test]
fn lifting_never_overrides_the_count() {
    check(
        "stock flour\nrecipe focaccia flour 300\nout focaccia\nback focaccia\nback focaccia",
        expect![[r#"
            stock.changed soho/flour v1
            recipe.changed soho/focaccia v1
            availability.changed soho/focaccia v1: out (count)
            availability.changed soho/focaccia v2: out (manual) by ann
            availability.changed soho/focaccia v3: out (count) by ann
            left: flour 0"#]],
    );
}

#[test]
fn only_what_changes_is_said() {
    check(
        "back cola\nout cola\nout cola\nout cola until 60\nout cola until 60\nback cola\nback cola",
        expect![[r#"
            availability.changed soho/cola v1: out (manual) by ann
            availability.changed soho/cola v2: out (manual until 60) by ann
            availability.changed soho/cola v3: back (count) by ann
            left: "#]],
    );
}

#[test]
fn a_manual_86_lapses() {
    check(
        "out cola until 60\nlapse cola\nat 60\nlapse cola\nlapse cola\nlapse beer",
        expect![[r#"
            availability.changed soho/cola v1: out (manual until 60) by ann
            availability.changed soho/cola v2: back (count)
            left: "#]],
    );
    check(
        "stock flour
        recipe focaccia flour 300
        out focaccia until 60
        at 61
        lapse focaccia",
        expect![[r#"
            stock.changed soho/flour v1
            recipe.changed soho/focaccia v1
            availability.changed soho/focaccia v1: out (count)
            availability.changed soho/focaccia v2: out (manual until 60) by ann
            availability.changed soho/focaccia v3: out (count)
            left: flour 0"#]],
    );
}

#[test]
fn out_until_a_time_that_is_past_is_refused() {
    check(
        "at 60\nout cola until 60",
        expect![[r#"
            refused: UntilIsPast
            left: "#]],
    );
}

#[test]
fn the_kitchen_marks_out() {
    check(
        "at 20\nmark cola 10\nmark cola 10\nplace a 1 cola\nback cola",
        expect![[r#"
            availability.changed soho/cola v1: out (manual) by ann
            stock.rejected v1: out_of_stock line 1 cola
            availability.changed soho/cola v2: back (count) by ann
            left: "#]],
    );
    check(
        "at 20\nmark cola 10 until 15\nmark cola 16 until 30\nat 30\nlapse cola",
        expect![[r#"
            availability.changed soho/cola v1: out (manual until 30) by ann
            availability.changed soho/cola v2: back (count)
            left: "#]],
    );
}

#[test]
fn unless_a_later_manual_change_is_known() {
    check("at 20\nback cola\nmark cola 19", expect!["left: "]);
    check(
        "at 20\nback cola\nmark cola 20",
        expect![[r#"
        availability.changed soho/cola v1: out (manual) by ann
        left: "#]],
    );
    check(
        "at 20\nmark cola 25\nback cola\nmark cola 24",
        expect![[r#"
        availability.changed soho/cola v1: out (manual) by ann
        availability.changed soho/cola v2: back (count) by ann
        left: "#]],
    );
    check(
        "at 20\nmark cola 25\nback cola\nmark cola 26",
        expect![[r#"
        availability.changed soho/cola v1: out (manual) by ann
        availability.changed soho/cola v2: back (count) by ann
        availability.changed soho/cola v3: out (manual) by ann
        left: "#]],
    );
}

#[test]
fn an_ingredient_that_left_the_recipe_counts_no_more() {
    check(
        "stock flour
        stock cheese
        receive flour 900
        receive cheese 900
        recipe margherita flour 300 cheese 300
        recipe margherita flour 300
        count cheese 0
        count flour 299",
        expect![[r#"
            stock.changed soho/flour v1
            stock.changed soho/cheese v1
            stock.moved soho/flour v2: receive 900 -> 900 by ann
            stock.moved soho/cheese v2: receive 900 -> 900 by ann
            recipe.changed soho/margherita v1
            availability.changed soho/margherita v1: back (count, 3 left)
            recipe.changed soho/margherita v2
            stock.moved soho/cheese v3: count 0 -> 0 by ann
            stock.moved soho/flour v3: count 299 -> 299 by ann
            availability.changed soho/margherita v2: out (count)
            left: cheese 0, flour 299"#]],
    );
}

#[test]
fn a_row_of_the_time_before_portions_were_counted_is_understood() {
    let mut world = World::default();
    ["stock flour", "recipe focaccia flour 300"].iter().for_each(|line| drop(world.tell(line)));
    let old = json!({
        "shown": {"location": "soho", "sku": "focaccia", "available": false, "cause": "count", "until": null, "version": 1},
        "sold_out": true, "scarce": {"flour": "none"}, "block": null, "set_at": null,
    });
    world.items.insert("soho/focaccia".into(), serde_json::from_value(old).expect("an item"));
    let told = ["out focaccia", "back focaccia", "receive flour 300"].map(|line| world.tell(line).join(", "));
    expect![[r#"
        availability.changed soho/focaccia v2: out (manual) by ann
        availability.changed soho/focaccia v3: out (count) by ann
        stock.moved soho/flour v2: receive 300 -> 300 by ann, availability.changed soho/focaccia v4: back (count, 1 left)"#]]
    .assert_eq(&told.join("\n"));
}
