//! Which broker it is: a stream that keeps one message with its id for ever, so that whoever has published on a broker
//! notices that another has taken its place.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Connection,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
};
use tokio::time::timeout;
use uuid::Uuid;

use super::declare::{arguments, bind_by_name, declare_queue, exists, publish_nothing, text};
use crate::contract::topology::IDENTITY;

/// For the first message of a stream that has one.
const PATIENCE: Duration = Duration::from_secs(3);

/// The id; `fresh` where there is none yet. Of two that are given at once the first counts.
pub(super) async fn of(connection: &Connection, fresh: Uuid) -> Result<String> {
    if !exists(connection, IDENTITY).await? {
        declare_queue(connection, IDENTITY, arguments([("x-queue-type", text("stream"))])).await?;
        write(connection, fresh).await?;
    }
    if let Some(id) = first(connection).await? {
        return Ok(id);
    }
    // Whoever made it has died before he wrote.
    write(connection, fresh).await?;
    first(connection).await?.context("the broker does not keep its id")
}

async fn write(connection: &Connection, id: Uuid) -> Result<()> {
    bind_by_name(connection, IDENTITY).await?;
    let properties = BasicProperties::default().with_message_id(id.to_string().into()).with_delivery_mode(2);
    publish_nothing(connection, IDENTITY, properties).await
}

/// `None` where nothing comes.
async fn first(connection: &Connection) -> Result<Option<String>> {
    let channel = connection.create_channel().await?;
    channel.basic_qos(1, BasicQosOptions::default()).await?;
    let from = arguments([("x-stream-offset", text("first"))]);
    let mut messages = channel.basic_consume(IDENTITY.into(), "".into(), BasicConsumeOptions::default(), from).await?;
    let Ok(message) = timeout(PATIENCE, messages.next()).await else { return Ok(None) };
    let message = message.context("the broker ended the consumer")??;
    message.ack(BasicAckOptions::default()).await?;
    let id = message.properties.message_id().as_ref().map(|id| id.to_string());
    channel.close(200, "OK".into()).await?;
    Ok(Some(id.context("the broker's id is none")?))
}
