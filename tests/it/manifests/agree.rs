//! The manifests, `compose.yaml`, the documentation and the code agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use clap::Args;
use serde_json::Value;
use shared::process::config::{Settings, database_variable};

use super::{containers, kubectl, list, name, overlays, parse, pods::is_service, render, root};
use crate::{
    harness::{Backends, scratch},
    process::{Process, comanda, free_address},
};

const README: &str = include_str!("../../../k8s/README.md");
const DASHBOARDS: [&str; 2] = [
    include_str!("../../../k8s/components/monitoring/comanda.json"),
    include_str!("../../../k8s/components/monitoring/restaurant.json"),
];
const RULES: &str = include_str!("../../../k8s/components/monitoring/rules.yaml");
/// A test holds its list of metrics against what is measured.
const OPERATIONS: &str = include_str!("../../../docs/operations.md");

/// All that a service can be told, by variables.
fn settings_of(service: &str) -> BTreeSet<String> {
    let command = Settings::augment_args(clap::Command::new("service"));
    let names = command.get_arguments().filter_map(|it| it.get_env()).map(|name| name.to_string_lossy().into_owned());
    names.chain([database_variable(service), "RUST_LOG".to_owned()]).collect()
}

/// What a container is told: the value, or where it comes from.
fn told(overlay: &super::Overlay, container: &Value) -> BTreeMap<String, String> {
    let own = list(&container["env"]).map(|it| (&it["name"], &it["value"]));
    let mut told: BTreeMap<String, String> = own
        .map(|(name, value)| (name.as_str().unwrap().into(), value.as_str().unwrap_or("of a secret").into()))
        .collect();
    for map in list(&container["envFrom"]).map(|it| &it["configMapRef"]["name"]) {
        let map = overlay.of_kind("ConfigMap").find(|it| &it["metadata"]["name"] == map).unwrap();
        let data = map["data"].as_object().unwrap().iter();
        told.extend(data.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())));
    }
    told
}

#[test]
fn services_are_told_all_that_they_can_be_told_and_nothing_else() {
    for overlay in overlays() {
        for service in overlay.objects.iter().filter(|object| is_service(object)) {
            let pod = &service["spec"]["template"]["spec"];
            let names: BTreeSet<String> = told(overlay, &pod["containers"][0]).into_keys().collect();
            assert_eq!(names, settings_of(name(service)), "{}", overlay.place(service));
            let known = told(overlay, &pod["initContainers"][0]).into_keys().all(|it| names.contains(&it));
            assert!(known, "{}", overlay.place(service));
        }
    }
}

/// All texts of an object under members of these names, wherever they are.
fn texts<'a>(value: &'a Value, names: &[&str], found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if names.contains(&name.as_str()) {
                    found.extend(value.as_str().into_iter().chain(list(value).filter_map(Value::as_str)));
                }
                texts(value, names, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, names, found)),
        _ => {}
    }
}

#[test]
fn services_know_all_names_under_which_they_are_reached() {
    for overlay in overlays() {
        let service = overlay.objects.iter().find(|object| is_service(object)).unwrap();
        let hosts = told(overlay, &service["spec"]["template"]["spec"]["containers"][0]).remove("HOSTS").unwrap();
        let mut reached = BTreeSet::new();
        for kind in ["Ingress", "Gateway", "HTTPRoute"] {
            overlay.of_kind(kind).for_each(|edge| texts(edge, &["host", "hostname", "hostnames"], &mut reached));
        }
        for (_, template) in overlay.workloads() {
            let mut arguments = BTreeSet::new();
            texts(template, &["args"], &mut arguments);
            let urls = arguments.into_iter().filter_map(|it| it.strip_prefix("--at=http://"));
            reached.extend(urls.map(|url| url.split(':').next().unwrap()));
        }
        assert!(!reached.is_empty(), "{}", overlay.name);
        for name in reached {
            assert!(hosts.split(',').any(|host| host == name), "{}: {name} is not in HOSTS={hosts}", overlay.name);
        }
    }
}

fn compose() -> Value {
    parse(&std::fs::read_to_string(root().join("compose.yaml")).unwrap()).remove(0)
}

fn seconds(duration: &Value) -> u64 {
    duration.as_str().unwrap().strip_suffix('s').unwrap().parse().unwrap()
}

/// Compose writes `128M` for what Kubernetes calls `128Mi`.
fn bytes(limit: &Value) -> String {
    limit.as_str().unwrap().replace('i', "")
}

#[test]
fn compose_and_kubernetes_say_the_same() {
    let compose = compose();
    let Some(overlay) = overlays().iter().find(|overlay| overlay.name == "local") else { return };
    let mut both = 0;
    for (object, template) in overlay.workloads() {
        let (service, place) = (&compose["services"][name(object)], overlay.place(object));
        let container = &template["spec"]["containers"][0];
        assert!(service.is_object(), "{place} is not in compose.yaml");
        both += 1;
        assert_eq!(
            bytes(&service["deploy"]["resources"]["limits"]["memory"]),
            bytes(&container["resources"]["limits"]["memory"]),
            "{place}"
        );
        let image = service["image"].as_str().unwrap();
        let image = image.rsplit_once('}').map_or(image.to_owned(), |(_, version)| format!("comanda{version}"));
        assert_eq!(container["image"].as_str().unwrap(), image, "{place}");
        assert_eq!(service["cap_add"], container["securityContext"]["capabilities"]["add"], "{place}");
        if !is_service(object) {
            continue;
        }
        assert_eq!(
            template["spec"]["terminationGracePeriodSeconds"],
            seconds(&service["stop_grace_period"]),
            "{place}"
        );
        assert_eq!(service["command"], container["args"], "{place}");
        let told = told(overlay, container);
        let environment = service["environment"].as_object().unwrap();
        assert!(environment.keys().eq(told.keys()), "{place}");
        for (name, value) in told.iter().filter(|(_, value)| *value != "of a secret") {
            assert_eq!(environment[name], **value, "{place}: {name}");
        }
    }
    let only_compose = ["prometheus", "grafana"];
    assert_eq!(compose["services"].as_object().unwrap().len(), both + only_compose.len());
}

/// A setting that says nothing is no reason not to start.
#[tokio::test]
async fn who_is_told_all_of_it_starts() {
    let (backends, address) = (Backends::embedded(), free_address());
    let mut command = comanda(&backends, &address);
    let settings = compose()["x-settings"].take();
    for (name, value) in settings.as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    Process::run(command.arg("--no-demo"), &address).await;
}

#[test]
fn compose_publishes_on_this_machine_only_and_limits_all() {
    for (name, service) in compose()["services"].as_object().unwrap() {
        assert!(list(&service["ports"]).all(|port| port.as_str().unwrap().starts_with("127.0.0.1:")), "{name}");
        assert!(service["deploy"]["resources"]["limits"]["memory"].is_string(), "{name}");
        let image = service["image"].as_str().unwrap();
        assert!(image.rsplit_once(':').is_some_and(|(_, version)| version != "latest"), "{name}: {image}");
    }
}

/// Words of a text that begin like this.
fn words<'a>(text: &'a str, prefix: &'a str) -> BTreeSet<&'a str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| word.starts_with(prefix)).collect()
}

#[test]
fn what_is_watched_is_measured() {
    let rows = OPERATIONS.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let measured: BTreeSet<&str> = rows.filter(|name| name.starts_with("comanda_")).collect();
    let watching = DASHBOARDS.iter().chain([&RULES]);
    let watched: BTreeSet<&str> = watching.flat_map(|text| words(text, "comanda_")).collect();
    assert!(watched.len() > 10);
    for metric in watched {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| metric.strip_suffix(suffix));
        assert!(measured.contains(base.unwrap_or(metric)), "nothing measures {metric}");
    }
}

#[test]
fn what_the_tour_names_is_there() {
    let links = README.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap());
    for link in links.filter(|link| !link.is_empty() && !link.starts_with("http")) {
        assert!(root().join("k8s").join(link).exists(), "{link}");
    }
    let named = README.split(|c: char| c.is_whitespace() || "`()".contains(c));
    let named = named.map(|word| word.trim_end_matches([',', '.', ':', ';']));
    for path in named.filter(|word| word.starts_with("k8s/") || word.starts_with("scripts/")) {
        assert!(root().join(path).exists(), "{path}");
    }
}

/// As the tour has it: afterwards nothing leads to the example's host, and nobody expects it.
#[test]
fn a_host_of_ones_own_takes_one_line() {
    let Some(kubectl) = kubectl() else { return };
    let scratch = scratch();
    let copied = Command::new("cp").arg("-r").arg(root().join("k8s")).arg(scratch.path()).status().unwrap();
    assert!(copied.success());
    let overlay = scratch.path().join("k8s/overlays/aws-ec2");
    let line = README.lines().find(|line| line.starts_with("sed -i 's/orders.example.com/")).unwrap();
    assert!(Command::new("sh").args(["-c", line]).current_dir(&overlay).status().unwrap().success());
    let objects = render(kubectl, &overlay);
    assert!(objects.iter().any(|object| object.to_string().contains("orders.YOUR.domain")));
    for object in objects {
        assert!(!object.to_string().contains("orders.example.com"), "{}", name(&object));
    }
}

#[test]
fn images_are_built_with_the_oldest_compiler_that_will_do() {
    let dockerfile = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let needed =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")).unwrap().trim_end_matches('"');
    assert!(dockerfile.contains(&format!("rust:{needed}.")), "{needed}");
    for (object, template) in overlays().iter().flat_map(super::Overlay::workloads) {
        let own = containers(template).filter(|it| it["image"].as_str().is_some_and(|it| it.starts_with("comanda:")));
        for container in own {
            assert_eq!(container["image"], concat!("comanda:", env!("CARGO_PKG_VERSION")), "{}", name(object));
        }
    }
}
