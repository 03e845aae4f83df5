//! Ctrl-C in the middle of a developer's command: it ends at once, says what there is to say, and leaves nothing half done.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    dead::set_aside,
    developer::{evening, in_directory, told},
    harness::{App, on_both, scratch},
    missed::until,
};

fn start(app: &App, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.args(arguments).args(["--at", &app.base]).env("RUST_LOG", "error").stdout(Stdio::piped());
    command.stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
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
        // It may be through before it hears of it.
        until(async || {
            let file = in_directory(scratch.path(), "evening.ndjson");
            let mut child = start(app, &["events", "--save", &file]);
            until(async || !files(scratch.path()).is_empty()).await;
            interrupt(&child);
            let code = tokio::task::spawn_blocking(move || child.wait().unwrap().code()).await.unwrap();
            match code {
                Some(130) => assert_eq!(files(scratch.path()), Vec::<String>::new()),
                other => {
                    assert_eq!((other, files(scratch.path())), (Some(0), vec!["evening.ndjson".to_owned()]));
                    let shown = told(&["replay", "--from", &file]).await;
                    assert_eq!(shown.matches(": identical\n").count(), 3, "{shown}");
                    std::fs::remove_file(&file).unwrap();
                }
            }
            code == Some(130)
        })
        .await;
    })
    .await;
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
