//! Who may do what: services that ask everybody who they are.

mod console;
mod corpus;
mod guests;
mod keys;
mod local;
pub(crate) mod openid;
mod pairing;
mod provider;
mod routes;
mod tricks;

use std::{path::Path, time::Duration};

use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use reqwest::{
    Client, Method, StatusCode,
    header::{AUTHORIZATION, HeaderMap},
};
use serde_json::Value;
use shared::{
    contract::{access::Role, time::Time},
    db::Db,
    process::{config::Settings, host::Host},
    web::{
        access::{Authentication, Grant, SigningKey},
        pages,
        site::Site,
    },
};

use crate::harness::{App, Backends, PATIENCE, scratch, settings};

/// A restaurant whose doors are closed, and the key to them. Its tests ask as a manager and developer who may all.
pub(crate) struct Guarded {
    pub(crate) app: App,
    pub(crate) key: SigningKey,
    /// Shows nothing by itself.
    client: Client,
}

/// As [`crate::harness::on_both`], where everybody has to show themselves.
pub(crate) async fn on_both(test: impl AsyncFn(&Guarded)) {
    let mut all = vec![Backends::embedded()];
    all.extend(Backends::servers().await);
    for backends in all {
        eprintln!("on {}", backends.name);
        let guarded = guarded_on(&backends).await;
        test(&guarded).await;
        guarded.app.finish().await;
        backends.remove().await;
    }
}

/// On the pair that needs nothing; the caller finishes it.
pub(crate) async fn embedded() -> (Guarded, Backends) {
    let backends = Backends::embedded();
    (guarded_on(&backends).await, backends)
}

async fn guarded_on(backends: &Backends) -> Guarded {
    let directory = scratch();
    let path = directory.path().join("auth.key");
    let key = SigningKey::make(&path).unwrap();
    let app = start(backends, "127.0.0.1:0", options(&path), &token(&key, "chief", &Role::ALL, &[])).await;
    app.open_restaurant().await;
    Guarded { app, key, client: client(None) }
}

fn options(key_file: &Path) -> Authentication {
    Authentication { auth_key_file: Some(key_file.into()), ..Authentication::default() }
}

/// The three services; what the harness asks, it asks with the token.
async fn start(backends: &Backends, listen: &str, options: Authentication, token: &str) -> App {
    let mut host = Host::new(settings_of(backends, listen, options)).await.unwrap();
    let databases = vec![
        host.add::<OrderSvc>(&backends.databases[0]).await.unwrap().db,
        host.add::<InventorySvc>(&backends.databases[1]).await.unwrap().db,
        host.add::<KitchenSvc>(&backends.databases[2]).await.unwrap().db,
    ];
    let assets = [OrderSvc::ASSETS, InventorySvc::ASSETS, KitchenSvc::ASSETS].map(pages::router);
    let files = assets.into_iter().reduce(axum::Router::merge).unwrap();
    serve(host, databases, files, token).await
}

/// One of them by itself.
async fn start_alone<S: Site>(backends: &Backends, database: &str, options: Authentication, token: &str) -> App {
    let mut host = Host::new(settings_of(backends, "127.0.0.1:0", options)).await.unwrap();
    let databases = vec![host.add::<S>(database).await.unwrap().db];
    serve(host, databases, pages::router(S::ASSETS), token).await
}

async fn serve(host: Host, databases: Vec<Db>, files: axum::Router, token: &str) -> App {
    let mut app = App::serve(host, databases, files).await.unwrap();
    app.client = client(Some(token));
    app
}

fn settings_of(backends: &Backends, listen: &str, access: Authentication) -> Settings {
    Settings { access, ..settings(&backends.bus, listen, PATIENCE).unwrap() }
}

/// Shows the token with whatever it asks.
fn client(token: Option<&str>) -> Client {
    let mut headers = HeaderMap::new();
    headers.extend(
        token
            .filter(|token| !token.is_empty())
            .map(|token| (AUTHORIZATION, format!("Bearer {token}").parse().unwrap())),
    );
    Client::builder().no_proxy().default_headers(headers).build().unwrap()
}

/// Of somebody of that name, for an hour.
pub(crate) fn token(key: &SigningKey, subject: &str, roles: &[Role], locations: &[&str]) -> String {
    let locations = locations.iter().map(|slug| slug.parse().unwrap()).collect();
    let grant = Grant { subject: subject.into(), roles: roles.to_vec(), locations, lasts: Duration::from_secs(3600) };
    key.token(grant, Time::now()).unwrap()
}

impl Guarded {
    /// A request of somebody else, who shows this token, or nothing.
    async fn ask(&self, token: Option<&str>, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = self.client.request(method, format!("{}{path}", self.app.base));
        let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
        let request = match body {
            Some(body) => request.header("idempotency-key", Time::now().to_string()).json(&body),
            None => request,
        };
        let answer = request.timeout(PATIENCE).send().await.unwrap();
        let status = answer.status();
        // A stream has no end.
        let is_stream = answer.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body = if is_stream { Value::Null } else { answer.json().await.unwrap_or_default() };
        (status, body)
    }
}
