//! All routes, all roles, here and elsewhere: each may do what the table says, and nothing else.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::{
    contract::access::Role,
    web::access::{
        SigningKey,
        table::{Bound, RULES, Rule, Scope},
    },
};

use super::{on_both, token};
use crate::harness::{App, text};

/// Somebody who asks, and whether the table lets them in.
pub(super) struct Asker {
    pub(super) name: String,
    pub(super) token: Option<String>,
    roles: Vec<Role>,
    is_here: bool,
    is_everywhere: bool,
}

pub(super) fn askers(key: &SigningKey) -> Vec<Asker> {
    let nobody = Asker { name: "nobody".into(), token: None, roles: vec![], is_here: false, is_everywhere: false };
    let guest = Asker {
        name: "guest".into(),
        token: Some(format!("cg_{}", "g".repeat(43))),
        roles: vec![],
        is_here: true,
        is_everywhere: true,
    };
    let mut askers = vec![nobody, guest];
    for role in Role::ALL {
        for (place, locations, is_here) in
            [("everywhere", &[][..], true), ("here", &["soho"], true), ("there", &["rome"], false)]
        {
            askers.push(Asker {
                name: format!("{role} {place}"),
                token: Some(token(key, "somebody", &[role], locations)),
                roles: vec![role],
                is_here,
                is_everywhere: locations.is_empty(),
            });
        }
    }
    askers
}

/// What the rule means for the asker: 401, 403, or 404 where it may not even know that there is something.
pub(super) fn refusal(rule: &Rule, asker: &Asker) -> Option<u16> {
    if rule.scope == Scope::Public {
        return None;
    }
    if asker.token.is_none() {
        return Some(401);
    }
    let has_role = rule.scope.roles().iter().any(|role| asker.roles.contains(role));
    let is_guest = asker.roles.is_empty() && rule.scope.is_for_guests();
    if rule.scope != Scope::Known && !has_role && !is_guest {
        return Some(403);
    }
    match rule.bound {
        Bound::Everywhere => (!asker.is_everywhere).then_some(403),
        Bound::Path | Bound::Query => (!asker.is_here).then_some(403),
        Bound::Subject if is_said_in_body(rule) => (!asker.is_here).then_some(403),
        Bound::Subject => (!asker.is_here).then_some(404),
        Bound::Nowhere => None,
    }
}

fn is_said_in_body(rule: &Rule) -> bool {
    ["/v1/orders", "/v1/keys", "/v1/pairings/{code}/confirm"].contains(&rule.path)
}

/// What there is to ask for.
struct There {
    order: String,
    ticket: String,
    key: String,
}

/// The path of something that is there.
fn path(rule: &Rule, there: &There) -> String {
    let There { order, ticket, key } = there;
    let id = match rule.path {
        path if path.starts_with("/v1/tickets") => ticket,
        path if path.starts_with("/v1/keys") => key,
        _ => order,
    };
    let feed = if rule.path.starts_with("/v1/inbox") { "kitchen" } else { "orders" };
    let path = rule.path.replace("{location}", "soho").replace("{sku}", "burger").replace("{ingredient}", "bun");
    let path = path.replace("{id}", id).replace("{order_id}", order).replace("{feed}", feed);
    let path = path
        .replace("{table}", "orders")
        .replace("{item}", "1")
        .replace("{action}", "start")
        .replace("{code}", "AAAAAA");
    if rule.bound == Bound::Query { format!("{path}?location=soho") } else { path }
}

/// Of the shape that the route takes, where the shape is looked at before it is known where it is.
fn body(rule: &Rule) -> Option<Value> {
    match (rule.method, rule.path) {
        ("POST", "/v1/orders") => Some(App::order("1 cola")),
        ("POST", "/v1/keys") => Some(json!({"name": "till", "roles": ["producer"], "locations": ["soho"]})),
        ("POST", "/v1/pairings/{code}/confirm") => Some(json!({"name": "grill", "location": "soho"})),
        ("PUT", _) => Some(json!({})),
        _ => None,
    }
}

#[tokio::test]
async fn every_route_is_for_those_whom_the_table_names() {
    on_both(async |guarded| {
        let order = guarded.app.place("1 burger").await;
        let ticket = text(&guarded.app.ticket(&order).await["id"]);
        let till = json!({"name": "till", "roles": ["producer"], "locations": ["soho"]});
        let (_, key) = guarded.app.send(guarded.app.request(Method::POST, "/v1/keys").json(&till)).await;
        let there = There { order, ticket, key: text(&key["id"]) };
        let mut asked = 0;
        // Those that the process itself adds are looked at in `console`.
        for rule in RULES.iter().filter(|rule| !rule.path.starts_with("/console") && rule.path != "/") {
            for asker in askers(&guarded.key) {
                let method = Method::from_bytes(rule.method.as_bytes()).unwrap();
                let path = path(rule, &there);
                let (status, problem) = guarded.ask(asker.token.as_deref(), method, &path, body(rule)).await;
                let said = format!("{} {path} by {}: {status} {problem}", rule.method, asker.name);
                match refusal(rule, &asker) {
                    Some(404) | None if may_be_missing(rule, &asker) => {
                        assert!(status != 401 && status != 403, "{said}")
                    }
                    Some(refused) => assert_eq!(status, refused, "{said}"),
                    None => assert!(![401, 403, 404].contains(&status.as_u16()), "{said}"),
                }
                asked += 1;
            }
        }
        assert!(asked > 500, "{asked}");
    })
    .await;
}

/// A producer sees its own orders alone; a dead letter, a display that waits and a provider are not there for anybody.
fn may_be_missing(rule: &Rule, asker: &Asker) -> bool {
    let is_stranger = asker.roles.is_empty() || asker.roles == [Role::Producer];
    let is_anothers = rule.path.starts_with("/v1/orders/{id}") && is_stranger;
    is_anothers
        || ["/v1/dead/{feed}/{id}", "/v1/pairings/{code}", "/v1/sign-in"].iter().any(|path| rule.path.starts_with(path))
}

/// What the documentation has is in the table, and what it says of it is what the table says.
#[tokio::test]
async fn the_documentation_shows_the_scope_of_each_route() {
    on_both(async |guarded| {
        let document = guarded.app.get("/openapi.json").await;
        let mut documented = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let rule = RULES.iter().find(|rule| rule.path == path && rule.method.eq_ignore_ascii_case(method));
                let rule = rule.unwrap_or_else(|| panic!("{method} {path} is not in the table: everybody is refused"));
                let expected = match rule.scope {
                    Scope::Public => json!([]),
                    scope => json!([{"bearer": [scope.name()]}]),
                };
                assert_eq!(operation["security"], expected, "{method} {path}");
                documented.insert((rule.method, rule.path));
            }
        }
        let all: BTreeSet<_> = RULES.iter().map(|rule| (rule.method, rule.path)).collect();
        let undocumented: Vec<_> = all.difference(&documented).filter(|(_, path)| path.starts_with("/v1")).collect();
        assert!(undocumented.is_empty(), "{undocumented:?} are in the table and not there");
        assert_eq!(all.len(), RULES.len(), "each once");
    })
    .await;
}

#[tokio::test]
async fn an_order_is_for_who_placed_it_and_for_who_works_there() {
    on_both(async |guarded| {
        let by = |subject, role, locations: &[&str]| token(&guarded.key, subject, &[role], locations);
        let shop = by("shop", Role::Producer, &["soho"]);
        let (status, order) = guarded.ask(Some(&shop), Method::POST, "/v1/orders", Some(App::order("1 cola"))).await;
        assert_eq!((status, text(&order["placed_by"])), (StatusCode::ACCEPTED, "shop".into()));
        let path = format!("/v1/orders/{}", text(&order["id"]));
        for (token, sees) in [
            (shop, true),
            (by("other shop", Role::Producer, &["soho"]), false),
            (by("other shop", Role::Producer, &[]), false),
            (by("cook", Role::Kitchen, &["soho"]), true),
            (by("cook", Role::Kitchen, &["rome"]), false),
            (by("boss", Role::Manager, &[]), true),
        ] {
            let expected = if sees { StatusCode::OK } else { StatusCode::NOT_FOUND };
            for path in [&path, &format!("{path}/events")] {
                let (status, problem) = guarded.ask(Some(&token), Method::GET, path, None).await;
                assert_eq!(status, expected, "{problem}");
            }
            if !sees {
                let (status, problem) = guarded.ask(Some(&token), Method::POST, &format!("{path}/cancel"), None).await;
                assert!([StatusCode::NOT_FOUND, StatusCode::FORBIDDEN].contains(&status), "{status} {problem}");
            }
        }
        let boss = by("boss", Role::Manager, &["soho"]);
        let (status, _) = guarded.ask(Some(&boss), Method::POST, &format!("{path}/cancel"), None).await;
        assert!(status.is_success());
        guarded.app.settle().await;
        let said = guarded.app.get("/v1/feed/orders?limit=500").await;
        let said = said["items"].as_array().unwrap().iter();
        let cancelled =
            said.filter(|event| ["order.cancelled", "order.cancel_requested"].contains(&&*text(&event["type"])));
        assert_eq!(cancelled.map(|event| text(&event["data"]["by"])).next(), Some("boss".into()), "who did it is said");
        let journal = guarded.app.get("/v1/journal/orders?limit=500").await;
        assert!(journal.to_string().contains(r#""by":"shop""#), "who did it is in the journal");
    })
    .await;
}
