//! `comanda`: the whole restaurant in one process, and the developer's commands.

mod api;
mod demo;
mod developer;
mod simulate;
mod start_page;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Restaurant orders as events: ordering, stock and kitchen in one process
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = shared::process::config::AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: up::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs everything; the same as without a command
    Up(Box<up::Options>),
    /// Makes the demo restaurant at services that run already
    Demo(demo::command::Options),
    /// Shows what the services say to each other, and saves their history
    Events(developer::events::Options),
    /// Shows one order over all services: what each was told, decided and said, and how long it took
    Trace(developer::trace::Options),
    /// Runs history again, in a sandbox, and says where today's code decides differently
    Replay(developer::replay::Options),
    /// Shows what the services could not take in, takes it in after all, or discards it
    Dead(developer::dead::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    shared::process::telemetry::init();
    let Cli { command, up } = Cli::parse();
    match command {
        None => up::run(up).await,
        Some(Command::Up(up)) => up::run(*up).await,
        Some(Command::Demo(demo)) => demo::command::run(demo).await,
        Some(Command::Events(events)) => developer::events::run(events).await,
        Some(Command::Trace(trace)) => developer::trace::run(trace).await,
        Some(Command::Replay(replay)) => developer::replay::run(replay).await,
        Some(Command::Dead(dead)) => developer::dead::run(dead).await,
    }
}
