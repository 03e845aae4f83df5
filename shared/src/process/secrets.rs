//! Secrets from files, as orchestrators mount them: `BUS_URL_FILE` names one that holds what `BUS_URL` would. Neither the
//! process list nor the environment shows it then.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::{ArgMatches, Command, parser::ValueSource};
use tracing::warn;

/// The command line's arguments, with what files hold of that which is secret.
///
/// # Errors
///
/// Names the variable of a file that cannot be read.
pub fn matches(command: Command) -> Result<ArgMatches> {
    let command = fill(command)?;
    let matches = command.clone().get_matches();
    warn_of_flags(&command, &matches);
    Ok(matches)
}

/// Puts what the files hold in place of defaults, in all subcommands.
fn fill(mut command: Command) -> Result<Command> {
    let named: Vec<(clap::Id, String)> = secrets(&command).collect();
    for (id, variable) in named {
        let Some(path) = variable_of(&format!("{variable}_FILE")) else { continue };
        ensure!(variable_of(&variable).is_none(), "{variable} and {variable}_FILE are both set; one of them is enough");
        let value = read(Path::new(&path)).with_context(|| format!("{variable}_FILE"))?;
        command = command.mut_arg(id, |arg| arg.default_value(value).hide_default_value(true));
    }
    let mut failed = None;
    command = command.mut_subcommands(|subcommand| {
        fill(subcommand.clone()).unwrap_or_else(|error| {
            failed = Some(error);
            subcommand
        })
    });
    failed.map_or(Ok(command), Err)
}

/// Arguments whose values `--help` does not show, with their variables.
fn secrets(command: &Command) -> impl Iterator<Item = (clap::Id, String)> {
    let secret = command.get_arguments().filter(|arg| arg.is_hide_env_values_set());
    secret.filter_map(|arg| Some((arg.get_id().clone(), arg.get_env()?.to_string_lossy().into_owned())))
}

#[expect(clippy::disallowed_methods, reason = "clap knows no variables that name files")]
fn variable_of(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Without the line's end that editors leave.
fn read(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let text = text.trim_end_matches(['\n', '\r']);
    ensure!(!text.is_empty(), "{} is empty", path.display());
    Ok(text.to_owned())
}

/// Everybody on the machine sees what a process was started with.
fn warn_of_flags(command: &Command, matches: &ArgMatches) {
    for (id, variable) in secrets(command) {
        let is_flag = matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
        let mut values = matches.get_raw(id.as_str()).into_iter().flatten();
        if is_flag && values.any(|value| holds_password(&value.to_string_lossy())) {
            let flag = id.as_str().replace('_', "-");
            warn!("the password in --{flag} can be read in the process list; use {variable} or {variable}_FILE");
        }
    }
    if let Some((name, matches)) = matches.subcommand()
        && let Some(command) = command.find_subcommand(name)
    {
        warn_of_flags(command, matches);
    }
}

/// `scheme://user:password@host`.
fn holds_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    rest.split_once('@').is_some_and(|(user, _)| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_told_from_a_port() {
        assert!(holds_password("amqp://ada:secret@localhost"));
        for url in ["amqp://ada@localhost:5672", "amqp://localhost:5672", "sqlite:data/a:b@c.db", ""] {
            assert!(!holds_password(url), "{url}");
        }
    }
}
