//! Asking the identity provider: small JSON documents over HTTPS, within a deadline, and nowhere else than asked.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Uri,
    body::Bytes,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// Of everything: connecting, asking, reading.
const WITHIN: Duration = Duration::from_secs(5);
const BYTES_MAX: usize = 256 * 1024;

/// Trusts the authorities that browsers do. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Fetch(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Fetch {
    pub(super) fn new() -> Result<Self> {
        let ring = rustls::crypto::ring::default_provider();
        let tls = HttpsConnectorBuilder::new().with_provider_and_webpki_roots(ring).context("TLS")?;
        // Plain HTTP goes to this machine alone: the URLs are checked before.
        let connector = tls.https_or_http().enable_http1().build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T> {
        let request = Request::get(uri(url)?).header(ACCEPT, "application/json").body(Full::default())?;
        self.ask(request).await.with_context(|| format!("GET {url}"))
    }

    /// As a form is sent.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        url: &str,
        form: String,
        authorization: Option<String>,
    ) -> Result<T> {
        let request = Request::post(uri(url)?).header(ACCEPT, "application/json");
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = authorization.into_iter().fold(request, |request, it| request.header(AUTHORIZATION, it));
        self.ask(request.body(Full::from(form))?).await.with_context(|| format!("POST {url}"))
    }

    /// A redirect is no answer.
    async fn ask<T: DeserializeOwned>(&self, request: Request<Full<Bytes>>) -> Result<T> {
        let answered = async {
            let answer = self.0.request(request).await.context("nobody answers")?;
            ensure!(answer.status().is_success(), "it answers {}", answer.status());
            let body = Limited::new(answer.into_body(), BYTES_MAX).collect().await.map_err(|error| anyhow!(error))?;
            serde_json::from_slice(&body.to_bytes()).context("it does not answer with the JSON that is expected")
        };
        timeout(WITHIN, answered).await.context("no answer in time")?
    }
}

/// Encrypted, unless it does not leave this machine.
pub(super) fn uri(url: &str) -> Result<Uri> {
    let uri: Uri = url.parse().with_context(|| format!("{url:?} is no URL"))?;
    let host = uri.host().with_context(|| format!("{url:?} has no host"))?;
    let is_loopback =
        host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    ensure!(
        uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_loopback),
        "{url:?} is not https, and not on this machine"
    );
    Ok(uri)
}
