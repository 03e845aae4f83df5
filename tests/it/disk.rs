//! What can happen to the files of a running process: the disk fills up, and somebody removes them.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::engine::call::fresh_id;
use tokio::time::{Duration, Instant, interval};

use crate::{
    harness::{App, Backends, PATIENCE},
    process::{Process, comanda, free_address, wrapped},
};

/// A cola and a place that sells it.
async fn open(process: &Process) {
    let location = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "open"});
    let cola = json!({"name": "Cola", "category": "Drinks", "price": 300});
    for (path, body) in [("/v1/locations/soho", location), ("/v1/menu/soho/cola", cola)] {
        let (status, answer) = process.send(process.request(Method::PUT, path).json(&body)).await;
        assert!(status.is_success(), "{answer}");
    }
}

async fn place(process: &Process, key: &str) -> (StatusCode, Value) {
    let request = process.request(Method::POST, "/v1/orders").header("idempotency-key", key);
    process.send(request.json(&App::order("1 cola"))).await
}

/// Orders until the answer is this one; how often it was 202, and what was answered last.
async fn place_until(process: &Process, wanted: StatusCode) -> (usize, Value) {
    let (deadline, mut taken) = (Instant::now() + PATIENCE, 0);
    let mut every = interval(Duration::from_millis(20));
    loop {
        every.tick().await;
        let (status, answer) = place(process, &fresh_id().to_string()).await;
        taken += usize::from(status == StatusCode::ACCEPTED);
        if status == wanted {
            return (taken, answer);
        }
        assert!([StatusCode::ACCEPTED, StatusCode::SERVICE_UNAVAILABLE].contains(&status), "{answer}");
        assert!(Instant::now() < deadline, "never {wanted}: {answer}");
    }
}

/// What it says of itself once it says that it is ready, or that it is not.
async fn readiness(process: &Process, wanted: StatusCode) -> String {
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(Duration::from_millis(100)));
    loop {
        every.tick().await;
        let (status, health) = process.send(process.request(Method::GET, "/healthz/ready")).await;
        if status == wanted {
            return health["services"]["order-svc"].as_str().unwrap().to_owned();
        }
        assert!(Instant::now() < deadline, "never {wanted}: {health}");
    }
}

/// It takes orders until there is no space, says so, and takes them again once there is.
async fn outlives(process: Process, fill: impl Fn(&Process), free: impl Fn(&Process), words: &str) {
    open(&process).await;
    let mut taken = 0;
    for _ in 0..2 {
        taken += place_until(&process, StatusCode::ACCEPTED).await.0;
        fill(&process);
        let (more, refused) = place_until(&process, StatusCode::SERVICE_UNAVAILABLE).await;
        taken += more;
        assert!(refused["detail"].as_str().unwrap().contains(words), "{refused}");
        assert!(readiness(&process, StatusCode::SERVICE_UNAVAILABLE).await.contains(words));
        free(&process);
        assert_eq!(readiness(&process, StatusCode::OK).await, "ok");
        taken += place_until(&process, StatusCode::ACCEPTED).await.0;
    }
    let (_, orders) = process.send(process.request(Method::GET, "/v1/orders?location=soho&limit=500")).await;
    let kept = orders["items"].as_array().unwrap().len();
    assert!(kept >= taken, "{kept} of {taken} orders are kept");
    assert_eq!(process.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_outlived() {
    // A disk of its own takes a namespace, which some containers refuse; the limit below is refused nowhere.
    if !Command::new("unshare").args(["-rm", "true"]).status().unwrap().success() {
        eprintln!("left out: a disk that is full (unshare -rm is refused here)");
        return;
    }
    let (backends, address) = (Backends::embedded(), free_address());
    let directory = backends.directory();
    let mount = "mount -t tmpfs -o size=14m tmpfs \"$0\" && exec \"$@\"";
    let mut command = wrapped(&comanda(&backends, &address), &["unshare", "-rm", "sh", "-c", mount, &directory]);
    let process = Process::run(command.arg("--no-demo"), &address).await;
    let filler = PathBuf::from(format!("/proc/{}/root/{directory}/filler", process.id()));
    let fill = |_: &Process| {
        let mut file = fs::File::create(&filler).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    };
    outlives(process, fill, |_| fs::remove_file(&filler).unwrap(), "disk of the database is full").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_may_not_grow_are_outlived() {
    let (backends, address) = (Backends::embedded(), free_address());
    let mut command = wrapped(&comanda(&backends, &address), &["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    let process = Process::run(command.arg("--no-demo"), &address).await;
    let limit = |process: &Process, bytes: &str| {
        let (pid, limit) = (process.id().to_string(), format!("--fsize={bytes}:unlimited"));
        assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
    };
    outlives(process, |process| limit(process, "4096"), |process| limit(process, "unlimited"), "does not answer").await;
}

/// What the disk does not take is not waited for.
#[tokio::test(flavor = "multi_thread")]
async fn it_ends_in_good_order_while_its_disk_is_full() {
    let (backends, address) = (Backends::embedded(), free_address());
    let mut command = wrapped(&comanda(&backends, &address), &["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    command.arg("--no-demo").env("RUST_LOG", "info").stderr(Stdio::piped());
    let process = Process::run(&mut command, &address).await;
    open(&process).await;
    place_until(&process, StatusCode::ACCEPTED).await;
    let limit = ["--pid", &process.id().to_string(), "--fsize=4096:unlimited"];
    assert!(Command::new("prlimit").args(limit).status().unwrap().success());
    place_until(&process, StatusCode::SERVICE_UNAVAILABLE).await;
    let (code, said) = process.terminate_and_read();
    assert_eq!(code, Some(0));
    assert!(!said.contains("gave up waiting"), "{said}");
    let process = Process::start(&backends, &address).await;
    assert_eq!(readiness(&process, StatusCode::OK).await, "ok");
    assert_eq!(process.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_removed_are_missed() {
    let (backends, address) = (Backends::embedded(), free_address());
    let process = Process::start(&backends, &address).await;
    open(&process).await;
    place_until(&process, StatusCode::ACCEPTED).await;
    let (here, aside) = (backends.directory(), format!("{}-aside", backends.directory()));
    fs::rename(&here, &aside).unwrap();
    let words = "were removed or replaced";
    for _ in 0..3 {
        let (status, refused) = place(&process, &fresh_id().to_string()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains(words), "{refused}");
    }
    assert!(readiness(&process, StatusCode::SERVICE_UNAVAILABLE).await.contains(words));
    fs::rename(&aside, &here).unwrap();
    readiness(&process, StatusCode::OK).await;
    place_until(&process, StatusCode::ACCEPTED).await;
    // Others in their place are not the same.
    fs::rename(&here, &aside).unwrap();
    fs::create_dir(&here).unwrap();
    for file in fs::read_dir(&aside).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), PathBuf::from(&here).join(file.file_name())).unwrap();
    }
    assert_eq!(place(&process, &fresh_id().to_string()).await.0, StatusCode::SERVICE_UNAVAILABLE);
    fs::remove_dir_all(&aside).unwrap();
    fs::remove_dir_all(&here).unwrap();
    assert_eq!(place(&process, &fresh_id().to_string()).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert!(readiness(&process, StatusCode::SERVICE_UNAVAILABLE).await.contains(words));
    process.terminate();
    let process = Process::start(&backends, &address).await;
    open(&process).await;
    place_until(&process, StatusCode::ACCEPTED).await;
    assert_eq!(process.terminate(), Some(0));
}
