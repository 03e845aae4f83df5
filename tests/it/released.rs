//! What released versions say, and what they understand. `tests/wire/VERSION` holds one of each event, and the AsyncAPI
//! document, as they were; those of the present version follow the code until the next one begins.
//!
//! Old events are fed to the present services and types, and present events are held against the old documents.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Result;
use expect_test::expect_file;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde_json::Value;
use shared::{
    contract::{
        access::AccessKey,
        catalogue::EVENTS,
        event::{Event, decode},
        kitchen::{MarkedOut, Stations, Ticket},
        order::{Location, MenuItem, Order},
        pace::Pace,
        stock::{Availability, Recipe, Reservation, StockItem},
        topology,
    },
    engine::service::Service,
};

use crate::{
    asyncapi::{all_in_one, complaints, schema},
    servers::variable,
};

/// By their types.
type Recorded = BTreeMap<String, Value>;

/// What the snapshots have made the same is put in again: they are of this version.
fn present() -> Recorded {
    let text = include_str!("snapshots/events.json")
        .replace("<id>", "0190b2f0-0000-7000-8000-000000000001")
        .replace("<time>", "2026-11-23T18:42:00.000000Z")
        .replace("<traceparent>", "00-0190b2f0000070008000000000000001-8000000000000001-01");
    serde_json::from_str(&text).unwrap()
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire")
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Each version with its events and its document.
fn versions() -> Vec<(String, Recorded, Value)> {
    let entries = std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let version = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.map(|it| (version(&it), read(&it.join("events.json")), read(&it.join("asyncapi.json")))).collect()
}

/// `UPDATE_EXPECT=1` writes it, for a version that begins and for whatever changes before it is released.
#[tokio::test]
async fn the_present_version_is_recorded() {
    let directory = directory().join(env!("CARGO_PKG_VERSION"));
    if variable("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(&directory).unwrap();
    }
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap() + "\n";
    let document = all_in_one().await;
    expect_file![directory.join("asyncapi.json")].assert_eq(&pretty(&document));
    expect_file![directory.join("events.json")].assert_eq(&pretty(&serde_json::to_value(present()).unwrap()));
}

fn decoded(event: &Value) -> Event {
    let mut all = decode(event.to_string().as_bytes());
    assert_eq!(all.len(), 1);
    all.remove(0).unwrap().0
}

/// Whether `data` is what the contract has for this event today.
fn is_understood(event: &Event) -> Result<()> {
    let kind = EVENTS.iter().find(|kind| kind.name == event.kind).unwrap();
    match (kind.subject)()[0].0.as_str() {
        "Order" => event.data::<Order>().map(drop),
        "MenuItem" => event.data::<MenuItem>().map(drop),
        "Location" => event.data::<Location>().map(drop),
        "Reservation" => event.data::<Reservation>().map(drop),
        "StockItem" => event.data::<StockItem>().map(drop),
        "Recipe" => event.data::<Recipe>().map(drop),
        "Availability" => event.data::<Availability>().map(drop),
        "Ticket" => event.data::<Ticket>().map(drop),
        "MarkedOut" => event.data::<MarkedOut>().map(drop),
        "Stations" => event.data::<Stations>().map(drop),
        "Pace" => event.data::<Pace>().map(drop),
        "AccessKey" => event.data::<AccessKey>().map(drop),
        other => panic!("{other} is the subject of no event"),
    }
}

fn check_heard<S: Service>(version: &str, events: &Recorded) {
    let heard: Vec<&Value> = topology::listens(S::NAME).iter().filter_map(|kind| events.get(*kind)).collect();
    assert!(heard.len() >= 3, "{version}: {heard:?}");
    for event in heard {
        let event = decoded(event);
        S::hear(&event).unwrap_or_else(|error| panic!("{} and {} of {version}: {error:#}", S::NAME, event.kind));
    }
}

#[test]
fn what_a_released_version_said_is_heard() {
    let versions = versions();
    assert!(!versions.is_empty());
    for (version, events, _) in versions {
        check_heard::<OrderSvc>(&version, &events);
        check_heard::<InventorySvc>(&version, &events);
        check_heard::<KitchenSvc>(&version, &events);
        for event in events.values() {
            let event = decoded(event);
            is_understood(&event).unwrap_or_else(|error| panic!("{} of {version}: {error:#}", event.kind));
        }
    }
}

/// Both ways: an old event fits the present schema, and a present one that of a version which still runs beside it.
#[tokio::test]
async fn old_and_new_events_fit_each_others_schemas() {
    let (present, document) = (present(), all_in_one().await);
    let mut pairs = BTreeMap::new();
    for (version, events, old) in versions() {
        for (kind, event) in events {
            if let Some(now) = present.get(&kind) {
                pairs.insert(format!("{kind} of today for {version}"), (schema(&old, &kind), now.clone()));
            }
            pairs.insert(format!("{kind} of {version} for today"), (schema(&document, &kind), event));
        }
    }
    assert!(pairs.len() >= 2 * EVENTS.len());
    let said = complaints(&pairs).unwrap_or_default();
    assert!(said.is_empty(), "{said}");
}
