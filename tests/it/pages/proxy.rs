//! A proxy that holds back event streams, as scanners do that want to see all of an answer first.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Everything ends when it is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) base: String,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// In front of the server of that address.
    pub(super) async fn to(base: &str) -> Self {
        let server = base.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let base = format!("http://{own}");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                connections.spawn(carry(client, own.clone(), server.clone()));
            }
        });
        Self { base, _tasks: tasks }
    }
}

/// One request a connection.
async fn carry(mut client: TcpStream, own: String, server: String) {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if client.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    if head.contains("text/event-stream") {
        return std::future::pending().await;
    }
    let head = head.replace(&own, &server).replace("Connection: keep-alive", "Connection: close");
    let Ok(mut upstream) = TcpStream::connect(&server).await else { return };
    if upstream.write_all(head.as_bytes()).await.is_ok() {
        // Either end may leave at any time.
        let _ = copy_bidirectional(&mut client, &mut upstream).await;
    }
}
