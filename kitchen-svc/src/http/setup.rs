//! What a kitchen is set up with: its stations, and what it is out of.

use std::collections::HashSet;

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use shared::{
    contract::{
        kitchen::{MarkedOut, Route, ServeAfter, Station, Stations},
        types::{FieldError, List, Sku, Slug, null_as_default},
    },
    engine::call::Call,
    web::{
        extract::{Body, InPath, Keyed, KeyedBody},
        problem::{Answer, Problem, could_not_read},
    },
};
use utoipa::ToSchema;

use super::Kitchen;
use crate::{
    domain::{Arrangement, Command, Out, Reply},
    store,
};

impl KeyedBody for Out {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn needs_key(_: &Value) -> bool {
        false
    }
}

#[utoipa::path(
    put, path = "/v1/tickets/out/{location}/{sku}", tag = "kitchen-svc",
    params(("location" = Slug, Path), ("sku" = Sku, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = Option<Out>, content_type = "application/json"),
    responses(
        (status = 200, body = MarkedOut, headers(("ETag" = String, description = "The version"))),
        (status = 422, body = Problem, description = "`idempotency-key-reused`", content_type = "application/problem+json"),
    )
)]
/// Says that an item is out. Each time says it again, unless it repeats an Idempotency-Key: it may have been lifted.
pub(super) async fn mark_out(
    State(app): State<Kitchen>,
    call: Call,
    InPath((location, sku)): InPath<(Slug, Sku)>,
    Keyed { key, body: out }: Keyed<Out>,
) -> Answer<Reply> {
    let key = key.map(|key| call.idempotency("kitchen", &[&key], &("out", &location, &sku, &out)));
    Ok(app.pump.ask(call, Command::MarkOut { location, sku, out, key }).await?)
}

#[utoipa::path(
    get, path = "/v1/stations/{location}", tag = "kitchen-svc", params(("location" = Slug, Path)),
    responses(
        (status = 200, body = Stations, headers(("ETag" = String, description = "The version"))),
    )
)]
/// The stations of a location, and which items go where. One that nobody configured has one station: `kitchen`.
pub(super) async fn stations(State(app): State<Kitchen>, InPath(location): InPath<Slug>) -> Answer<Reply> {
    Ok(Reply::Stations(store::stations(&app.db, &location).await.map_err(could_not_read)?))
}

/// Which stations there are. A route's sku is looked for first, then its category.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(super) struct StationsRequest {
    #[schema(value_type = Vec<Station>, min_items = 1, max_items = 100)]
    stations: List<Station, 1, 100>,
    default: Slug,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Route>, max_items = 1000)]
    routes: List<Route, 0, 1000>,
    #[serde(default)]
    serve_after: Option<ServeAfter>,
}

#[utoipa::path(
    put, path = "/v1/stations/{location}", tag = "kitchen-svc", params(("location" = Slug, Path)),
    request_body = StationsRequest,
    responses(
        (status = 200, body = Stations, headers(("ETag" = String, description = "The version"))),
    )
)]
/// Replaces the stations of a location. Open tickets stay where they are; what they have at a station that is gone
/// moves to the default.
pub(super) async fn arrange(
    State(app): State<Kitchen>,
    call: Call,
    InPath(location): InPath<Slug>,
    Body(request): Body<StationsRequest>,
) -> Answer<Reply> {
    let arrangement = request.checked(location)?;
    Ok(app.pump.ask(call, Command::Arrange(arrangement)).await?)
}

impl StationsRequest {
    /// All that is wrong with it, or the arrangement.
    fn checked(self, location: Slug) -> Result<Arrangement, Problem> {
        let known: HashSet<&Slug> = self.stations.iter().map(|station| &station.id).collect();
        let mut errors = Vec::new();
        let mut wrong = |pointer: String, detail: &str| errors.push(FieldError { pointer, detail: detail.into() });
        let mut ids = HashSet::new();
        for (index, station) in self.stations.iter().enumerate() {
            if !ids.insert(&station.id) {
                wrong(format!("/stations/{index}/id"), "is used twice");
            }
        }
        if !known.contains(&self.default) {
            wrong("/default".into(), "names no station");
        }
        let mut routed = HashSet::new();
        for (index, route) in self.routes.iter().enumerate() {
            if route.sku.is_some() == route.category.is_some() {
                wrong(format!("/routes/{index}"), "needs exactly one of sku and category");
            } else if !routed.insert((&route.sku, &route.category)) {
                wrong(format!("/routes/{index}"), "is routed twice");
            }
            if !known.contains(&route.station) {
                wrong(format!("/routes/{index}/station"), "names no station");
            }
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let Self { stations, default, routes, serve_after } = self;
        let (stations, routes) = (stations.into(), routes.into());
        Ok(Arrangement { location, stations, default, routes, serve_after: serve_after.unwrap_or_default() })
    }
}
