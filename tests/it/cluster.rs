//! What a process does for whoever starts, asks and stops it: containers, and what runs them.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

use reqwest::{Method, StatusCode, header::CONNECTION};
use tokio::time::{Instant, interval};

use crate::{
    harness::{Backends, PATIENCE, text},
    process::{POLL, Process, comanda, free_address},
    servers::Servers,
};

#[tokio::test]
async fn who_is_asked_to_stop_serves_on_until_others_have_heard_of_it() {
    let (backends, address) = (Backends::embedded(), free_address());
    let mut command = comanda(&backends, &address);
    let process = Process::run(command.arg("--no-demo").env("DRAIN", "1h"), &address).await;
    process.ask_to_stop();
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
    loop {
        let (status, health) = process.send(process.request(Method::GET, "/healthz/ready")).await;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(text(&health["status"]), "stopping");
            break;
        }
        assert!(Instant::now() < deadline, "it does not say that it stops");
        every.tick().await;
    }
    let alive = process.request(Method::GET, "/healthz/live").send().await.unwrap();
    assert_eq!(alive.status(), StatusCode::OK);
    let served = process.request(Method::GET, "/v1/locations").send().await.unwrap();
    assert_eq!((served.status(), &served.headers()[CONNECTION]), (StatusCode::OK, &"close".parse().unwrap()));
    // Whoever asks twice does not want to wait.
    assert_eq!(process.terminate(), Some(0));
}

/// A command of the program with what it was told; its exit code and what it says.
fn ended(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.env("RUST_LOG", "error").output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.args(arguments);
    command
}

#[tokio::test]
async fn a_database_is_brought_up_to_date_for_its_service_alone() {
    for backends in [Some(Backends::embedded()), Backends::servers().await].into_iter().flatten() {
        let url = &backends.databases[0];
        // As often as a pod is started, and by all replicas at once.
        let mut all: Vec<_> = (0..if url.starts_with("postgres") { 4 } else { 1 })
            .map(|_| program(&["order-svc", "migrate"]).env("ORDER_DATABASE_URL", url).spawn().unwrap())
            .collect();
        assert!(all.iter_mut().all(|one| one.wait().unwrap().success()));
        assert_eq!(ended(program(&["order-svc", "migrate"]).env("ORDER_DATABASE_URL", url)), (Some(0), String::new()));
        let (code, said) = ended(program(&["kitchen-svc", "migrate"]).env("KITCHEN_DATABASE_URL", url));
        assert_eq!(code, Some(1));
        assert!(said.contains("KITCHEN_DATABASE_URL: the database belongs to order-svc"), "{said}");
        backends.remove().await;
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_yet_is_waited_for() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.database_to_be().unwrap();
    let mut waiting = program(&["inventory-svc", "migrate"])
        .env("INVENTORY_DATABASE_URL", &url)
        .env("DATABASE_WITHIN", "1h")
        .env("RUST_LOG", "warn")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(waiting.stderr.take().unwrap()).lines();
    let line = said.next().unwrap().unwrap();
    assert!(line.contains("waiting for the database"), "{line}");
    servers.create_database(&url).await.unwrap();
    assert!(waiting.wait().unwrap().success());
    servers.drop_database(&url).await.unwrap();
}

#[tokio::test]
async fn a_container_asks_for_its_health_with_what_it_has() {
    let (backends, address) = (Backends::embedded(), free_address());
    let process = Process::start(&backends, &address).await;
    for check in [&["healthcheck"][..], &["kitchen-svc", "healthcheck"]] {
        assert_eq!(ended(program(check).env("LISTEN", &address)), (Some(0), String::new()));
    }
    process.kill();
    let (code, said) = ended(program(&["healthcheck"]).env("LISTEN", &address));
    assert_eq!(code, Some(1));
    assert!(said.starts_with(&format!("comanda: LISTEN: {address}: nobody answers: ")), "{said}");
}

#[tokio::test]
async fn guests_come_to_services_that_run_already() {
    let (backends, address) = (Backends::embedded(), free_address());
    let process = Process::start(&backends, &address).await;
    let at = format!("http://{address}");
    let mut simulate = program(&["simulate", "--at", &at, "--rate", "100/s", "--for", "1s"]);
    let Output { status, stdout, .. } = simulate.env("RUST_LOG", "error").output().unwrap();
    let said = String::from_utf8(stdout).unwrap();
    assert!(status.success(), "{said}");
    assert!(said.contains(" ordered, ") && said.contains("; 0 requests made again; an answer took "), "{said}");
    let (_, orders) = process.send(process.request(Method::GET, "/v1/orders?location=soho")).await;
    assert!(!orders["items"].as_array().unwrap().is_empty());
    assert_eq!(process.terminate(), Some(0));
}
