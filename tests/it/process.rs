//! The real process, to be killed, and guests who keep ordering from it.

use std::{
    io::Read,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use shared::engine::call::fresh_id;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Duration, Instant, interval, timeout},
};

use crate::harness::{App, Backends, PATIENCE, text};

/// How often a process is asked that is not there yet, or not any more.
pub(crate) const POLL: Duration = Duration::from_millis(10);

/// A running `comanda`. Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    base: String,
}

/// An address that nobody listens on yet.
pub(crate) fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// `comanda` on these backends, not yet started.
pub(crate) fn comanda(backends: &Backends, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command
        .env("LISTEN", listen)
        .env("BUS_URL", &backends.bus)
        .env("ORDER_DATABASE_URL", &backends.databases[0])
        .env("INVENTORY_DATABASE_URL", &backends.databases[1])
        .env("KITCHEN_DATABASE_URL", &backends.databases[2])
        .env("RUST_LOG", "error")
        .stdout(Stdio::null());
    command
}

/// A command inside another, which sets something up for it and becomes it.
pub(crate) fn wrapped(command: &Command, by: &[&str]) -> Command {
    let mut wrapper = Command::new(by[0]);
    wrapper.args(&by[1..]).arg(command.get_program()).args(command.get_args()).stdout(Stdio::null());
    for (name, value) in command.get_envs() {
        wrapper.env(name, value.unwrap_or_default());
    }
    wrapper
}

impl Process {
    /// An empty restaurant.
    pub(crate) async fn start(backends: &Backends, listen: &str) -> Self {
        Self::run(comanda(backends, listen).arg("--no-demo"), listen).await
    }

    pub(crate) async fn run(command: &mut Command, listen: &str) -> Self {
        let child = command.spawn().unwrap();
        let mut process = Self { child, base: format!("http://{listen}") };
        process.wait_until_ready().await;
        process
    }

    async fn wait_until_ready(&mut self) {
        let url = format!("{}/healthz/ready", self.base);
        let (client, deadline) = (client(), Instant::now() + PATIENCE);
        let mut every = interval(POLL);
        while !client.get(&url).send().await.is_ok_and(|answer| answer.status() == StatusCode::OK) {
            assert!(Instant::now() < deadline, "the process does not become ready");
            assert!(self.child.try_wait().unwrap().is_none(), "the process has ended");
            every.tick().await;
        }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        client().request(method, format!("{}{path}", self.base))
    }

    /// The status, and the body, which is JSON.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    /// SIGKILL: nothing of it runs on.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM.
    pub(crate) fn ask_to_stop(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// SIGTERM; the exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        self.ask_to_stop();
        self.child.wait().unwrap().code()
    }
}

impl Process {
    /// SIGTERM; the exit code, and what was written to standard error, which is a pipe.
    pub(crate) fn terminate_and_read(mut self) -> (Option<i32>, String) {
        self.ask_to_stop();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have been killed before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap()
}

/// Guests who order one after the other, and with the same key again until they are answered 202.
#[derive(Debug)]
pub(crate) struct Guests {
    going: Arc<AtomicBool>,
    served: Arc<watch::Sender<usize>>,
    orders: Arc<Mutex<Vec<String>>>,
    tasks: JoinSet<()>,
}

impl Guests {
    /// `count` guests, who go round the addresses.
    pub(crate) fn arrive(count: usize, addresses: &[String], lines: &'static str) -> Self {
        let mut guests = Self {
            going: Arc::new(AtomicBool::new(true)),
            served: Arc::new(watch::Sender::new(0)),
            orders: Arc::default(),
            tasks: JoinSet::new(),
        };
        for guest in 0..count {
            let (going, served, orders) =
                (Arc::clone(&guests.going), Arc::clone(&guests.served), Arc::clone(&guests.orders));
            let mut addresses: Vec<String> = addresses.to_vec();
            let first = guest % addresses.len();
            addresses.rotate_left(first);
            guests.tasks.spawn(async move {
                while going.load(Ordering::Relaxed) {
                    let order = insist(&addresses, lines).await;
                    orders.lock().unwrap().push(order);
                    served.send_modify(|served| *served += 1);
                }
            });
        }
        guests
    }

    /// Until so many more were answered.
    pub(crate) async fn wait_for(&self, more: usize) {
        let mut served = self.served.subscribe();
        let enough = *served.borrow() + more;
        let waited = timeout(PATIENCE, served.wait_for(|served| *served >= enough)).await;
        waited.expect("the guests are answered").unwrap();
    }

    /// Lets each finish the order it is at, and returns the ids of all.
    pub(crate) async fn leave(mut self) -> Vec<String> {
        self.going.store(false, Ordering::Relaxed);
        while let Some(guest) = self.tasks.join_next().await {
            guest.unwrap();
        }
        std::mem::take(&mut *self.orders.lock().unwrap())
    }
}

/// Posts an order again and again, at one address after the other, until one of them answers 202.
async fn insist(addresses: &[String], lines: &str) -> String {
    let (key, body, client) = (fresh_id().to_string(), App::order(lines), client());
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
    for address in addresses.iter().cycle() {
        let url = format!("http://{address}/v1/orders");
        let answer = client.post(url).header("idempotency-key", &key).json(&body).send().await;
        match answer {
            Ok(answer) if answer.status() == StatusCode::ACCEPTED => {
                // An answer that broke off is asked for again.
                if let Ok(order) = answer.json::<Value>().await {
                    return text(&order["id"]);
                }
            }
            Ok(answer) => assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE),
            Err(_) => {}
        }
        assert!(Instant::now() < deadline, "the guest is not answered");
        every.tick().await;
    }
    unreachable!("the addresses go round for ever")
}
