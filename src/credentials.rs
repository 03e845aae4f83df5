//! What commands show to services that ask who they are: a token or a key, from a file or from the environment, never from
//! the command line, which everybody on the machine can read.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use shared::process::config;

/// Where the command's token is.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Credentials {
    /// A file with the token or the key to show to the services; without it COMANDA_TOKEN is shown, if it is set
    #[arg(long, value_name = "PATH")]
    token_file: Option<PathBuf>,
}

impl Credentials {
    /// `None` where there is nothing to show.
    pub(crate) fn token(&self) -> Result<Option<String>> {
        let Some(path) = &self.token_file else { return Ok(config::token()) };
        let text = std::fs::read_to_string(path).with_context(|| format!("--token-file {}", path.display()))?;
        let token = text.trim();
        ensure!(!token.is_empty(), "--token-file {} is empty", path.display());
        Ok(Some(token.to_owned()))
    }
}
