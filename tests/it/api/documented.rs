//! The OpenAPI document and its page.

use std::time::Duration;

use expect_test::expect;
use reqwest::{Method, StatusCode, header::HeaderValue};
use serde_json::Value;

use crate::harness::{on_both_with, text};

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

#[tokio::test]
async fn the_documentation_describes_every_route() {
    on_both_with(Duration::from_secs(60), async |app| {
        let document = app.get("/openapi.json").await;
        let paths: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        expect![[r#"
            /healthz/live
            /healthz/ready
            /metrics
            /v1/availability/{location}
            /v1/availability/{location}/{sku}
            /v1/dead/{feed}
            /v1/feed/{feed}
            /v1/inventory
            /v1/inventory/{location}/events
            /v1/locations
            /v1/locations/{location}
            /v1/locations/{location}/events
            /v1/menu/{location}
            /v1/menu/{location}/{sku}
            /v1/orders
            /v1/orders/{id}
            /v1/orders/{id}/cancel
            /v1/orders/{id}/events
            /v1/recipes/{location}
            /v1/recipes/{location}/{sku}
            /v1/reservations/{order_id}
            /v1/stations/{location}
            /v1/stock/{location}
            /v1/stock/{location}/{ingredient}
            /v1/stock/{location}/{ingredient}/movements
            /v1/tickets
            /v1/tickets/out/{location}/{sku}
            /v1/tickets/stream
            /v1/tickets/{id}
            /v1/tickets/{id}/items/{item}/{action}
            /v1/tickets/{id}/{action}"#]]
        .assert_eq(&paths.join("\n"));
        is_complete(&document);
        let answers = |path: &str, method: &str| -> Vec<String> {
            document["paths"][path][method]["responses"].as_object().unwrap().keys().cloned().collect()
        };
        let placing = answers("/v1/orders", "post");
        assert_eq!(placing, ["201", "202", "400", "404", "408", "409", "413", "415", "422", "503"]);
        assert_eq!(answers("/v1/tickets/{id}", "get"), ["200", "304", "404", "503"]);
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["NewLine"]["additionalProperties"], false);
        let fields = |name: &str| schemas[name]["properties"].as_object().unwrap().len();
        assert_eq!(schemas["Order"]["required"].as_array().unwrap().len(), fields("Order"), "null, but there");
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
