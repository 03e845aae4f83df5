//! What each command says of itself, and what it says to programs.

use serde_json::Value;

use crate::{
    dead::set_aside,
    developer::{comanda, evening, in_directory, told},
    harness::{App, on_both, scratch},
};

/// The commands that a help lists.
fn listed(help: &str) -> Vec<&str> {
    let Some((_, commands)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let lines = commands.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_examples() {
    let (mut waiting, mut seen) = (vec![Vec::new()], 0);
    while let Some(command) = waiting.pop() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let help = told(&arguments).await;
        let (_, examples) = help.split_once("\nExample").unwrap_or_else(|| panic!("{arguments:?} has none:\n{help}"));
        assert!(examples.lines().nth(1).is_some_and(|line| line.starts_with("  ")), "{arguments:?}: {examples}");
        waiting.extend(listed(&help).into_iter().map(|name| [&command[..], &[name.to_owned()]].concat()));
        seen += 1;
    }
    assert!(seen > 25, "{seen} commands were seen");
}

/// Each line is an object, whatever comes of the command.
async fn lines(app: &App, arguments: &[&str]) -> Vec<Value> {
    let output = comanda(&[arguments, &["--json", "--at", &app.base]].concat()).await;
    let said = String::from_utf8(output.stdout).unwrap();
    let lines = said.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{arguments:?}: {line}")));
    lines.inspect(|line: &Value| assert!(line.is_object(), "{arguments:?}: {line}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_read_one_object_a_line() {
    on_both(async |app| {
        let [served, ..] = evening(app).await;
        let letter = "0190b2f0-0000-7000-8000-0000000000a1";
        set_aside(&app.databases[0], letter, "noise".into()).await;
        let scratch = scratch();
        let [file, database, lost] = ["evening.ndjson", "a.db", "b.db"].map(|name| in_directory(scratch.path(), name));
        let [database, lost] = [database, lost].map(|path| format!("sqlite:{path}"));
        let events = lines(app, &["events"]).await;
        let id = events[0]["id"].as_str().unwrap();
        let last = ["dead", "discard", letter, "--reason", "a test"];
        for (command, count) in [
            (&["events", "show", id][..], Some(1)),
            (&["events", "--save", &file], Some(3)),
            (&["trace", &served], None),
            (&["show", "order", &served], Some(1)),
            (&["show", "order", "4711"], Some(1)),
            (&["show", "orders"], Some(1)),
            (&["show", "stock", "soho"], Some(1)),
            (&["show", "ticket", &served, "--as-of", "1s"], Some(1)),
            (&["replay"], Some(3)),
            (&["replay", "--step"], None),
            (&["replay", "--compare"], Some(3)),
            (&["replay", "--into", "kitchen-svc"], Some(1)),
            (&["replay", "--into", "kitchen-svc", "--yes"], Some(2)),
            (&["replay", "--rebuild", "kitchen-svc", "--to", &database], Some(2)),
            (&["replay", "--rebuild", "kitchen-svc", "--from-feeds", "--to", &lost], Some(1)),
            (&["dead", "list"], Some(1)),
            (&["dead", "list", "--group"], Some(1)),
            (&["dead", "show", letter], Some(1)),
            (&["dead", "redrive", letter], Some(1)),
            (&["audit"], Some(1)),
            (&last, Some(1)),
        ] {
            let said = lines(app, command).await;
            assert!(count.map_or(!said.is_empty(), |count| said.len() == count), "{command:?}: {said:#?}");
        }
    })
    .await;
}
