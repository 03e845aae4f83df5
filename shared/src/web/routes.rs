//! What every process serves around its services' routes: health, metrics, documentation, and what their past holds.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
};
use futures_util::future::join_all;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    db::{NO_ANSWER, advice},
    engine::{health, spans::Spans},
    web::{
        access::Access,
        asyncapi, dead as dead_letters, docs,
        doors::{self, Doors},
        etag, exemplars,
        extract::BODY_MAX,
        history::{self, Part},
        observe::{Observer, observe},
        openapi, pages,
        problem::{self, Problem},
        quota::{self, Shares},
        resend, state,
    },
};

/// With what surrounds it, a probe is answered within 2 s.
const ANSWER_WITHIN: Duration = Duration::from_millis(1800);

/// What is known of the process itself.
#[derive(Clone)]
pub struct Probe {
    pub prepared: Arc<AtomicBool>,
    /// Asked to stop: others are to hear of it before it does.
    pub leaving: CancellationToken,
    pub metrics: &'static PrometheusHandle,
    pub access: Access,
    /// So much each may ask for.
    pub shares: Shares,
    /// Where those of requests go.
    pub spans: Spans,
}

impl Probe {
    /// Of a process that is ready at once, and open to all whom its address lets come.
    pub(crate) fn open(leaving: CancellationToken, metrics: &'static PrometheusHandle) -> Self {
        let prepared = Arc::new(AtomicBool::new(true));
        Self {
            prepared,
            leaving,
            metrics,
            access: Access::default(),
            shares: Shares::default(),
            spans: Spans::default(),
        }
    }
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
pub fn router(services: OpenApiRouter, pages: Router, parts: Vec<Part>, probe: Probe, doors: Doors) -> Router {
    let parts: Arc<[Part]> = parts.into();
    let names: Vec<&'static str> = parts.iter().map(|part| part.service).collect();
    let surroundings = Surroundings::of(&probe, &parts, doors);
    let process = Process { parts: Arc::clone(&parts), probe };
    let ours = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(metrics))
        .with_state(process);
    let (router, api) = ours
        .merge(history::router(Arc::clone(&parts)))
        .merge(state::router(Arc::clone(&parts)))
        .merge(dead_letters::router(Arc::clone(&parts)))
        .merge(resend::router(parts))
        .merge(services)
        .split_for_parts();
    let documents = docs::router(&openapi::complete(&api), &asyncapi::document(&names));
    around(router.merge(documents).merge(pages), surroundings)
}

/// The HTTP interface of a process that has pages and no service.
pub(crate) fn of_pages(pages: Router, probe: Probe, doors: Doors) -> Router {
    let surroundings = Surroundings::of(&probe, &[], doors);
    let process = Process { parts: Arc::new([]), probe };
    let ours = OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).routes(routes!(metrics));
    around(Router::from(ours.with_state(process)).merge(pages), surroundings)
}

/// What surrounds every route.
struct Surroundings {
    leaving: CancellationToken,
    access: Access,
    shares: Shares,
    observer: Observer,
    doors: Doors,
}

impl Surroundings {
    fn of(probe: &Probe, parts: &[Part], doors: Doors) -> Self {
        let service = match parts {
            [alone] => alone.service,
            _ => "comanda",
        };
        Self {
            leaving: probe.leaving.clone(),
            access: probe.access.clone().looking_into(parts.first().map(|part| part.db.clone())),
            shares: probe.shares.clone(),
            observer: Observer { spans: probe.spans.clone(), service },
            doors,
        }
    }
}

fn around(router: Router, surroundings: Surroundings) -> Router {
    let Surroundings { leaving, access, shares, observer, doors } = surroundings;
    let cors = doors.cors();
    let router = access
        .before(quota::around(router.merge(pages::shared()), shares))
        .fallback(|request: Request| async move { pages::missing(&request) })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(middleware::from_fn(etag::not_modified))
        .layer(middleware::from_fn(problem::instead_of_text));
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router
        .layer(middleware::from_fn_with_state(doors, doors::guard))
        .layer(middleware::from_fn_with_state(observer, observe))
        .layer(middleware::map_response_with_state(leaving, let_go))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// Whoever asks again finds another replica, for as long as this one takes its leave.
async fn let_go(State(leaving): State<CancellationToken>, mut response: Response) -> Response {
    if leaving.is_cancelled() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
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
    let status = if process.probe.leaving.is_cancelled() {
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
/// In Prometheus' text format; as OpenMetrics, which shows the traces of requests as exemplars, to whoever accepts it.
async fn metrics(State(process): State<Process>, headers: HeaderMap) -> Response {
    let measured = ask_all(&process.parts, |part| (part.measure)(part.db)).await;
    for (part, measured) in process.parts.iter().zip(measured) {
        if let Err(error) = measured {
            warn!(service = part.service, error = format!("{error:#}"), "could not measure");
        }
    }
    let text = process.probe.metrics.render();
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("application/openmetrics-text") {
        return ([(header::CONTENT_TYPE, exemplars::CONTENT_TYPE)], exemplars::openmetrics(&text)).into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// Asks all services at once, so that those that do not answer are waited for together.
async fn ask_all<P: Clone, T, F: Future<Output = Result<T>>>(parts: &[P], ask: impl Fn(P) -> F) -> Vec<Result<T>> {
    join_all(parts.iter().map(async |part| timeout(ANSWER_WITHIN, ask(part.clone())).await?)).await
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
