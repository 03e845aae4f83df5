//! `comanda demo`: the demo restaurant at services that run already, each by itself or behind a gateway.

use std::{io::Write, process::ExitCode, time::Duration};

use anyhow::{Context, Result, bail};
use clap::Args;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use reqwest::StatusCode;
use shared::{engine::service::Service, process::host};

use super::{Ask, LOCATION, Services, Step, location, make, offers_favourite};
use crate::{api::Api, credentials::Credentials, up};

/// How long 503 or no answer is borne before an error.
const PATIENCE: Duration = Duration::from_secs(30);

const EXAMPLES: &str = "Examples:
  comanda demo --at http://gateway:8080
  comanda demo --at http://127.0.0.1:8081 --at http://127.0.0.1:8082 --at http://127.0.0.1:8083";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Where the services answer: the URL of a gateway or of one process, or --at once for each service
    #[arg(long, required = true, value_name = "URL", value_parser = base)]
    at: Vec<String>,

    #[command(flatten)]
    credentials: Credentials,
}

/// Without the slash at its end, which every path brings.
pub(crate) fn base(url: &str) -> Result<String, String> {
    let rest = url.strip_prefix("http://").filter(|rest| !rest.is_empty() && !rest.contains(['?', '#', ' ']));
    rest.ok_or("expected a URL like http://127.0.0.1:8081 (TLS is not spoken here)")?;
    Ok(url.trim_end_matches('/').to_owned())
}

pub(crate) async fn run(options: Options) -> ExitCode {
    match open_at(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => host::refuse("comanda", &error),
    }
}

async fn open_at(Options { at, credentials }: &Options) -> Result<()> {
    // Nobody there is said at once: it is most likely another address.
    let services = find_all(at, credentials.token()?.as_deref(), Duration::ZERO, PATIENCE).await?;
    let Ask { path, .. } = location();
    if services.order.look(&path).await?.status == StatusCode::NOT_FOUND {
        make(&services, |step| say(&told(step))).await?;
    } else {
        say(&format!("{LOCATION} is there already; nothing was changed\n"));
    }
    if offers_favourite(&services).await? {
        let (about, curl) = up::try_demo(&services.order.base);
        say(&format!("\n{about}:\n\n{curl}"));
    }
    Ok(())
}

/// Where each service answers, of these URLs: found `within` so long, and asked with patience from then on.
pub(crate) async fn find_all(
    urls: &[String],
    token: Option<&str>,
    within: Duration,
    patience: Duration,
) -> Result<Services> {
    let apis = urls.iter().map(|url| Ok(Api::new(url, patience)?.showing(token)));
    let apis: Vec<Api> = apis.collect::<Result<_>>()?;
    Ok(Services {
        order: find::<OrderSvc>("/v1/locations?limit=1", &apis, within).await?,
        inventory: find::<InventorySvc>("/v1/inventory?limit=1", &apis, within).await?,
        kitchen: find::<KitchenSvc>("/v1/tickets?limit=1", &apis, within).await?,
    })
}

/// The first of the URLs at which the service has what it alone has.
async fn find<S: Service>(path: &str, apis: &[Api], within: Duration) -> Result<Api> {
    for api in apis {
        let url = &api.base;
        api.with_patience(within).look(path).await.with_context(|| format!("nobody answers at {url}"))?;
        match api.look(path).await?.status {
            StatusCode::OK => {
                say(&format!("{:<14} {url}\n", S::NAME));
                return Ok(api.clone());
            }
            StatusCode::NOT_FOUND => {}
            status => bail!("{url}{path} answers {status}"),
        }
    }
    let urls: Vec<&str> = apis.iter().map(|api| &*api.base).collect();
    bail!("{} is not at {}; name its URL with a further --at", S::NAME, urls.join(" or "))
}

fn told(step: &Step) -> String {
    format!("{:>14} {}\n", step.asks.len(), step.what)
}

/// Nobody has to read it.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_url_of_a_service_is_told_so() {
        for url in ["127.0.0.1:8081", "https://orders.example", "http://", "http://a?b", "http://a b", "http://a#b"] {
            assert!(base(url).is_err(), "{url}");
        }
        assert_eq!(base("http://gateway:8080/comanda/").unwrap(), "http://gateway:8080/comanda");
    }
}
