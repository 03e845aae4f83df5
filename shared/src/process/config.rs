//! Configuration: environment variables, each also a flag. Errors name the variable.

use std::{net::SocketAddr, str::FromStr, sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use clap::{Args, builder::BoolishValueParser};
use jiff::{SignedDuration, Span, SpanRelativeTo};

use crate::{
    engine::retention::Retention,
    process::traces::Tracing,
    web::{
        access::Authentication,
        doors::{Doors, Host, Origin},
        quota::Shares,
    },
};

/// What all binaries have in common.
#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// Where events travel: sqlite:PATH (one process) or amqp://… / amqps://… (RabbitMQ)
    #[arg(long, env = "BUS_URL", default_value = "sqlite:data/bus.db", hide_env_values = true)]
    pub bus_url: String,

    /// Address and port of the HTTP interface
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// How long an order may wait for its decision before it is rejected (90s, 4m, 2h)
    #[arg(long, env = "ACCEPT_WITHIN", default_value = "4m", value_parser = duration)]
    pub accept_within: Duration,

    /// How long a connection may be idle before it is closed: longer than load balancers keep theirs (60s)
    #[arg(long, env = "KEEP_ALIVE", default_value = "75s", value_parser = duration)]
    pub keep_alive: Duration,

    /// How long it goes on serving once it is asked to stop, and says that it is not ready, so that nobody is sent to it
    /// any more (5s); 0 stops at once
    #[arg(long, env = "DRAIN", default_value = "0s", value_parser = pause)]
    pub drain: Duration,

    /// How long its database may take to be there at the start (2m); 0 tells at once that it is not
    #[arg(long, env = "DATABASE_WITHIN", default_value = "0s", value_parser = pause)]
    pub database_within: Duration,

    /// How long events, dead letters and what was taken in are kept (12h, 30d, 8w); 0 keeps all. Orders, tickets
    /// and stock stay for ever
    #[arg(long, env = "RETENTION", default_value = "30d", value_parser = retention)]
    pub retention: Retention,

    #[command(flatten)]
    pub shares: Shares,

    #[command(flatten)]
    pub strangers: Strangers,

    #[command(flatten)]
    pub access: Authentication,

    #[command(flatten)]
    pub tracing: Tracing,
}

/// Who is let in. By default: whoever is on this machine, and no page of anybody else's in his browser.
#[derive(Clone, Debug, Default, Args)]
pub struct Strangers {
    /// Listen on other addresses than loopback although nobody has to authenticate
    #[arg(long, env = "ALLOW_UNAUTHENTICATED", num_args = 0..=1, default_value = "false",
          default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub allow_unauthenticated: bool,

    /// Names under which people reach it, besides localhost (orders.example.com,comanda.lan:8443): a request for any
    /// other is refused, for an attacker's name may point here
    #[arg(long, env = "HOSTS", value_name = "NAMES", default_value = "", hide_default_value = true, value_parser = list::<Host>)]
    pub hosts: Arc<[Host]>,

    /// Other sites whose pages may use the interface (https://shop.example.com); by default none
    #[arg(long, env = "CORS_ORIGINS", value_name = "ORIGINS", default_value = "", hide_default_value = true,
          value_parser = list::<Origin>)]
    pub cors_origins: Arc<[Origin]>,
}

impl Strangers {
    /// Nobody has to authenticate, so nobody but this machine is served, unless that is said to be right.
    pub fn refuse(&self, listen: SocketAddr) -> Result<()> {
        ensure!(
            listen.ip().is_loopback() || self.allow_unauthenticated,
            "LISTEN={listen} is reachable from other machines, and nobody has to authenticate; \
             listen on 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true where something in front of it authenticates"
        );
        Ok(())
    }

    pub(crate) fn doors(&self, everybody_authenticates: bool) -> Doors {
        Doors { hosts: Arc::clone(&self.hosts), origins: Arc::clone(&self.cors_origins), everybody_authenticates }
    }
}

/// Separated by commas.
fn list<T: FromStr<Err = String>>(text: &str) -> Result<Arc<[T]>, String> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::parse).collect()
}

/// What `--help` ends with.
pub const AFTER_HELP: &str =
    "RUST_LOG sets what is logged: `info` by default, `debug`, `info,access=debug` with each request …
BUS_URL_FILE names a file that holds what BUS_URL would, so that nobody sees its password; likewise of every URL.";

impl Settings {
    /// Refuses what clap cannot see.
    pub(crate) fn check(&self) -> Result<()> {
        self.tracing.check()?;
        if self.access.is_on() { Ok(()) } else { self.strangers.refuse(self.listen) }
    }
}

/// What commands show to services that ask who they are, if it is in the environment.
#[expect(clippy::disallowed_methods, reason = "a secret has no flag: everybody could read it")]
pub fn token() -> Option<String> {
    std::env::var("COMANDA_TOKEN").ok().filter(|token| !token.is_empty())
}

/// At least a second: `90s`, `4m`, `2h`.
pub fn duration(text: &str) -> Result<Duration, String> {
    at_least_a_second(parse(text).ok_or("expected a duration like 90s, 4m or 2h")?)
}

/// A day is 24 hours long.
fn parse(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

fn at_least_a_second(duration: SignedDuration) -> Result<Duration, String> {
    match Duration::try_from(duration) {
        Ok(duration) if duration >= Duration::from_secs(1) => Ok(duration),
        _ => Err("expected at least 1s".to_owned()),
    }
}

fn pause(text: &str) -> Result<Duration, String> {
    let pause = if text.trim() == "0" { Some(SignedDuration::ZERO) } else { parse(text) };
    pause
        .and_then(|pause| Duration::try_from(pause).ok())
        .ok_or_else(|| "expected a duration like 5s or 2m, or 0".into())
}

fn retention(text: &str) -> Result<Retention, String> {
    let kept = if text.trim() == "0" { Some(SignedDuration::ZERO) } else { parse(text) };
    match kept.ok_or("expected a duration like 12h, 30d or 8w, or 0 to keep all")? {
        SignedDuration::ZERO => Ok(Retention::Forever),
        kept => at_least_a_second(kept).map(Retention::Kept),
    }
}

/// The variable with the URL of a service's database: `ORDER_DATABASE_URL` of `order-svc`.
pub fn database_variable(service: &str) -> String {
    format!("{}_DATABASE_URL", service.trim_end_matches("-svc").to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_pause_may_be_none() {
        for (text, expected) in [("0", 0), ("0s", 0), ("5s", 5000), ("2m", 120_000), ("500ms", 500)] {
            assert_eq!(pause(text), Ok(Duration::from_millis(expected)), "{text}");
        }
        for text in ["", "5", "-5s", "soon"] {
            assert!(pause(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_retention_is_a_duration_or_for_ever() {
        for (text, kept) in [("12h", 12 * HOUR), ("30d", 720 * HOUR), ("8w", 56 * 24 * HOUR), ("1d 12h", 36 * HOUR)] {
            assert_eq!(retention(text), Ok(Retention::Kept(kept)), "{text}");
        }
        for text in ["0", "0d", "0s"] {
            assert_eq!(retention(text), Ok(Retention::Forever), "{text}");
        }
        for text in ["", "30", "a month", "1mo", "1y", "-30d", "500ms", "∞"] {
            assert!(retention(text).is_err(), "{text}");
        }
    }
}
