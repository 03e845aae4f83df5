//! Configuration: environment variables, each also a flag. Errors name the variable.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, builder::BoolishValueParser};
use jiff::{SignedDuration, Span, SpanRelativeTo};

use crate::engine::retention::Retention;

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

    /// How long events, dead letters and what was taken in are kept (12h, 30d, 8w); 0 keeps all. Orders, tickets
    /// and stock stay for ever
    #[arg(long, env = "RETENTION", default_value = "30d", value_parser = retention)]
    pub retention: Retention,

    /// Listen on other addresses than loopback although nobody has to authenticate
    #[arg(long, env = "ALLOW_UNAUTHENTICATED", num_args = 0..=1, default_value = "false",
          default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub allow_unauthenticated: bool,
}

/// What `--help` ends with.
pub const AFTER_HELP: &str = "RUST_LOG sets what is logged: `info` by default, `debug`, `warn,shared=debug` …";

impl Settings {
    /// Refuses what clap cannot see.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.listen.ip().is_loopback() || self.allow_unauthenticated,
            "LISTEN={} is reachable from other machines, and nobody has to authenticate; \
             listen on 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true where something in front of it authenticates",
            self.listen
        );
        Ok(())
    }
}

fn duration(text: &str) -> Result<Duration, String> {
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

/// The settings and the database URL of a service that runs alone, from the command line and the environment.
pub fn of_one(service: &'static str, port: u16) -> Result<(Settings, String)> {
    let variable = database_variable(service);
    let short = service.trim_end_matches("-svc");
    let database = Arg::new("database_url")
        .long(format!("{short}-database-url"))
        .env(variable.clone())
        .default_value(format!("sqlite:data/{short}.db"))
        .value_name(variable.clone())
        .hide_env_values(true)
        .help("The service's database: sqlite:PATH or postgres://…");
    let command = Settings::augment_args(Command::new(service).version(env!("CARGO_PKG_VERSION")).arg(database))
        .about("One service of Comanda: restaurant orders as events")
        .after_help(AFTER_HELP)
        .mut_arg("listen", |listen| listen.default_value(format!("127.0.0.1:{port}")));
    let matches: ArgMatches = command.get_matches();
    let settings = Settings::from_arg_matches(&matches)?;
    let url = matches.get_one::<String>("database_url").with_context(|| format!("{variable} is not set"))?;
    Ok((settings, url.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

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
