//! Orders: place, list, show, cancel.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::Value;
use shared::{
    contract::{
        order::{Order, OrderStatus},
        types::Slug,
    },
    engine::{
        call::Call,
        live::{Interest, Live},
    },
    web::{
        access::Principal,
        etag,
        extract::{InPath, InQuery, Keyed, KeyedBody, OptionalBody, PreferWait},
        page::{Page, Paging},
        problem::{Answer, Problem, could_not_read},
    },
};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{
    Orders,
    answer::{is_decided, placed},
    live::order::order_of,
};
use crate::{
    domain::{
        Command, Refusal, Reply,
        place::Place,
        request::{CancelRequest, OrderRequest},
    },
    store,
};

impl KeyedBody for OrderRequest {
    /// The channel's own id of the order is as good as a key, of whatever shape it is.
    fn needs_key(body: &Value) -> bool {
        body.pointer("/channel/external_id").is_none_or(Value::is_null)
    }
}

#[utoipa::path(
    post, path = "/v1/orders", tag = "order-svc",
    params(
        ("Idempotency-Key" = Option<String>, Header, max_length = 255, description = "Bare or quoted. Required unless `channel.external_id` is given."),
        ("Prefer" = Option<String>, Header, description = "`wait=5` waits up to that many seconds, at most 30, for the decision."),
    ),
    request_body = OrderRequest,
    responses(
        (status = 202, body = Order, description = "Durably placed; its fate is not known yet.", headers(("Location"), ("ETag"), ("Idempotent-Replayed"), ("Preference-Applied"))),
        (status = 201, body = Order, description = "With `Prefer: wait`: decided, accepted or rejected.", headers(("Location"), ("ETag"), ("Idempotent-Replayed"), ("Preference-Applied"))),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "`idempotency-key-missing`"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`location-not-accepting`, `item-unavailable`, `external-id-conflict`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`idempotency-key-reused`, `unknown-item`, `price-mismatch`, `invalid-line`"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`unavailable`; retrying with the same key is safe"),
    )
)]
/// Places an order, once per key.
pub(super) async fn place_order(
    State(app): State<Orders>,
    call: Call,
    PreferWait(seconds): PreferWait,
    principal: Principal,
    Keyed { key, body: order }: Keyed<OrderRequest>,
) -> Answer<Response> {
    principal.at(&order.location)?;
    let place = Place::new(&call, key.as_deref(), order, call.at + app.accept_within);
    let Some(seconds) = seconds else {
        return Ok(app.pump.ask(call, Command::Place(Box::new(place))).await?.into_response());
    };
    // Followed from before it was asked for, so that no decision can be missed.
    let head = app.live.head().await.map_err(could_not_read)?;
    let reply = app.pump.ask(call, Command::Place(Box::new(place))).await?;
    Ok(decided(reply, &app.live, head, seconds).await)
}

/// 201 once the order is decided, 202 with the order as it is when the time is up.
async fn decided(reply: Reply, live: &Live, head: i64, seconds: u64) -> Response {
    let Reply::Placed { mut order, replayed } = reply else { return reply.into_response() };
    let mut news = std::pin::pin!(live.follow(head, Interest::Order(order.id.to_string())));
    let decision = async {
        while !is_decided(&order) {
            let Some(entry) = news.next().await else { return };
            if let Some(change) = order_of(&entry, order.id) {
                *order = change;
            }
        }
    };
    // Late or not, the order is answered as it is.
    let _ = tokio::time::timeout(Duration::from_secs(seconds), decision).await;
    let status = if is_decided(&order) { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    let mut response = placed(&order, replayed, status);
    let applied = HeaderValue::try_from(format!("wait={seconds}")).expect("a number is plain ASCII");
    response.headers_mut().insert("preference-applied", applied);
    response
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    location: Option<Slug>,
    status: Option<OrderStatus>,
}

#[utoipa::path(
    get, path = "/v1/orders", tag = "order-svc", params(Filter, Paging),
    responses(
        (status = 200, body = Page<Order>),
    )
)]
/// Orders, newest first.
pub(super) async fn list_orders(
    State(app): State<Orders>,
    InQuery(filter): InQuery<Filter>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<Order>>> {
    let Filter { location, status } = filter;
    let read = async |before, limit| {
        store::newest(&app.db, location.clone(), status, before, limit).await.map_err(could_not_read)
    };
    Page::read(&paging, |order| order.id, read).await
}

#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "order-svc",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = Order, headers(("ETag", description = "The order's version."))),
    )
)]
/// The order as it is now.
pub(super) async fn show_order(
    State(app): State<Orders>,
    principal: Principal,
    InPath(id): InPath<Uuid>,
) -> Answer<Response> {
    let order = find(&app, &principal, id).await?;
    Ok(etag::versioned(order.version, order))
}

/// Of an order that is not for the asker's eyes nothing is told, not even that there is one.
pub(super) async fn find(app: &Orders, principal: &Principal, id: Uuid) -> Answer<Order> {
    let found = store::order(&app.db, id).await.map_err(could_not_read)?;
    found.filter(|order| may_see(principal, order)).ok_or_else(|| Refusal::UnknownOrder(id).into())
}

fn may_see(principal: &Principal, order: &Order) -> bool {
    principal.is_shown(order.id) || may_change(principal, order)
}

fn may_change(principal: &Principal, order: &Order) -> bool {
    let is_own = order.placed_by.as_deref() == Some(principal.subject());
    principal.covers(&order.location) && (is_own || principal.is_staff_of(&order.location))
}

/// Whoever was sent the address of an order looks at it, and no more.
pub(super) async fn find_to_change(app: &Orders, principal: &Principal, id: Uuid) -> Answer<Order> {
    let order = find(app, principal, id).await?;
    if may_change(principal, &order) {
        return Ok(order);
    }
    Err(Problem::forbidden("its address shows you the order; it is changed by who placed it, and by the staff"))
}

#[utoipa::path(
    post, path = "/v1/orders/{id}/cancel", tag = "order-svc", params(("id" = Uuid, Path)),
    request_body(content = Option<CancelRequest>),
    responses(
        (status = 200, body = Order, description = "Cancelled, now or before.", headers(("ETag"))),
        (status = 202, body = Order, description = "The kitchen was asked; the order's `cancellation` tells its answer.", headers(("ETag"))),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`not-cancellable`"),
    )
)]
/// Cancels an order that is not being cooked yet.
pub(super) async fn cancel_order(
    State(app): State<Orders>,
    call: Call,
    principal: Principal,
    InPath(order): InPath<Uuid>,
    OptionalBody(CancelRequest { reason }): OptionalBody<CancelRequest>,
) -> Answer<Reply> {
    // Neither whose it is nor where changes until it is decided.
    if !principal.is_unbounded() {
        find_to_change(&app, &principal, order).await?;
    }
    Ok(app.pump.ask(call, Command::Cancel { order, reason }).await?)
}
