//! The HTTP interface, described: `/openapi.json` for programs, `/docs` for people.

use axum::{
    Router,
    body::Bytes,
    http::{HeaderValue, header},
    response::Redirect,
    routing::get,
};
use serde_json::Value;

use crate::web::pages::{self, Asset};

/// Where the page is.
pub const PAGE: &str = "/docs";
const DOCUMENT: &str = "/openapi.json";

pub const ASSETS: &[Asset] = &[
    Asset { path: PAGE, text: include_str!("../../pages/docs/docs.html") },
    Asset { path: "/docs/docs.css", text: include_str!("../../pages/docs/docs.css") },
    Asset { path: "/docs/app.js", text: include_str!("../../pages/docs/app.js") },
    Asset { path: "/docs/example.js", text: include_str!("../../pages/docs/example.js") },
    Asset { path: "/docs/operation.js", text: include_str!("../../pages/docs/operation.js") },
    Asset { path: "/docs/schema.js", text: include_str!("../../pages/docs/schema.js") },
    Asset { path: "/docs/text.js", text: include_str!("../../pages/docs/text.js") },
];

/// Serves the page and the document.
pub(crate) fn router(document: &Value) -> Router {
    let text = document.to_string();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::ETAG, pages::tag(DOCUMENT, &text)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    let text = Bytes::from(text);
    pages::router(ASSETS)
        .route(DOCUMENT, get(move || async move { (headers, text) }))
        // Where it was once, and where bookmarks lead.
        .route("/docs/", get(|| async { Redirect::permanent(PAGE) }))
}
