//! A service that reads again in the broker's stream: killed in the middle of it, and told where the stream lacks some.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};
use serde_json::Value;
use shared::contract::{time::Time, topology};
use sqlx::{Connection as _, Executor, PgConnection};
use tokio::time::{Duration, timeout};

use crate::{
    developer,
    harness::{App, Backends, PATIENCE, text},
    lost::serve,
    missed::{Loss, WAIT, lose, until},
    process::{Process, comanda, free_address},
};

/// How long the broker may take to say what a stream begins with.
const SOON: Duration = Duration::from_secs(5);

async fn opened() -> Option<Backends> {
    let backends = Backends::servers().await?;
    let app = App::start(&backends, WAIT).await;
    app.open_restaurant().await;
    app.finish().await;
    Some(backends)
}

async fn tickets(process: &Process) -> usize {
    let request = process.request(reqwest::Method::GET, "/v1/tickets?location=soho&limit=500");
    let (_, tickets) = process.send(request).await;
    tickets["items"].as_array().map_or(0, Vec::len)
}

/// It dies with some of it in hand and nothing taken in, then with some of it taken in.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_while_it_reads_the_stream_again_loses_and_doubles_nothing() {
    let Some(backends) = opened().await else { return };
    let mut orders = lose(&backends, &["1 cola"; 40], Loss::Deleted).await;
    let mut lock = PgConnection::connect(&backends.databases[2]).await.unwrap();
    let mut looks = PgConnection::connect(&backends.databases[2]).await.unwrap();
    lock.execute("BEGIN; LOCK TABLE tickets IN SHARE MODE").await.unwrap();
    let process = Process::start(&backends, &free_address()).await;
    until(async || {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND wait_event_type = 'Lock'";
        sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut looks).await.unwrap() > 0
    })
    .await;
    process.kill();
    lock.execute("ROLLBACK").await.unwrap();

    let process = Process::start(&backends, &free_address()).await;
    until(async || tickets(&process).await > 0).await;
    process.kill();

    let app = App::start(&backends, WAIT).await;
    orders.push(app.place("1 cola").await);
    serve(app, &orders).await;
    backends.remove().await;
}

async fn channel(backends: &Backends) -> (Connection, Channel) {
    let connection = Connection::connect(&backends.bus, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

/// Before the services declare it: a stream that keeps next to nothing.
async fn declare_short_stream(backends: &Backends) {
    let (_connection, channel) = channel(backends).await;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("stream".into()));
    arguments.insert("x-max-length-bytes".into(), AMQPValue::LongLongInt(50_000));
    arguments.insert("x-stream-max-segment-size-bytes".into(), AMQPValue::LongLongInt(10_000));
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(topology::STREAM.into(), durable, arguments).await.unwrap();
}

/// Until nothing is left of what was published before.
async fn flood(backends: &Backends) {
    let (_connection, channel) = channel(backends).await;
    until(async || {
        for _ in 0..100 {
            let (exchange, key) = (topology::DEAD_EXCHANGE.into(), topology::STREAM.into());
            let published =
                channel.basic_publish(exchange, key, BasicPublishOptions::default(), &[b'-'; 1000], stamped());
            published.await.unwrap();
        }
        first(backends).await.starts_with(b"-")
    })
    .await;
}

fn stamped() -> BasicProperties {
    let now_s = Time::now().as_micros() / 1_000_000;
    BasicProperties::default().with_timestamp(u64::try_from(now_s).unwrap())
}

/// What the kitchen was told, it was told an hour earlier.
async fn age(backends: &Backends) {
    let mut kitchen = PgConnection::connect(&backends.databases[2]).await.unwrap();
    let then = (Time::now() - Duration::from_secs(3600)).to_string();
    let aged = sqlx::query("UPDATE journal SET at = $1").bind(then).execute(&mut kitchen).await.unwrap();
    assert!(aged.rows_affected() > 0);
}

/// What the stream begins with; nothing where it is not told.
async fn first(backends: &Backends) -> Vec<u8> {
    let (_connection, channel) = channel(backends).await;
    channel.basic_qos(1, BasicQosOptions::default()).await.unwrap();
    let mut arguments = FieldTable::default();
    arguments.insert("x-stream-offset".into(), AMQPValue::LongString("first".into()));
    let stream = topology::STREAM.into();
    let mut messages =
        channel.basic_consume(stream, "".into(), BasicConsumeOptions::default(), arguments).await.unwrap();
    // The broker forgets a reader of what it is dropping.
    let Ok(message) = timeout(SOON, messages.next()).await else { return Vec::new() };
    let message = message.unwrap().unwrap();
    message.ack(BasicAckOptions::default()).await.unwrap();
    message.data
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_stream_has_dropped_what_was_missed_an_error_says_what_mends_it() {
    let Some(backends) = Backends::servers().await else { return };
    declare_short_stream(&backends).await;
    let app = App::start(&backends, WAIT).await;
    app.open_restaurant().await;
    app.finish().await;
    let mut orders = lose(&backends, &["1 margherita", "1 burger"], Loss::Deleted).await;
    age(&backends).await;
    flood(&backends).await;

    let listen = free_address();
    let mut child = comanda(&backends, &listen).arg("--no-demo").stderr(Stdio::piped()).spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let error = tokio::task::spawn_blocking(move || {
        let lines = stderr.lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        let mut of_kitchen = lines.filter(|line| line["level"] == "ERROR" && line["service"] == "kitchen-svc");
        of_kitchen.next().unwrap()
    });
    let error = timeout(PATIENCE, error).await;
    // Nobody could end the reading otherwise.
    child.kill().unwrap();
    child.wait().unwrap();
    let error = error.unwrap().unwrap();
    assert!(text(&error["message"]).contains("run `comanda audit --mend`"), "{error}");

    let app = App::start(&backends, WAIT).await;
    orders.push(app.place("1 cola").await);
    let mended = developer::comanda(&["audit", "--at", &app.base, "--lag", "1s", "--mend"]).await;
    let said = String::from_utf8(mended.stdout).unwrap();
    assert!(mended.status.success() && said.contains(" 2 resent: everybody agrees"), "{said}");
    serve(app, &orders).await;
    backends.remove().await;
}
