//! The servers that tests run against: databases and virtual hosts of their own on those that the environment
//! names. `scripts/test` provides them; without them the embedded half runs alone and says so.

use std::sync::Once;

use anyhow::{Context, Result};
use shared::http::fresh_id;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

#[expect(clippy::disallowed_methods, reason = "the tests' own configuration")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// RabbitMQ and PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    postgres: String,
    amqp: String,
    rabbit_api: String,
}

impl Servers {
    /// `None` where the environment names none; a panic where it says that they are required.
    pub(crate) fn get() -> Option<Self> {
        let servers = (|| {
            Some(Self {
                postgres: variable("TEST_POSTGRES_URL")?,
                amqp: variable("TEST_AMQP_URL")?,
                rabbit_api: variable("TEST_RABBITMQ_API")?,
            })
        })();
        static SAID: Once = Once::new();
        if servers.is_none() {
            let required = variable("COMANDA_TEST_SERVERS").as_deref() == Some("required");
            assert!(!required, "TEST_POSTGRES_URL, TEST_AMQP_URL and TEST_RABBITMQ_API must be set");
            SAID.call_once(|| {
                eprintln!("left out: the tests on RabbitMQ + PostgreSQL (scripts/test provides both)");
            });
        }
        servers
    }

    /// The URL of a new, empty database.
    pub(crate) async fn database(&self) -> Result<String> {
        let name = format!("t_{}", fresh_id().simple());
        let mut admin = PgConnection::connect(&self.postgres).await.context("TEST_POSTGRES_URL")?;
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        let (server, _) = self.postgres.rsplit_once('/').context("TEST_POSTGRES_URL names no database")?;
        Ok(format!("{server}/{name}"))
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
        let url = format!("{}/api/vhosts/{name}", self.rabbit_api);
        reqwest::Client::new().put(url).send().await?.error_for_status()?;
        Ok(format!("{}/{name}", self.amqp.trim_end_matches('/')))
    }

    pub(crate) async fn drop_vhost(&self, url: &str) -> Result<()> {
        let (_, name) = url.rsplit_once('/').context("no virtual host")?;
        let url = format!("{}/api/vhosts/{name}", self.rabbit_api);
        reqwest::Client::new().delete(url).send().await?.error_for_status()?;
        Ok(())
    }
}
