//! The conformance suite of `Bus`: the same checks on RabbitMQ and on the embedded bus.

use std::{collections::BTreeSet, time::Duration};

use lapin::options::BasicAckOptions;
use shared::engine::call::fresh_id;
use shared::{
    bus::{Bus, Delivery, Message, Receipt, Subscription},
    contract::{time::Time, topology},
};
use tokio::time::timeout;

use crate::{
    harness::{PATIENCE, scratch},
    servers::Servers,
};

const SERVICE: &str = "kitchen-svc";

/// Runs the check on an empty bus of each backend. `open` opens it again, as a restart would.
async fn each(check: impl AsyncFn(&dyn Fn() -> String)) {
    let directory = scratch();
    let url = format!("sqlite:{}/bus.db", directory.path().display());
    check(&|| url.clone()).await;
    if let Some(servers) = Servers::get() {
        let url = servers.vhost().await.unwrap();
        check(&|| url.clone()).await;
        servers.drop_vhost(&url).await.unwrap();
    }
}

fn message(kind: &str, events: &[&str]) -> Message {
    Message {
        routing_key: format!("{kind}.soho"),
        events: events.iter().map(|event| format!("{{\"n\":\"{event}\"}}")).collect(),
        id: fresh_id().to_string(),
        kind: kind.into(),
        correlation: None,
        traceparent: None,
    }
}

async fn publish(bus: &Bus, messages: &[Message]) {
    let publisher = bus.publisher().await.unwrap();
    assert_eq!(publisher.publish(messages).await.unwrap(), vec![true; messages.len()]);
}

async fn receive(subscription: &mut Subscription) -> Delivery {
    timeout(Duration::from_secs(20), subscription.receive()).await.expect("a delivery in time").unwrap()
}

fn body(delivery: &Delivery) -> String {
    String::from_utf8(delivery.body.clone()).unwrap()
}

#[tokio::test]
async fn what_a_service_listens_to_reaches_it_and_nothing_else() {
    each(async |url| {
        let bus = Bus::open(&url()).await.unwrap();
        let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
        publish(&bus, &[message("order.placed", &["1"]), message("order.accepted", &["2"])]).await;
        publish(&bus, &[message("nobody.listens", &["3"]), message("order.accepted", &["4", "5"])]).await;
        let first = receive(&mut kitchen).await;
        assert_eq!(body(&first), r#"{"n":"2"}"#);
        assert!(!first.redelivered);
        assert_eq!(body(&receive(&mut kitchen).await), r#"[{"n":"4"},{"n":"5"}]"#);
    })
    .await;
}

#[tokio::test]
async fn each_service_gets_its_own_copy() {
    each(async |url| {
        let bus = Bus::open(&url()).await.unwrap();
        publish(&bus, &[message("ticket.started", &["1"])]).await;
        for service in ["order-svc", "inventory-svc"] {
            let mut subscription = bus.subscribe(service).await.unwrap();
            assert_eq!(body(&receive(&mut subscription).await), r#"{"n":"1"}"#);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_published_before_anybody_subscribes_waits() {
    each(async |url| {
        let bus = Bus::open(&url()).await.unwrap();
        publish(&bus, &[message("order.accepted", &["1"])]).await;
        let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
        assert_eq!(body(&receive(&mut kitchen).await), r#"{"n":"1"}"#);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_settled_comes_again_and_what_is_does_not() {
    each(async |url| {
        let bus = Bus::open(&url()).await.unwrap();
        let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
        let messages: Vec<Message> = (0..4).map(|n| message("order.accepted", &[&n.to_string()])).collect();
        publish(&bus, &messages).await;
        let mut receipts = Vec::new();
        for n in 0..4 {
            let delivery = receive(&mut kitchen).await;
            // The first two are settled: what comes again starts behind them on either bus.
            if n < 2 {
                receipts.push(delivery.receipt);
            }
        }
        bus.settle(SERVICE, receipts).await.unwrap();
        drop(kitchen);
        bus.close().await.unwrap();
        drop(bus);
        let bus = Bus::open(&url()).await.unwrap();
        let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
        let mut again = BTreeSet::new();
        for _ in 0..2 {
            let delivery = receive(&mut kitchen).await;
            assert!(delivery.redelivered);
            again.insert(body(&delivery));
        }
        assert_eq!(again.into_iter().collect::<Vec<_>>(), [r#"{"n":"2"}"#, r#"{"n":"3"}"#]);
    })
    .await;
}

#[tokio::test]
async fn settling_out_of_order_loses_nothing() {
    each(async |url| {
        let bus = Bus::open(&url()).await.unwrap();
        let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
        let messages: Vec<Message> = (0..3).map(|n| message("order.accepted", &[&n.to_string()])).collect();
        publish(&bus, &messages).await;
        let _first = receive(&mut kitchen).await;
        let second = receive(&mut kitchen).await;
        let third = receive(&mut kitchen).await;
        bus.settle(SERVICE, vec![third.receipt, second.receipt]).await.unwrap();
        drop(kitchen);
        bus.close().await.unwrap();
        drop(bus);
        let bus = Bus::open(&url()).await.unwrap();
        let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
        assert_eq!(body(&receive(&mut kitchen).await), r#"{"n":"0"}"#);
    })
    .await;
}

/// A broker may fail where two declare the same stream at once. Whoever supervises asks again, and so does this.
async fn identity(bus: &Bus) -> String {
    let asked = async {
        loop {
            let Ok(publisher) = bus.publisher().await else { continue };
            if let Ok(id) = publisher.identity(fresh_id()).await {
                return id;
            }
        }
    };
    timeout(PATIENCE, asked).await.expect("an id in time")
}

#[tokio::test]
async fn a_bus_has_one_id_and_another_bus_has_another() {
    each(async |url| {
        let bus = Bus::open(&url()).await.unwrap();
        let (id, other) = tokio::join!(identity(&bus), identity(&bus));
        assert_eq!(id, other);
        bus.close().await.unwrap();
        drop(bus);
        let bus = Bus::open(&url()).await.unwrap();
        assert_eq!(identity(&bus).await, id);
        let mut known = KNOWN.lock().unwrap();
        assert!(!known.contains(&id));
        known.push(id);
    })
    .await;
}

/// The ids of buses that were seen.
static KNOWN: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

#[tokio::test]
async fn what_is_addressed_to_a_service_reaches_it_alone() {
    each(async |url| {
        let bus = Bus::open(&url()).await.unwrap();
        let (mut kitchen, mut orders) =
            (bus.subscribe(SERVICE).await.unwrap(), bus.subscribe("order-svc").await.unwrap());
        let publisher = bus.publisher().await.unwrap();
        let safe = publisher.publish_to(SERVICE, &[message("ticket.started", &["1", "2"])]).await.unwrap();
        assert_eq!(safe, [true]);
        publish(&bus, &[message("ticket.started", &["3"]), message("order.accepted", &["4"])]).await;
        assert_eq!(body(&receive(&mut kitchen).await), r#"[{"n":"1"},{"n":"2"}]"#);
        assert_eq!(body(&receive(&mut kitchen).await), r#"{"n":"4"}"#);
        assert_eq!(body(&receive(&mut orders).await), r#"{"n":"3"}"#);
    })
    .await;
}

/// However often it is cut short.
#[tokio::test]
async fn a_queue_that_is_made_anew_says_so_until_its_history_is_read() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.vhost().await.unwrap();
    let bus = Bus::open(&url).await.unwrap();
    drop(bus.subscribe(SERVICE).await.unwrap());
    publish(&bus, &[message("order.accepted", &["1"]), message("order.placed", &["2"])]).await;
    servers.delete(&url, "queues", &topology::inbox(SERVICE)).await.unwrap();
    let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
    let first = receive(&mut kitchen).await;
    assert!(first.made_anew.is_some() && !first.redelivered && body(&first) == "[]");
    drop((first, kitchen));
    let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
    let mark = receive(&mut kitchen).await;
    assert!(mark.made_anew.is_some() && mark.redelivered);
    publish(&bus, &[message("order.accepted", &["3"])]).await;
    let mut history = bus.history(SERVICE, None, mark.redelivered).await.unwrap().unwrap();
    for expected in [r#"{"n":"1"}"#, r#"{"n":"3"}"#] {
        let delivery = history.next().await.unwrap().unwrap();
        assert_eq!((body(&delivery), delivery.redelivered), (expected.to_owned(), true));
        bus.settle(SERVICE, vec![delivery.receipt]).await.unwrap();
    }
    assert!(history.next().await.unwrap().is_none());
    bus.settle(SERVICE, vec![mark.receipt]).await.unwrap();
    assert_eq!(body(&receive(&mut kitchen).await), r#"{"n":"3"}"#, "the queue has what was published since");
    servers.drop_vhost(&url).await.unwrap();
}

/// Nothing was published since then, by the broker's clock.
#[tokio::test]
async fn history_is_read_whatever_the_readers_clock_says() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.vhost().await.unwrap();
    let bus = Bus::open(&url).await.unwrap();
    drop(bus.subscribe(SERVICE).await.unwrap());
    publish(&bus, &[message("order.accepted", &["1"])]).await;
    let in_two_hours = Time::now() + Duration::from_secs(7200);
    let mut history = bus.history(SERVICE, Some(in_two_hours), false).await.unwrap().unwrap();
    let delivery = timeout(PATIENCE, history.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(body(&delivery), r#"{"n":"1"}"#);
    bus.settle(SERVICE, vec![delivery.receipt]).await.unwrap();
    assert!(history.next().await.unwrap().is_none());
    servers.drop_vhost(&url).await.unwrap();
}

/// The permissions that are named where one is missing.
#[tokio::test]
async fn a_user_with_the_permissions_that_are_asked_for_can_do_all() {
    let Some(servers) = Servers::get() else { return };
    let (url, name) = (servers.vhost().await.unwrap(), fresh_id().simple().to_string());
    let theirs = servers.user(&url, &name, &name).await.unwrap();
    servers.permit(&url, &name, [r"^(comanda\..*|.*-svc\..*)$"; 3]).await.unwrap();
    let bus = Bus::open(&theirs).await.unwrap();
    let publisher = bus.publisher().await.unwrap();
    publisher.identity(fresh_id()).await.unwrap();
    let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
    assert_eq!(publisher.publish_to(SERVICE, &[message("order.accepted", &["1"])]).await.unwrap(), [true]);
    assert_eq!(body(&receive(&mut kitchen).await), r#"{"n":"1"}"#);
    drop(kitchen);
    servers.delete(&url, "queues", &topology::inbox(SERVICE)).await.unwrap();
    let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
    assert!(receive(&mut kitchen).await.made_anew.is_some());
    let mut history = bus.history(SERVICE, None, false).await.unwrap().unwrap();
    assert!(history.next().await.unwrap().is_none());
    servers.drop_user(&name).await.unwrap();
    servers.drop_vhost(&url).await.unwrap();
}

#[tokio::test]
async fn a_message_near_the_size_limit_passes() {
    each(async |url| {
        let bus = Bus::open(&url()).await.unwrap();
        let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
        let large = "x".repeat(120 * 1024);
        publish(&bus, &[message("order.accepted", &[&large])]).await;
        assert_eq!(receive(&mut kitchen).await.body.len(), large.len() + 8);
    })
    .await;
}

#[tokio::test]
async fn many_messages_arrive_in_the_order_of_their_publishing() {
    each(async |url| {
        let bus = Bus::open(&url()).await.unwrap();
        let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
        let messages: Vec<Message> = (0..1000).map(|n| message("order.accepted", &[&n.to_string()])).collect();
        publish(&bus, &messages).await;
        for n in 0..1000 {
            let delivery = receive(&mut kitchen).await;
            assert_eq!(body(&delivery), format!(r#"{{"n":"{n}"}}"#));
            bus.settle(SERVICE, vec![delivery.receipt]).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_bus_in_a_file_belongs_to_one_process() {
    let directory = scratch();
    let url = format!("sqlite:{}/bus.db", directory.path().display());
    let _first = Bus::open(&url).await.unwrap();
    let error = Bus::open(&url).await.unwrap_err();
    assert!(format!("{error:#}").contains("is in use"), "{error:#}");
}

#[test]
fn the_topology_names_every_listener_once() {
    for (service, kinds) in topology::LISTENERS {
        let unique: BTreeSet<_> = kinds.iter().collect();
        assert_eq!(unique.len(), kinds.len(), "{service}");
        assert!(kinds.iter().all(|kind| topology::hears(service, &format!("{kind}.soho"))));
    }
    assert!(!topology::hears("kitchen-svc", "order.placed.soho"));
}

/// What an acknowledgement that the broker does not know does to its channel is told to whoever receives on it.
#[tokio::test]
async fn a_channel_that_the_broker_closes_ends_the_subscription_and_the_next_goes_on() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.vhost().await.unwrap();
    let bus = Bus::open(&url).await.unwrap();
    let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
    publish(&bus, &[message("order.accepted", &["1"]), message("order.accepted", &["2"])]).await;
    let first = receive(&mut kitchen).await;
    let Receipt::Rabbit(second, _) = receive(&mut kitchen).await.receipt else { unreachable!() };
    second.ack(BasicAckOptions { multiple: true }).await.unwrap();
    // The broker knows nothing of it any more, and says so in its own time.
    bus.settle(SERVICE, vec![first.receipt]).await.unwrap();
    let ended = timeout(PATIENCE, kitchen.receive()).await.expect("the end in time");
    assert!(format!("{:#}", ended.unwrap_err()).contains("unknown delivery tag"));
    let mut kitchen = bus.subscribe(SERVICE).await.unwrap();
    publish(&bus, &[message("order.accepted", &["3"])]).await;
    assert_eq!(body(&receive(&mut kitchen).await), r#"{"n":"3"}"#);
    servers.drop_vhost(&url).await.unwrap();
}

/// Takes from the stream what makes every event routable, behind everybody's back.
async fn unbind_stream(servers: &Servers, url: &str) {
    let (_, vhost) = url.rsplit_once('/').unwrap();
    let (api, exchange, queue) = (&servers.rabbit_api, topology::EXCHANGE, topology::STREAM);
    let url = format!("{api}/api/bindings/{vhost}/e/{exchange}/q/{queue}/%23");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.delete(url).send().await.unwrap().error_for_status().unwrap();
}

/// The broker acknowledges what it could route nowhere, after it has sent it back.
#[tokio::test]
async fn what_no_queue_took_is_not_safe_and_its_neighbours_are() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.vhost().await.unwrap();
    let publisher = Bus::open(&url).await.unwrap().publisher().await.unwrap();
    unbind_stream(&servers, &url).await;
    for round in 0..50 {
        let messages: Vec<Message> =
            (0..40).map(|n| message(if n == round % 40 { "nobody.listens" } else { "order.placed" }, &["1"])).collect();
        let safe = publisher.publish(&messages).await.unwrap();
        let lost: Vec<usize> = (0..40).filter(|n| !safe[*n]).collect();
        assert_eq!(lost, [round % 40]);
    }
    servers.drop_vhost(&url).await.unwrap();
}
