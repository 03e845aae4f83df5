//! `comanda broker-setup`: a user of its own for each service at RabbitMQ, which may say that service's events and no
//! others. Through the management interface; as often as one likes.

use std::{
    fs::DirBuilder,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde_json::{Value, json};
use shared::{
    contract::{catalogue::EVENTS, topology},
    process::host,
    web::access::Secret,
};

use tokio::time::interval;

use crate::developer::{Span, say};

/// How long the management interface may take.
const PATIENCE: Duration = Duration::from_secs(30);
const EVERY_MIN: Duration = Duration::from_secs(1);

const EXAMPLES: &str = "Examples:
  comanda broker-setup --api http://admin:secret@rabbitmq:15672 --broker amqps://rabbitmq:5671/comanda --to secrets
  BUS_URL_FILE=secrets/order-svc.url order-svc

A user may publish what its service says. Beside that, each event carries the name of the user who published it, which the
broker checks, and a service that runs as such a user takes nothing in that another published in its name. All three are to
run so: what a shared user publishes becomes a dead letter.";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The management interface, with the name and the password of an administrator: http://admin:…@rabbitmq:15672
    #[arg(long, env = "BROKER_API", value_name = "URL", hide_env_values = true)]
    api: Url,

    /// Where services reach the broker, with its virtual host and without a user: amqp://rabbitmq:5672/comanda
    #[arg(long, value_name = "URL")]
    broker: Url,

    /// The passwords of the users of order-svc, inventory-svc and kitchen-svc, with commas between them, or one for all, instead
    /// of those that are made; no file is written then
    #[arg(long, env = "BROKER_PASSWORD", hide_env_values = true)]
    password: Option<String>,

    /// Where the URL of each service is kept, in a file that nobody else can read; its password is made where there is none
    #[arg(long, value_name = "DIRECTORY", default_value = "secrets")]
    to: PathBuf,

    /// Look again so often whether the users are there, until it is stopped: a broker that is made anew has none
    #[arg(long, value_name = "EVERY")]
    watch: Option<Span>,
}

pub(crate) async fn run(options: Options) -> ExitCode {
    let done = match options.watch {
        Some(Span(every)) => watch(&options, every).await,
        None => set_up(&options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => host::refuse("comanda", &error),
    }
}

/// Says what is wrong once, and goes on.
async fn watch(options: &Options, every: Duration) -> Result<()> {
    check(options)?;
    let (mut every, mut stop) = (interval(every.max(EVERY_MIN)), std::pin::pin!(host::signal()));
    let (mut is_set_up, mut wrong) = (false, String::new());
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = &mut stop => return Ok(()),
        }
        let looked = async {
            is_set_up &= is_whole(options).await?;
            if !is_set_up {
                set_up(options).await?;
            }
            anyhow::Ok(())
        };
        let error = looked.await.err().map_or_else(String::new, |error| format!("{error:#}"));
        is_set_up = error.is_empty();
        if wrong != error && !is_set_up {
            say(&format!("waiting for the broker: {error}"))?;
        }
        wrong = error;
    }
}

/// Whether the broker knows all users, and lets each do something.
async fn is_whole(Options { api, broker, .. }: &Options) -> Result<bool> {
    let (api, vhost) = (Management::at(api)?, vhost(broker)?);
    for (service, _) in topology::LISTENERS {
        for path in
            [&["users", service][..], &["permissions", &vhost, service], &["topic-permissions", &vhost, service]]
        {
            if !api.has(path).await? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn check(Options { api, broker, password, .. }: &Options) -> Result<()> {
    ensure!(api.scheme() == "http", "--api: expected http://… (TLS is not spoken here: run it beside the broker)");
    ensure!(matches!(broker.scheme(), "amqp" | "amqps"), "--broker: expected amqp://… or amqps://…");
    ensure!(broker.username().is_empty(), "--broker: each service gets a user of its own; leave the user away");
    password.as_deref().map(given).transpose()?;
    Ok(())
}

/// One of each, in the order of the listeners.
fn given(passwords: &str) -> Result<Vec<&str>> {
    let all: Vec<&str> = passwords.split(',').collect();
    ensure!(all.iter().all(|one| !one.is_empty()), "--password: it is empty");
    match all.len() {
        1 => Ok(vec![all[0]; topology::LISTENERS.len()]),
        count => {
            ensure!(
                count == topology::LISTENERS.len(),
                "--password: expected one, or one for each of the three services"
            );
            Ok(all)
        }
    }
}

async fn set_up(options: &Options) -> Result<()> {
    check(options)?;
    let Options { api, broker, password, to, .. } = options;
    if password.is_none() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(to)
            .with_context(|| format!("create the directory {}", to.display()))?;
    }
    let api = Management::at(api)?;
    let vhost = vhost(broker)?;
    api.put(&["vhosts", &vhost], &json!({})).await?;
    let (ours, given) = (ours(), password.as_deref().map(given).transpose()?);
    for (nth, (service, _)) in topology::LISTENERS.iter().enumerate() {
        let file = to.join(format!("{service}.url"));
        let (password, place) = match &given {
            Some(given) => (given[nth].to_owned(), String::new()),
            None => {
                let password = kept(&file)?.map_or_else(|| make(&file, broker, service), Ok)?;
                (password, format!("; BUS_URL_FILE={}", file.display()))
            }
        };
        api.put(&["users", service], &json!({ "password": password, "tags": "" })).await?;
        // Whoever declares a queue that has a dead-letter exchange has to be allowed to read it, and each declares all.
        let all = json!({ "configure": ours, "write": ours, "read": ours });
        api.put(&["permissions", &vhost, service], &all).await?;
        let (says, count) = says(service);
        let topics = json!({ "exchange": topology::EXCHANGE, "write": says, "read": ".*" });
        api.put(&["topic-permissions", &vhost, service], &topics).await?;
        say(&format!("{service:<14} says {count} types of events{place}"))?;
    }
    Ok(())
}

/// All that services declare, bind, consume and publish to.
fn ours() -> String {
    let queues =
        topology::LISTENERS.iter().flat_map(|(service, _)| [topology::inbox(service), topology::dead(service)]);
    let shared = [topology::EXCHANGE, topology::DEAD_EXCHANGE, topology::STREAM, topology::IDENTITY];
    let names: Vec<String> = shared.into_iter().map(str::to_owned).chain(queues).collect();
    format!("^({})$", names.join("|").replace('.', r"\."))
}

/// The routing keys of what a service says, and how many types they are.
fn says(service: &str) -> (String, usize) {
    let kinds: Vec<String> =
        EVENTS.iter().filter(|kind| kind.service == service).map(|kind| kind.name.replace('.', r"\.")).collect();
    (format!(r"^({})\.[^.]+$", kinds.join("|")), kinds.len())
}

/// As services understand it: none is the default one.
fn vhost(broker: &Url) -> Result<String> {
    let path = broker.path().trim_start_matches('/');
    if path.is_empty() {
        return Ok("/".to_owned());
    }
    // A path that holds a slash names one that holds none.
    let encoded = Url::parse(&format!("http://host/?v={}", path.replace('+', "%2B")))?;
    let (_, decoded) = encoded.query_pairs().next().context("--broker: the virtual host cannot be read")?;
    Ok(decoded.into_owned())
}

/// The password of a file that was made before.
fn kept(file: &Path) -> Result<Option<String>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("read {}", file.display())),
    };
    let url = Url::parse(text.trim()).with_context(|| format!("{} holds no URL; remove it", file.display()))?;
    Ok(Some(url.password().with_context(|| format!("{} holds no password; remove it", file.display()))?.to_owned()))
}

/// Keeps the URL before the broker knows of it: whoever dies between the two goes on with the same password.
fn make(file: &Path, broker: &Url, service: &str) -> Result<String> {
    let password = Secret::broker()?.reveal().to_owned();
    let mut url = broker.clone();
    let named = url.set_username(service).and_then(|()| url.set_password(Some(&password)));
    named.ok().context("--broker: the URL takes no user")?;
    let mut options = std::fs::OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(file);
    let written = opened.and_then(|mut file| writeln!(file, "{url}").and_then(|()| file.sync_all()));
    written.with_context(|| format!("write {}", file.display()))?;
    Ok(password)
}

/// RabbitMQ's management interface.
struct Management {
    client: Client,
    api: Url,
}

impl Management {
    fn at(api: &Url) -> Result<Self> {
        Ok(Self { client: Client::builder().no_proxy().timeout(PATIENCE).build()?, api: api.clone() })
    }

    async fn put(&self, path: &[&str], body: &Value) -> Result<()> {
        let answer = self.send(Method::PUT, path, Some(body)).await?;
        let status = answer.status();
        ensure!(status.is_success(), "--api: {status} to {}: {}", path.join(" "), answer.text().await?);
        Ok(())
    }

    async fn has(&self, path: &[&str]) -> Result<bool> {
        let answer = self.send(Method::GET, path, None).await?;
        let status = answer.status();
        ensure!(status.is_success() || status == StatusCode::NOT_FOUND, "--api: {status} to {}", path.join(" "));
        Ok(status.is_success())
    }

    async fn send(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<Response> {
        let mut url = self.api.clone();
        url.path_segments_mut().ok().context("--api: no URL of a server")?.pop_if_empty().push("api").extend(path);
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(reqwest::Error::without_url);
        let answer = answer.context("--api: the management interface does not answer")?;
        ensure!(answer.status() != StatusCode::UNAUTHORIZED, "--api: the broker refuses the name or the password");
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_says_what_the_contract_gives_it() {
        let (kitchen, _) = says("kitchen-svc");
        assert!(
            kitchen.starts_with(r"^(item\.marked_out|pace\.changed|stations\.changed|ticket\.cancel_refused|"),
            "{kitchen}"
        );
        assert!(kitchen.ends_with(r"ticket\.voided)\.[^.]+$"), "{kitchen}");
        assert_eq!(topology::LISTENERS.iter().map(|(service, _)| says(service).1).sum::<usize>(), EVENTS.len());
    }

    #[test]
    fn passwords_are_one_or_one_of_each() {
        assert_eq!(given("a").expect("one"), ["a", "a", "a"]);
        assert_eq!(given("a,b,c").expect("three"), ["a", "b", "c"]);
        for wrong in ["", "a,b", "a,,c", "a,b,c,d"] {
            assert!(given(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_ours_is_named_and_nothing_else() {
        let ours = ours();
        assert!(ours.starts_with(r"^(comanda\.events|comanda\.dead|comanda\.log|comanda\.identity|"), "{ours}");
        assert!(ours.contains(r"|kitchen-svc\.inbox|kitchen-svc\.dead") && ours.ends_with(")$"), "{ours}");
    }

    #[test]
    fn a_virtual_host_is_named_as_services_name_it() {
        for (url, expected) in [
            ("amqp://h", "/"),
            ("amqp://h/", "/"),
            ("amqp://h/%2f", "/"),
            ("amqp://h/a%20b+c", "a b+c"),
            ("amqp://h/comanda", "comanda"),
        ] {
            assert_eq!(vhost(&Url::parse(url).expect("a URL")).expect("a virtual host"), expected, "{url}");
        }
    }
}
