//! What the derived OpenAPI document leaves out: what every route of a kind may answer, an id and a description for
//! each, and that requests take no unknown fields while answers have all of theirs.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use super::{access::table, extract::BODY_MAX};

/// The whole document, as it is served.
pub(crate) fn complete(api: &OpenApi) -> Value {
    let mut document = serde_json::to_value(api).expect("an OpenAPI document is plain JSON");
    for (path, operations) in members(&mut document["paths"]) {
        for (method, operation) in members(operations) {
            operation["operationId"] = id(method, path).into();
            if let Some(body) = operation.get_mut("requestBody") {
                describe_body(body);
            }
            for (status, names) in problems_of(method, path, operation) {
                add_problem(&mut operation["responses"], status, names);
            }
            secure(operation, method, path);
            let is_versioned = operation["responses"]["200"]["headers"]["ETag"].is_object();
            match method.as_str() {
                "get" if is_versioned => add_condition(operation),
                "get" => {}
                _ if is_conditional(path) => add_precondition(operation),
                _ => {}
            }
            for (status, response) in members(&mut operation["responses"]) {
                describe(status, response);
            }
        }
    }
    document["components"]["securitySchemes"] = json!({"bearer": {
        "type": "http", "scheme": "bearer",
        "description": "A token of the identity provider, or one that `comanda token` makes; only where authentication is configured.",
    }});
    let sent = sent_schemas(&document);
    for (name, schema) in members(&mut document["components"]["schemas"]) {
        // A problem has the members that its type has use for.
        if name != "Problem" {
            close(schema, sent.contains(name));
        }
    }
    document
}

fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

/// `get_v1_orders_id` for `GET /v1/orders/{id}`.
fn id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// Whether what a write changes there has a version. Dead letters, and what was said and taken in, have none.
fn is_conditional(path: &str) -> bool {
    path.contains('{')
        && !["/v1/dead/", "/v1/feed/", "/v1/inbox/", "/v1/pairings/"].iter().any(|start| path.starts_with(start))
}

/// What goes wrong in the same way wherever there is a path parameter, another parameter, a body, a database.
fn problems_of(method: &str, path: &str, operation: &Value) -> Vec<(&'static str, &'static str)> {
    let (writes, in_path) = (method != "get", path.contains('{'));
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_checked = writes || parameters.iter().any(|parameter| parameter["in"] != "path");
    let all = [
        (writes, "400", "`malformed`"),
        (in_path && method != "put", "404", "`not-found`"),
        (writes, "408", "`too-slow`"),
        (writes && is_conditional(path), "412", "`version-mismatch`"),
        (writes, "413", "`too-large`"),
        (writes, "415", "`unsupported-media-type`"),
        (is_checked, "422", "`invalid`"),
        (path.starts_with("/v1/"), "429", "`too-many-requests`, with `Retry-After`"),
        (path.starts_with("/v1/"), "503", "`unavailable`"),
    ];
    all.into_iter().filter(|(applies, ..)| *applies).map(|(_, status, names)| (status, names)).collect()
}

/// How much of it there may be, whatever its parts allow. One that may be missing is an object where there is one.
fn describe_body(body: &mut Value) {
    body["description"] =
        format!("At most {BODY_MAX} bytes in all, whatever the limits of its parts add up to.").into();
    let Some(schema) = body.pointer_mut("/content/application~1json/schema") else { return };
    let object = schema["oneOf"].as_array().and_then(|all| all.iter().find(|one| one["$ref"].is_string())).cloned();
    if let Some(object) = object {
        *schema = object;
        body["required"] = false.into();
    }
}

/// What has an ETag is answered only if it has another than the client names.
fn add_condition(operation: &mut Value) {
    let header = json!({"name": "If-None-Match", "in": "header", "schema": {"type": "string"}});
    operation["responses"]["304"] = json!({"description": "Not changed since the `ETag` in `If-None-Match`."});
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.push(header),
        None => operation["parameters"] = json!([header]),
    }
}

/// What is changed under a condition is not changed if it has another version by now.
fn add_precondition(operation: &mut Value) {
    let header = |name: &str, text: &str| json!({"name": name, "in": "header", "schema": {"type": "string"}, "description": text});
    let headers = [
        header("If-Match", "Only if the present version is this one: an `ETag`, or `*` for any."),
        header("If-None-Match", "`*`: only if there is none yet."),
    ];
    operation["parameters"].as_array_mut().into_iter().for_each(|parameters| parameters.extend(headers.clone()));
}

/// Which scope it takes, and what is answered without.
fn secure(operation: &mut Value, method: &str, path: &str) {
    let Some(rule) = table::of(method, path) else { return };
    if rule.scope == table::Scope::Public {
        operation["security"] = json!([]);
        return;
    }
    operation["security"] = json!([{"bearer": [rule.scope.name()]}]);
    add_problem(&mut operation["responses"], "401", "`unauthenticated`");
    add_problem(&mut operation["responses"], "403", "`forbidden`");
}

fn add_problem(responses: &mut Value, status: &str, names: &str) {
    let known = responses[status]["description"].as_str().filter(|text| !text.is_empty());
    let description = match known {
        Some(known) if known.contains(names) => known.to_owned(),
        Some(known) => format!("{known}, {names}"),
        None => names.to_owned(),
    };
    let content = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    responses[status] = json!({"description": description, "content": content});
    if status == "503" {
        let seconds = json!({"schema": {"type": "integer"}, "description": "Seconds after which to try again"});
        responses[status]["headers"] = json!({"Retry-After": seconds});
    }
    if status == "412" {
        let version = json!({"schema": {"type": "string"}, "description": "The present version"});
        responses[status]["headers"] = json!({"ETag": version});
    }
}

fn describe(status: &str, response: &mut Value) {
    if response["description"].as_str().unwrap_or_default().is_empty() {
        let code = status.parse().ok().and_then(|code: u16| StatusCode::from_u16(code).ok());
        response["description"] = code.and_then(|code| code.canonical_reason()).unwrap_or("Answer").into();
    }
}

/// The names of the schemas that are part of a request.
fn sent_schemas(document: &Value) -> BTreeSet<String> {
    let mut sent = BTreeSet::new();
    let operations = document["paths"].as_object().into_iter().flatten();
    let operations = operations.flat_map(|(_, methods)| methods.as_object().into_iter().flatten());
    for (_, operation) in operations {
        collect(document, &operation["requestBody"], &mut sent);
    }
    sent
}

fn collect(document: &Value, part: &Value, names: &mut BTreeSet<String>) {
    let reference = part["$ref"].as_str().and_then(|text| text.strip_prefix("#/components/schemas/"));
    if let Some(name) = reference
        && names.insert(name.to_owned())
    {
        collect(document, &document["components"]["schemas"][name], names);
    }
    let (fields, items) = (part.as_object().map(Map::values), part.as_array());
    fields.into_iter().flatten().chain(items.into_iter().flatten()).for_each(|inner| collect(document, inner, names));
}

/// A request's object has no other fields; an answer's has them all, if as `null`, but for those that have a default.
fn close(schema: &mut Value, sent: bool) {
    let Some(fields) = schema["properties"].as_object() else { return };
    let told = fields.iter().filter(|(_, field)| field.get("default").is_none());
    let names: Vec<Value> = told.map(|(name, _)| name.clone().into()).collect();
    if sent {
        let required: Vec<Value> = schema["required"].as_array().cloned().unwrap_or_default();
        let optional = members(&mut schema["properties"]).filter(|(name, _)| !required.contains(&json!(name)));
        optional.for_each(|(_, field)| allow_null(field));
        schema["additionalProperties"] = false.into();
    } else {
        schema["required"] = names.into();
    }
}

/// `null` stands for what is not there.
fn allow_null(field: &mut Value) {
    const NULL: &str = "null";
    match field.get_mut("type") {
        Some(Value::Array(all)) if !all.contains(&NULL.into()) => all.push(NULL.into()),
        Some(Value::String(one)) => field["type"] = json!([one, NULL]),
        Some(_) => {}
        None => {
            let known = field["oneOf"].as_array().is_some_and(|all| all.iter().any(|one| one["type"] == NULL));
            if !known {
                *field = json!({"oneOf": [{"type": NULL}, field.take()]});
            }
        }
    }
}
