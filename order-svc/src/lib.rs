//! order-svc: takes orders, prices them from the menu, and tells the guest what becomes of them.
//! Every order that it answers with 2xx reaches exactly one end.

pub mod domain;
mod http;
mod pages;
mod store;

use anyhow::Result;
use shared::{
    app::App,
    db::{Db, Tx},
    event::Event,
    service::{Decision, Input, Service},
    time::Time,
};
use utoipa_axum::router::OpenApiRouter;

use crate::domain::{Command, Refusal, Reply, State};

#[derive(Debug)]
pub struct OrderSvc;

impl Service for OrderSvc {
    const NAME: &'static str = "order-svc";
    const FEED: &'static str = "orders";
    const LISTENS: &'static [&'static str] = &[
        "stock.reserved",
        "stock.rejected",
        "availability.changed",
        "ticket.started",
        "ticket.ready",
        "ticket.served",
        "ticket.recalled",
        "ticket.voided",
        "ticket.cancel_refused",
    ];
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0002_orders.sql")];
    const PAGE: &'static str = "/order";

    type Command = Command;
    type Reply = Reply;
    type Refusal = Refusal;
    type State = State;

    fn hear(event: &Event) -> Result<Command> {
        domain::hear(event)
    }

    async fn load(tx: &mut Tx, batch: &[&Input<Command>]) -> Result<State> {
        store::load(tx, batch).await
    }

    fn decide(state: &mut State, input: &Input<Command>) -> Result<Decision<Reply>, Refusal> {
        domain::decide(state, input)
    }

    async fn save(tx: &mut Tx, state: State) -> Result<()> {
        store::save(tx, state).await
    }

    async fn due(db: &Db, now: Time) -> Result<Vec<Command>> {
        let overdue = store::overdue(db, now).await?;
        Ok(overdue.into_iter().map(|order| Command::Expire { order }).collect())
    }

    fn routes(app: App<Self>) -> OpenApiRouter {
        http::routes(app)
    }

    fn pages() -> axum::Router {
        pages::router()
    }
}

#[cfg(test)]
mod tests {
    use shared::topology;

    use super::*;

    #[test]
    fn listens_to_what_the_contract_says() {
        assert_eq!(OrderSvc::LISTENS, topology::listens(OrderSvc::NAME));
    }

    #[test]
    fn the_domain_is_pure() {
        for text in [
            include_str!("domain.rs"),
            include_str!("domain/life.rs"),
            include_str!("domain/menu.rs"),
            include_str!("domain/place.rs"),
            include_str!("domain/request.rs"),
        ] {
            for word in ["async", "sqlx", "axum", "lapin", "tokio", "tracing", "now()"] {
                assert!(!text.contains(word), "{word} in\n{text}");
            }
        }
    }
}
