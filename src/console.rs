//! The console: a page for developers and operators, and the little that it asks of a server. It looks at the services
//! over HTTP like anybody else, from their own process or from one of its own, and acts through their routes alone.
//! What is served under `/console/` is the page's own, and changes with it.

mod behind;
mod dead;
mod live;
mod page;
mod past;
mod samples;
mod scrape;
mod services;

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use axum::Router;
use clap::Args;
use shared::process::{config::Strangers, host, pages, supervise::Tasks};
use tokio::net::TcpListener;
use tracing::info;

pub(crate) use self::page::PATH;
use self::{behind::Behind, samples::Samples, services::Services};
use crate::{api::Api, developer::At};

const EXAMPLES: &str = "Examples:
  comanda console                                     of the restaurant on http://127.0.0.1:8080
  comanda console --at http://127.0.0.1:8081 --at http://127.0.0.1:8082 --at http://127.0.0.1:8083
                                                      of three services, each by itself
  comanda console --at http://gateway:8080 --listen 127.0.0.1:9000

It opens on http://127.0.0.1:8070/console, shows nothing that HTTP does not show anybody, and listens on loopback only,
for nobody has to authenticate, unless ALLOW_UNAUTHENTICATED=true says that something in front of it sees to that. `comanda` itself serves the same page on /console.";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    at: At,

    /// Address and port of the page
    #[arg(long, env = "LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8070")]
    listen: SocketAddr,

    #[command(flatten)]
    strangers: Strangers,
}

/// What the page is served from. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    services: Arc<Services>,
    samples: Arc<Samples>,
    behind: Arc<Behind>,
    tasks: Tasks,
}

pub(crate) async fn run(options: Options) -> ExitCode {
    match start(&options).await {
        Ok((listener, tasks, apis)) => pages::serve(listener, alone(&apis, &tasks), &options.strangers, tasks).await,
        Err(error) => host::refuse("comanda", &error),
    }
}

async fn start(Options { at, listen, strangers }: &Options) -> Result<(TcpListener, Tasks, Vec<Api>)> {
    strangers.refuse(*listen)?;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("LISTEN: cannot listen on {listen}"))?;
    info!(page = format!("http://{}{}", listener.local_addr()?, PATH), "serving");
    let token = at.credentials().token()?;
    let apis = at.urls().iter().map(|url| Ok(Api::new(url, Duration::ZERO)?.showing(token.as_deref())));
    Ok((listener, Tasks::default(), apis.collect::<Result<_>>()?))
}

/// In a process of its own there is no other page.
fn alone(apis: &[Api], tasks: &Tasks) -> Router {
    router(apis, tasks).merge(page::at_root())
}

/// The page and what it asks for, looking at the services that these reach.
pub(crate) fn router(apis: &[Api], tasks: &Tasks) -> Router {
    let console = Console {
        services: Arc::new(Services::behind(apis)),
        samples: Arc::new(Samples::default()),
        behind: Arc::new(Behind::default()),
        tasks: tasks.clone(),
    };
    let (sampling, following) = (console.clone(), console.clone());
    tasks.supervise("samples", "console", move || samples::run(sampling.clone()));
    tasks.supervise("convergence", "console", move || behind::run(following.clone()));
    let routes = live::router().merge(past::router()).merge(dead::router());
    routes.with_state(console).merge(page::router())
}
