//! Rules of the code itself: decisions are pure, services do not know each other, all hear what they say they hear.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use shared::{
    contract::{event::Event, topology},
    engine::service::Service,
    web::{docs, pages::Asset, site::Site},
};

const SERVICES: [&str; 3] = ["order-svc", "inventory-svc", "kitchen-svc"];
/// What has no place in a decision.
const IMPURE: [&str; 13] = [
    "async ", "sqlx", "axum", "lapin", "tokio", "tracing", "now()", "rand::", "now_v7", "new_v4", "fresh_id",
    "std::fs", "std::env",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The lines of the code below a path, tests left out.
fn code(path: &Path) -> Vec<(PathBuf, String)> {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries.filter(|path| !path.to_string_lossy().contains("tests")).flat_map(|path| code(&path)).collect();
    }
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.map(|line| (path.to_path_buf(), line.to_owned())).collect()
}

#[test]
fn decisions_are_pure() {
    for service in SERVICES {
        let source = root().join(service).join("src");
        let lines = [code(&source.join("domain.rs")), code(&source.join("domain"))].concat();
        assert!(lines.len() > 100, "{service} has a domain");
        for (path, line) in lines {
            let impure = IMPURE.iter().find(|word| line.contains(**word));
            assert!(impure.is_none(), "{}: {impure:?} in {line}", path.display());
        }
    }
}

#[test]
fn no_service_names_another() {
    for service in SERVICES {
        let manifest = std::fs::read_to_string(root().join(service).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split_once("[dependencies]").unwrap().1;
        let others = SERVICES.iter().filter(|other| **other != service);
        for other in others {
            assert!(!dependencies.contains(other), "{service} depends on {other}");
        }
    }
}

#[test]
fn the_manifest_means_every_package_and_is_read_by_every_cargo() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let list = |name: &str| manifest.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    assert_eq!(list("default-members = "), list("members = "));
    // An old cargo would stop there, and say nothing of its age.
    assert!(!manifest.contains("\ndebug = \""), "that belongs in .cargo/config.toml");
}

/// The page of a service, and the reader: its source directory, where it is served, its files.
const PAGES: [(&str, &str, &[Asset]); 6] = [
    ("order-svc/pages", OrderSvc::PAGE, OrderSvc::ASSETS),
    ("order-svc/menu", "/menu", OrderSvc::ASSETS),
    ("order-svc/day", "/day", OrderSvc::ASSETS),
    ("inventory-svc/pages", InventorySvc::PAGE, InventorySvc::ASSETS),
    ("kitchen-svc/pages", KitchenSvc::PAGE, KitchenSvc::ASSETS),
    ("shared/pages/docs", docs::PAGE, docs::ASSETS),
];

#[test]
fn every_file_of_a_page_is_served() {
    for (directory, page, assets) in PAGES {
        let files = std::fs::read_dir(root().join(directory)).unwrap();
        let path =
            |name: &str| if name == format!("{}.html", &page[1..]) { page.into() } else { format!("{page}/{name}") };
        let mut files: Vec<_> = files.map(|file| path(file.unwrap().file_name().to_str().unwrap())).collect();
        files.sort();
        let is_of_page = |path: &str| path == page || path.strip_prefix(page).is_some_and(|rest| rest.starts_with('/'));
        let mut served: Vec<_> = assets.iter().map(|asset| asset.path).filter(|path| is_of_page(path)).collect();
        served.sort_unstable();
        assert_eq!(served, files);
    }
}

/// The policy would refuse it, and the page would be dead.
#[test]
fn nothing_in_a_page_is_inline_or_from_elsewhere() {
    for asset in PAGES.iter().flat_map(|(.., assets)| *assets) {
        let elsewhere = ["href=\"http", "import \"http", "src=\"http"];
        let inline = ["<style", " style=", "<script>", "onclick=\"", "eval("];
        // What people have written is text, whatever it says.
        let markup = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "srcdoc"];
        for forbidden in elsewhere.iter().chain(&inline).chain(&markup) {
            assert!(!asset.text.contains(forbidden), "{} contains {forbidden}", asset.path);
        }
    }
}

/// Every process carries it.
#[test]
fn the_reader_of_the_interface_is_small() {
    let bytes: usize = docs::ASSETS.iter().filter(|asset| is_loaded(asset.path)).map(|asset| asset.text.len()).sum();
    assert!(bytes <= 25_000, "{bytes} bytes");
}

/// Of the catalogues a page loads one.
fn is_loaded(path: &str) -> bool {
    !path.ends_with(".de.js") && !path.ends_with(".ar.js")
}

/// A service reads every type that is bound to its queue, and would not know what to do with any other.
fn check_heard<S: Service>() {
    let recorded = include_str!("snapshots/events.json").replace("<id>", "0190b2f0-0000-7000-8000-000000000001");
    let recorded = recorded.replace("<time>", "2026-11-23T18:42:00Z");
    let events: BTreeMap<String, Event> = serde_json::from_str(&recorded).unwrap();
    for event in events.values() {
        let is_bound = topology::listens(S::NAME).contains(&&*event.kind);
        assert_eq!(S::hear(event).is_ok(), is_bound, "{} and {}", S::NAME, event.kind);
    }
}

#[test]
fn the_topology_is_what_the_services_hear() {
    check_heard::<OrderSvc>();
    check_heard::<InventorySvc>();
    check_heard::<KitchenSvc>();
}

/// From the bottom up: a room may look at those before it.
const ROOMS: [&str; 6] = ["contract", "db", "bus", "engine", "web", "process"];

#[test]
fn the_rooms_of_the_plumbing_look_down_only() {
    for (floor, room) in ROOMS.iter().enumerate() {
        let lines = code(&root().join("shared/src").join(room));
        assert!(lines.len() > 100, "{room} is a room");
        let text = lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n");
        for above in &ROOMS[floor + 1..] {
            let looks_up = text.contains(&format!("crate::{above}"))
                || text.split("use crate::{").skip(1).any(|uses| imports(uses).contains(above));
            assert!(!looks_up, "{room} looks up to {above}");
        }
    }
}

/// The first words of a list of imports.
fn imports(uses: &str) -> Vec<&str> {
    let uses = uses.split_once("};").map_or(uses, |(uses, _)| uses);
    let (mut depth, mut from, mut words) = (0, 0, Vec::new());
    for (at, c) in uses.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                words.push(&uses[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    words.push(&uses[from..]);
    words.into_iter().map(|word| word.trim().split("::").next().unwrap_or_default()).collect()
}

#[test]
fn a_decision_knows_nothing_of_the_web_or_of_its_store() {
    for service in SERVICES {
        let source = root().join(service).join("src");
        for (path, line) in [code(&source.join("domain.rs")), code(&source.join("domain"))].concat() {
            for word in ["web::", "web,", "crate::store", "crate::http", "process::"] {
                assert!(!line.contains(word), "{}: {word} in {line}", path.display());
            }
        }
    }
}

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn files_and_functions_have_a_size_that_can_be_read() {
    let mut files = Vec::new();
    for directory in ["src", "shared/src", "order-svc/src", "inventory-svc/src", "kitchen-svc/src", "tests"] {
        sources(&root().join(directory), &mut files);
    }
    assert!(files.len() > 100);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() <= FILE_LINES_MAX, "{} has {} lines", path.display(), lines.len());
        for (name, length) in functions(&lines) {
            assert!(length <= FUNCTION_LINES_MAX, "{}: {name} has {length} lines", path.display());
        }
    }
}

fn sources(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        std::fs::read_dir(path).unwrap().for_each(|entry| sources(&entry.unwrap().path(), found));
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        found.push(path.to_path_buf());
    }
}

/// Each function's first line and how many it has, by the indentation that rustfmt gives.
fn functions<'a>(lines: &[&'a str]) -> Vec<(&'a str, usize)> {
    let starts = lines.iter().enumerate().filter(|(_, line)| line.contains("fn ") && !line.contains("//"));
    let bodies = starts.filter_map(|(from, line)| {
        let indent = line.len() - line.trim_start().len();
        let is_end = |line: &&str| line.trim_end() == format!("{}}}", " ".repeat(indent));
        let length = lines[from..].iter().position(is_end)? + 1;
        let is_body = line.ends_with('{') || line.ends_with('(');
        is_body.then_some((*line, length))
    });
    bodies.collect()
}
