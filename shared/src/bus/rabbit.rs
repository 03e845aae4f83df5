//! RabbitMQ. Publishing and consuming have connections of their own: an alarm of the broker stops everything on
//! a connection that publishes, acknowledgements included. Whatever fails is rebuilt by whoever holds it.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions},
    types::{FieldTable, LongString, ShortString},
};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tracing::warn;
use uuid::Uuid;

use super::{
    Delivery, Message, Receipt, Speaker,
    address::Address,
    declare::{arguments, bind_inbox, confirmed_channel, declare, made_anew, text},
    identity,
    misconfigured::{Phase, explain},
    seldom::Seldom,
};
use crate::contract::{time::Time, topology};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A broker that blocks or hangs: long enough for an alarm to pass, short enough to notice a dead connection.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);
/// Unacknowledged messages a service holds of a queue at the most; each may carry many events. The broker sends no
/// more bytes than this many times [`super::MESSAGE_MAX_BYTES`] that have to be kept.
pub(super) const PREFETCH: u16 = 32;
/// How often a subscription is looked after.
const RENEWAL: Duration = Duration::from_secs(15);

/// How to reach the broker.
#[derive(Clone, Debug)]
pub struct Rabbit {
    address: Arc<Address>,
}

impl Rabbit {
    pub(super) fn new(url: &str) -> Result<Self> {
        Ok(Self { address: Arc::new(Address::new(url)?) })
    }

    /// Where services have users of their own: whose this is.
    pub(super) fn speaks_for(&self) -> Option<&'static str> {
        self.address.speaks_for()
    }

    pub(super) async fn connect(&self, name: &str) -> Result<Connection> {
        let properties = ConnectionProperties::default().with_connection_name(LongString::from(name));
        let (uri, tls, runtime) =
            (self.address.uri.clone(), self.address.tls().await?, lapin::runtime::default_runtime()?);
        let authority = &self.address.uri.authority;
        timeout(CONNECT_TIMEOUT, Connection::connect_uri_with_config(uri, properties, tls, runtime))
            .await
            .context("the broker does not answer")
            .and_then(|connected| connected.map_err(Into::into))
            .with_context(|| format!("connect to RabbitMQ at {}:{}", authority.host, authority.port))
            .map_err(|error| self.explain(error, Phase::Connecting))
    }

    /// Says who publishes, which the broker holds us to.
    pub(super) fn signed(&self, properties: BasicProperties) -> BasicProperties {
        match self.speaks_for() {
            Some(service) => properties.with_user_id(service.into()),
            None => properties,
        }
    }

    /// Who published it.
    pub(super) fn speaker(&self, properties: &BasicProperties) -> Speaker {
        match (self.speaks_for(), properties.user_id()) {
            (None, _) => Speaker::Anybody,
            (Some(_), user) => Speaker::User(user.as_ref().map(ToString::to_string)),
        }
    }

    fn explain(&self, error: anyhow::Error, phase: Phase) -> anyhow::Error {
        explain(error, phase, &self.address.uri)
    }

    pub(super) async fn publisher(&self) -> Result<Publisher> {
        let connection = self.connect("comanda publisher").await?;
        let channel = in_time(confirming(&connection)).await;
        let channel = channel.map_err(|error| self.explain(error, Phase::SettingUp))?;
        Ok(Publisher { rabbit: self.clone(), connection, channel })
    }

    pub(super) async fn subscribe(&self, service: &'static str) -> Result<Subscription> {
        let connection = self.connect(service).await?;
        let set_up = async {
            declare(&connection).await?;
            consuming(&connection, service).await
        };
        let (inbox, dead) = in_time(set_up).await.map_err(|error| self.explain(error, Phase::SettingUp))?;
        let mut renewal = interval_at(Instant::now() + RENEWAL, RENEWAL);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (rabbit, in_hand) = (self.clone(), Arc::default());
        Ok(Subscription { rabbit, connection, service, inbox, dead, renewal, heard: true, in_hand })
    }
}

pub(super) async fn in_time<T>(setting_up: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(CONFIRM_TIMEOUT, setting_up).await.context("declaring the topology took too long")?
}

async fn confirming(connection: &Connection) -> Result<Channel> {
    declare(connection).await?;
    confirmed_channel(connection).await
}

/// Of the service's queue, and of what the broker gave up delivering to it.
async fn consuming(connection: &Connection, service: &str) -> Result<(Consumer, Consumer)> {
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

/// One channel with confirms. One task uses it at a time.
#[derive(Debug)]
pub struct Publisher {
    rabbit: Rabbit,
    connection: Connection,
    channel: Channel,
}

impl Publisher {
    pub(super) async fn identity(&self, fresh: Uuid) -> Result<String> {
        let found = in_time(identity::of(&self.connection, fresh)).await;
        found.map_err(|error| self.rabbit.explain(error, Phase::SettingUp))
    }

    pub(super) async fn publish(&self, messages: &[Message]) -> Result<Vec<bool>> {
        let published = self.send(topology::EXCHANGE, messages).await;
        published.map_err(|error| self.rabbit.explain(error, Phase::Publishing))
    }

    /// Each into the queue that its routing key names.
    pub(super) async fn publish_to_queues(&self, messages: &[Message]) -> Result<Vec<bool>> {
        let published = self.send(topology::DEAD_EXCHANGE, messages).await;
        published.map_err(|error| self.rabbit.explain(error, Phase::Publishing))
    }

    async fn send(&self, exchange: &str, messages: &[Message]) -> Result<Vec<bool>> {
        let mut confirms = Vec::with_capacity(messages.len());
        for message in messages {
            let options = BasicPublishOptions { mandatory: true, ..Default::default() };
            let (key, body) = (ShortString::from(message.routing_key.as_str()), message.body());
            let properties = self.rabbit.signed(properties(message));
            let sent = self.channel.basic_publish(exchange.into(), key, options, body.as_bytes(), properties);
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
            static NOT_TAKEN: Seldom = Seldom::new(1);
            if let Some(left_out) = NOT_TAKEN.now(Time::now()) {
                warn!(routing_key = message.routing_key, left_out, "the broker did not take a message");
            }
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
    let mut properties = BasicProperties::default()
        .with_content_type(message.content_type().into())
        .with_message_id(message.id.as_str().into())
        .with_type(message.kind.as_str().into())
        .with_timestamp(now_s())
        .with_delivery_mode(2);
    if let Some(order) = &message.correlation {
        properties = properties.with_correlation_id(order.as_str().into());
    }
    if let Some(traceparent) = &message.traceparent {
        properties = properties.with_headers(arguments([("traceparent", text(traceparent))]));
    }
    properties
}

/// Since 1970.
pub(super) fn now_s() -> u64 {
    u64::try_from(Time::now().as_micros() / 1_000_000).unwrap_or(0)
}

/// A consumer of a service's queue, and of what the broker gave up delivering to it.
#[derive(Debug)]
pub struct Subscription {
    rabbit: Rabbit,
    connection: Connection,
    service: &'static str,
    inbox: Consumer,
    dead: Consumer,
    renewal: Interval,
    /// Whether the queue delivered something since the last renewal.
    heard: bool,
    /// One more for each delivery that is not settled.
    in_hand: Arc<()>,
}

impl Subscription {
    pub(super) async fn receive(&mut self) -> Result<Delivery> {
        let (delivery, gave_up) = loop {
            tokio::select! {
                delivery = self.inbox.next() => break (delivery, false),
                delivery = self.dead.next() => break (delivery, true),
                _ = self.renewal.tick() => in_time(self.renew()).await?,
            }
        };
        self.heard |= !gave_up;
        // A consumer that the broker cancels ends quietly.
        let Some(delivery) = delivery else { bail!("the broker ended the consumer") };
        let mut delivery = delivery.context("consume")?;
        let body = std::mem::take(&mut delivery.data);
        // What the broker gave up delivering came back too often. That may be nobody's fault but the network's.
        let made_anew = made_anew(&delivery.properties);
        let redelivered = delivery.redelivered || (gave_up && made_anew.is_none());
        let from = self.rabbit.speaker(&delivery.properties);
        let receipt = Receipt::Rabbit(Box::new(delivery), Arc::clone(&self.in_hand));
        Ok(Delivery { made_anew, from, ..Delivery::new(body, redelivered, receipt) })
    }

    /// Binds the queue: somebody may have unbound it. Of a queue that is quiet, consumes anew: where it is deleted and
    /// made anew at once, RabbitMQ 3.10 goes on delivering to the channel that consumed the old one, which drops what
    /// it takes for repetitions, and says nothing. All that it holds comes once that channel is closed.
    async fn renew(&mut self) -> Result<()> {
        bind_inbox(&self.connection, self.service).await?;
        let quiet = !std::mem::take(&mut self.heard);
        if quiet && Arc::strong_count(&self.in_hand) == 1 {
            (self.inbox, self.dead) = consuming(&self.connection, self.service).await?;
        }
        Ok(())
    }
}

/// To the second; `None` of what strangers published.
pub(super) fn published_at(properties: &BasicProperties) -> Option<Time> {
    let at_s = i64::try_from((*properties.timestamp())?).ok()?;
    Some(Time::from_micros(at_s.saturating_mul(1_000_000)))
}

pub(super) async fn settle(receipts: Vec<Receipt>) -> Result<()> {
    for receipt in receipts {
        // `false`: the channel is gone, and the message comes again on the next one.
        match receipt {
            Receipt::Rabbit(delivery, _) => delivery.ack(BasicAckOptions::default()).await?,
            Receipt::History(delivery, _permit) => delivery.ack(BasicAckOptions::default()).await?,
            Receipt::Embedded(_) => false,
        };
    }
    Ok(())
}
