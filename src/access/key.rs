//! `comanda key`: lets programs and displays in, and keeps them out again, at services that run.

use std::{io::Write, process::ExitCode, time::Duration};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shared::{
    contract::{
        access::{AccessKey, Role},
        time::Time,
        types::Slug,
    },
    process::{config, host},
};
use uuid::Uuid;

use crate::{
    api::{Answer, Api},
    developer::At,
};

const EXAMPLES: &str = "Examples:
  comanda key create --name till --role producer --location soho
                                                      prints the secret, once
  comanda key list
  comanda key revoke 0190b2f0-0000-5000-8000-000000000001
  comanda key confirm K7M2QX --name grill --location soho
                                                      lets the display in that shows this code

It takes the role manager, and for a key of developers that role, too: a token in COMANDA_TOKEN, or in a file that --token-file names (`comanda token` makes one).";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Makes a key for a program, and prints its secret
    #[command(after_help = "Example:
  comanda key create --name till --role producer --location soho --for 90d")]
    Create {
        /// For people, and in what events say of who did it
        #[arg(long)]
        name: String,
        /// What it is good for: producer, kitchen, manager, developer; once for each
        #[arg(long, required = true)]
        role: Vec<Role>,
        /// Where, once for each location; without it everywhere
        #[arg(long)]
        location: Vec<Slug>,
        /// How long it lasts (12h, 90d); without it until it is revoked
        #[arg(long = "for", value_name = "DURATION", value_parser = config::duration)]
        lasts: Option<Duration>,
        #[command(flatten)]
        at: At,
    },
    /// Lists keys, displays and sessions
    #[command(after_help = "Example:
  comanda key list --json")]
    List {
        #[command(flatten)]
        at: At,
        /// An object a line
        #[arg(long)]
        json: bool,
    },
    /// Keeps out whoever shows it, from now on
    #[command(after_help = "Example:
  comanda key revoke 0190b2f0-0000-5000-8000-000000000001")]
    Revoke {
        /// As `list` shows it
        id: Uuid,
        #[command(flatten)]
        at: At,
    },
    /// Lets the display in that shows a code
    #[command(after_help = "Example:
  comanda key confirm K7M2QX --name grill --location soho")]
    Confirm {
        /// Six characters on its screen
        code: String,
        /// For people, and in what events say of who did it
        #[arg(long)]
        name: String,
        #[arg(long)]
        location: Slug,
        /// What it is good for; once for each
        #[arg(long, default_value = "kitchen")]
        role: Vec<Role>,
        #[command(flatten)]
        at: At,
    },
}

pub(crate) async fn run(options: Options) -> ExitCode {
    match act(options.action).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => host::refuse("comanda", &error),
    }
}

async fn act(action: Action) -> Result<()> {
    match action {
        Action::Create { name, role, location, lasts, at } => {
            let locations = Some(location).filter(|named| !named.is_empty());
            let expires_at = lasts.map(|lasts| Time::now() + lasts);
            let wanted = json!({"name": name, "roles": role, "locations": locations, "expires_at": expires_at});
            // Not again by itself: each request makes another key.
            let key = good(&at, async |api| api.ask("/v1/keys", &wanted).await).await?;
            say(&format!("{}\n", key["secret"].as_str().context("the answer has no secret")?))
        }
        Action::List { at, json } => {
            good(&at, async |api| api.look("/v1/keys?limit=1").await).await?;
            for api in apis(&at)? {
                let keys: Vec<AccessKey> = api.list("/v1/keys?limit=500").await?;
                keys.iter().try_for_each(|key| say(&line(key, json)?))?;
            }
            Ok(())
        }
        Action::Revoke { id, at } => {
            good(&at, async |api| api.delete(&format!("/v1/keys/{id}")).await).await?;
            say(&format!("{id} is revoked\n"))
        }
        Action::Confirm { code, name, location, role, at } => {
            let wanted = json!({"name": name, "location": location, "roles": role});
            let path = format!("/v1/pairings/{}/confirm", crate::developer::escaped(&code));
            let key = good(&at, async |api| api.ask(&path, &wanted).await).await?;
            say(&format!("{} is let in at {location}: {}\n", name, key["id"].as_str().unwrap_or_default()))
        }
    }
}

fn apis(at: &At) -> Result<Vec<Api>> {
    let token = at.credentials().token()?;
    at.urls().iter().map(|url| Ok(Api::new(url, Duration::ZERO)?.showing(token.as_deref()))).collect()
}

/// What the first of the services answers that has keys.
async fn good(at: &At, ask: impl AsyncFn(&Api) -> Result<Answer>) -> Result<Value> {
    for api in apis(at)? {
        let answer = ask(&api).await.with_context(|| format!("nobody answers at {}", api.base))?;
        let is_elsewhere = answer.problem() == "not-found" && answer.body["detail"].as_str().is_some_and(is_no_path);
        match answer.status.is_success() {
            true => return Ok(answer.body),
            false if is_elsewhere => {}
            false => bail!(
                "{} answers {}: {}",
                api.base,
                answer.status,
                answer.body["detail"].as_str().unwrap_or("no reason")
            ),
        }
    }
    bail!("order-svc is not at {}; name its URL with a further --at", at.urls().join(" or "))
}

/// Another service says that it has no such path.
fn is_no_path(detail: &str) -> bool {
    detail.starts_with("there is no \"/v1/")
}

fn line(key: &AccessKey, json: bool) -> Result<String> {
    if json {
        return Ok(format!("{}\n", serde_json::to_string(key)?));
    }
    let roles: Vec<&str> = key.roles.iter().map(|role| role.name()).collect();
    let places = key
        .locations
        .as_ref()
        .map_or("everywhere".into(), |named| named.iter().map(|slug| slug.to_string()).collect::<Vec<_>>().join(","));
    let standing = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) if at <= Time::now() => format!("expired {at}"),
        (None, Some(at)) => format!("until {at}"),
        (None, None) => "good".into(),
    };
    Ok(format!("{}  {:<24} {:<20} {:<16} {standing}\n", key.id, key.subject, roles.join(","), places))
}

fn say(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("cannot print")
}
