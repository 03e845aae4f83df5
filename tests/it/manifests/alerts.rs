//! Each alert fires when it should, and not before: `promtool`, named by TEST_PROMTOOL, runs `rules.test.yaml` on the rules.

use std::process::Command;

use serde_json::Value;

use super::{list, parse, root, rules};
use crate::{
    harness::scratch,
    servers::{required, variable},
};

const DIRECTORY: &str = "k8s/components/monitoring";

#[test]
fn alerts_fire_when_they_should() {
    let Some(promtool) = variable("TEST_PROMTOOL") else {
        assert!(!required(), "TEST_PROMTOOL is not set");
        return eprintln!("left out: what alerts fire on (scripts/test provides TEST_PROMTOOL)");
    };
    let (scratch, directory) = (scratch(), root().join(DIRECTORY));
    let rules = rules();
    std::fs::write(scratch.path().join("rules.yaml"), rules.to_string()).unwrap();
    let tests = std::fs::read_to_string(directory.join("rules.test.yaml")).unwrap();
    std::fs::write(scratch.path().join("rules.test.yaml"), &tests).unwrap();
    let output = Command::new(promtool).args(["test", "rules", "rules.test.yaml"]).current_dir(scratch.path()).output();
    let output = output.unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
    // None is left out.
    let firing: Vec<Value> =
        list(&parse(&tests)[0]["tests"]).flat_map(|test| list(&test["alert_rule_test"])).cloned().collect();
    let fires = |alert: &Value| firing.iter().any(|test| test["alertname"] == *alert && test["exp_alerts"].is_array());
    for rule in list(&rules["groups"]).flat_map(|group| list(&group["rules"])) {
        assert!(rule["record"].is_string() || fires(&rule["alert"]), "nothing shows that {} fires", rule["alert"]);
    }
}
