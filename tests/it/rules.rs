//! Rules of the code itself: decisions are pure, services do not know each other, all hear what they say they hear.

use std::path::{Path, PathBuf};

use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use shared::{pages::Asset, service::Service, topology};

const SERVICES: [&str; 3] = ["order-svc", "inventory-svc", "kitchen-svc"];
/// What has no place in a decision.
const IMPURE: [&str; 7] = ["async ", "sqlx", "axum", "lapin", "tokio", "tracing", "now()"];

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

/// The page of a service: its source directory, where it is served, its files.
const PAGES: [(&str, &str, &[Asset]); 3] = [
    ("order-svc", OrderSvc::PAGE, OrderSvc::ASSETS),
    ("inventory-svc", InventorySvc::PAGE, InventorySvc::ASSETS),
    ("kitchen-svc", KitchenSvc::PAGE, KitchenSvc::ASSETS),
];

#[test]
fn every_file_of_a_page_is_served() {
    for (service, page, assets) in PAGES {
        let files = std::fs::read_dir(root().join(service).join("pages")).unwrap();
        let path =
            |name: &str| if name == format!("{}.html", &page[1..]) { page.into() } else { format!("{page}/{name}") };
        let mut files: Vec<_> = files.map(|file| path(file.unwrap().file_name().to_str().unwrap())).collect();
        files.sort();
        let mut served: Vec<_> = assets.iter().map(|asset| asset.path).collect();
        served.sort_unstable();
        assert_eq!(served, files);
    }
}

/// The policy would refuse it, and the page would be dead.
#[test]
fn nothing_in_a_page_is_inline_or_from_elsewhere() {
    for asset in PAGES.iter().flat_map(|(.., assets)| *assets) {
        for forbidden in
            ["href=\"http", "import \"http", "src=\"http", "<style", " style=", "<script>", "onclick=\"", "eval("]
        {
            assert!(!asset.text.contains(forbidden), "{} contains {forbidden}", asset.path);
        }
    }
}

#[test]
fn the_topology_is_what_the_services_listen_to() {
    let services = [
        (OrderSvc::NAME, OrderSvc::LISTENS),
        (InventorySvc::NAME, InventorySvc::LISTENS),
        (KitchenSvc::NAME, KitchenSvc::LISTENS),
    ];
    assert_eq!(services, topology::LISTENERS);
}
