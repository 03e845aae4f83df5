//! What is measured: docs/operations.md has the list, and an evening's metrics are that list.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, StatusCode};
use shared::contract::topology;

use crate::{
    harness::{App, Backends, PATIENCE},
    taster::{event, message, publish_on},
};

const OPERATIONS: &str = include_str!("../../docs/operations.md");
/// Measured by `comanda audit`, which has the help in its own words.
const AUDIT: &str = include_str!("../../src/developer/audit/watch.rs");

/// The metrics of the document: name, and `type`, `labels`, help.
fn listed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let rows = OPERATIONS.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let metrics = rows.filter(|(name, _)| name.starts_with("comanda_") || name.starts_with("process_"));
    metrics
        .map(|(name, rest)| (name, rest.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect()))
        .collect()
}

/// As the document has it: what Prometheus would read.
fn shown(text: &str) -> BTreeMap<&str, Vec<String>> {
    let head = |prefix: &str| -> BTreeMap<&str, &str> {
        text.lines().filter_map(|line| line.strip_prefix(prefix)?.split_once(' ')).collect()
    };
    let (types, helps) = (head("# TYPE "), head("# HELP "));
    let mut labels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, pairs) = series.split_once('{').unwrap_or((series, ""));
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let name = base.filter(|base| types.get(base) == Some(&"histogram")).unwrap_or(name);
        assert!(types.contains_key(name), "{name} has no type");
        let names = pairs.split("\",").filter_map(|pair| pair.split_once("=\"")).map(|(name, _)| name);
        labels.entry(name).or_default().extend(names.filter(|name| *name != "le"));
    }
    let row = |(name, labels): (_, BTreeSet<&str>)| {
        let labels = if labels.is_empty() { "none".into() } else { labels.into_iter().collect::<Vec<_>>().join(", ") };
        (name, vec![types[name].to_owned(), labels, helps.get(name).unwrap_or_else(|| panic!("{name}")).to_string()])
    };
    labels.into_iter().map(row).collect()
}

/// Something of everything: an order that is served, one that is rejected, a repetition, a dead letter, a display.
async fn small_evening(app: &App) -> String {
    let order = app.place("2 margherita; 1 cola").await;
    app.kitchen(&order, "start").await;
    app.kitchen(&order, "ready").await;
    app.kitchen(&order, "serve").await;
    app.place("60 burger; 60 burger").await;
    publish_on(&app.bus, &[message(&[event("nobody's")])]).await;
    app.expect_dead("kitchen", 1).await;
    let _display = app.request(Method::GET, "/v1/tickets/stream?location=soho").send().await.unwrap();
    let answer = app.request(Method::GET, "/metrics").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_measured_is_in_the_document_and_nothing_else() {
    let backends = Backends::embedded();
    let app = App::start(&backends, PATIENCE).await;
    app.open_restaurant().await;
    let text = small_evening(&app).await;
    let (listed, shown) = (listed(), shown(&text));
    for (name, row) in &shown {
        let line = format!("| `{name}` | {} |", row.join(" | "));
        assert_eq!(
            listed.get(name).map(|row| row.join(" | ")),
            Some(row.join(" | ")),
            "docs/operations.md lacks\n{line}"
        );
        assert_eq!(name.ends_with("_total"), row[0] == "counter", "{name}");
        assert!(!name.contains("_ms"), "{name}: times are in seconds");
    }
    for (name, row) in listed.iter().filter(|(name, _)| !shown.contains_key(*name)) {
        assert!(AUDIT.contains(&format!("describe_gauge!(\"{name}\", \"{}\")", row[2])), "nothing measures {name}");
    }
    let value = |series: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(series)).unwrap_or_else(|| panic!("{series}"));
        line.trim().parse::<f64>().unwrap()
    };
    // Other tests of this process may have counted as well.
    assert!(value("comanda_revenue_minor_units_total{location=\"soho\",currency=\"GBP\"}") >= 2100.0);
    assert!(value("comanda_orders_rejected_total{reason=\"out_of_stock\"}") >= 1.0);
    assert!(value("comanda_preparation_seconds_count{station=\"pizza\"}") >= 1.0);
    for (service, kinds) in topology::LISTENERS {
        assert!(!kinds.is_empty() && text.contains(&format!("comanda_event_lag_seconds_count{{service=\"{service}\"")));
    }
    app.finish().await;
}
