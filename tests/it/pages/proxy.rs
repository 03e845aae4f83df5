//! Proxies: one that holds back event streams, as scanners do that want to see all of an answer first, and one that marks
//! the words of pages.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A catalogue that is the English one with each text in brackets.
const MARKED: &str = r#"
    import * as plain from "PATH?plain";
    const mark = (it) => {
        if (typeof it === "string") return it && `⟦${it}⟧`;
        if (typeof it === "function") return (...given) => mark(it(...given));
        if (Array.isArray(it)) return it.map(mark);
        return it && typeof it === "object" ? Object.fromEntries(Object.entries(it).map(([key, value]) => [key, mark(value)])) : it;
    };
    export const text = mark(plain.text);
    export const shared = mark(plain.shared);
    export const count = plain.count;
"#;

/// What it does with what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    HoldsStreams,
    MarksWords,
}

/// Everything ends when it is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) base: String,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// In front of the server of that address.
    pub(super) async fn to(base: &str) -> Self {
        Self::of(Kind::HoldsStreams, base).await
    }

    /// As [`Proxy::to`]: what is in a catalogue is in brackets.
    pub(super) async fn marking(base: &str) -> Self {
        Self::of(Kind::MarksWords, base).await
    }

    async fn of(kind: Kind, base: &str) -> Self {
        let server = base.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().to_string();
        let base = format!("http://{own}");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                connections.spawn(carry(kind, client, own.clone(), server.clone()));
            }
        });
        Self { base, _tasks: tasks }
    }
}

/// One request a connection.
async fn carry(kind: Kind, mut client: TcpStream, own: String, server: String) {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if client.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap_or_default();
    if kind == Kind::MarksWords && path.ends_with("/text.en.js") {
        let module = MARKED.replace("PATH", path);
        let length = module.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{module}"
        );
        // A browser that goes on to another page does not wait for it.
        let _ = client.write_all(answer.as_bytes()).await;
        return;
    }
    if kind == Kind::HoldsStreams && head.contains("text/event-stream") {
        return std::future::pending().await;
    }
    let head = head.replace(&own, &server).replace("Connection: keep-alive", "Connection: close");
    let Ok(mut upstream) = TcpStream::connect(&server).await else { return };
    if upstream.write_all(head.as_bytes()).await.is_ok() {
        // Either end may leave at any time.
        let _ = copy_bidirectional(&mut client, &mut upstream).await;
    }
}
