//! What is kept is decided today as it was then, whole or cut off, and otherwise where a rule is another.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

use super::{all, directory, is_asked_for};
use crate::{
    developer::{in_directory, refused, told},
    harness::{scratch, text},
};

/// So many pieces a history is cut into, each of which is a history.
const CUTS: usize = 12;

/// Of the versions whose events are recorded.
fn releases() -> impl Iterator<Item = String> {
    let versions = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire").read_dir().unwrap();
    versions.map(|version| format!("release-{}", version.unwrap().file_name().into_string().unwrap()))
}

/// Besides those of releases.
const NAMES: [&str; 13] = [
    "cancel-against-start",
    "cancel-before-accepted-in-the-kitchen",
    "cancel-before-placed-in-the-stock",
    "contradicted",
    "forgotten",
    "killed",
    "last-portion",
    "marked-out-against-manual",
    "purged-and-mended",
    "recall-after-completed",
    "redriven",
    "rush",
    "timed-out-against-late-reserved",
];

#[tokio::test(flavor = "multi_thread")]
async fn they_are_decided_as_they_were() {
    if is_asked_for() {
        return;
    }
    let files = all();
    let names: BTreeSet<String> = files.iter().map(|file| file.file_stem().unwrap().display().to_string()).collect();
    assert_eq!(names, NAMES.map(str::to_owned).into_iter().chain(releases()).collect());
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let arguments: Vec<&str> = ["replay", "--check"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let shown = told(&arguments).await;
    assert_eq!(shown.matches(": identical\n").count(), 3 * files.len(), "{shown}");
}

/// A history that was cut off, by a full disk or by whoever keeps only its beginning, is one.
#[tokio::test(flavor = "multi_thread")]
async fn they_are_histories_wherever_they_are_cut_off() {
    if is_asked_for() {
        return;
    }
    let scratch = scratch();
    let mut cut = Vec::new();
    for file in all() {
        let kept = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = kept.lines().collect();
        for nth in 1..CUTS {
            let path = in_directory(scratch.path(), &format!("{nth}-{}", file.file_name().unwrap().display()));
            std::fs::write(&path, lines[..lines.len() * nth / CUTS].join("\n")).unwrap();
            cut.push(path);
        }
    }
    let arguments: Vec<&str> = ["replay", "--check"].into_iter().chain(cut.iter().map(String::as_str)).collect();
    let shown = told(&arguments).await;
    let is_same = |line: &str| line.ends_with(": identical") || line.ends_with(".ndjson:");
    assert!(shown.lines().all(is_same), "{shown}");
    assert!(shown.lines().count() > cut.len(), "{shown}");
}

/// Made under another rule, a history names the decision in which the rules part.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_of_another_rule_names_the_first_decision_that_differs() {
    if is_asked_for() {
        return;
    }
    let kept = std::fs::read_to_string(directory().join("rush.ndjson")).unwrap();
    let scratch = scratch();
    let file = in_directory(scratch.path(), "other.ndjson");
    // As if orders had been rejected otherwise, and as if cooks had been told otherwise of a void ticket.
    for (then, other) in [("\"out_of_stock\"", "\"sold_out\""), ("nothing of it is cooked", "all of it is cooked")] {
        let first = kept.lines().find(|line| line.contains("\"told\"") && line.contains(then)).unwrap();
        let first: Value = serde_json::from_str(first).unwrap();
        std::fs::write(&file, kept.replace(then, other)).unwrap();
        let said = refused(&["replay", "--check", &file]).await;
        assert!(said.contains("decided differently") && said.contains(other), "{said}");
        assert!(said.contains(&text(&first["service"])), "{said}");
    }
    std::fs::write(&file, "").unwrap();
    let said = refused(&["replay", "--check", &file]).await;
    assert!(said.contains("there is no history in"), "{said}");
}
