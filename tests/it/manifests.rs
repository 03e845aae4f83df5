//! The manifests under `k8s/` and `compose.yaml`: all of them render and are valid, and what they say agrees with the code
//! and with each other. `kubectl` is named by TEST_KUBECTL.

mod agree;
mod alerts;
mod dashboards;
mod edges;
mod pods;
mod refer;
mod workflows;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    harness::scratch,
    servers::{required, variable},
};

const OVERLAYS: [&str; 3] = ["local", "aws-ec2", "eks"];
/// The oldest that is not end of life, and the newest.
const VERSIONS: [&str; 3] = ["1.33", "1.35", "1.37"];
/// Of operators: the API of a cluster without them does not know these.
const CUSTOM: [&str; 10] = [
    "envoyproxy.io",
    "external-secrets.io",
    "gateway.networking.k8s.io",
    "keda.sh",
    "monitoring.coreos.com",
    "postgresql.cnpg.io",
    "rabbitmq.com",
    "traefik.io",
    "cert-manager.io",
    "kustomize.config.k8s.io",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Says once what is left out.
fn kubectl() -> Option<&'static str> {
    static KUBECTL: OnceLock<Option<String>> = OnceLock::new();
    let found = KUBECTL.get_or_init(|| {
        let kubectl = variable("TEST_KUBECTL");
        if kubectl.is_none() {
            assert!(!required(), "TEST_KUBECTL is not set");
            eprintln!("left out: the manifests of Kubernetes (scripts/test provides TEST_KUBECTL)");
        }
        kubectl
    });
    found.as_deref()
}

/// All objects of a directory, as `kubectl apply -k` would send them.
fn render(kubectl: &str, directory: &Path) -> Vec<Value> {
    let Output { status, stdout, stderr } = Command::new(kubectl).arg("kustomize").arg(directory).output().unwrap();
    let said = String::from_utf8_lossy(&stderr);
    assert!(status.success() && !said.contains("eprecated"), "{}: {said}", directory.display());
    parse(&String::from_utf8(stdout).unwrap())
}

/// The alerts, as Prometheus reads them.
pub(crate) fn rules() -> Value {
    let text = std::fs::read_to_string(root().join("k8s/components/monitoring/rules.yaml")).unwrap();
    parse(&text).remove(0)["spec"].take()
}

fn parse(text: &str) -> Vec<Value> {
    let documents = serde_yaml_ng::Deserializer::from_str(text);
    documents
        .map(|document| {
            let mut value = serde_yaml_ng::Value::deserialize(document).unwrap();
            // What is merged may merge something itself.
            value.apply_merge().and_then(|()| value.apply_merge()).unwrap();
            serde_json::to_value(value).unwrap()
        })
        .collect()
}

/// An overlay by its name, with all its objects.
#[derive(Debug)]
struct Overlay {
    name: &'static str,
    objects: Vec<Value>,
}

/// Nothing where there is no `kubectl`.
fn overlays() -> &'static [Overlay] {
    static ALL: OnceLock<Vec<Overlay>> = OnceLock::new();
    ALL.get_or_init(|| {
        let Some(kubectl) = kubectl() else { return Vec::new() };
        let overlay = |name| Overlay { name, objects: render(kubectl, &root().join("k8s/overlays").join(name)) };
        OVERLAYS.map(overlay).into()
    })
}

impl Overlay {
    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    /// What runs pods: the object, and the template of its pods.
    fn workloads(&self) -> impl Iterator<Item = (&Value, &Value)> {
        let runs = |object: &&Value| ["Deployment", "StatefulSet"].iter().any(|kind| object["kind"] == *kind);
        self.objects.iter().filter(runs).map(|object| (object, &object["spec"]["template"]))
    }

    /// As tests name it when it fails.
    fn place(&self, object: &Value) -> String {
        format!("{}: {} {}", self.name, object["kind"].as_str().unwrap_or("?"), name(object))
    }
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_else(|| panic!("{object} has no name"))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn containers(template: &Value) -> impl Iterator<Item = &Value> {
    list(&template["spec"]["initContainers"]).chain(list(&template["spec"]["containers"]))
}

/// Whether the labels have all that a selector names.
fn selects(selector: &Value, labels: &Value) -> bool {
    selector.as_object().unwrap().iter().all(|(key, value)| &labels[key] == value)
}

/// From the root, whatever the length of the way.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let up: PathBuf = from.components().skip(1).map(|_| "..").collect();
    up.join(to.strip_prefix("/").unwrap())
}

#[test]
fn every_component_renders_by_itself() {
    let Some(kubectl) = kubectl() else { return };
    let components = std::fs::read_dir(root().join("k8s/components")).unwrap();
    let components: Vec<PathBuf> = components.map(|entry| entry.unwrap().path()).collect();
    assert!(components.len() > 8);
    for component in components {
        let scratch = scratch();
        let directory = scratch.path().canonicalize().unwrap();
        let text = format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{}]\ncomponents: [{}]\n",
            relative(&directory, &root().join("k8s/base")).display(),
            relative(&directory, &component).display()
        );
        std::fs::write(directory.join("kustomization.yaml"), text).unwrap();
        assert!(render(kubectl, &directory).len() > 13, "{} adds something", component.display());
    }
}

#[test]
fn every_object_is_valid_in_each_version() {
    let (Some(kubectl), Some(python)) = (kubectl(), variable("TEST_PYTHON")) else { return };
    let scratch = scratch();
    for overlay in OVERLAYS {
        let file = scratch.path().join(format!("{overlay}.yaml"));
        let directory = root().join("k8s/overlays").join(overlay);
        let rendered = Command::new(kubectl).arg("kustomize").arg(directory).output().unwrap();
        std::fs::write(&file, rendered.stdout).unwrap();
        for version in VERSIONS {
            let mut validate = Command::new(&python);
            validate.args(["-m", "kubernetes_validate", "--strict", "-k", version]).arg(&file);
            let Output { status, stdout, stderr } = validate.output().unwrap();
            let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
            assert!(status.success(), "{overlay}, {version}: {said}");
            let unknown = |line: &&str| !line.starts_with("INFO") && !CUSTOM.iter().any(|group| line.contains(group));
            let unknown: Vec<&str> = said.lines().filter(unknown).collect();
            assert!(unknown.is_empty(), "{overlay}, {version}: {unknown:#?}");
        }
    }
}
