//! A sandbox: files that nobody else has, gone with it unless they are kept; and what they show, served as it was then.

use std::{
    fs::{DirBuilder, File},
    io::{ErrorKind, Write},
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    contract::{clock::Clock, time::Time},
    db::Db,
    engine::{call::fresh_id, schema, service::Service},
    process::still::Still,
    web::{pages, site::Site},
};
use tokio::net::TcpListener;

use super::say;
use crate::start_page;

/// What a directory that is not kept is called, before its id.
const TEMPORARY: &str = "comanda-sandbox-";
/// Held locked for as long as the sandbox is in use.
const LOCK: &str = "in-use";
/// Says what the sandbox is; written once it is whole.
const LABEL: &str = "sandbox.json";

/// Where the sandbox's files are. They are gone with it, unless it has become whole and is kept.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    is_kept: AtomicBool,
    _lock: File,
}

/// What a sandbox that is kept says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Label {
    /// Where its clock stands.
    at: Time,
    /// What its locations' clocks go by, if they all do. Sandboxes of earlier versions do not know it.
    #[serde(default)]
    zone: Option<String>,
}

impl Label {
    fn moment(&self) -> String {
        let clock = self.zone.as_deref().and_then(Clock::of);
        clock.unwrap_or(Clock::UTC).exact(self.at)
    }
}

impl Directory {
    /// One that is made, and that only its owner may look into.
    pub(crate) fn new(kept: Option<&Path>) -> Result<Self> {
        let path = match kept {
            Some(path) => path.to_owned(),
            None => {
                clean_up();
                std::env::temp_dir().join(format!("{TEMPORARY}{}", fresh_id()))
            }
        };
        let failed = || format!("make {}: a sandbox begins in a directory of its own", path.display());
        DirBuilder::new().mode(0o700).create(&path).with_context(failed)?;
        let lock = lock(&path)?;
        Ok(Self { path, is_kept: AtomicBool::new(false), _lock: lock })
    }

    /// Of a service's database.
    pub(crate) fn url<S: Service>(&self) -> String {
        format!("sqlite:{}", self.file::<S>().display())
    }

    fn file<S: Service>(&self) -> PathBuf {
        self.path.join(format!("{}.db", S::FEED))
    }

    /// It is whole, its clock stands there, and it stays.
    pub(crate) fn stop_at(&self, at: Time, clock: &Clock) -> Result<()> {
        let zone = (*clock != Clock::UTC).then(|| clock.zone().to_owned());
        let label = self.path.join(LABEL);
        std::fs::write(&label, serde_json::to_vec(&Label { at, zone })?)
            .with_context(|| format!("write {}", label.display()))?;
        self.is_kept.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !self.is_kept.load(Ordering::Relaxed) {
            // What cannot be removed is the next one's to clean up.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// An error where another process has it.
fn lock(directory: &Path) -> Result<File> {
    let lock = File::create(directory.join(LOCK)).with_context(|| format!("use {}", directory.display()))?;
    lock.try_lock().with_context(|| format!("{} is in use by another process", directory.display()))?;
    Ok(lock)
}

fn label(directory: &Path) -> Result<Label> {
    match std::fs::read(directory.join(LABEL)) {
        Ok(label) => serde_json::from_slice(&label).context(LABEL),
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(unlabelled(directory)),
        Err(error) => Err(error).with_context(|| format!("look into {}", directory.display())),
    }
}

/// What a directory is that is there already and does not say so itself.
fn unlabelled(directory: &Path) -> String {
    let shown = directory.display();
    match File::open(directory.join(LOCK)) {
        Ok(lock) if lock.try_lock().is_err() => format!("{shown} is in use by another process"),
        Ok(_) => format!(
            "{shown} holds half a sandbox, left by a replay that was killed before its end, and of no use to anybody: \
             remove it, or name another directory"
        ),
        Err(_) => format!("{shown} is there already, and is no sandbox: name another directory, or remove it"),
    }
}

/// Removes what is left of sandboxes whose process was killed.
fn clean_up() {
    let entries = std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    for path in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(TEMPORARY)).map(|it| it.path()) {
        // One that has not locked it yet has only begun; somebody else's stays.
        let is_left = File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if is_left {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// An address that nobody reaches from elsewhere.
pub(super) fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "expected an address like 127.0.0.1:8090")?;
    let refused =
        || "a sandbox shows real orders, and nobody has to authenticate: it listens on loopback alone".to_owned();
    address.ip().is_loopback().then_some(address).ok_or_else(refused)
}

/// As [`serve`], of a sandbox that was kept.
pub(super) async fn serve_again(path: &Path, listen: SocketAddr, json: bool) -> Result<()> {
    ensure!(path.is_dir(), "{} is no directory", path.display());
    let at = label(path)?.moment();
    let directory = Directory { path: path.to_owned(), is_kept: AtomicBool::new(true), _lock: lock(path)? };
    if !json {
        say(&format!(
            "{} is a sandbox already, up to {at}: it is served as it is, and nothing is run again",
            path.display()
        ))?;
    }
    serve(&directory, listen, json).await
}

/// Serves what is there of the three services until asked to stop.
pub(super) async fn serve(directory: &Directory, listen: SocketAddr, json: bool) -> Result<()> {
    let label = label(&directory.path)?;
    let (at, moment) = (label.at, label.moment());
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let base = format!("http://{}", listener.local_addr()?);
    let mut shown = Shown { still: Still::at(at), pages: start_page::router(), links: String::new() };
    shown.add::<OrderSvc>(directory, &base).await?;
    shown.add::<KitchenSvc>(directory, &base).await?;
    shown.add::<InventorySvc>(directory, &base).await?;
    let path = directory.path.display();
    if json {
        say(&json!({"sandbox": path.to_string(), "at": at, "url": base}).to_string())?;
    } else {
        say(&format!("the sandbox in {path} is open, its clock stands at {moment}, and Ctrl-C ends it:"))?;
        say(&format!("\n{base}/\n{}", shown.links))?;
    }
    std::io::stdout().flush().context("write to standard output")?;
    shown.still.serve(listener, shown.pages).await;
    Ok(())
}

struct Shown {
    still: Still,
    pages: Router,
    links: String,
}

impl Shown {
    /// The service, if the sandbox has it.
    async fn add<S: Site>(&mut self, directory: &Directory, base: &str) -> Result<()> {
        if !directory.file::<S>().exists() {
            return Ok(());
        }
        let db = Db::open(&directory.url::<S>()).await?;
        schema::prepare::<S>(&db).await?;
        self.still.add::<S>(db);
        self.pages = std::mem::take(&mut self.pages).merge(pages::router(S::ASSETS));
        self.links.push_str(&format!("{base}{}\n", S::PAGE));
        Ok(())
    }
}
