//! What the derived OpenAPI document leaves out: every response has a description, every operation an id of its own.

use axum::http::StatusCode;
use utoipa::openapi::{
    OpenApi, RefOr,
    path::{Operation, PathItem},
};

/// Fills the gaps.
pub(crate) fn complete(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(id(method, path));
            describe(operation);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [("get", &mut item.get), ("put", &mut item.put), ("post", &mut item.post), ("delete", &mut item.delete)];
    all.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// `get_v1_orders_id` for `GET /v1/orders/{id}`.
fn id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

fn describe(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let status = status.parse().ok().and_then(|code: u16| StatusCode::from_u16(code).ok());
            response.description = status.and_then(|status| status.canonical_reason()).unwrap_or("Answer").to_owned();
        }
    }
}
