//! What a bus loses behind everybody's back: queues that are purged, unbound or deleted while their service is away.

use inventory_svc::InventorySvc;
use lapin::{
    Connection, ConnectionProperties,
    options::{QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions},
    types::FieldTable,
};
use order_svc::OrderSvc;
use shared::{
    contract::topology,
    db::Db,
    process::host::Host,
    web::{pages, site::Site},
};
use tokio::time::{Duration, Instant};

use crate::{
    harness::{App, Backends, PATIENCE, settings},
    servers::Servers,
};

/// How long orders may wait for their decision.
pub(crate) const WAIT: Duration = Duration::from_secs(240);

/// Runs the test on each pair of backends, with a restaurant that was opened and is closed again.
pub(crate) async fn each(test: impl AsyncFn(&Backends)) {
    let mut all = vec![Backends::embedded()];
    all.extend(Backends::servers().await);
    for backends in all {
        eprintln!("on {}", backends.name);
        let app = App::start(&backends, WAIT).await;
        app.open_restaurant().await;
        app.finish().await;
        test(&backends).await;
        backends.remove().await;
    }
}

/// Until it is so.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "it does not come to that");
        tokio::task::yield_now().await;
    }
}

/// What happens to the kitchen's queue. A bus in a file has a cursor and a log for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// What waits in it is gone.
    Purged,
    /// Nothing gets into it, and what was in it is gone.
    Unbound,
    /// It is gone with all that was in it; of a bus in a file, the file.
    Deleted,
    /// It is gone, and somebody who tells nobody has made another of its name.
    Replaced,
    /// The broker was made anew, or the file.
    BusGone,
}

impl App {
    /// A restaurant whose cooks have not come yet.
    pub(crate) async fn start_without_kitchen(backends: &Backends) -> Self {
        let mut host = Host::new(settings(&backends.bus, "127.0.0.1:0", WAIT).unwrap()).await.unwrap();
        let orders = host.add::<OrderSvc>(&backends.databases[0]).await.unwrap().db;
        let inventory = host.add::<InventorySvc>(&backends.databases[1]).await.unwrap().db;
        Self::serve(host, vec![orders, inventory], pages::router(OrderSvc::ASSETS)).await.unwrap()
    }
}

/// Orders that were accepted while the kitchen was away; what the bus kept of them for it is lost.
pub(crate) async fn lose(backends: &Backends, orders: &[&str], loss: Loss) -> Vec<String> {
    let app = App::start_without_kitchen(backends).await;
    // Once that is accepted, all have declared what they need.
    let mut placed = vec![app.place(orders[0]).await];
    app.settle().await;
    if loss == Loss::Unbound && is_broker(backends) {
        unbind(backends, "kitchen-svc").await;
    }
    for order in &orders[1..] {
        placed.push(app.place(order).await);
    }
    app.settle().await;
    app.stop().await;
    if is_broker(backends) {
        lose_at_broker(backends, loss).await;
    } else {
        lose_in_file(backends, loss).await;
    }
    placed
}

fn is_broker(backends: &Backends) -> bool {
    backends.bus.starts_with("amqp")
}

async fn channel(backends: &Backends) -> (Connection, lapin::Channel) {
    let connection = Connection::connect(&backends.bus, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

/// Nothing that it hears gets into the service's queue any more.
pub(crate) async fn unbind(backends: &Backends, service: &str) {
    let (_connection, channel) = channel(backends).await;
    for kind in topology::listens(service) {
        let (queue, key) = (topology::inbox(service), topology::pattern(kind));
        let unbound = channel.queue_unbind(
            queue.as_str().into(),
            topology::EXCHANGE.into(),
            key.as_str().into(),
            FieldTable::default(),
        );
        unbound.await.unwrap();
    }
}

async fn lose_at_broker(backends: &Backends, loss: Loss) {
    if loss == Loss::BusGone {
        let (servers, (_, name)) = (Servers::get().unwrap(), backends.bus.rsplit_once('/').unwrap());
        servers.drop_vhost(&backends.bus).await.unwrap();
        return servers.make_vhost(name).await.unwrap();
    }
    let (_connection, channel) = channel(backends).await;
    let queue = topology::inbox("kitchen-svc");
    match loss {
        Loss::Purged | Loss::Unbound => {
            channel.queue_purge(queue.as_str().into(), QueuePurgeOptions::default()).await.unwrap();
        }
        Loss::Deleted | Loss::Replaced => {
            channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
            if loss == Loss::Replaced {
                let options = QueueDeclareOptions { durable: true, ..Default::default() };
                channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await.unwrap();
            }
        }
        Loss::BusGone => {}
    }
}

async fn lose_in_file(backends: &Backends, loss: Loss) {
    if [Loss::Deleted, Loss::Replaced, Loss::BusGone].contains(&loss) {
        let file = backends.bus.strip_prefix("sqlite:").unwrap();
        return std::fs::remove_file(file).unwrap();
    }
    let bus = Db::open(&backends.bus).await.unwrap();
    let mut tx = bus.begin().await.unwrap();
    let sql = match loss {
        Loss::Purged => "UPDATE cursors SET position = (SELECT MAX(position) FROM log) WHERE service = 'kitchen-svc'",
        _ => "DELETE FROM log WHERE position > (SELECT position FROM cursors WHERE service = 'kitchen-svc')",
    };
    assert!(tx.execute(sql, []).await.unwrap() > 0);
    tx.commit().await.unwrap();
    bus.close().await;
}
