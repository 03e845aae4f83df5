//! The identity provider: whose tokens are taken for what they say, and the keys that it signs with at present.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{sync::Mutex as Turn, time::Instant};
use tracing::{info, warn};

use super::{
    fetch::{Fetch, uri},
    jwt::{Claims, Expected, Flaw, Material, Unverified, VerifyingKey},
};
use crate::{contract::time::Time, engine::backoff::Backoff};

/// A key that the provider has taken back is good for so long.
const REFRESHED_EVERY: Duration = Duration::from_secs(300);
/// Whoever makes up names of keys does not make us ask for them each time.
const PAUSE: Duration = Duration::from_secs(10);
/// Of a set that is taken for one.
const KEYS_MAX: usize = 64;

/// The provider, and what is known of it.
#[derive(Debug)]
pub(super) struct Issuer {
    expected: Expected,
    fetch: Fetch,
    /// Empty before they were fetched the first time.
    keys: Mutex<Arc<[VerifyingKey]>>,
    /// When they were asked for last; one asks at a time.
    asked: Turn<Option<Instant>>,
    refreshed_every: Duration,
}

/// What its discovery document says (OpenID Connect Discovery).
#[derive(Clone, Debug, Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
}

#[derive(Debug, Deserialize)]
struct KeySet {
    keys: Vec<Jwk>,
}

/// RFC 7517, as far as it is used here.
#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Issuer {
    /// `issuer` as tokens name it, to the letter.
    pub(super) fn new(issuer: &str, audience: &str) -> Result<Self> {
        uri(issuer)?;
        let expected = Expected { issuer: issuer.into(), audience: audience.into() };
        let (keys, asked) = (Mutex::new(Arc::new([]) as Arc<[_]>), Turn::new(None));
        Ok(Self { expected, fetch: Fetch::new()?, keys, asked, refreshed_every: REFRESHED_EVERY })
    }

    pub(super) fn name(&self) -> &str {
        &self.expected.issuer
    }

    /// For whom tokens have to be that are shown as such.
    pub(super) fn audience(&self) -> &str {
        &self.expected.audience
    }

    /// Where people sign in.
    pub(super) async fn authorization_endpoint(&self) -> Result<String> {
        let endpoint = self.discover().await?.authorization_endpoint.context("nobody signs in there")?;
        uri(&endpoint).context("authorization_endpoint")?;
        Ok(endpoint)
    }

    /// Its answer to whoever brings a code.
    pub(super) async fn exchange<T: DeserializeOwned>(&self, form: String, authorization: Option<String>) -> Result<T> {
        let endpoint = self.discover().await?.token_endpoint.context("it exchanges no codes")?;
        self.fetch.post(&endpoint, form, authorization).await
    }

    /// What the token says, if the provider has signed it for them.
    pub(super) async fn verify(&self, token: &Unverified<'_>, audience: &str) -> Result<Claims, Flaw> {
        let mut keys = self.keys();
        let is_known = |keys: &[VerifyingKey]| {
            let kid = token.header.kid.as_ref();
            !keys.is_empty() && kid.is_none_or(|kid| keys.iter().any(|key| key.kid.as_ref() == Some(kid)))
        };
        if !is_known(&keys) {
            self.refresh_soon().await;
            keys = self.keys();
        }
        if keys.is_empty() {
            return Err(Flaw::IssuerAway);
        }
        let expected = Expected { audience: audience.into(), ..self.expected.clone() };
        token.verify(&keys, &expected, Time::now())
    }

    fn keys(&self) -> Arc<[VerifyingKey]> {
        Arc::clone(&self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for the keys unless that was done a moment ago. Those that are known stay while the provider is away.
    async fn refresh_soon(&self) {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        *asked = Some(Instant::now());
        if let Err(error) = self.refresh().await {
            warn!(
                issuer = self.name(),
                error = format!("{error:#}"),
                "could not fetch the keys of the identity provider"
            );
        }
    }

    /// Fetches the keys now and then.
    pub(super) async fn keep_up(&self) -> Result<()> {
        let mut backoff = Backoff::default();
        while let Err(error) = self.refresh().await {
            warn!(issuer = self.name(), error = format!("{error:#}"), "waiting for the identity provider");
            backoff.wait().await;
        }
        loop {
            tokio::time::sleep(self.refreshed_every).await;
            *self.asked.lock().await = None;
            self.refresh_soon().await;
        }
    }

    async fn refresh(&self) -> Result<()> {
        let Discovery { jwks_uri, .. } = self.discover().await?;
        let set: KeySet = self.fetch.get(&jwks_uri).await?;
        // A key of a kind that is not taken here is no reason to do without the others.
        let keys: Arc<[VerifyingKey]> = set.keys.into_iter().take(KEYS_MAX).filter_map(Jwk::verifying).collect();
        if keys.is_empty() {
            // Whoever has taken all of them back means it.
            warn!(issuer = self.name(), "{jwks_uri} has no key for RS256, ES256 or EdDSA: nobody is let in by a token");
        }
        let mut known = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != keys {
            info!(issuer = self.name(), keys = keys.len(), "keys of the identity provider");
            *known = keys;
        }
        Ok(())
    }

    async fn discover(&self) -> Result<Discovery> {
        let url = format!("{}/.well-known/openid-configuration", self.name().trim_end_matches('/'));
        let found: Discovery = self.fetch.get(&url).await?;
        ensure!(found.issuer == self.name(), "{url} is of {}, and AUTH_ISSUER is {}", found.issuer, self.name());
        uri(&found.jwks_uri).context("jwks_uri")?;
        Ok(found)
    }
}

impl Jwk {
    /// `None` of a key that is not for signatures, or not for one of the three algorithms.
    fn verifying(self) -> Option<VerifyingKey> {
        let number = |text: &Option<String>| BASE64_URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let material = match (&*self.kty, self.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: number(&self.n)?, e: number(&self.e)? },
            ("EC", Some("P-256")) => Material::P256([vec![4], number(&self.x)?, number(&self.y)?].concat()),
            ("OKP", Some("Ed25519")) => Material::Ed25519(number(&self.x)?),
            _ => return None,
        };
        let fits = self.r#use.is_none_or(|purpose| purpose == "sig")
            && self.alg.is_none_or(|algorithm| algorithm == material.algorithm());
        fits.then_some(VerifyingKey { kid: self.kid, material })
    }
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, routing::get};
    use serde_json::{Value, json};
    use tokio::net::TcpListener;

    use super::*;

    /// How long it may take in a test; only a failure takes that long.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A provider that publishes these keys from then on, and an issuer that asks for them all the time.
    async fn publishing(keys: Arc<Mutex<Vec<&'static str>>>) -> Issuer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("http://{}", listener.local_addr().unwrap());
        let document = json!({"issuer": name, "jwks_uri": format!("{name}/keys")});
        let x = BASE64_URL_SAFE_NO_PAD.encode([7; 32]);
        let jwk = move |kid: &&str| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x});
        let set = move || Value::Array(keys.lock().unwrap().iter().map(&jwk).collect());
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(async move || Json(document)))
            .route("/keys", get(async move || Json(json!({"keys": set()}))));
        let issuer = Issuer { refreshed_every: Duration::from_millis(10), ..Issuer::new(&name, "comanda").unwrap() };
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        issuer
    }

    /// Whether a token of that key would be looked at: its signature is wrong.
    async fn is_known(issuer: &Issuer, kid: &str) -> bool {
        let part = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let token = format!("{}.{}.AAAA", part(json!({"alg": "EdDSA", "kid": kid})), part(json!({})));
        match issuer.verify(&Unverified::read(&token).unwrap(), "comanda").await.unwrap_err() {
            Flaw::Signature => true,
            Flaw::UnknownKey | Flaw::IssuerAway => false,
            other => panic!("{other:?}"),
        }
    }

    async fn until(issuer: &Issuer, one: bool, two: bool) {
        while [is_known(issuer, "one").await, is_known(issuer, "two").await] != [one, two] {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_key_that_the_provider_takes_back_is_of_no_use_any_more() {
        let keys = Arc::new(Mutex::new(vec!["one", "two"]));
        let issuer = publishing(Arc::clone(&keys)).await;
        let taken_back = async {
            until(&issuer, true, true).await;
            *keys.lock().unwrap() = vec!["two"];
            until(&issuer, false, true).await;
            keys.lock().unwrap().clear();
            until(&issuer, false, false).await;
        };
        tokio::select! {
            taken_back = tokio::time::timeout(PATIENCE, taken_back) => taken_back.expect("in time"),
            ended = issuer.keep_up() => panic!("{ended:?}"),
        }
    }

    /// What ARCHITECTURE.md promises.
    #[test]
    fn keys_are_asked_for_every_five_minutes() {
        assert!(REFRESHED_EVERY <= Duration::from_secs(300));
    }
}
