//! Two services on one database: refused, and told whose it is, whether the mark is there or older than it.

use expect_test::{Expect, expect};
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use shared::{
    db::Db,
    process::{host::Host, telemetry},
    web::site::Site,
};

use crate::harness::{App, Backends, PATIENCE, settings};

/// As the first version left it: nothing tells whose it is, and its own script came second.
const BEFORE: [(i64, &str); 2] = [
    (1, include_str!("../../shared/migrations/0001_plumbing.sql")),
    (2, include_str!("../../order-svc/migrations/0101_orders.sql")),
];
const SAID: &str = r#"{"specversion":"1.0","id":"0190b2f0-0000-7000-8000-000000000001","source":"/order-svc"}"#;
const SAY: &str =
    "INSERT INTO event_log (position, type, subject, location, doc) VALUES (1, 'menu.changed', 's', 'l', $1)";

async fn check_refusal<S: Site>(backends: &Backends, expected: &Expect) {
    let mut host = Host::new(settings(&backends.bus, "127.0.0.1:0", PATIENCE).unwrap()).await.unwrap();
    let Err(error) = host.add::<S>(&backends.databases[0]).await else { panic!("it was taken") };
    expected.assert_eq(&telemetry::line(&error));
    host.tasks.finish().await;
    host.bus().close().await.unwrap();
}

async fn both() -> Vec<Backends> {
    [Some(Backends::embedded()), Backends::servers().await].into_iter().flatten().collect()
}

#[tokio::test]
async fn a_database_says_whose_it_is() {
    for backends in both().await {
        App::start_alone::<OrderSvc>(&backends, &backends.databases[0]).await.stop().await;
        check_refusal::<InventorySvc>(
            &backends,
            &expect!["INVENTORY_DATABASE_URL: the database belongs to order-svc; each service needs one of its own"],
        )
        .await;
        check_refusal::<KitchenSvc>(
            &backends,
            &expect!["KITCHEN_DATABASE_URL: the database belongs to order-svc; each service needs one of its own"],
        )
        .await;
        App::start_alone::<OrderSvc>(&backends, &backends.databases[0]).await.stop().await;
        backends.remove().await;
    }
}

#[tokio::test]
async fn one_from_before_the_mark_is_known_by_what_was_said_there() {
    for backends in both().await {
        let db = Db::open(&backends.databases[0]).await.unwrap();
        db.migrate(&BEFORE).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        tx.execute(SAY, [SAID.into()]).await.unwrap();
        tx.execute("UPDATE event_log_head SET position = 1", []).await.unwrap();
        tx.commit().await.unwrap();
        db.close().await;
        drop(db);
        check_refusal::<KitchenSvc>(
            &backends,
            &expect!["KITCHEN_DATABASE_URL: the database belongs to order-svc; each service needs one of its own"],
        )
        .await;
        backends.remove().await;
    }
}
