//! What the services could not take in, and the two actions on it, passed on to the service that has it.

use anyhow::Result;
use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::web::{
    extract::{Body, InPath},
    problem::Answer,
};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    Console,
    services::{PATIENCE, Place},
};
use crate::{
    api,
    developer::dead::{Letter, without_names},
};

pub(super) fn router() -> Router<Console> {
    Router::new()
        .route("/console/dead", get(list))
        .route("/console/dead/{feed}/{id}", get(letter))
        .route("/console/dead/{feed}/{id}/redrive", post(redrive))
        .route("/console/dead/{feed}/{id}/discard", post(discard))
}

/// Of each service the newest that fit a page, whether there are more, and who does not answer.
async fn list(State(console): State<Console>) -> Json<Value> {
    let asked = join_all(console.services.all.iter().map(page)).await;
    let (mut items, mut more, mut away) = (Vec::new(), Vec::new(), Vec::new());
    for (place, page) in console.services.all.iter().zip(asked) {
        let Some(page) = page else {
            away.push(place.service);
            continue;
        };
        if !page["next"].is_null() {
            more.push(place.service);
        }
        let letters: Vec<Letter> = serde_json::from_value(page["items"].clone()).unwrap_or_default();
        items.extend(letters.iter().map(|letter| shown(place, letter)));
    }
    Json(json!({"items": items, "more": more, "away": away}))
}

async fn page(place: &Place) -> Option<Value> {
    let path = format!("/v1/dead/{}?limit=500", place.feed);
    let asked = timeout(PATIENCE, async { place.api().await?.look(&path).await }).await;
    let answer = asked.ok()?.ok()?;
    (answer.status == StatusCode::OK).then_some(answer.body)
}

/// Without its bytes; `group` is alike in those that were refused for the same reason.
fn shown(place: &Place, letter: &Letter) -> Value {
    json!({
        "service": place.service, "feed": place.feed, "id": letter.id, "at": letter.at, "last_at": letter.last_at,
        "type": letter.kind, "subject": letter.subject, "reason": letter.reason, "attempts": letter.attempts,
        "group": without_names(&letter.reason), "bytes": letter.body.len(),
    })
}

async fn letter(State(console): State<Console>, InPath((feed, id)): InPath<(String, Uuid)>) -> Answer<Response> {
    let place = console.services.find(&feed)?;
    let api = place.api().await.map_err(|_| place.away())?;
    passed_on(place, api.look(&format!("/v1/dead/{feed}/{id}")).await)
}

async fn redrive(State(console): State<Console>, InPath((feed, id)): InPath<(String, Uuid)>) -> Answer<Response> {
    let place = console.services.find(&feed)?;
    let api = place.api().await.map_err(|_| place.away())?;
    passed_on(place, api.act(&format!("/v1/dead/{feed}/{id}/redrive")).await)
}

async fn discard(
    State(console): State<Console>,
    InPath((feed, id)): InPath<(String, Uuid)>,
    Body(reason): Body<Value>,
) -> Answer<Response> {
    let place = console.services.find(&feed)?;
    let api = place.api().await.map_err(|_| place.away())?;
    passed_on(place, api.post(&format!("/v1/dead/{feed}/{id}/discard"), &id.to_string(), &reason).await)
}

/// What the service answers.
fn passed_on(place: &Place, answered: Result<api::Answer>) -> Answer<Response> {
    let api::Answer { status, body } = answered.map_err(|_| place.away())?;
    Ok((status, Json(body)).into_response())
}
