//! A certified OpenID provider, as somebody else runs one: its tokens, and people who sign in at it by a browser.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

use reqwest::{
    Client, Method, Response, StatusCode,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use serde_json::{Value, json};
use shared::{
    contract::access::Role,
    web::access::{Authentication, SigningKey},
};

use super::{client, start, token};
use crate::{
    harness::{App, Backends, scratch, text},
    process::free_address,
    servers::{Scratch, required, variable},
};

/// Killed when it is dropped.
pub(crate) struct Provider {
    process: Child,
    pub(crate) issuer: String,
    /// What it says later has to go somewhere.
    _said: BufReader<ChildStdout>,
}

impl Provider {
    /// By the package that TEST_OIDC names; says once what is left out.
    pub(crate) fn start(callback: &str) -> Option<Self> {
        let Some(main) = variable("TEST_OIDC") else {
            assert!(!required(), "TEST_OIDC is not set");
            eprintln!("left out: a certified OpenID provider (scripts/test provides TEST_OIDC with oidc-provider)");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/access/openid.mjs");
        let mut node = Command::new("node");
        let node = node.args([script, &main, callback]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = node.spawn().unwrap();
        let mut issuer = String::new();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        said.read_line(&mut issuer).unwrap();
        let issuer = issuer.trim().to_owned();
        assert!(issuer.starts_with("http://"), "the provider does not start: {issuer:?}");
        Some(Self { process, issuer, _said: said })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A restaurant where people sign in at the provider; the test has a key of its own.
pub(crate) async fn restaurant(provider: &Provider, listen: &str, backends: &Backends, files: &Scratch) -> App {
    let (secret, key_file) = (files.path().join("secret"), files.path().join("auth.key"));
    std::fs::write(&secret, "a secret: of %pages\n").unwrap();
    let chief = token(&SigningKey::make(&key_file).unwrap(), "chief", &Role::ALL, &[]);
    let options = Authentication {
        auth_key_file: Some(key_file),
        auth_issuer: Some(provider.issuer.clone()),
        auth_client_id: Some("pages".into()),
        auth_client_secret_file: Some(secret),
        auth_url: Some(format!("http://{listen}")),
        ..Authentication::default()
    };
    start(backends, listen, options, &chief).await
}

/// Follows redirects as a browser does, with the cookies of each host.
struct Browser {
    client: Client,
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn new() -> Self {
        Self {
            client: Client::builder().no_proxy().redirect(Policy::none()).pool_max_idle_per_host(0).build().unwrap(),
            cookies: Vec::new(),
        }
    }

    async fn ask(&mut self, method: Method, url: &str, form: Option<&str>) -> Response {
        let cookies: Vec<&str> = self.cookies.iter().map(|(_, pair)| &**pair).collect();
        let mut request = self.client.request(method, url).header(COOKIE, cookies.join("; "));
        if let Some(form) = form {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        }
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            let name = pair.split('=').next().unwrap().to_owned();
            self.cookies.retain(|(known, _)| *known != name);
            self.cookies.push((name, pair));
        }
        answer
    }

    /// Goes where it is sent, until it is shown something; its address, and what it is shown.
    async fn goes_to(&mut self, url: &str) -> (String, Response) {
        let mut url = url.to_owned();
        loop {
            let answer = self.ask(Method::GET, &url, None).await;
            match sent_to(&url, &answer) {
                Some(next) => url = next,
                None => return (url, answer),
            }
        }
    }

    /// Fills in the form that the provider shows.
    async fn sends(&mut self, url: &str, form: &str) -> (String, Response) {
        let answer = self.ask(Method::POST, url, Some(form)).await;
        let next = sent_to(url, &answer).unwrap_or_else(|| panic!("{url}: {answer:?}"));
        self.goes_to(&next).await
    }
}

/// The address of a redirect, whole.
fn sent_to(from: &str, answer: &Response) -> Option<String> {
    let to = answer.headers().get(LOCATION).filter(|_| answer.status().is_redirection())?.to_str().unwrap();
    Some(reqwest::Url::parse(from).unwrap().join(to).unwrap().into())
}

#[tokio::test]
async fn tokens_of_a_certified_provider_are_taken() {
    let Some(provider) = Provider::start("http://127.0.0.1:9/callback") else { return };
    let (backends, files) = (Backends::embedded(), scratch());
    let app = restaurant(&provider, "127.0.0.1:0", &backends, &files).await;
    let client = client(None);
    let asked = client.post(format!("{}/token", provider.issuer)).basic_auth("shop", Some("shop"));
    let form = ("content-type", "application/x-www-form-urlencoded");
    let answer = asked.header(form.0, form.1).body("grant_type=client_credentials").send().await.unwrap();
    let token = text(&answer.json::<Value>().await.unwrap()["access_token"]);
    let me = client.get(format!("{}/v1/me", app.base)).bearer_auth(&token).send().await.unwrap();
    let me: Value = me.json().await.unwrap();
    assert_eq!(me, json!({"subject": "shop", "roles": ["producer"], "locations": null}));
    app.stop().await;
}

#[tokio::test]
async fn people_sign_in_at_a_certified_provider_and_out_again() {
    let listen = free_address();
    let Some(provider) = Provider::start(&format!("http://{listen}/v1/sign-in/callback")) else { return };
    let (backends, files) = (Backends::embedded(), scratch());
    let app = restaurant(&provider, &listen, &backends, &files).await;
    let url = |path: &str| format!("{}{path}", app.base);
    let mut browser = Browser::new();
    let refused: Value = browser.ask(Method::GET, &url("/v1/stock/soho"), None).await.json().await.unwrap();
    assert_eq!(refused["sign_in"], "/v1/sign-in", "a page knows where to go");

    let (at, _) = browser.goes_to(&url("/v1/sign-in?to=/stock%3Flocation=soho")).await;
    assert!(at.starts_with(&format!("{}/interaction/", provider.issuer)), "{at}");
    let (at, _) = browser.sends(&at, "prompt=login&login=ann&password=x").await;
    let callback = browser.ask(Method::POST, &at, Some("prompt=consent")).await;
    let back = sent_to(&at, &callback).unwrap();
    let answer = browser.ask(Method::GET, &back, None).await;
    let callback = sent_to(&back, &answer).unwrap();
    assert!(callback.starts_with(&url("/v1/sign-in/callback?code=")), "{callback}");
    // Whoever is sent somebody else's answer is not made somebody else.
    let stolen = Browser::new().ask(Method::GET, &callback, None).await;
    assert_eq!(stolen.status(), StatusCode::UNAUTHORIZED);
    let (page, shown) = browser.goes_to(&callback).await;
    assert_eq!((page, shown.status()), (url("/stock?location=soho"), StatusCode::OK));

    let me: Value = browser.ask(Method::GET, &url("/v1/me"), None).await.json().await.unwrap();
    assert_eq!(me, json!({"subject": "ann", "roles": ["manager"], "locations": ["soho"]}));
    assert_eq!(browser.ask(Method::GET, &url("/v1/stock/soho"), None).await.status(), StatusCode::OK);
    let again = browser.ask(Method::GET, &callback, None).await;
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED, "an answer is good once");
    let mut thief = Browser::new();
    thief.cookies = browser.cookies.clone();
    assert_eq!(thief.ask(Method::GET, &url("/v1/stock/soho"), None).await.status(), StatusCode::OK);
    assert_eq!(browser.ask(Method::POST, &url("/v1/sign-out"), None).await.status(), StatusCode::NO_CONTENT);
    for browser in [&mut browser, &mut thief] {
        let refused = browser.ask(Method::GET, &url("/v1/stock/soho"), None).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "who was signed out is, whatever he kept");
    }
    // Signed in at the provider still, everybody is sent back at once, and to no other site.
    for elsewhere in
        ["//evil.example", "https://evil.example", "/\\evil.example", "/%09/evil.example", "/%0a/evil.example"]
    {
        let (at, _) = browser.goes_to(&url(&format!("/v1/sign-in?to={elsewhere}"))).await;
        assert!(at.starts_with(&provider.issuer) || at == url("/"), "{elsewhere} leads to {at}");
    }
    app.stop().await;
}
