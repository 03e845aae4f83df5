//! `comanda token`: lets somebody in for a while, where there is no identity provider. Whoever can read the key may.

use std::{fs::DirBuilder, io::Write, os::unix::fs::DirBuilderExt, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Args;
use shared::{
    contract::{access::Role, time::Time, types::Slug},
    process::{config, host},
    web::access::{Grant, SigningKey},
};

const EXAMPLES: &str = "Examples:
  comanda token --role manager --for 1h               for who runs the restaurant
  comanda token --role kitchen --location soho --for 12h --subject anna
  comanda token --public >comanda.pub                 what services elsewhere need to know of the key

The key is made at the first time. Services that are started with AUTH_KEY_FILE naming it, or its public part, let in who
shows a token: Authorization: Bearer …, and the commands of comanda what is in COMANDA_TOKEN.";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// What whoever has the token may do: producer, kitchen, manager, developer; once for each
    #[arg(long, required_unless_present = "public")]
    role: Vec<Role>,

    /// Where, once for each location; without it everywhere
    #[arg(long)]
    location: Vec<Slug>,

    /// How long it lasts
    #[arg(long = "for", value_name = "DURATION", default_value = "1h", value_parser = config::duration)]
    lasts: Duration,

    /// What events and journals call whoever has it
    #[arg(long, default_value = "operator")]
    subject: String,

    /// The key that signs
    #[arg(long, env = "AUTH_KEY_FILE", value_name = "PATH", default_value = "data/auth.key")]
    key_file: PathBuf,

    /// Print the public part of the key instead
    #[arg(long, conflicts_with_all = ["role", "location", "subject"])]
    public: bool,
}

pub(crate) fn run(options: Options) -> ExitCode {
    match print(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => host::refuse("comanda", &error),
    }
}

fn print(options: Options) -> Result<()> {
    let Options { role: roles, location: locations, lasts, subject, key_file, public } = options;
    let key = if key_file.exists() {
        SigningKey::read(&key_file)?
    } else {
        if let Some(directory) = key_file.parent() {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
            made.with_context(|| format!("cannot make {}", directory.display()))?;
        }
        SigningKey::make(&key_file)?
    };
    let shown = match public {
        true => key.public(),
        false => format!("{}\n", key.token(Grant { subject, roles, locations, lasts }, Time::now())?),
    };
    std::io::stdout().write_all(shown.as_bytes()).context("cannot print")
}
