//! RabbitMQ. Publishing and consuming have connections of their own: an alarm of the broker stops everything on
//! a connection that publishes, acknowledgements included. Whatever fails is rebuilt by whoever holds it.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer, ExchangeKind,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
        ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable, LongString, ShortString},
    uri::AMQPUri,
};
use tokio::time::timeout;
use tracing::warn;

use super::{
    Delivery, Message, Receipt,
    misconfigured::{PRECONDITION_FAILED, Phase, explain, refusal},
};
use crate::contract::{time::Time, topology};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A broker that blocks or hangs: long enough for an alarm to pass, short enough to notice a dead connection.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);
const HEARTBEAT_S: u16 = 10;
/// lapin keeps buffers of 32 frames each way, all of which become resident: with RabbitMQ's 128 KiB, 8 MiB a connection.
/// RabbitMQ 4.1 refuses less than 8 KiB.
const FRAME_MAX_BYTES: u32 = 32 * 1024;
/// Unacknowledged messages a service holds of a queue at the most; each may carry many events. The broker sends no
/// more bytes than this many times [`super::MESSAGE_MAX_BYTES`] that have to be kept.
const PREFETCH: u16 = 32;
/// So often a message may come back before the broker sets it aside, for us to look at with suspicion.
const DELIVERY_LIMIT: i64 = 100;
const NO_LIMIT: i64 = i32::MAX as i64;
const STREAM_BYTES: i64 = 2_000_000_000;
const STREAM_SEGMENT_BYTES: i64 = 50_000_000;

/// How to reach the broker.
#[derive(Clone, Debug)]
pub struct Rabbit {
    uri: Arc<AMQPUri>,
}

impl Rabbit {
    pub(super) fn new(url: &str) -> Result<Self> {
        let mut uri: AMQPUri = url.parse().map_err(|error| anyhow!("not an AMQP URL: {error}"))?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        uri.query.frame_max.get_or_insert(FRAME_MAX_BYTES);
        Ok(Self { uri: Arc::new(uri) })
    }

    async fn connect(&self, name: &str) -> Result<Connection> {
        let properties = ConnectionProperties::default().with_connection_name(LongString::from(name));
        let connecting = Connection::connect_uri((*self.uri).clone(), properties);
        let authority = &self.uri.authority;
        timeout(CONNECT_TIMEOUT, connecting)
            .await
            .context("the broker does not answer")
            .and_then(|connected| connected.map_err(Into::into))
            .with_context(|| format!("connect to RabbitMQ at {}:{}", authority.host, authority.port))
            .map_err(|error| explain(error, Phase::Connecting, &self.uri))
    }

    pub(super) async fn publisher(&self) -> Result<Publisher> {
        let connection = self.connect("comanda publisher").await?;
        let channel = in_time(confirming(&connection)).await;
        let channel = channel.map_err(|error| explain(error, Phase::SettingUp, &self.uri))?;
        Ok(Publisher { rabbit: self.clone(), _connection: connection, channel })
    }

    pub(super) async fn subscribe(&self, service: &'static str) -> Result<Subscription> {
        let connection = self.connect(service).await?;
        let consumers = in_time(consuming(&connection, service)).await;
        let (inbox, dead) = consumers.map_err(|error| explain(error, Phase::SettingUp, &self.uri))?;
        Ok(Subscription { _connection: connection, inbox, dead })
    }
}

async fn in_time<T>(setting_up: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(CONFIRM_TIMEOUT, setting_up).await.context("declaring the topology took too long")?
}

async fn confirming(connection: &Connection) -> Result<Channel> {
    declare(connection).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

async fn consuming(connection: &Connection, service: &str) -> Result<(Consumer, Consumer)> {
    declare(connection).await?;
    let channel = connection.create_channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let inbox = consume(&channel, &topology::inbox(service)).await?;
    let dead = consume(&channel, &topology::dead(service)).await?;
    Ok((inbox, dead))
}

async fn consume(channel: &Channel, queue: &str) -> Result<Consumer> {
    let options = BasicConsumeOptions::default();
    let consumer = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await;
    consumer.with_context(|| format!("consume {queue}"))
}

/// Everything that any service needs, so that nothing is published into nowhere.
async fn declare(connection: &Connection) -> Result<()> {
    for (exchange, kind) in [(topology::EXCHANGE, ExchangeKind::Topic), (topology::DEAD_EXCHANGE, ExchangeKind::Topic)]
    {
        let channel = connection.create_channel().await?;
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let declared = channel.exchange_declare(exchange.into(), kind, options, FieldTable::default()).await;
        declared.with_context(|| format!("declare the exchange {exchange}"))?;
    }
    declare_queue(connection, topology::STREAM, stream_arguments()).await?;
    bind(connection, topology::STREAM, topology::EXCHANGE, "#").await?;
    for (service, kinds) in topology::LISTENERS {
        let (inbox, dead) = (topology::inbox(service), topology::dead(service));
        declare_queue(connection, &dead, dead_arguments()).await?;
        bind(connection, &dead, topology::DEAD_EXCHANGE, service).await?;
        declare_queue(connection, &inbox, inbox_arguments(service)).await?;
        for kind in kinds {
            bind(connection, &inbox, topology::EXCHANGE, &topology::pattern(kind)).await?;
        }
    }
    Ok(())
}

/// A queue that exists with other arguments is used as it is: a deploy must not crash on it.
async fn declare_queue(connection: &Connection, queue: &str, arguments: FieldTable) -> Result<()> {
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

async fn bind(connection: &Connection, queue: &str, exchange: &str, key: &str) -> Result<()> {
    let channel = connection.create_channel().await?;
    let bound = channel
        .queue_bind(queue.into(), exchange.into(), key.into(), QueueBindOptions::default(), FieldTable::default())
        .await;
    bound.with_context(|| format!("bind {queue} to {key}"))?;
    Ok(channel.close(200, "OK".into()).await?)
}

fn arguments<const N: usize>(entries: [(&str, AMQPValue); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in entries {
        table.insert(name.into(), value);
    }
    table
}

fn text(value: &str) -> AMQPValue {
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

/// One channel with confirms. One task uses it at a time.
#[derive(Debug)]
pub struct Publisher {
    rabbit: Rabbit,
    _connection: Connection,
    channel: Channel,
}

impl Publisher {
    pub(super) async fn publish(&self, messages: &[Message]) -> Result<Vec<bool>> {
        let published = self.send(messages).await;
        published.map_err(|error| explain(error, Phase::Publishing, &self.rabbit.uri))
    }

    async fn send(&self, messages: &[Message]) -> Result<Vec<bool>> {
        let mut confirms = Vec::with_capacity(messages.len());
        for message in messages {
            let options = BasicPublishOptions { mandatory: true, ..Default::default() };
            let (key, body) = (ShortString::from(message.routing_key.as_str()), message.body());
            let sent = self.channel.basic_publish(
                topology::EXCHANGE.into(),
                key,
                options,
                body.as_bytes(),
                properties(message),
            );
            confirms.push(timeout(CONFIRM_TIMEOUT, sent).await.context("the broker takes no more messages")??);
        }
        let mut confirmations = Vec::with_capacity(confirms.len());
        for confirm in confirms {
            let confirmed =
                timeout(CONFIRM_TIMEOUT, confirm).await.context("the broker confirms no more messages")??;
            confirmations.push(confirmed);
        }
        Ok(safe(&confirmations, messages))
    }
}

/// A message that came back is also acknowledged, and which confirm carries it is not certain: its own id tells.
fn safe(confirmations: &[Confirmation], messages: &[Message]) -> Vec<bool> {
    let returned: HashSet<&str> = confirmations.iter().filter_map(returned_id).collect();
    let safe = confirmations.iter().zip(messages).map(|(confirmation, message)| {
        let safe = confirmation.is_ack() && !returned.contains(message.id.as_str());
        if !safe {
            warn!(routing_key = message.routing_key, "the broker did not take a message");
        }
        safe
    });
    safe.collect()
}

fn returned_id(confirmation: &Confirmation) -> Option<&str> {
    let (Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned))) = confirmation else { return None };
    returned.delivery.properties.message_id().as_ref().map(|id| id.as_str())
}

fn properties(message: &Message) -> BasicProperties {
    let seconds = u64::try_from(Time::now().as_micros() / 1_000_000).unwrap_or(0);
    let mut properties = BasicProperties::default()
        .with_content_type(message.content_type().into())
        .with_message_id(message.id.as_str().into())
        .with_type(message.kind.as_str().into())
        .with_timestamp(seconds)
        .with_delivery_mode(2);
    if let Some(order) = &message.correlation {
        properties = properties.with_correlation_id(order.as_str().into());
    }
    if let Some(traceparent) = &message.traceparent {
        properties = properties.with_headers(arguments([("traceparent", text(traceparent))]));
    }
    properties
}

/// A consumer of a service's queue, and of what the broker gave up delivering to it.
#[derive(Debug)]
pub struct Subscription {
    _connection: Connection,
    inbox: Consumer,
    dead: Consumer,
}

impl Subscription {
    pub(super) async fn receive(&mut self) -> Result<Delivery> {
        let (delivery, gave_up) = tokio::select! {
            delivery = self.inbox.next() => (delivery, false),
            delivery = self.dead.next() => (delivery, true),
        };
        // A consumer that the broker cancels ends quietly.
        let Some(delivery) = delivery else { bail!("the broker ended the consumer") };
        let mut delivery = delivery.context("consume")?;
        let body = std::mem::take(&mut delivery.data);
        // What the broker gave up delivering came back too often. That may be nobody's fault but the network's.
        let redelivered = delivery.redelivered || gave_up;
        Ok(Delivery::new(body, redelivered, Receipt::Rabbit(Box::new(delivery))))
    }
}

pub(super) async fn settle(receipts: Vec<Receipt>) -> Result<()> {
    for receipt in receipts {
        if let Receipt::Rabbit(delivery) = receipt {
            // `false`: the channel is gone, and the message comes again on the next one.
            delivery.ack(BasicAckOptions::default()).await?;
        }
    }
    Ok(())
}
