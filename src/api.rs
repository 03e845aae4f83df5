//! The HTTP interface as anybody sees it, for the demo and the simulated people. What is answered with 503, or by
//! a gateway that reaches nobody, is asked again, under the same key.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header::RETRY_AFTER};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use shared::{engine::backoff::Backoff, process::health::reachable};
use tokio::time::Instant;

/// Of one attempt; orders may ask to wait for 5 s.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Of one that reads a database whole.
const SLOW_TIMEOUT: Duration = Duration::from_secs(600);

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: Client,
    pub base: String,
    /// What it shows of itself, where it is asked to.
    token: Option<Arc<str>>,
    /// Of all attempts together.
    patience: Duration,
    /// Attempts that were not the last of their request. Shared by all clones.
    repeated: Arc<AtomicU64>,
}

/// What was answered, good or bad.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
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
    pub(crate) fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or("no problem type");
        kind.trim_start_matches("/problems/")
    }
}

impl Api {
    /// `base` is what all paths are put behind: `http://127.0.0.1:8080`.
    pub(crate) fn new(base: impl Into<String>, patience: Duration) -> Result<Self> {
        Ok(Self { http: client(TIMEOUT)?, base: base.into(), token: None, patience, repeated: Arc::default() })
    }

    /// The same, showing this token or key.
    pub(crate) fn showing(&self, token: Option<&str>) -> Self {
        Self { token: token.map(Arc::from), ..self.clone() }
    }

    /// The same, with another patience.
    pub(crate) fn with_patience(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// The same, with another time for an attempt.
    pub(crate) fn with_timeout(&self, timeout: Duration) -> Result<Self> {
        Ok(Self { http: client(timeout)?, ..self.clone() })
    }

    /// Of a process that listens there.
    pub(crate) fn at(address: SocketAddr, patience: Duration) -> Result<Self> {
        Self::new(format!("http://{}", reachable(address)), patience)
    }

    /// How many requests were made again since this was last asked.
    pub(crate) fn take_repeated(&self) -> u64 {
        self.repeated.swap(0, Ordering::Relaxed)
    }

    /// What is there; an error where nobody answers.
    pub(crate) async fn look(&self, path: &str) -> Result<Answer> {
        self.persist(|| self.request(Method::GET, path)).await
    }

    /// As [`Api::get`], but without a step in between: what is kept as it was encoded keeps every byte.
    pub(crate) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.read_within(path, TIMEOUT).await
    }

    /// As [`Api::read`], of what takes the service long.
    pub(crate) async fn read_slowly<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.read_within(path, SLOW_TIMEOUT).await
    }

    async fn read_within<T: DeserializeOwned>(&self, path: &str, timeout: Duration) -> Result<T> {
        let (status, body) = self.persist_raw(|| self.request(Method::GET, path).timeout(timeout)).await?;
        if !status.is_success() {
            let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
            bail!("GET {}{path} answers {status}: {}", self.base, problem["detail"].as_str().unwrap_or("no reason"));
        }
        serde_json::from_slice(&body).with_context(|| format!("GET {path}"))
    }

    /// What is there, as text.
    pub(crate) async fn text(&self, path: &str) -> Result<String> {
        let (status, body) = self.persist_raw(|| self.request(Method::GET, path)).await?;
        ensure!(status.is_success(), "GET {}{path} answers {status}", self.base);
        String::from_utf8(body).with_context(|| format!("GET {path}"))
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let answer = self.look(path).await?;
        if !answer.status.is_success() {
            bail!("GET {path} answers {}", answer.status);
        }
        serde_json::from_value(answer.body).with_context(|| format!("GET {path}"))
    }

    /// All pages of a list. The path has a query already.
    pub(crate) async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        self.follow(path, &mut None).await
    }

    /// The pages of a list from the cursor on, which is left where the last page began.
    pub(crate) async fn follow<T: DeserializeOwned>(&self, path: &str, cursor: &mut Option<String>) -> Result<Vec<T>> {
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
    pub(crate) async fn act(&self, path: &str) -> Result<Answer> {
        self.persist(|| self.request(Method::POST, path)).await
    }

    /// A request that may be done twice.
    pub(crate) async fn ask(&self, path: &str, body: &impl Serialize) -> Result<Answer> {
        self.persist(|| self.request(Method::POST, path).json(body)).await
    }

    /// Doing it twice is doing it once.
    pub(crate) async fn delete(&self, path: &str) -> Result<Answer> {
        self.persist(|| self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        self.persist(|| self.request(Method::PUT, path).json(body)).await
    }

    /// A request that must not be done twice, whatever happens to the answer.
    pub(crate) async fn post(&self, path: &str, key: &str, body: &impl Serialize) -> Result<Answer> {
        self.persist(|| self.keyed(path, key, body)).await
    }

    /// As [`Api::post`], and waits up to 5 s for the decision.
    pub(crate) async fn post_and_wait(&self, path: &str, key: &str, body: &impl Serialize) -> Result<Answer> {
        self.persist(|| self.keyed(path, key, body).header("prefer", "wait=5")).await
    }

    fn keyed(&self, path: &str, key: &str, body: &impl Serialize) -> RequestBuilder {
        self.request(Method::POST, path).header("idempotency-key", key).json(body)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn persist(&self, request: impl Fn() -> RequestBuilder) -> Result<Answer> {
        let (status, body) = self.persist_raw(request).await?;
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() })
    }

    /// Asks again for as long as there is no answer, or one that says that nobody is there.
    async fn persist_raw(&self, request: impl Fn() -> RequestBuilder) -> Result<(StatusCode, Vec<u8>)> {
        let (started, mut backoff) = (Instant::now(), Backoff::default());
        loop {
            let patient = started.elapsed() < self.patience;
            match request().send().await {
                Ok(response) if is_away(response.status()) && patient => {
                    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                    tokio::time::sleep(Duration::from_secs(after.unwrap_or(1))).await;
                }
                Ok(response) => {
                    let status = response.status();
                    let body = response.bytes().await.context("the answer ended early")?;
                    return Ok((status, body.into()));
                }
                Err(error) if !patient => return Err(error).context("no answer"),
                Err(_) => backoff.wait().await,
            }
            self.repeated.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The service, or what is behind the gateway: it may have done what it was asked to, or not.
fn is_away(status: StatusCode) -> bool {
    [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT].contains(&status)
}

fn client(timeout: Duration) -> Result<Client> {
    Client::builder().no_proxy().timeout(timeout).build().context("make an HTTP client")
}
