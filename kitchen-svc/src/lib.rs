//! kitchen-svc: a ticket for each accepted order, at stations, and the kitchen's word on a cancel.

pub mod domain;
mod http;
mod pages;
mod store;

use anyhow::{Result, bail};
use shared::{
    app::App,
    db::Tx,
    event::Event,
    pages::Asset,
    service::{Decision, Input, Service},
};
use utoipa_axum::router::OpenApiRouter;

use domain::{Command, Refusal, Reply, State};

/// `kitchen-svc`.
#[derive(Debug)]
pub struct KitchenSvc;

impl Service for KitchenSvc {
    const NAME: &'static str = "kitchen-svc";
    const FEED: &'static str = "kitchen";
    const LISTENS: &'static [&'static str] = &["order.accepted", "order.cancel_requested", "location.changed"];
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0002_kitchen.sql")];
    const PAGE: &'static str = "/kitchen";
    const ASSETS: &'static [Asset] = pages::ASSETS;

    type Command = Command;
    type Reply = Reply;
    type Refusal = Refusal;
    type State = State;

    fn hear(event: &Event) -> Result<Command> {
        Ok(match event.kind.as_str() {
            "order.accepted" => Command::Open(event.data()?),
            "order.cancel_requested" => Command::Cancel(event.data()?),
            "location.changed" => Command::SetClock(event.data()?),
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

    fn routes(app: App<Self>) -> OpenApiRouter {
        http::routes(app)
    }
}
