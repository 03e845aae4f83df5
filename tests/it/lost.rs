//! A service notices by itself that its queue, or the whole bus, is another than before, and takes in what it missed.

use expect_test::expect;
use tokio::time::{Duration, interval};

use crate::{
    developer::comanda,
    harness::{App, Backends, text},
    missed::{Loss, WAIT, each, lose, unbind, until},
    servers::Servers,
};

/// All of them are cooked, each once.
pub(crate) async fn serve(app: App, orders: &[String]) {
    for order in orders {
        app.kitchen(order, "serve").await;
        app.check(order, expect!["completed"]).await;
    }
    let tickets = app.get("/v1/tickets?location=soho&state=open,ready,served,void&limit=500").await;
    assert_eq!(tickets["items"].as_array().unwrap().len(), orders.len());
    let audit = comanda(&["audit", "--at", &app.base]).await;
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_was_deleted_while_its_service_was_away_costs_no_order() {
    each(async |backends| {
        let mut orders = lose(backends, &["1 margherita", "1 burger"], Loss::Deleted).await;
        let app = App::start(backends, WAIT).await;
        orders.push(app.place("1 cola").await);
        serve(app, &orders).await;
    })
    .await;
}

/// As when it is deleted between somebody's look at it and his declaring it.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_was_made_anew_without_a_word_costs_no_order() {
    each(async |backends| {
        let orders = lose(backends, &["1 margherita", "1 burger"], Loss::Replaced).await;
        serve(App::start(backends, WAIT).await, &orders).await;
    })
    .await;
}

/// Another service declares the queue, and what is published then gets into it.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_others_made_anew_tells_its_service_of_it() {
    each(async |backends| {
        let mut orders = lose(backends, &["1 margherita", "1 burger"], Loss::Deleted).await;
        let others = App::start_without_kitchen(backends).await;
        orders.push(others.place("1 cola").await);
        others.settle().await;
        others.stop().await;
        serve(App::start(backends, WAIT).await, &orders).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_was_made_anew_gets_all_that_was_said() {
    each(async |backends| {
        let mut orders = lose(backends, &["1 margherita", "1 burger"], Loss::BusGone).await;
        let app = App::start(backends, WAIT).await;
        orders.push(app.place("1 cola").await);
        serve(app, &orders).await;
    })
    .await;
}

async fn on_servers() -> Option<(Servers, Backends, App)> {
    let (servers, backends) = (Servers::get()?, Backends::servers().await?);
    let app = App::start(&backends, WAIT).await;
    app.open_restaurant().await;
    app.settle().await;
    Some((servers, backends, app))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_deleted_under_its_service_costs_no_order() {
    let Some((servers, backends, app)) = on_servers().await else { return };
    let mut orders = Vec::new();
    for queue in ["kitchen-svc.inbox", "order-svc.inbox", "inventory-svc.inbox"] {
        let placing = async {
            for _ in 0..10 {
                orders.push(app.place("1 cola").await);
            }
        };
        let (deleted, ()) = tokio::join!(servers.delete(&backends.bus, "queues", queue), placing);
        deleted.unwrap();
    }
    serve(app, &orders).await;
    backends.remove().await;
}

/// What was published meanwhile is missed, and what comes then is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_unbound_hears_again_without_a_restart() {
    let Some((_, backends, app)) = on_servers().await else { return };
    unbind(&backends, "kitchen-svc").await;
    let (mut orders, mut every) = (vec![app.place("1 cola").await], interval(Duration::from_secs(1)));
    until(async || {
        every.tick().await;
        orders.push(app.place("1 cola").await);
        let tickets = app.get("/v1/tickets?location=soho&limit=500").await;
        !tickets["items"].as_array().unwrap().is_empty()
    })
    .await;
    let mended = comanda(&["audit", "--at", &app.base, "--lag", "1s", "--mend"]).await;
    let said = String::from_utf8(mended.stdout).unwrap();
    assert!(mended.status.success() && said.contains(" resent: everybody agrees"), "{said}");
    assert!(said.contains(&text(&orders[0].clone().into())), "the first was missed: {said}");
    serve(app, &orders).await;
    backends.remove().await;
}
