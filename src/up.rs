//! `comanda up`: the three services in one process, with a demo restaurant where there is none.

use std::{
    collections::HashMap, io::Write, net::SocketAddr, process::ExitCode, sync::atomic::Ordering, time::Duration,
};

use anyhow::{Result, bail};
use axum::Router;
use clap::Args;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use shared::{
    engine::backoff::Backoff,
    process::{
        config::Settings,
        host::{self, Host},
    },
    web::{docs, pages, site::Site},
};
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::{
    api::Api,
    console,
    demo::{self, Services},
    simulate::{self, Rate},
    start_page,
};

/// How long 503 or no answer is borne before an error.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    settings: Settings,

    /// Database of the orders: sqlite:PATH or postgres://…
    #[arg(long, env = "ORDER_DATABASE_URL", default_value = "sqlite:data/order.db", hide_env_values = true)]
    order_database_url: String,

    /// Database of the stock: sqlite:PATH or postgres://…
    #[arg(long, env = "INVENTORY_DATABASE_URL", default_value = "sqlite:data/inventory.db", hide_env_values = true)]
    inventory_database_url: String,

    /// Database of the kitchen: sqlite:PATH or postgres://…
    #[arg(long, env = "KITCHEN_DATABASE_URL", default_value = "sqlite:data/kitchen.db", hide_env_values = true)]
    kitchen_database_url: String,

    /// Start empty: make no demo restaurant where there is no location yet
    #[arg(long)]
    no_demo: bool,

    /// Play guests, cooks and a manager, with so many orders: 30/min, 2/s
    #[arg(long, value_name = "RATE")]
    simulate: Option<Rate>,
}

pub(crate) async fn run(options: Options) -> ExitCode {
    match start(options).await {
        Ok((host, listener, pages)) => host.serve(listener, pages).await,
        Err(error) => host::refuse("comanda", &error),
    }
}

impl Options {
    /// Each has tables of its own: a file that began as one of them would be of no use as another.
    fn refuse_one_file_for_two(&self) -> Result<()> {
        let urls = [
            ("BUS_URL", &self.settings.bus_url),
            ("ORDER_DATABASE_URL", &self.order_database_url),
            ("INVENTORY_DATABASE_URL", &self.inventory_database_url),
            ("KITCHEN_DATABASE_URL", &self.kitchen_database_url),
        ];
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for (variable, url) in urls {
            if let Some(other) = seen.insert(url, variable) {
                bail!("{variable} and {other} are the same; each needs a database or file of its own");
            }
        }
        Ok(())
    }
}

/// Starts everything but the serving.
async fn start(options: Options) -> Result<(Host, TcpListener, Router)> {
    options.refuse_one_file_for_two()?;
    // Before anything is touched: a taken port is told at once.
    let listener = host::bind(&options.settings).await?;
    let address = listener.local_addr()?;
    let mut host = Host::new(options.settings).await?;
    host.add::<OrderSvc>(&options.order_database_url).await?;
    host.add::<InventorySvc>(&options.inventory_database_url).await?;
    host.add::<KitchenSvc>(&options.kitchen_database_url).await?;
    prepare(&host, address, !options.no_demo)?;
    if let Some(rate) = options.simulate {
        let services = Services::together(Api::at(address, simulate::PATIENCE)?.showing(host.access.own_token()));
        host.tasks.supervise("simulation", "comanda", move || {
            let services = services.clone();
            async move { simulate::run(&services, rate).await }
        });
    }
    let pages =
        pages().merge(console::router(&[Api::at(address, PATIENCE)?.showing(host.access.own_token())], &host.tasks));
    info!(listen = %address, "serving");
    Ok((host, listener, pages))
}

/// The pages for people, and the one that leads to them.
fn pages() -> Router {
    let services = [OrderSvc::ASSETS, InventorySvc::ASSETS, KitchenSvc::ASSETS];
    services.into_iter().fold(start_page::router(), |router, assets| router.merge(pages::router(assets)))
}

/// Makes the demo restaurant while requests are served already; the process is ready at the end of it.
fn prepare(host: &Host, address: SocketAddr, with_demo: bool) -> Result<()> {
    let services = Services::together(Api::at(address, PATIENCE)?.showing(host.access.own_token()));
    host.prepared.store(false, Ordering::Release);
    let (prepared, stop) = (host.prepared.clone(), host.tasks.stop.clone());
    host.tasks.spawn(async move {
        tokio::select! {
            demo = open(&services, with_demo) => {
                prepared.store(true, Ordering::Release);
                // Nobody has to read it.
                let _ = std::io::stdout().write_all(welcome(address, demo).as_bytes());
            }
            () = stop.cancelled() => {}
        }
    });
    Ok(())
}

/// Whether the demo restaurant is there.
async fn open(services: &Services, with_demo: bool) -> bool {
    let mut backoff = Backoff::default();
    loop {
        match demo::open(services, with_demo).await {
            Ok(there) => return there,
            Err(error) => warn!(error = format!("{error:#}"), "could not make the demo restaurant; trying again"),
        }
        backoff.wait().await;
    }
}

/// Where to go from here.
fn welcome(address: SocketAddr, demo: bool) -> String {
    let base = format!("http://{address}");
    let (about, curl) = if demo { try_demo(&base) } else { try_empty(&base) };
    format!("Comanda is open at {base}/\n\n{}\n{about}:\n\n{curl}\n", links(&base))
}

/// Works in every shell, and orders something each second.
pub(crate) fn try_demo(base: &str) -> (&'static str, String) {
    let body = r#"{"location":"soho","lines":[{"sku":"margherita","quantity":2}]}"#;
    let curl = format!(
        "  curl {base}/v1/orders -H 'Content-Type: application/json' -H 'Prefer: wait=5' \\\n    \
         -H \"Idempotency-Key: $(date +%s)\" \\\n    -d '{body}'\n"
    );
    ("Order two pizzas, and wait for the decision", curl)
}

fn try_empty(base: &str) -> (&'static str, String) {
    let body = r#"{"name":"Soho","currency":"GBP","timezone":"Europe/London"}"#;
    let curl =
        format!("  curl -X PUT {base}/v1/locations/soho -H 'Content-Type: application/json' \\\n    -d '{body}'\n");
    ("There is no demo restaurant here; a location of your own", curl)
}

/// The pages that there are, and the documentation.
fn links(base: &str) -> String {
    let own = [("order", OrderSvc::PAGE), ("kitchen", KitchenSvc::PAGE), ("stock", InventorySvc::PAGE)];
    let pages = own.into_iter().chain([("menu", order_svc::MENU_PAGE), ("day", order_svc::DAY_PAGE)]);
    let pages = pages.filter(|(_, path)| *path != docs::PAGE);
    let pages = pages.chain([("API", docs::PAGE), ("console", console::PATH)]);
    pages.map(|(name, path)| format!("  {name:<9}{base}{path}\n")).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use expect_test::expect;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parse(line: &str) -> Result<Options, clap::Error> {
        Line::try_parse_from(line.split_whitespace()).map(|line| line.options)
    }

    #[test]
    fn everything_has_a_default() {
        let options = parse("comanda").unwrap();
        assert_eq!(options.settings.bus_url, "sqlite:data/bus.db");
        assert_eq!(options.order_database_url, "sqlite:data/order.db");
        assert!(!options.no_demo && options.simulate.is_none());
    }

    #[test]
    fn a_wrong_value_is_refused_with_the_name_of_its_variable() {
        for (line, name) in [
            ("comanda --listen here", "LISTEN"),
            ("comanda --accept-within soon", "ACCEPT_WITHIN"),
            ("comanda --retention month", "RETENTION"),
            ("comanda --allow-unauthenticated maybe", "ALLOW_UNAUTHENTICATED"),
            ("comanda --simulate fast", "RATE"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn there_is_something_to_try() {
        let shown = |(about, curl): (&str, String)| format!("{about}:\n{curl}");
        expect![[r#"
            Order two pizzas, and wait for the decision:
              curl http://127.0.0.1:8080/v1/orders -H 'Content-Type: application/json' -H 'Prefer: wait=5' \
                -H "Idempotency-Key: $(date +%s)" \
                -d '{"location":"soho","lines":[{"sku":"margherita","quantity":2}]}'
        "#]]
        .assert_eq(&shown(try_demo("http://127.0.0.1:8080")));
        expect![[r#"
            There is no demo restaurant here; a location of your own:
              curl -X PUT http://127.0.0.1:8080/v1/locations/soho -H 'Content-Type: application/json' \
                -d '{"name":"Soho","currency":"GBP","timezone":"Europe/London"}'
        "#]]
        .assert_eq(&shown(try_empty("http://127.0.0.1:8080")));
        let welcome = welcome("127.0.0.1:8080".parse().unwrap(), true);
        assert!(welcome.contains("http://127.0.0.1:8080/docs\n"), "{welcome}");
    }
}
