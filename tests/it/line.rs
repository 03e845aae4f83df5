//! A line to a server that can fall silent, or seem frozen: it passes bytes on until it is told to stop, and then keeps both ends
//! open, as a network does that loses every packet.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

use crate::harness::PATIENCE;

/// Everything ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Line {
    /// What the line leads to, by way of it.
    pub(crate) url: String,
    state: Arc<State>,
    _tasks: JoinSet<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Connections of an earlier age pass nothing on.
    age: watch::Sender<u64>,
    /// Nothing is passed on, on old and new connections alike, and nothing is lost.
    frozen: watch::Sender<bool>,
    trap: Mutex<Option<Trap>>,
    sprung: watch::Sender<bool>,
}

#[derive(Debug)]
struct Trap {
    bait: String,
    answer_bytes: usize,
}

impl Line {
    /// To the server of the URL, which names a host and a port.
    pub(crate) async fn to(url: &str) -> Self {
        let (before, rest) = url.rsplit_once('@').unwrap();
        let (server, path) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{before}@{}/{path}", listener.local_addr().unwrap());
        let (state, mut tasks) = (Arc::<State>::default(), JoinSet::new());
        tasks.spawn(listen(listener, server.to_owned(), Arc::clone(&state)));
        Self { url, state, _tasks: tasks }
    }

    /// Every connection that there is falls silent. New ones work.
    pub(crate) fn silence(&self) {
        self.state.age.send_modify(|age| *age += 1);
    }

    /// As a server whose process is stopped: it takes connections and bytes, and answers nothing.
    pub(crate) fn freeze(&self) {
        self.state.frozen.send_replace(true);
    }

    /// It answers all that it was asked.
    pub(crate) fn thaw(&self) {
        self.state.frozen.send_replace(false);
    }

    /// The connection that next sends `bait` falls silent once so much of the answer to it was passed on.
    pub(crate) fn silence_after(&self, bait: &str, answer_bytes: usize) {
        self.state.sprung.send_replace(false);
        *self.state.trap.lock().unwrap() = Some(Trap { bait: bait.to_owned(), answer_bytes });
    }

    /// Waits until [`Line::silence_after`] has happened.
    pub(crate) async fn fell_silent(&self) {
        let mut sprung = self.state.sprung.subscribe();
        timeout(PATIENCE, sprung.wait_for(|sprung| *sprung)).await.expect("the bait is sent").unwrap();
    }
}

impl State {
    /// How much of the answer is passed on, if these bytes spring the trap.
    fn spring(&self, bytes: &[u8]) -> Option<usize> {
        let mut trap = self.trap.lock().unwrap();
        let holds = |trap: &Trap| bytes.windows(trap.bait.len()).any(|window| window == trap.bait.as_bytes());
        if trap.as_ref().is_some_and(holds) { trap.take().map(|trap| trap.answer_bytes) } else { None }
    }
}

async fn listen(listener: TcpListener, server: String, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        // A server that is away is no fault of the line: the client sees a closed connection.
        let Ok(server) = TcpStream::connect(&server).await else { continue };
        connections.spawn(carry(client, server, Arc::clone(&state)));
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, state: Arc<State>) {
    let (mut age, mut frozen) = (state.age.subscribe(), state.frozen.subscribe());
    let born = *age.borrow();
    let (mut up, mut down) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut left = usize::MAX;
    while left > 0 {
        if frozen.wait_for(|frozen| !frozen).await.is_err() {
            return;
        }
        tokio::select! {
            () = async { drop(age.wait_for(|age| *age > born).await) } => break,
            Ok(read) = client.read(&mut up) => {
                if read == 0 || server.write_all(&up[..read]).await.is_err() {
                    return;
                }
                left = state.spring(&up[..read]).unwrap_or(left);
            }
            Ok(read) = server.read(&mut down) => {
                let passed = read.min(left);
                if read == 0 || client.write_all(&down[..passed]).await.is_err() {
                    return;
                }
                left -= if left == usize::MAX { 0 } else { passed };
            }
            else => return,
        }
    }
    if left == 0 {
        state.sprung.send_replace(true);
    }
    std::future::pending().await
}
