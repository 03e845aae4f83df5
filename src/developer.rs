//! The developer's commands. They look at services that run, here or far away, over HTTP like anybody else, or at what
//! was saved of them; they open no database but their own sandbox's, and those that they make or move.

pub(crate) mod audit;
mod compare;
pub(crate) mod convergence;
pub(crate) mod dead;
mod ending;
pub(crate) mod events;
pub(crate) mod migrate_data;
pub(crate) mod orders;
mod paint;
pub(crate) mod past;
mod progress;
mod rebuild;
pub(crate) mod replay;
mod sandbox;
pub(crate) mod show;
pub(crate) mod trace;
mod zones;

use std::{
    fmt,
    io::{ErrorKind, Write},
    str::FromStr,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use reqwest::StatusCode;
use serde_json::Value;
use shared::{
    contract::{catalogue::EVENTS, time::Time},
    engine::service::Service,
};

use self::ending::{Interrupted, NobodyReads, ended, interrupted, interruptible};
use crate::{api::Api, credentials::Credentials, demo::command::base};

/// How long 503 or no answer is borne before an error.
const PATIENCE: Duration = Duration::from_secs(10);

/// The three services: name, and what its feed and its journal are called in paths.
pub(crate) const SERVICES: [(&str, &str); 3] =
    [(OrderSvc::NAME, OrderSvc::FEED), (InventorySvc::NAME, InventorySvc::FEED), (KitchenSvc::NAME, KitchenSvc::FEED)];

const USUAL: &str = "http://127.0.0.1:8080";

const SHOW: &str = "put a token into COMANDA_TOKEN or name its --token-file (`comanda token` makes one)";

/// Where the services answer.
#[derive(Clone, Debug, Args)]
pub(crate) struct At {
    /// Where the services answer: the URL of a gateway or of one process, or --at once for each service
    #[arg(long, value_name = "URL", default_value = USUAL, value_parser = base)]
    at: Vec<String>,

    #[command(flatten)]
    credentials: Credentials,
}

impl At {
    /// What is shown to all of them.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(crate) fn urls(&self) -> &[String] {
        &self.at
    }

    /// As a command takes them: ` --at URL`; nothing where it is where everybody looks.
    fn arguments(&self) -> String {
        match &self.at[..] {
            [usual] if usual == USUAL => String::new(),
            urls => urls.iter().map(|url| format!(" --at {url}")).collect(),
        }
    }

    /// The service with that feed.
    async fn find(&self, service: &str, feed: &str) -> Result<Api> {
        let token = self.credentials.token()?;
        for url in &self.at {
            let nobody = || format!("nobody answers at {url}");
            let api = Api::new(url, PATIENCE)?.showing(token.as_deref());
            let answer = api.with_patience(Duration::ZERO).look(&format!("/v1/feed/{feed}?limit=1")).await;
            match answer.with_context(nobody)?.status {
                // Its beginning has been forgotten.
                StatusCode::OK | StatusCode::GONE => return Ok(api),
                StatusCode::NOT_FOUND => {}
                StatusCode::UNAUTHORIZED => bail!("{url} asks who you are: {SHOW}"),
                StatusCode::FORBIDDEN => bail!("{url} does not let you look: it takes the role developer, everywhere"),
                status => bail!("{url} answers {status}"),
            }
        }
        bail!("{service} is not at {}; name its URL with a further --at", self.at.join(" or "))
    }
}

/// As it stands in a URL: nothing in it is taken for a part of one.
pub(crate) fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") }).collect()
}

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(Time);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(time) = self;
        write!(f, "{time}")?;
        if *time > Time::now() { f.write_str(", which is yet to come") } else { Ok(()) }
    }
}

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ago = || text.parse().map(|Span(ago)| Self(Time::now() - ago));
        let wrong = "expected a time like 2026-11-25T19:30:00Z, or how long ago: 30s, 10m, 2h, 3d";
        text.parse().map(Self).or_else(|_| ago()).map_err(|_: &str| wrong)
    }
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected how long: 30s, 10m, 2h, 3d";
        let unit_s = match text.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            _ => return Err(wrong),
        };
        let count: u64 = text[..text.len() - 1].parse().map_err(|_| wrong)?;
        // Nobody looks back further than a lifetime.
        let span_s = count.checked_mul(unit_s).filter(|span_s| *span_s < 100 * 366 * 86_400).ok_or(wrong)?;
        Ok(Self(Duration::from_secs(span_s)))
    }
}

/// A line on standard output, in colours on a terminal, unless `NO_COLOR` or `TERM` say that nobody wants them. Where
/// nobody reads it any more there is nothing more to do, and the command ends well: `| head` is no failure.
pub(crate) fn say(line: &str) -> Result<()> {
    progress::clear();
    match writeln!(anstream::stdout(), "{}", paint::harmless(line)) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(NobodyReads.into()),
        written => written.context("write to standard output"),
    }
}

/// A line on standard error, for people: what was looked for and is not there, where that is no failure.
fn note(line: &str) {
    progress::clear();
    // Nobody can be told that nobody can be told.
    let _ = writeln!(anstream::stderr(), "{}", paint::harmless(&paint::late(format!("note: {line}"))));
}

/// What a command is called, and what a cook did where it is one of the kitchen's: `place`, `act item 1 done`.
fn name(command: &Value) -> String {
    match command {
        Value::String(name) => name.clone(),
        Value::Object(command) => {
            let Some((name, inner)) = command.iter().next() else { return String::new() };
            format!("{name}{}", inner.get("action").map_or(String::new(), words))
        }
        _ => String::new(),
    }
}

/// The words of a value, each behind a space.
fn words(value: &Value) -> String {
    match value {
        Value::String(word) => format!(" {word}"),
        Value::Array(values) => values.iter().map(words).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| format!(" {name}{}", words(value))).collect(),
        other => format!(" {other}"),
    }
}

/// Whether a text fits a pattern in which `*` stands for anything: `order.*`.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(n, _)| n).chain([text.len()]).any(|n| fits(rest, &text[n..]))
        }),
    }
}

/// An error where no event can be of a type that fits the pattern.
fn refuse_unknown_type(pattern: &str) -> Result<()> {
    let is_known = EVENTS.iter().any(|kind| fits(pattern, kind.name));
    ensure!(is_known, "no event is of a type like {pattern:?}; they are called order.placed, ticket.opened …");
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_is_called_by_what_was_done() {
        assert_eq!(name(&json!({"place": {"order": {}}})), "place");
        assert_eq!(name(&json!({"act": {"ticket": "t", "action": {"item": ["1", "done"]}}})), "act item 1 done");
        assert_eq!(name(&json!({"act": {"ticket": "t", "action": {"ticket": "serve"}}})), "act ticket serve");
    }

    #[test]
    fn a_moment_is_a_time_or_so_long_ago() {
        assert_eq!("2026-11-25T19:30:00Z".parse(), Ok(Moment("2026-11-25T19:30:00Z".parse().unwrap())));
        let Moment(ago) = "10m".parse().unwrap();
        assert!(Time::now().since(ago) >= Duration::from_secs(600));
        for wrong in ["", "m", "10", "10y", "-1m", "99999999999999999999d", "999999999d", "yesterday", "ä"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("order.placed", "order.placed", true),
            ("order.*", "order.placed", true),
            ("*.placed", "order.placed", true),
            ("*", "", true),
            ("o*r.*d", "order.placed", true),
            ("order.*", "ticket.opened", false),
            ("order", "order.placed", false),
            ("*x", "order.placed", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
