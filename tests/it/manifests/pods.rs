//! What each pod is held to: what it may do, how much it may use, how it is asked and how it is stopped.

use serde_json::{Value, json};

use super::{Overlay, containers, kubectl, list, overlays, render, root};

/// From the end of the drain to the end of the process, whatever hangs.
const STOP_S: u64 = 10;

fn for_every_container(check: impl Fn(&str, &Value, &Value)) {
    for overlay in overlays() {
        for (object, template) in overlay.workloads() {
            for container in containers(template) {
                check(&overlay.place(object), &template["spec"], container);
            }
        }
    }
}

/// Nothing. Caddy's file has a capability of its own, and where that cannot be had the kernel does not run it.
fn may(container: &Value) -> Value {
    match container["image"].as_str() {
        Some(image) if image.contains("/caddy:") => json!({"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}),
        _ => json!({"drop": ["ALL"]}),
    }
}

#[test]
fn every_container_is_restricted() {
    for_every_container(|place, pod, container| {
        let (own, pods) = (&container["securityContext"], &pod["securityContext"]);
        assert_eq!(pods["runAsNonRoot"], true, "{place}");
        assert!(pods["runAsUser"].as_u64().is_some_and(|user| user > 0), "{place}");
        assert_eq!(pods["seccompProfile"]["type"], "RuntimeDefault", "{place}");
        assert_eq!(own["allowPrivilegeEscalation"], false, "{place}");
        assert_eq!(own["readOnlyRootFilesystem"], true, "{place}");
        assert_eq!(own["capabilities"], may(container), "{place}");
        assert_eq!(pod["automountServiceAccountToken"], false, "{place} has a token");
        assert_eq!(pod["enableServiceLinks"], false, "{place}");
        for volume in list(&pod["volumes"]) {
            assert!(volume["hostPath"].is_null(), "{place} looks into its node");
        }
    });
}

#[test]
fn memory_has_a_limit_and_processor_time_has_none() {
    for_every_container(|place, _, container| {
        let resources = &container["resources"];
        assert!(resources["requests"]["cpu"].is_string(), "{place}");
        assert!(resources["requests"]["memory"].is_string(), "{place}");
        assert_eq!(resources["requests"]["memory"], resources["limits"]["memory"], "{place}");
        assert!(resources["limits"]["cpu"].is_null(), "{place}");
    });
}

#[test]
fn every_image_has_a_version() {
    for_every_container(|place, _, container| {
        let image = container["image"].as_str().unwrap();
        let (name, version) = image.rsplit_once([':', '@']).unwrap_or_else(|| panic!("{place}: {image}"));
        assert!(!name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()), "{place}: {image}");
        assert!(image.starts_with("comanda:") || image.contains('.'), "{place}: {image} names no registry");
    });
}

fn setting(overlay: &Overlay, name: &str) -> u64 {
    let settings = overlay.of_kind("ConfigMap").find(|map| super::name(map).starts_with("settings-")).unwrap();
    let text = settings["data"][name].as_str().unwrap();
    let (number, unit) = text.split_at(text.len() - 1);
    number.parse::<u64>().unwrap() * if unit == "m" { 60 } else { 1 }
}

/// A process that is killed in the middle of what it has in hand loses nothing, and makes it wait for others.
#[test]
fn there_is_time_to_stop_and_time_to_start() {
    for overlay in overlays() {
        let services = overlay.workloads().filter(|(object, _)| is_service(object));
        for (object, template) in services {
            let (pod, place) = (&template["spec"], overlay.place(object));
            let grace_s = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
            assert!(grace_s > setting(overlay, "DRAIN") + STOP_S, "{place}");
            let probe = &pod["containers"][0]["startupProbe"];
            let patience_s = probe["periodSeconds"].as_u64().unwrap() * probe["failureThreshold"].as_u64().unwrap();
            assert!(patience_s > setting(overlay, "DATABASE_WITHIN"), "{place}");
        }
    }
}

pub(super) fn is_service(object: &Value) -> bool {
    object["metadata"]["labels"]["app.kubernetes.io/component"] == "service" && object["kind"] == "Deployment"
}

#[test]
fn services_are_alike() {
    let Some(kubectl) = kubectl() else { return };
    let base = render(kubectl, &root().join("k8s/base"));
    let alike = base.into_iter().filter(is_service).map(|mut object| {
        let own = super::name(&object).trim_end_matches("-svc").to_owned();
        object["metadata"]["annotations"] = Value::Null;
        let text = serde_json::to_string_pretty(&object).unwrap().replace(&own.to_uppercase(), "NAME");
        ["8081", "8082", "8083"].iter().fold(text.replace(&own, "name"), |text, port| text.replace(port, "PORT"))
    });
    let mut alike: Vec<String> = alike.collect();
    assert_eq!(alike.len(), 3);
    alike.dedup();
    assert_eq!(alike.len(), 1, "the services differ");
}

/// Health and readiness of a service are its own and its database's; whatever scales says how many there are.
#[test]
fn services_are_asked_by_the_routes_for_it_and_scaled_by_one_alone() {
    for overlay in overlays() {
        let scaled: Vec<&Value> = ["HorizontalPodAutoscaler", "ScaledObject"]
            .iter()
            .flat_map(|kind| overlay.of_kind(kind))
            .map(|scaler| &scaler["spec"]["scaleTargetRef"]["name"])
            .collect();
        for service in overlay.objects.iter().filter(|object| is_service(object)) {
            let (place, name) = (overlay.place(service), &service["metadata"]["name"]);
            let container = &service["spec"]["template"]["spec"]["containers"][0];
            let path = |probe: &str| container[probe]["httpGet"]["path"].as_str().unwrap();
            assert_eq!(["startupProbe", "livenessProbe"].map(path), ["/healthz/live"; 2], "{place}");
            assert_eq!(path("readinessProbe"), "/healthz/ready", "{place}");
            let scalers = scaled.iter().filter(|target| **target == name).count();
            assert!(scalers <= 1 && (scalers == 0 || service["spec"]["replicas"].is_null()), "{place}");
            assert!(overlay.name != "eks" || scalers == 1, "{place} is not scaled");
        }
        for target in scaled {
            assert!(overlay.workloads().any(|(object, _)| &object["metadata"]["name"] == target), "{target}");
        }
    }
}
