//! The local key: an Ed25519 key in a file, with which `comanda token` signs where there is no identity provider. A service
//! takes the file itself, or one with its public part alone.

use std::{fs::OpenOptions, io::Write, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};

use super::jwt::{Claims, Expected, Header, Material, OneOrMany, Seconds, VerifyingKey};
use crate::{
    contract::{access::Role, time::Time, types::Slug},
    web::access::secret,
};

/// Who signs with the local key, and for whom.
pub(super) const NAME: &str = "comanda";
const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";
/// Of an Ed25519 key's SubjectPublicKeyInfo all but the key (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The whole key, which signs.
#[derive(Debug)]
pub struct SigningKey(Ed25519KeyPair);

/// What a token of the local key says.
#[derive(Clone, Debug)]
pub struct Grant {
    pub subject: String,
    pub roles: Vec<Role>,
    /// Everywhere where there are none.
    pub locations: Vec<Slug>,
    pub lasts: Duration,
}

impl SigningKey {
    /// Reads the key in the file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let (label, der) = unarmoured(&text).with_context(|| path.display().to_string())?;
        if label != PRIVATE {
            bail!("{} holds a {label}, and signing takes the private one", path.display());
        }
        Self::of(&der).with_context(|| path.display().to_string())
    }

    fn of(der: &[u8]) -> Result<Self> {
        let pair =
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|wrong| anyhow!("no Ed25519 key: {wrong}"))?;
        Ok(Self(pair))
    }

    /// Makes a key in a new file, which nobody else may read.
    pub fn make(path: &Path) -> Result<Self> {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| anyhow!("no random numbers"))?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        file.write_all(armoured(PRIVATE, der.as_ref()).as_bytes()).with_context(|| path.display().to_string())?;
        Self::of(der.as_ref())
    }

    /// Its public part, as a file for those who only verify.
    pub fn public(&self) -> String {
        armoured(PUBLIC, &[&SPKI[..], self.0.public_key().as_ref()].concat())
    }

    /// A token that says so, from now on.
    pub fn token(&self, grant: Grant, now: Time) -> Result<String> {
        let now_s = (now.as_micros() / 1_000_000) as f64;
        let claims = Claims {
            iss: NAME.into(),
            aud: OneOrMany::One(NAME.into()),
            sub: grant.subject,
            exp: Seconds(now_s + grant.lasts.as_secs_f64()),
            nbf: None,
            iat: Some(Seconds(now_s)),
            roles: OneOrMany::Many(grant.roles.iter().map(|role| role.name().into()).collect()),
            locations: Some(grant.locations).filter(|named| !named.is_empty()),
            nonce: None,
        };
        let header = Header::new("EdDSA", kid(self.0.public_key().as_ref()));
        let part = |json: Vec<u8>| BASE64_URL_SAFE_NO_PAD.encode(json);
        let message = format!("{}.{}", part(serde_json::to_vec(&header)?), part(serde_json::to_vec(&claims)?));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.0.sign(message.as_bytes()));
        Ok(format!("{message}.{signature}"))
    }
}

/// What tokens of the local key have to say.
pub(super) fn expected() -> Expected {
    Expected { issuer: NAME.into(), audience: NAME.into() }
}

/// The key in the file, or its public part, as far as it verifies.
pub(super) fn verifying(path: &Path) -> Result<VerifyingKey> {
    let text = std::fs::read_to_string(path).context("cannot be read; `comanda token` makes it")?;
    let public = match unarmoured(&text)? {
        (PRIVATE, der) => SigningKey::of(&der)?.0.public_key().as_ref().to_vec(),
        (PUBLIC, der) => der.strip_prefix(&SPKI[..]).context("no Ed25519 key")?.to_vec(),
        (label, _) => bail!("it holds a {label}, and no key"),
    };
    Ok(VerifyingKey { kid: Some(kid(&public)), material: Material::Ed25519(public) })
}

/// A key is called by its fingerprint.
fn kid(public: &[u8]) -> String {
    secret::hex(&digest(&SHA256, public).as_ref()[..8])
}

/// As PEM (RFC 7468).
fn armoured(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The first thing in the PEM, and what it is called.
fn unarmoured(text: &str) -> Result<(&str, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ").context("no PEM: expected -----BEGIN PRIVATE KEY-----")?;
    let (label, rest) = rest.split_once("-----").context("the PEM is damaged")?;
    let (body, _) = rest.split_once("-----END ").context("the PEM has no end")?;
    let body: String = body.split_whitespace().collect();
    Ok((label, BASE64_STANDARD.decode(body).context("the PEM is damaged")?))
}
