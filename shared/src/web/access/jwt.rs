//! Bearer tokens: JSON Web Tokens (RFC 7519), signed with one of three asymmetric algorithms. A key has one algorithm, and
//! what the token says of it must agree: no token chooses how it is verified. Every claim that counts has to be there.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};

use super::local;
use crate::{
    contract::{
        access::{HOLDERS, Role},
        time::Time,
        types::Slug,
    },
    engine::call::ANYBODY,
};

/// A token is a header of a request, and none that fits in one is longer.
const BYTES_MAX: usize = 8 * 1024;
/// Clocks may differ by so much.
const LEEWAY_S: i64 = 10;
const MICROS: i64 = 1_000_000;

/// Who may have signed, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VerifyingKey {
    /// Of a set with several, its name there.
    pub(super) kid: Option<String>,
    pub(super) material: Material,
}

/// A public key, and by that its one algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Material {
    /// RS256: modulus and exponent, big-endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// ES256: the point, uncompressed.
    P256(Vec<u8>),
    /// EdDSA.
    Ed25519(Vec<u8>),
}

/// What a token must say besides being signed.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) issuer: String,
    pub(super) audience: String,
}

/// Why a token is none. Its text is for whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    TooLong,
    Malformed,
    /// Something in its header has to be understood and is not.
    Critical,
    Algorithm,
    /// None that its issuer has now.
    UnknownKey,
    Signature,
    Claims,
    /// Somebody else is called so here.
    Subject,
    Issuer,
    Audience,
    Expired,
    Early,
    /// Its keys are not known yet: nobody can tell.
    IssuerAway,
    /// It was good once.
    Revoked,
    /// What keys there are cannot be read now.
    Unavailable,
}

impl Flaw {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::TooLong => "the token is too long",
            Self::Malformed => "the token cannot be read",
            Self::Critical => "the token has a critical header that is not known here",
            Self::Algorithm => "the token is not signed by the algorithm of its key",
            Self::UnknownKey => "nobody has such a key",
            Self::Signature => "the token's signature is wrong",
            Self::Claims => {
                "the token lacks a claim, or has one of the wrong kind: iss, aud, exp, sub, roles, locations"
            }
            Self::Subject => "the token's subject is the name of a key, a display, a guest or the process itself",
            Self::Issuer => "the token is from another issuer",
            Self::Audience => "the token is for another audience",
            Self::Expired => "the token has expired",
            Self::Early => "the token is not valid yet",
            Self::IssuerAway => "the identity provider does not answer, and its keys are not known",
            Self::Revoked => "the key was revoked, or has expired",
            Self::Unavailable => "the database does not answer",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) typ: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
}

impl Header {
    pub(super) fn new(alg: &str, kid: String) -> Self {
        Self { alg: alg.into(), typ: Some("JWT".into()), kid: Some(kid), crit: None }
    }
}

/// What a token says of whoever has it. Times are seconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: OneOrMany,
    pub(super) sub: String,
    pub(super) exp: Seconds,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) iat: Option<Seconds>,
    /// Those that are no roles here are others' business.
    #[serde(default)]
    pub(super) roles: OneOrMany,
    /// Everywhere where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) locations: Option<Vec<Slug>>,
    /// Of an ID token: that it answers this sign-in and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<String>,
}

/// JSON's numbers may have a fraction (RFC 7519, NumericDate).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Seconds(pub(super) f64);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    pub(super) fn contains(&self, wanted: &str) -> bool {
        self.all().iter().any(|one| one == wanted)
    }
}

impl Claims {
    pub(super) fn roles(&self) -> Vec<Role> {
        Role::ALL.into_iter().filter(|role| self.roles.contains(role.name())).collect()
    }
}

/// A token that could be read; nothing of it is known to be true yet.
pub(super) struct Unverified<'a> {
    pub(super) header: Header,
    /// What was signed.
    message: &'a str,
    signature: Vec<u8>,
    claims: Vec<u8>,
}

impl<'a> Unverified<'a> {
    pub(super) fn read(token: &'a str) -> Result<Self, Flaw> {
        if token.len() > BYTES_MAX {
            return Err(Flaw::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Flaw::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(Flaw::Malformed)?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Flaw::Malformed);
        let (signature, claims) = (decode(signature)?, decode(claims)?);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Flaw::Malformed)?;
        if header.crit.is_some() {
            return Err(Flaw::Critical);
        }
        Ok(Self { header, message, signature, claims })
    }

    /// Whom it says it is from. Only good for choosing whose keys to look at.
    pub(super) fn issuer(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct From {
            iss: String,
        }
        serde_json::from_slice(&self.claims).ok().map(|From { iss }| iss)
    }

    /// What it says, if one of the keys has signed it and it is meant for us, now.
    pub(super) fn verify(&self, keys: &[VerifyingKey], expected: &Expected, now: Time) -> Result<Claims, Flaw> {
        let is_meant = |key: &&VerifyingKey| match (&self.header.kid, &key.kid) {
            (Some(wanted), Some(kid)) => wanted == kid,
            (Some(_), None) | (None, _) => true,
        };
        let mut candidates = keys.iter().filter(is_meant).peekable();
        candidates.peek().ok_or(Flaw::UnknownKey)?;
        let mut candidates = candidates.filter(|key| key.material.algorithm() == self.header.alg).peekable();
        candidates.peek().ok_or(Flaw::Algorithm)?;
        if !candidates.any(|key| key.material.has_signed(self.message.as_bytes(), &self.signature)) {
            return Err(Flaw::Signature);
        }
        let claims: Claims = serde_json::from_slice(&self.claims).map_err(|_| Flaw::Claims)?;
        claims.hold(expected, now)?;
        Ok(claims)
    }
}

impl Claims {
    fn hold(&self, expected: &Expected, now: Time) -> Result<(), Flaw> {
        let (now_s, leeway_s) = (now.as_micros() as f64 / MICROS as f64, LEEWAY_S as f64);
        let is_ahead = |time: Option<Seconds>| time.is_some_and(|Seconds(time_s)| time_s > now_s + leeway_s);
        if self.iss != expected.issuer {
            return Err(Flaw::Issuer);
        }
        if !self.aud.contains(&expected.audience) {
            return Err(Flaw::Audience);
        }
        if self.sub.is_empty() || self.sub.len() > 255 || self.sub.chars().any(char::is_control) {
            return Err(Flaw::Claims);
        }
        let is_anothers = HOLDERS.iter().any(|holder| self.sub.starts_with(holder));
        if is_anothers || [ANYBODY, local::NAME].contains(&&*self.sub) {
            return Err(Flaw::Subject);
        }
        if self.exp.0 + leeway_s < now_s {
            return Err(Flaw::Expired);
        }
        if is_ahead(self.nbf) || is_ahead(self.iat) {
            return Err(Flaw::Early);
        }
        Ok(())
    }
}

impl Material {
    /// As tokens name it.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa { n, e } => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok(),
        }
    }
}
