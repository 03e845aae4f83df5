//! The past, looked at: a sandbox that is kept serves what was so then, its clock stands, and it changes nothing.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::contract::{clock::Clock, time::Time};

use crate::{
    developer::{evening, in_directory, refused, told},
    harness::{App, on_both, scratch, text},
};

/// A sandbox that `comanda replay --keep` serves. Killed when it is dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) base: String,
    /// What was said before it was open.
    said: String,
    /// It would end if nobody could read on.
    rest: BufReader<ChildStdout>,
}

impl Served {
    pub(crate) async fn by(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
        command.arg("replay").args(arguments).env("RUST_LOG", "error").stdout(Stdio::piped());
        let serve = move || {
            let mut child = command.spawn().unwrap();
            let rest = BufReader::new(child.stdout.take().unwrap());
            let mut served = Self { child, base: String::new(), said: String::new(), rest };
            served.wait_until_open();
            served
        };
        tokio::task::spawn_blocking(serve).await.unwrap()
    }

    fn wait_until_open(&mut self) {
        while self.base.is_empty() {
            let mut line = String::new();
            assert!(self.rest.read_line(&mut line).unwrap() > 0, "it is not served: {}", self.said);
            match line.strip_prefix("http://").and_then(|line| line.strip_suffix("/\n")) {
                Some(base) => self.base = format!("http://{base}"),
                None => self.said.push_str(&line),
            }
        }
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.send(Method::GET, path, None).await
    }

    async fn json(&self, path: &str) -> Value {
        self.get(path).await.json().await.unwrap()
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Response {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.request(method, format!("{}{path}", self.base)).header("idempotency-key", "a");
        body.iter().fold(request, |request, body| request.json(body)).send().await.unwrap()
    }

    /// Ctrl-C; whether it ended well.
    fn interrupt(mut self) -> bool {
        assert!(Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap().success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As it is shown in soho.
fn london(time: Time) -> String {
    Clock::of("Europe/London").unwrap().exact(time)
}

/// Three minutes after the order's ticket was opened.
async fn three_minutes_later(app: &App, order: &str) -> Time {
    let opened: Time = text(&app.ticket(order).await["opened_at"]).parse().unwrap();
    opened + Duration::from_secs(180)
}

const PATHS: [&str; 6] = [
    "/v1/orders?limit=500",
    "/v1/stock/soho",
    "/v1/menu/soho",
    "/v1/stations/soho",
    "/v1/feed/kitchen?limit=500",
    "/v1/journal/orders?limit=500",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_is_kept_shows_what_was_so_then_and_changes_nothing() {
    on_both(async |app| {
        let [served, ..] = evening(app).await;
        let scratch = scratch();
        let (kept, then) = (in_directory(scratch.path(), "kept"), three_minutes_later(app, &served).await);
        let before = app.get("/v1/state/orders").await;
        let sandbox = Served::by(&["--at", &app.base, "--until", &then.to_string(), "--keep", &kept]).await;
        assert!(sandbox.said.contains(&london(then)), "{}", sandbox.said);
        let mode = std::fs::metadata(&kept).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "orders are nobody else's to read");
        for path in PATHS {
            assert_eq!(sandbox.json(path).await, app.get(path).await, "{path}");
        }
        // Whoever asks for the present hears that moment.
        let answer = sandbox.get("/v1/tickets?location=soho").await;
        assert_eq!(answer.headers()["date"], then.http_date());
        let mut live = sandbox.get("/v1/tickets/stream?location=soho").await;
        let snapshot = String::from_utf8(live.chunk().await.unwrap().unwrap().to_vec()).unwrap();
        assert!(snapshot.contains(&format!("\"at\":\"{then}\"")), "{snapshot}");
        let clock = sandbox.get("/assets/clock.js").await.text().await.unwrap();
        assert!(clock.contains(&format!("now: () => {}", then.as_micros() / 1000)), "{clock}");
        for page in ["/", "/order", "/kitchen", "/stock", "/docs", "/healthz/ready", "/metrics", "/openapi.json"] {
            assert_eq!(sandbox.get(page).await.status(), StatusCode::OK, "{page}");
        }
        let order = App::order("1 margherita");
        for (method, path, body) in [
            (Method::POST, "/v1/orders".to_owned(), Some(order)),
            (Method::POST, format!("/v1/orders/{served}/cancel"), None),
            (Method::PUT, "/v1/locations/soho".to_owned(), Some(json!({"name": "x"}))),
            (Method::DELETE, "/v1/menu/soho/cola".to_owned(), None),
            (Method::POST, "/no/such/path".to_owned(), None),
        ] {
            let refused = sandbox.send(method, &path, body).await;
            assert_eq!(refused.status(), StatusCode::CONFLICT, "{path}");
            let problem: Value = refused.json().await.unwrap();
            assert_eq!((text(&problem["type"]), &problem["at"]), ("/problems/sandbox".into(), &json!(then)));
            assert!(text(&problem["detail"]).contains(&then.to_string()), "{problem}");
        }
        let traced = told(&["trace", &served, "--at", &sandbox.base]).await;
        assert!(traced.contains("act ticket serve"), "{traced}");
        let events = told(&["events", "--order", &served, "--at", &sandbox.base]).await;
        assert!(events.contains("order.completed"), "{events}");
        assert_eq!(app.get("/v1/state/orders").await, before, "nothing outside changes");
        let in_use = refused(&["replay", "--keep", &kept]).await;
        assert!(in_use.contains("in use by another process"), "{in_use}");
        assert!(sandbox.interrupt());

        let again = Served::by(&["--keep", &kept]).await;
        assert!(again.said.contains("is a sandbox already") && again.said.contains(&london(then)), "{}", again.said);
        assert_eq!(again.json(PATHS[0]).await, app.get(PATHS[0]).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_of_one_service_is_served_by_itself() {
    on_both(async |app| {
        evening(app).await;
        let scratch = scratch();
        let kept = in_directory(scratch.path(), "kept");
        let sandbox = Served::by(&["--at", &app.base, "--service", "kitchen-svc", "--keep", &kept]).await;
        assert_eq!(sandbox.json(PATHS[3]).await, app.get(PATHS[3]).await);
        assert_eq!(sandbox.get("/v1/orders").await.status(), StatusCode::NOT_FOUND);
        let missing = refused(&["trace", "1", "--at", &sandbox.base]).await;
        assert!(missing.contains("order-svc is not at"), "{missing}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_begins_in_a_directory_of_its_own_and_listens_on_loopback() {
    let scratch = scratch();
    let file = kept_history();
    let other = in_directory(scratch.path(), "other");
    std::fs::create_dir(&other).unwrap();
    let taken = refused(&["replay", "--from", &file, "--keep", &other]).await;
    assert!(taken.contains("is there already, and is no sandbox"), "{taken}");
    assert_eq!(std::fs::read_dir(&other).unwrap().count(), 0, "nothing is left in what is somebody else's");
    let kept = in_directory(scratch.path(), "kept");
    let open = refused(&["replay", "--from", &file, "--keep", &kept, "--listen", "0.0.0.0:0"]).await;
    assert!(open.contains("on loopback alone") && !Path::new(&kept).exists(), "{open}");
}

/// A history that is kept.
pub(crate) fn kept_history() -> String {
    format!("{}/tests/histories/rush.ndjson", env!("CARGO_MANIFEST_DIR"))
}

/// Sandboxes that are left in a directory.
fn left(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    entries.map(|name| name.into_string().unwrap()).filter(|name| name.starts_with("comanda-sandbox-")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_it_leaves_what_the_next_one_removes() {
    let scratch = scratch();
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.env("TMPDIR", scratch.path()).env("RUST_LOG", "error").stdout(Stdio::piped());
    // Nobody reads what it says: it does not come to its end.
    let mut child = command.args(["replay", "--step", "--json", "--from", &kept_history()]).spawn().unwrap();
    let begun =
        || left(scratch.path()).first().is_some_and(|name| scratch.path().join(name).join("orders.db").exists());
    while !begun() {
        assert!(child.try_wait().unwrap().is_none(), "it ended although nobody read");
        tokio::task::yield_now().await;
    }
    let run = |arguments: [&str; 3]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
        let done = command.args(arguments).env("TMPDIR", scratch.path()).env("RUST_LOG", "error").output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    run(["replay", "--check", &kept_history()]);
    assert_eq!(left(scratch.path()).len(), 1, "what another is at is left alone");
    child.kill().unwrap();
    child.wait().unwrap();
    run(["replay", "--check", &kept_history()]);
    assert_eq!(left(scratch.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_and_what_was_is_shown() {
    on_both(async |app| {
        let [served, rejected, _] = evening(app).await;
        let scratch = scratch();
        let file = in_directory(scratch.path(), "evening.ndjson");
        told(&["events", "--at", &app.base, "--save", &file]).await;
        let order = app.get(&format!("/v1/orders/{served}")).await;
        let number = order["number"].to_string();
        let show = async |arguments: &[&str]| told(&[&["show"], arguments, &["--at", &app.base]].concat()).await;
        let json = async |arguments: &[&str]| -> Value {
            serde_json::from_str(&show(&[arguments, &["--json"]].concat()).await).unwrap()
        };
        assert_eq!(json(&["order", &served]).await, order);
        assert_eq!(json(&["order", &number]).await, order);
        assert_eq!(json(&["ticket", &served]).await, app.ticket(&served).await);
        assert_eq!(json(&["ticket", &number]).await, app.ticket(&served).await);
        assert_eq!(json(&["stock", "soho"]).await["items"], app.get("/v1/stock/soho").await["items"]);
        let shown = show(&["order", &number]).await;
        assert!(shown.starts_with(&format!("order         {number}\nstatus        completed\n")), "{shown}");
        assert!(shown.contains("total         9.00 GBP\n"), "{shown}");

        let placed = text(&order["placed_at"]);
        let then = json(&["order", &number, "--as-of", &placed]).await;
        assert_eq!((&then["id"], &then["status"]), (&order["id"], &json!("placed")));
        let before = refused(&["show", "order", &rejected, "--at", &app.base, "--as-of", &placed]).await;
        let at = london(placed.parse().unwrap());
        assert_eq!(before, format!("comanda: there is no order {rejected} at {at}\n"));
        let full = json(&["stock", "soho", "--as-of", &placed]).await;
        let buns = full["items"].as_array().unwrap().iter().find(|item| item["ingredient"] == "dough").unwrap().clone();
        assert_eq!((&buns["on_hand"], &buns["reserved"]), (&json!(100), &json!(0)));
        let menu = json(&["menu", "soho", "--as-of", &placed]).await;
        let skus =
            |menu: &Value| menu["items"].as_array().unwrap().iter().map(|it| text(&it["sku"])).collect::<Vec<_>>();
        assert_eq!(skus(&menu), skus(&json(&["menu", "soho"]).await));
        assert!(skus(&menu).contains(&"burger".to_owned()), "{menu}");
        let ticket = app.ticket(&served).await;
        let opened = json(&["ticket", &served, "--as-of", &text(&ticket["opened_at"])]).await;
        assert_eq!((&opened["state"], &opened["id"]), (&json!("open"), &ticket["id"]));

        let from_file = async |arguments: &[&str]| told(&[&["show"], arguments, &["--from", &file]].concat()).await;
        assert_eq!(from_file(&["order", &number]).await, shown);
        for what in ["orders", "tickets", "locations"] {
            assert_eq!(from_file(&[what]).await, show(&[what]).await);
        }
        for what in ["stock", "menu", "availability", "stations", "location", "recipe"] {
            assert_eq!(from_file(&[what, "soho"]).await, show(&[what, "soho"]).await);
        }
        assert_eq!(from_file(&["stock", "soho", "dough"]).await, show(&["stock", "soho", "dough"]).await);
        assert_eq!(from_file(&["reservation", &served]).await, show(&["reservation", &served]).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shown_is_refused_with_what_to_do() {
    let file = kept_history();
    for (arguments, why) in [
        (&["order"][..], "which order?"),
        (&["order", "twelve"], "is no id and no number"),
        (&["order", "4711"], "no order has the number 4711 in the history"),
        (&["stock"], "which location?"),
        (&["menu", "soho", "cola"], "is too much"),
        (&["reservation", "12"], "by their id alone"),
        (&["location", "no/where?"], "there is no location no/where? in the history"),
        (&["order", "1", "--as-of", "yesterday"], "how long ago"),
    ] {
        let said = refused(&[&["show"], arguments, &["--from", &file]].concat()).await;
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
}
