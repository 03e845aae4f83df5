//! The menu, as it is now: what was marked out until a time that is past is to be had again.

use axum::{Json, extract::State};
use shared::{
    contract::{
        order::MenuItem,
        time::Time,
        types::{Sku, Slug},
    },
    engine::call::Call,
    web::{
        extract::{Body, InLocation, InPath, InQuery, OfItem},
        page::{Page, Paging},
        problem::{Answer, Problem, could_not_read},
    },
};

use super::{Orders, locations};
use crate::{
    domain::{Command, Reply, menu::item_as_of, request::ItemRequest},
    store,
};

#[utoipa::path(
    get, path = "/v1/menu/{location}", tag = "order-svc", params(InLocation, Paging),
    responses(
        (status = 200, body = Page<MenuItem>),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
    )
)]
/// The menu by sku, with what is sold out.
pub(super) async fn list_menu(
    State(app): State<Orders>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<MenuItem>>> {
    locations::find(&app, &location).await?;
    let read = |after, limit| items_as_of(&app, &location, after, limit, call.at);
    Page::read(&paging, |item| item.sku.clone(), read).await
}

pub(super) async fn items_as_of(
    app: &Orders,
    location: &Slug,
    after: Option<Sku>,
    limit: i64,
    at: Time,
) -> Answer<Vec<MenuItem>> {
    let items = store::menu(&app.db, location, after, limit).await.map_err(could_not_read)?;
    Ok(items.into_iter().map(|item| item_as_of(item, at)).collect())
}

#[utoipa::path(
    put, path = "/v1/menu/{location}/{sku}", tag = "order-svc", params(OfItem),
    request_body = ItemRequest,
    responses(
        (status = 200, body = MenuItem, headers(("ETag" = String, description = "The version, and what time has made of it"))),
    )
)]
/// Puts an item on the menu, or replaces it. The location may be made later.
pub(super) async fn put_item(
    State(app): State<Orders>,
    call: Call,
    InPath(OfItem { location, sku }): InPath<OfItem>,
    Body(item): Body<ItemRequest>,
) -> Answer<Reply> {
    Problem::check(item.wrong(&sku))?;
    Ok(app.pump.ask(call, Command::PutItem { location, sku, item }).await?)
}

#[utoipa::path(
    delete, path = "/v1/menu/{location}/{sku}", tag = "order-svc", params(OfItem),
    responses(
        (status = 204, description = "It is not on the menu, now or before."),
    )
)]
/// Takes an item off the menu. It may be put again.
pub(super) async fn remove_item(
    State(app): State<Orders>,
    call: Call,
    InPath(OfItem { location, sku }): InPath<OfItem>,
) -> Answer<Reply> {
    Ok(app.pump.ask(call, Command::RemoveItem { location, sku }).await?)
}
