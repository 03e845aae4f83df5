//! Whatever one object says of another is true: selectors, ports, settings, secrets.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::contract::topology;

use super::{Overlay, containers, list, name, overlays, selects};

/// Which secrets an overlay expects and does not make, with their keys: people make them, or operators.
const EXPECTED: [(&str, &[(&str, &str)]); 3] = [("local", &[]), ("aws-ec2", &DATA), ("eks", &DATA)];
const DATA: [(&str, &str); 17] = [
    ("order-db-app", "uri"),
    ("order-db-app", "username"),
    ("order-db-app", "password"),
    ("order-db-app", "dbname"),
    ("inventory-db-app", "uri"),
    ("inventory-db-app", "username"),
    ("inventory-db-app", "password"),
    ("inventory-db-app", "dbname"),
    ("kitchen-db-app", "uri"),
    ("kitchen-db-app", "username"),
    ("kitchen-db-app", "password"),
    ("kitchen-db-app", "dbname"),
    ("rabbitmq-default-user", "username"),
    ("rabbitmq-default-user", "password"),
    ("broker-users", "order-svc.url"),
    ("broker-users", "inventory-svc.url"),
    ("broker-users", "kitchen-svc.url"),
];

#[test]
fn selectors_find_the_pods_that_they_mean() {
    for overlay in overlays() {
        for (object, template) in overlay.workloads() {
            let (selector, labels) = (&object["spec"]["selector"]["matchLabels"], &template["metadata"]["labels"]);
            assert_eq!(labels["app.kubernetes.io/part-of"], "comanda", "{}", overlay.place(object));
            assert!(selects(selector, labels), "{}", overlay.place(object));
            // A selector cannot be changed: what may change has no place in it.
            let keys: Vec<&String> = selector.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["app.kubernetes.io/instance", "app.kubernetes.io/name"], "{}", overlay.place(object));
            for spread in list(&template["spec"]["topologySpreadConstraints"]) {
                assert_eq!(&spread["labelSelector"]["matchLabels"], selector, "{}", overlay.place(object));
            }
        }
        for budget in overlay.of_kind("PodDisruptionBudget") {
            let selector = &budget["spec"]["selector"]["matchLabels"];
            assert_eq!(pods(overlay, selector).count(), 1, "{}", overlay.place(budget));
        }
        for object in overlay.objects.iter().filter(|object| object["kind"] != "Namespace") {
            assert_eq!(object["metadata"]["namespace"], "comanda", "{}", overlay.place(object));
        }
    }
}

/// The templates of the pods that a selector finds.
fn pods<'a>(overlay: &'a Overlay, selector: &'a Value) -> impl Iterator<Item = &'a Value> {
    let templates = overlay.workloads().map(|(_, template)| template);
    templates.filter(move |template| selects(selector, &template["metadata"]["labels"]))
}

fn has_port(template: &Value, port: &Value) -> bool {
    let mut ports = list(&template["spec"]["containers"]).flat_map(|container| list(&container["ports"]));
    ports.any(|named| &named["name"] == port)
}

#[test]
fn ports_have_the_names_by_which_they_are_called() {
    for overlay in overlays() {
        for service in overlay.of_kind("Service") {
            let templates: Vec<&Value> = pods(overlay, &service["spec"]["selector"]).collect();
            assert_eq!(templates.len(), 1, "{}", overlay.place(service));
            for port in list(&service["spec"]["ports"]) {
                assert!(has_port(templates[0], &port["targetPort"]), "{}: {port}", overlay.place(service));
            }
        }
        for (object, template) in overlay.workloads() {
            for container in list(&template["spec"]["containers"]) {
                for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
                    let asked = &container[probe];
                    let port = if asked["httpGet"].is_object() { &asked["httpGet"] } else { &asked["tcpSocket"] };
                    let port = &port["port"];
                    assert!(port.is_null() || has_port(template, port), "{}: {port}", overlay.place(object));
                }
            }
        }
        for monitor in overlay.of_kind("ServiceMonitor") {
            let selector = &monitor["spec"]["selector"]["matchLabels"];
            let mut services = overlay.of_kind("Service").filter(|it| selects(selector, &it["metadata"]["labels"]));
            let port = &monitor["spec"]["endpoints"][0]["port"];
            // That of the broker is its operator's.
            let found = services.any(|it| list(&it["spec"]["ports"]).any(|named| &named["name"] == port));
            assert!(found || name(monitor) == "rabbitmq", "{}", overlay.place(monitor));
        }
    }
}

#[test]
fn every_setting_and_secret_is_there_or_expected() {
    for overlay in overlays() {
        let made = |kind: &str, key: (&str, &str)| {
            overlay.of_kind(kind).any(|object| name(object) == key.0 && !object["data"][key.1].is_null())
        };
        let (_, expected) = EXPECTED.iter().find(|(named, _)| *named == overlay.name).unwrap();
        let mut used = BTreeSet::new();
        for (object, template) in overlay.workloads() {
            for variable in containers(template).flat_map(|container| list(&container["env"])) {
                let key = &variable["valueFrom"]["secretKeyRef"];
                if let (Some(secret), Some(key)) = (key["name"].as_str(), key["key"].as_str()) {
                    let is_expected = expected.contains(&(secret, key));
                    let is_made = made("Secret", (secret, key));
                    assert!(is_made || (overlay.name != "local" && is_expected), "{}: {secret}", overlay.place(object));
                    used.insert(secret.to_owned());
                }
            }
            for map in containers(template).flat_map(|container| list(&container["envFrom"])) {
                let map = &map["configMapRef"]["name"];
                let found = overlay.of_kind("ConfigMap").any(|object| &object["metadata"]["name"] == map);
                assert!(found, "{}: {map}", overlay.place(object));
            }
            for volume in list(&template["spec"]["volumes"]).filter(|volume| volume["secret"].is_object()) {
                let secret = volume["secret"]["secretName"].as_str().unwrap();
                let is_known = overlay.of_kind("Secret").any(|object| name(object) == secret)
                    || expected.iter().any(|(known, _)| *known == secret);
                assert!(is_known, "{}: {secret}", overlay.place(object));
            }
            for volume in list(&template["spec"]["volumes"]).filter(|volume| volume["configMap"].is_object()) {
                let map = &volume["configMap"]["name"];
                let found = overlay.of_kind("ConfigMap").any(|object| &object["metadata"]["name"] == map);
                assert!(found, "{}: {map}", overlay.place(object));
            }
        }
        assert_eq!(used.len(), 5, "{}: {used:?}", overlay.name);
    }
}

#[test]
fn nobody_but_a_laptop_has_a_secret_in_its_manifests() {
    for overlay in overlays().iter().filter(|overlay| overlay.name != "local") {
        assert_eq!(overlay.of_kind("Secret").count(), 0, "{}", overlay.name);
    }
}

/// Who is scaled by the length of a queue is scaled by that of his own.
#[test]
fn queues_have_the_names_that_the_services_give_them() {
    for overlay in overlays() {
        for scaler in overlay.of_kind("ScaledObject") {
            let queue = topology::inbox(scaler["spec"]["scaleTargetRef"]["name"].as_str().unwrap());
            let trigger = &scaler["spec"]["triggers"][0];
            assert_eq!(trigger["metadata"]["queueName"], queue, "{}", overlay.place(scaler));
            // The only protocol by which what is delivered and not yet settled counts.
            assert_eq!(trigger["metadata"]["protocol"], "http", "{}", overlay.place(scaler));
            let named = &trigger["authenticationRef"]["name"];
            assert!(overlay.of_kind("TriggerAuthentication").any(|it| &it["metadata"]["name"] == named));
        }
    }
}
