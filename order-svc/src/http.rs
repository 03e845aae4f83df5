//! The HTTP interface: parse, hand to the pump, answer.

mod answer;
mod changes;
mod live;
mod menu;
mod orders;
#[cfg(test)]
mod tests;

use shared::web::site::App;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::OrderSvc;

type Orders = App<OrderSvc>;

pub(crate) fn routes(app: Orders) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(orders::place, orders::list))
        .routes(routes!(orders::show))
        .routes(routes!(orders::cancel))
        .routes(routes!(live::events))
        .routes(routes!(menu::show))
        .routes(routes!(menu::put, menu::remove))
        .routes(routes!(menu::list_locations))
        .routes(routes!(menu::show_location, menu::put_location))
        .routes(routes!(changes::events))
        .with_state(app)
}
