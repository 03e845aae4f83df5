//! The kitchen display: the files of its page.

use shared::pages::Asset;

pub(crate) const ASSETS: &[Asset] = &[
    Asset { path: "/kitchen", text: include_str!("../pages/index.html") },
    Asset { path: "/kitchen/kitchen.css", text: include_str!("../pages/kitchen.css") },
    Asset { path: "/kitchen/allday.js", text: include_str!("../pages/allday.js") },
    Asset { path: "/kitchen/app.js", text: include_str!("../pages/app.js") },
    Asset { path: "/kitchen/board.js", text: include_str!("../pages/board.js") },
    Asset { path: "/kitchen/card.js", text: include_str!("../pages/card.js") },
    Asset { path: "/kitchen/columns.js", text: include_str!("../pages/columns.js") },
    Asset { path: "/kitchen/hands.js", text: include_str!("../pages/hands.js") },
    Asset { path: "/kitchen/keep.js", text: include_str!("../pages/keep.js") },
    Asset { path: "/kitchen/keys.js", text: include_str!("../pages/keys.js") },
    Asset { path: "/kitchen/offscreen.js", text: include_str!("../pages/offscreen.js") },
    Asset { path: "/kitchen/outbox.js", text: include_str!("../pages/outbox.js") },
    Asset { path: "/kitchen/recall.js", text: include_str!("../pages/recall.js") },
    Asset { path: "/kitchen/screen.js", text: include_str!("../pages/screen.js") },
    Asset { path: "/kitchen/settings.js", text: include_str!("../pages/settings.js") },
    Asset { path: "/kitchen/shift.js", text: include_str!("../pages/shift.js") },
    Asset { path: "/kitchen/sound.js", text: include_str!("../pages/sound.js") },
    Asset { path: "/kitchen/store.js", text: include_str!("../pages/store.js") },
    Asset { path: "/kitchen/text.js", text: include_str!("../pages/text.js") },
    Asset { path: "/kitchen/ticket.js", text: include_str!("../pages/ticket.js") },
    Asset { path: "/kitchen/toast.js", text: include_str!("../pages/toast.js") },
    Asset { path: "/kitchen/worker.js", text: include_str!("../pages/worker.js") },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `"/kitchen/….js"` that a file names, and every file of the directory, is served.
    #[test]
    fn every_file_is_served() {
        let served: Vec<&str> = ASSETS.iter().map(|asset| asset.path).collect();
        for asset in ASSETS {
            for name in asset.text.split(['"', '\'']).filter_map(named) {
                assert!(served.contains(&&*name), "{} names {name}, which is not served", asset.path);
            }
        }
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/pages")).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let is_served = name == "index.html" || served.contains(&&*format!("/kitchen/{name}"));
            assert!(is_served, "{name} is not served");
        }
    }

    fn named(text: &str) -> Option<String> {
        let file = text.strip_prefix("./").or_else(|| text.strip_prefix("/kitchen/"))?;
        Some(format!("/kitchen/{file}")).filter(|path| path.ends_with(".js") || path.ends_with(".css"))
    }

    /// The policy would refuse it, and the page would be dead.
    #[test]
    fn nothing_is_inline_or_from_elsewhere() {
        for asset in ASSETS {
            for forbidden in ["://", "<style", " style=", "<script>", "onclick=\"", "eval("] {
                assert!(!asset.text.contains(forbidden), "{} contains {forbidden}", asset.path);
            }
        }
    }
}
