//! What every process serves around its services' routes: feeds, dead letters, health, metrics, documentation.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::future::join_all;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    contract::time::{Time, TimeAndId},
    db::{Db, NO_ANSWER, advice},
    engine::{
        dead::{self, DeadLetter},
        health, log, relay,
    },
    web::{
        docs, etag,
        extract::{BODY_MAX, InPath, InQuery},
        openapi,
        page::{self, Page, Paging},
        pages,
        problem::{self, Answer, Problem, could_not_read},
    },
};

/// With what surrounds it, a probe is answered within 2 s.
const ANSWER_WITHIN: Duration = Duration::from_millis(1800);

/// What these routes know of a service.
#[derive(Clone, Debug)]
pub struct Part {
    pub service: &'static str,
    pub feed: &'static str,
    pub db: Db,
}

/// What is known of the process itself.
#[derive(Clone)]
pub struct Probe {
    pub prepared: Arc<AtomicBool>,
    pub stop: CancellationToken,
    pub metrics: &'static PrometheusHandle,
}

#[derive(Clone)]
struct Process {
    parts: Arc<[Part]>,
    probe: Probe,
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Comanda",
    description = "Restaurant orders as events. Lists are pages of `items` with a cursor `next`; every error is an \
                   RFC 9457 problem with a stable `type`.",
    license(name = "MIT", identifier = "MIT")
))]
struct Document;

/// The whole HTTP interface of a process.
pub fn router(services: OpenApiRouter, pages: Router, parts: Vec<Part>, probe: Probe) -> Router {
    let process = Process { parts: parts.into(), probe };
    let ours = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(feed))
        .routes(routes!(dead_letters))
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(metrics))
        .with_state(process);
    let (router, api) = ours.merge(services).split_for_parts();
    router
        .merge(docs::router(&openapi::complete(&api)))
        .merge(pages)
        .merge(pages::shared())
        .fallback(|request: Request| async move { Problem::no_such_path(request.uri().path()) })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(middleware::from_fn(etag::not_modified))
        .layer(middleware::from_fn(problem::instead_of_text))
        .layer(middleware::from_fn(observe))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// Counts and times the request.
async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS") => known.to_owned(),
        // Whatever a client makes up must not become a series of its own.
        _ => "other".to_owned(),
    };
    let path = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let mut response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    let labels = [("method", method), ("path", path), ("status", status)];
    metrics::counter!("comanda_http_requests_total", &labels).increment(1);
    metrics::histogram!("comanda_http_request_seconds", &labels[..2]).record(started.elapsed());
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl Process {
    fn part(&self, feed: &str) -> Answer<&Part> {
        let found = self.parts.iter().find(|part| part.feed == feed);
        found.ok_or_else(|| Problem::missing(format!("there is no service {feed:?} here")))
    }
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
    State(process): State<Process>,
    InPath(feed): InPath<String>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Feed>> {
    let part = process.part(&feed)?;
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

#[utoipa::path(
    get, path = "/v1/dead/{feed}", tag = "every service", params(("feed" = String, Path, description = "orders, inventory or kitchen"), Paging),
    responses(
        (status = 200, body = Page<DeadLetter>),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "`gone`: the letters behind `after` have been forgotten; `first` is the time since when there are any."),
    )
)]
/// What the service refused or could not read, newest first.
async fn dead_letters(
    State(process): State<Process>,
    InPath(feed): InPath<String>,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<DeadLetter>>> {
    let (part, after) = (process.part(&feed)?, paging.after()?);
    let read = async |after, limit| dead::list(&part.db, after, limit).await.map_err(could_not_read);
    let page = Page::read(&paging, |letter| TimeAndId(letter.at, letter.id), read).await?;
    if let (Some(TimeAndId(at, _)), Some(first)) = (after, dead::floor(&part.db).await.map_err(could_not_read)?)
        && at < first
    {
        return Err(Problem::gone(format!("dead letters from before {first} have been forgotten"), first));
    }
    Ok(page)
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Health {
    /// `ok`, or what is wrong.
    status: String,
    /// By service.
    #[serde(default)]
    services: BTreeMap<String, String>,
}

#[utoipa::path(get, path = "/healthz/live", tag = "every service", responses((status = 200, body = Health)))]
/// The process runs.
async fn live() -> Json<Health> {
    Json(Health { status: "ok".into(), services: BTreeMap::new() })
}

#[utoipa::path(
    get, path = "/healthz/ready", tag = "every service",
    responses((status = 200, body = Health), (status = 503, body = Health))
)]
/// The process can do its job: its databases answer, and take what is written. The broker may be away.
async fn ready(State(process): State<Process>) -> Response {
    let answers = ask_all(&process.parts, |part| async move { health::check(&part.db).await }).await;
    let words = answers.into_iter().map(|answer| match answer {
        Ok(()) => "ok".to_owned(),
        Err(error) => advice(&error).unwrap_or(NO_ANSWER).to_owned(),
    });
    let services: BTreeMap<String, String> =
        process.parts.iter().map(|part| part.service.to_owned()).zip(words).collect();
    let status = if process.probe.stop.is_cancelled() {
        "stopping"
    } else if !process.probe.prepared.load(Ordering::Acquire) {
        "preparing"
    } else if services.values().any(|answer| answer != "ok") {
        "not every service can do its job"
    } else {
        "ok"
    };
    let code = if status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(Health { status: status.into(), services })).into_response()
}

#[utoipa::path(get, path = "/metrics", tag = "every service", responses((status = 200, body = String, content_type = "text/plain")))]
/// Prometheus text format.
async fn metrics(State(process): State<Process>) -> Response {
    let measured = ask_all(&process.parts, |part| async move { gauge(&part).await }).await;
    for (part, measured) in process.parts.iter().zip(measured) {
        if let Err(error) = measured {
            warn!(service = part.service, error = format!("{error:#}"), "could not measure");
        }
    }
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (content_type, process.probe.metrics.render()).into_response()
}

/// Asks all services at once, so that those that do not answer are waited for together.
async fn ask_all<P: Clone, T, F: Future<Output = Result<T>>>(parts: &[P], ask: impl Fn(P) -> F) -> Vec<Result<T>> {
    join_all(parts.iter().map(async |part| timeout(ANSWER_WITHIN, ask(part.clone())).await?)).await
}

async fn gauge(part: &Part) -> Result<()> {
    let (pending, oldest) = relay::pending(&part.db).await?;
    ensure!(pending >= 0, "the relay is ahead of its log");
    let age_s = oldest.map_or(0.0, |said| Time::now().since(said).as_secs_f64());
    metrics::gauge!("comanda_outbox_pending", "service" => part.service).set(pending as f64);
    metrics::gauge!("comanda_outbox_oldest_seconds", "service" => part.service).set(age_s);
    metrics::gauge!("comanda_dead_letters", "service" => part.service).set(dead::count(&part.db).await? as f64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::sync::Barrier;

    use super::*;

    #[tokio::test]
    async fn who_does_not_answer_is_not_waited_for_in_turn() {
        let (names, all) = (["a", "b", "c"], Arc::new(Barrier::new(3)));
        // Each answers once all are asked.
        let answers = ask_all(&names, |name| {
            let all = Arc::clone(&all);
            async move {
                all.wait().await;
                Ok(name)
            }
        });
        let answers: Vec<&str> = answers.await.into_iter().map(|answer| answer.expect("all were asked")).collect();
        assert_eq!(answers, ["a", "b", "c"]);
    }
}
