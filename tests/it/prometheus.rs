//! A real Prometheus reads what a running restaurant measures, takes the alerts as they are, and one of them fires.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Command, Stdio},
};

use kitchen_svc::KitchenSvc;
use serde_json::{Value, json};
use shared::process::traces::Tracing;
use tokio::time::{Instant, interval};

use crate::{
    collector::Collector,
    harness::{App, Backends, PATIENCE, scratch},
    manifests::rules,
    process::{POLL, free_address},
    servers::{required, variable},
    taster::{event, message, publish_on},
    traces::alone,
};

/// Killed when it is dropped.
struct Prometheus {
    child: Child,
    base: String,
}

impl Prometheus {
    /// Debian has it beside promtool.
    fn start(directory: &Path, targets: &[String]) -> Option<Self> {
        let Some(promtool) = variable("TEST_PROMTOOL") else {
            assert!(!required(), "TEST_PROMTOOL is not set");
            eprintln!("left out: Prometheus (scripts/test provides TEST_PROMTOOL)");
            return None;
        };
        let config = json!({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yaml"],
            "scrape_configs": [{"job_name": "comanda", "static_configs": [{"targets": targets}]}],
        });
        std::fs::write(directory.join("prometheus.yml"), config.to_string()).unwrap();
        std::fs::write(directory.join("rules.yaml"), impatient(rules()).to_string()).unwrap();
        let listen = free_address();
        let child = Command::new(Path::new(&promtool).with_file_name("prometheus"))
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=error"])
            .arg("--enable-feature=exemplar-storage")
            .arg(format!("--web.listen-address={listen}"))
            .current_dir(directory)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { child, base: format!("http://{listen}") })
    }

    /// Waits until what it says of something is so.
    async fn wait_for(&mut self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let (deadline, mut every) = (Instant::now() + PATIENCE, interval(POLL));
        let mut last = Value::Null;
        while Instant::now() < deadline {
            assert!(self.child.try_wait().unwrap().is_none(), "Prometheus has ended");
            if let Ok(answer) = client.get(format!("{}{path}", self.base)).send().await
                && let Ok(said) = answer.json::<Value>().await
            {
                if is_so(&said["data"]) {
                    return said["data"].clone();
                }
                last = said;
            }
            every.tick().await;
        }
        panic!("{path}: {last:#}");
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As they are, but at once: nobody waits for minutes here.
fn impatient(mut rules: Value) -> Value {
    for group in rules["groups"].as_array_mut().unwrap() {
        for rule in group["rules"].as_array_mut().unwrap() {
            if rule["alert"].is_string() {
                rule["for"] = json!("0s");
            }
        }
    }
    rules
}

/// How many rules there are in each group.
fn sizes(rules: &Value) -> BTreeMap<&str, usize> {
    let size = |group: &'_ Value| group["rules"].as_array().unwrap().len();
    rules["groups"].as_array().unwrap().iter().map(|group| (group["name"].as_str().unwrap(), size(group))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_wakes_somebody() {
    let (backends, directory) = (Backends::embedded(), scratch());
    let app = App::start(&backends, PATIENCE).await;
    let target = app.base.trim_start_matches("http://").to_owned();
    let Some(mut prometheus) = Prometheus::start(directory.path(), &[target]) else { return app.finish().await };
    let targets = |said: &Value| said["activeTargets"][0]["health"] == "up";
    prometheus.wait_for("/api/v1/targets", targets).await;
    let groups = prometheus.wait_for("/api/v1/rules", |said| said["groups"][0]["rules"].is_array()).await;
    assert_eq!(sizes(&groups), sizes(&rules()));

    publish_on(&app.bus, &[message(&[event("nobody's")])]).await;
    app.expect_dead("kitchen", 1).await;
    let fires = |alert: &Value| alert["labels"]["alertname"] == "ComandaDeadLetters" && alert["state"] == "firing";
    let alerts = |said: &Value| said["alerts"].as_array().is_some_and(|alerts| alerts.iter().any(fires));
    let said = prometheus.wait_for("/api/v1/alerts", alerts).await;
    let alert = said["alerts"].as_array().unwrap().iter().find(|alert| fires(alert)).unwrap().clone();
    assert_eq!(alert["labels"]["service"], "kitchen-svc");
    assert_eq!(alert["annotations"]["summary"], "kitchen-svc could not take in 1 messages");
    app.finish().await;
}

/// A point on a chart leads to the trace of a request that took so long.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_moment_leads_to_a_trace() {
    let (backends, directory, collector) = (Backends::embedded(), scratch(), Collector::start().await);
    let tracing = Tracing { endpoint: collector.http.clone(), ..Tracing::default() };
    let app = alone::<KitchenSvc>(&backends, 2, tracing).await;
    let target = app.base.trim_start_matches("http://").to_owned();
    if let Some(mut prometheus) = Prometheus::start(directory.path(), &[target]) {
        app.get("/v1/tickets?location=soho").await;
        let query = "/api/v1/query_exemplars?query=comanda_http_request_seconds_bucket&start=0&end=4000000000";
        let is_there = |said: &Value| said[0]["exemplars"][0]["labels"]["trace_id"].is_string();
        let said = prometheus.wait_for(query, is_there).await;
        assert_eq!(said[0]["seriesLabels"]["path"], "/v1/tickets");
        let trace = said[0]["exemplars"][0]["labels"]["trace_id"].as_str().unwrap().to_owned();
        let spans = collector.wait_for(&trace, 1).await;
        assert_eq!(spans[0].span.name, "GET /v1/tickets");
    }
    app.stop().await;
    backends.remove().await;
}
