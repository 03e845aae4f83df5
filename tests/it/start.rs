//! What the process says when it cannot start: one line that tells what to do, and an exit code that is not 0.

use std::os::unix::fs::symlink;

use expect_test::{Expect, expect};

use crate::{
    harness::Backends,
    process::{Process, comanda, free_address},
};

/// Starts it on the backends with other variables than usual, and holds what it says against `expected`. Paths of the
/// test's own are shown as `DIR`.
fn check(backends: &Backends, variables: &[(&str, &str)], expected: Expect) {
    let mut command = comanda(backends, &free_address());
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    expected.assert_eq(&said.replace(&backends.directory(), "DIR"));
}

#[tokio::test]
async fn what_is_wrong_is_said_in_one_line() {
    let backends = Backends::embedded();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = comanda(&backends, &address);
    let said = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(said.starts_with(&format!("comanda: LISTEN: cannot listen on {address}")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    check(
        &backends,
        &[("LISTEN", "0.0.0.0:0")],
        expect![[r#"
        comanda: LISTEN=0.0.0.0:0 is reachable from other machines, and nobody has to authenticate; listen on 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true where something in front of it authenticates
    "#]],
    );
    check(
        &backends,
        &[("BUS_URL", "http://localhost")],
        expect![[r#"
        comanda: BUS_URL: the URL starts with none of sqlite:, amqp: and amqps:
    "#]],
    );
    check(
        &backends,
        &[("KITCHEN_DATABASE_URL", "mysql://localhost/kitchen")],
        expect![[r#"
        comanda: KITCHEN_DATABASE_URL: the URL starts with neither sqlite: nor postgres:
    "#]],
    );
    check(
        &backends,
        &[("ORDER_DATABASE_URL", "sqlite:/proc/comanda/order.db")],
        expect![[r#"
        comanda: ORDER_DATABASE_URL: create the directory /proc/comanda: No such file or directory (os error 2)
    "#]],
    );
    check(
        &backends,
        &[("ORDER_DATABASE_URL", "postgres://nobody@127.0.0.1:1/orders")],
        expect![[r#"
        comanda: ORDER_DATABASE_URL: connect to PostgreSQL: error communicating with database: Connection refused (os error 111)
    "#]],
    );
    check(
        &backends,
        &[("INVENTORY_DATABASE_URL", &backends.databases[0])],
        expect![[r#"
        comanda: INVENTORY_DATABASE_URL and ORDER_DATABASE_URL are the same; each needs a database or file of its own
    "#]],
    );
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused() {
    let backends = Backends::embedded();
    let _first = Process::start(&backends, &free_address()).await;
    check(
        &backends,
        &[],
        expect![[r#"
        comanda: BUS_URL: DIR/bus.db is in use, by another process or for another URL of this one
    "#]],
    );
    let link = format!("{}/link.db", backends.directory());
    symlink(backends.bus.trim_start_matches("sqlite:"), &link).unwrap();
    check(
        &backends,
        &[("BUS_URL", &format!("sqlite:{link}"))],
        expect![[r#"
        comanda: BUS_URL: DIR/bus.db is in use, by another process or for another URL of this one
    "#]],
    );
}
