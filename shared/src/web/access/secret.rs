//! Secrets that nobody guesses, and what is kept of them.

use std::fmt;

use anyhow::{Result, anyhow};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};

/// What a code on a screen is made of: 32 characters that nobody takes for one another.
const CODE: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const CODE_CHARS: usize = 6;
/// Of every secret: a prefix of three, and 256 bits.
pub(super) const CHARS: usize = 46;

/// 256 random bits behind a prefix that says what they are good for, so that whoever finds them knows whom to tell.
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Of a program.
    pub fn key() -> Result<Self> {
        Self::fresh("ck_")
    }

    /// Of a display, or of somebody who has signed in.
    pub fn session() -> Result<Self> {
        Self::fresh("cs_")
    }

    /// Of a guest's browser.
    pub(super) fn guest() -> Result<Self> {
        Self::fresh("cg_")
    }

    /// Of a service at the broker.
    pub fn broker() -> Result<Self> {
        Self::fresh("cb_")
    }

    /// Of the process itself.
    pub(super) fn own() -> Result<Self> {
        Self::fresh("co_")
    }

    fn fresh(prefix: &str) -> Result<Self> {
        Ok(Self(format!("{prefix}{}", word()?)))
    }

    /// Six characters, to be read off a screen.
    pub fn code() -> Result<String> {
        Ok(random::<CODE_CHARS>()?.map(|byte| char::from(CODE[usize::from(byte) % CODE.len()])).iter().collect())
    }

    /// To whom it belongs, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// All that is kept of it: whoever reads that cannot say it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.0)
    }
}

/// 256 random bits as letters, digits, `-` and `_`.
pub(super) fn word() -> Result<String> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// Whether it has the form of a key or a session, which are looked up.
pub(super) fn is_key(shown: &str) -> bool {
    shown.starts_with("ck_") || shown.starts_with("cs_")
}

pub(super) fn is_guest(shown: &str) -> bool {
    shown.starts_with("cg_")
}

/// SHA-256: of 256 random bits nothing slower is needed.
pub(super) fn fingerprint(shown: &str) -> String {
    hex(digest(&SHA256, shown.as_bytes()).as_ref())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow!("the system has no random numbers"))?;
    Ok(bytes)
}
