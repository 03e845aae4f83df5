//! `comanda audit`: what a listener missed is named to the order and mended, and nothing else is accused.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use expect_test::expect;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::db::Db;

use crate::{
    dead::{clear_jam, jam, letters},
    developer::comanda,
    harness::{App, Backends, on_both, text},
    missed::{Loss, WAIT, each, lose, until},
    process::free_address,
};

/// The exit code, and what was said.
async fn audit(app: &App, arguments: &[&str]) -> (Option<i32>, String) {
    let output = comanda(&[&["audit", "--at", &app.base, "--lag", "1s"], arguments].concat()).await;
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// What is not as it should be.
async fn discrepancies(app: &App, arguments: &[&str]) -> Vec<Value> {
    let (_, said) = audit(app, &[&["--json"], arguments].concat()).await;
    let lines = said.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.filter(|line: &Value| line["what"].is_string()).collect()
}

async fn agrees(app: &App) {
    let (code, said) = audit(app, &[]).await;
    assert!(code == Some(0) && said.ends_with(": everybody agrees\n"), "{code:?} {said}");
}

/// All orders are cooked, and nobody was served twice.
async fn serve(app: App, orders: &[String]) {
    for order in orders {
        app.kitchen(order, "serve").await;
        app.check(order, expect!["completed"]).await;
    }
    agrees(&app).await;
    app.finish().await;
}

async fn names_and_mends(backends: &Backends, loss: Loss) {
    let lost = lose(backends, &["1 margherita", "1 burger +extra_cheese", "1 cola"], loss).await;
    let app = App::start(backends, WAIT).await;
    let good = app.place("1 margherita").await;
    until(async || app.get(&format!("/v1/orders/{good}")).await["status"] == "accepted").await;
    let (code, said) = audit(&app, &[]).await;
    assert_eq!((code, said.lines().count()), (Some(1), 4), "{said}");
    for order in &lost {
        let number = &app.get(&format!("/v1/orders/{order}")).await["number"];
        let line = said.lines().find(|line| line.contains(order)).unwrap();
        assert!(
            line.starts_with(&format!("missing      #{number} soho {order}  kitchen-svc has not taken in")),
            "{line}"
        );
    }
    assert!(said.ends_with(": 3 discrepancies\n"), "{said}");
    let found = discrepancies(&app, &[]).await;
    let (command, at) = (text(&found[0]["then"]), format!(" --at {}", app.base));
    assert!(command.starts_with("comanda replay --into kitchen-svc ") && command.ends_with(&at), "{command}");
    // As it says.
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    assert!(comanda(&words).await.status.success());
    until(async || discrepancies(&app, &[]).await.len() == 2).await;

    let (code, said) = audit(&app, &["--mend"]).await;
    assert!(code == Some(0) && said.ends_with(", 2 resent: everybody agrees\n"), "{code:?} {said}");
    agrees(&app).await;
    serve(app, &[&lost[..], &[good]].concat()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_a_purged_queue_are_named_and_mended() {
    each(async |backends| names_and_mends(backends, Loss::Purged).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_an_unbound_queue_are_named_and_mended() {
    each(async |backends| names_and_mends(backends, Loss::Unbound).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_not_missing() {
    on_both(async |app| {
        jam(&app.databases[2]).await;
        let order = app.place("1 margherita").await;
        let letter = letters(app, 1).await.remove(0);
        let asked = json!({"id": letter["id"], "subject": format!("order:{order}"), "sequence": 2});
        let asking = app.request(Method::POST, "/v1/inbox/kitchen/check").json(&json!({ "events": [asked] }));
        let (_, checked) = app.send(asking).await;
        assert_eq!(checked, json!({"missing": [], "dead": [letter["id"]], "known_since": null}));
        for arguments in [&["--json"][..], &["--json", "--mend"]] {
            let (code, said) = audit(app, arguments).await;
            let found: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!((code, found.len()), (Some(1), 2), "{said}");
            assert_eq!((&found[0]["what"], &found[0]["order"]), (&json!("dead_letter"), &json!(order)), "{said}");
            assert!(text(&found[0]["then"]).contains(&format!("dead redrive {}", text(&letter["id"]))), "{said}");
        }
        let discarded = app.place("1 cola").await;
        let useless = letters(app, 2).await.remove(0);
        let discard = app.request(Method::POST, &format!("/v1/dead/kitchen/{}/discard", text(&useless["id"])));
        app.send(discard.json(&json!({"reason": "a test"}))).await;
        let found = discrepancies(app, &[]).await;
        let of_discarded = found.iter().find(|one| one["order"] == *discarded).unwrap();
        assert_eq!((found.len(), &of_discarded["what"]), (2, &json!("unfit")), "it is not missing: {found:?}");

        clear_jam(&app.databases[2]).await;
        app.post(&format!("/v1/orders/{discarded}/cancel")).await;
        let (code, said) = audit(app, &["--mend"]).await;
        assert!(code == Some(0) && said.ends_with(", 1 redriven: everybody agrees\n"), "{code:?} {said}");
        agrees(app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_could_not_audit_is_no_verdict() {
    let output = comanda(&["audit", "--at", &format!("http://{}", free_address())]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("nobody answers"), "{said}");
}

/// A whole evening: orders of every end, and the audit finds nothing to say, however far back it looks.
#[tokio::test(flavor = "multi_thread")]
async fn an_evening_agrees() {
    on_both(async |app| {
        let [served, recalled, open, started] =
            ["1 margherita", "1 burger", "1 cola", "2 margherita +extra_cheese"].map(|lines| app.place(lines));
        let (served, recalled, open, started) = (served.await, recalled.await, open.await, started.await);
        app.place("200 burger").await;
        for cancelled in [app.place("1 cola").await, app.place("1 burger").await] {
            app.settle().await;
            app.post(&format!("/v1/orders/{cancelled}/cancel")).await;
        }
        for order in [&served, &recalled] {
            app.kitchen(order, "serve").await;
        }
        app.kitchen(&recalled, "recall").await;
        app.kitchen(&started, "start").await;
        app.movement("dough", "waste", 1).await;
        app.movement("bun", "count", 7).await;
        app.settle().await;
        for since in [&[][..], &["--since", "1h"], &["--since", "1s"]] {
            let (code, said) = audit(app, since).await;
            // In the last second nothing may have been said.
            let found = said.lines().filter(|line| !line.starts_with("note: ")).count();
            assert_eq!((code, found), (Some(0), 1), "{said}");
        }
        app.kitchen(&open, "ready").await;
        agrees(app).await;
    })
    .await;
}

async fn execute(db: &Db, sql: &'static str) {
    let mut tx = db.begin().await.unwrap();
    assert!(tx.execute(sql, []).await.unwrap() > 0);
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_add_up_or_is_gone_is_named() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.kitchen(&order, "serve").await;
        app.is_forged.store(true, std::sync::atomic::Ordering::Relaxed);
        agrees(app).await;
        execute(&app.databases[1], "DELETE FROM movements WHERE number = 1 AND stock = 'soho/dough'").await;
        let events = "DELETE FROM event_log WHERE type = 'order.preparing'";
        execute(&app.databases[0], events).await;
        execute(&app.databases[2], "DELETE FROM journal WHERE position = 3").await;
        let found = discrepancies(app, &[]).await;
        let found: Vec<(String, String)> = found.iter().map(|one| (text(&one["what"]), text(&one["detail"]))).collect();
        assert_eq!(found.iter().map(|(what, _)| &**what).collect::<Vec<_>>(), ["gap", "gap", "ledger"], "{found:?}");
        assert!(found[0].1.contains("the feed of order-svc lacks 1 events"), "{found:?}");
        assert!(found[1].1.contains("the journal of kitchen-svc lacks what is between 2 and 4"), "{found:?}");
        assert!(found[2].1.contains("dough"), "{found:?}");
    })
    .await;
}

fn start(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.args(arguments).env("RUST_LOG", "error").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

async fn tickets(app: &App) -> usize {
    app.get("/v1/tickets?location=soho&limit=500").await["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_mends_it_mends_the_rest_the_next_time() {
    each(async |backends| {
        let lost = lose(backends, &["1 cola"; 40], Loss::Purged).await;
        let app = App::start(backends, WAIT).await;
        let mut mending = start(&["audit", "--at", &app.base, "--lag", "1s", "--mend"]);
        until(async || tickets(&app).await > 0).await;
        mending.kill().unwrap();
        mending.wait().unwrap();
        let (code, said) = audit(&app, &["--mend"]).await;
        assert!(code == Some(0) && said.ends_with("everybody agrees\n"), "{said}");
        let journal = app.get("/v1/journal/kitchen?limit=500").await;
        let told = journal["items"].as_array().unwrap().iter().filter_map(|entry| entry["told"].as_array()).flatten();
        let is_opened = |told: &&Value| told["event"]["type"] == "order.accepted" && told["outcome"] == "decided";
        assert_eq!((tickets(&app).await, told.filter(is_opened).count()), (lost.len(), lost.len()), "each once");
        app.finish().await;
    })
    .await;
}

async fn measured(address: &str, metric: &str) -> Option<f64> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("http://{address}/metrics")).send().await.ok()?;
    let metrics = if answer.status() == StatusCode::OK { answer.text().await.ok()? } else { return None };
    metrics.lines().find_map(|line| line.strip_prefix(metric)).map(|value| value.trim().parse().unwrap())
}

/// One object a look, so that a program knows that somebody looks.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_says_that_all_agree() {
    on_both(async |app| {
        app.place("1 cola").await;
        app.settle().await;
        let mut watching = start(&["audit", "--at", &app.base, "--watch", "1s", "--json"]);
        let lines = tokio::task::spawn_blocking(move || {
            let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
            let first: Vec<String> = lines.by_ref().take(2).map(Result::unwrap).collect();
            assert!(Command::new("kill").args(["-TERM", &watching.id().to_string()]).status().unwrap().success());
            assert_eq!(watching.wait().unwrap().code(), Some(0));
            first
        });
        for line in lines.await.unwrap() {
            let beat: Value = serde_json::from_str(&line).unwrap();
            assert_eq!((&beat["audit"]["discrepancies"], &beat["audit"]["orders"]), (&json!(0), &json!(1)), "{line}");
            assert!(beat["at"].is_string() && beat["lag_seconds"]["kitchen-svc"].is_f64(), "{line}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_watches_and_is_measured() {
    each(async |backends| {
        let lost = lose(backends, &["1 cola", "1 burger"], Loss::Purged).await;
        let app = App::start(backends, WAIT).await;
        let address = free_address();
        let watching = start(&["audit", "--at", &app.base, "--lag", "1s", "--watch", "1s", "--metrics", &address]);
        let missing = "comanda_audit_missing{listener=\"kitchen-svc\"}";
        until(async || measured(&address, "comanda_audit_discrepancies").await == Some(2.0)).await;
        assert_eq!(measured(&address, missing).await, Some(2.0));
        let lag = async |speaker: &str| {
            measured(&address, &format!("comanda_audit_lag_seconds{{listener=\"kitchen-svc\",speaker=\"{speaker}\"}}"))
                .await
        };
        assert!(lag("order-svc").await > Some(1.0));
        assert_eq!(lag("inventory-svc").await, Some(0.0));
        assert_eq!(measured(&address, "comanda_audit_missing{listener=\"order-svc\"}").await, Some(0.0));
        let body = json!({"to": "kitchen-svc", "after": 0});
        app.send(app.request(Method::POST, "/v1/feed/orders/resend").json(&body)).await;
        until(async || measured(&address, "comanda_audit_discrepancies").await == Some(0.0)).await;
        let pid = watching.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let output = tokio::task::spawn_blocking(|| watching.wait_with_output().unwrap()).await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        for order in &lost {
            assert_eq!(said.matches(order.as_str()).count(), 2, "found and gone: {said}");
        }
        // Each look says how things stand.
        let beats: Vec<&str> = said.lines().filter(|line| line.contains(" events, ")).collect();
        assert!(beats.iter().all(|line| line.contains(", behind: order-svc 0.0 s, inventory-svc 0.0 s, ")), "{said}");
        assert!(beats.iter().any(|line| line.ends_with(": 2 discrepancies")), "{said}");
        assert!(beats.last().unwrap().ends_with(": everybody agrees"), "{said}");
        assert_eq!(said.lines().count(), beats.len() + 2 * lost.len(), "{said}");
        app.finish().await;
    })
    .await;
}
