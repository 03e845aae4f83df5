//! A database is what its journal comes to: that can be seen from outside, and a lost one is made anew.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::Ordering,
    time::Duration,
};

use expect_test::expect;
use kitchen_svc::KitchenSvc;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{
    bus::Message,
    contract::time::Time,
    db::Db,
    engine::{call::fresh_id, retention},
    process::host::Host,
};
use tokio::time::Instant;

use crate::{
    developer::{evening, in_directory, refused, told},
    harness::{App, Backends, PATIENCE, on_both, scratch, settings, text},
    missed::until,
    moved::owner,
    sandbox::kept_history,
    servers::Servers,
    taster::publish_on,
};

const WAIT: Duration = Duration::from_secs(240);
const FEEDS: [&str; 3] = ["orders", "inventory", "kitchen"];
const SERVICES: [&str; 3] = ["order-svc", "inventory-svc", "kitchen-svc"];

async fn write(db: &Db, sql: &'static str) {
    let mut tx = db.begin().await.unwrap();
    assert!(tx.execute(sql, []).await.unwrap() > 0);
    tx.commit().await.unwrap();
}

/// A new, empty database on each backend that there is.
async fn empty(directory: &Path) -> Vec<String> {
    let mut urls = vec![format!("sqlite:{}", in_directory(directory, &format!("{}.db", fresh_id())))];
    if let Some(servers) = Servers::get() {
        urls.push(servers.database().await.unwrap());
    }
    urls
}

async fn is_empty(url: &str) -> bool {
    let db = Db::open(url).await.unwrap();
    let is_empty = db.is_empty().await.unwrap();
    db.close().await;
    is_empty
}

/// As it stands in a URL.
fn escaped(key: &str) -> String {
    key.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn drop_all(urls: &[String]) {
    let Some(servers) = Servers::get() else { return };
    for url in urls.iter().filter(|url| url.starts_with("postgres")) {
        servers.drop_database(url).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_stored_is_what_the_journals_come_to() {
    on_both(async |app| {
        evening(app).await;
        let shown = told(&["replay", "--compare", "--at", &app.base]).await;
        assert_eq!(shown.matches("are what its journal comes to").count(), 3, "{shown}");
        for feed in FEEDS {
            let state = app.get(&format!("/v1/state/{feed}")).await;
            let head = app.get(&format!("/v1/journal/{feed}?limit=500")).await["next"].clone();
            assert_eq!(state["position"].to_string(), text(&head));
            for table in state["tables"].as_array().unwrap() {
                let path = format!("/v1/state/{feed}/{}", text(&table["table"]));
                let (mut rows, mut after) = (0, String::new());
                loop {
                    let page = app.get(&format!("{path}?limit=3{after}")).await;
                    rows += page["items"].as_array().unwrap().len();
                    match page["next"].as_str() {
                        Some(next) => after = format!("&after={}", escaped(next)),
                        None => break,
                    }
                }
                assert_eq!(table["rows"], rows, "{path}");
            }
        }
        for (path, status) in [
            ("/v1/state/bar", StatusCode::NOT_FOUND),
            ("/v1/state/orders/tickets", StatusCode::NOT_FOUND),
            ("/v1/state/orders/owner", StatusCode::NOT_FOUND),
            ("/v1/state/orders/journal?after=x", StatusCode::UNPROCESSABLE_ENTITY),
        ] {
            let (answered, problem) = app.send(app.request(Method::GET, path)).await;
            assert_eq!(answered, status, "{path}: {problem}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_written_behind_the_services_back_is_named() {
    on_both(async |app| {
        let [served, ..] = evening(app).await;
        app.is_forged.store(true, Ordering::Relaxed);
        let (orders, inventory) = (&app.databases[0], &app.databases[1]);
        write(orders, "INSERT INTO order_numbers (key, revision, doc) VALUES ('soho/1999-01-01', 1, '{}')").await;
        write(
            inventory,
            "UPDATE recipes SET doc = (SELECT doc FROM recipes WHERE key = 'soho/margherita') WHERE key = 'soho/burger'",
        )
        .await;
        write(inventory, "DELETE FROM reservations WHERE key = (SELECT MIN(key) FROM reservations)").await;
        let said = refused(&["replay", "--compare", "--at", &app.base]).await;
        assert!(said.contains("  order_numbers soho/1999-01-01: no input explains it\n"), "{said}");
        assert!(said.contains("  recipes soho/burger: its inputs come to another\n"), "{said}");
        assert!(said.contains(&format!("  reservations {served}: it is missing\n")), "{said}");
        assert_eq!(said.matches("is not what its journal comes to").count(), 3, "{said}");
        assert!(said.contains("kitchen-svc: 11 tables"), "{said}");

        let scratch = scratch();
        let url = format!("sqlite:{}", in_directory(scratch.path(), "rebuilt.db"));
        let said = refused(&["replay", "--rebuild", "order-svc", "--at", &app.base, "--to", &url]).await;
        assert!(said.contains("order_numbers soho/1999-01-01: no input explains it"), "{said}");
        assert!(said.contains("order-svc is rebuilt up to entry"), "it is made anew, without that row: {said}");
        let rebuilt = Db::open(&url).await.unwrap();
        let rows: Vec<(String,)> = rebuilt.fetch("SELECT key FROM order_numbers", []).await.unwrap();
        assert!(!rows.is_empty() && rows.iter().all(|(key,)| !key.contains("1999")), "{rows:?}");
        rebuilt.close().await;
    })
    .await;
}

async fn on_all() -> Vec<Backends> {
    let mut all = vec![Backends::embedded()];
    all.extend(Backends::servers().await);
    all
}

/// The service's database is made anew from where it runs, on each backend, and the restaurant goes on with it.
async fn is_rebuilt(nth: usize) {
    let scratch = scratch();
    let (service, feed) = (SERVICES[nth], format!("/v1/state/{}", FEEDS[nth]));
    for mut backends in on_all().await {
        let mut app = App::start(&backends, WAIT).await;
        app.open_restaurant().await;
        evening(&app).await;
        let (urls, lost) = (empty(scratch.path()).await, backends.databases[nth].clone());
        for (times, url) in (1..).zip(&urls) {
            let said = told(&["replay", "--rebuild", service, "--at", &app.base, "--to", url]).await;
            assert!(said.contains("are what its journal comes to"), "{said}");
            let before = app.get(&feed).await;
            app.stop().await;
            backends.databases[nth].clone_from(url);
            app = App::start(&backends, WAIT).await;
            assert_eq!(app.get(&feed).await, before, "{service} in {url}");
            app.settle().await;
            let order = app.place("1 cola").await;
            app.kitchen(&order, "serve").await;
            app.check(&order, expect!["completed"]).await;
            app.check_stock("dough", expect!["dough 99-0"]).await;
            let served = app.get("/v1/orders?status=completed").await["items"].as_array().unwrap().len();
            assert_eq!(served, 1 + times);
        }
        // Nothing is lost, doubled or dead, and all of it can be run again.
        app.finish().await;
        backends.databases[nth] = lost;
        backends.remove().await;
        drop_all(&urls).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_orders_are_rebuilt() {
    is_rebuilt(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stock_is_rebuilt() {
    is_rebuilt(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kitchen_is_rebuilt() {
    is_rebuilt(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_forgotten_is_named_and_taken_from_a_file_that_has_it() {
    on_both(async |app| {
        evening(app).await;
        let scratch = scratch();
        let files = ["before", "after"].map(|name| in_directory(scratch.path(), &format!("{name}.ndjson")));
        told(&["events", "--at", &app.base, "--save", &files[0]]).await;
        for db in &app.databases {
            retention::prune(db, Time::now() + Duration::from_secs(1)).await.unwrap();
        }
        let order = app.place("1 cola").await;
        app.kitchen(&order, "serve").await;
        told(&["events", "--at", &app.base, "--save", &files[1]]).await;
        let url = format!("sqlite:{}", in_directory(scratch.path(), "rebuilt.db"));
        let rebuild = |from: &[&str]| {
            let arguments = [&["replay", "--rebuild", "kitchen-svc", "--to", &url], from].concat();
            arguments.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        for from in [&["--at", &app.base][..], &["--from", &files[1]]] {
            let arguments = rebuild(from);
            let said = refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
            assert!(said.contains("entries 1 to ") && said.contains("have been forgotten; with --from"), "{said}");
        }
        for path in [&["--compare"][..], &["--service", "kitchen-svc"]] {
            let said = refused(&[&["replay", "--at", &app.base], path].concat()).await;
            assert!(said.contains("have been forgotten; with --from"), "{said}");
        }
        let arguments = rebuild(&["--from", &files[0], &files[1]]);
        let said = told(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let state = app.get("/v1/state/kitchen").await;
        let whole = format!("up to entry {} of its journal and event {} of its log", state["position"], state["said"]);
        assert!(said.contains(&whole), "{said}");
        let again = refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert!(again.contains("the database is not empty"), "{again}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_the_middle_is_named() {
    on_both(async |app| {
        evening(app).await;
        let scratch = scratch();
        let file = in_directory(scratch.path(), "evening.ndjson");
        told(&["events", "--at", &app.base, "--save", &file]).await;
        let lines = std::fs::read_to_string(&file).unwrap();
        let of_entry = |line: &&str| !line.starts_with(r#"{"service":"kitchen-svc","position":3,"at""#);
        let gap = in_directory(scratch.path(), "gap.ndjson");
        std::fs::write(&gap, lines.lines().filter(of_entry).collect::<Vec<_>>().join("\n")).unwrap();
        for url in &empty(scratch.path()).await {
            let said = refused(&["replay", "--rebuild", "kitchen-svc", "--from", &gap, "--to", url]).await;
            assert!(said.contains("history has a gap: entry 3 of the journal is missing"), "{said}");
            assert!(said.contains("what was made until then is gone from --to"), "{said}");
            assert!(is_empty(url).await);
            told(&["replay", "--rebuild", "kitchen-svc", "--from", &file, "--to", url]).await;
            drop_all(std::slice::from_ref(url)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_missing_is_named() {
    on_both(async |app| {
        evening(app).await;
        let scratch = scratch();
        let (file, gap) = (in_directory(scratch.path(), "all.ndjson"), in_directory(scratch.path(), "gap.ndjson"));
        told(&["events", "--at", &app.base, "--save", &file]).await;
        let lines = std::fs::read_to_string(&file).unwrap();
        let of_event = |line: &&str| line.starts_with(r#"{"service":"order-svc","position":9,"event""#);
        assert_eq!(lines.lines().filter(of_event).count(), 1);
        std::fs::write(&gap, lines.lines().filter(|line| !of_event(line)).collect::<Vec<_>>().join("\n")).unwrap();
        let url = format!("sqlite:{}", in_directory(scratch.path(), "rebuilt.db"));
        for arguments in [&["replay"][..], &["replay", "--rebuild", "kitchen-svc", "--from-feeds", "--to", &url]] {
            let said = refused(&[arguments, &["--from", &gap]].concat()).await;
            assert!(said.contains("history has a gap: event 9 is missing"), "{said}");
        }
        write(&app.databases[0], "DELETE FROM event_log WHERE position = 9").await;
        let said = refused(&["replay", "--at", &app.base]).await;
        assert!(said.contains("history has a gap: the feed of orders lacks 1 events behind"), "{said}");
        app.is_forged.store(true, Ordering::Relaxed);
    })
    .await;
}

/// A rebuild from the history that the project keeps, up to the moment when it has begun to write.
async fn begun(url: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.args(["replay", "--rebuild", "kitchen-svc", "--from", &kept_history(), "--to", url]);
    let mut child = command.env("RUST_LOG", "error").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(async || child.try_wait().unwrap().is_some() || owner(url).await.is_some()).await;
    child
}

/// Where it came to its end before it could be killed, once more elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn killed_half_way_it_is_begun_again_in_the_same_place() {
    let scratch = scratch();
    let mut urls = empty(scratch.path()).await;
    while let Some(url) = urls.pop() {
        let mut child = begun(&url).await;
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            urls.extend(empty(scratch.path()).await.into_iter().find(|new| new[..7] == url[..7]));
            continue;
        }
        let bus = format!("sqlite:{}", in_directory(scratch.path(), "bus.db"));
        let mut host = Host::new(settings(&bus, "127.0.0.1:0", WAIT).unwrap()).await.unwrap();
        let error = host.add::<KitchenSvc>(&url).await.unwrap_err();
        assert!(format!("{error:#}").contains("a rebuild of kitchen-svc that did not come to its end"), "{error:#}");
        host.tasks.finish().await;
        host.bus().close().await.unwrap();
        told(&["replay", "--rebuild", "kitchen-svc", "--from", &kept_history(), "--to", &url]).await;
        drop_all(&[url]).await;
    }
}

/// What was a letter once and was redriven is none in the database that is made anew; what still is one is.
#[tokio::test(flavor = "multi_thread")]
async fn letters_are_as_they_were() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.settle().await;
        let said = app.get("/v1/feed/orders?limit=500").await;
        let is_it = |event: &&Value| event["type"] == "order.accepted" && event["subject"] == order;
        let accepted = said["items"].as_array().unwrap().iter().find(is_it).unwrap();
        let ids = ["0190b2f0-0000-7000-8000-0000000000a1", "0190b2f0-0000-7000-8000-0000000000a2"];
        for id in ids {
            let mut contradiction = accepted.clone();
            contradiction["id"] = id.into();
            publish_on(&app.bus, &[message_to_kitchen(&contradiction)]).await;
        }
        let deadline = Instant::now() + PATIENCE;
        while app.get("/v1/dead/kitchen").await["items"].as_array().unwrap().len() < ids.len() {
            assert!(Instant::now() < deadline, "nothing was set aside");
        }
        // With what comes later, it is merely late.
        app.post(&format!("/v1/orders/{order}/cancel")).await;
        app.settle().await;
        let redriven = app.act(&format!("/v1/dead/kitchen/{}/redrive", ids[0])).await;
        assert_eq!(redriven["outcome"], "late");
        let journal = app.get("/v1/journal/kitchen?limit=500").await;
        let last = &journal["items"].as_array().unwrap().last().unwrap()["told"][0];
        assert_eq!(last["redriven_by"], "anonymous", "who redrove it");
        let scratch = scratch();
        let url = format!("sqlite:{}", in_directory(scratch.path(), "rebuilt.db"));
        told(&["replay", "--rebuild", "kitchen-svc", "--at", &app.base, "--to", &url]).await;
        let rebuilt = Db::open(&url).await.unwrap();
        let letters: Vec<(String,)> = rebuilt.fetch("SELECT id FROM dead_letters", []).await.unwrap();
        assert_eq!(letters, [(ids[1].to_owned(),)]);
        rebuilt.close().await;
        let discard = app.request(Method::POST, &format!("/v1/dead/kitchen/{}/discard", ids[1]));
        let (status, _) = app.send(discard.json(&json!({"reason": "a test"}))).await;
        assert_eq!(status, StatusCode::OK);
        let url = format!("sqlite:{}", in_directory(scratch.path(), "again.db"));
        told(&["replay", "--rebuild", "kitchen-svc", "--at", &app.base, "--to", &url]).await;
        let rebuilt = Db::open(&url).await.unwrap();
        let letters: Vec<(String,)> = rebuilt.fetch("SELECT id FROM dead_letters", []).await.unwrap();
        let discarded: Vec<(String,)> = rebuilt.fetch("SELECT id FROM discarded", []).await.unwrap();
        assert_eq!((letters, discarded), (vec![], vec![(ids[1].to_owned(),)]), "it is left out there, too");
        rebuilt.close().await;
    })
    .await;
}

pub(crate) fn message_to_kitchen(event: &Value) -> Message {
    Message {
        routing_key: "order.accepted.soho".into(),
        events: vec![event.to_string()],
        id: text(&event["id"]),
        kind: "order.accepted".into(),
        correlation: None,
        traceparent: None,
    }
}

/// Where nobody knows what it was told, it hears once more what the others said.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_others_said_makes_a_part_of_it_and_the_rest_is_named() {
    on_both(async |app| {
        evening(app).await;
        let scratch = scratch();
        let url = format!("sqlite:{}", in_directory(scratch.path(), "rebuilt.db"));
        let said = told(&["replay", "--rebuild", "kitchen-svc", "--from-feeds", "--at", &app.base, "--to", &url]).await;
        assert!(said.contains("is made anew from the 4 events that it hears, and says 3 of its own"), "{said}");
        assert!(said.contains("what people told it by HTTP is lost"), "{said}");
        assert!(said.contains("1 ticket.served") && !said.contains("ticket.opened"), "{said}");
        let rebuilt = Db::open(&url).await.unwrap();
        let tickets: Vec<Value> = rebuilt.docs("SELECT doc FROM tickets ORDER BY key", []).await.unwrap();
        let mut live = app.get("/v1/tickets?location=soho&state=open,ready,served,void").await["items"].clone();
        let live = live.as_array_mut().unwrap();
        live.sort_by_key(|ticket| text(&ticket["id"]));
        for (then, now) in tickets.iter().zip(live) {
            assert_eq!((&then["ticket"]["id"], &then["ticket"]["number"]), (&now["id"], &now["number"]));
        }
        rebuilt.close().await;
    })
    .await;
}
