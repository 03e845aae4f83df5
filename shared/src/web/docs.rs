//! What is offered, described: `/openapi.json` (the HTTP interface) and `/asyncapi.json` (the events) for programs, `/docs`
//! for people.

use std::{future::ready, sync::Arc};

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, header},
    response::Redirect,
    routing::get,
};
use serde_json::Value;

use crate::web::{
    packed::Packed,
    pages::{self, Asset},
};

/// Where the page is.
pub const PAGE: &str = "/docs";
/// Where the documents are.
const OPENAPI: &str = "/openapi.json";
const ASYNCAPI: &str = "/asyncapi.json";

pub const ASSETS: &[Asset] = &[
    Asset { path: PAGE, text: include_str!("../../pages/docs/docs.html") },
    Asset { path: "/docs/docs.css", text: include_str!("../../pages/docs/docs.css") },
    Asset { path: "/docs/app.js", text: include_str!("../../pages/docs/app.js") },
    Asset { path: "/docs/example.js", text: include_str!("../../pages/docs/example.js") },
    Asset { path: "/docs/operation.js", text: include_str!("../../pages/docs/operation.js") },
    Asset { path: "/docs/schema.js", text: include_str!("../../pages/docs/schema.js") },
    Asset { path: "/docs/text.ar.js", text: include_str!("../../pages/docs/text.ar.js") },
    Asset { path: "/docs/text.de.js", text: include_str!("../../pages/docs/text.de.js") },
    Asset { path: "/docs/text.en.js", text: include_str!("../../pages/docs/text.en.js") },
    Asset { path: "/docs/text.js", text: include_str!("../../pages/docs/text.js") },
];

/// Serves the page and the documents.
pub(crate) fn router(openapi: &Value, asyncapi: &Value) -> Router {
    pages::router(ASSETS)
        .merge(document(OPENAPI, openapi))
        .merge(document(ASYNCAPI, asyncapi))
        // Where it was once, and where bookmarks lead.
        .route("/docs/", get(|| async { Redirect::permanent(PAGE) }))
}

fn document(path: &str, document: &Value) -> Router {
    let packed = Arc::new(Packed::new(path, document.to_string()));
    let fresh = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Router::new().route(path, get(move |headers: HeaderMap| ready((fresh, packed.answer(&headers)))))
}
