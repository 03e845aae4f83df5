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
         sold_out cola 600
         back cola
         back cola",
        expect![[r#"
            sold_out cola | menu.changed v2 cola 250 false
            sold_out cola |
            sold_out cola 600 | menu.changed v3 cola 250 false 2026-11-23T18:10:00.000000Z
            back cola | menu.changed v4 cola 250 true
            back cola |"#]],
    );
}

#[test]
fn an_item_put_later_knows_what_was_said_before() {
    check(
        "sold_out soup 600
         menu soup 500
         menu soup 550
         place 1 soup",
        expect![[r#"
            sold_out soup 600 |
            menu soup 500 | menu.changed v1 soup 500 false 2026-11-23T18:10:00.000000Z, -> soup v1
            menu soup 550 | menu.changed v2 soup 550 false 2026-11-23T18:10:00.000000Z, -> soup v2
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
