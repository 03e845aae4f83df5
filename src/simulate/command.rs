//! `comanda simulate`: guests, cooks and a manager at services that run already, each by itself or behind a gateway.

use std::{io::Write, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Args;
use shared::process::{config, host};
use tracing::info;

use super::{PATIENCE, Rate, Tally, play};
use crate::{
    demo::{self, Services},
    developer::At,
};

const EXAMPLES: &str = "Examples:
  comanda simulate --at http://gateway:8080 --rate 30/min       until it is stopped
  comanda simulate --at http://127.0.0.1:8081 --at http://127.0.0.1:8082 --at http://127.0.0.1:8083 --rate 50/s --for 1m

A request that nobody answers, or with 502, 503 or 504, is made again under the same key, and counted.";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    at: At,

    /// So many orders: 30/min, 2/s
    #[arg(long, default_value = "30/min")]
    rate: Rate,

    /// Stop after so long (30s, 5m), and exit with 1 if a request failed or had to be made again
    #[arg(long = "for", value_name = "DURATION", value_parser = config::duration)]
    lasting: Option<Duration>,
}

pub(crate) async fn run(options: Options) -> ExitCode {
    match simulate(options).await {
        Ok(code) => code,
        Err(error) => host::refuse("comanda", &error),
    }
}

async fn simulate(Options { at, rate, lasting }: Options) -> Result<ExitCode> {
    let token = at.credentials().token()?;
    let services = demo::command::find_all(at.urls(), token.as_deref(), PATIENCE, PATIENCE).await?;
    demo::open(&services, true).await?;
    let Some(lasting) = lasting else {
        tokio::select! {
            played = super::run(&services, rate) => played?,
            () = host::signal() => info!("simulation: everybody goes home"),
        }
        return Ok(ExitCode::SUCCESS);
    };
    let tally = Tally::default();
    services.take_repeated();
    tokio::select! {
        played = play(&services, rate, &tally) => played?,
        () = tokio::time::sleep(lasting) => {}
        () = host::signal() => {}
    }
    Ok(report(&services, &tally))
}

/// Tells what came of it; whether all went well.
fn report(services: &Services, tally: &Tally) -> ExitCode {
    let repeated = services.take_repeated();
    let well = repeated == 0 && tally.failed.load(std::sync::atomic::Ordering::Relaxed) == 0;
    // Nobody has to read it.
    let _ = writeln!(std::io::stdout(), "{}", tally.summary(repeated));
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
