//! Handlers on a real pump and a database of their own; the bus is silent, so tests say what it would.

mod location;
mod shapes;

use std::{path::PathBuf, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use expect_test::expect;
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};
use shared::{
    bus::Bus,
    contract::{kitchen::TicketState, types::Slug},
    db::Db,
    engine::{
        call::{Call, fresh_id},
        live::Live,
        log,
        pump::{self, Denial},
        schema,
        service::Service,
    },
    web::{
        access::Principal,
        extract::{InLocation, InPath, InQuery, Keyed, OfItem, OptionalBody, PreferWait},
        page::Paging,
        site::App,
        sse::LastEventId,
    },
};
use uuid::Uuid;

use super::{Orders, live::order, locations, menu, orders};
use crate::{
    OrderSvc,
    domain::{Command, Progress, request::CancelRequest},
};

struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: a test that fails must say why, not that.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the test against a service with a cola on the menu of Soho.
async fn serve(test: impl AsyncFnOnce(&Orders)) {
    let scratch = Scratch(std::env::temp_dir().join(format!("order-svc-{}", fresh_id().simple())));
    let url = |name: &str| format!("sqlite:{}/{name}.db", scratch.0.display());
    let db = Db::open(&url("order")).await.unwrap();
    schema::prepare::<OrderSvc>(&db).await.unwrap();
    let bus = Bus::open(&url("bus")).await.unwrap();
    let (pump, engine, _deliveries, committed) =
        pump::new::<OrderSvc>(db.clone(), bus, Default::default(), Default::default());
    let live = Live::new(db.clone(), committed, Default::default());
    let app = App { db, pump, live: live.clone(), accept_within: Duration::from_secs(240) };
    tokio::select! {
        () = engine.run() => panic!("the pump ended"),
        ended = live.run() => panic!("the live views ended: {ended:?}"),
        () = open_and_run(&app, test) => {}
    }
}

async fn open_and_run(app: &Orders, test: impl AsyncFnOnce(&Orders)) {
    let put = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London"});
    let put = serde_json::from_value(put).unwrap();
    tell(app, Command::PutLocation { location: slug("soho"), put }).await;
    let item = json!({"name": "Cola", "price": 250, "category": "drinks"});
    let (sku, item) = ("cola".parse().unwrap(), serde_json::from_value(item).unwrap());
    tell(app, Command::PutItem { location: slug("soho"), sku, item }).await;
    test(app).await;
}

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

/// Has the pump decide something that nobody waits for an answer to.
async fn tell(app: &Orders, command: Command) {
    let answer = app.pump.ask(Call::internal("test"), command).await;
    // What an event says is decided, and has no reply.
    assert!(matches!(answer, Ok(_) | Err(Denial::Failed)), "{answer:?}");
}

fn request(key: Option<&str>, content_type: Option<&str>, body: impl Into<Body>) -> Request {
    let mut request = Request::post("/v1/orders");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    if let Some(content_type) = content_type {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    request.body(body.into()).unwrap()
}

fn colas(quantity: i64) -> String {
    json!({"location": "soho", "lines": [{"sku": "cola", "quantity": quantity}]}).to_string()
}

async fn place(app: &Orders, key: &str, wait: Option<u64>, body: String) -> Response {
    let keyed = Keyed::from_request(request(Some(key), Some("application/json"), body), &()).await.unwrap();
    orders::place_order(State(app.clone()), Call::internal("test"), PreferWait(wait), Principal::anybody(), keyed)
        .await
        .into_response()
}

async fn body(response: Response) -> Value {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap_or(Value::Null)
}

fn id_of(order: &Value) -> Uuid {
    order["id"].as_str().unwrap().parse().unwrap()
}

/// Status, the headers that matter, and what the body says of itself.
async fn shown(response: Response) -> String {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let names = ["etag", "idempotent-replayed", "preference-applied"];
    let headers = names.iter().filter_map(|name| Some(format!("{name}: {}", headers.get(*name)?.to_str().ok()?)));
    let headers: Vec<String> = headers.collect();
    let body = body(response).await;
    let said = body["status"].as_str().or(body["type"].as_str()).unwrap_or_default();
    format!("{status} {said} {}", headers.join(", "))
}

#[tokio::test]
async fn what_is_placed_is_answered_with_its_address() {
    serve(async |app| {
        let response = place(app, "k", None, colas(1)).await;
        let location = response.headers()[header::LOCATION].clone();
        let order = body(response).await;
        assert_eq!(location, format!("/v1/orders/{}", id_of(&order)));
        let again = place(app, "k", None, colas(1)).await;
        assert_eq!(again.headers()[header::LOCATION], location);
        expect![[r#"202 placed etag: "1", idempotent-replayed: true"#]].assert_eq(&shown(again).await);
        let other = place(app, "k", None, colas(2)).await;
        expect!["422 /problems/idempotency-key-reused "].assert_eq(&shown(other).await);
    })
    .await;
}

#[tokio::test]
async fn many_at_once_are_one_order_a_key() {
    serve(async |app| {
        let placing = (0..200).map(|n| place(app, ["a", "b", "c"][n % 3], None, colas(1)));
        let answers = futures_util::future::join_all(placing).await;
        let mut numbers = Vec::new();
        for answer in answers {
            assert_eq!(answer.status(), StatusCode::ACCEPTED);
            numbers.push(body(answer).await["number"].as_i64().unwrap());
        }
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers, [1, 2, 3]);
    })
    .await;
}

#[tokio::test]
async fn waiting_hears_the_decision() {
    serve(async |app| {
        let decide = async {
            loop {
                let known = newest(app, "", None).await;
                if let Some(order) = known["items"].as_array().and_then(|items| items.first()) {
                    return tell(app, Command::Reserved { order: id_of(order) }).await;
                }
            }
        };
        let (response, ()) = tokio::join!(place(app, "k", Some(30), colas(1)), decide);
        expect![[r#"201 accepted etag: "2", preference-applied: wait=30"#]].assert_eq(&shown(response).await);
        let again = place(app, "k", Some(30), colas(1)).await;
        expect![[r#"201 accepted etag: "2", idempotent-replayed: true, preference-applied: wait=30"#]]
            .assert_eq(&shown(again).await);
    })
    .await;
}

#[tokio::test]
async fn waiting_has_an_end() {
    serve(async |app| {
        let response = place(app, "k", Some(0), colas(1)).await;
        expect![[r#"202 placed etag: "1", preference-applied: wait=0"#]].assert_eq(&shown(response).await);
    })
    .await;
}

async fn newest(app: &Orders, query: &str, after: Option<&Value>) -> Value {
    let filter = axum::extract::Query::try_from_uri(&format!("/?{query}").parse().unwrap()).unwrap();
    let after = after.and_then(Value::as_str).map(str::to_owned);
    let paging = Paging { after, limit: Some("2".into()) };
    body(orders::list_orders(State(app.clone()), InQuery(filter.0), InQuery(paging)).await.into_response()).await
}

#[tokio::test]
async fn lists_are_newest_first_and_paged() {
    serve(async |app| {
        for key in ["a", "b", "c"] {
            place(app, key, None, colas(1)).await;
        }
        let numbers = |page: &Value| {
            let items = page["items"].as_array().unwrap();
            items.iter().map(|order| order["number"].as_i64().unwrap()).collect::<Vec<_>>()
        };
        let page = newest(app, "", None).await;
        assert_eq!(numbers(&page), [3, 2]);
        let last = newest(app, "", Some(&page["next"])).await;
        assert_eq!((numbers(&last), &last["next"]), (vec![1], &Value::Null));

        tell(app, Command::Reserved { order: id_of(&page["items"][0]) }).await;
        assert_eq!(numbers(&newest(app, "status=accepted", None).await), [3]);
        assert_eq!(numbers(&newest(app, "status=placed&location=soho", None).await), [2, 1]);
        assert_eq!(numbers(&newest(app, "location=soho", None).await), [3, 2]);
        assert!(numbers(&newest(app, "location=camden", None).await).is_empty());
        assert!(numbers(&newest(app, "location=camden&status=placed", None).await).is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_order_is_shown_with_its_version() {
    serve(async |app| {
        let id = id_of(&body(place(app, "k", None, colas(1)).await).await);
        let known = orders::show_order(State(app.clone()), Principal::anybody(), InPath(id)).await;
        assert_eq!(shown(known.into_response()).await, "200 placed etag: \"1\"");
        let unknown = orders::show_order(State(app.clone()), Principal::anybody(), InPath(Uuid::max())).await;
        assert_eq!(shown(unknown.into_response()).await, "404 /problems/not-found ");
    })
    .await;
}

#[tokio::test]
async fn cancelling_answers_what_became_of_it() {
    serve(async |app| {
        let placed = id_of(&body(place(app, "a", None, colas(1)).await).await);
        let accepted = id_of(&body(place(app, "b", None, colas(1)).await).await);
        tell(app, Command::Reserved { order: accepted }).await;
        let cancel = async |id: Uuid| {
            let reason = OptionalBody(CancelRequest::default());
            let answer = orders::cancel_order(
                State(app.clone()),
                Call::internal("test"),
                Principal::anybody(),
                InPath(id),
                reason,
            )
            .await;
            shown(answer.into_response()).await
        };
        assert_eq!(cancel(placed).await, "200 cancelled etag: \"2\"");
        assert_eq!(cancel(placed).await, "200 cancelled etag: \"2\"");
        assert_eq!(cancel(accepted).await, "202 accepted etag: \"3\"");
        assert_eq!(cancel(accepted).await, "202 accepted etag: \"3\"");
        assert_eq!(cancel(Uuid::max()).await, "404 /problems/not-found ");
    })
    .await;
}

/// An order's stream, each event as its id, status and version.
async fn stream(app: &Orders, id: Uuid, last: Option<i64>) -> impl Stream<Item = (i64, String)> + Unpin {
    let response =
        order::events(State(app.clone()), Call::internal("test"), Principal::anybody(), InPath(id), LastEventId(last))
            .await
            .unwrap();
    response.into_body().into_data_stream().map(|chunk| {
        let text = String::from_utf8(chunk.unwrap().to_vec()).unwrap();
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        let order: Value = serde_json::from_str(&field("data:")).unwrap();
        let shown = format!("{} v{}", order["status"].as_str().unwrap(), order["version"]);
        (field("id:").parse().unwrap(), shown)
    })
}

#[tokio::test]
async fn a_stream_shows_the_order_and_every_change_and_resumes() {
    serve(async |app| {
        let id = id_of(&body(place(app, "a", None, colas(1)).await).await);
        let other = id_of(&body(place(app, "b", None, colas(1)).await).await);
        let mut live = stream(app, id, None).await;
        let (first, shown) = live.next().await.unwrap();
        assert_eq!(shown, "placed v1");
        tell(app, Command::Reserved { order: other }).await;
        tell(app, Command::Reserved { order: id }).await;
        tell(app, Command::Cancel { order: id, reason: None }).await;
        let (second, shown) = live.next().await.unwrap();
        assert_eq!(shown, "accepted v2");
        let (third, _) = live.next().await.unwrap();
        let resumed = async |last: i64| stream(app, id, Some(last)).await.next().await.unwrap();
        assert_eq!(resumed(first).await.0, second);
        assert_eq!(resumed(second).await, (third, "accepted v3".into()));
        // What happened before it came is not repeated to a client that starts afresh.
        let mut late = stream(app, id, None).await;
        assert_eq!(late.next().await.unwrap().1, "accepted v3");
        tell(app, Command::Ticket(voided(id))).await;
        assert_eq!(late.next().await.unwrap().1, "cancelled v4");
        let missing = order::events(
            State(app.clone()),
            Call::internal("test"),
            Principal::anybody(),
            InPath(Uuid::max()),
            LastEventId(None),
        )
        .await;
        assert_eq!(missing.unwrap_err().status(), StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn a_stream_shows_nothing_that_the_first_event_showed_already() {
    serve(async |app| {
        let id = id_of(&body(place(app, "a", None, colas(1)).await).await);
        let said = log::about(&app.db, &id.to_string(), 0).await.unwrap().unwrap();
        assert!(order::change(&said[0], id, 0).is_some());
        assert!(order::change(&said[0], id, 1).is_none());
        assert!(order::change(&said[0], Uuid::max(), 0).is_none());
    })
    .await;
}

fn voided(order: Uuid) -> Progress {
    Progress { order, state: TicketState::Void, started: false, refused: false }
}

#[tokio::test]
async fn what_nobody_decides_falls_due() {
    serve(async |app| {
        let order = body(place(app, "a", None, colas(1)).await).await;
        let accepted = body(place(app, "b", None, colas(1)).await).await;
        tell(app, Command::Reserved { order: id_of(&accepted) }).await;
        let accept_by = order["accept_by"].as_str().unwrap().parse().unwrap();
        assert!(OrderSvc::due(&app.db, accept_by).await.unwrap().is_empty());
        let due = OrderSvc::due(&app.db, accept_by + Duration::from_secs(60)).await.unwrap();
        assert!(matches!(&due[..], [Command::Expire { order: due }] if *due == id_of(&order)), "{due:?}");
    })
    .await;
}

#[tokio::test]
async fn a_menu_needs_its_location_to_be_seen_but_not_to_be_made() {
    serve(async |app| {
        let item = json!({"name": "Tea", "price": 200, "category": "drinks"});
        let path = InPath(OfItem { location: slug("camden"), sku: "tea".parse().unwrap() });
        let item = shared::web::extract::Body(serde_json::from_value(item).unwrap());
        menu::put_item(State(app.clone()), Call::internal("test"), path, item).await.unwrap();
        let list = async |location: &str| {
            let path = InPath(InLocation { location: slug(location) });
            menu::list_menu(State(app.clone()), Call::internal("test"), path, InQuery(Paging::default())).await
        };
        assert_eq!(list("camden").await.unwrap_err().name(), "unknown-location");
        assert_eq!(body(list("soho").await.into_response()).await["items"][0]["sku"], "cola");
    })
    .await;
}

#[tokio::test]
async fn a_location_is_whole_or_refused() {
    serve(async |app| {
        let put = async |put: Value| {
            let request = Request::put("/").header(header::CONTENT_TYPE, "application/json");
            let request = request.body(Body::from(put.to_string())).unwrap();
            let put = shared::web::extract::Body::from_request(request, &()).await?;
            let path = InPath(InLocation { location: slug("camden") });
            locations::put_location(State(app.clone()), Call::internal("test"), path, put).await
        };
        let good = json!({"name": "Camden", "currency": "GBP", "timezone": "Europe/London", "mode": "open"});
        let with = |name: &str, value: Value| {
            let mut put = good.clone();
            put[name] = value;
            put
        };
        assert!(put(good.clone()).await.is_ok());
        assert!(put(with("location", json!("camden"))).await.is_ok());
        for (wrong, pointer) in [
            (with("timezone", json!("Mars/Phobos")), "/timezone"),
            (with("until", json!("2030-01-01T00:00:00Z")), "/until"),
            (with("location", json!("soho")), "/location"),
            (with("mode", json!("ajar")), "/mode"),
            (with("day_starts", json!("5:00")), "/day_starts"),
            (with("language", json!("en_GB")), "/language"),
            (with("capacity", json!(3)), "/capacity"),
        ] {
            let problem = put(wrong).await.unwrap_err();
            assert!(problem.detail().starts_with(pointer), "{}", problem.detail());
        }
        let all = InQuery(Paging::default());
        let listed = locations::list_locations(State(app.clone()), Call::internal("test"), all).await;
        assert_eq!(body(listed.into_response()).await["items"].as_array().unwrap().len(), 2);
    })
    .await;
}
