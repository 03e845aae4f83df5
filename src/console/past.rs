//! One event, whole, and one order over all services.

use axum::{Json, Router, extract::State, http::header, response::IntoResponse, routing::get};
use serde_json::{Value, json};
use shared::web::{
    extract::InPath,
    problem::{Answer, Problem},
};

use super::Console;
use crate::developer::{
    orders::{self, Name},
    trace,
};

pub(super) fn router() -> Router<Console> {
    Router::new().route("/console/event/{feed}/{position}", get(event)).route("/console/trace/{order}", get(traced))
}

/// As it was said, to the byte.
async fn event(
    State(console): State<Console>,
    InPath((feed, position)): InPath<(String, i64)>,
) -> Answer<impl IntoResponse> {
    let place = console.services.find(&feed)?;
    let past = place.past().await.map_err(|_| place.away())?;
    let events = past.said(position.saturating_sub(1), 1).await.unwrap_or_default();
    let missing = || Problem::missing("there is no event at that position, or it has been forgotten");
    let (_, event) = events.into_iter().next().ok_or_else(missing)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], event))
}

/// By its id or its number. Who does not answer is named in `away`, and missing from the steps.
async fn traced(State(console): State<Console>, InPath(wanted): InPath<String>) -> Answer<Json<Value>> {
    // An order's id tells when it was made: of any other, all that was ever said would have to be read.
    let name = wanted.parse().ok().filter(|name| !matches!(name, Name::Id(id) if id.get_timestamp().is_none()));
    let name = name.ok_or_else(|| Problem::invalid_field("order", "expected an order's id or its number"))?;
    let (pasts, away) = console.services.pasts().await;
    let unreadable = |_| Problem::unavailable("the services' past could not be read");
    let missing = || Problem::missing(format!("no order has the number {wanted}"));
    let order = orders::find(&pasts, name).await.map_err(unreadable)?.ok_or_else(missing)?;
    let trace = trace::of(&pasts, order).await.map_err(unreadable)?;
    let steps: Vec<Value> = trace.steps.iter().map(trace::as_json).collect();
    Ok(Json(json!({
        "order": trace.order, "number": trace.number, "location": trace.location, "away": away, "steps": steps,
    })))
}
