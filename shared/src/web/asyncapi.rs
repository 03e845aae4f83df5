//! The AsyncAPI document: which events the services of a process say and hear, where, and in which shape. All of it follows
//! from the contract.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::contract::{
    catalogue::{self, EVENTS, Kind, Schemas},
    event::{BATCH, Event, ONE, routing_key},
    topology,
};

/// Of the services that are named; of each event that one of them says or hears.
pub(crate) fn document(services: &[&str]) -> Value {
    let concerns = |kind: &&Kind| services.iter().any(|service| says(service, kind) || hears(service, kind));
    let kinds: Vec<&Kind> = EVENTS.iter().filter(concerns).collect();
    let operations = services.iter().flat_map(|service| operations(service, &kinds));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Comanda",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Restaurant orders as events. Each is a CloudEvent whose `data` holds its subject whole; a message \
                            holds one, or an array of them. What is not required may be missing in events of earlier \
                            versions, and what is not described here has to be borne.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": ONE,
        "channels": kinds.iter().map(|kind| (kind.name.to_owned(), channel(kind))).collect::<Map<_, _>>(),
        "operations": operations.collect::<Map<_, _>>(),
        "components": {
            "messages": kinds.iter().flat_map(|kind| messages(kind)).collect::<Map<_, _>>(),
            "schemas": schemas(&kinds),
        },
    })
}

fn says(service: &str, kind: &Kind) -> bool {
    kind.service == service
}

fn hears(service: &str, kind: &Kind) -> bool {
    topology::listens(service).contains(&kind.name)
}

/// Name of the message that holds an array.
fn many(kind: &Kind) -> String {
    format!("{}.batch", kind.name)
}

fn reference(path: &str) -> Value {
    json!({"$ref": format!("#/{path}")})
}

/// A channel is a routing key, of which each location has its own.
fn channel(kind: &Kind) -> Value {
    let names = [kind.name.to_owned(), many(kind)];
    let messages = names.map(|name| (name.clone(), reference(&format!("components/messages/{name}"))));
    json!({
        "address": routing_key(kind.name, "{location}"),
        "parameters": {"location": {"description": "Where it happened; `*` binds to all of them."}},
        "messages": messages.into_iter().collect::<Map<_, _>>(),
        "bindings": {"amqp": {
            "is": "routingKey",
            "exchange": {"name": topology::EXCHANGE, "type": "topic", "durable": true, "autoDelete": false, "vhost": "/"},
            "bindingVersion": "0.3.0",
        }},
    })
}

/// What a service says and hears.
fn operations(service: &str, kinds: &[&Kind]) -> Vec<(String, Value)> {
    let operation = |action: &str, kind: &Kind, summary: String| {
        let body = json!({
            "action": action,
            "channel": reference(&format!("channels/{}", kind.name)),
            "summary": summary,
            "tags": [{"name": service}],
        });
        (format!("{service}.{action}.{}", kind.name), body)
    };
    let said = kinds.iter().filter(|kind| says(service, kind));
    let said = said.map(|kind| operation("send", kind, format!("{service} says {}", kind.name)));
    let heard = kinds.iter().filter(|kind| hears(service, kind));
    let heard = heard.map(|kind| {
        operation("receive", kind, format!("{service} takes {} in, from {}", kind.name, topology::inbox(service)))
    });
    said.chain(heard).collect()
}

/// The event by itself, and an array of them.
fn messages(kind: &Kind) -> [(String, Value); 2] {
    let event = reference(&format!("components/schemas/{}", kind.name));
    let message = |name: &str, content_type: &str, payload: Value| json!({"name": name, "contentType": content_type, "payload": payload});
    [
        (kind.name.to_owned(), message(kind.name, ONE, event.clone())),
        (many(kind), message(kind.name, BATCH, json!({"type": "array", "items": event}))),
    ]
}

/// The envelope, each event by its name, and the types of the contract that they hold.
fn schemas(kinds: &[&Kind]) -> Map<String, Value> {
    let mut named: BTreeMap<String, Value> = BTreeMap::new();
    let mut add = |schemas: Schemas| {
        let plain = |schema| serde_json::to_value(schema).expect("a schema is plain JSON");
        named.extend(schemas.into_iter().map(|(name, schema)| (name, plain(schema))));
    };
    add(catalogue::schemas::<Event>());
    kinds.iter().for_each(|kind| add((kind.subject)()));
    kinds.iter().flat_map(|kind| kind.more).for_each(|member| add(member.schemas()));
    named.into_iter().chain(kinds.iter().map(|kind| (kind.name.to_owned(), event(kind)))).collect()
}

/// The envelope with what this event has in it.
fn event(kind: &Kind) -> Value {
    let subject = (kind.subject)().into_iter().next().map(|(name, _)| reference(&format!("components/schemas/{name}")));
    let members: Map<_, _> = kind.more.iter().map(|member| (member.name().to_owned(), member.schema())).collect();
    let data = if members.is_empty() {
        json!(subject)
    } else {
        json!({"allOf": [subject, {"type": "object", "properties": members}]})
    };
    json!({
        "allOf": [reference("components/schemas/Event"), {
            "type": "object",
            "properties": {
                "type": {"const": kind.name},
                "source": {"const": format!("/{}", kind.service)},
                "data": data,
            },
        }],
    })
}
