//! The order page: the menu, the cart, and following an order.

use shared::web::pages::Asset;

pub(crate) const ASSETS: &[Asset] = &[
    Asset { path: "/order", text: include_str!("../pages/order.html") },
    Asset { path: "/order/app.js", text: include_str!("../pages/app.js") },
    Asset { path: "/order/basket.js", text: include_str!("../pages/basket.js") },
    Asset { path: "/order/bell.js", text: include_str!("../pages/bell.js") },
    Asset { path: "/order/cart.js", text: include_str!("../pages/cart.js") },
    Asset { path: "/order/details.js", text: include_str!("../pages/details.js") },
    Asset { path: "/order/dish.js", text: include_str!("../pages/dish.js") },
    Asset { path: "/order/filter.js", text: include_str!("../pages/filter.js") },
    Asset { path: "/order/history.js", text: include_str!("../pages/history.js") },
    Asset { path: "/order/icons.js", text: include_str!("../pages/icons.js") },
    Asset { path: "/order/locations.js", text: include_str!("../pages/locations.js") },
    Asset { path: "/order/menu.js", text: include_str!("../pages/menu.js") },
    Asset { path: "/order/order.css", text: include_str!("../pages/order.css") },
    Asset { path: "/order/app.webmanifest", text: include_str!("../pages/app.webmanifest") },
    Asset { path: "/order/order.js", text: include_str!("../pages/order.js") },
    Asset { path: "/order/orders.js", text: include_str!("../pages/orders.js") },
    Asset { path: "/order/page.js", text: include_str!("../pages/page.js") },
    Asset { path: "/order/send.js", text: include_str!("../pages/send.js") },
    Asset { path: "/order/shop.js", text: include_str!("../pages/shop.js") },
    Asset { path: "/order/submit.js", text: include_str!("../pages/submit.js") },
    Asset { path: "/order/taste.js", text: include_str!("../pages/taste.js") },
    Asset { path: "/order/text.js", text: include_str!("../pages/text.js") },
    Asset { path: "/order/ticket.js", text: include_str!("../pages/ticket.js") },
    Asset { path: "/order/venue.js", text: include_str!("../pages/venue.js") },
    Asset { path: "/order/wait.js", text: include_str!("../pages/wait.js") },
];
