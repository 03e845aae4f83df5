//! A restaurant to test with: the three services in this process, on backends of their own, spoken to over HTTP.

use std::{
    sync::{
        Once,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use expect_test::Expect;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{
    bus::Bus,
    db::Db,
    engine::{call::fresh_id, dead, retention::Retention},
    process::{config::Settings, host::Host, supervise::Tasks},
    web::{pages, quota::Shares, site::Site},
};
use tokio::time::Instant;

use crate::{
    agree, history,
    servers::{Scratch, Servers},
};

/// How long anything may take that the tests wait for. Only a failure takes that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

impl Servers {
    /// As [`Servers::named`]; says once what is left out.
    pub(crate) fn get() -> Option<Self> {
        static SAID: Once = Once::new();
        let named = Self::named();
        if named.is_none() {
            SAID.call_once(|| eprintln!("left out: all on RabbitMQ + PostgreSQL (scripts/test provides both)"));
        }
        named
    }
}

pub(crate) fn scratch() -> Scratch {
    Scratch::new().unwrap()
}

/// Where the three services keep their data and meet.
#[derive(Debug)]
pub(crate) struct Backends {
    pub(crate) name: &'static str,
    pub(crate) bus: String,
    /// Of order-svc, inventory-svc, kitchen-svc.
    pub(crate) databases: [String; 3],
    servers: Option<Servers>,
    /// Holds the files until it is dropped.
    scratch: Scratch,
}

impl Backends {
    pub(crate) fn embedded() -> Self {
        let scratch = scratch();
        let file = |name: &str| format!("sqlite:{}/{name}.db", scratch.path().display());
        let databases = [file("order"), file("inventory"), file("kitchen")];
        Self { name: "embedded", bus: file("bus"), databases, servers: None, scratch }
    }

    /// On servers that the test itself has started.
    pub(crate) fn at(bus: String, databases: [String; 3]) -> Self {
        Self { name: "servers of its own", bus, databases, servers: None, scratch: scratch() }
    }

    /// Where its files are, if it has any.
    pub(crate) fn directory(&self) -> String {
        self.scratch.path().display().to_string()
    }

    /// `None` where no servers are to be had.
    pub(crate) async fn servers() -> Option<Self> {
        let servers = Servers::get()?;
        let mut databases = Vec::new();
        for _ in 0..3 {
            databases.push(servers.database().await.unwrap());
        }
        let bus = servers.vhost().await.unwrap();
        let databases = databases.try_into().unwrap();
        Some(Self { name: "RabbitMQ + PostgreSQL", bus, databases, servers: Some(servers), scratch: scratch() })
    }

    pub(crate) async fn remove(self) {
        let Some(servers) = &self.servers else { return };
        servers.drop_vhost(&self.bus).await.unwrap();
        for database in &self.databases {
            servers.drop_database(database).await.unwrap();
        }
    }
}

/// Runs the test on each pair of backends, with a restaurant that is open and stocked, and looks afterwards that
/// nothing is left unprocessed or dead.
pub(crate) async fn on_both(test: impl AsyncFn(&App)) {
    on_both_with(Duration::from_secs(240), test).await;
}

/// As [`on_both`], with another time that orders may wait for their decision.
pub(crate) async fn on_both_with(accept_within: Duration, test: impl AsyncFn(&App)) {
    let mut all = vec![Backends::embedded()];
    all.extend(Backends::servers().await);
    for backends in all {
        eprintln!("on {}", backends.name);
        let app = App::start(&backends, accept_within).await;
        app.open_restaurant().await;
        test(&app).await;
        app.finish().await;
        backends.remove().await;
    }
}

/// The running restaurant.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) base: String,
    /// Of the services that run.
    pub(crate) databases: Vec<Db>,
    pub(crate) bus: Bus,
    pub(crate) client: reqwest::Client,
    tasks: Tasks,
    dead_expected: AtomicUsize,
    /// The test has written rows itself, which no history explains.
    pub(crate) is_forged: AtomicBool,
    server: tokio::task::JoinHandle<std::process::ExitCode>,
}

impl App {
    pub(crate) async fn start(backends: &Backends, accept_within: Duration) -> Self {
        Self::try_start(backends, accept_within, true).await.unwrap()
    }

    /// Nobody reserves: a restaurant whose orders are never decided.
    pub(crate) async fn start_without_inventory(backends: &Backends, accept_within: Duration) -> Self {
        Self::try_start(backends, accept_within, false).await.unwrap()
    }

    async fn try_start(backends: &Backends, accept_within: Duration, inventory: bool) -> Result<Self> {
        let mut host = Host::new(settings(&backends.bus, "127.0.0.1:0", accept_within)?).await?;
        let mut databases = vec![host.add::<OrderSvc>(&backends.databases[0]).await?.db];
        let mut page_files = pages::router(OrderSvc::ASSETS);
        if inventory {
            databases.push(host.add::<InventorySvc>(&backends.databases[1]).await?.db);
            databases.push(host.add::<KitchenSvc>(&backends.databases[2]).await?.db);
            page_files = page_files.merge(pages::router(InventorySvc::ASSETS)).merge(pages::router(KitchenSvc::ASSETS));
        }
        Self::serve(host, databases, page_files).await
    }

    /// One service by itself, with this database.
    pub(crate) async fn start_alone<S: Site>(backends: &Backends, database: &str) -> Self {
        let mut host = Host::new(settings(&backends.bus, "127.0.0.1:0", PATIENCE).unwrap()).await.unwrap();
        let databases = vec![host.add::<S>(database).await.unwrap().db];
        Self::serve(host, databases, pages::router(S::ASSETS)).await.unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "the tests keep the server's task themselves")]
    pub(crate) async fn serve(host: Host, databases: Vec<Db>, pages: axum::Router) -> Result<Self> {
        let listener = host.bind().await?;
        Ok(Self {
            base: format!("http://{}", listener.local_addr()?),
            databases,
            bus: host.bus(),
            client: reqwest::Client::builder().no_proxy().build()?,
            tasks: host.tasks.clone(),
            dead_expected: AtomicUsize::new(0),
            is_forged: AtomicBool::new(false),
            server: tokio::spawn(host.serve(listener, pages)),
        })
    }

    /// Stops it as a signal would.
    pub(crate) async fn stop(self) {
        self.tasks.stop.cancel();
        self.server.await.unwrap();
    }

    /// Waits until everything is processed, and fails if anything was set aside that the test did not expect.
    pub(crate) async fn finish(self) {
        self.settle().await;
        let mut letters = Vec::new();
        for db in &self.databases {
            letters.extend(dead::list(db, None, 50).await.unwrap());
        }
        assert_eq!(letters.len(), self.dead_expected.load(Ordering::Relaxed), "dead letters: {letters:#?}");
        if !self.is_forged.load(Ordering::Relaxed) {
            history::run_again(&self.databases).await.unwrap();
        }
        self.stop().await;
    }

    /// Waits until a service has set so many inputs aside.
    pub(crate) async fn expect_dead(&self, feed: &str, count: usize) {
        self.dead_expected.fetch_add(count, Ordering::Relaxed);
        let deadline = Instant::now() + PATIENCE;
        while self.get(&format!("/v1/dead/{feed}")).await["items"].as_array().unwrap().len() < count {
            assert!(Instant::now() < deadline, "nothing was set aside");
        }
        self.settle().await;
    }

    /// Waits until every event that was said is published and taken in.
    pub(crate) async fn settle(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let missing = agree::missing(&self.databases).await.unwrap();
            if missing.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "not settled: {missing:#?}");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let response = request.send().await.unwrap();
        let status = response.status();
        let body = response.text().await.unwrap();
        let json = serde_json::from_str(&body).with_context(|| format!("{status}: {body}")).unwrap();
        (status, json)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(self.request(Method::GET, path)).await;
        assert_eq!(status, StatusCode::OK, "GET {path}: {body}");
        body
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(self.request(Method::PUT, path).json(&body)).await;
        assert!(status.is_success(), "PUT {path}: {status} {answer}");
        answer
    }

    /// Posts without a body: an action.
    pub(crate) async fn post(&self, path: &str) -> (StatusCode, Value) {
        self.send(self.request(Method::POST, path)).await
    }

    /// As [`App::post`], where nothing else than 200 is right.
    pub(crate) async fn act(&self, path: &str) -> Value {
        let (status, body) = self.post(path).await;
        assert_eq!(status, StatusCode::OK, "POST {path}: {body}");
        body
    }

    pub(crate) async fn movement(&self, ingredient: &str, kind: &str, quantity: i64) {
        let request = self
            .request(Method::POST, &format!("/v1/stock/soho/{ingredient}/movements"))
            .header("idempotency-key", fresh_id().to_string())
            .json(&json!({"kind": kind, "quantity": quantity}));
        let (status, body) = self.send(request).await;
        assert!(status.is_success(), "{status} {body}");
    }

    /// `soho`: pizza and burgers with recipes, cola without, a modifier with one. Enough for 100 of each.
    pub(crate) async fn open_restaurant(&self) {
        for (ingredient, unit, quantity) in
            [("dough", "each", 100), ("cheese", "g", 100_000), ("bun", "each", 100), ("patty", "each", 100)]
        {
            self.put(&format!("/v1/stock/soho/{ingredient}"), json!({"name": ingredient, "unit": unit})).await;
            self.movement(ingredient, "receive", quantity).await;
        }
        for (sku, needs) in [
            ("margherita", vec![("dough", 1), ("cheese", 100)]),
            ("burger", vec![("bun", 1), ("patty", 1)]),
            ("extra_cheese", vec![("cheese", 50)]),
        ] {
            let needs: Vec<Value> = needs
                .iter()
                .map(|(ingredient, quantity)| json!({"ingredient": ingredient, "quantity": quantity}))
                .collect();
            self.put(&format!("/v1/recipes/soho/{sku}"), json!({"ingredients": needs})).await;
        }
        let stations = json!({
            "stations": [{"id": "pizza", "name": "Pizza"}, {"id": "grill", "name": "Grill"}],
            "default": "grill",
            "routes": [{"category": "Pizza", "station": "pizza"}],
        });
        self.put("/v1/stations/soho", stations).await;
        for (sku, category, price, kind, modifiers) in [
            ("margherita", "Pizza", 900, "dish", vec!["extra_cheese"]),
            ("burger", "Burgers", 1200, "dish", vec!["extra_cheese"]),
            ("cola", "Drinks", 300, "dish", vec![]),
            ("extra_cheese", "Extras", 150, "modifier", vec![]),
        ] {
            let item = json!({"name": sku, "category": category, "price": price, "kind": kind, "modifiers": modifiers});
            self.put(&format!("/v1/menu/soho/{sku}"), item).await;
        }
        let location = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "open"});
        self.put("/v1/locations/soho", location).await;
    }

    /// The body of an order: `"2 margherita +extra_cheese; 1 cola"`.
    pub(crate) fn order(lines: &str) -> Value {
        json!({"location": "soho", "lines": lines.split(';').map(line).collect::<Vec<_>>()})
    }

    pub(crate) fn ordering(&self, key: &str, body: &Value) -> reqwest::RequestBuilder {
        self.request(Method::POST, "/v1/orders").header("idempotency-key", key).json(body)
    }

    /// Places the order under a key of its own and returns its id.
    pub(crate) async fn place(&self, lines: &str) -> String {
        self.place_with_key(&fresh_id().to_string(), &Self::order(lines)).await
    }

    pub(crate) async fn place_with_key(&self, key: &str, body: &Value) -> String {
        let (status, answer) = self.send(self.ordering(key, body)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        text(&answer["id"])
    }

    /// The ticket of an order, once it is there.
    pub(crate) async fn ticket(&self, order: &str) -> Value {
        self.settle().await;
        let tickets = self.get("/v1/tickets?location=soho&limit=500").await;
        let tickets = tickets["items"].as_array().unwrap().clone();
        tickets.into_iter().find(|ticket| ticket["order_id"] == order).expect("the order has a ticket")
    }

    /// Does it to the order's ticket, then waits until all have heard of it.
    pub(crate) async fn kitchen(&self, order: &str, action: &str) -> Value {
        let id = text(&self.ticket(order).await["id"]);
        let ticket = self.act(&format!("/v1/tickets/{id}/{action}")).await;
        self.settle().await;
        ticket
    }

    /// What became of an order, once all have agreed: its status, and why.
    pub(crate) async fn check(&self, order: &str, expected: Expect) {
        self.settle().await;
        let order = self.get(&format!("/v1/orders/{order}")).await;
        let mut shown = text(&order["status"]);
        if let Some(reason) = order["rejection"]["reason"].as_str() {
            shown = format!("{shown} {reason}");
            for one in order["rejection"]["unavailable"].as_array().unwrap() {
                shown = format!("{shown} {}:{}", text(&one["line"]), text(&one["sku"]));
            }
        }
        let cancellation = text(&order["cancellation"]["status"]);
        if cancellation != "none" {
            shown = format!("{shown}, cancellation {cancellation}");
        }
        expected.assert_eq(&shown);
    }

    /// `on_hand` and `reserved` of each ingredient that is named.
    pub(crate) async fn check_stock(&self, ingredients: &str, expected: Expect) {
        self.settle().await;
        let stock = self.get("/v1/stock/soho").await;
        let find = |name: &str| {
            let item = stock["items"].as_array().unwrap().iter().find(|item| item["ingredient"] == name).unwrap();
            format!("{name} {}-{}", item["on_hand"], item["reserved"])
        };
        let shown: Vec<String> = ingredients.split(' ').map(find).collect();
        expected.assert_eq(&shown.join(", "));
    }
}

pub(crate) fn settings(bus: &str, listen: &str, accept_within: Duration) -> Result<Settings> {
    Ok(Settings {
        bus_url: bus.into(),
        listen: listen.parse()?,
        accept_within,
        keep_alive: Duration::from_secs(75),
        drain: Duration::ZERO,
        database_within: Duration::ZERO,
        retention: Retention::Forever,
        shares: Shares::default(),
        strangers: Default::default(),
        access: Default::default(),
        tracing: Default::default(),
    })
}

/// A string of a JSON document.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a string")).to_owned()
}

fn line(text: &str) -> Value {
    let mut words = text.split_whitespace();
    let (quantity, sku): (i64, _) = (words.next().unwrap().parse().unwrap(), words.next().unwrap());
    let modifiers: Vec<&str> = words.map(|word| word.trim_start_matches('+')).collect();
    json!({"sku": sku, "quantity": quantity, "modifiers": modifiers})
}
