//! Signing in at the identity provider, and out again. Who has signed in holds a session: a key like any other.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    contract::{access::KeyKind, types::Name},
    engine::call::Call,
    web::{
        access::{Person, Secret, SignIn, arrived, session},
        extract::InQuery,
        problem::{Answer, Problem, could_not_read},
    },
};
use utoipa::IntoParams;

use super::Orders;
use crate::domain::{Command, keys::NewKey};

/// A shift.
const LASTS: Duration = Duration::from_secs(12 * 3600);

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Begin {
    /// The page to come back to: `/stock`.
    to: Option<String>,
}

#[utoipa::path(
    get, path = "/v1/sign-in", tag = "order-svc", params(Begin),
    responses((status = 303, description = "To the identity provider.", headers(("Location"), ("Set-Cookie"))))
)]
/// Sends a browser to the identity provider, where there is one for people.
pub(super) async fn begin(
    sign_in: SignIn,
    headers: HeaderMap,
    InQuery(Begin { to }): InQuery<Begin>,
) -> Answer<Response> {
    let (address, cookie) = sign_in.begin(to.as_deref().unwrap_or("/"), &headers).await?;
    Ok(to_page(address, vec![cookie]))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Back {
    code: Option<String>,
    state: Option<String>,
    /// Why the provider has let nobody in.
    error: Option<String>,
}

#[utoipa::path(
    get, path = "/v1/sign-in/callback", tag = "order-svc", params(Back),
    responses((status = 303, description = "To the page where it began, with the session's cookie.", headers(("Location"), ("Set-Cookie"))))
)]
/// Where the provider sends the browser back to.
pub(super) async fn back(
    State(app): State<Orders>,
    sign_in: SignIn,
    call: Call,
    headers: HeaderMap,
    InQuery(Back { code, state, error }): InQuery<Back>,
) -> Answer<Response> {
    let Some(code) = code else {
        let error: String = error.unwrap_or_else(|| "no code".into()).chars().take(100).collect();
        return Err(Problem::unauthenticated(format!("the provider lets nobody in: {error}")));
    };
    let (person, to) = sign_in.finish(&code, &state.unwrap_or_default(), &headers).await?;
    let secret = Secret::session().map_err(could_not_read)?;
    let new = session_of(person, &secret, &call)?;
    app.pump.ask(call, Command::IssueKey(new)).await?;
    let [cookie] = session::cookie(&secret, &headers);
    Ok(to_page(to, vec![cookie, arrived(&headers)]))
}

fn session_of(person: Person, secret: &Secret, call: &Call) -> Answer<NewKey> {
    let name: String = person.subject.chars().take(100).collect();
    let name = Name::try_from(name).map_err(|_| Problem::unauthenticated("the provider calls nobody like that"))?;
    Ok(NewKey {
        kind: KeyKind::Session,
        name,
        subject: person.subject,
        roles: person.roles,
        locations: person.locations,
        fingerprint: secret.fingerprint(),
        order: None,
        expires_at: Some(call.at + LASTS),
    })
}

fn to_page(address: String, cookies: Vec<(header::HeaderName, String)>) -> Response {
    let headers = [(header::LOCATION, address), (header::CACHE_CONTROL, "no-store".into())];
    (StatusCode::SEE_OTHER, headers, AppendHeaders(cookies)).into_response()
}

#[utoipa::path(
    post, path = "/v1/sign-out", tag = "order-svc",
    responses((status = 204, description = "The session is revoked, and its cookie is gone.", headers(("Set-Cookie"))))
)]
/// Ends the session of this browser.
pub(super) async fn end(State(app): State<Orders>, call: Call, headers: HeaderMap) -> Answer<Response> {
    if let Some(id) = session::id(&headers) {
        app.pump.ask(call, Command::RevokeKey { id }).await?;
    }
    Ok((StatusCode::NO_CONTENT, AppendHeaders(session::forgotten(&headers))).into_response())
}
