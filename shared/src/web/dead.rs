//! What a service could not take in: shown, taken in after all, or discarded.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use tracing::info;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    contract::time::TimeAndId,
    engine::{
        dead::{self, DeadLetter},
        redrive::{NoLetter, Redriven},
    },
    web::{
        access::Principal,
        extract::{Body, InPath, InQuery},
        history::{Part, Parts, find},
        page::{Page, Paging},
        problem::{Answer, Problem, could_not_read},
    },
};

/// A reason to discard a letter is a sentence or two.
const REASON_CHARS_MAX: usize = 1000;

/// The routes, for the services of this process.
pub(super) fn router(parts: Arc<[Part]>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(dead_letters))
        .routes(routes!(dead_letter))
        .routes(routes!(redrive))
        .routes(routes!(discard))
        .with_state(parts)
}

impl From<NoLetter> for Problem {
    fn from(NoLetter: NoLetter) -> Self {
        Self::missing("there is no such dead letter, or not any more: taken in after all, discarded, or forgotten")
    }
}

#[utoipa::path(
    get, path = "/v1/dead/{feed}", tag = "every service", params(("feed" = String, Path, description = "orders, inventory or kitchen"), Paging),
    responses(
        (status = 200, body = Page<DeadLetter>),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "`gone`: the letters behind `after` have been forgotten; `first` is the time since when there are any."),
    )
)]
/// What the service refused or could not read, newest first.
async fn dead_letters(
    State(parts): Parts,
    InPath(feed): InPath<String>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<DeadLetter>>> {
    let (part, after) = (find(&parts, &feed)?, paging.after()?);
    let read = async |after, limit| dead::list(&part.db, after, limit).await.map_err(could_not_read);
    let page = Page::read(&paging, |letter| TimeAndId(letter.at, letter.id), read).await?;
    if let (Some(TimeAndId(at, _)), Some(first)) = (after, dead::floor(&part.db).await.map_err(could_not_read)?)
        && at < first
    {
        return Err(Problem::gone(format!("dead letters from before {first} have been forgotten"), first));
    }
    Ok(page)
}

#[utoipa::path(
    get, path = "/v1/dead/{feed}/{id}", tag = "every service",
    params(("feed" = String, Path, description = "orders, inventory or kitchen"), ("id" = Uuid, Path)),
    responses((status = 200, body = DeadLetter))
)]
/// One dead letter with its bytes.
async fn dead_letter(State(parts): Parts, InPath((feed, id)): InPath<(String, Uuid)>) -> Answer<Json<DeadLetter>> {
    let part = find(&parts, &feed)?;
    let letter = dead::find(&part.db, id).await.map_err(could_not_read)?;
    Ok(Json(letter.ok_or(NoLetter)?))
}

#[utoipa::path(
    post, path = "/v1/dead/{feed}/{id}/redrive", tag = "every service",
    params(("feed" = String, Path, description = "orders, inventory or kitchen"), ("id" = Uuid, Path)),
    responses((status = 200, body = Redriven, description = "What came of it. Refused again, the letter stays."))
)]
/// Takes the letter in as if the bus had delivered it now. It is gone once it was taken in, or is found to change nothing.
async fn redrive(
    State(parts): Parts,
    principal: Principal,
    InPath((feed, id)): InPath<(String, Uuid)>,
) -> Answer<Json<Redriven>> {
    let part = find(&parts, &feed)?;
    let letter = dead::stored(&part.db, id).await.map_err(could_not_read)?.ok_or(NoLetter)?;
    let redriven = part.redriver.redrive(letter, principal.subject()).await?;
    info!(service = part.service, event.id = %id, by = principal.subject(), outcome = ?redriven.outcome, "dead letter redriven");
    Ok(Json(redriven))
}

/// Why a letter is not needed any more.
#[derive(Debug, Deserialize, ToSchema)]
struct Discard {
    /// For people, at most 1000 characters; it is kept in the journal.
    reason: String,
}

#[utoipa::path(
    post, path = "/v1/dead/{feed}/{id}/discard", tag = "every service",
    params(("feed" = String, Path, description = "orders, inventory or kitchen"), ("id" = Uuid, Path)),
    request_body = Discard,
    responses((status = 200, body = DeadLetter, description = "The letter, as it was."))
)]
/// Removes the letter for good. The journal and the log tell who did it, and why.
async fn discard(
    State(parts): Parts,
    principal: Principal,
    InPath((feed, id)): InPath<(String, Uuid)>,
    Body(Discard { reason }): Body<Discard>,
) -> Answer<Json<DeadLetter>> {
    let part = find(&parts, &feed)?;
    if reason.trim().is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        let wrong = format!("is the reason why, in 1 to {REASON_CHARS_MAX} characters");
        return Err(Problem::invalid_field("/reason", wrong));
    }
    let by = principal.subject();
    let letter = dead::discard(&part.db, id, by, &reason).await.map_err(could_not_read)?.ok_or(NoLetter)?;
    let DeadLetter { kind, reason: refused, .. } = &letter;
    info!(service = part.service, event.id = %id, event.r#type = kind, by, refused, reason, "dead letter discarded");
    let kind = kind.clone().unwrap_or("unreadable".into());
    let labels = [("service", part.service.into()), ("type", kind), ("outcome", "discarded".to_owned())];
    metrics::counter!("comanda_events_total", &labels).increment(1);
    Ok(Json(letter))
}
