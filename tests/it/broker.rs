//! What tests do to the broker behind everybody's back, through its management.

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

use crate::servers::Servers;

impl Servers {
    async fn manage(&self, method: Method, path: &str, body: Value) -> Result<()> {
        let request =
            reqwest::Client::builder().no_proxy().build()?.request(method, format!("{}{path}", self.rabbit_api));
        request.json(&body).send().await?.error_for_status()?;
        Ok(())
    }

    /// Deletes an exchange or a queue: `exchanges`, `queues`.
    pub(crate) async fn delete(&self, bus: &str, kind: &str, name: &str) -> Result<()> {
        let (_, vhost) = bus.rsplit_once('/').context("no virtual host")?;
        self.manage(Method::DELETE, &format!("/api/{kind}/{vhost}/{name}"), json!({})).await
    }

    /// Makes a user without permissions, or gives it another password; the URL of the bus for it.
    pub(crate) async fn user(&self, bus: &str, name: &str, password: &str) -> Result<String> {
        self.manage(Method::PUT, &format!("/api/users/{name}"), json!({"password": password, "tags": ""})).await?;
        let (_, address) = bus.split_once('@').context("no user")?;
        Ok(format!("amqp://{name}:{password}@{address}"))
    }

    /// Lets the user configure, write and read what matches.
    pub(crate) async fn permit(&self, bus: &str, name: &str, [configure, write, read]: [&str; 3]) -> Result<()> {
        let (_, vhost) = bus.rsplit_once('/').context("no virtual host")?;
        let body = json!({"configure": configure, "write": write, "read": read});
        self.manage(Method::PUT, &format!("/api/permissions/{vhost}/{name}"), body).await
    }

    pub(crate) async fn drop_user(&self, name: &str) -> Result<()> {
        self.manage(Method::DELETE, &format!("/api/users/{name}"), json!({})).await
    }
}
