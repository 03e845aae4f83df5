//! Requests that mean one thing to whoever looks at them and another to whoever answers: paths and queries in other spellings,
//! and two requests in one.

use reqwest::Method;
use serde_json::json;
use shared::contract::access::Role;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{Guarded, on_both, token};
use crate::harness::{App, PATIENCE, text};

/// What comes back until the connection is closed.
async fn sent(guarded: &Guarded, request: &str) -> String {
    let mut client = TcpStream::connect(guarded.app.base.trim_start_matches("http://")).await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Closed, or reset: gone either way.
    let _ = timeout(PATIENCE, client.read_to_end(&mut answer)).await.expect("it is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Of all that is asked for in these spellings, nothing of Rome is told to a cook of Soho.
const SPELLINGS: &[&str] = &[
    "/v1/orders?location=rome",
    "/v1/orders?location=soho&location=rome",
    "/v1/orders?location=soho&%6cocation=rome",
    "/v1/orders?%6cocation=rome&location=soho",
    "/v1/orders?location=soho;location=rome",
    "/v1/orders?LOCATION=rome&location=soho",
    "/v1/orders?location[]=rome&location=soho",
    "/v1/orders?location=soho%00rome",
    "/v1/orders?location=",
    "/v1/tickets?location=soho&%6cocation=rome",
    "/v1/tickets?location=soho&location%20=rome",
    "/v1/tickets/stream?%6cocation=rome&location=rome",
    "/v1/stock/rome",
    "/v1/stock/%72ome",
    "/v1/stock/rome/",
    "/v1/stock//rome",
    "//v1/stock/rome",
    "/v1/./stock/rome",
    "/v1/stock/soho/../rome",
    "/v1/stock/soho%2F..%2Frome",
    "/v1/stock/rome%00",
    "/v1/stock/rome;soho",
    "/V1/stock/rome",
    "/v1/feed/orders",
    "/v1/feed/orders/",
    "/v1/feed/orders.js",
    "/v1%2ffeed%2forders",
    "/console/app.js/../../v1/feed/orders",
    "/v1/dead/orders.webmanifest",
    "/v1/state/orders/access_keys%3B--",
];

#[tokio::test]
async fn no_spelling_of_an_address_leads_elsewhere() {
    on_both(async |guarded| {
        let rome = json!({"name": "Roma", "currency": "EUR", "timezone": "Europe/Rome"});
        guarded.app.put("/v1/locations/rome", rome).await;
        guarded.app.put("/v1/menu/rome/cola", json!({"name": "cola", "category": "Drinks", "price": 300})).await;
        let order = App::order("1 cola");
        let order = json!({"location": "rome", "lines": order["lines"]});
        let chief = token(&guarded.key, "chief", &Role::ALL, &[]);
        let (_, order) = guarded.ask(Some(&chief), Method::POST, "/v1/orders", Some(order)).await;
        let secret = text(&order["id"]);
        guarded.app.settle().await;
        let cook = token(&guarded.key, "cook", &[Role::Kitchen], &["soho"]);
        for (path, by) in SPELLINGS.iter().flat_map(|path| [(path, Some(&cook)), (path, None)]) {
            let shown = by.map_or_else(String::new, |by| format!("Authorization: Bearer {by}\r\n"));
            let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{shown}Connection: close\r\n\r\n");
            let answer = sent(guarded, &request).await;
            let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("{path}: {answer}"));
            assert!(status.starts_with('4') || (status == "200" && by.is_some()), "{path}: {answer}");
            assert!(!answer.contains(&secret) && !answer.contains("order.placed"), "{path}: {answer}");
        }
        for header in ["X-HTTP-Method-Override: GET", "X-Original-URL: /v1/feed/orders", "X-Forwarded-Host: localhost"]
        {
            let request =
                format!("GET /v1/feed/orders HTTP/1.1\r\nHost: localhost\r\n{header}\r\nConnection: close\r\n\r\n");
            assert!(sent(guarded, &request).await.starts_with("HTTP/1.1 401"), "{header}");
        }
        for method in ["HEAD", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "PROPFIND"] {
            let request = format!("{method} /v1/feed/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let answer = sent(guarded, &request).await;
            assert!(answer.starts_with("HTTP/1.1 4"), "{method}: {answer}");
        }
    })
    .await;
}

/// What a gateway could read otherwise than we do.
const HEADS: &[&str] = &[
    "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "Content-Length: 5, 5\r\n\r\nhello",
    "Content-Length: +5\r\n\r\nhello",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
];

#[tokio::test]
async fn two_requests_in_one_are_none() {
    on_both(async |guarded| {
        let head = "POST /v1/sign-out HTTP/1.1\r\nHost: localhost\r\n";
        for rest in HEADS {
            let answer = sent(guarded, &format!("{head}{rest}")).await;
            assert!(answer.starts_with("HTTP/1.1 400"), "{rest:?}: {answer}");
        }
        // Read by its chunks, and the connection ends: what follows is nobody's.
        let both = "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let answer = sent(guarded, &format!("{head}{both}")).await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        // Who is known by one request of a connection is not by the next.
        let chief = token(&guarded.key, "chief", &Role::ALL, &[]);
        let known = format!("GET /v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {chief}\r\n\r\n");
        let nobody = "GET /v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answer = sent(guarded, &format!("{known}{nobody}")).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("HTTP/1.1 401"), "{answer}");
        let twice = known.replace("\r\n\r\n", "\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n");
        assert!(sent(guarded, &twice).await.starts_with("HTTP/1.1 401"), "of two tokens none counts");
        let elsewhere = nobody.replace("GET /v1/me", "GET http://evil.example/v1/me");
        assert!(sent(guarded, &elsewhere).await.starts_with("HTTP/1.1 400"));
    })
    .await;
}
