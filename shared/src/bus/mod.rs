//! Events between the services, at least once, over RabbitMQ or a file. The scheme of the URL picks the backend.

mod address;
mod declare;
mod embedded;
mod history;
mod identity;
mod misconfigured;
mod rabbit;
pub(crate) mod seldom;
mod speaker;

use std::sync::Arc;

use anyhow::{Result, bail};
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::contract::{time::Time, topology};

pub use history::History;
pub use misconfigured::Misconfigured;
pub use speaker::Speaker;

/// The largest message that is kept whole and read. Strangers may publish, and what they send has to be held.
pub const MESSAGE_MAX_BYTES: usize = 1024 * 1024;
/// How much of a larger message is kept.
const BEGINNING_BYTES: usize = 4 * 1024;

/// A bus. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Bus {
    Rabbit(rabbit::Rabbit),
    Embedded(embedded::Embedded),
}

/// What goes out: one event, or several of one routing key.
#[derive(Clone, Debug)]
pub struct Message {
    pub routing_key: String,
    /// Encoded events, at least one.
    pub events: Vec<String>,
    /// Of the first event: id, type, order, `traceparent`.
    pub id: String,
    pub kind: String,
    pub correlation: Option<String>,
    pub traceparent: Option<String>,
}

impl Message {
    /// One event as it is, several as a JSON array.
    pub fn body(&self) -> String {
        match &self.events[..] {
            [one] => one.clone(),
            many => format!("[{}]", many.join(",")),
        }
    }

    pub fn content_type(&self) -> &'static str {
        if self.events.len() == 1 { crate::contract::event::ONE } else { crate::contract::event::BATCH }
    }
}

/// What comes in.
#[derive(Debug)]
pub struct Delivery {
    /// Whole, or the beginning of what was cut.
    pub body: Vec<u8>,
    pub cut: Option<Cut>,
    pub from: Speaker,
    /// It was delivered before, and nobody knows what became of it.
    pub redelivered: bool,
    /// No event, but a mark: the service's queue was made anew then, and what was published before may be missed.
    pub made_anew: Option<Time>,
    pub receipt: Receipt,
}

/// What is known of a body that was larger than [`MESSAGE_MAX_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub length_bytes: usize,
    /// In hexadecimal digits.
    pub sha256: String,
}

impl Delivery {
    fn new(body: Vec<u8>, redelivered: bool, receipt: Receipt) -> Self {
        let (body, cut) = cut(body);
        Self { body, cut, from: Speaker::Anybody, redelivered, made_anew: None, receipt }
    }
}

/// A body as it is taken in; that of a large one is let go at once.
fn cut(body: Vec<u8>) -> (Vec<u8>, Option<Cut>) {
    if body.len() <= MESSAGE_MAX_BYTES {
        return (body, None);
    }
    let sha256 = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    let cut = Cut { length_bytes: body.len(), sha256 };
    (body[..BEGINNING_BYTES].to_vec(), Some(cut))
}

/// With which a delivery is settled once its effects are durable.
#[derive(Debug)]
pub enum Receipt {
    /// The other tells the subscription that something is in hand.
    Rabbit(Box<lapin::message::Delivery>, Arc<()>),
    /// Read again; the permit tells the reader that it is settled.
    History(Box<lapin::message::Delivery>, OwnedSemaphorePermit),
    Embedded(i64),
}

/// One end that publishes. Holds a connection of its own.
#[derive(Debug)]
pub enum Publisher {
    Rabbit(Box<rabbit::Publisher>),
    Embedded(embedded::Embedded),
}

/// One end that receives for a service.
#[derive(Debug)]
pub enum Subscription {
    Rabbit(Box<rabbit::Subscription>),
    Embedded(embedded::Subscription),
}

impl Bus {
    /// The service that its URL is for, where the broker tells services apart: a user that is called like one.
    pub fn speaks_for(&self) -> Option<&'static str> {
        match self {
            Self::Rabbit(rabbit) => rabbit.speaks_for(),
            Self::Embedded(_) => None,
        }
    }

    /// What traces call it.
    pub(crate) fn system(&self) -> &'static str {
        match self {
            Self::Rabbit(_) => "rabbitmq",
            Self::Embedded(_) => "sqlite",
        }
    }

    /// `sqlite:…` for one process, `amqp:…` or `amqps:…` for many. A broker that is away is waited for.
    pub async fn open(url: &str) -> Result<Self> {
        match url.split_once(':').map(|(scheme, rest)| (scheme, rest.trim_start_matches("//"))) {
            Some(("sqlite", path)) => Ok(Self::Embedded(embedded::Embedded::open(path).await?)),
            Some(("amqp" | "amqps", _)) => Ok(Self::Rabbit(rabbit::Rabbit::new(url)?)),
            _ => bail!("the URL starts with none of sqlite:, amqp: and amqps:"),
        }
    }

    /// Connects and declares the topology.
    pub async fn publisher(&self) -> Result<Publisher> {
        match self {
            Self::Rabbit(rabbit) => Ok(Publisher::Rabbit(Box::new(rabbit.publisher().await?))),
            Self::Embedded(embedded) => Ok(Publisher::Embedded(embedded.clone())),
        }
    }

    /// Connects and declares the topology. What an earlier subscription did not settle comes again.
    pub async fn subscribe(&self, service: &'static str) -> Result<Subscription> {
        match self {
            Self::Rabbit(rabbit) => Ok(Subscription::Rabbit(Box::new(rabbit.subscribe(service).await?))),
            Self::Embedded(embedded) => Ok(Subscription::Embedded(embedded.subscribe(service).await?)),
        }
    }

    /// What the service hears of what was published since then, and is still there; all of it where no time is given.
    /// `again` where that is not the first attempt. Nothing of a bus in a file, which loses nothing but itself.
    pub async fn history(&self, service: &'static str, since: Option<Time>, again: bool) -> Result<Option<History>> {
        match self {
            Self::Rabbit(rabbit) => History::open(rabbit, service, since, again).await.map(Some),
            Self::Embedded(_) => Ok(None),
        }
    }

    /// What was settled stays settled. Closes the file, if it is one; connections close with those who hold them.
    pub async fn close(&self) -> Result<()> {
        match self {
            Self::Rabbit(_) => Ok(()),
            Self::Embedded(embedded) => embedded.close().await,
        }
    }

    /// Forgets what was said before `before` and every listener has taken in. A broker forgets by its own rules.
    pub async fn forget(&self, before: Time) -> Result<()> {
        match self {
            Self::Rabbit(_) => Ok(()),
            Self::Embedded(embedded) => embedded.forget(before).await,
        }
    }

    /// Tells the bus that the deliveries need not come again.
    pub async fn settle(&self, service: &'static str, receipts: Vec<Receipt>) -> Result<()> {
        if receipts.is_empty() {
            return Ok(());
        }
        match self {
            Self::Rabbit(_) => rabbit::settle(receipts).await,
            Self::Embedded(embedded) => embedded.settle(service, receipts).await,
        }
    }
}

impl Publisher {
    /// Publishes the messages and waits for what the broker answers: which of them are safe. The rest must be
    /// published again.
    pub async fn publish(&self, messages: &[Message]) -> Result<Vec<bool>> {
        match self {
            Self::Rabbit(publisher) => publisher.publish(messages).await,
            Self::Embedded(embedded) => embedded.publish(messages).await,
        }
    }

    /// Which bus it is: another one after its file was removed or its broker made anew. `fresh` becomes the id of one
    /// that has none yet.
    pub async fn identity(&self, fresh: Uuid) -> Result<String> {
        match self {
            Self::Rabbit(publisher) => publisher.identity(fresh).await,
            Self::Embedded(embedded) => embedded.identity().await,
        }
    }

    /// As [`Publisher::publish`], into the queue of one service: no other hears it, nor does the stream.
    pub async fn publish_to(&self, service: &str, messages: &[Message]) -> Result<Vec<bool>> {
        let to = topology::inbox(service);
        let addressed = |message: &Message| Message { routing_key: to.clone(), ..message.clone() };
        let messages: Vec<Message> = messages.iter().map(addressed).collect();
        match self {
            Self::Rabbit(publisher) => publisher.publish_to_queues(&messages).await,
            Self::Embedded(embedded) => embedded.publish(&messages).await,
        }
    }
}

impl Subscription {
    /// Waits for the next delivery. An error ends the subscription; make a new one.
    pub async fn receive(&mut self) -> Result<Delivery> {
        match self {
            Self::Rabbit(subscription) => subscription.receive().await,
            Self::Embedded(subscription) => subscription.receive().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_whole_up_to_its_limit() {
        let whole = vec![b'x'; MESSAGE_MAX_BYTES];
        assert_eq!(cut(whole.clone()), (whole, None));
        let (body, known) = cut(vec![b'x'; MESSAGE_MAX_BYTES + 1]);
        assert_eq!(body, vec![b'x'; BEGINNING_BYTES]);
        assert!(body.capacity() < 2 * BEGINNING_BYTES, "the rest is let go");
        let known = known.expect("it was cut");
        assert_eq!(known.length_bytes, MESSAGE_MAX_BYTES + 1);
        assert_eq!(known.sha256.len(), 64);
    }
}
