//! Asks a process on this machine whether it is ready: for containers, whose images hold no HTTP client.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::process::host;

/// A probe is answered within 2 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
const REQUEST: &[u8] = b"GET /healthz/ready HTTP/1.0\r\nHost: localhost\r\n\r\n";

/// 0 if the process that listens there is ready; otherwise what it says, and another exit code.
pub async fn run(program: &str, listen: SocketAddr) -> ExitCode {
    let address = reachable(listen);
    let asked = async { timeout(ANSWER_WITHIN, ask(address)).await.context("no answer in time")? };
    match asked.await.with_context(|| format!("LISTEN: {address}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => host::refuse(program, &error),
    }
}

async fn ask(address: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address).await.context("nobody answers")?;
    stream.write_all(REQUEST).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer ended early")?;
    if head.split(' ').nth(1) != Some("200") {
        bail!("not ready: {body}");
    }
    Ok(())
}

/// An address that listens on all interfaces is reached over loopback.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn an_address_on_all_interfaces_is_reached_over_loopback() {
        let reached =
            ["0.0.0.0:8080", "[::]:8080", "127.0.0.1:1"].map(|text| reachable(text.parse().unwrap()).to_string());
        assert_eq!(reached, ["127.0.0.1:8080", "[::1]:8080", "127.0.0.1:1"]);
    }
}
