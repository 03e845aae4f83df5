//! Rules of the code itself: decisions are pure, services do not know each other, all hear what they say they hear.

use std::path::{Path, PathBuf};

use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use shared::{service::Service, topology};

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

#[test]
fn the_topology_is_what_the_services_listen_to() {
    let services = [
        (OrderSvc::NAME, OrderSvc::LISTENS),
        (InventorySvc::NAME, InventorySvc::LISTENS),
        (KitchenSvc::NAME, KitchenSvc::LISTENS),
    ];
    assert_eq!(services, topology::LISTENERS);
}
