//! The files of the page.

use axum::{Router, response::Redirect, routing::get};
use shared::web::pages::{self, Asset};

pub(crate) const PATH: &str = "/console";

const ASSETS: &[Asset] = &[
    Asset { path: PATH, text: include_str!("pages/console.html") },
    Asset { path: "/console/app.js", text: include_str!("pages/app.js") },
    Asset { path: "/console/ask.js", text: include_str!("pages/ask.js") },
    Asset { path: "/console/console.css", text: include_str!("pages/console.css") },
    Asset { path: "/console/dead.js", text: include_str!("pages/dead.js") },
    Asset { path: "/console/event.js", text: include_str!("pages/event.js") },
    Asset { path: "/console/events.js", text: include_str!("pages/events.js") },
    Asset { path: "/console/feed.js", text: include_str!("pages/feed.js") },
    Asset { path: "/console/health.js", text: include_str!("pages/health.js") },
    Asset { path: "/console/samples.js", text: include_str!("pages/samples.js") },
    Asset { path: "/console/spark.js", text: include_str!("pages/spark.js") },
    Asset { path: "/console/svg.js", text: include_str!("pages/svg.js") },
    Asset { path: "/console/text.ar.js", text: include_str!("pages/text.ar.js") },
    Asset { path: "/console/text.de.js", text: include_str!("pages/text.de.js") },
    Asset { path: "/console/text.en.js", text: include_str!("pages/text.en.js") },
    Asset { path: "/console/text.js", text: include_str!("pages/text.js") },
    Asset { path: "/console/trace.js", text: include_str!("pages/trace.js") },
    Asset { path: "/console/tracks.js", text: include_str!("pages/tracks.js") },
];

pub(super) fn router() -> Router {
    pages::router(ASSETS)
}

/// Where there is no other page, `/` leads to this one.
pub(super) fn at_root() -> Router {
    Router::new().route("/", get(|| async { Redirect::temporary(PATH) }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_page_is_served_and_the_page_is_small() {
        let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/pages")).unwrap();
        let path = |name: &str| if name == "console.html" { PATH.into() } else { format!("{PATH}/{name}") };
        let mut files: Vec<_> = files.map(|file| path(file.unwrap().file_name().to_str().unwrap())).collect();
        files.sort();
        let mut served: Vec<_> = ASSETS.iter().map(|asset| asset.path).collect();
        served.sort_unstable();
        assert_eq!(served, files);
        // Of the catalogues a page loads one.
        let is_loaded = |path: &str| !path.ends_with(".de.js") && !path.ends_with(".ar.js");
        let bytes: usize = ASSETS.iter().filter(|asset| is_loaded(asset.path)).map(|asset| asset.text.len()).sum();
        assert!(bytes <= 80_000, "{bytes} bytes");
    }

    /// The policy would refuse it, and the page would be dead.
    #[test]
    fn nothing_in_the_page_is_inline_or_from_elsewhere() {
        for asset in ASSETS {
            for forbidden in
                ["href=\"http", "import \"http", "src=\"http", "<style", " style=", "<script>", "innerHTML"]
            {
                assert!(!asset.text.contains(forbidden), "{} contains {forbidden}", asset.path);
            }
        }
    }
}
