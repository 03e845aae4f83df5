//! What the documents name is there.

use std::{collections::BTreeSet, path::Path, process::Command};

const SECURITY: &str = include_str!("../../SECURITY.md");
const OPERATIONS: &str = include_str!("../../docs/operations.md");
const SPLIT: &str = include_str!("../../docs/monolith-to-microservices.md");
const ALERTS: &str = include_str!("../../k8s/components/monitoring/rules.yaml");

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with("```")).flat_map(|line| line.split('`').skip(1).step_by(2))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_defends_is_there_and_so_is_its_test() {
    let mut tests = 0;
    for named in quoted(SECURITY) {
        match named.rsplit_once("::") {
            Some((module, test)) => {
                let file = root().join(format!("tests/it/{}.rs", module.replace("::", "/")));
                let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{named}: {error}"));
                assert!(text.contains(&format!("fn {test}()")), "{named} is not there");
                tests += 1;
            }
            None if named.contains('/') && !named.starts_with('/') => assert!(root().join(named).exists(), "{named}"),
            None => {}
        }
    }
    assert!(tests > 15, "{tests}");
}

#[test]
fn what_is_to_be_typed_can_be_typed() {
    let lines = [OPERATIONS, SPLIT].into_iter().flat_map(|text| text.lines().chain(quoted(text)));
    let lines = lines.map(|line| line.trim_start_matches("$ ")).filter(|line| line.starts_with("comanda "));
    let commands: BTreeSet<&str> = lines.map(|line| line.split(" #").next().unwrap()).collect();
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let is_name =
            |word: &&&str| word.chars().all(|it| it.is_ascii_lowercase() || it == '-') && !word.starts_with('-');
        let names = words.iter().take(if words[0] == "dead" { 2 } else { 1 }).take_while(is_name);
        let help = Command::new(env!("CARGO_BIN_EXE_comanda")).args(names).arg("--help").output().unwrap();
        assert!(help.status.success(), "{command}");
        let help = String::from_utf8(help.stdout).unwrap();
        for flag in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(flag), "{command}: there is no {flag}");
        }
    }
}

#[test]
fn every_alert_has_its_answer() {
    let alerts: BTreeSet<&str> = ALERTS.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let answered = OPERATIONS.lines().filter_map(|line| line.strip_prefix("| Comanda")?.split(' ').next());
    let answered: BTreeSet<String> = answered.map(|name| format!("Comanda{name}")).collect();
    assert_eq!(alerts.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), answered);
}
