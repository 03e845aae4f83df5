//! Placing: once per key, at our prices, of what there is.

use expect_test::expect;

use shared::contract::menu::Effect;

use super::{World, check};

#[test]
fn an_order_is_priced_and_numbered_by_us() {
    check(
        "place 2 margherita +cheese +basil; 1 cola
         place 1 cola",
        expect![[r#"
            place 2 margherita +cheese +basil; 1 cola | order.placed v1 #1, -> #1 no 1 2350 GBP
            place 1 cola | order.placed v1 #2, -> #2 no 2 250 GBP"#]],
    );
}

#[test]
fn numbers_start_again_each_business_day() {
    // It is 20:00 in Athens.
    check(
        "place 1 cola
         wait 32340
         place 1 cola
         wait 120
         place 1 cola
         location day_starts=06:00
         place 1 cola
         location day_starts=05:00
         place 1 cola",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            wait 32340 |
            place 1 cola | order.placed v1 #2, -> #2 no 2 250 GBP
            wait 120 |
            place 1 cola | order.placed v1 #3, -> #3 no 1 250 GBP
            location day_starts=06:00 | location.changed v2 soho open, -> soho v2
            place 1 cola | order.placed v1 #4, -> #4 no 3 250 GBP
            location day_starts=05:00 | location.changed v3 soho open, -> soho v3
            place 1 cola | order.placed v1 #5, -> #5 no 2 250 GBP"#]],
    );
}

#[test]
fn the_same_key_gives_the_same_order_as_it_is_now() {
    check(
        "place key=k 1 cola
         cancel #1
         retry key=k 1 cola
         place key=j 1 cola",
        expect![[r#"
            place key=k 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            cancel #1 | order.cancelled v2 #1, -> #1 cancelled
            retry key=k 1 cola | -> #1 again no 1 250 GBP
            place key=j 1 cola | order.placed v1 #2, -> #2 no 2 250 GBP"#]],
    );
}

#[test]
fn a_key_is_for_one_body_only() {
    check(
        "place key=k 1 cola
         place key=k 2 cola",
        expect![[r#"
            place key=k 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            place key=k 2 cola | 422 idempotency-key-reused: this Idempotency-Key was used for another request; send a new key with a new request"#]],
    );
}

#[test]
fn an_external_id_is_a_key_of_its_channel() {
    check(
        "place id=e 1 cola
         retry id=e 1 cola
         place id=e 2 cola",
        expect![[r#"
            place id=e 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            retry id=e 1 cola | -> #1 again no 1 250 GBP
            place id=e 2 cola | 409 external-id-conflict: the channel has placed another order under this external_id"#]],
    );
}

#[test]
fn with_both_both_are_bound_and_the_header_is_checked_first() {
    check(
        "place key=k id=e 1 cola
         retry key=k id=e 1 cola
         retry id=e 1 cola
         retry key=new id=e 1 cola
         place key=new 1 burger
         place key=k id=e 2 cola
         place key=j id=e 2 cola",
        expect![[r#"
            place key=k id=e 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            retry key=k id=e 1 cola | -> #1 again no 1 250 GBP
            retry id=e 1 cola | -> #1 again no 1 250 GBP
            retry key=new id=e 1 cola | -> #1 again no 1 250 GBP
            place key=new 1 burger | 422 idempotency-key-reused: this Idempotency-Key was used for another request; send a new key with a new request
            place key=k id=e 2 cola | 422 idempotency-key-reused: this Idempotency-Key was used for another request; send a new key with a new request
            place key=j id=e 2 cola | 409 external-id-conflict: the channel has placed another order under this external_id"#]],
    );
}

#[test]
fn a_refusal_is_not_remembered() {
    check(
        "mode closed
         place key=k 1 cola
         mode open
         place key=k 1 burger",
        expect![[r#"
            mode closed | location.changed v2 soho closed, -> soho v2
            place key=k 1 cola | 409 location-not-accepting: soho is closed until further notice
            mode open | location.changed v3 soho open, -> soho v3
            place key=k 1 burger | order.placed v1 #1, -> #1 no 1 1100 GBP"#]],
    );
}

#[test]
fn only_an_open_location_takes_orders() {
    check(
        "place at=camden 1 cola
         mode paused 600
         place 1 cola
         wait 599
         place 1 cola
         wait 1
         place 1 cola
         mode closed
         place 1 cola",
        expect![[r#"
            place at=camden 1 cola | 404 unknown-location: there is no location camden; PUT /v1/locations/{location} makes one
            mode paused 600 | location.changed v2 soho paused 2026-11-23T18:10:00.000000Z, -> soho v2
            place 1 cola | 409 location-not-accepting: soho is paused until 2026-11-23T18:10:00.000000Z
            wait 599 |
            place 1 cola | 409 location-not-accepting: soho is paused until 2026-11-23T18:10:00.000000Z
            wait 1 |
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            mode closed | location.changed v3 soho closed, -> soho v3
            place 1 cola | 409 location-not-accepting: soho is closed until further notice"#]],
    );
}

#[test]
fn what_is_not_on_the_menu_is_named_where_it_stands() {
    check(
        "place 1 cola; 1 unicorn; 1 cola +cheese; 1 margherita +basil +gold
         place 1 cheese",
        expect![[r#"
            place 1 cola; 1 unicorn; 1 cola +cheese; 1 margherita +basil +gold | 422 unknown-item: unicorn is no dish on the menu of soho; cheese is no modifier of cola; gold is no modifier of margherita
            place 1 cheese | 422 unknown-item: cheese is no dish on the menu of soho"#]],
    );
}

#[test]
fn a_listed_modifier_must_be_on_the_menu_too() {
    check(
        "menu soup 500 +bread
         place 1 soup +bread
         modifier bread 100
         place 1 soup +bread",
        expect![[r#"
            menu soup 500 +bread | menu.changed v1 soup 500 true, -> soup v1
            place 1 soup +bread | 422 unknown-item: bread is no modifier of soup
            modifier bread 100 | menu.changed v1 bread 100 true, -> bread v1
            place 1 soup +bread | order.placed v1 #1, -> #1 no 1 600 GBP"#]],
    );
}

#[test]
fn what_is_marked_out_is_named_by_line() {
    check(
        "out cheese
         out cola 600
         place 1 margherita; 2 cola; 1 burger +cheese
         wait 600
         place 2 cola
         back cheese
         place 1 burger +cheese",
        expect![[r#"
            out cheese | menu.changed v2 cheese 150 false 0 left
            out cola 600 | menu.changed v2 cola 250 false 2026-11-23T18:10:00.000000Z 0 left
            place 1 margherita; 2 cola; 1 burger +cheese | 409 item-unavailable: sold out: cola, cheese
            wait 600 |
            place 2 cola | order.placed v1 #1, -> #1 no 1 500 GBP
            back cheese | menu.changed v3 cheese 150 true
            place 1 burger +cheese | order.placed v1 #2, -> #2 no 2 1250 GBP"#]],
    );
}

#[test]
fn the_client_may_say_what_it_expected() {
    check(
        "place total=250GBP 1 cola
         place total=1GBP 1 cola
         place total=250EUR 1 cola",
        expect![[r#"
            place total=250GBP 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            place total=1GBP 1 cola | 422 price-mismatch: the menu gives 250 GBP
            place total=250EUR 1 cola | 422 price-mismatch: the menu gives 250 GBP"#]],
    );
}

#[test]
fn the_count_decides_what_the_menu_only_informs_of() {
    check(
        "sold_out cola
         place 1 cola
         few cola 1
         place 2 cola",
        expect![[r#"
            sold_out cola | menu.changed v2 cola 250 false 0 left
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            few cola 1 | menu.changed v3 cola 250 true 1 left
            place 2 cola | order.placed v1 #2, -> #2 no 2 500 GBP"#]],
    );
}

#[test]
fn a_choice_has_to_be_made() {
    check(
        "modifier thin 0 change
         modifier thick 100
         modifier rye 50
         menu pizza 900 +cheese 1-1:thin,thick 0-2:rye
         place 1 pizza
         place 1 cola; 1 pizza +thin +thick +rye +rye +rye
         place 1 pizza +thick +cheese; 1 pizza +thin +rye +rye",
        expect![[r#"
            modifier thin 0 change | menu.changed v1 thin 0 true, -> thin v1
            modifier thick 100 | menu.changed v1 thick 100 true, -> thick v1
            modifier rye 50 | menu.changed v1 rye 50 true, -> rye v1
            menu pizza 900 +cheese 1-1:thin,thick 0-2:rye | menu.changed v1 pizza 900 true, -> pizza v1
            place 1 pizza | 422 invalid-line: pizza takes 1 of its choice "base", not 0
            place 1 cola; 1 pizza +thin +thick +rye +rye +rye | 422 invalid-line: pizza takes 1 of its choice "base", not 2; pizza takes 0 to 2 of its choice "base", not 3
            place 1 pizza +thick +cheese; 1 pizza +thin +rye +rye | order.placed v1 #1, -> #1 no 1 2150 GBP"#]],
    );
}

#[test]
fn a_line_says_what_each_modifier_does() {
    let mut world = World::open();
    for line in ["modifier cheese 150 remove", "modifier basil 0", "menu margherita 900 +cheese +basil"] {
        world.tell(line);
    }
    world.tell("place 1 margherita +cheese +basil");
    let order = world.state.orders.iter().next().expect("an order");
    let effects: Vec<Effect> = order.lines[0].modifiers.iter().map(|modifier| modifier.effect).collect();
    assert_eq!(effects, [Effect::Remove, Effect::Add]);
}
