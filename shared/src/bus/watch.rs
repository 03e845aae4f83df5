//! Looks after a service's queue from beside it: binds it anew, since somebody may have unbound it, and reads in the broker's
//! stream what should have got into it.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::StreamExt;
use lapin::{
    Channel, Connection,
    options::{BasicAckOptions, QueueDeclareOptions},
    types::FieldTable,
};
use tokio::time::timeout;

use super::{
    MESSAGE_MAX_BYTES, Speaker,
    declare::bind_inbox,
    history::{From, consume, offset},
    rabbit::{Rabbit, in_time, published_at},
};
use crate::contract::{time::Time, topology};

/// After so long without a message, the stream is taken to be at its end.
const SILENCE: Duration = Duration::from_secs(1);
/// The most that one look reads: all where little is said, a sample where there is more.
const LOOK_MESSAGES: usize = 500;
const LOOK_BYTES: usize = 4 * MESSAGE_MAX_BYTES;

/// What a service should hear, as the stream has it.
#[derive(Debug)]
pub struct Published {
    pub at: Time,
    pub from: Speaker,
    pub body: Vec<u8>,
}

/// Of one service's queue. Holds a connection of its own.
#[derive(Debug)]
pub struct Watch {
    rabbit: Rabbit,
    service: &'static str,
    connection: Connection,
    /// Of the next look.
    from: From,
}

impl Watch {
    /// Its first look begins at `since`, or with what was published last.
    pub(super) async fn open(rabbit: &Rabbit, service: &'static str, since: Option<Time>) -> Result<Self> {
        let connection = rabbit.connect(&format!("{service} watch")).await?;
        Ok(Self { rabbit: rabbit.clone(), service, connection, from: since.map_or(From::Last, From::Time) })
    }

    /// From now on what the service hears gets into its queue.
    pub async fn bind(&self) -> Result<()> {
        in_time(bind_inbox(&self.connection, self.service)).await
    }

    /// Whether nothing waits in the queue. What was delivered and is not settled does not count.
    pub async fn is_drained(&self) -> Result<bool> {
        in_time(async {
            let channel = self.connection.create_channel().await?;
            let passive = QueueDeclareOptions { passive: true, ..Default::default() };
            let inbox = topology::inbox(self.service);
            let queue = channel.queue_declare(inbox.as_str().into(), passive, FieldTable::default()).await?;
            channel.close(200, "OK".into()).await?;
            Ok(queue.message_count() == 0)
        })
        .await
    }

    /// What was published since the last look that the service hears; a part of it where that is much.
    pub async fn look(&mut self) -> Result<Vec<Published>> {
        let channel = in_time(async { Ok(self.connection.create_channel().await?) }).await?;
        let published = self.read(&channel).await?;
        in_time(async { Ok(channel.close(200, "OK".into()).await?) }).await?;
        Ok(published)
    }

    async fn read(&mut self, channel: &Channel) -> Result<Vec<Published>> {
        let mut messages = in_time(consume(channel, self.from)).await?;
        // Where nothing comes, the position may be one that the stream does not have: it was made anew.
        self.from = From::Last;
        let (mut heard, mut read, mut bytes) = (Vec::new(), 0, 0);
        while let Ok(message) = timeout(SILENCE, messages.next()).await {
            let mut message = message.context("the broker ended the stream")?.context("read the stream")?;
            self.from = offset(&message.properties).map_or(From::Last, |offset| From::Offset(offset + 1));
            message.ack(BasicAckOptions::default()).await?;
            (read, bytes) = (read + 1, bytes + message.data.len());
            let at = published_at(&message.properties);
            if let Some(at) = at.filter(|_| topology::hears(self.service, message.routing_key.as_str())) {
                let body = std::mem::take(&mut message.data);
                heard.push(Published { at, from: self.rabbit.speaker(&message.properties), body });
            }
            if read >= LOOK_MESSAGES || bytes >= LOOK_BYTES {
                self.from = From::Last;
                break;
            }
        }
        Ok(heard)
    }
}
