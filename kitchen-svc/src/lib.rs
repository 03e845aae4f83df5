//! kitchen-svc: a ticket for each accepted order, at stations, and the kitchen's word on a cancel.

mod bus;
pub mod domain;
mod http;
mod measure;
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

/// `kitchen-svc`.
#[derive(Debug)]
pub struct KitchenSvc;

impl Service for KitchenSvc {
    const NAME: &'static str = "kitchen-svc";
    const FEED: &'static str = "kitchen";
    const MIGRATIONS: &'static [Migration] = &[
        (101, include_str!("../migrations/0101_kitchen.sql")),
        (102, include_str!("../migrations/0102_finished.sql")),
        (103, include_str!("../migrations/0103_tickets_of_a_location.sql")),
        (104, include_str!("../migrations/0104_paces.sql")),
    ];
    const TABLES: &'static [&'static str] =
        &["tickets", "stations", "marked_out", "closed_stations", "clocks", "paces", "access_keys"];

    const UNLOCKED: &'static [&'static str] = &["stations", "clocks"];

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

    async fn oldest(db: &Db) -> Result<Option<(&'static str, Option<Time>)>> {
        Ok(Some(("comanda_ticket_unstarted_oldest_seconds", store::oldest_unstarted(db).await?)))
    }

    fn measure(said: &Event) {
        measure::said(said);
    }

    async fn due(db: &Db, now: Time) -> Result<Vec<Command>> {
        store::due(db, now).await
    }
}

impl Site for KitchenSvc {
    const PORT: u16 = 8083;
    const PAGE: &'static str = "/kitchen";
    const ASSETS: &'static [Asset] = pages::ASSETS;

    fn routes(app: App<Self>) -> OpenApiRouter {
        http::routes(app)
    }
}
