//! Clients that are slow, idle, stalled or half gone, on real sockets.

use std::{net::SocketAddr, sync::Mutex};

use axum::{body::Body, routing::get};
use futures_util::stream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, oneshot},
};

use super::*;

/// How long anything may take that is waited for. Only a failure takes that long.
const PATIENCE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(100);

const PATIENT: Limits =
    Limits { keep_alive: HOUR, headers: HOUR, stall: HOUR, drain: Duration::ZERO, connections: 100, per_address: None };

/// Runs the test against a server with these limits.
async fn serving(router: Router, limits: Limits, test: impl AsyncFnOnce(SocketAddr)) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let tested = async {
        timeout(PATIENCE, test(address)).await.expect("in time");
        stop.cancel();
    };
    tokio::join!(serve(listener, router, limits, &stop), tested);
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

/// Sends a request, and reads until the answer is whole.
async fn ask(client: &mut TcpStream) -> String {
    client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut text = String::new();
    while !text.ends_with("hello") {
        let mut bytes = [0; 1024];
        let count = client.read(&mut bytes).await.unwrap();
        assert!(count > 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    text
}

/// What comes until the server closes.
async fn rest(client: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // Closed, or reset: gone either way.
    let _ = client.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn whoever_reads_nothing_is_left_alone() {
    let (gone, is_gone) = oneshot::channel::<()>();
    let gone = Arc::new(Mutex::new(Some(gone)));
    let endless = get(async move || {
        // Dropped with the body.
        let held = gone.lock().unwrap().take();
        Body::from_stream(stream::repeat_with(move || {
            let _ = &held;
            Ok::<_, std::io::Error>(vec![b'x'; 64 * 1024])
        }))
    });
    serving(Router::new().route("/", endless), Limits { stall: SOON, ..PATIENT }, async |address| {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert!(is_gone.await.is_err(), "its answer is dropped");
        drop(client);
    })
    .await;
}

#[tokio::test]
async fn whoever_takes_longest_is_given_up_when_too_much_is_held() {
    const LARGE: usize = 20 << 20;
    let large = Router::new().route("/", get(async || vec![b'x'; LARGE]));
    serving(large, PATIENT, async |address| {
        let mut deaf = TcpStream::connect(address).await.unwrap();
        deaf.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        deaf.readable().await.unwrap();
        let mut other = TcpStream::connect(address).await.unwrap();
        other.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        assert!(rest(&mut other).await.len() > LARGE, "with its head");
        assert!(rest(&mut deaf).await.len() < LARGE);
    })
    .await;
}

#[tokio::test]
async fn whoever_asks_nothing_more_is_let_go() {
    serving(hello(), Limits { keep_alive: SOON, ..PATIENT }, async |address| {
        let mut client = TcpStream::connect(address).await.unwrap();
        ask(&mut client).await;
        assert_eq!(rest(&mut client).await, "");
        let mut silent = TcpStream::connect(address).await.unwrap();
        assert_eq!(rest(&mut silent).await, "");
    })
    .await;
}

#[tokio::test]
async fn whoever_does_not_end_his_request_is_let_go() {
    serving(hello(), Limits { headers: SOON, ..PATIENT }, async |address| {
        let mut client = TcpStream::connect(address).await.unwrap();
        ask(&mut client).await;
        client.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
        assert_eq!(rest(&mut client).await, "");
    })
    .await;
}

#[tokio::test]
async fn whoever_is_idle_longest_makes_room_for_others() {
    serving(hello(), Limits { connections: 3, ..PATIENT }, async |address| {
        let mut clients = Vec::new();
        for _ in 0..10 {
            let mut client = TcpStream::connect(address).await.unwrap();
            ask(&mut client).await;
            clients.push(client);
        }
        for client in &mut clients[..7] {
            assert_eq!(rest(client).await, "");
        }
        for client in &mut clients[7..] {
            ask(client).await;
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_has_more_connections_than_his_share_keeps_those_that_he_has() {
    let per_address = NonZeroU32::new(2);
    serving(hello(), Limits { per_address, ..PATIENT }, async |address| {
        let mut clients = Vec::new();
        for _ in 0..2 {
            let mut client = TcpStream::connect(address).await.unwrap();
            ask(&mut client).await;
            clients.push(client);
        }
        assert_eq!(rest(&mut TcpStream::connect(address).await.unwrap()).await, "");
        for client in &mut clients {
            ask(client).await;
        }
        drop(clients.pop());
        // It is heard of a moment later that he has one less.
        loop {
            let mut client = TcpStream::connect(address).await.unwrap();
            // Where it is closed already, nothing comes of it.
            let _ = client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
            if rest(&mut client).await.ends_with("hello") {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_has_said_all_still_hears_the_answer() {
    let (asked, mut is_asked) = mpsc::unbounded_channel();
    let (answer, wait) = oneshot::channel::<()>();
    let wait = Arc::new(Mutex::new(Some(wait)));
    let slow = get(async move || {
        asked.send(()).unwrap();
        let wait = wait.lock().unwrap().take().unwrap();
        let _ = wait.await;
        "hello"
    });
    serving(Router::new().route("/", slow), PATIENT, async |address| {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        is_asked.recv().await.unwrap();
        client.shutdown().await.unwrap();
        // Time for the server to see it: it has nothing else to do.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        let _ = answer.send(());
        assert!(rest(&mut client).await.ends_with("hello"));
    })
    .await;
}

#[tokio::test]
async fn whoever_sends_too_much_is_told() {
    serving(hello().layer(axum::extract::DefaultBodyLimit::max(10)), PATIENT, async |address| {
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n";
        client.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..300 {
            client.write_all(&[b' '; 10_000]).await.unwrap();
        }
        ask_after(&mut client, "405").await;
        // Told to go on, it would send it; nobody tells it.
        let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\nExpect: 100-continue\r\n\r\n";
        client.write_all(head.as_bytes()).await.unwrap();
        assert!(rest(&mut client).await.starts_with("HTTP/1.1 405"));
    })
    .await;
}

/// Reads an answer without a body.
async fn ask_after(client: &mut TcpStream, status: &str) {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        let mut bytes = [0; 1024];
        let count = client.read(&mut bytes).await.unwrap();
        assert!(count > 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    assert!(text.starts_with(&format!("HTTP/1.1 {status}")), "{text}");
}
