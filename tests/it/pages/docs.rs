//! The reader of the HTTP interface in the hands of developers.

use reqwest::Method;
use serde_json::{Value, json};

use super::{access::check, in_browsers};
use crate::harness::text;

const EXAMPLES: &str = r#"
    return Promise.all([import("/docs/example.js"), fetch("/openapi.json").then((answer) => answer.json())])
        .then(([{ exampleBody, examplePath }, api]) =>
            Object.entries(api.paths).flatMap(([path, methods]) =>
                Object.entries(methods).map(([method, operation]) => ({
                    method,
                    path: examplePath(api, path, operation.parameters ?? []),
                    body: exampleBody(api, operation) ?? null,
                }))));
"#;

#[tokio::test]
async fn a_developer_finds_an_operation_and_reads_it() {
    in_browsers(async |app, browsers| {
        let reader = browsers.open(&format!("{}/docs", app.base)).await;
        let all = operations(&app.get("/openapi.json").await);
        reader.sees_so_many("section:not(#schemas) > details", all).await;
        reader.sees(&format!("{all} operations")).await;
        reader.presses("/").await;
        reader.types("post v1/orders").await;
        reader.sees(&format!("3 of {all} operations")).await;
        check(&reader, "some operations").await;
        reader.presses("Enter").await;
        reader.until("location.hash === '#post_v1_orders'").await;
        reader.until("document.activeElement.matches('#post_v1_orders > summary')").await;
        for words in ["Idempotency-Key", "idempotency-key-missing", "Durably placed", "a list of NewLine"] {
            reader.sees(words).await;
        }
        let curl =
            text(&reader.value("document.querySelector('#post_v1_orders .snippet:last-child code').textContent").await);
        assert!(curl.starts_with(&format!("curl -s {}/v1/orders \\\n", app.base)), "{curl}");
        assert!(curl.contains("-H \"Idempotency-Key: $(date +%s)\""), "{curl}");
        reader.taps_in("#post_v1_orders", "Fields of NewLine").await;
        reader.sees("A dish of the menu.").await;
        check(&reader, "an operation").await;
        reader.taps_in("#post_v1_orders", "NewOrder").await;
        reader.until("document.getElementById('schema_NewOrder').open").await;
        reader.until("document.getElementById('words').value === ''").await;
        reader.presses("/").await;
        reader.types("neworder").await;
        check(&reader, "a schema").await;
    })
    .await;
}

fn operations(document: &Value) -> u64 {
    let paths = document["paths"].as_object().unwrap().values();
    paths.map(|methods| methods.as_object().unwrap().len() as u64).sum()
}

#[tokio::test]
async fn an_address_leads_to_its_operation_and_follows_what_is_opened() {
    in_browsers(async |app, browsers| {
        let reader = browsers.open(&format!("{}/docs#get_v1_orders_id", app.base)).await;
        reader.until("document.getElementById('get_v1_orders_id')?.open").await;
        reader.until("document.activeElement.matches('#get_v1_orders_id > summary')").await;
        let is_in_sight = "document.activeElement.getBoundingClientRect().top";
        reader.until(&format!("{is_in_sight} >= 0 && {is_in_sight} < innerHeight")).await;
        reader.presses("Enter").await;
        reader.until("location.hash === '' && !document.getElementById('get_v1_orders_id').open").await;
        reader.taps("GET /healthz/live").await;
        reader.until("location.hash === '#get_healthz_live'").await;
        reader.goes_to(&format!("{}/docs#nothing", app.base)).await;
        reader.sees("operations").await;
    })
    .await;
}

#[tokio::test]
async fn every_example_has_the_right_shape() {
    in_browsers(async |app, browsers| {
        let reader = browsers.open(&format!("{}/docs", app.base)).await;
        app.put("/v1/stock/soho/flour", json!({"name": "Flour", "unit": "g"})).await;
        let examples = reader.runs(EXAMPLES, json!([])).await;
        let bodies = examples.as_array().unwrap().iter().filter(|example| !example["body"].is_null());
        let mut sent = 0;
        for example in bodies {
            let method: Method = text(&example["method"]).to_uppercase().parse().unwrap();
            let request = app.request(method, &text(&example["path"])).header("idempotency-key", sent.to_string());
            let (status, answer) = app.send(request.json(&example["body"])).await;
            assert!(
                !matches!(status.as_u16(), 400 | 413 | 415) && answer["type"] != "/problems/invalid",
                "{example}: {status} {answer}"
            );
            sent += 1;
        }
        assert!(sent >= 8, "{sent} operations have a body");
    })
    .await;
}

#[tokio::test]
async fn nobody_is_left_waiting_for_a_document_that_does_not_come() {
    in_browsers(async |app, browsers| {
        let reader = browsers.open("about:blank").await;
        reader.may_say("ERR_BLOCKED_BY_CLIENT");
        reader.may_say("net::ERR_FAILED");
        reader.browser("Network.enable", json!({})).await;
        reader.browser("Network.setBlockedURLs", json!({"urls": ["*openapi.json"]})).await;
        reader.goes_to(&format!("{}/docs", app.base)).await;
        reader.sees("The document cannot be read: the server does not answer.").await;
        check(&reader, "no document").await;
        reader.browser("Network.setBlockedURLs", json!({"urls": []})).await;
        reader.taps("Try again").await;
        reader.sees("operations").await;
    })
    .await;
}
