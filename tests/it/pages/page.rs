//! A page in a browser, used as people use it: by what they read, tap and type.

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

use super::browser::{Session, until};
use crate::harness::text;

/// Nobody taps faster; what comes sooner the display takes for a finger that bounced.
const BETWEEN_TAPS: Duration = Duration::from_millis(320);
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What may be pressed or filled in, by its name, in the place or in the dialog that is open.
const FIND: &str = r#"
    const [wanted, kinds, place] = arguments;
    const top = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
    const root = place === "" ? top : top.querySelector(place);
    const labels = (e) => [...(e.labels ?? [])].map((label) => label.innerText).join(" ");
    const name = (e) => (e.getAttribute("aria-label") ?? (labels(e) || e.innerText)).replace(/\s+/g, " ").trim();
    // A card that has just moved takes no taps: the finger was on its way to what was there before.
    const still = (e) => !(performance.now() - e.closest(".ticket")?.dataset.moved < 500);
    const usable = (e) =>
      e.checkVisibility({ visibilityProperty: true }) && !e.disabled && !e.closest("[inert]") && still(e);
    const all = root === null ? [] : [root, ...root.querySelectorAll("*")].filter((e) => e.matches(kinds) && usable(e));
    return all.find((e) => name(e) === wanted) ?? all.find((e) => name(e).startsWith(wanted)) ?? null;
"#;
const PRESSED: &str = "button, a[href], summary, label";
const FILLED: &str = "input, select, textarea";
const ANYWHERE: &str = "";

#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) session: Arc<Session>,
    /// When the next tap may be made.
    tap: Arc<Mutex<Instant>>,
}

impl Page {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self { session, tap: Arc::new(Mutex::new(Instant::now())) }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.session.command(Method::POST, path, &body).await.unwrap_or_else(|error| panic!("{path}: {error:#}"))
    }

    pub(super) async fn goes_to(&self, address: &str) {
        self.post("/url", json!({"url": address})).await;
    }

    /// In another window of the same browser, which is the one that is used from here on.
    pub(super) async fn opens_window(&self, address: &str) {
        let window = self.post("/window/new", json!({"type": "window"})).await;
        self.post("/window", json!({"handle": window["handle"]})).await;
        self.goes_to(address).await;
    }

    /// Uses the window that was opened first, second …
    pub(super) async fn turns_to(&self, window: usize) {
        let windows = self.session.command(Method::GET, "/window/handles", &Value::Null).await.unwrap();
        self.post("/window", json!({"handle": windows[window]})).await;
    }

    /// Runs a script in whatever is loaded from here on, before anything else does.
    pub(super) async fn begins_with(&self, script: &str) {
        self.browser("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
    }

    /// Answers to what the page itself asks for take so long. The worker that pages share is another matter.
    pub(super) async fn is_slow(&self, latency_ms: i32) {
        self.browser("Network.enable", json!({})).await;
        let conditions =
            json!({"offline": false, "latency": latency_ms, "downloadThroughput": -1, "uploadThroughput": -1});
        self.browser("Network.emulateNetworkConditions", conditions).await;
    }

    pub(super) async fn reloads(&self) {
        self.post("/refresh", json!({})).await;
    }

    /// What the browser can do and WebDriver has no word for.
    pub(super) async fn browser(&self, command: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    pub(super) async fn resize(&self, (width, height): (u32, u32)) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.browser("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// `light` or `dark`: what the device asks for.
    pub(super) async fn theme(&self, theme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": theme}]);
        self.browser("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    /// Its console may complain of this.
    pub(super) fn may_say(&self, part: &'static str) {
        self.session.allowed.lock().unwrap().push(part);
    }

    /// What a script returns.
    pub(super) async fn runs(&self, script: &str, arguments: Value) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": arguments})).await
    }

    /// The value of an expression.
    pub(super) async fn value(&self, expression: &str) -> Value {
        self.runs(&format!("return ({expression});"), json!([])).await
    }

    /// Waits until an expression is true.
    pub(super) async fn until(&self, expression: &str) {
        until(expression, async || match self.value(expression).await {
            Value::Bool(true) => Ok(()),
            other => Err(format!("{other} in\n{}", self.text().await)),
        })
        .await;
    }

    /// All that is to be read.
    pub(super) async fn text(&self) -> String {
        text(&self.value("document.body.innerText").await)
    }

    pub(super) async fn sees(&self, words: &str) {
        until(words, async || {
            let text = self.text().await;
            if text.contains(words) { Ok(()) } else { Err(text) }
        })
        .await;
    }

    pub(super) async fn sees_no(&self, words: &str) {
        until(&format!("no {words}"), async || {
            let text = self.text().await;
            if text.contains(words) { Err(text) } else { Ok(()) }
        })
        .await;
    }

    /// Waits until every tap was answered: a display shows them before.
    pub(super) async fn has_sent_all(&self) {
        self.until("Object.keys(localStorage).every((name) => !name.startsWith('comanda.tap.'))").await;
    }

    /// So many elements.
    pub(super) async fn sees_so_many(&self, selector: &str, count: u64) {
        self.until(&format!("document.querySelectorAll({selector:?}).length === {count}")).await;
    }

    async fn find(&self, name: &str, kinds: &str, place: &str) -> String {
        until(&format!("{name} {place}"), async || {
            let found = self.runs(FIND, json!([name, kinds, place])).await;
            match found[ELEMENT].as_str() {
                Some(element) => Ok(format!("/element/{element}")),
                None => Err(self.text().await),
            }
        })
        .await
    }

    /// Whether it can be pressed right now.
    pub(super) async fn offers(&self, name: &str) -> bool {
        !self.runs(FIND, json!([name, PRESSED, ANYWHERE])).await.is_null()
    }

    /// Taps what has that name, or a name that begins so.
    pub(super) async fn taps(&self, name: &str) {
        self.taps_in(ANYWHERE, name).await;
    }

    /// As [`Page::taps`], in the first place that matches.
    pub(super) async fn taps_in(&self, place: &str, name: &str) {
        let mut next = self.tap.lock().await;
        sleep_until(*next).await;
        until(&format!("tap {name}"), async || {
            let element = self.find(name, PRESSED, place).await;
            let tapped = self.session.command(Method::POST, &format!("{element}/click"), &json!({})).await;
            // It was drawn anew, or is not where a finger would reach it: then it is aimed at again.
            tapped.map_err(|error| error.to_string())
        })
        .await;
        *next = Instant::now() + BETWEEN_TAPS;
    }

    /// Types into the field with that label.
    pub(super) async fn fills(&self, label: &str, text: &str) {
        let element = self.find(label, FILLED, ANYWHERE).await;
        self.post(&format!("{element}/clear"), json!({})).await;
        self.post(&format!("{element}/value"), json!({"text": text})).await;
    }

    /// Presses a key: a letter or digit, or `Enter`, `Escape`, `ArrowDown`, `PageDown`, `Tab`.
    pub(super) async fn presses(&self, key: &str) {
        let key = match key {
            "Enter" => '\u{E007}',
            "Escape" => '\u{E00C}',
            "ArrowDown" => '\u{E015}',
            "Tab" => '\u{E004}',
            "PageUp" => '\u{E00E}',
            "PageDown" => '\u{E00F}',
            letter => letter.chars().next().unwrap(),
        };
        self.types(&key.to_string()).await;
    }

    /// Presses one key after the other, in one go.
    pub(super) async fn types(&self, keys: &str) {
        let strokes = keys.chars().flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})));
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes.collect::<Vec<Value>>()});
        self.post("/actions", json!({"actions": [keyboard]})).await;
    }

    /// Puts a finger on the first element of that kind, and leaves it there.
    pub(super) async fn touches(&self, selector: &str) {
        let element = self.runs("return document.querySelector(arguments[0])", json!([selector])).await;
        let there = json!({"type": "pointerMove", "duration": 0, "origin": element, "x": 0, "y": 0});
        self.finger(json!([there, {"type": "pointerDown", "button": 0}])).await;
    }

    pub(super) async fn lifts_the_finger(&self) {
        self.finger(json!([{"type": "pointerUp", "button": 0}])).await;
    }

    async fn finger(&self, actions: Value) {
        let kind = json!({"pointerType": "mouse"});
        let finger = json!({"type": "pointer", "id": "finger", "parameters": kind, "actions": actions});
        self.post("/actions", json!({"actions": [finger]})).await;
    }

    /// A picture of what is to be seen, as a PNG.
    pub(super) async fn picture(&self) -> Vec<u8> {
        let picture = self.session.command(Method::GET, "/screenshot", &Value::Null).await.unwrap();
        BASE64_STANDARD.decode(text(&picture)).unwrap()
    }
}
