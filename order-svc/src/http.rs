//! The HTTP interface: parse, hand to the pump, answer.

mod changes;
mod live;
mod menu;
mod orders;
mod problems;
#[cfg(test)]
mod tests;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::{
    app::App,
    contract::order::{Order, OrderStatus},
    http::etag,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{OrderSvc, domain::Reply};

pub(crate) fn routes(app: App<OrderSvc>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(orders::place, orders::list))
        .routes(routes!(orders::show))
        .routes(routes!(orders::cancel))
        .routes(routes!(live::events))
        .routes(routes!(menu::show))
        .routes(routes!(menu::put))
        .routes(routes!(menu::list_locations))
        .routes(routes!(menu::show_location, menu::put_location))
        .routes(routes!(changes::events))
        .with_state(app)
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        match self {
            Self::Placed { order, replayed } => placed(&order, replayed, StatusCode::ACCEPTED),
            Self::Cancelled(order) => versioned(StatusCode::OK, &order),
            Self::CancelRequested(order) => versioned(StatusCode::ACCEPTED, &order),
            Self::Item(item) => Json(item).into_response(),
            Self::Location(location) => Json(location).into_response(),
        }
    }
}

/// 201 tells a client that waited that the order is decided.
fn placed(order: &Order, replayed: bool, status: StatusCode) -> Response {
    let mut response = versioned(status, order);
    let headers = response.headers_mut();
    let location = HeaderValue::try_from(format!("/v1/orders/{}", order.id)).expect("an id is plain ASCII");
    headers.insert(header::LOCATION, location);
    if replayed {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

fn is_decided(order: &Order) -> bool {
    order.status != OrderStatus::Placed
}

/// The order, its version as the `ETag`.
fn versioned(status: StatusCode, order: &Order) -> Response {
    (status, etag::of_version(order.version), Json(order)).into_response()
}
