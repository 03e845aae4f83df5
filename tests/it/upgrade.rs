//! Databases of an earlier version, full of data, are brought up to date, and all goes on: `fixtures/` holds what the
//! version of commit 511afee had written when it was stopped.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::time::Duration;
use tokio::time::{Instant, interval};

use crate::{
    api::live::stream,
    harness::{App, Backends, PATIENCE, text},
    process::{Process, comanda, free_address},
};

const SQLITE: [&str; 4] = [
    include_str!("fixtures/sqlite-order.sql"),
    include_str!("fixtures/sqlite-inventory.sql"),
    include_str!("fixtures/sqlite-kitchen.sql"),
    include_str!("fixtures/sqlite-bus.sql"),
];
const POSTGRES: [&str; 3] = [
    include_str!("fixtures/postgres-order.sql"),
    include_str!("fixtures/postgres-inventory.sql"),
    include_str!("fixtures/postgres-kitchen.sql"),
];

/// What the earlier version left.
async fn embedded() -> Backends {
    let backends = Backends::embedded();
    for (url, script) in backends.databases.iter().chain([&backends.bus]).zip(SQLITE) {
        let mut file = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
        sqlx::raw_sql(script).execute(&mut file).await.unwrap();
        file.close().await.unwrap();
    }
    backends
}

/// As [`embedded`]; its queues were empty.
async fn servers() -> Option<Backends> {
    let backends = Backends::servers().await?;
    for (url, script) in backends.databases.iter().zip(POSTGRES) {
        let mut session = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(script).execute(&mut session).await.unwrap();
        session.close().await.unwrap();
    }
    Some(backends)
}

async fn on_both(test: impl AsyncFn(&App)) {
    let mut all = vec![embedded().await];
    all.extend(servers().await);
    for backends in all {
        eprintln!("on {}", backends.name);
        let app = App::start(&backends, Duration::from_secs(240)).await;
        test(&app).await;
        app.finish().await;
        backends.remove().await;
    }
}

/// What was ordered under a key before, ordered again: the same order, as it is now.
async fn again(app: &App, key: &str, body: Value) -> Value {
    let answer = app.ordering(key, &body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(answer.headers()["idempotent-replayed"], "true", "{key}");
    answer.json().await.unwrap()
}

fn order(lines: Value) -> Value {
    json!({"location": "soho", "lines": lines})
}

fn waiting() -> Value {
    let mut body = order(json!([{"sku": "burger", "quantity": 1}, {"sku": "cola", "quantity": 1}]));
    body["channel"] = json!({"name": "eats", "external_id": "E-17"});
    body
}

#[tokio::test]
async fn orders_and_keys_of_an_earlier_version_go_on() {
    on_both(async |app| {
        let mut body = order(json!([
            {"sku": "margherita", "quantity": 2, "modifiers": ["extra_cheese"], "notes": "well done"}
        ]));
        for (name, value) in [
            ("customer", json!({"name": "Ada"})),
            ("allergies", json!(["nuts"])),
            ("table", json!("7")),
            ("type", json!("dine_in")),
        ] {
            body[name] = value;
        }
        let one = |sku: &str, quantity: i64| order(json!([{"sku": sku, "quantity": quantity}]));
        for (key, body, status) in [
            ("served", body, "completed"),
            ("waiting", waiting(), "accepted"),
            ("cooking", one("margherita", 1), "preparing"),
            ("rejected", one("burger", 101), "rejected"),
            ("cancelled", one("margherita", 1), "cancelled"),
        ] {
            let order = again(app, key, body).await;
            assert_eq!(order["status"], status);
            let shown = app.get(&format!("/v1/orders/{}", text(&order["id"]))).await;
            assert_eq!(shown, order);
        }
        let (status, problem) = app.send(app.ordering("served", &one("cola", 1))).await;
        assert_eq!(
            (status, text(&problem["type"])),
            (StatusCode::UNPROCESSABLE_ENTITY, "/problems/idempotency-key-reused".into())
        );
        assert_eq!(app.get("/v1/orders?location=soho").await["items"].as_array().unwrap().len(), 5);
    })
    .await;
}

#[tokio::test]
async fn a_ticket_of_an_earlier_version_is_cooked() {
    on_both(async |app| {
        let waiting = text(&again(app, "waiting", waiting()).await["id"]);
        app.kitchen(&waiting, "start").await;
        app.kitchen(&waiting, "serve").await;
        assert_eq!(app.get(&format!("/v1/orders/{waiting}")).await["status"], "completed");
        let cooking = again(app, "cooking", order(json!([{"sku": "margherita", "quantity": 1}]))).await;
        let ticket = app.ticket(&text(&cooking["id"])).await;
        let start = app.request(Method::POST, &format!("/v1/tickets/{}/start", text(&ticket["id"])));
        let (status, same) = app.send(start.header("idempotency-key", "start-cooking")).await;
        assert_eq!((status, same), (StatusCode::OK, ticket));
        // 100 were delivered; two were served and one is being cooked, which took it.
        app.check_stock("dough bun", expect_test::expect!["dough 97-0, bun 99-0"]).await;
        let ledger = app.get("/v1/stock/soho/cheese/movements").await;
        assert_eq!(ledger["items"].as_array().unwrap().len(), 4);
    })
    .await;
}

#[tokio::test]
async fn who_followed_an_earlier_version_follows_on() {
    on_both(async |app| {
        let waiting = text(&again(app, "waiting", waiting()).await["id"]);
        for feed in ["orders", "inventory", "kitchen"] {
            let all = app.get(&format!("/v1/feed/{feed}?limit=500")).await;
            let rest = app.get(&format!("/v1/feed/{feed}?after=5&limit=500")).await;
            assert_eq!(rest["items"].as_array().unwrap(), &all["items"].as_array().unwrap()[5..]);
            assert_eq!(rest["next"], all["next"]);
        }
        let head = text(&app.get("/v1/feed/orders?limit=500").await["next"]);
        let path = format!("/v1/orders/{waiting}/events");
        let (seen, _) = tokio::join!(stream(app, &path, Some(&head), 1), app.kitchen(&waiting, "start"));
        assert_eq!(seen[0].2["status"], "preparing");
        let new = app.place("1 margherita").await;
        app.check(&new, expect_test::expect!["accepted"]).await;
        let news = app.get(&format!("/v1/feed/orders?after={head}")).await;
        let kinds: Vec<String> = news["items"].as_array().unwrap().iter().map(|event| text(&event["type"])).collect();
        assert_eq!(kinds, ["order.preparing", "order.placed", "order.accepted"]);
    })
    .await;
}

#[tokio::test]
async fn what_an_earlier_version_was_told_counts_as_forgotten() {
    on_both(async |app| {
        for feed in ["orders", "inventory", "kitchen"] {
            let (status, problem) = app.send(app.request(Method::GET, &format!("/v1/journal/{feed}"))).await;
            assert_eq!((status, &problem["first"]), (StatusCode::GONE, &json!(2)), "{feed}");
        }
        app.place("1 margherita").await;
        app.settle().await;
        let told = app.get("/v1/journal/orders?after=1").await;
        assert_eq!(told["items"][0]["position"], 2);
    })
    .await;
}

/// The setting reaches what forgets: all that the earlier version said is older than a second.
#[tokio::test]
async fn what_an_earlier_version_said_is_forgotten_in_time() {
    let backends = embedded().await;
    let address = free_address();
    let process = Process::run(comanda(&backends, &address).args(["--no-demo", "--retention", "1s"]), &address).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(Duration::from_millis(20)));
    let gone = loop {
        let answer = client.get(format!("http://{address}/v1/feed/kitchen")).send().await.unwrap();
        if answer.status() == StatusCode::GONE {
            break answer.json::<Value>().await.unwrap();
        }
        assert!(Instant::now() < deadline, "nothing is forgotten");
        every.tick().await;
    };
    let head = SQLITE[2].matches("INSERT INTO event_log VALUES").count();
    assert!(gone["first"].as_u64().unwrap() <= u64::try_from(head).unwrap() + 1);
    assert_eq!(process.terminate(), Some(0));
}
