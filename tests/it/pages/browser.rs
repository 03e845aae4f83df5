//! Real browsers: headless Chromium, one of its own for each page that is open, spoken to over WebDriver.
//! `scripts/test` provides it; without it the tests that need one are left out and say so.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::MetadataExt,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::page::Page;
use crate::{
    harness::{PATIENCE, scratch, text},
    servers::{Scratch, required, variable},
};

/// The window of a page that is opened: a tablet of 10".
const TABLET: (u32, u32) = (1280, 800);
const FLAGS: [&str; 9] = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-device-scale-factor=1",
];
const SANDBOX_REFUSED: &str = "Chromium cannot make its sandbox: user namespaces are refused here \
    (kernel.apparmor_restrict_unprivileged_userns, kernel.unprivileged_userns_clone, or a container's rules); allow \
    them, or set TEST_NO_SANDBOX=1: the pages are our own";
/// How often something is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// The browsers of a test. All of them are gone when it is dropped.
#[derive(Debug)]
pub(super) struct Browsers {
    driver: Child,
    base: String,
    client: reqwest::Client,
    sessions: Mutex<Vec<Arc<Session>>>,
    /// So many were opened, each with a profile of its own.
    opened: AtomicUsize,
    profiles: Scratch,
}

/// One browser.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) url: String,
    client: reqwest::Client,
    /// What it keeps is in the directory of that number.
    profile: usize,
    pid: u32,
    /// What its console may complain of.
    pub(super) allowed: Mutex<Vec<&'static str>>,
}

impl Browsers {
    /// By the environment; `None` where it names none, a panic where it says that they are required.
    pub(super) fn start() -> Option<Self> {
        let Some(driver) = variable("TEST_CHROMEDRIVER") else {
            assert!(!required(), "TEST_CHROMEDRIVER is not set");
            static SAID: Once = Once::new();
            SAID.call_once(|| eprintln!("left out: all in a browser (scripts/test provides one)"));
            return None;
        };
        let profiles = scratch();
        let (driver, port) = start(&driver, &profiles);
        let base = format!("http://127.0.0.1:{port}");
        let client = reqwest::Client::builder().no_proxy().timeout(2 * PATIENCE).build().unwrap();
        Some(Self { driver, base, client, sessions: Mutex::default(), opened: AtomicUsize::new(0), profiles })
    }

    /// Opens an address in a browser of its own: in the background nothing is drawn.
    pub(super) async fn open(&self, address: &str) -> Page {
        let page = self.start_one(self.opened.fetch_add(1, Ordering::Relaxed)).await;
        page.goes_to(address).await;
        page
    }

    /// Starts the browser of a page again that was killed. It knows what was on its disk.
    pub(super) async fn revive(&self, killed: &Session) -> Page {
        self.start_one(killed.profile).await
    }

    async fn start_one(&self, profile: usize) -> Page {
        let url = format!("{}/session", self.base);
        let session = Session { url, client: self.client.clone(), profile, pid: 0, allowed: Mutex::default() };
        let opened = session.command(Method::POST, "", &self.capabilities(profile)).await;
        let opened = opened.unwrap_or_else(|error| panic!("{}", self.why_none_starts(&error)));
        let url = format!("{}/session/{}", self.base, text(&opened["sessionId"]));
        let pid = opened["capabilities"]["goog:processID"].as_u64().unwrap() as u32;
        let session = Arc::new(Session { url, pid, ..session });
        self.sessions.lock().unwrap().push(Arc::clone(&session));
        let page = Page::new(session);
        page.resize(TABLET).await;
        page
    }

    /// SIGKILL, as by a tablet that is out of power. Nobody asks it for complaints any more.
    pub(super) fn kill(&self, session: &Arc<Session>) {
        let pids = family(session.pid);
        let killed = Command::new("kill").arg("-KILL").args(pids.iter().map(u32::to_string)).status();
        assert!(killed.unwrap().success());
        while pids.iter().any(|pid| is_running(*pid)) {
            std::thread::yield_now();
        }
        self.sessions.lock().unwrap().retain(|other| !Arc::ptr_eq(other, session));
    }

    fn flags(&self, profile: usize) -> Vec<String> {
        let profile = self.profiles.path().join(profile.to_string());
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", profile.display()));
        // Chromium refuses to run as root with its sandbox, and as anybody else it is wanted.
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 || variable("TEST_NO_SANDBOX").is_some() {
            flags.push("--no-sandbox".into());
        }
        flags
    }

    /// In one line. The driver does not pass on what the browser says of it.
    fn why_none_starts(&self, error: &Value) -> String {
        let Some(binary) = variable("TEST_CHROMIUM") else { return format!("no browser starts: {error}") };
        let output = Command::new(binary).args(self.flags(usize::MAX)).args(["--dump-dom", "about:blank"]).output();
        let said =
            output.map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stderr).into());
        if said.contains("sandbox") {
            return SANDBOX_REFUSED.to_owned();
        }
        format!("no browser starts: {}; it says: {}", error["message"], said.lines().last().unwrap_or("nothing"))
    }

    fn capabilities(&self, profile: usize) -> Value {
        let mut options = json!({"args": self.flags(profile)});
        if let Some(binary) = variable("TEST_CHROMIUM") {
            options["binary"] = json!(binary);
        }
        let logging = json!({"browser": "ALL"});
        json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": logging}}})
    }

    /// The end; fails if any of them had something to complain of in its console.
    pub(super) async fn finish(self) {
        let sessions = std::mem::take(&mut *self.sessions.lock().unwrap());
        for session in sessions {
            let complaints = session.complaints().await;
            assert!(complaints.is_empty(), "in the console: {complaints:#?}");
        }
    }
}

impl Drop for Browsers {
    fn drop(&mut self) {
        // Best effort: a test that fails must say why, not that.
        let pids = family(self.driver.id());
        let _ = Command::new("kill").arg("-KILL").args(pids.iter().map(u32::to_string)).stderr(Stdio::null()).status();
        let _ = self.driver.wait();
        // Nothing writes to their directories any more once they are gone.
        let deadline = std::time::Instant::now() + PATIENCE;
        while pids.iter().any(|pid| is_running(*pid)) && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
    }
}

impl Session {
    /// What it answers; an error as the browser tells it.
    pub(super) async fn command(&self, method: Method, path: &str, body: &Value) -> Result<Value, Value> {
        let request = self.client.request(method.clone(), format!("{}{path}", self.url));
        let request = if method == Method::POST { request.json(body) } else { request };
        let answer = request.send().await.unwrap();
        let ok = answer.status().is_success();
        let mut answer: Value = answer.json().await.unwrap();
        let value = answer["value"].take();
        if ok { Ok(value) } else { Err(value) }
    }

    async fn complaints(&self) -> Vec<String> {
        let log = self.command(Method::POST, "/se/log", &json!({"type": "browser"})).await.unwrap();
        let allowed = self.allowed.lock().unwrap();
        let entries = log.as_array().unwrap().iter().filter(|entry| entry["level"] == "SEVERE");
        let messages = entries.map(|entry| text(&entry["message"]));
        messages.filter(|message| !allowed.iter().any(|part| message.contains(part))).collect()
    }
}

/// The driver, and the port that it has chosen.
///
/// It chooses one that is free on 127.0.0.1, and gives up if somebody has taken it meanwhile or has the same on `::1`: then
/// it chooses again.
fn start(driver: &str, profiles: &Scratch) -> (Child, u16) {
    loop {
        let mut child = Command::new(driver)
            .arg("--port=0")
            // Its directory in the command line tells whose it is.
            .arg(format!("--log-path={}", profiles.path().join("log").display()))
            .env("TMPDIR", profiles.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("TEST_CHROMEDRIVER starts");
        match port(&mut child) {
            Ok(port) => return (child, port),
            Err(said) => assert!(said.contains("port not available"), "the driver does not start: {said}"),
        }
        child.wait().unwrap();
    }
}

/// The port that it tells, or all that it says instead.
fn port(driver: &mut Child) -> Result<u16, String> {
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let mut said = String::new();
    let told = lines.find_map(|line| {
        let line = line.unwrap();
        let told = line.strip_prefix("ChromeDriver was started successfully on port ");
        let port = told.and_then(|port| port.trim_end_matches('.').parse().ok());
        said += &(line + "\n");
        port
    });
    // Whatever else it says has somewhere to go.
    std::thread::spawn(move || lines.for_each(drop));
    told.ok_or(said)
}

/// State and parent of a process, if there is one of that id.
fn state(pid: u32) -> Option<(String, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

fn is_running(pid: u32) -> bool {
    state(pid).is_some_and(|(state, _)| state != "Z" && state != "X")
}

/// A process, and all that it has started.
fn family(pid: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let all: Vec<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    let parents: Vec<(u32, u32)> = all.into_iter().filter_map(|pid| Some((pid, state(pid)?.1))).collect();
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, known)| *known == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found
}

/// Looks again and again until it is there; fails with what is there instead.
pub(super) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(instead) => assert!(Instant::now() < deadline, "{what}; instead: {instead}"),
        }
        sleep(LOOK).await;
    }
}
