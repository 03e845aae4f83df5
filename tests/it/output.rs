//! What the developer's commands print, for people: times by the clocks of the place, colours where they are seen, what is
//! out of the ordinary marked.

use std::process::Command;

use anstream::adapter::strip_str;
use serde_json::{Value, json};
use shared::contract::{clock::Clock, time::Time};

use crate::{
    dead::{clear_jam, jam, letters, set_aside},
    developer::{evening, in_directory, refused, told},
    harness::{App, on_both, scratch, text},
    missed::until,
    taster::{message, publish_on},
};

async fn open(app: &App, location: &str, timezone: &str) {
    let document = json!({"name": location, "currency": "GBP", "timezone": timezone, "mode": "open"});
    app.put(&format!("/v1/locations/{location}"), document).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_those_of_the_location() {
    on_both(async |app| {
        open(app, "soho", "Asia/Tokyo").await;
        let [served, ..] = evening(app).await;
        let placed: Time = text(&app.get(&format!("/v1/orders/{served}")).await["placed_at"]).parse().unwrap();
        let tokyo = Clock::of("Asia/Tokyo").unwrap();
        let scratch = scratch();
        let file = in_directory(scratch.path(), "evening.ndjson");
        told(&["events", "--at", &app.base, "--save", &file]).await;
        for from in [["--at", &app.base], ["--from", &file]] {
            let shown = async |arguments: &[&str]| told(&[arguments, &from].concat()).await;
            let events = shown(&["events", "--order", &served, "--type", "order.placed"]).await;
            assert!(events.starts_with(&format!("{}  order.placed ", tokyo.exact(placed))), "{events}");
            let order = shown(&["show", "order", &served]).await;
            assert!(order.contains(&format!("\nplaced        {}\n", tokyo.moment(placed))), "{order}");
            let trace = shown(&["trace", &served]).await;
            let since = format!("\nsince {}, by the clocks of Asia/Tokyo\n", tokyo.moment(placed));
            assert!(trace.contains(&since) && trace.contains(&tokyo.time_of_day(placed)), "{trace}");
            let steps = shown(&["replay", "--service", "order-svc", "--step", "--order", &served]).await;
            assert!(steps.contains(&format!(" at {}\n", tokyo.exact(placed))), "{steps}");
        }
        let since = told(&["events", "--at", &app.base, "--since", &tokyo.exact(placed), "--order", &served]).await;
        assert!(since.contains("order.placed"), "a time can be typed as it is shown: {since}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_location_is_known_the_time_is_that_of_all_or_utc() {
    on_both(async |app| {
        let here = json!({"location": "soho"}).to_string();
        for (id, body) in [("a1", here.as_str()), ("a2", "noise")] {
            let id = format!("0190b2f0-0000-7000-8000-0000000000{id}");
            set_aside(&app.databases[0], &id, body.into()).await;
        }
        app.expect_dead("orders", 2).await;
        let offsets = async || {
            let listed = told(&["dead", "list", "--at", &app.base]).await;
            let mut lines: Vec<_> =
                listed.lines().map(|line| (line.contains("00a2 "), line[19..25].to_owned())).collect();
            lines.sort();
            lines.into_iter().map(|(_, offset)| offset).collect::<Vec<_>>()
        };
        open(app, "soho", "Asia/Tokyo").await;
        assert_eq!(offsets().await, ["+09:00", "+09:00"]);
        open(app, "sol", "America/Bogota").await;
        assert_eq!(offsets().await, ["+09:00", "Z     "]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_for_terminals_and_change_no_column() {
    on_both(async |app| {
        let [served, rejected, _] = evening(app).await;
        set_aside(&app.databases[0], "0190b2f0-0000-7000-8000-0000000000a1", b"\x1b[2Jnoise".into()).await;
        app.expect_dead("orders", 1).await;
        for command in [
            vec!["events", "--order", &rejected],
            vec!["trace", &served],
            vec!["show", "orders"],
            vec!["show", "order", &served],
            vec!["dead", "list"],
            vec!["audit"],
            vec!["replay", "--compare"],
        ] {
            let run = async |variables: &'static [(&str, &str)]| {
                let mut run = Command::new(env!("CARGO_BIN_EXE_comanda"));
                run.args(&command).args(["--at", &app.base]).env("RUST_LOG", "error").env_remove("NO_COLOR");
                run.envs(variables.iter().copied());
                let output = tokio::task::spawn_blocking(move || run.output().unwrap()).await.unwrap();
                String::from_utf8(output.stdout).unwrap()
            };
            let coloured = run(&[("CLICOLOR_FORCE", "1")]).await;
            assert!(coloured.contains("\x1b["), "{command:?}: {coloured}");
            for variables in [&[][..], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]] {
                assert_eq!(run(variables).await, strip_str(&coloured).to_string(), "{command:?}");
            }
        }
        // One is shown as having been refused twice.
        set_aside(&app.databases[0], "0190b2f0-0000-7000-8000-0000000000a2", "noise".into()).await;
        app.expect_dead("orders", 1).await;
        refused(&["dead", "redrive", "0190b2f0-0000-7000-8000-0000000000a2", "--at", &app.base]).await;
        let listed = told(&["dead", "list", "--at", &app.base]).await;
        let columns: Vec<Option<usize>> = listed.lines().map(|line| line.find("0190b2f0-")).collect();
        assert!(columns.len() == 2 && columns[0] == columns[1] && listed.contains("  2x  "), "{listed}");
        let shown = told(&["dead", "show", "0190b2f0-0000-7000-8000-0000000000a1", "--at", &app.base]).await;
        assert!(shown.ends_with("\n\u{fffd}[2Jnoise\n"), "what strangers sent does not clear the screen: {shown}");
    })
    .await;
}

/// The kitchen's events of that order, as it is told of them.
async fn accepted(app: &App, order: &str) -> Value {
    let feed = app.get("/v1/feed/orders?limit=500").await;
    let mut events = feed["items"].as_array().unwrap().iter();
    events.find(|event| event["type"] == "order.accepted" && event["subject"] == order).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_marks_what_came_again_or_late_and_what_was_set_aside() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.settle().await;
        let event = accepted(app, &order).await;
        let trace = async |order: &str, form: &str| told(&["trace", order, "--at", &app.base, "--as", form]).await;
        let say_again = async |event: &Value, mark: &str| {
            publish_on(&app.bus, &[message(std::slice::from_ref(event))]).await;
            until(async || trace(&order, "text").await.contains(mark)).await;
        };
        say_again(&event, "after it happened: repeated\n").await;
        let another = json!({"id": "0190b2f0-0000-7000-8000-0000000000a1"});
        let mut contradicting = event.clone();
        contradicting["id"] = another["id"].clone();
        say_again(&contradicting, ": conflicting, a dead letter: ").await;
        app.expect_dead("kitchen", 1).await;
        app.post(&format!("/v1/orders/{order}/cancel")).await;
        app.settle().await;
        say_again(&event, "after it happened: late\n").await;

        let steps = trace(&order, "json").await;
        let marks: Vec<Value> =
            steps.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["mark"].clone()).collect();
        let marks: Vec<&str> = marks.iter().filter_map(Value::as_str).collect();
        assert_eq!(marks, ["repeated", "dead_letter", "late"], "{steps}");
        let picture = trace(&order, "mermaid").await;
        for arrow in [
            "    order-svc->>kitchen-svc: order.accepted, ",
            "    order-svc-->>kitchen-svc: order.accepted (repeated), ",
            "    order-svc-->>kitchen-svc: order.accepted (late), ",
            "    order-svc-xkitchen-svc: order.accepted (conflicting, a dead letter), ",
        ] {
            assert_eq!(picture.matches(arrow).count(), 1, "{arrow} in {picture}");
        }

        // What cannot be stored is in no journal.
        jam(&app.databases[2]).await;
        let stuck = app.place("1 burger").await;
        letters(app, 2).await;
        let shown = trace(&stuck, "text").await;
        assert!(shown.contains("kitchen-svc    order.accepted by order-svc, "), "{shown}");
        assert!(shown.contains(": refused, a dead letter: ") && shown.contains("printer_jam"), "{shown}");
        clear_jam(&app.databases[2]).await;
        told(&["dead", "redrive", "--because", "printer_jam", "--at", &app.base]).await;
        let shown = trace(&stuck, "text").await;
        assert!(!shown.contains("a dead letter") && shown.contains("said ticket.opened"), "{shown}");
    })
    .await;
}
