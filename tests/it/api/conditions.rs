//! Conditional changes: nobody writes over what he has not seen, and nobody makes twice what he takes for new.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{App, on_both, text};

/// Everything that is put, each with a body that differs from one time to the next, and of a name of its own: what is out
/// changes the menu, too.
fn puts(name: &str, time: usize) -> Vec<(String, Value)> {
    let label = format!("{name} {time}");
    vec![
        (format!("/v1/stations/{name}"), json!({"stations": [{"id": "bar", "name": label}], "default": "bar"})),
        (format!("/v1/menu/soho/{name}-menu"), json!({"name": label, "category": "New", "price": 100})),
        (format!("/v1/locations/{name}"), json!({"name": label, "currency": "GBP", "timezone": "Europe/London"})),
        (format!("/v1/stock/soho/{name}"), json!({"name": label, "unit": "g"})),
        (
            format!("/v1/recipes/soho/{name}-recipe"),
            json!({"ingredients": [{"ingredient": "dough", "quantity": time + 1}]}),
        ),
        (format!("/v1/availability/soho/{name}-out"), json!({"available": time % 2 == 1})),
        (format!("/v1/tickets/out/soho/{name}-marked"), json!({})),
    ]
}

/// Status, `ETag` and the version that the answer tells.
async fn send(request: reqwest::RequestBuilder) -> (StatusCode, Option<String>, Value) {
    let answer = request.send().await.unwrap();
    let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
    let (status, body) = (answer.status(), answer.text().await.unwrap());
    let body: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status}: {body}"));
    (status, tag, body["version"].clone())
}

#[tokio::test]
async fn nobody_writes_over_what_he_has_not_seen() {
    on_both(async |app| {
        let put = |path: &str, body: &Value| app.request(Method::PUT, path).json(body);
        let mut first = BTreeMap::new();
        for (path, body) in puts("new", 0) {
            let (status, tag, version) = send(put(&path, &body).header("if-match", "\"1\"")).await;
            assert_eq!((status.as_u16(), tag, version), (412, None, json!(0)), "{path}: there is none");
            let (status, tag, _) = send(put(&path, &body).header("if-none-match", "*")).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            first.insert(path, tag.expect("what has a version has a tag"));
        }
        for (path, body) in puts("new", 1) {
            let seen = &first[&path];
            let (status, ..) = send(put(&path, &body).header("if-none-match", "*")).await;
            assert_eq!(status.as_u16(), 412, "{path}: there is one");
            let (status, ..) = send(put(&path, &body).header("if-match", format!("\"77\", {seen}"))).await;
            assert_eq!(status, StatusCode::OK, "{path}");
        }
        for (path, body) in puts("new", 3) {
            let (status, tag, version) = send(put(&path, &body).header("if-match", &first[&path])).await;
            assert_eq!((status.as_u16(), tag), (412, Some(format!("\"{version}\""))), "{path}");
            let (status, ..) = send(put(&path, &body).header("if-match", format!("W/\"{version}\""))).await;
            assert_eq!(status.as_u16(), 412, "{path}: compared strongly");
            let (status, ..) = send(put(&path, &body).header("if-match", "*")).await;
            assert_eq!(status, StatusCode::OK, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn of_many_who_saw_the_same_one_writes() {
    on_both(async |app| {
        for (path, body) in puts("new", 0) {
            app.put(&path, body).await;
        }
        for place in 0..puts("new", 0).len() {
            let (path, _) = &puts("new", 0)[place];
            if path.contains("availability") {
                // It has only two values, and putting what is there changes nothing.
                continue;
            }
            let (_, tag, _) = send(app.request(Method::PUT, path).json(&puts("new", 1)[place].1)).await;
            let tag = tag.unwrap();
            let writers = (2..12).map(async |time| {
                let body = &puts("new", time)[place].1;
                send(app.request(Method::PUT, path).json(body).header("if-match", &tag)).await.0.as_u16()
            });
            let mut answers = futures_util::future::join_all(writers).await;
            answers.sort_unstable();
            assert_eq!(answers, [&[200][..], &[412; 9]].concat(), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_action_is_done_to_what_was_seen() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        let ticket = text(&app.ticket(&order).await["id"]);
        let act = |action: &str| app.request(Method::POST, &format!("/v1/tickets/{ticket}/{action}"));
        let start = || act("start").header("idempotency-key", "tap").header("if-match", "\"1\"");
        let (status, tag, _) = send(start()).await;
        assert_eq!((status.as_u16(), tag.as_deref()), (200, Some("\"2\"")));
        let (status, ..) = send(start()).await;
        assert_eq!(status.as_u16(), 200, "a repetition is none of a stranger's");
        let (status, tag, version) = send(act("ready").header("if-match", "\"1\"")).await;
        assert_eq!((status.as_u16(), tag.as_deref(), version), (412, Some("\"2\""), json!(2)));
        let (status, ..) = send(act("items/1/done").header("if-match", "\"2\"")).await;
        assert_eq!(status.as_u16(), 200);
        let unknown = app.request(Method::POST, &format!("/v1/tickets/{order}/start")).header("if-match", "\"1\"");
        assert_eq!(send(unknown).await.0.as_u16(), 404);
        let cancel = app.request(Method::POST, &format!("/v1/orders/{order}/cancel")).header("if-match", "\"1\"");
        assert_eq!(send(cancel).await.0.as_u16(), 412);
        let received = |key: &str, tag: &str| {
            let post = app.request(Method::POST, "/v1/stock/soho/dough/movements").header("idempotency-key", key);
            post.header("if-match", tag).json(&json!({"kind": "receive", "quantity": 1}))
        };
        let seen = stock_tag(app).await;
        for (key, tag, expected) in [("a", &*seen, 201), ("a", &*seen, 201), ("b", &*seen, 412), ("b", "*", 201)] {
            assert_eq!(send(received(key, tag)).await.0.as_u16(), expected, "{key} {tag}");
        }
        app.settle().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_changed_meanwhile_is_neither_removed_nor_paused() {
    on_both(async |app| {
        let burger = app.request(Method::GET, "/v1/menu/soho").send().await.unwrap().json::<Value>().await.unwrap();
        let version = burger["items"][0]["version"].as_i64().unwrap();
        let path = format!("/v1/menu/soho/{}", text(&burger["items"][0]["sku"]));
        let remove = |version: i64| app.request(Method::DELETE, &path).header("if-match", format!("\"{version}\""));
        assert_eq!(remove(version + 1).send().await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
        assert_eq!(remove(version).send().await.unwrap().status(), StatusCode::NO_CONTENT);
        let pause = |tag: &str| {
            let request = app.request(Method::POST, "/v1/locations/soho/mode").header("if-match", tag);
            request.header("idempotency-key", tag.trim_matches('"')).json(&json!({"mode": "paused"}))
        };
        let (status, tag, _) = send(app.request(Method::GET, "/v1/locations/soho")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(send(pause("\"77\"")).await.0, StatusCode::PRECONDITION_FAILED);
        assert_eq!(send(pause(&tag.unwrap())).await.0, StatusCode::OK);
    })
    .await;
}

/// Its version in the list is what its tag would be.
async fn stock_tag(app: &App) -> String {
    let stock = app.get("/v1/stock/soho").await;
    let dough = stock["items"].as_array().unwrap().iter().find(|item| item["ingredient"] == "dough").unwrap().clone();
    format!("\"{}\"", dough["version"])
}

#[tokio::test]
async fn whatever_is_single_has_a_tag() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        let ticket = text(&app.ticket(&order).await["id"]);
        for path in [
            format!("/v1/orders/{order}"),
            format!("/v1/tickets/{ticket}"),
            format!("/v1/reservations/{order}"),
            "/v1/locations/soho".to_owned(),
            "/v1/stations/soho".to_owned(),
            "/v1/recipes/soho/margherita".to_owned(),
        ] {
            let (status, tag, _) = send(app.request(Method::GET, &path)).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            let known =
                app.request(Method::GET, &path).header("if-none-match", tag.expect(&path)).send().await.unwrap();
            assert_eq!(known.status(), StatusCode::NOT_MODIFIED, "{path}");
        }
        // Time changes what is shown, though nobody has written it: who has seen one has not seen the other.
        let shown = async |until: Option<String>| {
            let mode = if until.is_some() { "paused" } else { "open" };
            let put =
                json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": mode, "until": until});
            send(app.request(Method::PUT, "/v1/locations/soho").json(&put)).await.1.unwrap()
        };
        assert_ne!(shown(None).await, shown(Some("2999-01-01T00:00:00Z".into())).await);
    })
    .await;
}
