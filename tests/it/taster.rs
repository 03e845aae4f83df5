//! A service of the tests' own in the kitchen's place: it notes what it is told, and aborts on what is poison. Where it
//! must be able to die it runs as a process of its own, which is this binary with one test alone.

use std::process::{Child, Stdio};

use axum::{Json, extract::State, routing::get};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    bus::{Bus, Message},
    contract::event::Event,
    db::Tx,
    engine::{
        call::Call,
        rows::{Record, Rows},
        schema::Migration,
        service::{Decision, Input, Service},
    },
    process::host::Host,
    web::{
        pages::{self, Asset},
        problem::{Answer, Problem},
        site::{App, Site},
    },
};
use tokio::time::{Duration, Instant, interval};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::{
    harness::{Backends, PATIENCE, settings, text},
    process::free_address,
    servers::variable,
};

/// The subject of an event that no process survives.
pub(crate) const POISON: &str = "poison";
/// What it listens to.
pub(crate) const KIND: &str = "order.accepted";
/// Names its database to the process that is to be one.
const DATABASE: &str = "TASTER_DATABASE_URL";
/// How often a process is asked that is not there yet, or not any more.
const POLL: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Taster;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    Taste(String),
    /// Decided like others, with nothing to say to whoever asked.
    Nothing,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tasting {
    subject: String,
}

impl Record for Tasting {
    const TABLE: &'static str = "tastings";
    fn key(&self) -> String {
        self.subject.clone()
    }
}

#[derive(Debug)]
pub(crate) enum Refusal {}

impl std::fmt::Display for Refusal {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {}
    }
}

impl Service for Taster {
    const NAME: &'static str = "kitchen-svc";
    const FEED: &'static str = "kitchen";
    const MIGRATIONS: &'static [Migration] =
        &[(101, "CREATE TABLE tastings (key TEXT PRIMARY KEY, revision BIGINT NOT NULL, doc JSONB NOT NULL);")];

    const TABLES: &'static [&'static str] = &["tastings"];
    const UNLOCKED: &'static [&'static str] = &[];

    type Command = Order;
    type Reply = ();
    type Refusal = Refusal;
    type State = Rows<Tasting>;

    fn hear(event: &Event) -> anyhow::Result<Order> {
        Ok(Order::Taste(event.subject.clone()))
    }

    async fn load(tx: &mut Tx, batch: &[&Input<Order>]) -> anyhow::Result<Self::State> {
        let subjects = batch.iter().filter_map(|input| match &input.command {
            Order::Taste(subject) => Some(subject.clone()),
            Order::Nothing => None,
        });
        Rows::load(tx, subjects).await
    }

    fn version(_: &Self::State, _: &Order) -> Option<i64> {
        None
    }

    fn decide(tastings: &mut Self::State, input: &Input<Order>) -> Result<Decision<()>, Refusal> {
        match &input.command {
            Order::Taste(subject) if subject == POISON => std::process::abort(),
            Order::Taste(subject) => tastings.put(Tasting { subject: subject.clone() }),
            Order::Nothing => {}
        }
        Ok(Decision::nothing())
    }

    fn save(tx: &mut Tx, tastings: Self::State) -> anyhow::Result<()> {
        tastings.save(tx)
    }
}

impl Site for Taster {
    const PORT: u16 = 8084;
    const PAGE: &'static str = "/tastings";
    const ASSETS: &'static [Asset] = &[];

    fn routes(app: App<Self>) -> OpenApiRouter {
        OpenApiRouter::new().route("/tastings", get(tastings).post(taste)).with_state(app)
    }
}

async fn tastings(State(app): State<App<Taster>>) -> Json<Vec<Tasting>> {
    Json(app.db.docs("SELECT doc FROM tastings ORDER BY key", []).await.unwrap())
}

async fn taste(State(app): State<App<Taster>>, call: Call) -> Answer<StatusCode> {
    let subject = call.id.to_string();
    app.pump.ask(call, Order::Taste(subject)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The process itself; among the other tests it has nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn serves() {
    let Some(database) = variable(DATABASE) else { return };
    let settings = settings(&variable("BUS_URL").unwrap(), &variable("LISTEN").unwrap(), PATIENCE);
    let mut host = Host::new(settings.unwrap()).await.unwrap();
    host.add::<Taster>(&database).await.unwrap();
    let listener = host.bind().await.unwrap();
    host.serve(listener, pages::router(Taster::ASSETS)).await;
}

/// A running taster. Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    base: String,
}

impl Process {
    /// On the kitchen's database.
    pub(crate) fn start(backends: &Backends) -> Self {
        let listen = free_address();
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["taster::serves", "--exact", "--nocapture"])
            .env(DATABASE, &backends.databases[2])
            .env("BUS_URL", &backends.bus)
            .env("LISTEN", &listen)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, base: format!("http://{listen}") }
    }

    /// What a GET answers; `None` while nobody listens, or nobody does any more.
    pub(crate) async fn get(&self, path: &str) -> Option<Value> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(format!("{}{path}", self.base)).send().await.ok()?;
        if answer.status() == StatusCode::OK { answer.json().await.ok() } else { None }
    }

    /// What a POST without a body answers; `None` where it dies of it.
    pub(crate) async fn post(&self, path: &str) -> Option<Value> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.post(format!("{}{path}", self.base)).send().await.ok()?.json().await.ok()
    }

    pub(crate) fn is_dead(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn tastings(&self) -> Option<Vec<String>> {
        let tastings = self.get("/tastings").await?;
        Some(tastings.as_array()?.iter().map(|tasting| text(&tasting["subject"])).collect())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have died before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts it whenever it has died, until it has tasted all of these and set so many inputs aside; then kills it.
/// Its dead letters, and how often it died.
pub(crate) async fn run_until(backends: &Backends, subjects: &[&str], dead: usize) -> (Vec<Value>, usize) {
    let (mut process, mut deaths) = (Process::start(backends), 0);
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
    loop {
        let (tastings, letters) = (process.tastings().await, process.get("/v1/dead/kitchen").await);
        if let (Some(tastings), Some(letters)) = (&tastings, &letters) {
            let letters = letters["items"].as_array().unwrap();
            if tastings == subjects && letters.len() == dead {
                process.kill();
                return (letters.clone(), deaths);
            }
        }
        assert!(Instant::now() < deadline, "after {deaths} deaths it has {tastings:?} and set aside {letters:?}");
        if process.is_dead() {
            deaths += 1;
            process = Process::start(backends);
        }
        every.tick().await;
    }
}

/// An event that the taster hears.
pub(crate) fn event(subject: &str) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::new_v5(&Uuid::NAMESPACE_OID, subject.as_bytes()), "source": "/order-svc",
        "type": KIND, "subject": subject, "time": "2026-11-23T18:42:00Z", "datacontenttype": "application/json",
        "location": "soho", "sequence": 1, "data": null,
    })
}

/// One message with these events.
pub(crate) fn message(events: &[Value]) -> Message {
    Message {
        routing_key: format!("{KIND}.soho"),
        events: events.iter().map(Value::to_string).collect(),
        id: text(&events[0]["id"]),
        kind: KIND.into(),
        correlation: None,
        traceparent: None,
    }
}

pub(crate) async fn publish_on(bus: &Bus, messages: &[Message]) {
    let safe = bus.publisher().await.unwrap().publish(messages).await.unwrap();
    assert_eq!(safe, vec![true; messages.len()]);
}

/// Publishes before anybody runs, since a bus in a file belongs to one process.
pub(crate) async fn publish(backends: &Backends, messages: &[Message]) {
    let bus = Bus::open(&backends.bus).await.unwrap();
    publish_on(&bus, messages).await;
    bus.close().await.unwrap();
}
