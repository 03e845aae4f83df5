//! The HTTP interface: stock, movements, recipes, availability, reservations.

mod answer;
mod day;
mod live;
#[cfg(test)]
mod tests;

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    contract::{
        stock::{Availability, Movement, Recipe, Reservation, StockItem},
        types::Slug,
    },
    engine::call::Call,
    web::{
        access::Principal,
        etag,
        extract::{Body, InLocation, InPath, InQuery, Keyed, KeyedBody, OfItem},
        page::{Page, Paging},
        problem::{Answer, Problem, could_not_read},
        site::App,
    },
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    InventorySvc,
    domain::{
        Command, Move, PutRecipe, PutStock, Refusal, Reply, SetAvailability,
        request::{AvailabilityRequest, MovementRequest, RecipeRequest, StockRequest},
    },
    store,
};

type Inventory = App<InventorySvc>;

pub(crate) fn routes(app: Inventory) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list_stock))
        .routes(routes!(put_stock))
        .routes(routes!(list_movements, enter_movement))
        .routes(routes!(list_recipes))
        .routes(routes!(show_recipe, put_recipe))
        .routes(routes!(list_availability))
        .routes(routes!(put_availability))
        .routes(routes!(show_reservation))
        .routes(routes!(list_locations))
        .routes(routes!(live::events))
        .routes(routes!(day::day_of_stock))
        .with_state(app)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfIngredient {
    location: Slug,
    ingredient: Slug,
}

/// A location that has stock.
#[derive(Debug, Serialize, ToSchema)]
struct StockLocation {
    location: Slug,
}

#[utoipa::path(
    get, path = "/v1/inventory", tag = "inventory-svc", params(Paging),
    responses(
        (status = 200, body = Page<StockLocation>),
    )
)]
/// The locations that have stock.
async fn list_locations(
    State(app): State<Inventory>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<StockLocation>>> {
    let read = async |after, limit| {
        let found = store::locations(&app.db, after, limit).await.map_err(could_not_read)?;
        Ok(found.into_iter().map(|location| StockLocation { location }).collect())
    };
    Page::read(&paging, |known: &StockLocation| known.location.clone(), read).await
}

#[utoipa::path(
    get, path = "/v1/stock/{location}", tag = "inventory-svc", params(InLocation, Paging),
    responses(
        (status = 200, body = Page<StockItem>),
    )
)]
/// The ingredients of a location, by name.
async fn list_stock(
    State(app): State<Inventory>,
    InPath(InLocation { location }): InPath<InLocation>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<StockItem>>> {
    let read = async |after, limit| store::stock(&app.db, &location, after, limit).await.map_err(could_not_read);
    Page::read(&paging, |item| item.ingredient.clone(), read).await
}

#[utoipa::path(
    put, path = "/v1/stock/{location}/{ingredient}", tag = "inventory-svc", params(OfIngredient),
    request_body = StockRequest,
    responses(
        (status = 200, body = StockItem, headers(("ETag" = String, description = "The version"))),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`unit-in-use`"),
    )
)]
/// Creates an ingredient or describes it anew. Its quantities only change by movements.
async fn put_stock(
    State(app): State<Inventory>,
    call: Call,
    InPath(OfIngredient { location, ingredient }): InPath<OfIngredient>,
    Body(body): Body<StockRequest>,
) -> Answer<Reply> {
    let StockRequest { name, unit, reorder_point, unit_cost } = body;
    let reorder_point = reorder_point.map(i64::from);
    let put = PutStock { location, ingredient, name, unit, reorder_point, unit_cost };
    Ok(app.pump.ask(call, Command::PutStock(put)).await?)
}

#[utoipa::path(
    get, path = "/v1/stock/{location}/{ingredient}/movements", tag = "inventory-svc", params(OfIngredient, Paging),
    responses(
        (status = 200, body = Page<Movement>),
    )
)]
/// The ledger of an ingredient, newest first.
async fn list_movements(
    State(app): State<Inventory>,
    InPath(OfIngredient { location, ingredient }): InPath<OfIngredient>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<Movement>>> {
    let key = location.key(&ingredient);
    let read = async |before, limit| {
        let entries = store::ledger(&app.db, &key, before, limit).await.map_err(could_not_read)?;
        entries.ok_or_else(|| Problem::from(Refusal::UnknownIngredient(ingredient.clone())))
    };
    let Json(Page { items, next }) = Page::read(&paging, |entry| entry.number, read).await?;
    Ok(Json(Page { items: items.into_iter().map(|entry| entry.movement).collect(), next }))
}

impl KeyedBody for MovementRequest {
    fn needs_key(_: &Value) -> bool {
        true
    }
}

#[utoipa::path(
    post, path = "/v1/stock/{location}/{ingredient}/movements", tag = "inventory-svc",
    params(OfIngredient, ("Idempotency-Key" = String, Header, description = "Names the movement: a retry with it enters nothing twice.", min_length = 1, max_length = 255)),
    request_body = MovementRequest,
    responses(
        (status = 201, body = Movement, headers(("Idempotent-Replayed" = String, description = "`true` on a repetition"))),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "`idempotency-key-missing`"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`idempotency-key-reused`"),
    )
)]
/// Enters what was received, counted (what is there now) or thrown away.
async fn enter_movement(
    State(app): State<Inventory>,
    call: Call,
    InPath(OfIngredient { location, ingredient }): InPath<OfIngredient>,
    Keyed { key, body }: Keyed<MovementRequest>,
) -> Answer<Reply> {
    // There is one: the body needs it.
    let key = key.ok_or_else(Problem::key_missing)?;
    let once = call.idempotency("movement", &[&key], &(&location, &ingredient, &body));
    Problem::check(body.wrong())?;
    let MovementRequest { kind: entered, quantity, reason } = body;
    let entry = Move { location, ingredient, entered, quantity: quantity.into(), reason, once };
    Ok(app.pump.ask(call, Command::Move(entry)).await?)
}

#[utoipa::path(
    get, path = "/v1/recipes/{location}", tag = "inventory-svc", params(InLocation, Paging),
    responses(
        (status = 200, body = Page<Recipe>),
    )
)]
/// The recipes of a location, by sku.
async fn list_recipes(
    State(app): State<Inventory>,
    InPath(InLocation { location }): InPath<InLocation>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<Recipe>>> {
    let read = async |after, limit| store::recipes(&app.db, &location, after, limit).await.map_err(could_not_read);
    Page::read(&paging, |recipe| recipe.sku.clone(), read).await
}

#[utoipa::path(
    get, path = "/v1/recipes/{location}/{sku}", tag = "inventory-svc", params(OfItem),
    responses(
        (status = 200, body = Recipe, headers(("ETag" = String, description = "The version"))),
    )
)]
/// What one portion takes.
async fn show_recipe(State(app): State<Inventory>, InPath(OfItem { location, sku }): InPath<OfItem>) -> Answer<Reply> {
    let recipe = store::recipe(&app.db, &location, &sku).await.map_err(could_not_read)?;
    recipe.map(Reply::Recipe).ok_or_else(|| Problem::missing(format!("there is no recipe of {sku} here")))
}

#[utoipa::path(
    put, path = "/v1/recipes/{location}/{sku}", tag = "inventory-svc", params(OfItem),
    request_body = RecipeRequest,
    responses(
        (status = 200, body = Recipe, headers(("ETag" = String, description = "The version"))),
    )
)]
/// Says what one portion takes. Every ingredient must be in stock, if with nothing on hand.
async fn put_recipe(
    State(app): State<Inventory>,
    call: Call,
    InPath(OfItem { location, sku }): InPath<OfItem>,
    Body(body): Body<RecipeRequest>,
) -> Answer<Reply> {
    Problem::check(body.wrong())?;
    let put = PutRecipe { location, sku, ingredients: body.portions() };
    Ok(app.pump.ask(call, Command::PutRecipe(put)).await?)
}

#[utoipa::path(
    get, path = "/v1/availability/{location}", tag = "inventory-svc", params(InLocation, Paging),
    responses(
        (status = 200, body = Page<Availability>),
    )
)]
/// What can be had, by sku. An item that is not listed has no recipe and was never marked out: it is available.
async fn list_availability(
    State(app): State<Inventory>,
    InPath(InLocation { location }): InPath<InLocation>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<Availability>>> {
    let read = async |after, limit| store::availability(&app.db, &location, after, limit).await.map_err(could_not_read);
    Page::read(&paging, |item| item.sku.clone(), read).await
}

#[utoipa::path(
    put, path = "/v1/availability/{location}/{sku}", tag = "inventory-svc", params(OfItem),
    request_body = AvailabilityRequest,
    responses(
        (status = 200, body = Availability, headers(("ETag" = String, description = "The version"))),
    )
)]
/// Takes an item off the menu by hand, or lifts that. What is out for want of stock stays out.
async fn put_availability(
    State(app): State<Inventory>,
    call: Call,
    InPath(OfItem { location, sku }): InPath<OfItem>,
    Body(body): Body<AvailabilityRequest>,
) -> Answer<Reply> {
    Problem::check(body.wrong())?;
    let AvailabilityRequest { available, until } = body;
    let set = SetAvailability { location, sku, available, until };
    Ok(app.pump.ask(call, Command::SetAvailability(set)).await?)
}

#[utoipa::path(
    get, path = "/v1/reservations/{order_id}", tag = "inventory-svc",
    params(("order_id" = Uuid, Path, description = "The order's id")),
    responses(
        (status = 200, body = Reservation, headers(("ETag" = String, description = "The version"))),
    )
)]
/// What was set aside for an order.
async fn show_reservation(
    State(app): State<Inventory>,
    principal: Principal,
    InPath(order): InPath<Uuid>,
) -> Answer<Response> {
    let found = store::reservation(&app.db, order).await.map_err(could_not_read)?;
    let found = found.filter(|reservation| principal.covers(&reservation.location));
    let reservation = found.ok_or_else(|| Problem::missing(format!("there is no reservation of order {order}")))?;
    Ok(etag::versioned(reservation.version, reservation))
}
