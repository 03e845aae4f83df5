//! Events between the services, at least once, over RabbitMQ or a file. The scheme of the URL picks the backend.

mod embedded;
mod rabbit;

use anyhow::{Result, bail};

use crate::contract::time::Time;

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
    pub body: Vec<u8>,
    /// It was delivered before, and nobody knows what became of it.
    pub redelivered: bool,
    /// The broker gave up delivering it.
    pub dead: bool,
    pub receipt: Receipt,
}

/// With which a delivery is settled once its effects are durable.
#[derive(Debug)]
pub enum Receipt {
    Rabbit(Box<lapin::message::Delivery>),
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
