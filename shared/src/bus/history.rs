//! What was published, read again from the broker's stream by a service whose queue was made anew: up to a moment at which
//! everything gets into the queue again.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Connection, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::AMQPValue,
};
use tokio::{sync::Semaphore, time::timeout};
use tracing::warn;

use super::{
    Delivery, Receipt,
    declare::{arguments, bind_inbox, publish_nothing, text},
    rabbit::{PREFETCH, Rabbit, in_time, now_s, published_at},
};
use crate::contract::{time::Time, topology};

/// What is routed at the moment at which a queue is bound has reached the stream by then.
const ROUTED_WITHIN: Duration = Duration::from_secs(1);
/// How long the broker may say nothing before the end.
const SILENCE: Duration = Duration::from_secs(10);

/// What a service hears of the stream, from some time to the moment at which it was opened.
#[derive(Debug)]
pub struct History {
    rabbit: Rabbit,
    service: &'static str,
    connection: Connection,
    messages: Consumer,
    asked_again: bool,
    /// Set where it does not reach back as far as was asked for: what was published before then, the broker has dropped.
    pub lacks_until: Option<Time>,
    /// The id of the message at which it ends.
    end: String,
    again: bool,
    /// One a message that is in hand.
    permits: Arc<Semaphore>,
}

impl History {
    pub(super) async fn open(rabbit: &Rabbit, service: &'static str, since: Option<Time>, again: bool) -> Result<Self> {
        let connection = rabbit.connect(&format!("{service} history")).await?;
        in_time(bind_inbox(&connection, service)).await?;
        tokio::time::sleep(ROUTED_WITHIN).await;
        let end = format!("{service} {}", Time::now());
        let properties = BasicProperties::default()
            .with_message_id(end.as_str().into())
            .with_timestamp(now_s())
            .with_delivery_mode(2);
        in_time(publish_nothing(&connection, topology::STREAM, properties)).await?;
        let kept_since = in_time(kept_since(&connection)).await?;
        let lacks_until = kept_since.filter(|kept| since.is_none_or(|since| *kept > since));
        let messages = in_time(consume(&connection, since)).await?;
        let permits = Arc::new(Semaphore::new(PREFETCH.into()));
        let rabbit = rabbit.clone();
        Ok(Self { rabbit, service, connection, messages, asked_again: false, lacks_until, end, again, permits })
    }

    /// The broker says nothing where all was published before then by its clock, and may forget a reader of what it is
    /// about to drop. It is asked once more, for all that there is.
    async fn message(&mut self) -> Result<lapin::message::Delivery> {
        loop {
            match timeout(SILENCE, self.messages.next()).await {
                Ok(message) => return message.context("the broker ended the history")?.context("read the history"),
                // It waits until what is in hand is settled.
                Err(_) if self.permits.available_permits() < usize::from(PREFETCH) => {}
                Err(_) => {
                    ensure!(!self.asked_again, "the broker does not come to the end of the history");
                    warn!(
                        service = self.service,
                        "the broker says nothing of the history; reading it from its beginning"
                    );
                    self.messages = in_time(consume(&self.connection, None)).await?;
                    self.asked_again = true;
                }
            }
        }
    }

    /// `None` at its end, once all before it is settled.
    pub async fn next(&mut self) -> Result<Option<Delivery>> {
        loop {
            let mut message = self.message().await?;
            if message.properties.message_id().as_ref().is_some_and(|id| id.as_str() == self.end) {
                let _all = self.permits.acquire_many(PREFETCH.into()).await?;
                return Ok(None);
            }
            if !topology::hears(self.service, message.routing_key.as_str()) {
                message.ack(BasicAckOptions::default()).await?;
                continue;
            }
            let permit = Arc::clone(&self.permits).acquire_owned().await?;
            let body = std::mem::take(&mut message.data);
            let from = self.rabbit.speaker(&message.properties);
            let receipt = Receipt::History(Box::new(message), permit);
            return Ok(Some(Delivery { from, ..Delivery::new(body, self.again, receipt) }));
        }
    }
}

/// When the first message was published that the stream still has; `None` where it has all that there ever were. Whoever
/// asks for earlier ones gets those that are there, and no word of the others.
async fn kept_since(connection: &Connection) -> Result<Option<Time>> {
    let mut messages = consume(connection, None).await?;
    loop {
        let message = messages.next().await.context("the broker ended the history")?.context("read the history")?;
        if offset(&message.properties) == Some(0) {
            return Ok(None);
        }
        if let Some(at) = published_at(&message.properties) {
            return Ok(Some(at));
        }
        message.ack(BasicAckOptions::default()).await?;
    }
}

/// Of a message in the stream, counted from the first that there ever was.
fn offset(properties: &BasicProperties) -> Option<i64> {
    match properties.headers().as_ref()?.inner().get("x-stream-offset")? {
        AMQPValue::LongLongInt(offset) => Some(*offset),
        _ => None,
    }
}

async fn consume(connection: &Connection, since: Option<Time>) -> Result<Consumer> {
    let channel = connection.create_channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let from = match since.map(|since| u64::try_from(since.as_micros() / 1_000_000)) {
        Some(Ok(since_s)) => AMQPValue::Timestamp(since_s),
        _ => text("first"),
    };
    let (stream, options) = (topology::STREAM.into(), BasicConsumeOptions::default());
    let messages = channel.basic_consume(stream, "".into(), options, arguments([("x-stream-offset", from)])).await;
    messages.context("consume the stream")
}
