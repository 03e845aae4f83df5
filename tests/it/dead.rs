//! Dead letters: seen, taken in after all once the cause is gone, or discarded; nothing is lost or doubled by it.

use expect_test::expect;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{bus::MESSAGE_MAX_BYTES, contract::time::Time, db::Db};
use tokio::time::{Duration, Instant, interval};
use uuid::Uuid;

use crate::{
    developer::{refused, told},
    harness::{App, Backends, PATIENCE, on_both, text},
    taster::{POISON, Process, Taster, event, message, publish_on},
};

const POLL: Duration = Duration::from_millis(20);

async fn change(db: &Db, sql: &'static str) {
    let mut tx = db.begin().await.unwrap();
    tx.execute(sql, []).await.unwrap();
    tx.commit().await.unwrap();
}

/// From now on the database takes no new ticket.
pub(crate) async fn jam(db: &Db) {
    change(
        db,
        match db.postgres() {
            Some(_) => "ALTER TABLE tickets ADD CONSTRAINT printer_jam CHECK (false) NOT VALID",
            None => "CREATE TRIGGER printer_jam BEFORE INSERT ON tickets BEGIN SELECT RAISE(ABORT, 'printer_jam'); END",
        },
    )
    .await;
}

pub(crate) async fn clear_jam(db: &Db) {
    change(
        db,
        match db.postgres() {
            Some(_) => "ALTER TABLE tickets DROP CONSTRAINT printer_jam",
            None => "DROP TRIGGER printer_jam",
        },
    )
    .await;
}

/// The letters of the kitchen, once there are so many.
pub(crate) async fn letters(app: &App, count: usize) -> Vec<Value> {
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
    loop {
        let letters = app.get("/v1/dead/kitchen").await["items"].as_array().unwrap().clone();
        if letters.len() == count {
            return letters;
        }
        assert!(Instant::now() < deadline, "{letters:#?}");
        every.tick().await;
    }
}

fn path(letter: &Value) -> String {
    format!("/v1/dead/kitchen/{}", text(&letter["id"]))
}

async fn redrive(app: &App, letter: &Value) -> Value {
    app.act(&format!("{}/redrive", path(letter))).await
}

async fn discard(app: &App, letter: &Value, body: Value) -> (StatusCode, Value) {
    app.send(app.request(Method::POST, &format!("{}/discard", path(letter))).json(&body)).await
}

#[tokio::test]
async fn what_was_refused_is_seen_and_completes_once_its_cause_is_gone() {
    on_both(async |app| {
        jam(&app.databases[2]).await;
        let order = app.place("1 margherita").await;
        let letter = letters(app, 1).await.remove(0);
        assert_eq!(app.get(&path(&letter)).await, letter);
        let event: Value = serde_json::from_str(&text(&letter["body"])).unwrap();
        assert_eq!((&event["id"], &event["subject"]), (&letter["id"], &json!(order)));
        assert!(text(&letter["reason"]).contains("printer_jam"), "{letter}");
        assert_eq!(
            (&letter["type"], &letter["attempts"], &letter["last_at"], &letter["body_base64"]),
            (&json!("order.accepted"), &json!(1), &letter["at"], &Value::Null)
        );
        let refused = redrive(app, &letter).await;
        assert_eq!(
            (text(&refused["outcome"]), true),
            ("refused".into(), text(&refused["reason"]).contains("printer_jam"))
        );
        let again = app.get(&path(&letter)).await;
        assert_eq!((&again["attempts"], &again["at"], &again["body"]), (&json!(2), &letter["at"], &letter["body"]));
        assert!(text(&again["last_at"]) > text(&letter["at"]), "{again}");

        clear_jam(&app.databases[2]).await;
        assert_eq!(redrive(app, &letter).await, json!({"outcome": "taken_in", "reason": null}));
        for action in ["", "/redrive"] {
            let method = if action.is_empty() { Method::GET } else { Method::POST };
            let (status, problem) = app.send(app.request(method, &format!("{}{action}", path(&letter)))).await;
            assert_eq!((status, text(&problem["type"])), (StatusCode::NOT_FOUND, "/problems/not-found".into()));
            assert!(text(&problem["detail"]).contains("taken in after all"), "{problem}");
        }
        app.kitchen(&order, "serve").await;
        app.check(&order, expect!["completed"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_finds_what_failed_and_redrives_it() {
    on_both(async |app| {
        jam(&app.databases[2]).await;
        let orders = [app.place("1 margherita").await, app.place("1 burger").await];
        let found = letters(app, 2).await;
        let id = text(&found[1]["id"]);
        let dead = async |arguments: &[&str]| told(&[&["dead"], arguments, &["--at", &app.base]].concat()).await;
        let listed = dead(&["list", "--type", "order.*", "--because", "printer_jam"]).await;
        assert_eq!((listed.lines().count(), listed.matches("kitchen-svc").count()), (2, 2), "{listed}");
        assert_eq!(dead(&["list", "--type", "ticket.*"]).await, "");
        let groups: Value = serde_json::from_str(&dead(&["list", "--group", "--json"]).await).unwrap();
        assert_eq!((&groups["count"], &groups["type"]), (&json!(2), &json!("order.accepted")));
        let shown = dead(&["show", &id]).await;
        for part in [&*id, "attempts    1", "printer_jam", &*orders[0]] {
            assert!(shown.contains(part), "{part} is not in {shown}");
        }
        let shown: Value = serde_json::from_str(&dead(&["show", &id, "--json"]).await).unwrap();
        assert_eq!((&shown["body"], &shown["service"]), (&found[1]["body"], &json!("kitchen-svc")));

        let still = refused(&["dead", "redrive", &id, "--at", &app.base]).await;
        assert!(still.contains("printer_jam") && still.ends_with("1 letter, 1 refused\n"), "{still}");
        clear_jam(&app.databases[2]).await;
        let dry = dead(&["redrive", "--all", "--dry-run"]).await;
        assert!(dry.ends_with("2 letters, 2 would be redriven\n"), "{dry}");
        letters(app, 2).await;
        let redriven = dead(&["redrive", "--because", "printer_jam", "--rate", "1000"]).await;
        let of_first = redriven.lines().next().unwrap();
        assert!(of_first.starts_with("taken in") && of_first.contains(&id), "the oldest first: {redriven}");
        assert!(redriven.ends_with("2 letters, 2 taken in\n"), "{redriven}");
        let gone = refused(&["dead", "show", &id, "--at", &app.base]).await;
        assert!(gone.contains("taken in after all"), "{gone}");
        for order in &orders {
            app.kitchen(order, "serve").await;
            app.check(order, expect!["completed"]).await;
        }

        let noise = "0190b2f0-0000-7000-8000-0000000000b1";
        set_aside(&app.databases[0], noise, "noise".into()).await;
        assert!(dead(&["discard", noise, "--reason", "a test"]).await.contains(noise));
    })
    .await;
}

/// An event of this subject with another sequence.
fn said(subject: &str, sequence: i64) -> Value {
    let mut event = event(subject);
    event["id"] = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{subject} {sequence}").as_bytes()).to_string().into();
    event["sequence"] = sequence.into();
    event
}

/// Sets an input of the kitchen aside, as it would be.
pub(crate) async fn set_aside(db: &Db, id: &str, body: Vec<u8>) {
    let sql = "INSERT INTO dead_letters (id, at, reason, attempts, body) VALUES ($1, $2, 'why not', 1, $3)";
    let mut tx = db.begin().await.unwrap();
    tx.execute(sql, [id.into(), Time::now().to_string().into(), body.into()]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn tasters(test: impl AsyncFn(&App)) {
    let mut all = vec![Backends::embedded()];
    all.extend(Backends::servers().await);
    for backends in all {
        let app = App::start_alone::<Taster>(&backends, &backends.databases[2]).await;
        test(&app).await;
        app.stop().await;
        backends.remove().await;
    }
}

#[tokio::test]
async fn what_is_older_than_what_was_taken_in_meanwhile_changes_nothing() {
    tasters(async |app| {
        let (old, last) = (said("a", 1), said("a", 2));
        for event in [&old, &last] {
            set_aside(&app.databases[0], &text(&event["id"]), event.to_string().into()).await;
        }
        publish_on(&app.bus, &[message(std::slice::from_ref(&last))]).await;
        let deadline = Instant::now() + PATIENCE;
        while app.get("/tastings").await == json!([]) {
            assert!(Instant::now() < deadline, "nothing is taken in");
            tokio::task::yield_now().await;
        }
        let (late, repeated) = (redrive(app, &old).await, redrive(app, &last).await);
        let why = "it changed nothing: of order:a, sequence 2 was taken in meanwhile, and this is the older 1";
        assert_eq!(late, json!({"outcome": "late", "reason": why}));
        assert_eq!(repeated["outcome"], "repeated");
        letters(app, 0).await;
        let journal = app.get("/v1/journal/kitchen").await;
        let told = journal["items"].as_array().unwrap().iter().flat_map(|entry| entry["told"].as_array().unwrap());
        let outcomes: Vec<String> = told.map(|told| text(&told["outcome"])).collect();
        assert_eq!(outcomes, ["decided", "late", "repeated"]);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_says_that_it_was_tried_and_is_discarded_with_a_reason() {
    tasters(async |app| {
        let binary = json!({"id": "0190b2f0-0000-7000-8000-0000000000b1"});
        set_aside(&app.databases[0], &text(&binary["id"]), vec![0xff, 0x00, 0x7b]).await;
        let mut huge = message(&[event("huge")]);
        huge.events[0] += &"x".repeat(MESSAGE_MAX_BYTES);
        publish_on(&app.bus, &[huge]).await;
        let kept = letters(app, 2).await;
        let huge = kept.iter().find(|letter| letter["id"] != binary["id"]).unwrap();
        for letter in [&binary, huge] {
            let before = app.get(&path(letter)).await;
            let refused = redrive(app, letter).await;
            let after = app.get(&path(letter)).await;
            assert_eq!((&refused["outcome"], &refused["reason"]), (&json!("refused"), &after["reason"]));
            assert_eq!((&after["attempts"], &after["at"]), (&json!(2), &before["at"]));
        }
        assert_eq!(app.get(&path(huge)).await["reason"], huge["reason"], "how much is missing is not forgotten");
        let shown = app.get(&path(&binary)).await;
        assert_eq!((text(&shown["body"]), text(&shown["body_base64"])), ("\u{fffd}\0{".into(), "/wB7".into()));

        for wrong in [json!({"reason": " "}), json!({}), json!({"reason": "x".repeat(1001)})] {
            assert_eq!(discard(app, &binary, wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let why = json!({"reason": "a printer's noise"});
        assert_eq!(discard(app, &binary, why.clone()).await, (StatusCode::OK, shown));
        assert_eq!(discard(app, &binary, why).await.0, StatusCode::NOT_FOUND);
        letters(app, 1).await;
        let journal = app.get("/v1/journal/kitchen?limit=500").await;
        let last = journal["items"].as_array().unwrap().last().unwrap()["told"].clone();
        let refused = &text(&last["refused"]);
        assert!(refused.contains("UTF-8") || refused.contains("expected"), "{refused}");
        assert_eq!((&last["forgot"], &last["id"]), (&json!("letter"), &binary["id"]));
        assert_eq!((&last["by"], &last["reason"]), (&json!("anonymous"), &json!("a printer's noise")));
        let metrics = app.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap();
        let counted = metrics
            .lines()
            .any(|line| line.starts_with("comanda_events_total{") && line.contains("outcome=\"discarded\""));
        assert!(counted, "{metrics}");
    })
    .await;
}

/// The same bytes, refused once more by themselves.
#[tokio::test]
async fn what_comes_again_and_is_refused_again_is_one_letter_that_says_so() {
    tasters(async |app| {
        let mut broken = message(&[event("a")]);
        broken.events[0] = "{}".into();
        publish_on(&app.bus, &[broken.clone()]).await;
        let first = letters(app, 1).await.remove(0);
        publish_on(&app.bus, &[broken]).await;
        let deadline = Instant::now() + PATIENCE;
        while app.get(&path(&first)).await["attempts"] != 2 {
            assert!(Instant::now() < deadline, "it is not counted");
            tokio::task::yield_now().await;
        }
        let again = letters(app, 1).await.remove(0);
        assert_eq!(again["at"], first["at"]);
        assert!(text(&again["last_at"]) > text(&first["last_at"]), "{again}");
    })
    .await;
}

/// Letters of these subjects in the kitchen's database, which nobody has open.
async fn set_all_aside(backends: &Backends, subjects: &[String]) {
    let app = App::start_alone::<Taster>(backends, &backends.databases[2]).await;
    for event in subjects.iter().map(|subject| event(subject)) {
        set_aside(&app.databases[0], &text(&event["id"]), event.to_string().into()).await;
    }
    app.stop().await;
}

async fn listening(backends: &Backends) -> Process {
    let process = Process::start(backends);
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
    while process.get("/tastings").await.is_none() {
        assert!(Instant::now() < deadline, "it does not start");
        every.tick().await;
    }
    process
}

fn to_redrive(subject: &str) -> String {
    format!("/v1/dead/kitchen/{}/redrive", text(&event(subject)["id"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_nothing_is_lost_or_doubled() {
    let mut all = vec![Backends::embedded()];
    all.extend(Backends::servers().await);
    for backends in all {
        let mut subjects: Vec<String> = (10..50).map(|n| format!("s{n}")).collect();
        set_all_aside(&backends, &[&subjects[..], &[POISON.to_owned()]].concat()).await;
        // It dies while it decides on the poison, in whichever batch of the others that is.
        let mut process = listening(&backends).await;
        let half: Vec<String> = subjects[..20].iter().map(String::as_str).chain([POISON]).map(to_redrive).collect();
        let heard = join_all(half.iter().map(|path| process.post(path))).await;
        assert_eq!(heard[20], None);
        let deadline = Instant::now() + PATIENCE;
        while !process.is_dead() {
            assert!(Instant::now() < deadline, "it survived the poison");
            tokio::task::yield_now().await;
        }
        let process = listening(&backends).await;
        let tasted = process.get("/tastings").await.unwrap().as_array().unwrap().len();
        let left = process.get("/v1/dead/kitchen?limit=500").await.unwrap()["items"].as_array().unwrap().len();
        assert_eq!(tasted + left, subjects.len() + 1, "each is a letter or taken in, on {}", backends.name);
        assert!(tasted >= heard.iter().flatten().filter(|heard| heard["outcome"] == "taken_in").count());

        join_all(subjects.iter().map(async |subject| process.post(&to_redrive(subject)).await)).await;
        let left = process.get("/v1/dead/kitchen").await.unwrap()["items"].as_array().unwrap().clone();
        assert_eq!((left.len(), text(&left[0]["body"])), (1, event(POISON).to_string()));
        let journal = process.get("/v1/journal/kitchen?limit=500").await.unwrap();
        let told = journal["items"].as_array().unwrap().iter().flat_map(|entry| entry["told"].as_array().unwrap());
        let mut decided: Vec<String> =
            told.filter(|told| told["outcome"] == "decided").map(|told| text(&told["event"]["subject"])).collect();
        decided.sort();
        subjects.sort();
        assert_eq!(decided, subjects, "each once");
        process.kill();
        backends.remove().await;
    }
}
