//! inventory-svc: stock and its ledger, reservations, recipes, and what is sold out.

pub mod domain;
mod http;
mod pages;
mod store;

use anyhow::{Result, bail};
use shared::{
    app::App,
    contract::{kitchen::MarkedOut, kitchen::Ticket, order::Order},
    db::{Db, Tx},
    event::Event,
    pages::Asset,
    service::{Decision, Input, Service},
    time::Time,
};
use utoipa_axum::router::OpenApiRouter;

use domain::{Command, Happened, Refusal, Reply, SetAvailability, State};

/// `inventory-svc`.
#[derive(Debug)]
pub struct InventorySvc;

impl Service for InventorySvc {
    const NAME: &'static str = "inventory-svc";
    const FEED: &'static str = "inventory";
    const LISTENS: &'static [&'static str] =
        &["order.placed", "order.rejected", "order.cancelled", "ticket.started", "item.marked_out"];
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0002_inventory.sql")];
    const PAGE: &'static str = "/stock";
    const ASSETS: &'static [Asset] = pages::ASSETS;

    type Command = Command;
    type Reply = Reply;
    type Refusal = Refusal;
    type State = State;

    fn hear(event: &Event) -> Result<Command> {
        let of_order = |order: Order, happened| Command::Order { order: order.id, location: order.location, happened };
        Ok(match event.kind.as_str() {
            "order.placed" => {
                let order: Order = event.data()?;
                let (id, location) = (order.id, order.location.clone());
                Command::Order { order: id, location, happened: Happened::Placed(Box::new(order)) }
            }
            "order.cancelled" => of_order(event.data()?, Happened::Cancelled),
            "order.rejected" => of_order(event.data()?, Happened::Rejected),
            "ticket.started" => {
                let ticket: Ticket = event.data()?;
                Command::Order { order: ticket.order_id, location: ticket.location, happened: Happened::Started }
            }
            "item.marked_out" => {
                let MarkedOut { location, sku, until, marked_at, .. } = event.data()?;
                Command::MarkOut { item: SetAvailability { location, sku, available: false, until }, marked_at }
            }
            other => bail!("{other} is none of {}", Self::LISTENS.join(", ")),
        })
    }

    async fn load(tx: &mut Tx, batch: &[&Input<Command>]) -> Result<State> {
        store::load(tx, batch).await
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

    fn routes(app: App<Self>) -> OpenApiRouter {
        http::routes(app)
    }
}
