//! The OpenAPI document and its page.

use std::{collections::BTreeMap, process::Command, time::Duration};

use expect_test::{Expect, expect};
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use reqwest::{Method, StatusCode, header::HeaderValue};
use serde_json::Value;

use crate::{
    harness::{App, Backends, on_both_with, scratch, text},
    servers::{required, variable},
};

/// What a maintained validator says of the document, on its way through a file; its Python is named by TEST_PYTHON.
fn is_valid(python: &str, name: &str, document: &Value) -> Result<(), String> {
    let path = scratch();
    let file = path.path().join(format!("{name}.json"));
    std::fs::write(&file, document.to_string()).unwrap();
    let said = Command::new(python).args(["-m", "openapi_spec_validator"]).arg(&file).output().unwrap();
    if said.status.success() { Ok(()) } else { Err(format!("{name}: {}", String::from_utf8_lossy(&said.stdout))) }
}

/// Says once what is left out.
fn python() -> Option<String> {
    let python = variable("TEST_PYTHON");
    if python.is_none() {
        assert!(!required(), "TEST_PYTHON is not set");
        eprintln!(
            "left out: whether the documents are valid (scripts/test provides TEST_PYTHON with openapi-spec-validator)"
        );
    }
    python
}

/// What a schema has, whether it is sent, answered or both.
fn fields(schema: &Value) -> Vec<String> {
    schema["properties"].as_object().map_or_else(|| vec![schema.to_string()], |all| all.keys().cloned().collect())
}

#[tokio::test]
async fn all_documents_are_valid() {
    let python = python();
    let check =
        |name: &str, document: &Value| python.as_ref().map_or(Ok(()), |python| is_valid(python, name, document));
    let backends = Backends::embedded();
    let others = [Backends::embedded(), Backends::embedded()];
    let alone = [
        App::start_alone::<OrderSvc>(&backends, &backends.databases[0]).await,
        App::start_alone::<InventorySvc>(&others[0], &others[0].databases[1]).await,
        App::start_alone::<KitchenSvc>(&others[1], &others[1].databases[2]).await,
    ];
    let mut schemas: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for app in alone {
        let document = app.get("/openapi.json").await;
        check("alone", &document).unwrap();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            let known = schemas.entry(name.clone()).or_default();
            known.push(schema.clone());
            assert_eq!(fields(&known[0]), fields(schema), "{name} means two things");
        }
        app.stop().await;
    }
    let backends = Backends::embedded();
    let app = App::start(&backends, Duration::from_secs(60)).await;
    let document = app.get("/openapi.json").await;
    check("all-in-one", &document).unwrap();
    let mut broken = document.clone();
    broken["paths"]["/v1/orders"]["get"]["requestBody"] = Value::Null;
    assert!(python.is_none() || check("broken", &broken).is_err(), "the validator finds what is wrong");
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schemas.get(name).is_some_and(|known| known.contains(schema)), "{name}: {schema}");
    }
    app.stop().await;
}

/// What programs act on is no secret: every member that the code gives a problem is in its schema.
#[tokio::test]
async fn every_member_of_a_problem_is_described() {
    let backends = Backends::embedded();
    let app = App::start(&backends, Duration::from_secs(60)).await;
    let document = app.get("/openapi.json").await;
    let members = &document["components"]["schemas"]["Problem"]["properties"];
    let mut given = 0;
    for file in [
        "shared/src/web/problem",
        "order-svc/src/http/answer",
        "inventory-svc/src/http/answer",
        "kitchen-svc/src/http/answer",
    ] {
        let source = std::fs::read_to_string(format!("{}/{file}.rs", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for member in source.split(".with(\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(members[member].is_object(), "{file}: {member} is not described");
            given += 1;
        }
    }
    assert!(given > 8, "{given}");
    app.stop().await;
}

#[tokio::test]
async fn null_may_stand_for_all_that_need_not_be_there() {
    let backends = Backends::embedded();
    let app = App::start(&backends, Duration::from_secs(60)).await;
    let document = app.get("/openapi.json").await;
    let item = &document["components"]["schemas"]["MenuItem"];
    let required = item["required"].as_array().unwrap();
    assert!(!required.contains(&"removed".into()), "it is said once, and never listed");
    assert_eq!(required.len() + 1, item["properties"].as_object().unwrap().len(), "all else is there, if as null");
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let Some(schema) = body.as_str().and_then(|reference| document.pointer(&reference[1..])) else { continue };
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let optional = schema["properties"]
                .as_object()
                .unwrap()
                .keys()
                .filter(|name| !required.contains(&Value::from(&***name)));
            for name in optional {
                let path = path.replace("{location}", "soho").replace("{order_id}", "x").replace(['{', '}'], "");
                let request = app.request(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), &path);
                let body = serde_json::json!({name: null});
                let (_, problem) = app.send(request.header("idempotency-key", "k").json(&body)).await;
                let pointers = problem["errors"].as_array().cloned().unwrap_or_default();
                let is_wrong = pointers.iter().any(|error| error["pointer"] == format!("/{name}"));
                assert!(!is_wrong, "{method} {path} {name}: {problem}");
                tried += 1;
            }
        }
    }
    assert!(tried > 15, "{tried}");
    app.stop().await;
}

/// Every reference leads somewhere, every operation has an id of its own, every answer a description.
fn is_complete(document: &Value) {
    let encoded = document.to_string();
    for reference in encoded.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer} leads nowhere");
    }
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(ids.insert(text(&operation["operationId"])), "{method} {path}: its id is taken");
            for (status, answer) in operation["responses"].as_object().unwrap() {
                assert_ne!(answer["description"].as_str().unwrap_or_default(), "", "{method} {path} {status}");
            }
        }
    }
}

fn text_of(header: &HeaderValue) -> String {
    header.to_str().unwrap().to_owned()
}

fn every_path() -> Expect {
    expect![[r#"
        /healthz/live
        /healthz/ready
        /metrics
        /v1/availability/{location}
        /v1/availability/{location}/{sku}
        /v1/code
        /v1/dead/{feed}
        /v1/dead/{feed}/{id}
        /v1/dead/{feed}/{id}/discard
        /v1/dead/{feed}/{id}/redrive
        /v1/feed/{feed}
        /v1/feed/{feed}/resend
        /v1/inbox/{feed}/check
        /v1/inventory
        /v1/inventory/{location}/day
        /v1/inventory/{location}/events
        /v1/journal/{feed}
        /v1/keys
        /v1/keys/{id}
        /v1/locations
        /v1/locations/{location}
        /v1/locations/{location}/events
        /v1/locations/{location}/mode
        /v1/me
        /v1/menu/{location}
        /v1/menu/{location}/{sku}
        /v1/orders
        /v1/orders/{id}
        /v1/orders/{id}/cancel
        /v1/orders/{id}/events
        /v1/orders/{id}/link
        /v1/pairings
        /v1/pairings/{code}/confirm
        /v1/recipes/{location}
        /v1/recipes/{location}/{sku}
        /v1/reservations/{order_id}
        /v1/sales/{location}/day
        /v1/sign-in
        /v1/sign-in/callback
        /v1/sign-out
        /v1/state/{feed}
        /v1/state/{feed}/{table}
        /v1/stations/{location}
        /v1/stations/{location}/day
        /v1/stock/{location}
        /v1/stock/{location}/{ingredient}
        /v1/stock/{location}/{ingredient}/movements
        /v1/tickets
        /v1/tickets/out/{location}/{sku}
        /v1/tickets/stream
        /v1/tickets/{id}
        /v1/tickets/{id}/items/{item}/{action}
        /v1/tickets/{id}/{action}"#]]
}

#[tokio::test]
async fn the_documentation_describes_every_route() {
    on_both_with(Duration::from_secs(60), async |app| {
        let document = app.get("/openapi.json").await;
        let paths: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        every_path().assert_eq(&paths.join("\n"));
        is_complete(&document);
        let answers = |path: &str, method: &str| -> Vec<String> {
            document["paths"][path][method]["responses"].as_object().unwrap().keys().cloned().collect()
        };
        let placing = answers("/v1/orders", "post");
        assert_eq!(
            placing,
            ["201", "202", "400", "401", "403", "404", "408", "409", "413", "415", "422", "429", "503"]
        );
        assert_eq!(answers("/v1/tickets/{id}", "get"), ["200", "304", "401", "403", "404", "429", "503"]);
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["NewLine"]["additionalProperties"], false);
        let fields = |name: &str| schemas[name]["properties"].as_object().unwrap().len();
        // Who placed it is left out where nobody had to say, and when it is ready where nobody can.
        assert_eq!(schemas["Order"]["required"].as_array().unwrap().len() + 2, fields("Order"), "null, but there");
        for path in ["/docs", "/docs/"] {
            let page = app.request(Method::GET, path).send().await.unwrap();
            assert_eq!((page.status(), page.url().path()), (StatusCode::OK, "/docs"));
            let policy = text_of(&page.headers()["content-security-policy"]);
            assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
        }
        let document = app.request(Method::GET, "/openapi.json").send().await.unwrap();
        let again = app.request(Method::GET, "/openapi.json").header("if-none-match", &document.headers()["etag"]);
        assert_eq!(again.send().await.unwrap().status(), StatusCode::NOT_MODIFIED);
    })
    .await;
}
