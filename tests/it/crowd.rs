//! More clients than there is room for, in a process that may open few files: those who are idle give way.

use std::process::Command;

use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::{
    harness::Backends,
    process::{Guests, Process, comanda, free_address},
};

/// `comanda` under the limits of `ulimit`, which only a shell sets.
fn limited(backends: &Backends, listen: &str, ulimit: &str) -> Command {
    let process = comanda(backends, listen);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{ulimit} && exec \"$0\" \"$@\"")]).arg(process.get_program());
    for (name, value) in process.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell.stdout(std::process::Stdio::null());
    shell
}

/// So many clients who connect and say nothing; then guests who order all the same.
async fn check(ulimit: &str, idle: usize) -> Vec<TcpStream> {
    let (backends, address) = (Backends::embedded(), free_address());
    let mut command = limited(&backends, &address, ulimit);
    // With the demo restaurant: something to order.
    let process = Process::run(&mut command, &address).await;
    let mut clients = Vec::new();
    for _ in 0..idle {
        clients.push(TcpStream::connect(&address).await.unwrap());
    }
    let guests = Guests::arrive(4, std::slice::from_ref(&address), "1 margherita");
    guests.wait_for(20).await;
    guests.leave().await;
    process.terminate();
    clients
}

#[tokio::test]
async fn the_soft_limit_of_open_files_keeps_nobody_out() {
    check("ulimit -Sn 128", 300).await;
}

#[tokio::test]
async fn under_a_hard_limit_the_idle_give_way() {
    let mut clients = check("ulimit -n 200", 300).await;
    // The first one was the longest idle.
    let closed = clients[0].read(&mut [0; 1]).await;
    assert!(closed.is_err() || closed.is_ok_and(|count| count == 0));
}
