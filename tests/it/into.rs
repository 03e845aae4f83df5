//! `comanda replay --into`: history is said again to one live service, harmlessly where it was heard.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{
    developer::{comanda, evening, refused, told},
    harness::{App, on_both, text},
    missed::{Loss, WAIT, each, lose, until},
};

async fn tickets(app: &App) -> usize {
    app.get("/v1/tickets?location=soho&limit=500").await["items"].as_array().unwrap().len()
}

async fn into(app: &App, arguments: &[&str]) -> String {
    told(&[&["replay", "--into", "kitchen-svc", "--at", &app.base], arguments].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_taken_in_and_the_rest_changes_nothing() {
    each(async |backends| {
        let lost = lose(backends, &["1 margherita", "1 burger", "1 cola"], Loss::Purged).await;
        let app = App::start(backends, WAIT).await;
        let told = into(&app, &[]).await;
        assert!(told.contains("3  order.accepted") && told.contains("Add --yes"), "{told}");
        let one = into(&app, &["--order", &lost[0], "--dry-run", "--json"]).await;
        let one: Value = serde_json::from_str(&one).unwrap();
        assert_eq!(one["would_send"], serde_json::json!({"order.accepted": 1}));
        assert_eq!(tickets(&app).await, 0, "nothing was sent yet");

        let sent = into(&app, &["--order", &lost[0], "--yes"]).await;
        assert!(sent.contains("1 events said again to kitchen-svc"), "{sent}");
        until(async || tickets(&app).await == 1).await;
        let feed = app.get("/v1/feed/orders?limit=500").await;
        let mut events = feed["items"].as_array().unwrap().iter();
        let accepted = events.find(|event| event["type"] == "order.accepted" && event["subject"] == *lost[1]).unwrap();
        into(&app, &[&text(&accepted["id"]), "--yes"]).await;
        until(async || tickets(&app).await == 2).await;
        into(&app, &["--yes"]).await;
        app.settle().await;
        assert_eq!(tickets(&app).await, 3);
        into(&app, &["--since", "1h", "--yes"]).await;
        app.settle().await;
        assert_eq!(tickets(&app).await, 3, "it was heard before");
        app.finish().await;
    })
    .await;
}

/// The hash of each table of a service, but of its journal, which tells that it was told so again.
async fn tables(app: &App, feed: &str) -> Vec<Value> {
    let state = app.get(&format!("/v1/state/{feed}")).await;
    let tables = state["tables"].as_array().unwrap().iter();
    tables.filter(|table| table["table"] != "journal").cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_every_service_has_taken_in_changes_no_row_of_any() {
    on_both(async |app| {
        evening(app).await;
        let all = async || [tables(app, "orders").await, tables(app, "inventory").await, tables(app, "kitchen").await];
        let before = all().await;
        for (service, feed) in [("order-svc", "orders"), ("inventory-svc", "inventory"), ("kitchen-svc", "kitchen")] {
            let entries = async || {
                let journal = app.get(&format!("/v1/journal/{feed}?limit=500")).await;
                let told =
                    journal["items"].as_array().unwrap().iter().flat_map(|entry| entry["told"].as_array().unwrap());
                told.filter(|told| told["event"]["replayed"] == true).count()
            };
            let sent = told(&["replay", "--into", service, "--yes", "--json", "--at", &app.base]).await;
            let lines = sent.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let sent: u64 = lines.map(|line| line["sent"].as_u64().unwrap()).sum();
            assert!(sent > 0, "{service}");
            until(async || entries().await == usize::try_from(sent).unwrap()).await;
        }
        app.settle().await;
        assert_eq!(all().await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_it_is_begun_anew_and_nothing_happens_twice() {
    each(async |backends| {
        let lost = lose(backends, &["1 cola"; 12], Loss::Purged).await;
        let app = App::start(backends, WAIT).await;
        let arguments = ["replay", "--into", "kitchen-svc", "--at", &app.base, "--rate", "2", "--yes"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
        let mut sending = command.args(arguments).env("RUST_LOG", "error").stdout(Stdio::null()).spawn().unwrap();
        until(async || tickets(&app).await > 0).await;
        sending.kill().unwrap();
        sending.wait().unwrap();
        assert!(tickets(&app).await < lost.len(), "it was killed in the middle");
        into(&app, &["--yes"]).await;
        app.settle().await;
        let feed = app.get("/v1/feed/kitchen?limit=500").await;
        let opened = feed["items"].as_array().unwrap().iter().filter(|event| event["type"] == "ticket.opened").count();
        assert_eq!((tickets(&app).await, opened), (lost.len(), lost.len()), "each once");
        app.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_where_it_was_stopped() {
    each(async |backends| {
        let lost = lose(backends, &["1 cola"; 12], Loss::Purged).await;
        let app = App::start(backends, WAIT).await;
        let arguments = ["replay", "--into", "kitchen-svc", "--at", &app.base, "--rate", "2", "--yes"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
        let sending = command.args(arguments).env("RUST_LOG", "error").stdout(Stdio::piped()).spawn().unwrap();
        until(async || tickets(&app).await > 0).await;
        assert!(Command::new("kill").args(["-INT", &sending.id().to_string()]).status().unwrap().success());
        let output = tokio::task::spawn_blocking(|| sending.wait_with_output().unwrap()).await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(130), "{said}");
        let (_, command) = said.trim_end().split_once("go on with: comanda ").unwrap();
        assert!(command.contains("--resume orders:"), "{command}");
        let heard = tickets(&app).await;
        assert!(heard < lost.len(), "it was stopped in the middle: {heard}, {said}");
        let rest = comanda(&command.split(' ').collect::<Vec<_>>()).await;
        assert!(rest.status.success());
        app.settle().await;
        assert_eq!(tickets(&app).await, lost.len());
        app.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_says_why() {
    on_both(async |app| {
        let order = app.place("1 cola").await;
        app.settle().await;
        let into = async |arguments: &[&str]| {
            refused(&[&["replay", "--into", "kitchen-svc", "--at", &app.base], arguments].concat()).await
        };
        let feed = app.get("/v1/feed/orders?limit=500").await;
        let placed = feed["items"].as_array().unwrap().iter().find(|event| event["type"] == "order.placed").unwrap();
        let unheard = into(&[&text(&placed["id"])]).await;
        assert!(unheard.contains("is order.placed, which kitchen-svc does not hear"), "{unheard}");
        assert!(into(&[&order]).await.contains(&format!("nobody said {order}")));
        assert!(into(&["--resume", "bar:1", "--yes"]).await.contains("orders:1234"));
        let alone = refused(&["replay", "--order", &order, "--at", &app.base]).await;
        assert!(alone.contains("--order goes with --step or --into"), "{alone}");
    })
    .await;
}
