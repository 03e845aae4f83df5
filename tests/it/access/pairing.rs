//! Displays: a code on the screen, a manager who reads it, a cookie that no script sees.

use reqwest::{
    Client, Method, StatusCode,
    header::{COOKIE, SET_COOKIE},
};
use serde_json::{Value, json};
use shared::contract::access::Role;

use super::{Guarded, on_both, token};
use crate::harness::{PATIENCE, text};

/// The display's own memory.
struct Display<'a> {
    guarded: &'a Guarded,
    client: Client,
    cookie: String,
}

impl Display<'_> {
    async fn ask(&self, method: Method, path: &str) -> (StatusCode, Value) {
        let request = self.client.request(method, format!("{}{path}", self.guarded.app.base));
        let answer = request.header(COOKIE, &self.cookie).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }
}

/// A display that waits, and its code.
async fn waiting(guarded: &Guarded) -> (Display<'_>, String) {
    let client = Client::builder().no_proxy().build().unwrap();
    let answer = client.post(format!("{}/v1/pairings", guarded.app.base)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "this machine is asked without TLS");
    let by_name = client.post(format!("{}/v1/pairings", guarded.app.base)).header("host", "orders.example.com");
    let by_name = by_name.send().await.unwrap().headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(by_name.ends_with("; Secure"), "others are reached by TLS: {by_name}");
    let code = text(&answer.json::<Value>().await.unwrap()["code"]);
    (Display { guarded, client, cookie: format!("a=b; {}", cookie.split(';').next().unwrap()) }, code)
}

async fn confirm(guarded: &Guarded, by: &str, code: &str, location: &str) -> (StatusCode, Value) {
    let body = json!({"name": "grill", "location": location});
    guarded.ask(Some(by), Method::POST, &format!("/v1/pairings/{code}/confirm"), Some(body)).await
}

#[tokio::test]
async fn a_display_is_let_in_by_the_code_that_it_shows() {
    on_both(async |guarded| {
        let boss = token(&guarded.key, "boss", &[Role::Manager], &["soho"]);
        let (display, code) = waiting(guarded).await;
        assert!(code.len() == 6 && !code.contains(['0', 'O', '1', 'I']), "{code}");
        assert_eq!(display.ask(Method::GET, "/v1/me").await.0, StatusCode::UNAUTHORIZED, "nobody has confirmed it");
        let cook = token(&guarded.key, "cook", &[Role::Kitchen], &["soho"]);
        assert_eq!(confirm(guarded, &cook, &code, "soho").await.0, StatusCode::FORBIDDEN);
        assert_eq!(confirm(guarded, &boss, &code, "rome").await.0, StatusCode::FORBIDDEN);
        let other = if code.ends_with('2') { '3' } else { '2' };
        let wrong = format!("{}{other}", &code[..5]);
        assert_eq!(confirm(guarded, &boss, &wrong, "soho").await.0, StatusCode::NOT_FOUND);
        let (status, key) = confirm(guarded, &boss, &code.to_lowercase(), "soho").await;
        assert_eq!((status, &key["kind"], &key["issued_by"]), (StatusCode::CREATED, &json!("display"), &json!("boss")));
        assert_eq!(confirm(guarded, &boss, &code, "soho").await.0, StatusCode::NOT_FOUND, "a code is good once");

        let (_, me) = display.ask(Method::GET, "/v1/me").await;
        assert_eq!(me, json!({"subject": "display:grill", "roles": ["kitchen"], "locations": ["soho"]}));
        let order = guarded.app.place("1 burger").await;
        let ticket = text(&guarded.app.ticket(&order).await["id"]);
        let (status, _) = display.ask(Method::POST, &format!("/v1/tickets/{ticket}/start")).await;
        assert_eq!(status, StatusCode::OK);
        guarded.app.settle().await;
        let said = guarded.app.get("/v1/feed/kitchen?limit=500").await.to_string();
        assert!(said.contains(r#""by":"display:grill""#), "who did it is said");

        let stream = display.client.get(format!("{}/v1/tickets/stream?location=soho", guarded.app.base));
        let mut stream = stream.header(COOKIE, &display.cookie).send().await.unwrap();
        assert_eq!(stream.status(), StatusCode::OK);
        guarded.ask(Some(&boss), Method::DELETE, &format!("/v1/keys/{}", text(&key["id"])), None).await;
        let ended = tokio::time::timeout(PATIENCE, async { while stream.chunk().await.unwrap().is_some() {} }).await;
        assert!(ended.is_ok(), "whoever is kept out is told no more");
        assert_eq!(display.ask(Method::GET, "/v1/tickets?location=soho").await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(display.ask(Method::GET, "/v1/menu/soho").await.0, StatusCode::OK, "what is for all is for it, too");
    })
    .await;
}
