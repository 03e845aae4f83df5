//! What a service has said and what it was told.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    bus::Bus,
    contract::time::Time,
    db::Db,
    engine::{journal, log, measure::Measure, redrive::Redriver},
    web::{
        extract::{InPath, InQuery},
        page::{self, Paging},
        problem::{Answer, Problem, could_not_read},
    },
};

/// What these routes know of a service.
#[derive(Clone, Debug)]
pub struct Part {
    pub service: &'static str,
    pub feed: &'static str,
    /// Of which there are fingerprints.
    pub tables: Vec<&'static str>,
    pub db: Db,
    /// `None` where nothing is said any more.
    pub bus: Option<Bus>,
    pub redriver: Redriver,
    /// What `/metrics` tells of it at the moment.
    pub measure: Measure,
}

/// The routes, for the services of this process.
pub(super) fn router(parts: Arc<[Part]>) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(feed)).routes(routes!(journal)).with_state(parts)
}

pub(super) type Parts = State<Arc<[Part]>>;

pub(super) fn find<'a>(parts: &'a [Part], feed: &str) -> Answer<&'a Part> {
    let found = parts.iter().find(|part| part.feed == feed);
    found.ok_or_else(|| Problem::missing(format!("there is no service {feed:?} here")))
}

/// Everything that a service has said, in order.
#[derive(Debug, Serialize, ToSchema)]
struct Feed {
    /// CloudEvents 1.0.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Box<RawValue>>,
    /// Always set: ask again with it as `after` for what has come since.
    next: String,
}

#[utoipa::path(
    get, path = "/v1/feed/{feed}", tag = "every service", params(("feed" = String, Path, description = "orders, inventory or kitchen"), Paging),
    responses(
        (status = 200, body = Feed),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "`gone`: what comes after `after` has been forgotten; `first` is the first position that is left."),
    )
)]
/// Every event that the service has said, in order, complete, back to the retention.
async fn feed(
    State(parts): Parts,
    InPath(feed): InPath<String>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Feed>> {
    let part = find(&parts, &feed)?;
    let (after, limit) = (paging.after()?.unwrap_or(0), paging.limit()?);
    // Of a log that is gone, or of another service: whoever follows it would wait for ever.
    let beyond = || Problem::invalid_field("after", "no event of this feed has that position yet");
    if after < 0 {
        return Err(beyond());
    }
    let read = async |from: Option<i64>, limit| {
        log::after(&part.db, from.unwrap_or(after), limit).await.map_err(could_not_read)
    };
    let (entries, _) = page::gather(Some(after), limit, |entry| entry.position, |entry| entry.doc.len(), read).await?;
    if entries.is_empty() && after > log::bounds(&part.db).await.map_err(could_not_read)?.head {
        return Err(beyond());
    }
    let next = entries.last().map_or(after, |entry| entry.position).to_string();
    let items = entries.into_iter().map(|entry| RawValue::from_string(entry.doc));
    let items = items.collect::<Result<_, _>>().map_err(|error| could_not_read(error.into()))?;
    Ok(Json(Feed { items, next }))
}

/// What a service was told, in the order in which it decided.
#[derive(Debug, Serialize, ToSchema)]
struct Journal {
    items: Vec<JournalEntry>,
    /// Always set: ask again with it as `after` for what has come since.
    next: String,
}

/// One batch: all of it was decided in one transaction.
#[derive(Debug, Serialize, ToSchema)]
struct JournalEntry {
    position: i64,
    /// When the last of its inputs came.
    at: Time,
    /// The last position of the feed once it was decided.
    said: i64,
    /// Each input in order: `id`, `at`, `by`, its `event` or `command`, the `outcome` with its `reason`, who it
    /// was `redriven_by`, and how many events were `said` of it. Between two batches, an object: what was forgotten.
    #[schema(value_type = Vec<Object>)]
    told: Box<RawValue>,
}

#[utoipa::path(
    get, path = "/v1/journal/{feed}", tag = "every service", params(("feed" = String, Path, description = "orders, inventory or kitchen"), Paging),
    responses(
        (status = 200, body = Journal),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "`gone`: what comes after `after` has been forgotten, or was told to a version that kept no journal; `first` is the first position that is left."),
    )
)]
/// What the service was told by requests, events and the time, in the order in which it decided, and what came of it.
async fn journal(
    State(parts): Parts,
    InPath(feed): InPath<String>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Journal>> {
    let part = find(&parts, &feed)?;
    let (after, limit) = (paging.after()?.unwrap_or(0), paging.limit()?);
    let beyond = || Problem::invalid_field("after", "the journal has not come to that position yet");
    if after < 0 {
        return Err(beyond());
    }
    let read = async |from: Option<i64>, limit| {
        journal::after(&part.db, from.unwrap_or(after), limit).await.map_err(could_not_read)
    };
    let (entries, _) = page::gather(Some(after), limit, |entry| entry.position, |entry| entry.doc.len(), read).await?;
    if entries.is_empty() && after > journal::bounds(&part.db).await.map_err(could_not_read)?.head {
        return Err(beyond());
    }
    let next = entries.last().map_or(after, |entry| entry.position).to_string();
    let items = entries.into_iter().map(|entry| {
        let told = RawValue::from_string(entry.doc)?;
        Ok(JournalEntry { position: entry.position, at: entry.at, said: entry.said, told })
    });
    let items = items.collect::<Result<_, serde_json::Error>>().map_err(|error| could_not_read(error.into()))?;
    Ok(Json(Journal { items, next }))
}
