//! A service that runs by itself: its command line, and what it does.

use std::{marker::PhantomData, process::ExitCode};

use anyhow::Result;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, Subcommand};
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::{
    bus::Bus,
    process::{
        config::{AFTER_HELP, Settings, database_variable},
        health,
        host::{self, Host},
        secrets, telemetry,
    },
    web::{pages, site::Site},
};

/// The service, as the command line and the environment want it.
#[derive(Clone, Debug)]
pub struct Alone<S> {
    settings: Settings,
    database_url: String,
    task: Option<Task>,
    service: PhantomData<S>,
}

/// What it does instead of serving.
#[derive(Clone, Copy, Debug, Subcommand)]
enum Task {
    /// Brings the database up to date, and ends
    #[command(
        after_help = "Example, for each service:\n  order-svc --order-database-url postgres://127.0.0.1/order migrate"
    )]
    Migrate,
    /// Asks the one that listens here whether it is ready, and ends: with 0 if it is
    #[command(after_help = "Example, for each service:\n  order-svc --listen 127.0.0.1:8081 healthcheck")]
    Healthcheck,
}

fn examples(service: &str, port: u16) -> String {
    let short = service.trim_end_matches("-svc");
    format!(
        "Examples:
  {service} --bus-url amqp://127.0.0.1 --{short}-database-url postgres://127.0.0.1/{short}
  {service} migrate                 before a new version starts, by a user who may
  {service} --listen 127.0.0.1:{port} healthcheck"
    )
}

impl<S: Site> Args for Alone<S> {
    fn augment_args(command: Command) -> Command {
        let (variable, short) = (database_variable(S::NAME), S::NAME.trim_end_matches("-svc"));
        let database = Arg::new("database_url")
            .long(format!("{short}-database-url"))
            .env(variable.clone())
            .default_value(format!("sqlite:data/{short}.db"))
            .value_name(variable)
            .hide_env_values(true)
            .help("The service's database: sqlite:PATH or postgres://…");
        let command = Settings::augment_args(command)
            .mut_arg("listen", |listen| listen.default_value(format!("127.0.0.1:{}", S::PORT)))
            .arg(database)
            .after_help(format!("{}\n\n{AFTER_HELP}", examples(S::NAME, S::PORT)));
        Task::augment_subcommands(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S> FromArgMatches for Alone<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self {
            settings: Settings::from_arg_matches(matches)?,
            database_url: matches.get_one::<String>("database_url").expect("it has a default").clone(),
            task: matches.subcommand().map(|_| Task::from_arg_matches(matches)).transpose()?,
            service: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Runs one service as a program of its own.
pub async fn main<S: Site>() -> ExitCode {
    let command = Command::new(S::NAME).version(env!("CARGO_PKG_VERSION"));
    let command = Alone::<S>::augment_args(command).about("One service of Comanda: restaurant orders as events");
    telemetry::init();
    let matches = match secrets::matches(command) {
        Ok(matches) => matches,
        Err(error) => return host::refuse(S::NAME, &error),
    };
    match Alone::<S>::from_arg_matches(&matches) {
        Ok(alone) => alone.run().await,
        Err(error) => error.exit(),
    }
}

impl<S: Site> Alone<S> {
    pub async fn run(self) -> ExitCode {
        telemetry::init();
        let done = match self.task {
            Some(Task::Healthcheck) => return health::run(S::NAME, self.settings.listen).await,
            Some(Task::Migrate) => self.migrate().await.map(|()| ExitCode::SUCCESS),
            None => match self.start().await {
                Ok((host, listener)) => Ok(host.serve(listener, pages::alone::<S>()).await),
                Err(error) => Err(error),
            },
        };
        done.unwrap_or_else(|error| host::refuse(S::NAME, &error))
    }

    async fn migrate(self) -> Result<()> {
        host::open::<S>(&self.database_url, self.settings.database_within).await?.close().await;
        info!(service = S::NAME, "the database is up to date");
        Ok(())
    }

    async fn start(self) -> Result<(Host, TcpListener)> {
        // Before anything is touched: a taken port is told at once.
        let listener = host::bind(&self.settings).await?;
        let mut host = Host::new(self.settings).await?;
        if matches!(host.bus(), Bus::Embedded(_)) {
            warn!(service = S::NAME, "BUS_URL is a file: it carries nothing to other processes, nor from them");
        }
        host.add::<S>(&self.database_url).await?;
        info!(service = S::NAME, listen = %listener.local_addr()?, "ready");
        Ok((host, listener))
    }
}
