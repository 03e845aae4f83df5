//! order-svc: takes orders, prices them from the menu, and tells the guest what becomes of them.
//! Every order that it answers with 2xx reaches exactly one end.

pub mod domain;
mod http;
mod pages;
pub mod store;

use anyhow::{Result, bail};
use shared::{
    app::App,
    contract::{kitchen::Ticket, order::Rejection, stock::Reservation},
    db::{Db, Tx},
    event::Event,
    pages::Asset,
    service::{Decision, Input, Service},
    time::Time,
};
use utoipa_axum::router::OpenApiRouter;

use domain::{Command, Progress, Refusal, Reply, State};

/// `order-svc`.
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
    const ASSETS: &'static [Asset] = pages::ASSETS;

    type Command = Command;
    type Reply = Reply;
    type Refusal = Refusal;
    type State = State;

    fn hear(event: &Event) -> Result<Command> {
        Ok(match event.kind.as_str() {
            "stock.reserved" => Command::Reserved { order: event.data::<Reservation>()?.order_id },
            "stock.rejected" => short(event.data()?),
            "availability.changed" => Command::Availability(event.data()?),
            "ticket.cancel_refused" => Command::Ticket(Progress { refused: true, ..progress(&event.data()?) }),
            "ticket.started" | "ticket.ready" | "ticket.served" | "ticket.recalled" | "ticket.voided" => {
                Command::Ticket(progress(&event.data()?))
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
        let overdue = store::overdue(db, now).await?;
        Ok(overdue.into_iter().map(|order| Command::Expire { order }).collect())
    }

    fn routes(app: App<Self>) -> OpenApiRouter {
        http::routes(app)
    }
}

fn short(reservation: Reservation) -> Command {
    let reason = reservation.reason.unwrap_or_else(|| "out_of_stock".into());
    let rejection = Rejection { reason, unavailable: reservation.unavailable };
    Command::Short { order: reservation.order_id, rejection }
}

fn progress(ticket: &Ticket) -> Progress {
    let started = ticket.started_at.is_some();
    Progress { order: ticket.order_id, state: ticket.state, started, refused: false }
}
