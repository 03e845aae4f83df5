//! The locations, as they are now: a pause that is over by its `until` is not shown any more.

use axum::{Json, extract::State};
use shared::{
    contract::{order::Location, types::Slug},
    engine::call::Call,
    web::{
        extract::{Body, InLocation, InPath, InQuery},
        page::{Page, Paging},
        problem::{Answer, Problem, could_not_read},
    },
};

use super::Orders;
use crate::{
    domain::{
        Command, Refusal, Reply,
        menu::location_as_of,
        request::{LocationRequest, ModeRequest},
    },
    store,
};

#[utoipa::path(get, path = "/v1/locations", tag = "order-svc", params(Paging), responses((status = 200, body = Page<Location>)))]
/// The locations, by slug.
pub(super) async fn list_locations(
    State(app): State<Orders>,
    call: Call,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<Location>>> {
    let read = async |after, limit| {
        let found = store::locations(&app.db, after, limit).await.map_err(could_not_read)?;
        Ok(found.into_iter().map(|location| location_as_of(location, call.at)).collect())
    };
    Page::read(&paging, |location: &Location| location.location.clone(), read).await
}

#[utoipa::path(
    get, path = "/v1/locations/{location}", tag = "order-svc", params(InLocation),
    responses(
        (status = 200, body = Location, headers(("ETag" = String, description = "The version, and what time has made of it"))),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
    )
)]
/// The location, and whether it takes orders.
pub(super) async fn show_location(
    State(app): State<Orders>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
) -> Answer<Reply> {
    Ok(Reply::Location(location_as_of(find(&app, &location).await?, call.at)))
}

pub(super) async fn find(app: &Orders, location: &Slug) -> Answer<Location> {
    let found = store::location(&app.db, location).await.map_err(could_not_read)?;
    found.ok_or_else(|| Refusal::UnknownLocation(location.clone()).into())
}

#[utoipa::path(
    put, path = "/v1/locations/{location}", tag = "order-svc", params(InLocation),
    request_body = LocationRequest,
    responses(
        (status = 200, body = Location, headers(("ETag" = String, description = "The version, and what time has made of it"))),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`currency-in-use`"),
    )
)]
/// Makes a location, or replaces it; pauses, closes and opens it. Without `mode` the mode stays as it is.
pub(super) async fn put_location(
    State(app): State<Orders>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
    Body(put): Body<LocationRequest>,
) -> Answer<Reply> {
    Problem::check(put.wrong(&location))?;
    Ok(app.pump.ask(call, Command::PutLocation { location, put }).await?)
}

#[utoipa::path(
    post, path = "/v1/locations/{location}/mode", tag = "order-svc", params(InLocation),
    request_body = ModeRequest,
    responses(
        (status = 200, body = Location, headers(("ETag" = String, description = "The version, and what time has made of it"))),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
    )
)]
/// Pauses, closes or opens the location, or says that it is busy: for a while, or until somebody says otherwise.
pub(super) async fn set_mode(
    State(app): State<Orders>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
    Body(set): Body<ModeRequest>,
) -> Answer<Reply> {
    Problem::check(set.wrong())?;
    Ok(app.pump.ask(call, Command::SetMode { location, set }).await?)
}
