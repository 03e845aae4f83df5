//! What a kitchen is set up with: its stations, and what it is out of.

use axum::extract::State;
use shared::{
    contract::kitchen::{MarkedOut, Stations},
    engine::call::Call,
    web::{
        extract::{Body, InLocation, InPath, Keyed, KeyedBody, OfItem},
        problem::{Answer, Problem, could_not_read},
    },
};

use super::Kitchen;
use crate::{
    domain::{
        Command, Reply,
        request::{OutRequest, StationsRequest},
    },
    store,
};

impl KeyedBody for OutRequest {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

#[utoipa::path(
    put, path = "/v1/tickets/out/{location}/{sku}", tag = "kitchen-svc",
    params(OfItem, ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = Option<OutRequest>, content_type = "application/json"),
    responses(
        (status = 200, body = MarkedOut, headers(
            ("ETag" = String, description = "The version"),
            ("Idempotent-Replayed" = String, description = "`true` where its key was used for this before"),
        )),
        (status = 422, body = Problem, description = "`idempotency-key-reused`", content_type = "application/problem+json"),
    )
)]
/// Says that an item is out. Each time says it again, unless it repeats an Idempotency-Key: it may have been lifted.
pub(super) async fn mark_out(
    State(app): State<Kitchen>,
    call: Call,
    InPath(OfItem { location, sku }): InPath<OfItem>,
    Keyed { key, body: out }: Keyed<OutRequest>,
) -> Answer<Reply> {
    let once = key.map(|key| call.idempotency("kitchen", &[&key], &("out", &location, &sku, &out)));
    Ok(app.pump.ask(call, Command::MarkOut { location, sku, out, once }).await?)
}

#[utoipa::path(
    get, path = "/v1/stations/{location}", tag = "kitchen-svc", params(InLocation),
    responses(
        (status = 200, body = Stations, headers(("ETag" = String, description = "The version"))),
    )
)]
/// The stations of a location, and which items go where. One that nobody configured has one station: `kitchen`.
pub(super) async fn show_stations(
    State(app): State<Kitchen>,
    InPath(InLocation { location }): InPath<InLocation>,
) -> Answer<Reply> {
    Ok(Reply::Stations(store::stations(&app.db, &location).await.map_err(could_not_read)?))
}

#[utoipa::path(
    put, path = "/v1/stations/{location}", tag = "kitchen-svc", params(InLocation),
    request_body = StationsRequest,
    responses(
        (status = 200, body = Stations, headers(("ETag" = String, description = "The version"))),
    )
)]
/// Replaces the stations of a location. Open tickets stay where they are; what they have at a station that is gone
/// moves to the default.
pub(super) async fn put_stations(
    State(app): State<Kitchen>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
    Body(body): Body<StationsRequest>,
) -> Answer<Reply> {
    Problem::check(body.wrong())?;
    Ok(app.pump.ask(call, Command::Arrange(body.arrangement(location))).await?)
}
