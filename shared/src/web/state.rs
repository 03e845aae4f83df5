//! What a service's database holds, as fingerprints: whether a journal explains it, row by row, can be found out from
//! outside.

use std::sync::Arc;

use axum::{Json, extract::State as Extracted};
use tokio::sync::Semaphore;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    engine::state::{self, RowFingerprints, State},
    web::{
        extract::{InPath, InQuery},
        history::{Part, Parts, find},
        page::Paging,
        problem::{Answer, Problem, could_not_read},
    },
};

/// Reading all rows keeps a session and much of a processor: one at a time.
static TURN: Semaphore = Semaphore::const_new(1);

/// The routes, for the services of this process.
pub(super) fn router(parts: Arc<[Part]>) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(all)).routes(routes!(rows)).with_state(parts)
}

#[utoipa::path(
    get, path = "/v1/state/{feed}", tag = "every service", params(("feed" = String, Path, description = "orders, inventory or kitchen")),
    responses((status = 200, body = State))
)]
/// A fingerprint of each table that the journal explains, all as they were once the entry `position` was decided. Reads
/// every row: it takes a second or more for every 100,000 of them.
async fn all(Extracted(parts): Parts, InPath(feed): InPath<String>) -> Answer<Json<State>> {
    let part = find(&parts, &feed)?;
    let _turn = TURN.acquire().await;
    Ok(Json(state::of(&part.db, &part.tables, None).await.map_err(could_not_read)?))
}

#[utoipa::path(
    get, path = "/v1/state/{feed}/{table}", tag = "every service",
    params(("feed" = String, Path, description = "orders, inventory or kitchen"), ("table" = String, Path), Paging),
    responses((status = 200, body = RowFingerprints))
)]
/// A fingerprint of each row of a table, page by page, in an order of the database's own; each page as it was once the
/// entry `position` was decided.
async fn rows(
    Extracted(parts): Parts,
    InPath((feed, table)): InPath<(String, String)>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<RowFingerprints>> {
    let part = find(&parts, &feed)?;
    let table = part.tables.iter().find(|known| **known == table);
    let table = table.ok_or_else(|| Problem::missing("there is no such table; GET /v1/state/{feed} lists them"))?;
    let (after, limit): (Option<String>, i64) = (paging.after()?, paging.limit()?);
    if state::is_by_position(table) && after.as_ref().is_some_and(|after| after.parse::<i64>().is_err()) {
        return Err(Problem::invalid_field("after", "is no `next` of a page of this list"));
    }
    Ok(Json(state::rows(&part.db, table, after.as_deref(), limit).await.map_err(could_not_read)?))
}
