//! People sign in at the identity provider: OpenID Connect's authorization code flow with PKCE (RFC 7636). What the browser
//! has to remember between here and there is in a cookie of its own; the code is exchanged from server to server.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result, ensure};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, request::Parts},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use tracing::warn;

use super::{
    Authentication, Closed,
    jwt::Unverified,
    secret,
    session::{self, cookie_of},
};
use crate::{
    bus::seldom::Seldom,
    contract::{access::Role, time::Time, types::Slug},
    web::problem::{Answer, Problem},
};

const COOKIE: &str = "comanda_sign_in";
/// The way there and back.
const LASTS_S: u32 = 600;
/// Where the provider sends browsers back to, below the restaurant's own address.
const CALLBACK: &str = "/v1/sign-in/callback";

/// What the provider knows us by.
#[derive(Debug)]
pub(super) struct Client {
    id: String,
    /// Some providers ask for one of servers.
    secret: Option<String>,
    callback: String,
}

impl Client {
    pub(super) fn new(options: &Authentication) -> Result<Option<Self>> {
        let Some(id) = options.auth_client_id.as_ref().filter(|id| !id.is_empty()) else { return Ok(None) };
        ensure!(options.issuer().is_some(), "AUTH_CLIENT_ID: there is no AUTH_ISSUER to sign in at");
        let url = options.auth_url.as_deref().unwrap_or_default().trim_end_matches('/');
        ensure!(
            !url.is_empty(),
            "AUTH_URL: set the address at which browsers come, for the provider sends them back there"
        );
        super::fetch::uri(url).context("AUTH_URL")?;
        let named: Option<&PathBuf> =
            options.auth_client_secret_file.as_ref().filter(|path| !path.as_os_str().is_empty());
        let secret = named.map(|path| {
            let text = std::fs::read_to_string(path);
            let text = text.with_context(|| format!("AUTH_CLIENT_SECRET_FILE={}", path.display()))?;
            Ok::<_, anyhow::Error>(text.trim().to_owned())
        });
        Ok(Some(Self { id: id.clone(), secret: secret.transpose()?, callback: format!("{url}{CALLBACK}") }))
    }

    fn basic(&self) -> Option<String> {
        let secret = self.secret.as_ref()?;
        Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", escaped(&self.id), escaped(secret)))))
    }
}

/// Somebody who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub subject: String,
    pub roles: Vec<Role>,
    /// Everywhere where the provider names none.
    pub locations: Option<Vec<Slug>>,
}

/// The way to the provider; a request that finds none is answered that there is none.
#[derive(Clone, Debug)]
pub struct SignIn(pub(super) Arc<Closed>);

impl<S: Sync> FromRequestParts<S> for SignIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        let way = parts.extensions.get::<Self>().filter(|way| way.0.client.is_some()).cloned();
        way.ok_or_else(|| Problem::missing("nobody signs in here: no provider is configured, by AUTH_CLIENT_ID"))
    }
}

#[derive(Debug, Deserialize)]
struct Tokens {
    id_token: String,
}

impl SignIn {
    /// Where to send the browser, and what it has to remember. `to` is the page to come back to.
    pub async fn begin(&self, to: &str, request: &HeaderMap) -> Answer<(String, (HeaderName, String))> {
        let (issuer, client) = self.parties()?;
        let to = Some(to).filter(|to| is_ours(to)).unwrap_or("/");
        let fresh = || secret::word().map_err(|error| unreachable_provider(&error));
        let (state, nonce, verifier) = (fresh()?, fresh()?, fresh()?);
        let endpoint = issuer.authorization_endpoint().await.map_err(|error| unreachable_provider(&error))?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let parameters = [
            ("response_type", "code"),
            ("client_id", &client.id),
            ("redirect_uri", &client.callback),
            ("scope", "openid profile"),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let join = if endpoint.contains('?') { '&' } else { '?' };
        let remembered = format!("{state}.{nonce}.{verifier}.{}", BASE64_URL_SAFE_NO_PAD.encode(to));
        // It comes back from another site: a strict cookie would stay at home.
        let cookie = session::on_the_way(COOKIE, &remembered, LASTS_S, request);
        Ok((format!("{endpoint}{join}{}", form(&parameters)), cookie))
    }

    /// Who it is that the provider has sent back with this code, and to which page.
    pub async fn finish(&self, code: &str, state: &str, request: &HeaderMap) -> Answer<(Person, String)> {
        let (issuer, client) = self.parties()?;
        let lost =
            || Problem::unauthenticated("this sign-in was not begun in this browser, or too long ago; begin again");
        let remembered = cookie_of(request, COOKIE).ok_or_else(lost)?;
        let [expected, nonce, verifier, to] =
            remembered.split('.').collect::<Vec<_>>().try_into().map_err(|_| lost())?;
        if state.is_empty() || state != expected {
            return Err(lost());
        }
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &client.callback),
            ("client_id", &client.id),
            ("code_verifier", verifier),
        ];
        let tokens: Tokens =
            issuer.exchange(form(&parameters), client.basic()).await.map_err(|error| unreachable_provider(&error))?;
        let refused =
            || Problem::unauthenticated("the provider has answered with a token that is not for this sign-in");
        let token = Unverified::read(&tokens.id_token).map_err(|_| refused())?;
        let claims = issuer.verify(&token, &client.id).await.map_err(|flaw| Problem::unauthenticated(flaw.text()))?;
        if claims.nonce.as_deref() != Some(nonce) {
            return Err(refused());
        }
        let to = BASE64_URL_SAFE_NO_PAD.decode(to).ok().and_then(|to| String::from_utf8(to).ok());
        let to = to.filter(|to| is_ours(to)).unwrap_or_else(|| "/".into());
        let roles = claims.roles();
        Ok((Person { subject: claims.sub, roles, locations: claims.locations }, to))
    }

    fn parties(&self) -> Answer<(&super::Issuer, &Client)> {
        self.0.issuer.as_ref().zip(self.0.client.as_ref()).ok_or_else(Problem::internal)
    }
}

/// What the browser need not remember any more.
pub fn arrived(request: &HeaderMap) -> (HeaderName, String) {
    session::on_the_way(COOKIE, "", 0, request)
}

/// A page of this site, and no other's that looks like one.
fn is_ours(to: &str) -> bool {
    // A browser takes a backslash for a slash, and passes over tabs and line ends.
    to.starts_with('/') && !to.starts_with("//") && !to.contains('\\') && to.bytes().all(|byte| byte.is_ascii_graphic())
}

fn unreachable_provider(error: &anyhow::Error) -> Problem {
    // Whoever likes may begin to sign in, as often as he likes.
    static FAILED: Seldom = Seldom::new(1);
    if let Some(left_out) = FAILED.now(Time::now()) {
        warn!(error = format!("{error:#}"), left_out, "could not sign somebody in");
    }
    Problem::unavailable("the identity provider does not answer as it should")
}

fn form(parameters: &[(&str, &str)]) -> String {
    parameters.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

/// As it stands in a form: nothing in it is taken for a part of one.
fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") }).collect()
}
