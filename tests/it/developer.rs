//! The developer's commands, as a developer runs them: history is shown, saved, and run again.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tokio::{sync::mpsc, time::timeout};

use crate::{
    harness::{App, PATIENCE, on_both, scratch, text},
    sandbox::Served,
};

/// Runs `comanda` in a thread of its own: the services are in this process.
pub(crate) async fn comanda(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.args(arguments).env("RUST_LOG", "error");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// What it said, if all went well.
pub(crate) async fn told(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = comanda(arguments).await;
    assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Why it failed, on whichever output.
pub(crate) async fn refused(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = comanda(arguments).await;
    assert!(!status.success(), "{arguments:?} succeeded");
    String::from_utf8([stdout, stderr].concat()).unwrap()
}

/// A short evening: one order is served, one has no stock, one is cancelled.
pub(crate) async fn evening(app: &App) -> [String; 3] {
    let served = app.place("1 margherita").await;
    let rejected = app.place("200 burger").await;
    let cancelled = app.place("1 burger").await;
    app.settle().await;
    app.kitchen(&served, "serve").await;
    app.post(&format!("/v1/orders/{cancelled}/cancel")).await;
    app.settle().await;
    [served, rejected, cancelled]
}

pub(crate) fn in_directory(directory: &Path, name: &str) -> String {
    directory.join(name).display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_history_is_run_again_and_nothing_outside_changes() {
    on_both(async |app| {
        evening(app).await;
        let scratch = scratch();
        let file = in_directory(scratch.path(), "evening.ndjson");
        told(&["events", "--at", &app.base, "--save", &file]).await;
        let outside = [app.get("/v1/feed/orders").await, app.get("/v1/journal/kitchen").await];
        for arguments in [vec!["--at", &app.base], vec!["--from", &file], vec!["--check", &file, &file]] {
            let shown = told(&[vec!["replay"], arguments].concat()).await;
            assert_eq!(shown.matches(": identical\n").count() % 3, 0, "{shown}");
            assert!(shown.contains("order-svc") && !shown.contains("differently"), "{shown}");
        }
        assert_eq!([app.get("/v1/feed/orders").await, app.get("/v1/journal/kitchen").await], outside);
        let again = refused(&["events", "--at", &app.base, "--save", &file]).await;
        assert!(again.contains("evening.ndjson"), "a history is not written over: {again}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_decision_that_differs_is_named_and_fails() {
    on_both(async |app| {
        let [served, ..] = evening(app).await;
        let scratch = scratch();
        let file = in_directory(scratch.path(), "evening.ndjson");
        told(&["events", "--at", &app.base, "--save", &file]).await;
        // As if the pizza had been paid otherwise: the event that was said is another than the one decided now.
        let changed = std::fs::read_to_string(&file).unwrap().replace("\"amount\":900", "\"amount\":901");
        std::fs::write(&file, changed).unwrap();
        let said = refused(&["replay", "--check", &file]).await;
        assert!(said.contains("is decided differently"), "{said}");
        assert!(said.contains("/total/amount: 901 -> 900") && said.contains(&served), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_run_up_to_a_moment_and_kept() {
    on_both(async |app| {
        let [served, ..] = evening(app).await;
        let scratch = scratch();
        let feed = app.get("/v1/feed/kitchen").await;
        let opened = feed["items"].as_array().unwrap().iter().find(|event| event["type"] == "ticket.opened").unwrap();
        let kept = in_directory(scratch.path(), "kept");
        let id = text(&opened["id"]);
        let then = Served::by(&["--at", &app.base, "--until", &id, "--keep", &kept]).await;
        let tickets: Value = then.get("/v1/tickets?location=soho").await.json().await.unwrap();
        let tickets = tickets["items"].as_array().unwrap();
        assert!(tickets.iter().any(|ticket| ticket["id"] == opened["subject"]), "{tickets:?}");
        assert!(tickets.iter().all(|ticket| ticket["served_at"].is_null()), "{tickets:?}");
        drop(then);
        let steps =
            told(&["replay", "--at", &app.base, "--service", "kitchen-svc", "--step", "--order", &served]).await;
        assert!(steps.contains("said  ticket.opened") && steps.contains("row   tickets"), "{steps}");
        let paused = told(&["replay", "--at", &app.base, "--pause-on", "ticket.voided"]).await;
        assert!(paused.contains("where it paused"), "{paused}");
        let unknown = refused(&["replay", "--at", &app.base, "--until", "00000000-0000-7000-8000-000000000000"]).await;
        assert!(unknown.contains("nobody said"), "{unknown}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_order_type_and_time() {
    on_both(async |app| {
        let [served, rejected, _] = evening(app).await;
        let lines = async |arguments: &[&str]| -> Vec<Value> {
            let shown = told(&[&["events", "--at", &app.base, "--json"], arguments].concat()).await;
            shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let all = lines(&[]).await;
        let times: Vec<String> = all.iter().map(|event| text(&event["time"])).collect();
        assert!(times.is_sorted(), "{times:?}");
        let of_order: Vec<String> =
            lines(&["--order", &served]).await.iter().map(|event| text(&event["type"])).collect();
        assert_eq!(of_order.first().map(String::as_str), Some("order.placed"));
        assert!(
            ["order.completed", "stock.consumed", "ticket.served"].map(|kind| of_order.contains(&kind.into()))
                == [true; 3]
        );
        let number = text(&app.get(&format!("/v1/orders/{rejected}")).await["number"].to_string().into());
        let rejections = lines(&["--order", &number, "--type", "order.rejected"]).await;
        assert_eq!(rejections.len(), 1);
        assert!(lines(&["--type", "ticket.*"]).await.iter().all(|event| event["source"] == "/kitchen-svc"));
        assert_eq!(
            lines(&["--since", &times[times.len() - 1]]).await.len(),
            times.iter().filter(|time| *time == &times[times.len() - 1]).count()
        );
        // What inventory says of it knows only the id.
        let by_number = lines(&["--order", &format!("#{number}")]).await;
        assert!(by_number.iter().any(|event| event["type"] == "stock.rejected"), "{by_number:?}");
        assert_eq!(by_number, lines(&["--order", &rejected]).await);
        let shown = told(&["events", "show", &text(&rejections[0]["id"]), "--at", &app.base]).await;
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), rejections[0]);
    })
    .await;
}

/// Killed when it is dropped: who reads what it says would wait for ever.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_followed_as_it_is_said() {
    on_both(async |app| {
        let before = app.place("1 margherita").await;
        app.settle().await;
        let mut following = Following(
            Command::new(env!("CARGO_BIN_EXE_comanda"))
                .args(["events", "--follow", "--json", "--type", "order.placed", "--at", &app.base])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let (said, mut heard) = mpsc::unbounded_channel();
        let out = BufReader::new(following.0.stdout.take().unwrap());
        let reader = tokio::task::spawn_blocking(move || out.lines().try_for_each(|line| said.send(line.unwrap())));
        let mut next = async || -> String {
            let line = timeout(PATIENCE, heard.recv()).await.unwrap().unwrap();
            text(&serde_json::from_str::<Value>(&line).unwrap()["subject"])
        };
        assert_eq!(next().await, before);
        let after = app.place("1 burger").await;
        assert_eq!(next().await, after);
        drop(following);
        reader.await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_traced_over_all_services() {
    on_both(async |app| {
        let [served, _, cancelled] = evening(app).await;
        let number = app.get(&format!("/v1/orders/{served}")).await["number"].to_string();
        let shown = told(&["trace", &number, "--at", &app.base]).await;
        assert!(shown.starts_with(&format!("order {served}, number {number}, at soho\n")), "{shown}");
        let steps = told(&["trace", &served, "--at", &app.base, "--as", "json"]).await;
        let steps: Vec<Value> = steps.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |service: &str| -> Vec<String> {
            steps.iter().filter(|step| step["service"] == service).map(|step| text(&step["what"])).collect()
        };
        assert_eq!(of("inventory-svc")[0], "order.placed");
        assert_eq!(of("kitchen-svc"), ["order.accepted", "act ticket serve"]);
        assert_eq!(&of("order-svc")[..2], ["place", "stock.reserved"]);
        let mut heard = steps.iter().filter(|step| text(&step["what"]).contains('.'));
        assert!(heard.all(|step| step["lag_ms"].is_f64()), "{steps:?}");
        let picture = told(&["trace", &cancelled, "--at", &app.base, "--as", "mermaid"]).await;
        assert!(picture.starts_with("sequenceDiagram\n"), "{picture}");
        assert!(picture.contains("order-svc->>kitchen-svc: order.accepted, "), "{picture}");
        let nobody = refused(&["trace", "4711", "--at", &app.base]).await;
        assert!(nobody.contains("no order has the number 4711"), "{nobody}");
    })
    .await;
}
