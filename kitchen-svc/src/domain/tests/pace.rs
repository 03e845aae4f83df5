//! How long it takes, as the kitchen tells it.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use shared::contract::pace::Wait;

use super::*;
use crate::domain::pace::{Sample, moved};

fn now() -> Time {
    "2026-11-23T20:00:00Z".parse().unwrap()
}

fn ago(minutes: u64) -> Time {
    now() - Duration::from_secs(60 * minutes)
}

/// `30-18` was opened 30 minutes ago and ready 18 minutes ago, `12` is open since 12 minutes; `5x 30-18` is five of these.
fn samples(story: &str) -> Vec<Sample> {
    let mut all = Vec::new();
    for word in story.split(", ").filter(|word| !word.is_empty()) {
        let (count, times) = word.split_once("x ").unwrap_or(("1", word));
        let (opened, ready) = times.split_once('-').map_or((times, None), |(opened, ready)| (opened, Some(ready)));
        let sample =
            Sample { opened_at: ago(opened.parse().unwrap()), ready_at: ready.map(|it| ago(it.parse().unwrap())) };
        all.extend(std::iter::repeat_n(sample, count.parse().unwrap()));
    }
    all
}

fn check(story: &str, known: Option<(i64, i64)>, expected: Expect) {
    let known = known.map(|(from, to)| Wait { from, to });
    let wait = moved(&samples(story), now(), known);
    expected.assert_eq(&wait.map_or("nothing new".to_owned(), |Wait { from, to }| format!("{from} to {to}")));
}

#[test]
fn it_takes_as_long_as_it_took() {
    check("", None, expect!["nothing new"]);
    check("4x 30-18", None, expect!["nothing new"]);
    check("5x 30-18", None, expect!["10 to 15"]);
    check("3x 30-18, 2x 40-18", None, expect!["10 to 25"]);
    check("5x 2-1", None, expect!["1 to 3"]);
    check("5x 1000-1", None, expect!["150 to 180"]);
}

#[test]
fn what_was_finished_lately_tells_more_than_what_was_finished_before() {
    check("20x 400-340, 5x 30-18", None, expect!["10 to 15"]);
    // Of a quiet kitchen everything counts.
    check("20x 400-340, 4x 30-18", None, expect!["60 to 75"]);
}

#[test]
fn a_kitchen_that_stands_still_takes_longer() {
    check("6x 60-48, 2x 10", None, expect!["10 to 15"]);
    check("6x 60-48, 2x 35", None, expect!["10 to 40"]);
    check("6x 60-48, 9x 35", None, expect!["60 to 75"]);
    // Nobody cooks what was forgotten.
    check("6x 60-48, 9x 600", None, expect!["10 to 15"]);
}

#[test]
fn more_tickets_than_there_were_take_longer() {
    check("6x 60-48, 3x 1", None, expect!["10 to 15"]);
    check("6x 60-48, 8x 1", None, expect!["20 to 25"]);
    check("6x 60-48, 80x 1", None, expect!["20 to 25"]);
}

#[test]
fn what_wavers_about_a_step_is_not_said_each_time() {
    check("5x 30-18", Some((10, 15)), expect!["nothing new"]);
    check("5x 34-18", Some((10, 15)), expect!["nothing new"]);
    check("5x 35-18", Some((10, 15)), expect!["15 to 20"]);
    check("5x 27-18", Some((10, 15)), expect!["nothing new"]);
    check("5x 26-18", Some((10, 15)), expect!["5 to 10"]);
    // A wide range becomes narrow where it can.
    check("5x 30-18", Some((10, 40)), expect!["10 to 15"]);
}

#[test]
fn a_pace_is_said_when_it_changes() {
    let mut kitchen = Kitchen::new("1 cola");
    let mut shown = String::new();
    for (from, to) in [(10, 15), (10, 15), (15, 20)] {
        let command = Command::SetPace { location: text("soho"), wait: Wait { from, to } };
        let events = kitchen.tell(command).unwrap().events;
        shown.push_str(&format!("{from} to {to}: {}\n", said(&events)));
    }
    expect![[r#"
        10 to 15: pace.changed 1
        10 to 15: 
        15 to 20: pace.changed 2
    "#]]
    .assert_eq(&shown);
}

proptest! {
    #[test]
    fn whatever_the_tickets_it_is_a_range(
        finished in prop::collection::vec((0_u64..300, 0_u64..300), 5..40),
        open in prop::collection::vec(0_u64..300, 0..40),
    ) {
        let done = finished.iter().map(|(a, b)| Sample { opened_at: ago(*a.max(b)), ready_at: Some(ago(*a.min(b))) });
        let all: Vec<Sample> = done.chain(open.iter().map(|at| Sample { opened_at: ago(*at), ready_at: None })).collect();
        let wait = moved(&all, now(), None).unwrap();
        prop_assert!(1 <= wait.from && wait.from < wait.to && wait.to <= 180, "{wait:?}");
        // What was said holds for the same tickets.
        prop_assert_eq!(moved(&all, now(), Some(wait)), None);
    }
}
