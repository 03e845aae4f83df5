//! What makes a service: what it listens to, what it loads, how it decides, what it saves.
//! Everything else is plumbing that the three have in common.

use std::{
    fmt::{Debug, Display},
    future::Future,
};

use anyhow::Result;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    contract::{
        event::{Event, Said},
        time::Time,
        trace::Trace,
    },
    db::{Db, Tx},
    engine::{condition::Condition, schema::Migration},
};

/// One of the three. The functions are free of `self`: all that a service knows is in its database.
pub trait Service: Send + Sync + Sized + 'static {
    /// `order-svc`: the queue's name, the events' source, the metrics' label.
    const NAME: &'static str;
    /// What its feed and its dead letters are called in paths: `orders`.
    const FEED: &'static str;
    /// Its tables, numbered from 101; each script is applied once.
    const MIGRATIONS: &'static [Migration];
    /// Those of which a row is a document, which are all.
    const TABLES: &'static [&'static str];

    /// Everything the service can be told, by HTTP, by the bus or by the time.
    type Command: Debug + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What whoever asked for it hears.
    type Reply: Debug + Send + Sync + 'static;
    /// What they hear instead; its text is the reason of a dead letter where an event is refused.
    type Refusal: Display + Debug + Send + Sync + 'static;
    /// The rows that a batch touches.
    type State: Send;

    /// The tables of which batches load rows without locking them. A batch that writes to one of these is decided while
    /// no other is, so that the order of the commits is an order of the decisions as well.
    const UNLOCKED: &'static [&'static str];

    /// What an event on the bus tells the service. An error makes it a dead letter.
    fn hear(event: &Event) -> Result<Self::Command>;

    /// Everything that the batch touches, in as few statements as can be, tables always in the same order.
    fn load(tx: &mut Tx, batch: &[&Input<Self::Command>]) -> impl Future<Output = Result<Self::State>> + Send;

    /// Of the one thing that the command is to change: 0 where it would make it. `None` where there is no such thing,
    /// or the command is a repetition.
    fn version(state: &Self::State, command: &Self::Command) -> Option<i64>;

    /// Pure: the same state and input give the same decision. A refusal leaves the state as it was.
    fn decide(state: &mut Self::State, input: &Input<Self::Command>) -> Result<Decision<Self::Reply>, Self::Refusal>;

    /// Hands over what has changed.
    fn save(tx: &mut Tx, state: Self::State) -> Result<()>;

    /// Since when the oldest has waited that nobody has decided or begun, if anything does, and the gauge of its age.
    fn oldest(_db: &Db) -> impl Future<Output = Result<Option<(&'static str, Option<Time>)>>> + Send {
        async { Ok(None) }
    }

    /// Before anything is said: what has never happened is measured as well.
    fn prepare_measures() {}

    /// Measures what was said, once it is committed.
    fn measure(_said: &Event) {}

    /// What has fallen due by `now`; asked again and again, so a command that is already done decides nothing.
    fn due(_db: &Db, _now: Time) -> impl Future<Output = Result<Vec<Self::Command>>> + Send {
        async { Ok(Vec::new()) }
    }
}

/// One thing a service is told.
#[derive(Clone, Debug)]
pub struct Input<C> {
    /// Of the event, or of the request; ids of whatever follows from it derive from this.
    pub id: Uuid,
    /// When it came; never before what was decided before it.
    pub at: Time,
    /// Who asks: the principal of a request, the source of an event.
    pub by: String,
    pub trace: Trace,
    /// Of an event: none.
    pub condition: Condition,
    pub command: C,
}

/// What follows from an input.
#[derive(Debug)]
pub struct Decision<R> {
    /// In the order in which they are said.
    pub events: Vec<Said>,
    /// For whoever asked; nobody waits for a reply to an event.
    pub reply: Option<R>,
}

impl<R> Decision<R> {
    /// Nothing changes and nobody is told: an event that came late or again.
    pub fn nothing() -> Self {
        Self { events: Vec::new(), reply: None }
    }

    pub fn of(events: Vec<Said>) -> Self {
        Self { events, reply: None }
    }

    pub fn reply(self, reply: R) -> Self {
        Self { reply: Some(reply), ..self }
    }
}
