//! An identity provider of the test's own: a discovery document, keys, and whatever tokens a test wants signed.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use shared::contract::time::Time;

/// A key that signs with ES256.
pub(super) struct Key {
    pub(super) kid: String,
    pair: EcdsaKeyPair,
}

impl Key {
    pub(super) fn new(kid: &str) -> Self {
        let (rng, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap();
        Self { kid: kid.into(), pair: EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &rng).unwrap() }
    }

    /// The point, uncompressed.
    pub(super) fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(super) fn jwk(&self) -> Value {
        let (x, y) = self.public()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig", "alg": "ES256", "x": encoded(x), "y": encoded(y)})
    }

    pub(super) fn sign(&self, message: &str) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
    }

    /// With the header that is right.
    pub(super) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": self.kid});
        signed(&header, claims, |message| self.sign(message))
    }
}

pub(super) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn signed(header: &Value, claims: &Value, sign: impl Fn(&str) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
    format!("{message}.{}", encoded(sign(&message)))
}

/// Seconds since 1970, so many from now.
pub(super) fn seconds(from_now: i64) -> i64 {
    Time::now().as_micros() / 1_000_000 + from_now
}

#[derive(Clone)]
pub(super) struct Provider {
    pub(super) issuer: String,
    keys: Arc<Mutex<Vec<Value>>>,
    pub(super) is_away: Arc<AtomicBool>,
    /// How often its keys were asked for.
    pub(super) asked: Arc<AtomicUsize>,
}

impl Provider {
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    pub(super) async fn start(keys: &[&Key]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let (is_away, asked) = (Arc::default(), Arc::default());
        let provider = Self { issuer, keys: Arc::default(), is_away, asked };
        provider.publish(keys);
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys_of))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    pub(super) fn publish(&self, keys: &[&Key]) {
        *self.keys.lock().unwrap() = keys.iter().map(|key| key.jwk()).collect();
    }

    /// What a token has to say, for a manager.
    pub(super) fn claims(&self) -> Value {
        json!({
            "iss": self.issuer, "aud": "comanda", "sub": "ann", "exp": seconds(300), "iat": seconds(0),
            "roles": ["manager", "friend"],
        })
    }

    fn answer(&self, body: Value) -> Result<Json<Value>, StatusCode> {
        if self.is_away.load(Ordering::Relaxed) { Err(StatusCode::BAD_GATEWAY) } else { Ok(Json(body)) }
    }
}

async fn discovery(State(provider): State<Provider>) -> Result<Json<Value>, StatusCode> {
    provider.answer(json!({"issuer": provider.issuer, "jwks_uri": format!("{}/keys", provider.issuer)}))
}

async fn keys_of(State(provider): State<Provider>) -> Result<Json<Value>, StatusCode> {
    provider.asked.fetch_add(1, Ordering::Relaxed);
    let foreign = json!({"kty": "oct", "kid": "secret", "k": "AAAA"});
    let keys: Vec<Value> = provider.keys.lock().unwrap().iter().cloned().chain([foreign]).collect();
    provider.answer(json!({"keys": keys}))
}
