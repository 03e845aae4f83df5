//! What the broker holds for us: exchanges, queues and streams, declared whole by every service.

use anyhow::{Context, Result, ensure};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ExchangeKind,
    options::{
        BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};
use tracing::warn;

use super::{
    misconfigured::{NOT_FOUND, PRECONDITION_FAILED, refusal},
    rabbit::{now_s, published_at},
};
use crate::contract::{event::BATCH, time::Time, topology};

/// So often a message may come back before the broker sets it aside, for us to look at with suspicion.
const DELIVERY_LIMIT: i64 = 100;
const NO_LIMIT: i64 = i32::MAX as i64;
/// The type of the message that marks a queue as new.
const MADE_ANEW: &str = "comanda.made_anew";
/// The body of a message that says nothing: an empty batch.
const NO_EVENTS: &[u8] = b"[]";
const STREAM_BYTES: i64 = 2_000_000_000;
const STREAM_SEGMENT_BYTES: i64 = 50_000_000;

/// Everything that any service needs, so that nothing is published into nowhere.
pub(super) async fn declare(connection: &Connection) -> Result<()> {
    for (exchange, kind) in [(topology::EXCHANGE, ExchangeKind::Topic), (topology::DEAD_EXCHANGE, ExchangeKind::Topic)]
    {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        declare_exchange(connection, exchange, kind, options).await?;
    }
    // It is declared last: where it is, all queues were.
    let has_history = exists(connection, topology::STREAM).await?;
    for (service, _) in topology::LISTENERS {
        let (inbox, dead) = (topology::inbox(service), topology::dead(service));
        declare_queue(connection, &dead, dead_arguments()).await?;
        bind(connection, &dead, topology::DEAD_EXCHANGE, &[service.to_owned()]).await?;
        declare_queue(connection, &inbox, inbox_arguments(service)).await?;
        bind_inbox(connection, service).await?;
        if has_history && !has_witness(connection, &inbox).await? {
            mark(connection, service).await?;
        }
        witness(connection, &inbox).await?;
    }
    declare_queue(connection, topology::STREAM, stream_arguments()).await?;
    bind(connection, topology::STREAM, topology::EXCHANGE, &["#".to_owned()]).await?;
    bind_by_name(connection, topology::STREAM).await
}

async fn declare_exchange(
    connection: &Connection,
    exchange: &str,
    kind: ExchangeKind,
    options: ExchangeDeclareOptions,
) -> Result<()> {
    let channel = connection.create_channel().await?;
    let declared = channel.exchange_declare(exchange.into(), kind, options, FieldTable::default()).await;
    declared.with_context(|| format!("declare the exchange {exchange}"))?;
    Ok(channel.close(200, "OK".into()).await?)
}

/// From now on it gets what is published to it alone.
pub(super) async fn bind_by_name(connection: &Connection, queue: &str) -> Result<()> {
    bind(connection, queue, topology::DEAD_EXCHANGE, &[queue.to_owned()]).await
}

/// From now on what the service hears gets into its queue.
pub(super) async fn bind_inbox(connection: &Connection, service: &str) -> Result<()> {
    let patterns: Vec<String> = topology::listens(service).iter().map(|kind| topology::pattern(kind)).collect();
    bind(connection, &topology::inbox(service), topology::EXCHANGE, &patterns).await?;
    bind_by_name(connection, &topology::inbox(service)).await
}

pub(super) async fn exists(connection: &Connection, queue: &str) -> Result<bool> {
    let channel = connection.create_channel().await?;
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    match channel.queue_declare(queue.into(), passive, FieldTable::default()).await {
        Ok(_) => {
            channel.close(200, "OK".into()).await?;
            Ok(true)
        }
        Err(error) if refusal(&error).is_some_and(|(code, _)| code == NOT_FOUND) => Ok(false),
        Err(error) => Err(error).with_context(|| format!("look for {queue}")),
    }
}

/// An exchange that the broker deletes together with the queue, whose name it has: while it is there, the queue is still
/// the one that all have heard of. To look whether the queue is there, and to declare it then, is no proof of that: it
/// may be deleted between the two.
async fn witness(connection: &Connection, queue: &str) -> Result<()> {
    let options = ExchangeDeclareOptions { durable: true, auto_delete: true, ..Default::default() };
    declare_exchange(connection, queue, ExchangeKind::Fanout, options).await?;
    bind(connection, queue, queue, &[String::new()]).await
}

async fn has_witness(connection: &Connection, queue: &str) -> Result<bool> {
    let passive = ExchangeDeclareOptions { passive: true, ..Default::default() };
    match declare_exchange(connection, queue, ExchangeKind::Fanout, passive).await {
        Ok(()) => Ok(true),
        Err(error) if error.downcast_ref().and_then(refusal).is_some_and(|(code, _)| code == NOT_FOUND) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Tells the service, whenever it comes, that its queue was made anew. It is there before the witness is: whoever dies
/// between the two leaves one mark too many, and none is ever missing. Earlier versions take it for a message without
/// events, which it is.
async fn mark(connection: &Connection, service: &str) -> Result<()> {
    warn!(service, "its queue was made anew; the service is told that it may miss something");
    let properties = BasicProperties::default()
        .with_content_type(BATCH.into())
        .with_type(MADE_ANEW.into())
        .with_timestamp(now_s())
        .with_delivery_mode(2);
    publish_nothing(connection, service, properties).await
}

pub(super) async fn confirmed_channel(connection: &Connection) -> Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

/// Of a mark: when the queue was made.
pub(super) fn made_anew(properties: &BasicProperties) -> Option<Time> {
    let is_mark = properties.kind().as_ref().is_some_and(|kind| kind.as_str() == MADE_ANEW);
    published_at(properties).filter(|_| is_mark)
}

/// A message without events, past the exchange that everybody hears.
pub(super) async fn publish_nothing(connection: &Connection, key: &str, properties: BasicProperties) -> Result<()> {
    let channel = confirmed_channel(connection).await?;
    let (exchange, options) =
        (topology::DEAD_EXCHANGE.into(), BasicPublishOptions { mandatory: true, ..Default::default() });
    let confirmed = channel.basic_publish(exchange, key.into(), options, NO_EVENTS, properties).await?.await?;
    ensure!(matches!(confirmed, Confirmation::Ack(None)), "the broker did not take a message for {key}");
    Ok(channel.close(200, "OK".into()).await?)
}

/// A queue that exists with other arguments is used as it is: a deploy must not crash on it.
pub(super) async fn declare_queue(connection: &Connection, queue: &str, arguments: FieldTable) -> Result<()> {
    let channel = connection.create_channel().await?;
    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    match channel.queue_declare(queue.into(), durable, arguments).await {
        Ok(_) => Ok(channel.close(200, "OK".into()).await?),
        Err(error) if refusal(&error).is_some_and(|(code, _)| code == PRECONDITION_FAILED) => {
            warn!(queue, error = %error, "exists with other arguments; used as it is until it is deleted");
            Ok(())
        }
        Err(error) => Err(error).with_context(|| format!("declare {queue}")),
    }
}

async fn bind(connection: &Connection, queue: &str, exchange: &str, keys: &[String]) -> Result<()> {
    let channel = connection.create_channel().await?;
    for key in keys {
        let (options, none) = (QueueBindOptions::default(), FieldTable::default());
        let bound = channel.queue_bind(queue.into(), exchange.into(), key.as_str().into(), options, none).await;
        bound.with_context(|| format!("bind {queue} to {key}"))?;
    }
    Ok(channel.close(200, "OK".into()).await?)
}

pub(super) fn arguments<const N: usize>(entries: [(&str, AMQPValue); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in entries {
        table.insert(name.into(), value);
    }
    table
}

pub(super) fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn inbox_arguments(service: &str) -> FieldTable {
    arguments([
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongLongInt(DELIVERY_LIMIT)),
        ("x-dead-letter-exchange", text(topology::DEAD_EXCHANGE)),
        ("x-dead-letter-routing-key", text(service)),
        ("x-dead-letter-strategy", text("at-least-once")),
        // What at-least-once dead-lettering asks for.
        ("x-overflow", text("reject-publish")),
    ])
}

fn dead_arguments() -> FieldTable {
    // The letters leave it once they are rows. RabbitMQ 4 drops one after 20 deliveries where no limit is named.
    arguments([("x-queue-type", text("quorum")), ("x-delivery-limit", AMQPValue::LongLongInt(NO_LIMIT))])
}

fn stream_arguments() -> FieldTable {
    arguments([
        ("x-queue-type", text("stream")),
        ("x-max-length-bytes", AMQPValue::LongLongInt(STREAM_BYTES)),
        ("x-stream-max-segment-size-bytes", AMQPValue::LongLongInt(STREAM_SEGMENT_BYTES)),
    ])
}
