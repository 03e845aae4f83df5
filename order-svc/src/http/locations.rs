//! The locations, as they are now: a pause that is over by its `until` is not shown any more.

use std::collections::HashMap;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    contract::{
        order::Location,
        pace::{Pace, Wait},
        time::Time,
        types::Slug,
    },
    engine::call::Call,
    web::{
        etag,
        extract::{Body, InLocation, InPath, InQuery},
        page::{Page, Paging},
        problem::{Answer, Problem, could_not_read},
    },
};
use utoipa::ToSchema;

use super::Orders;
use crate::{
    domain::{
        Command, Refusal, Reply,
        menu::location_as_of,
        request::{LocationRequest, ModeRequest},
        wait::wait,
    },
    store,
};

/// A location as it is now, and how long an order takes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LocationNow)]
pub(in crate::http) struct Shown {
    #[serde(flatten)]
    pub(super) location: Location,
    /// Minutes from ordering to the plate, with what the location says that it is busy; `null` where the kitchen has
    /// finished too little to tell.
    pub(super) wait: Option<Wait>,
}

impl Shown {
    pub(super) fn as_of(location: Location, pace: Option<&Pace>, at: Time) -> Self {
        let wait = wait(&location, pace, at);
        Self { location: location_as_of(location, at), wait }
    }
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        (etag::of_view(self.location.version, &self), Json(self)).into_response()
    }
}

#[utoipa::path(get, path = "/v1/locations", tag = "order-svc", params(Paging), responses((status = 200, body = Page<Shown>)))]
/// The locations, by slug.
pub(super) async fn list_locations(
    State(app): State<Orders>,
    call: Call,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<Shown>>> {
    let read = async |after, limit| {
        let found = store::locations(&app.db, after, limit).await.map_err(could_not_read)?;
        let [Some(first), Some(last)] = [found.first(), found.last()] else { return Ok(Vec::new()) };
        let paces = store::paces(&app.db, &first.location, &last.location).await.map_err(could_not_read)?;
        let paces: HashMap<Slug, Pace> = paces.into_iter().map(|pace| (pace.location.clone(), pace)).collect();
        let shown = |location: Location| {
            let pace = paces.get(&location.location);
            Shown::as_of(location, pace, call.at)
        };
        Ok(found.into_iter().map(shown).collect())
    };
    Page::read(&paging, |shown: &Shown| shown.location.location.clone(), read).await
}

#[utoipa::path(
    get, path = "/v1/locations/{location}", tag = "order-svc", params(InLocation),
    responses(
        (status = 200, body = Shown, headers(("ETag" = String, description = "The version, and what time has made of it"))),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
    )
)]
/// The location, whether it takes orders, and how long these take.
pub(super) async fn show_location(
    State(app): State<Orders>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
) -> Answer<Shown> {
    let location = find(&app, &location).await?;
    shown(&app, location, call.at).await
}

pub(super) async fn shown(app: &Orders, location: Location, at: Time) -> Answer<Shown> {
    let pace = store::pace(&app.db, &location.location).await.map_err(could_not_read)?;
    Ok(Shown::as_of(location, pace.as_ref(), at))
}

/// What was changed, as whoever asks for it is shown it.
async fn changed(app: &Orders, call: Call, command: Command) -> Answer<Response> {
    let at = call.at;
    match app.pump.ask(call, command).await? {
        Reply::Location(location) => Ok(shown(app, location, at).await?.into_response()),
        reply => Ok(reply.into_response()),
    }
}

pub(super) async fn find(app: &Orders, location: &Slug) -> Answer<Location> {
    let found = store::location(&app.db, location).await.map_err(could_not_read)?;
    found.ok_or_else(|| Refusal::UnknownLocation(location.clone()).into())
}

#[utoipa::path(
    put, path = "/v1/locations/{location}", tag = "order-svc", params(InLocation),
    request_body = LocationRequest,
    responses(
        (status = 200, body = Shown, headers(("ETag" = String, description = "The version, and what time has made of it"))),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`currency-in-use`"),
    )
)]
/// Makes a location, or replaces it; pauses, closes and opens it. Without `mode` the mode stays as it is.
pub(super) async fn put_location(
    State(app): State<Orders>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
    Body(put): Body<LocationRequest>,
) -> Answer<Response> {
    Problem::check(put.wrong(&location))?;
    changed(&app, call, Command::PutLocation { location, put }).await
}

#[utoipa::path(
    post, path = "/v1/locations/{location}/mode", tag = "order-svc", params(InLocation),
    request_body = ModeRequest,
    responses(
        (status = 200, body = Shown, headers(("ETag" = String, description = "The version, and what time has made of it"))),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
    )
)]
/// Pauses, closes or opens the location, or says that it is busy: for a while, or until somebody says otherwise.
pub(super) async fn set_mode(
    State(app): State<Orders>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
    Body(set): Body<ModeRequest>,
) -> Answer<Response> {
    Problem::check(set.wrong())?;
    changed(&app, call, Command::SetMode { location, set }).await
}
