//! Placing: once per key, at our prices, of what there is.

use expect_test::expect;

use super::check;

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
            place at=camden 1 cola | 404 unknown-location: there is no location "camden"; PUT /v1/locations/{location} makes one
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
fn what_is_sold_out_is_named_by_line() {
    check(
        "sold_out cheese
         sold_out cola 600
         place 1 margherita; 2 cola; 1 burger +cheese
         wait 600
         place 2 cola
         back cheese
         place 1 burger +cheese",
        expect![[r#"
            sold_out cheese | menu.changed v2 cheese 150 false
            sold_out cola 600 | menu.changed v2 cola 250 false 2026-11-23T18:10:00.000000Z
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
