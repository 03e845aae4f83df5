//! How long an order takes.

use expect_test::expect;

use super::check;

#[test]
fn an_order_is_expected_by_the_pace_of_the_kitchen_and_by_what_the_location_says() {
    check(
        "place 1 cola
         pace 10 15
         pace 10 15
         place 1 cola
         set open busy 20 for 60
         place 1 cola
         wait 3600
         place 1 cola
         pace 5 10
         place 1 cola",
        expect![[r#"
            place 1 cola | order.placed v1 #1, -> #1 no 1 250 GBP
            pace 10 15 | wait.changed v1 10 15
            pace 10 15 |
            place 1 cola | order.placed v1 #2 by 18:15, -> #2 no 2 250 GBP
            set open busy 20 for 60 | location.changed v2 soho open busy +20 2026-11-23T19:00:00.000000Z, -> soho v2
            place 1 cola | order.placed v1 #3 by 18:35, -> #3 no 3 250 GBP
            wait 3600 |
            place 1 cola | order.placed v1 #4 by 19:15, -> #4 no 4 250 GBP
            pace 5 10 | wait.changed v2 5 10
            place 1 cola | order.placed v1 #5 by 19:10, -> #5 no 5 250 GBP"#]],
    );
}
