//! The AsyncAPI document: valid by its own specification, and true of what is said.

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{
    contract::{catalogue::EVENTS, topology},
    web::site::Site,
};

use crate::{
    harness::{App, Backends},
    servers::{required, variable},
};

const WAIT: Duration = Duration::from_secs(60);
/// Reads a JSON Schema of draft 7, which AsyncAPI is built on, and documents by name; prints what is wrong with which.
const VALIDATE: &str = r#"
import json, sys
from jsonschema import Draft7Validator
given = json.load(sys.stdin)
for name, (schema, document) in given.items():
    for error in Draft7Validator(schema).iter_errors(document):
        print(f"{name}: {error.json_path}: {error.message[:200]}")
"#;

/// What is wrong with documents, each beside its schema; nothing can be said without a Python (TEST_PYTHON).
pub(crate) fn complaints(documents: &BTreeMap<String, (Value, Value)>) -> Option<String> {
    let Some(python) = variable("TEST_PYTHON") else {
        assert!(!required(), "TEST_PYTHON is not set");
        eprintln!("left out: whether events fit their schemas (scripts/test provides TEST_PYTHON)");
        return None;
    };
    let mut validate = Command::new(python);
    validate.args(["-c", VALIDATE]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = validate.spawn().unwrap();
    running.stdin.take().unwrap().write_all(&serde_json::to_vec(documents).unwrap()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The JSON Schema of the specification, which the Python holds the documents against.
fn specification() -> Option<Value> {
    let Some(path) = variable("TEST_ASYNCAPI") else {
        assert!(!required(), "TEST_ASYNCAPI is not set");
        eprintln!("left out: whether the AsyncAPI documents are valid (scripts/test provides TEST_ASYNCAPI)");
        return None;
    };
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

pub(crate) async fn all_in_one() -> Value {
    let backends = Backends::embedded();
    let app = App::start(&backends, WAIT).await;
    let document = app.get("/asyncapi.json").await;
    app.stop().await;
    document
}

async fn alone<S: Site>(database: usize) -> Value {
    let backends = Backends::embedded();
    let app = App::start_alone::<S>(&backends, &backends.databases[database]).await;
    let document = app.get("/asyncapi.json").await;
    app.stop().await;
    document
}

fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// An event's schema, by itself.
pub(crate) fn schema(document: &Value, kind: &str) -> Value {
    let reference = format!("#/components/schemas/{kind}");
    json!({"allOf": [{"$ref": reference}], "components": document["components"]})
}

#[tokio::test]
async fn the_documents_are_valid() {
    let mut documents = BTreeMap::from([
        ("all-in-one", all_in_one().await),
        ("order-svc", alone::<OrderSvc>(0).await),
        ("inventory-svc", alone::<InventorySvc>(1).await),
        ("kitchen-svc", alone::<KitchenSvc>(2).await),
    ]);
    for (name, document) in &documents {
        for reference in document.to_string().split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{name}: {pointer} leads nowhere");
        }
    }
    let mut broken = documents["all-in-one"].clone();
    broken["channels"]["order.placed"]["address"] = json!(1);
    documents.insert("broken", broken);
    let Some(specification) = specification() else { return };
    let documents = documents.into_iter().map(|(name, it)| (name.to_owned(), (specification.clone(), it))).collect();
    let Some(said) = complaints(&documents) else { return };
    let (broken, wrong): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.starts_with("broken"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(!broken.is_empty(), "the validator finds what is wrong");
}

/// Who says and who hears what, and no more of others than that.
#[tokio::test]
async fn each_service_describes_what_it_says_and_hears() {
    let all = all_in_one().await;
    assert_eq!(names(&all["channels"]), EVENTS.map(|kind| kind.name));
    let operations = EVENTS.len() + topology::LISTENERS.iter().map(|(_, kinds)| kinds.len()).sum::<usize>();
    assert_eq!(names(&all["operations"]).len(), operations);
    let kitchen = alone::<KitchenSvc>(2).await;
    let of_kitchen = |name: &&str| name.starts_with("kitchen-svc.");
    let expected: Vec<&str> = names(&all["operations"]).into_iter().filter(of_kitchen).collect();
    assert_eq!(names(&kitchen["operations"]), expected);
    assert_eq!(kitchen["operations"]["kitchen-svc.receive.order.accepted"]["action"], "receive");
    assert!(kitchen["channels"]["order.completed"].is_null());
    assert_eq!(all["channels"]["order.placed"]["address"], "order.placed.{location}");
}

/// Every event fits its schema; one with a member of another type, or without one that is needed, fits no more.
#[tokio::test]
async fn recorded_events_fit_their_schemas() {
    let document = all_in_one().await;
    let recorded: BTreeMap<String, Value> = serde_json::from_str(include_str!("snapshots/events.json")).unwrap();
    let mut documents = BTreeMap::new();
    for (kind, event) in recorded {
        let schema = schema(&document, &kind);
        let mut broken = event.clone();
        broken["data"]["version"] = json!("one");
        documents.insert(format!("broken {kind}"), (schema.clone(), broken));
        documents.insert(kind, (schema, event));
    }
    let Some(said) = complaints(&documents) else { return };
    let (broken, wrong): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.starts_with("broken"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(broken.len() >= EVENTS.len(), "{broken:#?}");
}

/// The names of all properties of a schema, those of its parts included.
fn properties(document: &Value, schema: &Value) -> Vec<String> {
    let schema = schema["$ref"].as_str().map_or(schema, |it| document.pointer(&it[1..]).unwrap());
    let own = schema["properties"].as_object().into_iter().flat_map(|all| all.keys().cloned());
    let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| properties(document, part));
    own.chain(parts).collect()
}

#[tokio::test]
async fn nothing_is_said_that_is_not_described() {
    let document = all_in_one().await;
    let recorded: BTreeMap<String, Value> = serde_json::from_str(include_str!("snapshots/events.json")).unwrap();
    for (kind, event) in recorded {
        let schema = &document["components"]["schemas"][&kind];
        let known = properties(&document, schema);
        assert!(names(&event).iter().all(|name| known.iter().any(|it| it == name)), "{kind}: {known:?}");
        let known = properties(&document, &schema["allOf"][1]["properties"]["data"]);
        for name in names(&event["data"]) {
            assert!(known.iter().any(|it| it == name), "{kind}: {name} is not described");
        }
    }
}

#[tokio::test]
async fn who_has_the_document_is_not_sent_it_again() {
    let backends = Backends::embedded();
    let app = App::start(&backends, WAIT).await;
    let document = app.request(Method::GET, "/asyncapi.json").send().await.unwrap();
    assert_eq!(document.headers()["content-type"], "application/json");
    let again = app.request(Method::GET, "/asyncapi.json").header("if-none-match", &document.headers()["etag"]);
    assert_eq!(again.send().await.unwrap().status(), StatusCode::NOT_MODIFIED);
    app.stop().await;
}
