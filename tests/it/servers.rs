//! The servers that tests run against: databases and virtual hosts of their own on those that the environment
//! names, or servers of their own where a test stops and kills them. `scripts/test` provides the former; without
//! them the embedded half runs alone and says so.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use shared::engine::call::fresh_id;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

#[expect(clippy::disallowed_methods, reason = "the tests' own configuration")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A directory that is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("comanda-{}", fresh_id().simple()));
        std::fs::create_dir(&path).with_context(|| format!("create {}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: a test that fails must say why, not that.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// RabbitMQ and PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    postgres: String,
    amqp: String,
    pub(crate) rabbit_api: String,
}

impl Servers {
    /// Those of the environment; `None` where it names none, a panic where it says that they are required.
    pub(crate) fn named() -> Option<Self> {
        match Self::of(|name| variable(name).with_context(|| format!("{name} is not set"))) {
            Ok(servers) => Some(servers),
            Err(error) => {
                assert!(!required(), "{error:#}");
                None
            }
        }
    }

    /// From the values of the variables.
    pub(crate) fn of(named: impl Fn(&str) -> Result<String>) -> Result<Self> {
        Ok(Self {
            postgres: named("TEST_POSTGRES_URL")?,
            amqp: named("TEST_AMQP_URL")?,
            rabbit_api: named("TEST_RABBITMQ_API")?,
        })
    }

    /// The URL of a new, empty database.
    pub(crate) async fn database(&self) -> Result<String> {
        let url = self.database_to_be()?;
        self.create_database(&url).await?;
        Ok(url)
    }

    /// The URL of a database that is not there yet.
    pub(crate) fn database_to_be(&self) -> Result<String> {
        let (server, _) = self.postgres.rsplit_once('/').context("TEST_POSTGRES_URL names no database")?;
        Ok(format!("{server}/t_{}", fresh_id().simple()))
    }

    pub(crate) async fn create_database(&self, url: &str) -> Result<()> {
        let (_, name) = url.rsplit_once('/').context("no database")?;
        let mut admin = PgConnection::connect(&self.postgres).await.context("TEST_POSTGRES_URL")?;
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        Ok(())
    }

    pub(crate) async fn drop_database(&self, url: &str) -> Result<()> {
        let (_, name) = url.rsplit_once('/').context("no database")?;
        let mut admin = PgConnection::connect(&self.postgres).await?;
        admin.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await?;
        Ok(())
    }

    /// The URL of a new, empty virtual host.
    pub(crate) async fn vhost(&self) -> Result<String> {
        let name = fresh_id().simple().to_string();
        self.make_vhost(&name).await?;
        Ok(format!("{}/{name}", self.amqp.trim_end_matches('/')))
    }

    pub(crate) async fn make_vhost(&self, name: &str) -> Result<()> {
        let url = format!("{}/api/vhosts/{name}", self.rabbit_api);
        reqwest::Client::builder().no_proxy().build()?.put(url).send().await?.error_for_status()?;
        Ok(())
    }

    pub(crate) async fn drop_vhost(&self, url: &str) -> Result<()> {
        let (_, name) = url.rsplit_once('/').context("no virtual host")?;
        let url = format!("{}/api/vhosts/{name}", self.rabbit_api);
        reqwest::Client::builder().no_proxy().build()?.delete(url).send().await?.error_for_status()?;
        Ok(())
    }
}

pub(crate) fn required() -> bool {
    variable("COMANDA_TEST_SERVERS").as_deref() == Some("required")
}

/// A server of the test's own, started by `scripts/servers` in a directory of its own; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Private {
    kind: &'static str,
    directory: Scratch,
    variables: HashMap<String, String>,
}

impl Private {
    /// `kind` is `postgres` or `rabbitmq`; an error where it is not installed.
    pub(crate) fn start(kind: &'static str) -> Result<Self> {
        let mut server = Self::new(kind)?;
        server.start_again()?;
        Ok(server)
    }

    /// To be started.
    pub(crate) fn new(kind: &'static str) -> Result<Self> {
        Ok(Self { kind, directory: Scratch::new()?, variables: HashMap::new() })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// On the same port and data as before.
    pub(crate) fn start_again(&mut self) -> Result<()> {
        let printed = self.run(self.kind)?;
        self.variables = printed.lines().filter_map(|line| line.split_once('=')).map(unquoted).collect();
        Ok(())
    }

    /// `stop`, `kill`, `pause`, `resume`.
    pub(crate) fn run(&self, verb: &str) -> Result<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/servers");
        let output = Command::new(script).arg(verb).arg(self.path()).output().context("scripts/servers")?;
        let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr).into_owned());
        ensure!(output.status.success(), "scripts/servers {verb}: {err}");
        Ok(out)
    }

    pub(crate) fn variable(&self, name: &str) -> Result<String> {
        self.variables.get(name).cloned().with_context(|| format!("scripts/servers printed no {name}"))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // It may have been stopped before.
        let _ = self.run("kill");
    }
}

fn unquoted((name, value): (&str, &str)) -> (String, String) {
    (name.trim_start_matches("export ").to_owned(), value.trim_matches(['\'', '"']).to_owned())
}
