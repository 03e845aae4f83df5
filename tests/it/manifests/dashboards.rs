//! The dashboards as Grafana takes them: panels that have their place, and queries that `promtool`, named by TEST_PROMTOOL, can read.

use std::{collections::BTreeSet, process::Command};

use serde_json::{Value, json};

use super::{list, root};
use crate::{
    harness::{scratch, text},
    servers::{required, variable},
};

/// As wide as a dashboard is.
const COLUMNS: u64 = 24;
/// Grafana's ids of those that are used.
const UNITS: [&str; 4] = ["none", "s", "ops", "reqps"];

fn dashboards() -> Vec<Value> {
    let read = |name: &str| std::fs::read(root().join("k8s/components/monitoring").join(name)).unwrap();
    ["comanda.json", "restaurant.json"].map(|name| serde_json::from_slice(&read(name)).unwrap()).into()
}

/// What a panel covers: from column and row, to column and row.
fn place(panel: &Value) -> [u64; 4] {
    let [x, y, w, h] = ["x", "y", "w", "h"].map(|name| panel["gridPos"][name].as_u64().unwrap());
    assert!(w > 0 && h > 0 && x + w <= COLUMNS, "{panel}");
    [x, y, x + w, y + h]
}

#[test]
fn every_panel_has_its_place_and_says_what_it_measures() {
    let mut uids = BTreeSet::new();
    for dashboard in dashboards() {
        assert!(uids.insert(text(&dashboard["uid"])), "each has an address of its own");
        assert!(
            dashboard["title"].is_string() && dashboard["schemaVersion"].as_u64() >= Some(39),
            "{}",
            dashboard["uid"]
        );
        let variable = &dashboard["templating"]["list"][0];
        assert_eq!((&variable["name"], &variable["query"]), (&json!("datasource"), &json!("prometheus")));
        let (mut ids, mut titles, mut places) = (BTreeSet::new(), BTreeSet::new(), Vec::<[u64; 4]>::new());
        for panel in list(&dashboard["panels"]) {
            assert!(ids.insert(panel["id"].as_u64().unwrap()) && titles.insert(text(&panel["title"])), "{panel}");
            let at = place(panel);
            let overlaps =
                |other: &[u64; 4]| at[0] < other[2] && other[0] < at[2] && at[1] < other[3] && other[1] < at[3];
            assert!(!places.iter().any(overlaps), "{} lies on another", panel["title"]);
            places.push(at);
            assert_eq!(panel["datasource"], json!({"type": "prometheus", "uid": "${datasource}"}), "{panel}");
            let unit = text(&panel["fieldConfig"]["defaults"]["unit"]);
            assert!(UNITS.contains(&&*unit), "{}: {unit}", panel["title"]);
            let targets: Vec<&Value> = list(&panel["targets"]).collect();
            let names: BTreeSet<String> = targets.iter().map(|target| text(&target["refId"])).collect();
            assert!(!targets.is_empty() && names.len() == targets.len(), "{}", panel["title"]);
        }
    }
}

#[test]
fn every_query_can_be_read() {
    let Some(promtool) = variable("TEST_PROMTOOL") else {
        assert!(!required(), "TEST_PROMTOOL is not set");
        return eprintln!("left out: whether queries can be read (scripts/test provides TEST_PROMTOOL)");
    };
    let all = dashboards();
    let panels = all.iter().flat_map(|dashboard| list(&dashboard["panels"]));
    let queries: Vec<&Value> = panels.flat_map(|panel| list(&panel["targets"])).map(|target| &target["expr"]).collect();
    assert!(queries.len() > 30, "{}", queries.len());
    let rule = |(nth, query): (usize, &&Value)| json!({"record": format!("query:{nth}"), "expr": query});
    let rules: Vec<Value> = queries.iter().enumerate().map(rule).collect();
    let (scratch, rules) = (scratch(), json!({"groups": [{"name": "dashboards", "rules": rules}]}));
    let file = scratch.path().join("rules.yaml");
    std::fs::write(&file, rules.to_string()).unwrap();
    let output = Command::new(promtool).args(["check", "rules", "--lint=none"]).arg(&file).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && said.contains(&format!("{} rules found", queries.len())), "{said}");
}
