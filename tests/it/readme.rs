//! What README says of servers, done as it says.

use std::{collections::HashMap, path::Path, process::Command};

use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use shared::{engine::service::Service, web::site::Site};

use crate::{
    harness::{App, Backends, PATIENCE},
    servers::{Scratch, Servers},
};

const README: &str = include_str!("../../README.md");
/// Where the lines put the servers; the test has a place of its own.
const DIRECTORY: &str = "/tmp/comanda/";

/// The blocks of shell under a heading.
fn blocks(heading: &str) -> Vec<&'static str> {
    let (_, section) = README.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

/// Stops the servers that the lines have started.
struct Started(Scratch);

impl Started {
    /// Runs the lines as they are, and returns the variables that they leave.
    fn shell(&self, lines: &str) -> HashMap<String, String> {
        let lines = lines.replace(DIRECTORY, &format!("{}/", self.0.path().display()));
        let mut bash = Command::new("bash");
        bash.args(["-euc", &format!("{lines}\nenv -0")]).current_dir(env!("CARGO_MANIFEST_DIR"));
        let output = bash.output().unwrap();
        assert!(output.status.success(), "{lines}: {}", String::from_utf8_lossy(&output.stderr));
        let variables = String::from_utf8(output.stdout).unwrap();
        let variables = variables.split('\0').filter_map(|pair| pair.split_once('='));
        variables.map(|(name, value)| (name.trim().to_owned(), value.to_owned())).collect()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        for kind in ["postgres", "rabbitmq"] {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/servers");
            let _ = Command::new(script).arg("kill").arg(self.0.path().join(kind)).output();
        }
    }
}

/// The line that starts a service: its variable and what it is set to.
fn starting<'a>(lines: &'a str, service: &str) -> (&'a str, &'a str) {
    let ending = format!(" cargo run --bin {service} &");
    lines.lines().find_map(|line| line.strip_suffix(&ending)?.split_once('=')).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_readme_says_of_servers_works() {
    // Without servers for the tests there may be none to start.
    if Servers::get().is_none() {
        return;
    }
    let [servers, services, demo, moving] = blocks("## Run it on servers")[..] else { panic!("four blocks") };
    let started = Started(Scratch::new().unwrap());
    let (creating, _) = services.split_once("\nORDER_").unwrap();
    let exports: String = [OrderSvc::NAME, InventorySvc::NAME, KitchenSvc::NAME]
        .map(|service| starting(services, service))
        .map(|(variable, value)| format!("export {variable}={value}\n"))
        .concat();
    let files = Backends::embedded();
    App::start(&files, PATIENCE).await.stop().await;
    let moving = moving.replace("cargo run --", env!("CARGO_BIN_EXE_comanda"));
    let moving = moving.replace("sqlite:data/", &format!("sqlite:{}/", files.directory()));
    let variables = started.shell(&format!("{servers}{creating}\n{moving}\n{exports}"));
    let variable = |name: &str| variables[name].clone();
    let databases = ["ORDER", "INVENTORY", "KITCHEN"].map(|name| variable(&format!("{name}_DATABASE_URL")));
    let backends = Backends::at(variable("BUS_URL"), databases);
    let order = start::<OrderSvc>(&backends, 0).await;
    let inventory = start::<InventorySvc>(&backends, 1).await;
    let kitchen = start::<KitchenSvc>(&backends, 2).await;
    let demo = demo.replace("cargo run --", env!("CARGO_BIN_EXE_comanda"));
    let demo = [&order, &inventory, &kitchen]
        .iter()
        .zip(8081..)
        .fold(demo, |demo, (app, port)| demo.replace(&format!("http://127.0.0.1:{port}"), &app.base));
    tokio::task::spawn_blocking(move || drop(Command::new("bash").args(["-euc", &demo]).output().unwrap()))
        .await
        .unwrap();
    let request = order.ordering("k", &App::order("2 margherita")).header("prefer", "wait=20");
    let (_, answer) = order.send(request).await;
    assert_eq!(answer["status"], "accepted", "{answer}");
    for app in [order, inventory, kitchen] {
        app.stop().await;
    }
}

async fn start<S: Site>(backends: &Backends, database: usize) -> App {
    App::start_alone::<S>(backends, &backends.databases[database]).await
}
