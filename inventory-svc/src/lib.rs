//! inventory-svc: stock and its ledger, reservations, recipes, and what is sold out.

mod bus;
pub mod domain;
mod http;
mod pages;
mod store;

use anyhow::Result;
use shared::{
    contract::{event::Event, time::Time},
    db::{Db, Tx},
    engine::{
        schema::Migration,
        service::{Decision, Input, Service},
    },
    web::{
        pages::Asset,
        site::{App, Site},
    },
};
use utoipa_axum::router::OpenApiRouter;

use domain::{Command, Refusal, Reply, State};

/// `inventory-svc`.
#[derive(Debug)]
pub struct InventorySvc;

impl Service for InventorySvc {
    const NAME: &'static str = "inventory-svc";
    const FEED: &'static str = "inventory";
    const MIGRATIONS: &'static [Migration] =
        &[(101, include_str!("../migrations/0101_inventory.sql")), (102, include_str!("../migrations/0102_days.sql"))];
    const TABLES: &'static [&'static str] =
        &["reservations", "recipes", "stock", "movements", "availability", "outages", "access_keys"];

    const UNLOCKED: &'static [&'static str] = &["recipes"];

    type Command = Command;
    type Reply = Reply;
    type Refusal = Refusal;
    type State = State;

    fn hear(event: &Event) -> Result<Command> {
        bus::hear(event)
    }

    async fn load(tx: &mut Tx, batch: &[&Input<Command>]) -> Result<State> {
        store::load(tx, batch).await
    }

    fn version(state: &State, command: &Command) -> Option<i64> {
        domain::version(state, command)
    }

    fn decide(state: &mut State, input: &Input<Command>) -> Result<Decision<Reply>, Refusal> {
        domain::decide(state, input)
    }

    fn save(tx: &mut Tx, state: State) -> Result<()> {
        store::save(tx, state)
    }

    async fn due(db: &Db, now: Time) -> Result<Vec<Command>> {
        store::due(db, now).await
    }
}

impl Site for InventorySvc {
    const PORT: u16 = 8082;
    const PAGE: &'static str = "/stock";
    const ASSETS: &'static [Asset] = pages::ASSETS;

    fn routes(app: App<Self>) -> OpenApiRouter {
        http::routes(app)
    }
}
