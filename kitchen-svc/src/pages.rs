//! The kitchen display: the files of its page.

use shared::web::pages::Asset;

pub(crate) const ASSETS: &[Asset] = &[
    Asset { path: "/kitchen", text: include_str!("../pages/kitchen.html") },
    Asset { path: "/kitchen/kitchen.css", text: include_str!("../pages/kitchen.css") },
    Asset { path: "/kitchen/app.webmanifest", text: include_str!("../pages/app.webmanifest") },
    Asset { path: "/kitchen/allday.js", text: include_str!("../pages/allday.js") },
    Asset { path: "/kitchen/app.js", text: include_str!("../pages/app.js") },
    Asset { path: "/kitchen/board.js", text: include_str!("../pages/board.js") },
    Asset { path: "/kitchen/card.js", text: include_str!("../pages/card.js") },
    Asset { path: "/kitchen/columns.js", text: include_str!("../pages/columns.js") },
    Asset { path: "/kitchen/hands.js", text: include_str!("../pages/hands.js") },
    Asset { path: "/kitchen/identity.js", text: include_str!("../pages/identity.js") },
    Asset { path: "/kitchen/keep.js", text: include_str!("../pages/keep.js") },
    Asset { path: "/kitchen/keys.js", text: include_str!("../pages/keys.js") },
    Asset { path: "/kitchen/menu.js", text: include_str!("../pages/menu.js") },
    Asset { path: "/kitchen/offscreen.js", text: include_str!("../pages/offscreen.js") },
    Asset { path: "/kitchen/outbox.js", text: include_str!("../pages/outbox.js") },
    Asset { path: "/kitchen/place.js", text: include_str!("../pages/place.js") },
    Asset { path: "/kitchen/recall.js", text: include_str!("../pages/recall.js") },
    Asset { path: "/kitchen/screen.js", text: include_str!("../pages/screen.js") },
    Asset { path: "/kitchen/settings.js", text: include_str!("../pages/settings.js") },
    Asset { path: "/kitchen/shift.js", text: include_str!("../pages/shift.js") },
    Asset { path: "/kitchen/sound.js", text: include_str!("../pages/sound.js") },
    Asset { path: "/kitchen/status.js", text: include_str!("../pages/status.js") },
    Asset { path: "/kitchen/store.js", text: include_str!("../pages/store.js") },
    Asset { path: "/kitchen/text.js", text: include_str!("../pages/text.js") },
    Asset { path: "/kitchen/ticket.js", text: include_str!("../pages/ticket.js") },
    Asset { path: "/kitchen/toast.js", text: include_str!("../pages/toast.js") },
    Asset { path: "/kitchen/voids.js", text: include_str!("../pages/voids.js") },
    Asset { path: "/kitchen/worker.js", text: include_str!("../pages/worker.js") },
];
