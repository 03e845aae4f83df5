//! The processes that are measured, and the restaurant in them.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::load::Connection;

/// The process of all three, and its binary.
pub(crate) const TOGETHER: &str = "comanda";
const DISHES: u64 = 12;
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);

/// A process of the restaurant; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) address: String,
    command: Command,
    child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing of value is in it: the data are thrown away as well.
        let _ = self.kill();
    }
}

impl Process {
    /// Starts the binary and waits until it is ready.
    async fn start(binary: &Path, name: &str, environment: &[(&str, &str)]) -> Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(binary);
        command.env("LISTEN", &address).envs(environment.iter().copied()).stdout(Stdio::null());
        if name == TOGETHER {
            command.arg("--no-demo");
        }
        let child = command.spawn().with_context(|| format!("start {}", binary.display()))?;
        let process = Self { name: name.to_owned(), address, command, child };
        process.wait().await?;
        Ok(process)
    }

    /// SIGKILL: nothing of it runs on.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// On the same port and data as before; returns once it is ready.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        self.child = self.command.spawn()?;
        self.wait().await
    }

    async fn wait(&self) -> Result<()> {
        let (began, mut every) = (Instant::now(), tokio::time::interval(POLL));
        while !self.is_ready().await {
            ensure!(began.elapsed() < PATIENCE, "{} does not become ready", self.name);
            every.tick().await;
        }
        Ok(())
    }

    async fn is_ready(&self) -> bool {
        let Ok(mut connection) = Connection::open(&self.address).await else { return false };
        matches!(connection.send("GET", "/healthz/ready", "", "").await, Ok((200, _)))
    }

    /// Resident memory in MB, now and at its highest.
    pub(crate) fn memory_mb(&self) -> Result<(f64, f64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).context("no such field")?;
            let kb: f64 = line.split_whitespace().nth(1).context("no value")?.parse()?;
            anyhow::Ok(kb / 1024.0)
        };
        Ok((field("VmRSS")?, field("VmHWM")?))
    }

    /// Processor time that it has used, in seconds.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().context("no fields")?.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        Ok(ticks as f64 / 100.0)
    }
}

/// What the processes are started from.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    /// The directory that they are in.
    pub(crate) binaries: PathBuf,
    /// What they are told beside where their data are.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Build {
    /// As cargo has built it with this benchmark.
    pub(crate) fn own() -> Self {
        Self { binaries: binaries(), environment: Vec::new() }
    }

    async fn start(&self, name: &str, places: &[(&str, &str)]) -> Result<Process> {
        let own = self.environment.iter().map(|(variable, value)| (*variable, &**value));
        let environment: Vec<(&str, &str)> = places.iter().copied().chain(own).collect();
        Process::start(&self.binaries.join(name), name, &environment).await
    }
}

/// The processes of one pair of backends, by what they serve.
#[derive(Debug)]
pub(crate) struct Restaurant {
    pub(crate) processes: Vec<Process>,
}

/// Where a restaurant keeps its data and meets.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) bus: String,
    /// Of order-svc, inventory-svc, kitchen-svc.
    pub(crate) databases: [String; 3],
}

impl Place {
    pub(crate) fn in_files(directory: &Path) -> Self {
        let file = |name: &str| format!("sqlite:{}/{name}.db", directory.display());
        Self { bus: file("bus"), databases: ["order", "inventory", "kitchen"].map(file) }
    }
}

impl Restaurant {
    fn serving(&self, service: &str) -> &Process {
        let found = self.processes.iter().find(|process| process.name == service);
        found.unwrap_or(&self.processes[0])
    }

    /// Of all who take orders.
    pub(crate) fn orders(&self) -> Vec<String> {
        let taking = self.processes.iter().filter(|process| [TOGETHER, "order-svc"].contains(&&*process.name));
        taking.map(|process| process.address.clone()).collect()
    }

    pub(crate) fn inventory(&self) -> &str {
        &self.serving("inventory-svc").address
    }

    pub(crate) fn kitchen(&self) -> &str {
        &self.serving("kitchen-svc").address
    }

    /// All three in one process.
    pub(crate) async fn together(build: &Build, Place { bus, databases }: &Place) -> Result<Self> {
        let [order, inventory, kitchen] = databases;
        let environment = [
            ("BUS_URL", &**bus),
            ("ORDER_DATABASE_URL", order),
            ("INVENTORY_DATABASE_URL", inventory),
            ("KITCHEN_DATABASE_URL", kitchen),
        ];
        Ok(Self { processes: vec![build.start(TOGETHER, &environment).await?] })
    }

    /// A process each, all started at once.
    pub(crate) async fn apart(build: &Build, Place { bus, databases }: &Place) -> Result<Self> {
        let start = async |service: &str, database: &str| {
            let (name, variable) = (format!("{service}-svc"), format!("{}_DATABASE_URL", service.to_uppercase()));
            build.start(&name, &[("BUS_URL", bus), (&variable, database)]).await
        };
        let [order, inventory, kitchen] = databases;
        let (order, inventory, kitchen) =
            tokio::try_join!(start("order", order), start("inventory", inventory), start("kitchen", kitchen))?;
        Ok(Self { processes: vec![order, inventory, kitchen] })
    }

    /// One more order-svc, on the same data.
    pub(crate) async fn another(&mut self, build: &Build, Place { bus, databases }: &Place) -> Result<()> {
        let environment = [("BUS_URL", &**bus), ("ORDER_DATABASE_URL", &databases[0])];
        self.processes.push(build.start("order-svc", &environment).await?);
        Ok(())
    }

    /// Twelve dishes of two ingredients each, with stock for a billion, and a location that is open.
    pub(crate) async fn open(&self) -> Result<()> {
        let (orders, inventory) = (&self.serving("order-svc").address, self.inventory());
        for n in 0..DISHES {
            for part in 0..2 {
                let path = format!("/v1/stock/soho/part-{part}-{n}");
                put(inventory, &path, json!({"name": "Part", "unit": "g"})).await?;
                let body = json!({"kind": "receive", "quantity": 1_000_000_000}).to_string();
                let header = format!("Idempotency-Key: {part}-{n}\r\n");
                expect(inventory, "POST", &format!("{path}/movements"), &header, &body).await?;
            }
            let ingredients = json!([
                {"ingredient": format!("part-0-{n}"), "quantity": 100},
                {"ingredient": format!("part-1-{n}"), "quantity": 20},
            ]);
            put(inventory, &format!("/v1/recipes/soho/dish-{n}"), json!({"ingredients": ingredients})).await?;
            let item = json!({"name": format!("Dish number {n}"), "category": "Mains", "price": 950});
            put(orders, &format!("/v1/menu/soho/dish-{n}"), item).await?;
        }
        let location = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "open"});
        put(orders, "/v1/locations/soho", location).await
    }

    /// How many tickets the kitchen has committed.
    pub(crate) async fn tickets(&self) -> Result<u64> {
        let mut connection = Connection::open(self.kitchen()).await?;
        let (_, metrics) = connection.send("GET", "/metrics", "", "").await?;
        let wanted = |line: &&str| {
            ["comanda_events_total{", "type=\"ticket.opened\"", "outcome=\"said\""]
                .iter()
                .all(|part| line.contains(part))
        };
        let line = metrics.lines().find(wanted);
        Ok(line.and_then(|line| line.rsplit(' ').next()).and_then(|text| text.parse().ok()).unwrap_or(0))
    }
}

async fn put(address: &str, path: &str, body: serde_json::Value) -> Result<()> {
    expect(address, "PUT", path, "", &body.to_string()).await
}

async fn expect(address: &str, method: &str, path: &str, headers: &str, body: &str) -> Result<()> {
    let (status, answer) = Connection::open(address).await?.send(method, path, headers, body).await?;
    if status >= 300 {
        bail!("{method} {path}: {status} {answer}");
    }
    Ok(())
}

/// Where cargo puts the binaries of this profile.
pub(crate) fn binaries() -> PathBuf {
    let comanda = Path::new(env!("CARGO_BIN_EXE_comanda"));
    comanda.parent().map(Path::to_path_buf).unwrap_or_default()
}
