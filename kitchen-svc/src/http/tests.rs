//! The kitchen over HTTP, on a database of its own; what the bus would say is put into the pump directly.

mod due;
mod watch;

use std::path::PathBuf;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    response::Response,
};
use expect_test::{Expect, expect};
use http_body_util::BodyExt;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use shared::{
    contract::{event::derived_id, time::Time},
    engine::{call::fresh_id, pump::Denial, retention::Retention},
    process::{
        config::{Settings, Strangers},
        host::Host,
    },
    web::quota::Shares,
};

use super::*;
use crate::domain::ticket_id;

struct Display {
    app: Kitchen,
    router: TowerToHyperService<Router>,
    host: Host,
    path: PathBuf,
}

impl Display {
    async fn new() -> Self {
        let path = std::env::temp_dir().join(format!("kitchen-test-{}", fresh_id().simple()));
        let url = |name: &str| format!("sqlite:{}/{name}.db", path.display());
        let settings = Settings {
            bus_url: url("bus"),
            listen: "127.0.0.1:0".parse().unwrap(),
            accept_within: std::time::Duration::from_secs(240),
            keep_alive: std::time::Duration::from_secs(75),
            drain: std::time::Duration::ZERO,
            database_within: std::time::Duration::ZERO,
            retention: Retention::Forever,
            shares: Shares::default(),
            strangers: Strangers::default(),
            access: Default::default(),
            tracing: Default::default(),
        };
        let mut host = Host::new(settings).await.unwrap();
        let app = host.add::<KitchenSvc>(&url("kitchen")).await.unwrap();
        let (router, _) = routes(app.clone()).split_for_parts();
        Self { app, router: TowerToHyperService::new(router), host, path }
    }

    async fn close(self) {
        let Self { app, router, host, path } = self;
        let tasks = host.tasks.clone();
        // The pump ends once nobody can ask it any more.
        drop((app, router, host));
        tasks.finish().await;
        std::fs::remove_dir_all(path).unwrap();
    }

    /// What the bus says.
    async fn hear(&self, command: Command) {
        self.hear_at(Call::internal("/order-svc"), command).await;
    }

    async fn hear_at(&self, call: Call, command: Command) {
        let answer = self.app.pump.ask(call, command).await;
        // It was decided, and there is no reply to an event.
        assert!(matches!(answer, Err(Denial::Failed)), "{answer:?}");
    }

    /// Opens the ticket of order `number`; each is a second younger than the one before.
    async fn open(&self, number: i64, location: &str, sku: &str) -> Uuid {
        let order = order(number, location, sku);
        let id = ticket_id(order.id);
        let call = Call { at: Time::from_micros(Time::now().as_micros() + number), ..Call::internal("/order-svc") };
        self.hear_at(call, Command::Open(Box::new(order))).await;
        id
    }

    async fn send(&self, request: axum::http::request::Builder, body: Body) -> Response {
        self.router.call(request.body(body).unwrap()).await.unwrap()
    }

    /// Status and body of a request without one, or with JSON.
    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path);
        let response = match body {
            None => self.send(request, Body::empty()).await,
            Some(json) => {
                self.send(request.header("content-type", "application/json"), Body::from(json.to_string())).await
            }
        };
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// The order numbers of a list's page, and its cursor.
    async fn list(&self, query: &str) -> (Vec<i64>, Option<String>) {
        let (status, page) = self.ask("GET", &format!("/v1/tickets?{query}"), None).await;
        assert_eq!(status, 200, "{page}");
        let numbers = page["items"].as_array().unwrap().iter().map(|ticket| ticket["number"].as_i64().unwrap());
        (numbers.collect(), page["next"].as_str().map(str::to_owned))
    }

    async fn act(&self, id: Uuid, action: &str) -> Value {
        let (status, ticket) = self.ask("POST", &format!("/v1/tickets/{id}/{action}"), None).await;
        assert_eq!(status, 200, "{ticket}");
        ticket
    }

    /// The live view, from `last` on.
    async fn watch(&self, query: &str, last: Option<&str>) -> Watch {
        let request = Request::builder().uri(format!("/v1/tickets/stream?{query}"));
        let request = match last {
            Some(last) => request.header("last-event-id", last),
            None => request,
        };
        let response = self.send(request, Body::empty()).await;
        assert_eq!(response.status(), StatusCode::OK);
        Watch { body: response.into_body(), text: String::new() }
    }
}

struct Watch {
    body: Body,
    text: String,
}

impl Watch {
    /// The next event but a heartbeat: its name, its id, its data.
    async fn next(&mut self) -> (String, String, Value) {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = event.lines().find_map(|line| line.strip_prefix(name));
                    lines.map(|value| value.trim_start_matches(':').trim().to_owned()).unwrap_or_default()
                };
                let found = (field("event"), field("id"), serde_json::from_str(&field("data")).unwrap_or_default());
                self.text = rest.to_owned();
                if found.0 != "heartbeat" {
                    return found;
                }
            }
            let frame = self.body.frame().await.unwrap().unwrap();
            self.text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }

    /// The next event as `ticket.started 17`, or `snapshot 17 18`.
    async fn check(&mut self, expected: &str) -> String {
        let (name, id, data) = self.next().await;
        let shown = match data["tickets"].as_array() {
            Some(tickets) => tickets.iter().fold(name, |shown, ticket| format!("{shown} {}", ticket["number"])),
            None => format!("{} {}", data["type"].as_str().unwrap(), data["ticket"]["number"]),
        };
        assert_eq!(shown, expected);
        id
    }
}

fn order(number: i64, location: &str, sku: &str) -> shared::contract::order::Order {
    serde_json::from_value(json!({
        "id": derived_id(&[&number.to_string()]), "number": number, "location": location, "status": "accepted",
        "version": 2, "type": "pickup", "total": {"amount": 900, "currency": "GBP"},
        "lines": [{"id": "1", "sku": sku, "name": sku, "category": "All", "unit_price": 900, "total": 900, "quantity": 1}],
        "placed_at": "2026-11-23T18:42:00Z", "accept_by": "2026-11-23T18:46:00Z", "updated_at": "2026-11-23T18:42:00Z",
    }))
    .unwrap()
}

fn stations() -> Value {
    json!({
        "stations": [{"id": "grill_1", "name": "Grill"}, {"id": "grill-1", "name": "Other"}, {"id": "bar", "name": "Bar"}],
        "default": "bar",
        "routes": [{"sku": "burger", "station": "grill_1"}, {"sku": "steak", "station": "grill-1"}],
    })
}

async fn check(display: &Display, method: &str, path: &str, body: Option<Value>, expected: Expect) {
    let (status, answer) = display.ask(method, path, body).await;
    let kind = answer["type"].as_str().unwrap_or_default().trim_start_matches("/problems/");
    let none = Vec::new();
    let errors = answer["errors"].as_array().unwrap_or(&none);
    let errors: String = errors.iter().map(|error| format!(" {}", error["pointer"].as_str().unwrap())).collect();
    expected.assert_eq(format!("{status} {kind}{errors}").trim_end());
}

#[tokio::test]
async fn the_list_shows_what_is_asked_for() {
    let display = Display::new().await;
    display.ask("PUT", "/v1/stations/soho", Some(stations())).await;
    let burger = display.open(1, "soho", "burger").await;
    display.open(2, "soho", "steak").await;
    let cola = display.open(3, "soho", "cola").await;
    display.open(4, "camden", "burger").await;
    display.hear(Command::Cancel(Box::new(order(5, "soho", "cola")))).await;
    display.hear(Command::Cancel(Box::new(order(2, "soho", "steak")))).await;
    display.act(burger, "ready").await;
    display.act(cola, "serve").await;

    assert_eq!(display.list("").await, (vec![1, 2, 3, 4, 5], None));
    assert_eq!(display.list("location=soho").await.0, [1, 2, 3, 5]);
    assert_eq!(display.list("location=soho&station=grill_1").await.0, [1]);
    assert_eq!(display.list("location=nowhere").await.0, [0; 0]);
    assert_eq!(display.list("state=open,ready").await.0, [1, 4]);
    assert_eq!(display.list("state=served").await.0, [3]);
    assert_eq!(display.list("state=void").await.0, [2, 5]);
    display.close().await;
}

#[tokio::test]
async fn pages_meet_without_a_gap() {
    let display = Display::new().await;
    let mut ids = Vec::new();
    for number in 1..=7 {
        ids.push(display.open(number, "soho", "cola").await);
    }
    display.act(ids[1], "serve").await;
    display.act(ids[4], "ready").await;
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let (numbers, next) = display.list(&format!("location=soho&limit=3{after}")).await;
        seen.extend(numbers);
        let Some(next) = next else { break };
        assert!(seen.len() < 7, "pages without end: {seen:?}");
        after = format!("&after={next}");
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
    display.close().await;
}

#[tokio::test]
async fn what_was_finished_on_an_earlier_day_is_gone_unless_asked_for() {
    let display = Display::new().await;
    for (number, action) in [(1, "serve"), (2, "ready"), (3, "void"), (4, "ack")] {
        let order = order(number, "soho", "cola");
        let id = ticket_id(order.id);
        let yesterday = Call { at: Time::from_micros(1_700_000_000_000_000 + number), ..Call::internal("/order-svc") };
        display.hear_at(yesterday, Command::Open(Box::new(order.clone()))).await;
        if number < 3 {
            display.act(id, action).await;
        } else {
            display.hear(Command::Cancel(Box::new(order))).await;
        }
        if action == "ack" {
            display.act(id, action).await;
        }
    }
    assert_eq!(display.list("location=soho").await.0, [2, 3]);
    assert_eq!(display.list("location=soho&state=served,void").await.0, [1, 3, 4]);
    display.close().await;
}

#[tokio::test]
async fn today_began_when_the_business_day_did() {
    let display = Display::new().await;
    let hours_ago = |hours: u64| Time::now() - std::time::Duration::from_secs(hours * 3600);
    let order = order(1, "soho", "cola");
    let id = ticket_id(order.id);
    let opening = Call { at: hours_ago(2), ..Call::internal("/order-svc") };
    display.hear_at(opening, Command::Open(Box::new(order))).await;
    display.act(id, "serve").await;
    for (version, hours, listed) in [(1, 3, vec![1]), (2, 1, vec![]), (3, 4, vec![1])] {
        let day_starts = hours_ago(hours).to_string()[11..16].to_owned();
        let day = json!({"location": "soho", "timezone": "UTC", "day_starts": day_starts, "version": version});
        display.hear(Command::SetDay(serde_json::from_value(day).unwrap())).await;
        assert_eq!(display.list("location=soho").await.0, listed, "{day_starts}");
    }
    display.close().await;
}

#[tokio::test]
async fn problems_say_what_is_wrong() {
    let display = Display::new().await;
    let id = display.open(1, "soho", "cola").await;
    check(&display, "GET", "/v1/tickets?state=open,burnt", None, expect!["422 invalid state"]).await;
    check(&display, "GET", "/v1/tickets?after=x", None, expect!["422 invalid after"]).await;
    check(&display, "GET", "/v1/tickets?limit=0", None, expect!["422 invalid limit"]).await;
    check(&display, "GET", "/v1/tickets?location=So.Ho", None, expect!["422 invalid location"]).await;
    check(&display, "GET", "/v1/tickets/nonsense", None, expect!["404 not-found"]).await;
    check(&display, "GET", &format!("/v1/tickets/{}", fresh_id()), None, expect!["404 not-found"]).await;
    check(&display, "POST", &format!("/v1/tickets/{}/start", fresh_id()), None, expect!["404 not-found"]).await;
    check(&display, "POST", &format!("/v1/tickets/{id}/explode"), None, expect!["404 not-found"]).await;
    check(&display, "POST", &format!("/v1/tickets/{id}/items/9/start"), None, expect!["404 not-found"]).await;
    check(&display, "POST", &format!("/v1/tickets/{id}/recall"), None, expect!["409 ticket-state"]).await;
    check(&display, "POST", &format!("/v1/tickets/{id}/start"), Some(json!({"a": 1})), expect!["422 invalid /a"]).await;
    check(&display, "POST", &format!("/v1/tickets/{id}/start"), Some(json!({})), expect!["200 pickup"]).await;
    let past = Some(json!({"until": "2020-01-01T00:00:00Z"}));
    check(&display, "PUT", "/v1/tickets/out/soho/cola", past, expect!["422 invalid /until"]).await;
    check(&display, "PUT", "/v1/tickets/out/soho/cola", None, expect!["200"]).await;
    display.hear(Command::Cancel(Box::new(order(2, "soho", "cola")))).await;
    let void = ticket_id(order(2, "soho", "cola").id);
    check(&display, "POST", &format!("/v1/tickets/{void}/start"), None, expect!["409 ticket-void"]).await;
    display.close().await;
}

#[tokio::test]
async fn a_key_is_kept_with_what_it_did() {
    let display = Display::new().await;
    let id = display.open(1, "soho", "cola").await;
    let mut shown = String::new();
    for action in
        ["start", "ready", "items/1/undo", "items/1/undo", "start", "recall", "out/soho/cola", "out/soho/cola"]
    {
        let key = format!("\"{}\"", if action == "recall" { "start" } else { action });
        let (method, path) = match action.starts_with("out") {
            true => ("PUT", format!("/v1/tickets/{action}")),
            false => ("POST", format!("/v1/tickets/{id}/{action}")),
        };
        let request = Request::builder().method(method).uri(path);
        let response = display.send(request.header("idempotency-key", key), Body::empty()).await;
        let header = |name: &str| response.headers().get(name).map(|value| format!(" {}", value.to_str().unwrap()));
        let (etag, replayed) = (header("etag").unwrap_or_default(), header("idempotent-replayed").map(|_| " replayed"));
        shown.push_str(&format!("{action}: {}{etag}{}\n", response.status().as_u16(), replayed.unwrap_or_default()));
    }
    expect![[r#"
        start: 200 "2"
        ready: 200 "3"
        items/1/undo: 200 "4"
        items/1/undo: 200 "4" replayed
        start: 200 "4" replayed
        recall: 422
        out/soho/cola: 200 "1"
        out/soho/cola: 200 "1" replayed
    "#]]
    .assert_eq(&shown);
    display.close().await;
}

#[tokio::test]
async fn stations_hold_together() {
    let display = Display::new().await;
    let (_, default) = display.ask("GET", "/v1/stations/soho", None).await;
    expect![[r#"{"default":"kitchen","location":"soho","routes":[],"serve_after":60,"stations":[{"id":"kitchen","name":"Kitchen"}],"version":0}"#]].assert_eq(&default.to_string());
    let wrong = json!({
        "stations": [{"id": "a", "name": "A"}, {"id": "a", "name": "B"}],
        "default": "c",
        "routes": [
            {"station": "a"}, {"sku": "x", "category": "X", "station": "a"}, {"sku": "x", "station": "c"},
            {"sku": "x", "station": "a"},
        ],
    });
    check(
        &display,
        "PUT",
        "/v1/stations/soho",
        Some(wrong),
        expect!["422 invalid /stations/1/id /default /routes/0 /routes/1 /routes/2/station /routes/3"],
    )
    .await;
    for wrong in [json!(0), json!(1441), json!("60")] {
        let mut body = stations();
        body["serve_after"] = wrong;
        check(&display, "PUT", "/v1/stations/soho", Some(body), expect!["422 invalid /serve_after"]).await;
    }
    let mut body = stations();
    body["serve_after"] = json!(1440);
    let (_, long) = display.ask("PUT", "/v1/stations/soho", Some(body)).await;
    assert_eq!(long["serve_after"], 1440);
    let (status, first) = display.ask("PUT", "/v1/stations/soho", Some(stations())).await;
    assert_eq!(first["serve_after"], 60);
    let (_, again) = display.ask("PUT", "/v1/stations/soho", Some(stations())).await;
    let (_, read) = display.ask("GET", "/v1/stations/soho", None).await;
    assert_eq!((status, &first, &first), (200, &again, &read));
    display.close().await;
}
