//! What the process has beside its services: the start page and the console, here and in a process of its own.

use reqwest::{
    Client, Method, StatusCode,
    header::{HOST, ORIGIN},
};
use serde_json::{Value, json};
use shared::web::access::{
    SigningKey,
    table::{RULES, Rule},
};

use super::routes::{askers, refusal};
use crate::{
    developer::in_directory,
    harness::{Backends, on_both, scratch},
    pages::console::console,
    process::{Process, comanda, free_address},
    sandbox::Served,
};

/// The routes that no service has, and what they lead to.
fn routes() -> impl Iterator<Item = (&'static Rule, String)> {
    let ours = RULES.iter().filter(|rule| rule.path.starts_with("/console") || rule.path == "/");
    ours.map(|rule| {
        let path = rule.path.replace("{feed}", "orders").replace("{position}", "1");
        (rule, path.replace("{order}", "1").replace("{id}", "0190c1b2-0000-7000-8000-000000000000"))
    })
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

fn body(rule: &Rule) -> Option<Value> {
    rule.path.ends_with("/discard").then(|| json!({"reason": "no reason"}))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_is_for_those_whom_the_table_names() {
    let (directory, backends, listen) = (scratch(), Backends::embedded(), free_address());
    let path = directory.path().join("auth.key");
    let key = SigningKey::make(&path).unwrap();
    let process = Process::run(comanda(&backends, &listen).arg("--no-demo").env("AUTH_KEY_FILE", &path), &listen).await;
    let mut asked = 0;
    for (rule, path) in routes() {
        for asker in askers(&key) {
            let request = client()
                .request(Method::from_bytes(rule.method.as_bytes()).unwrap(), process.base().to_owned() + &path);
            let request = asker.token.iter().fold(request, |it, token| it.bearer_auth(token));
            let status = body(rule).iter().fold(request, |it, body| it.json(body)).send().await.unwrap().status();
            let said = format!("{} {path} by {}: {status}", rule.method, asker.name);
            match refusal(rule, &asker) {
                Some(refused) => assert_eq!(status, refused, "{said}"),
                None => assert!(status != 401 && status != 403, "{said}"),
            }
            asked += 1;
        }
    }
    assert!(asked > 100, "{asked}");
    for file in ["/console/app.js", "/console/console.css"] {
        assert_eq!(client().get(process.base().to_owned() + file).send().await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(process.terminate(), Some(0));
}

/// Its status and what it is about, asked for by another name or from another page.
async fn foreign(base: &str, method: Method, path: &str, header: (reqwest::header::HeaderName, &str)) -> String {
    let answer = client().request(method, format!("{base}{path}")).header(header.0, header.1).send().await.unwrap();
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap_or_default();
    format!("{status} {}", problem["type"].as_str().unwrap_or_default().trim_start_matches("/problems/"))
}

/// The console holds a developer's key, and the sandbox orders: whoever reaches them through a browser gets neither.
#[tokio::test(flavor = "multi_thread")]
async fn by_another_name_nobody_looks_into_a_console_or_a_sandbox() {
    on_both(async |app| {
        let (listen, scratch) = (free_address(), scratch());
        let process = Process::run(&mut console(&[&app.base], &listen), &listen).await;
        for (rule, path) in routes() {
            let method = Method::from_bytes(rule.method.as_bytes()).unwrap();
            let said = foreign(process.base(), method.clone(), &path, (HOST, "evil.example")).await;
            assert_eq!(said, "421 foreign-host", "{method} {path}");
            if method == Method::POST {
                for origin in ["https://evil.example", "null", &app.base] {
                    let said = foreign(process.base(), method.clone(), &path, (ORIGIN, origin)).await;
                    assert_eq!(said, "403 foreign-origin", "{method} {path} from {origin}");
                }
                let said = foreign(process.base(), method.clone(), &path, (ORIGIN, process.base())).await;
                assert!(!said.contains("foreign"), "{method} {path}: {said}");
            }
        }
        assert_eq!(process.terminate(), Some(0));

        let kept = in_directory(scratch.path(), "kept");
        let sandbox = Served::by(&["--at", &app.base, "--keep", &kept]).await;
        for path in ["/", "/order", "/stock", "/v1/orders", "/v1/feed/orders", "/openapi.json", "/no/such/path"] {
            assert_eq!(
                foreign(&sandbox.base, Method::GET, path, (HOST, "evil.example")).await,
                "421 foreign-host",
                "{path}"
            );
        }
        for header in [(ORIGIN, "https://evil.example"), (HOST, "evil.example")] {
            let said = foreign(&sandbox.base, Method::POST, "/v1/orders", header).await;
            assert!(["409 sandbox", "421 foreign-host"].contains(&&*said), "{said}");
        }
        assert_eq!(client().get(format!("{}/v1/orders", sandbox.base)).send().await.unwrap().status(), StatusCode::OK);
    })
    .await;
}
