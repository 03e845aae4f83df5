//! order-svc: takes orders, prices them from the menu, and tells the guest what becomes of them.
//! Every order that it answers with 2xx reaches exactly one end.

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

/// `order-svc`.
#[derive(Debug)]
pub struct OrderSvc;

/// Where managers edit the menu; guests order at [`Site::PAGE`].
pub const MENU_PAGE: &str = "/menu";
/// Where managers see what a day was like.
pub const DAY_PAGE: &str = "/day";

impl Service for OrderSvc {
    const NAME: &'static str = "order-svc";
    const FEED: &'static str = "orders";
    const MIGRATIONS: &'static [Migration] = &[
        (101, include_str!("../migrations/0101_orders.sql")),
        (102, include_str!("../migrations/0102_orders_by_status.sql")),
        (103, include_str!("../migrations/0103_pairings.sql")),
        (104, include_str!("../migrations/0104_paces.sql")),
    ];
    const TABLES: &'static [&'static str] =
        &["orders", "order_numbers", "locations", "menu_items", "availabilities", "access_keys", "pairings", "paces"];

    const UNLOCKED: &'static [&'static str] = &["locations", "menu_items", "paces"];

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
        Ok(Some(("comanda_order_undecided_oldest_seconds", store::oldest_undecided(db).await?)))
    }

    fn prepare_measures() {
        measure::prepare();
    }

    fn measure(said: &Event) {
        measure::said(said);
    }

    async fn due(db: &Db, now: Time) -> Result<Vec<Command>> {
        store::due(db, now).await
    }
}

impl Site for OrderSvc {
    const PORT: u16 = 8081;
    const PAGE: &'static str = "/order";
    const ASSETS: &'static [Asset] = pages::ASSETS;

    fn routes(app: App<Self>) -> OpenApiRouter {
        http::routes(app)
    }
}
