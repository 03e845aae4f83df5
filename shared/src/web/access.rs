//! The doors: who asks, by what they show, and whether they may. Off unless a way to authenticate is configured, and then
//! every request passes here before its handler; a route that is not in the [`table`] is refused.

mod fetch;
mod guard;
mod guests;
mod issuer;
mod jwt;
mod keys;
mod local;
mod me;
mod oidc;
mod principal;
mod secret;
pub mod session;
pub mod table;

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result, ensure};
use axum::{Router, middleware};
use clap::{
    ArgAction, Args,
    builder::{BoolishValueParser, OsStringValueParser, TypedValueParser},
};

use self::{
    guard::{Entrance, guard},
    issuer::Issuer,
    jwt::{Claims, Flaw, Unverified, VerifyingKey},
    keys::Uses,
    oidc::Client,
};
use crate::{contract::time::Time, db::Db};

pub use self::{
    local::{Grant, SigningKey},
    me::router as me,
    oidc::{Person, SignIn, arrived},
    principal::Principal,
    secret::Secret,
};

/// How people and programs authenticate. None of it: they do not.
#[derive(Clone, Debug, Args)]
pub struct Authentication {
    /// The local key, with which `comanda token` signs, or its public part: from then on everybody has to authenticate
    #[arg(long, env = "AUTH_KEY_FILE", value_name = "PATH", value_parser = path())]
    pub auth_key_file: Option<PathBuf>,

    /// The OpenID provider whose tokens are taken, as they name it (https://login.example/realms/comanda): from then on
    /// everybody has to authenticate
    #[arg(long, env = "AUTH_ISSUER", value_name = "URL")]
    pub auth_issuer: Option<String>,

    /// For whom its tokens have to be
    #[arg(long, env = "AUTH_AUDIENCE", default_value = "comanda")]
    pub auth_audience: String,

    /// What the provider calls us, where people sign in at it by pages
    #[arg(long, env = "AUTH_CLIENT_ID", value_name = "ID")]
    pub auth_client_id: Option<String>,

    /// A file with the secret that the provider asks us for, if it does
    #[arg(long, env = "AUTH_CLIENT_SECRET_FILE", value_name = "PATH", value_parser = path())]
    pub auth_client_secret_file: Option<PathBuf>,

    /// Where browsers come, for the provider to send them back to: https://orders.example.com
    #[arg(long, env = "AUTH_URL", value_name = "URL")]
    pub auth_url: Option<String>,

    /// Let guests order without saying who they are, and see what they have ordered
    #[arg(long, env = "AUTH_GUESTS", default_value = "true", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub auth_guests: bool,
}

/// Takes one that is empty, too, as manifests say that there is none.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

impl Default for Authentication {
    fn default() -> Self {
        Self {
            auth_key_file: None,
            auth_issuer: None,
            auth_audience: "comanda".into(),
            auth_client_id: None,
            auth_client_secret_file: None,
            auth_url: None,
            auth_guests: true,
        }
    }
}

impl Authentication {
    /// A variable that is empty says nothing.
    fn key_file(&self) -> Option<&PathBuf> {
        self.auth_key_file.as_ref().filter(|path| !path.as_os_str().is_empty())
    }

    fn issuer(&self) -> Option<&str> {
        self.auth_issuer.as_deref().filter(|url| !url.is_empty())
    }

    /// Whether anybody has to authenticate.
    pub fn is_on(&self) -> bool {
        self.key_file().is_some() || self.issuer().is_some()
    }
}

/// Who is let in. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// `None` where everybody is.
    closed: Option<Arc<Closed>>,
    db: Option<Db>,
}

/// What is known of those who may show themselves.
#[derive(Debug)]
struct Closed {
    local: Option<VerifyingKey>,
    issuer: Option<Issuer>,
    client: Option<Client>,
    /// The process asks itself: its demo, its console.
    own: Secret,
    lets_guests_in: bool,
    uses: Uses,
}

impl Access {
    pub fn new(options: &Authentication) -> Result<Self> {
        if !options.is_on() {
            return Ok(Self::default());
        }
        let local = options
            .key_file()
            .map(|path| local::verifying(path).with_context(|| format!("AUTH_KEY_FILE={}", path.display())));
        let issuer = options.issuer().map(|issuer| {
            ensure!(issuer != local::NAME, "that is what tokens of the local key say");
            Issuer::new(issuer, &options.auth_audience)
        });
        let issuer = issuer.transpose().context("AUTH_ISSUER")?;
        let (client, own) = (Client::new(options)?, Secret::own()?);
        let closed = Closed {
            local: local.transpose()?,
            issuer,
            client,
            own,
            lets_guests_in: options.auth_guests,
            uses: Uses::default(),
        };
        Ok(Self { closed: Some(Arc::new(closed)), db: None })
    }

    /// By which the process knows itself, where one is needed.
    pub fn own_token(&self) -> Option<&str> {
        self.closed.as_ref().map(|closed| closed.own.reveal())
    }

    /// Follows the identity provider, if there is one.
    pub(crate) async fn keep_up(self) -> Result<()> {
        match self.closed.as_ref().and_then(|closed| closed.issuer.as_ref()) {
            Some(issuer) => issuer.keep_up().await,
            None => std::future::pending().await,
        }
    }

    /// Puts the doors before all of it, where there are any.
    pub(super) fn before(self, router: Router) -> Router {
        let Some(closed) = self.closed else { return router };
        router.layer(middleware::from_fn_with_state(Entrance { closed, db: self.db }, guard))
    }

    /// Where the keys are; a process without services knows none.
    pub(super) fn looking_into(self, db: Option<Db>) -> Self {
        Self { db, ..self }
    }
}

impl Closed {
    /// Whom the token says it is from decides whose keys are looked at, and nothing else.
    async fn claims(&self, token: &Unverified<'_>) -> Result<Claims, Flaw> {
        let from = token.issuer();
        match (&self.local, &self.issuer) {
            (Some(key), _) if from.as_deref() == Some(local::NAME) => {
                token.verify(std::slice::from_ref(key), &local::expected(), Time::now())
            }
            (_, Some(issuer)) if from.as_deref() == Some(issuer.name()) => {
                issuer.verify(token, issuer.audience()).await
            }
            _ => Err(Flaw::Issuer),
        }
    }
}
