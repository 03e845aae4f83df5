//! The HTTP interface: parse, hand to the pump, answer.

mod answer;
mod codes;
mod day;
mod keys;
mod live;
mod locations;
mod menu;
mod orders;
mod sign_in;
#[cfg(test)]
mod tests;

use shared::web::{access, site::App};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::OrderSvc;

type Orders = App<OrderSvc>;

pub(crate) fn routes(app: Orders) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(orders::place_order, orders::list_orders))
        .routes(routes!(orders::show_order))
        .routes(routes!(orders::cancel_order))
        .routes(routes!(live::order::events))
        .routes(routes!(codes::draw))
        .routes(routes!(menu::list_menu))
        .routes(routes!(menu::put_item, menu::remove_item))
        .routes(routes!(locations::list_locations))
        .routes(routes!(locations::show_location, locations::put_location))
        .routes(routes!(locations::set_mode))
        .routes(routes!(live::location::events))
        .routes(routes!(day::day_of_orders))
        .routes(routes!(sign_in::begin))
        .routes(routes!(sign_in::back))
        .routes(routes!(sign_in::end))
        .merge(access::me())
        .routes(routes!(keys::issue_key, keys::list_keys))
        .routes(routes!(keys::revoke_key))
        .routes(routes!(keys::share))
        .routes(routes!(keys::start_pairing))
        .routes(routes!(keys::confirm_pairing))
        .with_state(app)
}
