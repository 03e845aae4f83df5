//! Ctrl-C or SIGTERM in the middle of a developer's command: it ends at once, says what there is to say, and leaves nothing
//! half done.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use expect_test::expect;

use crate::{
    dead::{clear_jam, jam, letters, set_aside},
    developer::{evening, in_directory, refused, told},
    harness::{App, on_both, scratch},
    missed::until,
    sandbox::kept_history,
};

fn start(app: &App, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.args(arguments).args(["--at", &app.base]).env("RUST_LOG", "error").stdout(Stdio::piped());
    command.stderr(Stdio::piped()).spawn().unwrap()
}

/// Ctrl-C, or a supervisor: each with the code that a command ends with.
const SIGNALS: [(&str, i32); 2] = [("-INT", 130), ("-TERM", 143)];

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

fn interrupt(child: &Child) {
    send("-INT", child);
}

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_saved_whole_or_not_at_all() {
    on_both(async |app| {
        evening(app).await;
        let scratch = scratch();
        for (signal, expected) in SIGNALS {
            // It may be through before it hears of it.
            until(async || is_not_saved(app, scratch.path(), signal, expected).await).await;
        }
    })
    .await;
}

/// Whether it heard of the signal in time.
async fn is_not_saved(app: &App, directory: &Path, signal: &str, expected: i32) -> bool {
    let file = in_directory(directory, "evening.ndjson");
    let mut child = start(app, &["events", "--save", &file]);
    until(async || !files(directory).is_empty()).await;
    send(signal, &child);
    let code = tokio::task::spawn_blocking(move || child.wait().unwrap().code()).await.unwrap();
    if code == Some(expected) {
        assert_eq!(files(directory), Vec::<String>::new());
        return true;
    }
    assert_eq!((code, files(directory)), (Some(0), vec!["evening.ndjson".to_owned()]));
    let shown = told(&["replay", "--from", &file]).await;
    assert_eq!(shown.matches(": identical\n").count(), 3, "{shown}");
    std::fs::remove_file(&file).unwrap();
    false
}

/// A replay into a directory that is to be kept, in the middle: nobody has read on.
fn keeping(directory: &Path) -> (Child, BufReader<ChildStdout>) {
    let (kept, file) = (in_directory(directory, "kept"), kept_history());
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.args(["replay", "--from", &file, "--step", "--json", "--keep", &kept]).env("TMPDIR", directory);
    let mut child = command.env("RUST_LOG", "error").stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    assert!(stdout.read_line(&mut String::new()).unwrap() > 0, "it ended");
    (child, stdout)
}

#[test]
fn a_sandbox_is_kept_whole_or_not_at_all() {
    let scratch = scratch();
    for (signal, expected) in SIGNALS {
        // It may be through before it hears of it.
        loop {
            let (mut child, stdout) = keeping(scratch.path());
            send(signal, &child);
            let is_through = stdout.lines().any(|line| line.unwrap().contains("\"sandbox\""));
            if is_through {
                child.kill().unwrap();
            }
            let code = child.wait().unwrap().code();
            if !is_through {
                assert_eq!((code, files(scratch.path())), (Some(expected), vec![]), "{signal}");
                break;
            }
            std::fs::remove_dir_all(scratch.path().join("kept")).unwrap();
        }
    }
    // Whoever reads has gone.
    let (mut child, stdout) = keeping(scratch.path());
    drop(stdout);
    assert_eq!((child.wait().unwrap().code(), files(scratch.path())), (Some(0), vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_fails_midway_is_not_kept() {
    let scratch = scratch();
    let (kept, file) = (in_directory(scratch.path(), "kept"), in_directory(scratch.path(), "gap.ndjson"));
    let history = std::fs::read_to_string(kept_history()).unwrap();
    let is_of_entry = |line: &&str| line.starts_with(r#"{"service":"kitchen-svc","position":5,"at""#);
    assert_eq!(history.lines().filter(is_of_entry).count(), 1);
    let rest: Vec<&str> = history.lines().filter(|line| !is_of_entry(line)).collect();
    std::fs::write(&file, rest.join("\n")).unwrap();
    let said = refused(&["replay", "--from", &file, "--keep", &kept]).await;
    assert!(said.contains("history has a gap: entry 5 of the journal is missing"), "{said}");
    assert_eq!(files(scratch.path()), ["gap.ndjson"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_replay_leaves_is_called_so() {
    let scratch = scratch();
    let kept = in_directory(scratch.path(), "kept");
    let (mut child, stdout) = keeping(scratch.path());
    let said = refused(&["replay", "--keep", &kept]).await;
    assert!(said.contains("kept is in use by another process"), "{said}");
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stdout);
    for from in [&["--from", &kept_history()][..], &[]] {
        let said = refused(&[&["replay", "--keep", &kept], from].concat()).await;
        assert!(said.contains("holds half a sandbox, left by a replay that was killed"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_says_how_far_it_came() {
    on_both(async |app| {
        for id in ["a1", "a2"] {
            set_aside(&app.databases[0], &format!("0190b2f0-0000-7000-8000-0000000000{id}"), "noise".into()).await;
        }
        app.expect_dead("orders", 2).await;
        let child = start(app, &["dead", "redrive", "--all", "--rate", "1"]);
        let (code, said, complaints) = tokio::task::spawn_blocking(|| {
            let mut child = child;
            let (mut first, mut stdout) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
            stdout.read_line(&mut first).unwrap();
            interrupt(&child);
            let (mut rest, mut complaints) = (String::new(), String::new());
            stdout.read_to_string(&mut rest).unwrap();
            child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
            (child.wait().unwrap().code(), first + &rest, complaints)
        })
        .await
        .unwrap();
        assert_eq!((code, &*complaints), (Some(130), ""), "{said}");
        assert!(said.starts_with("refused ") && said.ends_with("\n2 letters, 1 refused\n"), "{said}");
    })
    .await;
}

/// Not by a signal that it could hear of.
#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_that_is_killed_is_gone_on_with() {
    on_both(async |app| {
        jam(&app.databases[2]).await;
        let mut orders = Vec::new();
        for _ in 0..5 {
            orders.push(app.place("1 cola").await);
        }
        letters(app, orders.len()).await;
        clear_jam(&app.databases[2]).await;
        let tickets = async || app.get("/v1/tickets?location=soho").await["items"].as_array().unwrap().len();
        let mut child = start(app, &["dead", "redrive", "--all", "--rate", "1"]);
        until(async || tickets().await > 0).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let taken_in = tickets().await;
        assert!(taken_in < orders.len(), "it was killed in the middle");
        letters(app, orders.len() - taken_in).await;
        told(&["dead", "redrive", "--all", "--at", &app.base]).await;
        assert_eq!((tickets().await, letters(app, 0).await.len()), (orders.len(), 0), "nothing is lost or doubled");
        for order in &orders {
            app.kitchen(order, "serve").await;
            app.check(order, expect!["completed"]).await;
        }
    })
    .await;
}
