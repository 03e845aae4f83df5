//! Tokens as attackers make them, and a provider whose keys change, and that is away.

use std::{sync::atomic::Ordering, time::Instant};

use reqwest::{Client, StatusCode};
use ring::hmac;
use serde_json::{Value, json};
use shared::web::access::Authentication;

use super::{
    client,
    provider::{Key, Provider, encoded, seconds, signed},
    start,
};
use crate::harness::{App, Backends, PATIENCE};

async fn services(backends: &Backends, provider: &Provider, token: &str) -> App {
    let options = Authentication { auth_issuer: Some(provider.issuer.clone()), ..Authentication::default() };
    start(backends, "127.0.0.1:0", options, token).await
}

async fn me(client: &Client, app: &App, token: &str) -> (u16, Value) {
    let answer = client.get(format!("{}/v1/me", app.base)).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// The claims of a good token with these changed; `null` takes one away.
fn but(provider: &Provider, changes: Value) -> Value {
    let mut claims = provider.claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// Whose claims are not what they have to be.
fn wrong_claims() -> Vec<(&'static str, Value)> {
    vec![
        ("no audience", json!({"aud": null})),
        ("another audience", json!({"aud": "billing"})),
        ("other audiences", json!({"aud": ["billing", "comanda2"]})),
        ("an audience of another kind", json!({"aud": {"comanda": true}})),
        ("no issuer", json!({"iss": null})),
        ("another issuer", json!({"iss": "https://login.example"})),
        ("the local key's issuer", json!({"iss": "comanda"})),
        ("no subject", json!({"sub": null})),
        ("an empty subject", json!({"sub": ""})),
        ("a subject with a line end", json!({"sub": "ann\nbob"})),
        ("a guest's name", json!({"sub": "guest:0123456789abcdef0123456789abcdef"})),
        ("a key's name", json!({"sub": "key:till"})),
        ("the process's name", json!({"sub": "comanda"})),
        ("nobody's name", json!({"sub": "anonymous"})),
        ("no end", json!({"exp": null})),
        ("an end in words", json!({"exp": "tomorrow"})),
        ("expired for 30 s", json!({"exp": seconds(-30)})),
        ("expired before 1970", json!({"exp": -1})),
        ("valid in an hour", json!({"nbf": seconds(3600)})),
        ("issued in an hour", json!({"iat": seconds(3600)})),
        ("locations of another kind", json!({"locations": "soho"})),
        ("a location that is none", json!({"locations": ["../soho"]})),
    ]
}

/// Whose header is not what it has to be, though the right key has signed it.
fn wrong_headers() -> Vec<(&'static str, Value)> {
    vec![
        ("no algorithm", json!({"kid": "one"})),
        ("the algorithm none", json!({"alg": "none", "kid": "one"})),
        ("another algorithm", json!({"alg": "RS256", "kid": "one"})),
        ("a small algorithm", json!({"alg": "es256", "kid": "one"})),
        ("two algorithms", json!({"alg": ["ES256"], "kid": "one"})),
        ("a key up a directory", json!({"alg": "ES256", "kid": "../../../../dev/null"})),
        ("a key in a file", json!({"alg": "ES256", "kid": "/etc/passwd"})),
        ("a key elsewhere", json!({"alg": "ES256", "kid": "http://127.0.0.1:1/keys"})),
        ("a key by injection", json!({"alg": "ES256", "kid": "one' OR '1'='1"})),
        ("a secret as a key", json!({"alg": "ES256", "kid": "secret"})),
        ("something critical", json!({"alg": "ES256", "kid": "one", "crit": ["urn:example:x"], "urn:example:x": 1})),
        ("an unencoded payload", json!({"alg": "ES256", "kid": "one", "crit": ["b64"], "b64": false})),
        ("nothing critical", json!({"alg": "ES256", "kid": "one", "crit": []})),
    ]
}

#[tokio::test]
async fn no_token_gets_in_but_a_good_one() {
    let (key, other) = (Key::new("one"), Key::new("one"));
    let provider = Provider::start(&[&key]).await;
    let backends = Backends::embedded();
    let good = key.token(&provider.claims());
    let app = services(&backends, &provider, &good).await;
    let client = client(None);
    let (status, who) = me(&client, &app, &good).await;
    assert_eq!((status, who), (200, json!({"subject": "ann", "roles": ["manager"], "locations": null})));
    for fine in [
        json!({"aud": ["billing", "comanda"]}),
        json!({"exp": seconds(300) as f64 + 0.5, "nbf": seconds(-5)}),
        json!({"roles": "kitchen", "locations": ["soho"]}),
        json!({"roles": null}),
    ] {
        assert_eq!(me(&client, &app, &key.token(&but(&provider, fine))).await.0, 200);
    }

    let mut corpus: Vec<(String, String)> = Vec::new();
    for (name, changes) in wrong_claims() {
        corpus.push((name.into(), key.token(&but(&provider, changes))));
    }
    for (name, header) in wrong_headers() {
        corpus.push((name.into(), signed(&header, &provider.claims(), |message| key.sign(message))));
    }
    let (header, claims) = (json!({"alg": "ES256", "kid": "one"}), provider.claims());
    let none = |alg: &str| signed(&json!({"alg": alg, "kid": "one"}), &claims, |_| Vec::new());
    corpus.extend(["none", "None", "NONE", "ES256"].map(|alg| (format!("unsigned, {alg}"), none(alg))));
    // The public key is known to everybody: as a secret it is none.
    for secret in
        [key.public().to_vec(), key.jwk().to_string().into_bytes(), encoded(key.public()).into_bytes(), vec![]]
    {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let hs = signed(&json!({"alg": "HS256", "kid": "one"}), &claims, |it| {
            hmac::sign(&secret, it.as_bytes()).as_ref().to_vec()
        });
        corpus.push(("HS256 with the public key".into(), hs));
    }
    let brought = json!({"alg": "ES256", "kid": "one", "jwk": other.jwk(), "jku": "http://127.0.0.1:1/keys"});
    corpus.push(("another's key, brought along".into(), signed(&brought, &claims, |message| other.sign(message))));
    corpus.push(("another's key".into(), signed(&header, &claims, |message| other.sign(message))));
    corpus.push(("half a signature".into(), signed(&header, &claims, |message| key.sign(message)[..32].to_vec())));
    corpus.push(("a signature of zeros".into(), signed(&header, &claims, |_| vec![0; 64])));
    let parts: Vec<&str> = good.split('.').collect();
    let mine = encoded(but(&provider, json!({"sub": "boss"})).to_string());
    corpus.push(("other claims".into(), format!("{}.{mine}.{}", parts[0], parts[2])));
    for text in ["", ".", "..", "...", "a.b.c", "{}.{}.{}", "null", "Bearer", "ck_", "cs_x", "co_x", "\u{e4}.b.c"] {
        corpus.push((format!("{text:?}"), text.into()));
    }
    corpus.push(("five parts".into(), format!("{good}.{}.{}", parts[1], parts[2])));
    corpus.push(("9 KB".into(), key.token(&but(&provider, json!({"x": "y".repeat(9_000)})))));
    for (name, token) in &corpus {
        let (status, problem) = me(&client, &app, token).await;
        assert_eq!((status, &problem["type"]), (401, &json!("/problems/unauthenticated")), "{name}: {problem}");
    }
    assert!(corpus.len() > 50);
    let huge = key.token(&but(&provider, json!({"x": "y".repeat(1_000_000)})));
    let answer = client.get(format!("{}/v1/me", app.base)).bearer_auth(&huge).send().await;
    assert!(answer.is_err() || answer.unwrap().status().is_client_error(), "1 MB");
    assert_eq!(me(&client, &app, &good).await.0, 200, "and it goes on");
    app.stop().await;
}

#[tokio::test]
async fn keys_of_the_provider_change_and_it_may_be_away() {
    let (first, second) = (Key::new("one"), Key::new("two"));
    let provider = Provider::start(&[&first]).await;
    provider.is_away.store(true, Ordering::Relaxed);
    let backends = Backends::embedded();
    let token = first.token(&provider.claims());
    let app = services(&backends, &provider, &token).await;
    let client = client(None);
    let (status, problem) = me(&client, &app, &token).await;
    assert_eq!((status, &problem["type"]), (503, &json!("/problems/unavailable")), "nobody can tell yet: {problem}");
    provider.is_away.store(false, Ordering::Relaxed);
    let started = Instant::now();
    while me(&client, &app, &token).await.0 != 200 {
        assert!(started.elapsed() < PATIENCE, "its keys are fetched once it is there");
    }

    provider.publish(&[&first, &second]);
    let rotated = second.token(&provider.claims());
    let started = Instant::now();
    while me(&client, &app, &rotated).await.0 != 200 {
        assert!(started.elapsed() < PATIENCE, "a key that is not known yet is asked for");
    }
    assert_eq!(me(&client, &app, &token).await.0, 200, "the one before is still good");

    let (started, before) = (Instant::now(), provider.asked.load(Ordering::Relaxed));
    for made_up in 0..50 {
        let key = Key::new(&format!("made up {made_up}"));
        assert_eq!(me(&client, &app, &key.token(&provider.claims())).await.0, 401);
    }
    let asked = provider.asked.load(Ordering::Relaxed) - before;
    let at_most = 1 + usize::try_from(started.elapsed().as_secs() / 10).unwrap();
    assert!(asked <= at_most, "{asked} times for 50 names that were made up");

    provider.is_away.store(true, Ordering::Relaxed);
    for token in [&token, &rotated] {
        assert_eq!(me(&client, &app, token).await.0, StatusCode::OK.as_u16(), "what is known stays");
    }
    app.stop().await;
}
