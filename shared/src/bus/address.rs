//! How a broker is reached: what the URL says, with RabbitMQ's own query parameters.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use lapin::{
    tcp::{OwnedIdentity, OwnedTLSConfig},
    uri::{AMQPScheme, AMQPUri},
};
use tokio::fs;
use url::{Host, Url};

use crate::contract::topology;

const HEARTBEAT_S: u16 = 10;
/// lapin keeps buffers of 32 frames each way, all of which become resident: with RabbitMQ's 128 KiB, 8 MiB a connection.
/// RabbitMQ 4.1 refuses less than 8 KiB.
const FRAME_MAX_BYTES: u32 = 32 * 1024;

/// Where the broker is, and who we are to it.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) uri: AMQPUri,
    /// Vouches for the broker, beside the authorities that browsers know.
    authority: Option<PathBuf>,
    identity: Option<Identity>,
}

/// PEM files: what we show to the broker.
#[derive(Clone, Debug)]
struct Identity {
    certificate: PathBuf,
    key: PathBuf,
}

impl Address {
    /// `amqps://user:password@host:5671/vhost?cacertfile=…&certfile=…&keyfile=…&auth_mechanism=external`. What cannot be
    /// heeded is refused.
    pub(super) fn new(url: &str) -> Result<Self> {
        let mut uri: AMQPUri = url.parse().map_err(|error| anyhow::anyhow!("not an AMQP URL: {error}"))?;
        let url = Url::parse(url)?;
        // By the standard, a slash at the end names a virtual host without a name, which is none; operators write it so.
        if uri.vhost.is_empty() {
            uri.vhost = "/".into();
        }
        // lapin would go to localhost instead.
        if let Some(Host::Ipv6(address)) = url.host() {
            uri.authority.host = address.to_string();
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        uri.query.frame_max.get_or_insert(FRAME_MAX_BYTES);
        let (mut authority, mut certificate, mut key) = (None, None, None);
        for (name, value) in url.query_pairs() {
            let file = Some(PathBuf::from(&*value));
            match &*name {
                "cacertfile" => authority = file,
                "certfile" => certificate = file,
                "keyfile" => key = file,
                "verify" => {
                    ensure!(value == "verify_peer", "verify={value}: the broker's certificate is always verified")
                }
                "heartbeat" | "frame_max" | "channel_max" | "connection_timeout" | "auth_mechanism" => {}
                unknown => bail!("the URL's parameter {unknown} is not known"),
            }
        }
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
            (None, None) => None,
            _ => bail!("certfile and keyfile go together"),
        };
        let is_plain = uri.scheme == AMQPScheme::AMQP;
        ensure!(
            !is_plain || (authority.is_none() && identity.is_none()),
            "certificates are for amqps://, not for amqp://"
        );
        Ok(Self { uri, authority, identity })
    }

    /// Whether the broker tells services apart: a user that is called like a service speaks for that service alone.
    pub(super) fn speaks_for(&self) -> Option<&'static str> {
        topology::listener(&self.uri.authority.userinfo.username)
    }

    /// Read anew for each connection: what was renewed counts from the next one on.
    pub(super) async fn tls(&self) -> Result<OwnedTLSConfig> {
        let cert_chain = match &self.authority {
            Some(path) => Some(
                String::from_utf8(read(path).await?).with_context(|| format!("{} is no PEM file", path.display()))?,
            ),
            None => None,
        };
        let identity = match &self.identity {
            Some(Identity { certificate, key }) => {
                Some(OwnedIdentity::PKCS8 { pem: read(certificate).await?, key: read(key).await? })
            }
            None => None,
        };
        Ok(OwnedTLSConfig { identity, cert_chain })
    }
}

async fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).await.with_context(|| format!("BUS_URL: read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_names_no_virtual_host_means_the_default_one() {
        for url in ["amqp://ada@localhost:5672", "amqp://ada@localhost:5672/", "amqp://ada@localhost:5672/%2f"] {
            assert_eq!(Address::new(url).expect("a URL").uri.vhost, "/", "{url}");
        }
    }

    #[test]
    fn an_address_is_a_host_whatever_its_kind() {
        let hosts = [("localhost", "localhost"), ("127.0.0.1", "127.0.0.1"), ("[fd00::5]", "fd00::5")];
        for (host, expected) in hosts {
            let address = Address::new(&format!("amqps://ada@{host}:5671")).expect("a URL");
            assert_eq!(address.uri.authority.host, expected);
        }
    }

    #[test]
    fn who_is_called_like_a_service_speaks_for_it() {
        let speaks_for =
            |user: &str| Address::new(&format!("amqp://{user}:secret@localhost")).expect("a URL").speaks_for();
        assert_eq!(speaks_for("order-svc"), Some("order-svc"));
        assert_eq!(speaks_for("comanda"), None);
    }

    #[test]
    fn what_cannot_be_heeded_is_refused() {
        for (url, said) in [
            ("amqp://localhost?cacertfile=/ca.pem", "certificates are for amqps"),
            ("amqps://localhost?certfile=/a.pem", "go together"),
            ("amqps://localhost?verify=verify_none", "always verified"),
            ("amqps://localhost?cacert=/ca.pem", "cacert is not known"),
            ("amqps://localhost?heartbeat=often", "not an AMQP URL"),
        ] {
            let error = Address::new(url).expect_err(url).to_string();
            assert!(error.contains(said), "{url}: {error}");
        }
        let all =
            "amqps://h?cacertfile=/a&certfile=/b&keyfile=/c&verify=verify_peer&auth_mechanism=external&heartbeat=5";
        assert_eq!(Address::new(all).expect("a URL").uri.query.heartbeat, Some(5));
    }
}
