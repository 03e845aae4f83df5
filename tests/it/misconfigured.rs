//! A broker that can never be worked with as it is configured: said once, with what to change, and mended without
//! a restart.

use std::{io::Read, process::Stdio};

use expect_test::{Expect, expect};
use reqwest::StatusCode;
use serde_json::Value;
use shared::engine::call::fresh_id;
use tokio::time::{Duration, Instant, interval};

use crate::{
    harness::{Backends, PATIENCE, text},
    process::{comanda, free_address},
    servers::Servers,
};

const POLL: Duration = Duration::from_millis(50);

async fn get(address: &str, path: &str) -> Option<(StatusCode, String)> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("http://{address}{path}")).send().await.ok()?;
    Some((answer.status(), answer.text().await.ok()?))
}

/// Until so many of the tasks that hold a connection to the bus say that it is configured wrongly.
async fn wait_until_misconfigured(address: &str, expected: usize) {
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
    loop {
        let metrics = get(address, "/metrics").await.map_or(String::new(), |(_, metrics)| metrics);
        let said: Vec<&str> = metrics.lines().filter(|line| line.starts_with("comanda_bus_misconfigured{")).collect();
        if said.len() == 6 && said.iter().filter(|line| line.ends_with(" 1")).count() == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{said:#?}");
        every.tick().await;
    }
}

/// Whether a service can do its job does not hang on the bus. A machine that is busy may need a moment for it.
async fn wait_until_ready(address: &str) {
    let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
    loop {
        let (status, said) = get(address, "/healthz/ready").await.unwrap();
        if status == StatusCode::OK {
            return;
        }
        assert!(Instant::now() < deadline, "{said}");
        every.tick().await;
    }
}

/// Runs the restaurant on this bus until it knows what is wrong, mends that, and runs it until all is well. What it
/// says of it is held against `expected`; `hidden` is what differs from run to run.
async fn check(bus: &str, tasks: usize, mend: impl AsyncFnOnce(), hidden: &[(&str, &str)], expected: Expect) {
    let mut backends = Backends::embedded();
    backends.bus = bus.to_owned();
    let address = free_address();
    let mut command = comanda(&backends, &address);
    let mut child = command.arg("--no-demo").env_remove("RUST_LOG").stderr(Stdio::piped()).spawn().unwrap();
    wait_until_misconfigured(&address, tasks).await;
    wait_until_ready(&address).await;
    mend().await;
    wait_until_misconfigured(&address, 0).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let mut stderr = String::new();
    child.stderr.unwrap().read_to_string(&mut stderr).unwrap();
    let lines = stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut said = lines.filter(|line| line["level"] == "ERROR").map(|line| text(&line["message"]));
    // It may be seen once more in the middle of being mended, and be wrong in another way then.
    let said = said.next().unwrap_or_default();
    expected.assert_eq(&hidden.iter().fold(said, |said, (text, name)| said.replace(text, name)));
}

#[tokio::test]
async fn a_virtual_host_that_is_not_there() {
    let Some(servers) = Servers::get() else { return };
    let bus = servers.vhost().await.unwrap();
    servers.drop_vhost(&bus).await.unwrap();
    let (_, name) = bus.rsplit_once('/').unwrap();
    let mend = async || servers.make_vhost(name).await.unwrap();
    check(&bus, 6, mend, &[(name, "VHOST")], expect![[r#"BUS_URL: the virtual host "VHOST" is not there or not open to the user "guest"; create it, grant it, or name another (NOT_ALLOWED - vhost VHOST not found); nothing is published or taken in until then"#]]).await;
    servers.drop_vhost(&bus).await.unwrap();
}

#[tokio::test]
async fn a_user_without_permissions() {
    let Some(servers) = Servers::get() else { return };
    let (bus, name) = (servers.vhost().await.unwrap(), fresh_id().simple().to_string());
    let theirs = servers.user(&bus, &name, &name).await.unwrap();
    let (_, vhost) = bus.rsplit_once('/').unwrap();
    servers.permit(&bus, &name, ["", ".*", ".*"]).await.unwrap();
    let mend = async || servers.permit(&bus, &name, [".*", ".*", ".*"]).await.unwrap();
    check(&theirs, 6, mend, &[(&name, "USER"), (vhost, "VHOST")], expect![[r#"BUS_URL: the user "USER" lacks a permission in the virtual host "VHOST"; let it configure, write and read comanda.* and *-svc.* (ACCESS_REFUSED - access to exchange 'comanda.events' in vhost 'VHOST' refused for user 'USER'); nothing is published or taken in until then"#]]).await;
    servers.drop_user(&name).await.unwrap();
    servers.drop_vhost(&bus).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password() {
    let Some(servers) = Servers::get() else { return };
    let (bus, name) = (servers.vhost().await.unwrap(), fresh_id().simple().to_string());
    let theirs = servers.user(&bus, &name, &name).await.unwrap();
    servers.permit(&bus, &name, [".*", ".*", ".*"]).await.unwrap();
    servers.user(&bus, &name, "another").await.unwrap();
    let mend = async || drop(servers.user(&bus, &name, &name).await.unwrap());
    check(&theirs, 6, mend, &[(&name, "USER")], expect![[r#"BUS_URL: the broker refuses the user "USER"; mend the name or the password (ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.); nothing is published or taken in until then"#]]).await;
    servers.drop_user(&name).await.unwrap();
    servers.drop_vhost(&bus).await.unwrap();
}
