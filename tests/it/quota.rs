//! Each has a share, and hears what is left of it.

use std::{net::IpAddr, num::NonZeroU32};

use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use reqwest::{Client, StatusCode};
use shared::{
    process::{config::Settings, host::Host},
    web::{pages, quota::Shares, site::Site},
};

use crate::{
    harness::{App, Backends, PATIENCE, settings},
    missed::until,
};

/// By a gateway that is trusted each has his own, whatever he says himself.
#[tokio::test]
async fn behind_a_gateway_each_has_a_share_of_his_own() {
    let backends = Backends::embedded();
    let trusted_proxies = vec!["127.0.0.2/32".parse().unwrap()].into();
    let app = start::<OrderSvc>(
        &backends,
        Shares { rate_limit: Some("1/h".parse().unwrap()), trusted_proxies, ..Shares::default() },
    )
    .await;
    let ask = async |address: [u8; 4], forwarded: &str| {
        let request = from(address).get(format!("{}/v1/locations", app.base)).header("x-forwarded-for", forwarded);
        request.send().await.unwrap().status().as_u16()
    };
    let gateway = [127, 0, 0, 2];
    for (address, forwarded, expected) in [
        (gateway, "203.0.113.7", 200),
        (gateway, "203.0.113.8", 200),
        (gateway, "9.9.9.9, 203.0.113.7", 429),
        ([127, 0, 0, 3], "203.0.113.9", 200),
        ([127, 0, 0, 3], "203.0.113.10", 429),
    ] {
        assert_eq!(ask(address, forwarded).await, expected, "{address:?} for {forwarded}");
    }
    app.stop().await;
    backends.remove().await;
}

/// A machine of its own: all addresses of 127.0.0.0/8 are this one.
fn from(address: [u8; 4]) -> Client {
    Client::builder().no_proxy().local_address(IpAddr::from(address)).build().unwrap()
}

async fn start<S: Site>(backends: &Backends, shares: Shares) -> App {
    let settings = Settings { shares, ..settings(&backends.bus, "127.0.0.1:0", PATIENCE).unwrap() };
    let mut host = Host::new(settings).await.unwrap();
    let databases = vec![host.add::<S>(&backends.databases[0]).await.unwrap().db];
    App::serve(host, databases, pages::router(&[])).await.unwrap()
}

#[tokio::test]
async fn each_has_his_share_and_hears_what_is_left() {
    let backends = Backends::embedded();
    let app =
        start::<OrderSvc>(&backends, Shares { rate_limit: Some("3/h".parse().unwrap()), ..Shares::default() }).await;
    let get = async |client: &Client, path: &str| client.get(format!("{}{path}", app.base)).send().await.unwrap();
    let (one, other) = (from([127, 0, 0, 2]), from([127, 0, 0, 3]));
    for left in [2, 1, 0] {
        let answer = get(&one, "/v1/locations").await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["ratelimit"], format!("\"client\";r={left}"));
        assert_eq!(answer.headers()["ratelimit-policy"], "\"client\";q=3;w=3600");
    }
    let answer = get(&one, "/v1/locations").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait_s: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=1200).contains(&wait_s), "{wait_s}");
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/too-many-requests");
    for free in ["/healthz/ready", "/metrics", "/assets/api.js", "/openapi.json"] {
        assert_eq!(get(&one, free).await.status(), StatusCode::OK, "{free}");
    }
    assert_eq!(get(&other, "/v1/locations").await.status(), StatusCode::OK, "another has a share of his own");
    app.stop().await;
    backends.remove().await;
}

#[tokio::test]
async fn each_has_so_many_streams_and_hears_what_is_left() {
    let backends = Backends::embedded();
    let rate_limit = Some("100/h".parse().unwrap());
    let app = start::<KitchenSvc>(
        &backends,
        Shares { rate_limit, concurrency_limit: NonZeroU32::new(2), ..Shares::default() },
    )
    .await;
    let get = async |client: &Client, path: &str| client.get(format!("{}{path}", app.base)).send().await.unwrap();
    let (one, other) = (from([127, 0, 0, 2]), from([127, 0, 0, 3]));
    let follow = "/v1/tickets/stream?location=soho";
    let mut streams = Vec::new();
    for left in [1, 0] {
        let stream = get(&one, follow).await;
        assert_eq!(stream.status(), StatusCode::OK);
        let told: Vec<_> = stream.headers().get_all("ratelimit").iter().collect();
        assert_eq!(told, [&*format!("\"client\";r={}", 98 + left), &*format!("\"concurrency\";r={left}")]);
        streams.push(stream);
    }
    for path in [follow, "/v1/tickets?location=soho"] {
        let answer = get(&one, path).await;
        assert_eq!(
            (answer.status(), &answer.headers()["retry-after"]),
            (StatusCode::TOO_MANY_REQUESTS, &"1".parse().unwrap())
        );
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(
            problem["detail"],
            "2 of your requests are under way, streams included; end one of them before the next"
        );
    }
    assert_eq!(get(&one, "/healthz/ready").await.status(), StatusCode::OK);
    assert_eq!(
        get(&other, "/v1/tickets?location=soho").await.status(),
        StatusCode::OK,
        "another has a share of his own"
    );
    streams.pop();
    // The server hears of it a moment later.
    until(async || get(&one, "/v1/tickets?location=soho").await.status() == StatusCode::OK).await;
    drop(streams);
    app.stop().await;
    backends.remove().await;
}
