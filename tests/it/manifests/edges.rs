//! Who can reach whom: between pods, by the network policies; from outside, by the routes of each edge.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde_json::Value;
use shared::web::site::Site;

use super::{Overlay, list, name, overlays, root};
use crate::harness::{App, Backends};

/// For operators and their tools alone: no edge leads to them.
const INTERNAL: [&str; 8] =
    ["/healthz", "/metrics", "/v1/feed", "/v1/dead", "/v1/journal", "/v1/state", "/v1/inbox", "/v1/events"];

/// Whether labels are what a selector wants.
fn matches(selector: &Value, labels: &Value) -> bool {
    let equal = selector["matchLabels"].as_object().is_none_or(|all| all.iter().all(|(key, it)| &labels[key] == it));
    equal
        && list(&selector["matchExpressions"])
            .all(|it| list(&it["values"]).any(|value| &labels[it["key"].as_str().unwrap()] == value))
}

/// Whether the policies of a pod let it speak to, or be spoken to by, another on a port of the one that is spoken to.
fn permitted(overlay: &Overlay, direction: &str, pod: &Value, peer: &Value, port: &Value) -> bool {
    let applies = |policy: &&Value| {
        let spec = &policy["spec"];
        list(&spec["policyTypes"]).any(|it| it == direction) && matches(&spec["podSelector"], pod)
    };
    let (rules, peers) = if direction == "Ingress" { ("ingress", "from") } else { ("egress", "to") };
    let is_peer = |it: &Value| it["namespaceSelector"].is_null() && matches(&it["podSelector"], peer);
    let permits = |rule: &Value| {
        let open = rule[peers].is_null() || list(&rule[peers]).any(is_peer);
        open && (rule["ports"].is_null() || list(&rule["ports"]).any(|it| &it["port"] == port))
    };
    let mut applying = overlay.of_kind("NetworkPolicy").filter(applies).peekable();
    applying.peek().is_none() || applying.any(|policy| list(&policy["spec"][rules]).any(permits))
}

fn check_graph(overlay: &str, expected: &Expect) {
    let Some(overlay) = overlays().iter().find(|it| it.name == overlay) else { return };
    let mut edges = BTreeSet::new();
    for (from, sender) in overlay.workloads() {
        for (to, receiver) in overlay.workloads() {
            let (sender, receiver, pod) = (&sender["metadata"]["labels"], &receiver["metadata"]["labels"], receiver);
            for port in
                list(&pod["spec"]["containers"]).flat_map(|it| list(&it["ports"])).map(|it| &it["containerPort"])
            {
                let permitted = permitted(overlay, "Egress", sender, receiver, port)
                    && permitted(overlay, "Ingress", receiver, sender, port);
                if permitted && name(from) != name(to) {
                    edges.insert(format!("{} > {}:{port}\n", name(from), name(to)));
                }
            }
        }
    }
    expected.assert_eq(&edges.into_iter().collect::<String>());
}

#[test]
fn pods_reach_what_they_need_and_nothing_else() {
    let services = expect![[r#"
        broker-users > rabbitmq:15672
        inventory-svc > inventory-db:5432
        inventory-svc > rabbitmq:5672
        kitchen-svc > kitchen-db:5432
        kitchen-svc > rabbitmq:5672
        order-svc > order-db:5432
        order-svc > rabbitmq:5672
    "#]];
    check_graph("aws-ec2", &services);
    check_graph(
        "eks",
        &expect![[r#"
        audit > inventory-svc:8082
        audit > kitchen-svc:8083
        audit > order-svc:8081
    "#]],
    );
    check_graph(
        "local",
        &expect![[r#"
        broker-users > rabbitmq:15672
        console > inventory-svc:8082
        console > kitchen-svc:8083
        console > order-svc:8081
        gateway > console:8070
        gateway > inventory-svc:8082
        gateway > kitchen-svc:8083
        gateway > order-svc:8081
        guests > gateway:8080
        inventory-svc > inventory-db:5432
        inventory-svc > rabbitmq:5672
        kitchen-svc > kitchen-db:5432
        kitchen-svc > rabbitmq:5672
        order-svc > order-db:5432
        order-svc > rabbitmq:5672
    "#]],
    );
}

/// What a service has at which path: the methods of its interface, and the files of its page.
struct Had {
    service: &'static str,
    operations: Vec<(String, String)>,
}

async fn had<S: Site>(database: usize) -> Had {
    let backends = Backends::embedded();
    let app = App::start_alone::<S>(&backends, &backends.databases[database]).await;
    let document = app.get("/openapi.json").await;
    app.stop().await;
    let mut operations: Vec<_> = S::ASSETS.iter().map(|asset| ("GET".to_owned(), asset.path.to_owned())).collect();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{feed}", S::FEED).replace(['{', '}'], "");
        operations.extend(methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())));
    }
    Had { service: S::NAME, operations }
}

async fn all() -> [Had; 3] {
    [had::<OrderSvc>(0).await, had::<InventorySvc>(1).await, had::<KitchenSvc>(2).await]
}

/// Part for part; a star is one part, and the rest of them at the end.
fn glob(pattern: &str, path: &str) -> bool {
    let (mut parts, mut rest) = (pattern.split('/').peekable(), path.split('/'));
    while let Some(part) = parts.next() {
        match (part, rest.next()) {
            ("*", Some(_)) if parts.peek().is_none() => return true,
            (part, Some(found)) if part == "*" || part == found => {}
            _ => return false,
        }
    }
    rest.next().is_none()
}

/// The matchers of the gateway in order, with the service that each leads to; the last matches all.
fn gateway() -> Vec<(Vec<String>, String)> {
    let text = std::fs::read_to_string(root().join("k8s/components/proxy/Caddyfile")).unwrap();
    let mut routes = Vec::new();
    let mut paths = vec!["/*".to_owned()];
    for line in text.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [name, "path", ref globs @ ..] if name.starts_with('@') => {
                paths = globs.iter().map(|it| (*it).into()).collect()
            }
            ["handle", "{"] => paths = vec!["/*".to_owned()],
            ["import", "service", service, _] => routes.push((paths.clone(), service.to_owned())),
            _ => {}
        }
    }
    routes
}

#[tokio::test]
async fn the_gateway_leads_to_whoever_has_it() {
    let routes = gateway();
    assert_eq!(routes.len(), 4);
    for Had { service, operations } in all().await {
        let has = operations.iter().filter(|(_, path)| !path.starts_with("/healthz") && path != "/metrics");
        for (_, path) in has.filter(|(_, path)| path != "/openapi.json") {
            let (_, leads) = routes.iter().find(|(globs, _)| globs.iter().any(|it| glob(it, path))).unwrap();
            assert_eq!(leads, service, "{path}");
        }
    }
}

fn begins(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where a path leads whoever is let in; by prefixes, of which none is a part of another's.
fn staff(overlay: &Overlay, path: &str) -> Option<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let ingress = overlay.of_kind("Ingress").flat_map(|it| list(&it["spec"]["rules"][0]["http"]["paths"]));
    let ingress = ingress.map(|it| (text(&it["path"]), text(&it["backend"]["service"]["name"])));
    let routes =
        overlay.of_kind("HTTPRoute").filter(|it| name(it) == "staff").flat_map(|it| list(&it["spec"]["rules"]));
    let routes = routes.flat_map(|rule| {
        list(&rule["matches"]).map(|it| (text(&it["path"]["value"]), text(&rule["backendRefs"][0]["name"])))
    });
    ingress.chain(routes).find(|(prefix, _)| begins(path, prefix)).map(|(_, service)| service)
}

#[tokio::test]
async fn the_edge_leads_staff_to_all_but_what_is_for_operators() {
    let all = all().await;
    for overlay in overlays().iter().filter(|overlay| overlay.name != "local") {
        for Had { service, operations } in &all {
            for (_, path) in operations.iter().filter(|(_, path)| path != "/openapi.json") {
                let leads = staff(overlay, path);
                let internal = INTERNAL.iter().any(|prefix| begins(path, prefix));
                assert_eq!(leads.as_deref(), (!internal).then_some(*service), "{}: {path}", overlay.name);
            }
        }
    }
}

/// Of the Gateway API: paths are exact, prefixes or expressions, of which two are used.
fn guest_may(route: &Value, method: &str, path: &str) -> bool {
    let mut wanted = list(&route["spec"]["rules"]).flat_map(|rule| list(&rule["matches"]));
    wanted.any(|it| {
        let value = it["path"]["value"].as_str().unwrap();
        let found = match (it["path"]["type"].as_str().unwrap(), value) {
            ("Exact", _) => path == value,
            ("PathPrefix", _) => begins(path, value),
            (_, "/v1/orders/.+") => path.starts_with("/v1/orders/"),
            (_, "/v1/orders/[^/]+/cancel") => glob("/v1/orders/x/cancel", &path.replace("/id/", "/x/")),
            other => panic!("{other:?}"),
        };
        found && it["method"] == method
    })
}

#[tokio::test]
async fn guests_read_and_order_and_do_nothing_else() {
    let Some(eks) = overlays().iter().find(|overlay| overlay.name == "eks") else { return };
    let route = eks.of_kind("HTTPRoute").find(|route| name(route) == "guests").unwrap();
    let mut open = String::new();
    for Had { operations, .. } in all().await {
        for (method, path) in operations.iter().filter(|(_, path)| path.starts_with("/v1")) {
            if guest_may(route, method, path) {
                open += &format!("{method} {path}\n");
            }
        }
    }
    expect![[r#"
        GET /v1/locations
        GET /v1/locations/location
        GET /v1/locations/location/events
        GET /v1/menu/location
        POST /v1/orders
        GET /v1/orders/id
        POST /v1/orders/id/cancel
        GET /v1/orders/id/events
    "#]]
    .assert_eq(&open);
}
