//! `comanda`: the whole restaurant in one process, and the developer's commands.

mod access;
mod api;
mod broker_setup;
mod console;
mod credentials;
mod demo;
mod developer;
mod simulate;
mod start_page;
mod up;

use std::{net::SocketAddr, process::ExitCode};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use shared::process::{alone::Alone, config::AFTER_HELP, health, host, secrets};

const EXAMPLES: &str = "Examples:
  comanda                                                the demo restaurant on http://127.0.0.1:8080
  comanda --simulate 30/min                              with guests and cooks
  comanda trace 12                                       what became of order 12
  BUS_URL=amqp://127.0.0.1 comanda order-svc             one service by itself";

const EXAMPLES_UP: &str = "Examples:
  comanda up --listen 127.0.0.1:9000 --no-demo
  comanda up --bus-url amqp://127.0.0.1 --kitchen-database-url postgres://127.0.0.1/kitchen";

/// Restaurant orders as events: ordering, stock and kitchen in one process
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = format!("{EXAMPLES}\n\n{AFTER_HELP}"))]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: up::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs everything; the same as without a command
    #[command(after_help = format!("{EXAMPLES_UP}\n\n{AFTER_HELP}"))]
    Up(Box<up::Options>),
    /// Runs the order service by itself; `order-svc migrate` brings its database up to date
    OrderSvc(Box<Alone<OrderSvc>>),
    /// Runs the inventory service by itself
    InventorySvc(Box<Alone<InventorySvc>>),
    /// Runs the kitchen service by itself
    KitchenSvc(Box<Alone<KitchenSvc>>),
    /// Asks the process that listens here whether it is ready, and ends: with 0 if it is
    #[command(after_help = "Example:
  comanda healthcheck --listen 127.0.0.1:8081")]
    Healthcheck(Listens),
    /// Gives each service a user of its own at RabbitMQ, which may say that service's events and no others
    BrokerSetup(broker_setup::Options),
    /// Makes the demo restaurant at services that run already
    Demo(demo::command::Options),
    /// Plays guests, cooks and a manager at services that run already
    Simulate(simulate::command::Options),
    /// Shows what the services say to each other, and saves their history
    Events(developer::events::Options),
    /// Shows one order over all services: what each was told, decided and said, and how long it took
    Trace(developer::trace::Options),
    /// Shows an order, a ticket, the stock … as it is, or as it was at a moment of the past
    Show(developer::show::Options),
    /// Runs history again, in a sandbox, and says where today's code decides differently
    Replay(developer::replay::Options),
    /// Shows what the services could not take in, takes it in after all, or discards it
    Dead(developer::dead::Options),
    /// Serves a page that shows events, traces, dead letters and how the services do, live
    Console(console::Options),
    /// Moves the databases of services that are stopped to others: from SQLite to PostgreSQL, and back
    MigrateData(developer::migrate_data::Options),
    /// Lets somebody in for a while, by a local key, where there is no identity provider
    Token(access::token::Options),
    /// Lets programs and displays in by a secret of their own, lists them, and revokes it
    Key(access::key::Options),
    /// Tells whether everybody agrees: nothing lost, nothing doubled, nothing stuck; and mends what was missed
    Audit(developer::audit::Options),
}

#[derive(Clone, Debug, Args)]
struct Listens {
    /// Address and port of its HTTP interface
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    shared::process::telemetry::init();
    let matches = match secrets::matches(Cli::command()) {
        Ok(matches) => matches,
        Err(error) => return host::refuse("comanda", &error),
    };
    let Cli { command, up } = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match command {
        None => up::run(up).await,
        Some(Command::Up(up)) => up::run(*up).await,
        Some(Command::OrderSvc(alone)) => alone.run().await,
        Some(Command::InventorySvc(alone)) => alone.run().await,
        Some(Command::KitchenSvc(alone)) => alone.run().await,
        Some(Command::Healthcheck(Listens { listen })) => health::run("comanda", listen).await,
        Some(Command::BrokerSetup(setup)) => broker_setup::run(setup).await,
        Some(Command::Demo(demo)) => demo::command::run(demo).await,
        Some(Command::Simulate(simulate)) => simulate::command::run(simulate).await,
        Some(Command::Events(events)) => developer::events::run(events).await,
        Some(Command::Trace(trace)) => developer::trace::run(trace).await,
        Some(Command::Show(show)) => developer::show::run(show).await,
        Some(Command::Replay(replay)) => developer::replay::run(replay).await,
        Some(Command::Dead(dead)) => developer::dead::run(dead).await,
        Some(Command::Console(console)) => console::run(console).await,
        Some(Command::MigrateData(migrate)) => developer::migrate_data::run(migrate).await,
        Some(Command::Token(token)) => access::token::run(token),
        Some(Command::Key(key)) => access::key::run(key).await,
        Some(Command::Audit(audit)) => developer::audit::run(audit).await,
    }
}
