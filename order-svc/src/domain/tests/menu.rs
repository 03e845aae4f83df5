//! The menu and the locations: what changes is said, what does not is not.

use expect_test::expect;

use super::check;

#[test]
fn an_item_that_is_there_already_says_nothing() {
    check(
        "menu cola 250
         menu cola 275
         menu cola 275
         menu cola 275 +ice
         modifier cola 275 +ice",
        expect![[r#"
            menu cola 250 | -> cola v1
            menu cola 275 | menu.changed v2 cola 275 true, -> cola v2
            menu cola 275 | -> cola v2
            menu cola 275 +ice | menu.changed v3 cola 275 true, -> cola v3
            modifier cola 275 +ice | menu.changed v4 cola 275 true, -> cola v4"#]],
    );
}

#[test]
fn availability_shows_on_the_menu() {
    check(
        "sold_out cola
         sold_out cola
         out cola 600
         few cola 5
         few cola 4
         few cola 4
         back cola
         back cola",
        expect![[r#"
            sold_out cola | menu.changed v2 cola 250 false 0 left
            sold_out cola |
            out cola 600 | menu.changed v3 cola 250 false 2026-11-23T18:10:00.000000Z 0 left
            few cola 5 | menu.changed v4 cola 250 true 5 left
            few cola 4 | menu.changed v5 cola 250 true 4 left
            few cola 4 |
            back cola | menu.changed v6 cola 250 true
            back cola |"#]],
    );
}

#[test]
fn an_item_put_later_knows_what_was_said_before() {
    check(
        "out soup 600
         menu soup 500
         menu soup 550
         place 1 soup",
        expect![[r#"
            out soup 600 |
            menu soup 500 | menu.changed v1 soup 500 false 2026-11-23T18:10:00.000000Z 0 left, -> soup v1
            menu soup 550 | menu.changed v2 soup 550 false 2026-11-23T18:10:00.000000Z 0 left, -> soup v2
            place 1 soup | 409 item-unavailable: sold out: soup"#]],
    );
}

#[test]
fn a_location_that_is_there_already_says_nothing() {
    check(
        "mode open
         mode paused 600
         wait 1
         mode paused 599
         mode open",
        expect![[r#"
            mode open | -> soho v1
            mode paused 600 | location.changed v2 soho paused 2026-11-23T18:10:00.000000Z, -> soho v2
            wait 1 |
            mode paused 599 | -> soho v2
            mode open | location.changed v3 soho open, -> soho v3"#]],
    );
}

#[test]
fn a_location_that_is_put_without_a_mode_keeps_its_mode() {
    check(
        "mode paused 600
         location name=Frith
         location name=Frith
         location name=Frith language=en-gb
         wait 600
         location name=Frith language=en-GB
         mode closed
         location timezone=Europe/London",
        expect![[r#"
            mode paused 600 | location.changed v2 soho paused 2026-11-23T18:10:00.000000Z, -> soho v2
            location name=Frith | location.changed v3 soho paused 2026-11-23T18:10:00.000000Z, -> soho v3
            location name=Frith | -> soho v3
            location name=Frith language=en-gb | location.changed v4 soho paused 2026-11-23T18:10:00.000000Z, -> soho v4
            wait 600 |
            location name=Frith language=en-GB | -> soho v4
            mode closed | location.changed v5 soho closed, -> soho v5
            location timezone=Europe/London | location.changed v6 soho closed, -> soho v6"#]],
    );
}

#[test]
fn a_kitchen_pauses_and_is_busy_by_the_clock_of_the_service() {
    check(
        "set open
         set paused for 15
         place 1 cola
         wait 900
         place 1 cola
         set open busy 20 for 60
         location name=Frith
         place 1 cola
         set closed
         set closed
         set open",
        expect![[r#"
            set open | -> soho v1
            set paused for 15 | location.changed v2 soho paused 2026-11-23T18:15:00.000000Z, -> soho v2
            place 1 cola | 409 location-not-accepting: soho is paused until 2026-11-23T18:15:00.000000Z
            wait 900 |
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            set open busy 20 for 60 | location.changed v3 soho open busy +20 2026-11-23T19:15:00.000000Z, -> soho v3
            location name=Frith | location.changed v4 soho open busy +20 2026-11-23T19:15:00.000000Z, -> soho v4
            place 1 cola | order.placed v1 #2, -> #2 no 2 250 GBP
            set closed | location.changed v5 soho closed, -> soho v5
            set closed | -> soho v5
            set open | location.changed v6 soho open, -> soho v6"#]],
    );
}

#[test]
fn a_currency_does_not_change_under_prices() {
    check(
        "location currency=EUR
         location currency=GBP name=Frith
         place 1 cola",
        expect![[r#"
            location currency=EUR | 409 currency-in-use: the menu has prices in GBP; take them off the menu before the currency changes
            location currency=GBP name=Frith | location.changed v2 soho open, -> soho v2
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP"#]],
    );
}

#[test]
fn what_is_taken_off_the_menu_is_no_dish_and_no_modifier_until_it_is_put_again() {
    check(
        "remove cola
         remove cola
         remove unicorn
         sold_out cola
         place 1 cola
         remove cheese
         place 1 margherita +cheese
         menu cola 250
         back cola
         place 1 cola",
        expect![[r#"
            remove cola | menu.changed v2 cola 250 true removed, -> removed
            remove cola | -> removed
            remove unicorn | 404 not-found: there is no unicorn on the menu of soho
            sold_out cola |
            place 1 cola | 422 unknown-item: cola is no dish on the menu of soho
            remove cheese | menu.changed v2 cheese 150 true removed, -> removed
            place 1 margherita +cheese | 422 unknown-item: cheese is no modifier of margherita
            menu cola 250 | menu.changed v3 cola 250 false 0 left, -> cola v3
            back cola | menu.changed v4 cola 250 true
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP"#]],
    );
}

#[test]
fn a_currency_is_free_once_the_menu_is_empty() {
    check(
        "remove cola
         remove margherita
         remove burger
         remove cheese
         location currency=EUR
         remove basil
         location currency=EUR",
        expect![[r#"
            remove cola | menu.changed v2 cola 250 true removed, -> removed
            remove margherita | menu.changed v2 margherita 900 true removed, -> removed
            remove burger | menu.changed v2 burger 1100 true removed, -> removed
            remove cheese | menu.changed v2 cheese 150 true removed, -> removed
            location currency=EUR | 409 currency-in-use: the menu has prices in GBP; take them off the menu before the currency changes
            remove basil | menu.changed v2 basil 0 true removed, -> removed
            location currency=EUR | location.changed v2 soho open, -> soho v2"#]],
    );
}
