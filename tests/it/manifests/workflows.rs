//! What builds and releases Comanda: the workflows, what they depend on, and the version that all agree on.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

use super::{list, parse, root};

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Each with its jobs.
fn workflows() -> Vec<(String, Value)> {
    let files = std::fs::read_dir(root().join(".github/workflows")).unwrap().map(|file| file.unwrap().path());
    let files = files.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path));
    files
        .map(|(name, path)| {
            let all = parse(&std::fs::read_to_string(path).unwrap());
            assert_eq!(all.len(), 1, "{name}");
            (name, all[0]["jobs"].clone())
        })
        .collect()
}

#[test]
fn every_action_is_of_one_version() {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = |text: &str| text.split('.').count() == 3 && text.split('.').all(is_number);
    let (mut used, all) = (0, workflows());
    assert_eq!(all.len(), 2);
    for (name, jobs) in all {
        for (job, it) in jobs.as_object().unwrap() {
            assert!(it["runs-on"].is_string() || it["uses"].is_string(), "{name}: {job}");
            for step in list(&it["steps"]) {
                let Some(action) = step["uses"].as_str() else {
                    assert!(step["run"].is_string(), "{name}: {job}: {step}");
                    continue;
                };
                let version = action.split_once("@v").map(|(_, version)| version);
                assert!(version.is_some_and(is_version), "{name}: {job}: {action}");
                used += 1;
            }
            for needed in list(&it["needs"]).chain([&it["needs"]]).filter_map(Value::as_str) {
                assert!(jobs[needed].is_object(), "{name}: {job} needs {needed}, which is none");
            }
        }
    }
    assert!(used > 5, "{used}");
}

#[test]
fn everybody_runs_the_same_script() {
    let all = workflows();
    let (_, jobs) = all.iter().find(|(name, _)| name == "ci").unwrap();
    assert!(list(&jobs["test"]["steps"]).any(|step| step["run"] == "scripts/test"));
    assert!(text("Jenkinsfile").contains("sh 'scripts/test'"));
    let (_, jobs) = all.iter().find(|(name, _)| name == "release").unwrap();
    assert_eq!(jobs["test"]["uses"], "./.github/workflows/ci.yml");
}

/// Of the present version there is a section and a record, and manifests ask for its image.
#[test]
fn all_are_of_one_version() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(text("CHANGELOG.md").contains(&format!("\n## [{version}] - ")));
    assert!(text("compose.yaml").contains(&format!("}}:{version}\n")));
    for service in ["order-svc", "inventory-svc", "kitchen-svc"] {
        let deployment = text(&format!("k8s/base/{service}/deployment.yaml"));
        let images = deployment.lines().filter_map(|line| line.trim().strip_prefix("image: comanda:"));
        assert!(images.clone().count() > 0 && images.clone().all(|found| found == version), "{service}");
    }
}

/// The names and the older versions that `cargo deny` leaves out.
fn skipped(deny: &str) -> Vec<(&str, &str)> {
    let skipped = deny.lines().filter_map(|line| line.trim().strip_prefix("{ crate = \"")?.split('"').next());
    skipped.map(|spec| spec.split_once(':').unwrap()).collect()
}

/// What is skipped is there twice; else it would hide the next that comes twice.
#[test]
fn what_is_allowed_twice_is_there_twice() {
    let (deny, lock) = (text("deny.toml"), text("Cargo.lock"));
    assert!(!skipped(&deny).is_empty());
    for (name, old) in skipped(&deny) {
        let entry = format!("name = \"{name}\"\nversion = \"");
        let versions: Vec<&str> = lock.split(&entry).skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let is_old = |version: &&str| version.starts_with(&format!("{old}."));
        assert_eq!(versions.iter().filter(|it| is_old(it)).count(), 1, "{name}: {versions:?}");
        assert!(versions.len() > 1, "{name} is there once");
    }
}

/// And nothing else, of all that is built here: `cargo deny` would refuse it.
#[test]
fn what_is_there_twice_is_allowed_twice() {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--workspace", "--duplicates", "--depth=0", "--prefix=none", "--locked", "--offline"]);
    let tree = tree.current_dir(root()).output().unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, version) in tree.lines().filter_map(|line| line.split_once(" v")) {
        versions.entry(name).or_default().insert(version.split(' ').next().unwrap());
    }
    let deny = text("deny.toml");
    for (name, versions) in versions {
        let skipped = skipped(&deny).iter().filter(|(skipped, _)| *skipped == name).count();
        assert_eq!(versions.len(), skipped + 1, "{name}: {versions:?}");
    }
}
