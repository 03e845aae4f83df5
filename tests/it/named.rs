//! What is named and is not there, and what is looked for and not found, is said; and an order has one name for all commands.

use std::process::Output;

use serde_json::{Value, json};

use crate::{
    developer::{comanda, evening, in_directory, refused, told},
    harness::{on_both, scratch},
    sandbox::kept_history,
};

const NOBODY: &str = "0190b2f0-0000-7000-8000-000000000000";

/// The exit code, what was said, and what was said to people beside it.
async fn said(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = comanda(arguments).await;
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Exits with 1 and one line.
async fn fails(arguments: &[&str], why: &str) {
    assert_eq!(said(arguments).await, (Some(1), String::new(), format!("comanda: {why}\n")), "{arguments:?}");
}

/// Exits with 0, and says in one line what was not found.
async fn finds_nothing(arguments: &[&str], what: &str) {
    assert_eq!(said(arguments).await, (Some(0), String::new(), format!("note: {what}\n")), "{arguments:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_and_is_not_there_fails() {
    on_both(async |app| {
        evening(app).await;
        let unknown_order = format!("nobody said anything of an order {NOBODY}, or it has been forgotten");
        let unknown_type = "no event is of a type like \"order.plcaed\"; they are called order.placed, ticket.opened …";
        for (command, why) in [
            (vec!["events", "--order", "4711"], "no order has the number 4711"),
            (vec!["events", "--order", NOBODY], &unknown_order),
            (vec!["events", "--order", "twelve"], "--order: expected an order's id or its number: 0190b2f0-…, 12"),
            (vec!["events", "--location", "nowhere"], "there is no location nowhere"),
            (vec!["events", "--type", "order.plcaed"], unknown_type),
            (vec!["trace", "#4711"], "no order has the number 4711"),
            (
                vec!["trace", NOBODY, "--as", "json"],
                &format!("nobody was told of an order {NOBODY}, or it has been forgotten"),
            ),
            (vec!["replay", "--step", "--order", "4711"], "no order has the number 4711"),
            (vec!["replay", "--step", "--order", NOBODY], &unknown_order),
            (vec!["replay", "--into", "kitchen-svc", "--order", "4711"], "no order has the number 4711"),
            (
                vec!["replay", "--into", "kitchen-svc", "--resume", "kitchen:0"],
                "--resume kitchen:0: kitchen-svc does not hear what it says itself",
            ),
            (vec!["dead", "list", "--type", "order.plcaed"], unknown_type),
            (vec!["dead", "redrive", "--type", "order.plcaed"], unknown_type),
            (vec!["show", "order", "4711"], "no order has the number 4711"),
            (vec!["show", "order", NOBODY], &format!("there is no order {NOBODY}")),
            (vec!["show", "ticket", "4711"], "there is no ticket with the number 4711 on the display"),
            (vec!["show", "ticket", NOBODY], &format!("there is no ticket {NOBODY}, and none of an order {NOBODY}")),
            (vec!["show", "reservation", NOBODY], &format!("there is no reservation of an order {NOBODY}")),
            (vec!["show", "recipe", "soho", "cola"], "there is no recipe of cola at soho"),
            (vec!["show", "stock", "soho", "gold"], "there is no ingredient gold at soho"),
            (vec!["show", "stock", "nowhere"], "there is no location nowhere"),
            (vec!["show", "stations", "nowhere"], "there is no location nowhere"),
            (vec!["show", "menu", "nowhere"], "there is no location nowhere"),
        ] {
            fails(&[command, vec!["--at", &app.base]].concat(), why).await;
        }
        let beyond = refused(&["replay", "--into", "kitchen-svc", "--resume", "orders:99999", "--at", &app.base]).await;
        assert!(beyond.contains("--resume orders:99999 is beyond the end of that feed, orders:"), "{beyond}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_then_is_an_object_for_programs() {
    on_both(async |app| {
        let order = app.place("1 cola").await;
        app.settle().await;
        let long_ago = ["--as-of", "2020-01-01T00:00:00Z", "--at", &app.base];
        let then = "at 2020-01-01 00:00:00.000000+00:00";
        let number = app.get(&format!("/v1/orders/{order}")).await["number"].to_string();
        fails(
            &[&["show", "order", &number], &long_ago[..]].concat(),
            &format!("no order has the number {number} {then}"),
        )
        .await;
        let (code, shown, complaints) = said(&[&["show", "ticket", &order, "--json"], &long_ago[..]].concat()).await;
        assert_eq!((code, &*complaints), (Some(1), ""), "{shown}");
        let detail = format!("there is no ticket {order}, and none of an order {order} {then}");
        let missing =
            json!({ "missing": "ticket", "which": [order], "as_of": "2020-01-01T00:00:00.000000Z", "detail": detail });
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), missing);
        let (code, shown, complaints) = said(&[&["show", "stock", "soho"], &long_ago[..]].concat()).await;
        assert_eq!((code, &*shown, &*complaints), (Some(0), "nothing is there\n", ""), "not yet");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_looked_for_and_not_found_is_said_to_people() {
    on_both(async |app| {
        app.place("1 cola").await;
        app.settle().await;
        let count = async || {
            let all = told(&["events", "--at", &app.base, "--json"]).await;
            all.lines().count()
        };
        let looked_at = count().await;
        for (command, what) in [
            (
                vec!["events", "--type", "order.rejected", "--location", "soho"],
                format!(
                    "nothing was said that fits --type order.rejected --location soho; {looked_at} events were looked at"
                ),
            ),
            (
                vec!["events", "--since", "2099-01-01T00:00:00Z"],
                "nothing was said since 2099-01-01T00:00:00.000000Z, which is yet to come; 0 events were looked at".into(),
            ),
            (vec!["dead", "list"], "there is no dead letter".into()),
            (vec!["dead", "list", "--group", "--because", "jam"], "there is no dead letter that fits --because jam".into()),
        ] {
            finds_nothing(&[command, vec!["--at", &app.base]].concat(), &what).await;
        }
        let again = told(&["replay", "--into", "kitchen-svc", "--since", "2099-01-01T00:00:00Z", "--at", &app.base]).await;
        assert!(again.ends_with("that kitchen-svc hears: there is nothing to say again\n"), "{again}");
        let (code, _, note) = said(&["audit", "--since", "2099-01-01T00:00:00Z", "--at", &app.base]).await;
        assert_eq!((code, &*note), (Some(0), "note: nothing was said since 2099-01-01T00:00:00.000000Z, which is yet to come\n"));
        let replay = async |arguments: &[&str]| said(&[&["replay", "--at", &app.base], arguments].concat()).await;
        let (code, _, note) = replay(&["--until", "2020-01-01T00:00:00Z"]).await;
        assert_eq!((code, &*note), (Some(0), "note: nothing had been told by 2020-01-01T00:00:00.000000Z, and nothing was run\n"));
        let (code, _, note) = replay(&["--pause-on", "ticket.recalled"]).await;
        assert_eq!(code, Some(0));
        assert_eq!(note, "note: no event of a type like ticket.recalled was said, and it paused nowhere\n");
        let (code, _, note) = replay(&["--pause-on", "ticket.reclaled"]).await;
        assert!(code == Some(1) && note.contains("no event is of a type like \"ticket.reclaled\""), "{note}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_called_by_its_number_everywhere() {
    on_both(async |app| {
        let [served, ..] = evening(app).await;
        let number = app.get(&format!("/v1/orders/{served}")).await["number"].to_string();
        for command in [
            vec!["events", "--order"],
            vec!["replay", "--into", "kitchen-svc", "--order"],
            vec!["replay", "--into", "kitchen-svc", "--json", "--order"],
            vec!["trace"],
            vec!["show", "order"],
            vec!["show", "ticket"],
        ] {
            let by = async |name: &str| told(&[&command[..], &[name, "--at", &app.base]].concat()).await;
            let by_id = by(&served).await;
            assert!(!by_id.is_empty() && by_id == by(&number).await, "{command:?}: {by_id}");
            assert_eq!(by_id, by(&format!("#{number}")).await, "{command:?}");
        }
        let step = ["replay", "--service", "kitchen-svc", "--step", "--json", "--at", &app.base, "--order"];
        // Each run says how long it took.
        let steps = async |name: &str| {
            let shown = told(&[&step[..], &[name]].concat()).await;
            let lines = shown.lines().filter(|line| line.contains("\"told\":")).map(str::to_owned);
            lines.collect::<Vec<_>>()
        };
        let by_id = steps(&served).await;
        assert_eq!((by_id.len(), &by_id), (2, &steps(&number).await), "it is accepted, and served");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_history_lacks_is_named() {
    let scratch = scratch();
    let history = std::fs::read_to_string(kept_history()).unwrap();
    let part = |name: &str, of: &dyn Fn(&str) -> bool| {
        let file = in_directory(scratch.path(), name);
        let lines: Vec<&str> = history.lines().filter(|line| of(line)).collect();
        std::fs::write(&file, lines.join("\n") + "\n").unwrap();
        file
    };
    let file = part("without.ndjson", &|line| !line.starts_with("{\"service\":\"kitchen-svc\""));
    let note = "note: the history holds nothing of kitchen-svc\n";
    for command in [&["replay", "--from", &file][..], &["events", "--from", &file], &["trace", "1", "--from", &file]] {
        let (code, shown, complaints) = said(command).await;
        assert_eq!((code, &*complaints), (Some(0), note), "{command:?}");
        assert!(!shown.is_empty() && !shown.contains("kitchen-svc     "), "{command:?}: {shown}");
    }
    let (code, _, complaints) = said(&["replay", "--check", &file]).await;
    assert_eq!((code, complaints), (Some(0), format!("note: {file} holds nothing of kitchen-svc\n")));
    for command in [["replay", "--service"], ["events", "--service"]] {
        let why = "the history holds nothing of kitchen-svc";
        fails(&[&command[..], &["kitchen-svc", "--from", &file]].concat(), why).await;
    }
    fails(&["show", "ticket", "1", "--from", &file], "the history holds nothing of kitchen-svc").await;
    let (code, ..) = said(&["replay", "--service", "order-svc", "--from", &file]).await;
    assert_eq!(code, Some(0));

    let kitchen = part("kitchen.ndjson", &|line| line.starts_with("{\"service\":\"kitchen-svc\""));
    let unnumbered = refused(&["replay", "--step", "--order", "1", "--from", &kitchen]).await;
    assert!(unnumbered.contains("holds nothing of order-svc, which numbers orders: name the id"), "{unnumbered}");
}

/// By a full disk, or by whoever copied it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_off_in_the_middle_of_a_line_is_a_history_and_what_is_none_is_told() {
    let scratch = scratch();
    let history = std::fs::read(kept_history()).unwrap();
    let file = in_directory(scratch.path(), "cut.ndjson");
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    for share in [3, 7, 9] {
        let mut cut = history[..history.len() * share / 10].to_vec();
        if cut.ends_with(b"\n") {
            cut.pop();
        }
        std::fs::write(&file, &cut).unwrap();
        let (code, shown, complaints) = said(&["replay", "--check", &file]).await;
        assert!(code == Some(0) && shown.lines().all(|line| line.ends_with(": identical")), "{shown}{complaints}");
        let note = format!("note: {file} is cut off in the middle of line {}, which is left out\n", lines(&cut) + 1);
        assert!(complaints.starts_with(&note), "{complaints}");
    }
    for (content, why) in [
        ("<html>\n", "line 1 is none of a history: "),
        ("{\"service\":\"bar-svc\",\"position\":1}\n", "line 1: there is no service bar-svc"),
        ("{\"service\":\"order-svc\",\"position\":1}\n", "line 1: neither an event nor an entry of a journal"),
        ("{\"service\":\"order-svc\"", "there is no history in "),
        ("", "there is no history in "),
    ] {
        std::fs::write(&file, content).unwrap();
        for command in [&["replay"][..], &["events"], &["trace", "1"], &["show", "order", "1"]] {
            let said = refused(&[command, &["--from", &file]].concat()).await;
            assert!(said.contains(why), "{content}: {said}");
        }
    }
    let missing = in_directory(scratch.path(), "missing.ndjson");
    assert!(refused(&["events", "--from", &missing]).await.contains("No such file"));
}
