//! The start page: where to go, and whether everything is healthy.

use axum::Router;
use shared::web::pages::{self, Asset};

const ASSETS: &[Asset] = &[
    Asset { path: "/", text: include_str!("pages/start.html") },
    Asset { path: "/start/start.css", text: include_str!("pages/start.css") },
    Asset { path: "/start/start.js", text: include_str!("pages/start.js") },
    Asset { path: "/start/text.ar.js", text: include_str!("pages/text.ar.js") },
    Asset { path: "/start/text.de.js", text: include_str!("pages/text.de.js") },
    Asset { path: "/start/text.en.js", text: include_str!("pages/text.en.js") },
    Asset { path: "/start/text.js", text: include_str!("pages/text.js") },
];

pub(crate) fn router() -> Router {
    pages::router(ASSETS)
}
