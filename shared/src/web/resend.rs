//! What mends a listener that missed something: it is asked what it has not taken in, and the speaker says that again to
//! it alone.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use tracing::{info, warn};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    contract::topology,
    engine::{
        inbox::{self, Asked, Checked},
        log::{self, Gone},
        resend::{self, EVENTS_MAX, Resent, Wanted},
    },
    web::{
        access::Principal,
        extract::{Body, InPath},
        history::{Part, Parts, find},
        problem::{Answer, Problem, could_not_read},
    },
};

/// The routes, for the services of this process.
pub(super) fn router(parts: Arc<[Part]>) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(resend)).routes(routes!(check)).with_state(parts)
}

/// Which events are said again, and to whom.
#[derive(Debug, Deserialize, ToSchema)]
struct Resend {
    /// The listener: order-svc, inventory-svc or kitchen-svc.
    #[schema(example = "kitchen-svc")]
    to: String,
    /// The feed's events behind this position; 0 from its beginning on.
    #[schema(minimum = 0, example = 0)]
    after: i64,
    /// No further than this position; all that there is by now where it is not given.
    #[serde(default)]
    through: Option<i64>,
    /// Only the events with these ids, at most 500.
    #[serde(default)]
    ids: Option<Vec<Uuid>>,
    /// Only events of this order.
    #[serde(default)]
    order: Option<Uuid>,
    /// So many events at once: 1 to 500, which is the default.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

#[utoipa::path(
    post, path = "/v1/feed/{feed}/resend", tag = "every service",
    params(("feed" = String, Path, description = "orders, inventory or kitchen")),
    request_body = Resend,
    responses(
        (status = 200, body = Resent),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "`gone`: what comes after `after` has been forgotten; `first` is the first position that is left."),
    )
)]
/// Says events of the feed again to one listener: those that it hears, as they were, marked as `replayed`. Nobody else
/// hears them. What the listener has taken in changes nothing. `next` goes on.
async fn resend(
    State(parts): Parts,
    principal: Principal,
    InPath(feed): InPath<String>,
    Body(body): Body<Resend>,
) -> Answer<Json<Resent>> {
    let part = find(&parts, &feed)?;
    let wanted = wanted(part, body).await?;
    let found = resend::find(&part.db, &wanted).await.map_err(could_not_read)?;
    let bus = part.bus.as_ref().ok_or_else(|| Problem::unavailable("nothing is said here any more"))?;
    let resent = resend::publish(bus, wanted.to, found).await.map_err(|error| {
        warn!(service = part.service, error = format!("{error:#}"), "could not resend");
        Problem::unavailable("the bus does not take it; what it has taken of it changes nothing")
    })?;
    let (to, after, by) = (wanted.to, wanted.after, principal.subject());
    info!(service = part.service, to, after, by, published = resent.published, "resent");
    Ok(Json(resent))
}

async fn wanted(part: &Part, body: Resend) -> Answer<Wanted> {
    let Resend { to, after, through, ids, order, limit } = body;
    let to = topology::listener(&to).ok_or_else(|| {
        let listeners: Vec<&str> = topology::LISTENERS.iter().map(|(service, _)| *service).collect();
        Problem::invalid_field("/to", format!("{to:?} is none of {}", listeners.join(", ")))
    })?;
    if ids.as_ref().is_some_and(|ids| ids.len() > EVENTS_MAX) {
        return Err(Problem::invalid_field("/ids", format!("holds more than {EVENTS_MAX} ids")));
    }
    let limit = match limit.map(usize::try_from) {
        None => EVENTS_MAX,
        Some(Ok(limit)) if (1..=EVENTS_MAX).contains(&limit) => limit,
        Some(_) => return Err(Problem::invalid_field("/limit", format!("is not from 1 to {EVENTS_MAX}"))),
    };
    let bounds = log::bounds(&part.db).await.map_err(could_not_read)?;
    if !(0..=bounds.head).contains(&after) {
        return Err(Problem::invalid_field("/after", format!("is no position from 0 to {}", bounds.head)));
    }
    if through.is_some_and(|through| through < after) {
        return Err(Problem::invalid_field("/through", format!("is before {after}")));
    }
    if !bounds.go_on_from(after) {
        return Err(could_not_read(Gone { what: "the log", first: bounds.first }.into()));
    }
    let through = through.map_or(bounds.head, |through| through.min(bounds.head));
    Ok(Wanted { to, after, through, ids: ids.map(|ids| ids.into_iter().collect()), order, limit })
}

/// Events that others have said.
#[derive(Debug, Deserialize, ToSchema)]
struct Check {
    /// At most 500.
    events: Vec<Asked>,
}

#[utoipa::path(
    post, path = "/v1/inbox/{feed}/check", tag = "every service",
    params(("feed" = String, Path, description = "orders, inventory or kitchen")),
    request_body = Check,
    responses((status = 200, body = Checked))
)]
/// Which of these events the service has not taken in. It does not know which types it would hear: ask for those alone.
async fn check(
    State(parts): Parts,
    InPath(feed): InPath<String>,
    Body(Check { events }): Body<Check>,
) -> Answer<Json<Checked>> {
    let part = find(&parts, &feed)?;
    if events.len() > EVENTS_MAX {
        return Err(Problem::invalid_field("/events", format!("holds more than {EVENTS_MAX} events")));
    }
    Ok(Json(inbox::check(&part.db, &events).await.map_err(could_not_read)?))
}
