//! The stock page: what is on hand, recipes, and what is sold out.

use shared::web::pages::Asset;

pub(crate) const ASSETS: &[Asset] = &[
    Asset { path: "/stock", text: include_str!("../pages/stock.html") },
    Asset { path: "/stock/app.js", text: include_str!("../pages/app.js") },
    Asset { path: "/stock/chart.js", text: include_str!("../pages/chart.js") },
    Asset { path: "/stock/data.js", text: include_str!("../pages/data.js") },
    Asset { path: "/stock/entry.js", text: include_str!("../pages/entry.js") },
    Asset { path: "/stock/ingredient.js", text: include_str!("../pages/ingredient.js") },
    Asset { path: "/stock/ledger.js", text: include_str!("../pages/ledger.js") },
    Asset { path: "/stock/list.js", text: include_str!("../pages/list.js") },
    Asset { path: "/stock/out.js", text: include_str!("../pages/out.js") },
    Asset { path: "/stock/outbox.js", text: include_str!("../pages/outbox.js") },
    Asset { path: "/stock/page.js", text: include_str!("../pages/page.js") },
    Asset { path: "/stock/recipe.js", text: include_str!("../pages/recipe.js") },
    Asset { path: "/stock/recipes.js", text: include_str!("../pages/recipes.js") },
    Asset { path: "/stock/seen.js", text: include_str!("../pages/seen.js") },
    Asset { path: "/stock/settings.js", text: include_str!("../pages/settings.js") },
    Asset { path: "/stock/stock.css", text: include_str!("../pages/stock.css") },
    Asset { path: "/stock/app.webmanifest", text: include_str!("../pages/app.webmanifest") },
    Asset { path: "/stock/text.ar.js", text: include_str!("../pages/text.ar.js") },
    Asset { path: "/stock/text.de.js", text: include_str!("../pages/text.de.js") },
    Asset { path: "/stock/text.en.js", text: include_str!("../pages/text.en.js") },
    Asset { path: "/stock/text.js", text: include_str!("../pages/text.js") },
    Asset { path: "/stock/units.js", text: include_str!("../pages/units.js") },
    Asset { path: "/stock/until.js", text: include_str!("../pages/until.js") },
];
