//! A database is lost and its dump put back, which is older than all others: by the words of docs/operations.md.

use std::{fs, path::Path, process::Command};

use expect_test::expect;

use crate::{
    developer::told,
    harness::{App, Backends, scratch},
    missed::WAIT,
    servers::Servers,
};

const OPERATIONS: &str = include_str!("../../docs/operations.md");

/// What the document has one do.
#[test]
fn the_document_says_so() {
    for words in
        ["put its dump back, start the service, `comanda audit --mend`", "`pg_dump` of each database", "copy `data/`"]
    {
        assert!(OPERATIONS.contains(words), "{words}");
    }
}

/// Of a database on a server, at any moment; whether there is a program for it that is as new as the server.
fn dump(url: &str, to: &Path) -> bool {
    let dumped = Command::new("pg_dump").arg(format!("--dbname={url}")).arg("--file").arg(to).output();
    let said =
        dumped.as_ref().map_or_else(ToString::to_string, |dumped| String::from_utf8_lossy(&dumped.stderr).into());
    let is_there = dumped.is_ok() && !said.contains("server version mismatch");
    assert!(!is_there || dumped.unwrap().status.success(), "{said}");
    if !is_there {
        eprintln!("left out: a dump of PostgreSQL (no pg_dump of its version is to be had): {said}");
    }
    is_there
}

/// Into an empty one.
fn put_back(url: &str, from: &Path) {
    let mut psql = Command::new("psql");
    psql.args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"])
        .arg(format!("--dbname={url}"))
        .arg("--file")
        .arg(from);
    let restored = psql.output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
}

/// All is heard of that was said since the dump, and cooked.
async fn catches_up(backends: &Backends, before: &str, after: &[String]) {
    let app = App::start(backends, WAIT).await;
    let mended = told(&["audit", "--mend", "--at", &app.base]).await;
    assert!(mended.contains("resent"), "{mended}");
    app.settle().await;
    app.check(before, expect!["completed"]).await;
    for order in after {
        app.kitchen(order, "serve").await;
        app.check(order, expect!["completed"]).await;
    }
    assert!(told(&["audit", "--at", &app.base]).await.contains("agree"));
    app.finish().await;
}

async fn orders_before(app: &App) -> String {
    app.open_restaurant().await;
    let order = app.place("1 margherita").await;
    app.kitchen(&order, "serve").await;
    app.settle().await;
    order
}

async fn orders_after(app: &App) -> Vec<String> {
    let orders = vec![app.place("1 burger").await, app.place("2 margherita; 1 cola").await];
    app.settle().await;
    orders
}

/// The kitchen's, and that of the stock.
const LOST: [usize; 2] = [2, 1];

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_is_put_back_hears_what_was_said_since() {
    for lost in LOST {
        let Some(servers) = Servers::get() else { return };
        let (mut backends, scratch) = (Backends::servers().await.unwrap(), scratch());
        let file = scratch.path().join("dump.sql");
        let app = App::start(&backends, WAIT).await;
        let before = orders_before(&app).await;
        if !dump(&backends.databases[lost], &file) {
            app.finish().await;
            return backends.remove().await;
        }
        let after = orders_after(&app).await;
        app.finish().await;
        let gone = std::mem::replace(&mut backends.databases[lost], servers.database().await.unwrap());
        servers.drop_database(&gone).await.unwrap();
        put_back(&backends.databases[lost], &file);
        catches_up(&backends, &before, &after).await;
        backends.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_put_back_hears_what_was_said_since() {
    for name in ["kitchen", "inventory"] {
        let (backends, copies) = (Backends::embedded(), scratch());
        let app = App::start(&backends, WAIT).await;
        let before = orders_before(&app).await;
        app.finish().await;
        let data = backends.directory();
        let files = || fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path());
        for file in files() {
            fs::copy(&file, copies.path().join(file.file_name().unwrap())).unwrap();
        }
        let app = App::start(&backends, WAIT).await;
        let after = orders_after(&app).await;
        app.finish().await;
        let is_its = |file: &Path| file.file_name().unwrap().to_str().unwrap().starts_with(&format!("{name}.db"));
        files().filter(|file| is_its(file)).for_each(|file| fs::remove_file(file).unwrap());
        for copy in fs::read_dir(copies.path()).unwrap().map(|entry| entry.unwrap().path()).filter(|copy| is_its(copy))
        {
            fs::copy(&copy, Path::new(&data).join(copy.file_name().unwrap())).unwrap();
        }
        catches_up(&backends, &before, &after).await;
    }
}
