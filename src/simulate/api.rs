//! The HTTP interface as anybody sees it. What is answered with 503 is asked again, under the same key.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header::RETRY_AFTER};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use shared::engine::backoff::Backoff;
use tokio::time::Instant;

/// Of one attempt; orders may ask to wait for 5 s.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Of all attempts together.
const PATIENCE: Duration = Duration::from_secs(120);

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Api {
    http: Client,
    base: String,
}

/// What was answered, good or bad.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    /// `null` where it was not JSON.
    pub body: Value,
}

#[derive(Debug, Deserialize)]
struct Page<T> {
    items: Vec<T>,
    #[serde(default)]
    next: Option<String>,
}

impl Answer {
    /// The last part of a problem's type: `item-unavailable`.
    pub(super) fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or("no problem type");
        kind.trim_start_matches("/problems/")
    }
}

impl Api {
    pub(super) fn new(address: SocketAddr) -> Result<Self> {
        let http = Client::builder().no_proxy().timeout(TIMEOUT).build().context("make an HTTP client")?;
        Ok(Self { http, base: format!("http://{address}") })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let answer = self.persist(|| self.request(Method::GET, path)).await?;
        if !answer.status.is_success() {
            bail!("GET {path} answers {}", answer.status);
        }
        serde_json::from_value(answer.body).with_context(|| format!("GET {path}"))
    }

    /// All pages of a list. The path has a query already.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        self.follow(path, &mut None).await
    }

    /// The pages of a list from the cursor on, which is left where the last page began.
    pub(super) async fn follow<T: DeserializeOwned>(&self, path: &str, cursor: &mut Option<String>) -> Result<Vec<T>> {
        let mut all = Vec::new();
        loop {
            let after = cursor.as_ref().map_or(String::new(), |cursor| format!("&after={cursor}"));
            let mut page: Page<T> = self.get(&format!("{path}{after}")).await?;
            all.append(&mut page.items);
            match page.next {
                Some(next) => *cursor = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// An action: no body, and doing it twice is doing it once.
    pub(super) async fn act(&self, path: &str) -> Result<Answer> {
        self.persist(|| self.request(Method::POST, path)).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        self.persist(|| self.request(Method::PUT, path).json(body)).await
    }

    /// A request that must not be done twice, whatever happens to the answer.
    pub(super) async fn post(&self, path: &str, key: &str, wait: bool, body: &impl Serialize) -> Result<Answer> {
        self.persist(|| {
            let request = self.request(Method::POST, path).header("idempotency-key", key).json(body);
            if wait { request.header("prefer", "wait=5") } else { request }
        })
        .await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Asks again for as long as there is no answer, or 503.
    async fn persist(&self, request: impl Fn() -> RequestBuilder) -> Result<Answer> {
        let (started, mut backoff) = (Instant::now(), Backoff::default());
        loop {
            let patient = started.elapsed() < PATIENCE;
            match request().send().await {
                Ok(response) if response.status() == StatusCode::SERVICE_UNAVAILABLE && patient => {
                    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                    tokio::time::sleep(Duration::from_secs(after.unwrap_or(1))).await;
                }
                Ok(response) => {
                    let status = response.status();
                    let body = response.bytes().await.context("the answer ended early")?;
                    return Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() });
                }
                Err(error) if !patient => return Err(error).context("no answer"),
                Err(_) => backoff.wait().await,
            }
        }
    }
}
