//! The developer's commands. They look at services that run, here or far away, over HTTP like anybody else, or at what
//! was saved of them; they open no database but their own sandbox's.

pub(crate) mod dead;
pub(crate) mod events;
mod past;
pub(crate) mod replay;
pub(crate) mod trace;

use std::{
    io::{ErrorKind, Write},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use reqwest::StatusCode;
use serde_json::Value;
use shared::engine::service::Service;

use crate::{api::Api, demo::command::base};

/// How long 503 or no answer is borne before an error.
const PATIENCE: Duration = Duration::from_secs(10);

/// The three services: name, and what its feed and its journal are called in paths.
const SERVICES: [(&str, &str); 3] =
    [(OrderSvc::NAME, OrderSvc::FEED), (InventorySvc::NAME, InventorySvc::FEED), (KitchenSvc::NAME, KitchenSvc::FEED)];

/// Where the services answer.
#[derive(Clone, Debug, Args)]
pub(crate) struct At {
    /// Where the services answer: the URL of a gateway or of one process, or --at once for each service
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = base)]
    at: Vec<String>,
}

impl At {
    /// The service with that feed.
    async fn find(&self, service: &str, feed: &str) -> Result<Api> {
        for url in &self.at {
            let nobody = || format!("nobody answers at {url}");
            let answer = Api::new(url, Duration::ZERO)?.look(&format!("/v1/feed/{feed}?limit=1")).await;
            match answer.with_context(nobody)?.status {
                // Its beginning has been forgotten.
                StatusCode::OK | StatusCode::GONE => return Api::new(url, PATIENCE),
                StatusCode::NOT_FOUND => {}
                status => bail!("{url} answers {status}"),
            }
        }
        bail!("{service} is not at {}; name its URL with a further --at", self.at.join(" or "))
    }
}

/// A line on standard output. Where nobody reads it any more there is nothing more to do: `| head` is no failure.
fn say(line: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        written => written.context("write to standard output"),
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{fits, name};

    #[test]
    fn a_command_is_called_by_what_was_done() {
        assert_eq!(name(&json!({"place": {"order": {}}})), "place");
        assert_eq!(name(&json!({"act": {"ticket": "t", "action": {"item": ["1", "done"]}}})), "act item 1 done");
        assert_eq!(name(&json!({"act": {"ticket": "t", "action": {"ticket": "serve"}}})), "act ticket serve");
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
