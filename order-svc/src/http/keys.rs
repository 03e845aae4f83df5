//! Keys: issued, listed, revoked; and displays that are let in by a code.

use std::{collections::HashMap, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    contract::{
        access::{AccessKey, KeyKind, Role},
        time::Time,
        types::{FieldError, Name, Slug},
    },
    engine::{access, call::Call, pump::Denial},
    web::{
        access::{Principal, Secret, session},
        etag,
        extract::{Body, InPath, InQuery},
        page::{Page, Paging},
        problem::{Answer, Problem, could_not_read},
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Orders, orders};
use crate::domain::{
    Command, Refusal, Reply,
    keys::{NewKey, Pairing},
};

/// A code is on a screen for so long.
const PAIRED_WITHIN: Duration = Duration::from_secs(600);
/// An evening, and the way home.
const SHARED_FOR: Duration = Duration::from_secs(86_400);
/// Codes that are tried before one is free.
const CODES_MAX: usize = 8;
const ROLES_MAX: usize = Role::ALL.len();
const LOCATIONS_MAX: usize = 100;

/// A key to be made for a program.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(super) struct KeyRequest {
    /// For people, and in `by`: `key:till`.
    name: Name,
    /// One or more.
    roles: Vec<Role>,
    /// Where; without it everywhere.
    #[serde(default)]
    locations: Option<Vec<Slug>>,
    /// Without it the key is good until it is revoked.
    #[serde(default)]
    expires_at: Option<Time>,
}

/// A key, with what nobody is shown again.
#[derive(Debug, Serialize, ToSchema)]
struct IssuedKey {
    #[serde(flatten)]
    key: AccessKey,
    /// To be shown as `Authorization: Bearer …`. It is kept nowhere.
    secret: String,
}

#[utoipa::path(
    post, path = "/v1/keys", tag = "order-svc", request_body = KeyRequest,
    responses((status = 201, body = IssuedKey, description = "The only answer with its `secret`.", headers(("Location"))))
)]
/// Makes a key that lets a program in, on all services, until it is revoked. Each request makes another one. Nobody gives
/// more than he has: a key for developers takes the role developer beside manager.
pub(super) async fn issue_key(
    State(app): State<Orders>,
    call: Call,
    principal: Principal,
    Body(wanted): Body<KeyRequest>,
) -> Answer<Response> {
    Problem::check(wanted.wrong(call.at))?;
    let KeyRequest { name, roles, locations, expires_at } = wanted;
    principal.may_give(&roles)?;
    within(&principal, locations.as_deref())?;
    let secret = Secret::key().map_err(could_not_read)?;
    let (kind, subject, fingerprint) = (KeyKind::Key, format!("key:{name}"), secret.fingerprint());
    let new = NewKey { kind, name, subject, roles, locations, fingerprint, order: None, expires_at };
    let key = key_of(app.pump.ask(call, Command::IssueKey(new)).await?)?;
    let location = [(header::LOCATION, format!("/v1/keys/{}", key.id)), (header::CACHE_CONTROL, "no-store".into())];
    let secret = secret.reveal().to_owned();
    Ok((StatusCode::CREATED, location, Json(IssuedKey { key, secret })).into_response())
}

impl KeyRequest {
    fn wrong(&self, at: Time) -> Vec<FieldError> {
        let mut wrong: Vec<FieldError> = wrong_roles(&self.roles).into_iter().collect();
        if self.locations.as_ref().is_some_and(|named| named.is_empty() || named.len() > LOCATIONS_MAX) {
            let detail = format!("expected 1 to {LOCATIONS_MAX} locations, or none for everywhere");
            wrong.push(FieldError::new("/locations", detail));
        }
        if self.expires_at.is_some_and(|end| end <= at) {
            wrong.push(FieldError::new("/expires_at", "is past"));
        }
        wrong
    }
}

fn wrong_roles(roles: &[Role]) -> Option<FieldError> {
    let fits = (1..=ROLES_MAX).contains(&roles.len());
    (!fits).then(|| FieldError::new("/roles", format!("expected 1 to {ROLES_MAX} roles")))
}

/// Nobody gives more than he has: a manager of some locations lets nobody in elsewhere.
fn within(principal: &Principal, locations: Option<&[Slug]>) -> Answer<()> {
    match locations {
        Some(named) => named.iter().try_for_each(|location| principal.at(location)),
        None if principal.is_everywhere() => Ok(()),
        None => Err(Problem::forbidden("say where, in `locations`: you are not let in everywhere")),
    }
}

fn key_of(reply: Reply) -> Answer<AccessKey> {
    match reply {
        Reply::Key(key) => Ok(*key),
        _ => Err(Problem::internal()),
    }
}

/// A key, and whether anybody needs it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListedKey {
    #[serde(flatten)]
    key: AccessKey,
    /// When it was shown to this service last, give or take ten minutes; `null` where it was not.
    last_used_at: Option<Time>,
}

#[utoipa::path(get, path = "/v1/keys", tag = "order-svc", params(Paging), responses((status = 200, body = Page<ListedKey>)))]
/// The keys, displays and sessions, revoked ones too, without their secrets. Of those that are good where you are not let
/// in none is listed, so that a page may be short.
pub(super) async fn list_keys(
    State(app): State<Orders>,
    principal: Principal,
    InQuery(paging): InQuery<Paging>,
) -> Answer<Json<Page<ListedKey>>> {
    let read = async |after, limit| access::list(&app.db, after, limit).await.map_err(could_not_read);
    let Json(Page { items, next }) = Page::read(&paging, |key: &AccessKey| key.id, read).await?;
    let uses: HashMap<Uuid, Time> = match (items.first(), items.last()) {
        (Some(first), Some(last)) => access::uses(&app.db, first.id, last.id).await.map_err(could_not_read)?,
        _ => Vec::new(),
    }
    .into_iter()
    .collect();
    let items = items.into_iter().filter(|key| within(&principal, key.locations.as_deref()).is_ok());
    let listed = |key: AccessKey| ListedKey { last_used_at: uses.get(&key.id).copied(), key };
    Ok(Json(Page { items: items.map(listed).collect(), next }))
}

#[utoipa::path(
    delete, path = "/v1/keys/{id}", tag = "order-svc", params(("id" = Uuid, Path)),
    responses((status = 200, body = AccessKey, description = "Revoked, now or before.", headers(("ETag"))))
)]
/// Revokes a key, a display or a session: it lets nobody in any more.
pub(super) async fn revoke_key(
    State(app): State<Orders>,
    call: Call,
    principal: Principal,
    InPath(id): InPath<Uuid>,
) -> Answer<Reply> {
    let known = access::find(&app.db, id).await.map_err(could_not_read)?;
    let known = known.filter(|key| within(&principal, key.locations.as_deref()).is_ok());
    known.ok_or(Refusal::UnknownKey(id))?;
    Ok(app.pump.ask(call, Command::RevokeKey { id }).await?)
}

/// The address of an order, for somebody else's device.
#[derive(Debug, Serialize, ToSchema)]
struct Link {
    /// Below the restaurant's own address.
    path: String,
    expires_at: Time,
}

#[utoipa::path(
    post, path = "/v1/orders/{id}/link", tag = "order-svc", params(("id" = Uuid, Path)),
    responses((status = 201, body = Link))
)]
/// Makes an address that shows the order to whoever has it, for a day: this order, and nothing else of who placed it. It is
/// listed and revoked like a key.
pub(super) async fn share(
    State(app): State<Orders>,
    call: Call,
    principal: Principal,
    InPath(id): InPath<Uuid>,
) -> Answer<Response> {
    let order = orders::find_to_change(&app, &principal, id).await?;
    order.placed_by.ok_or_else(|| Problem::missing("nobody had to say who they are to place it"))?;
    let secret = Secret::key().map_err(could_not_read)?;
    let expires_at = call.at + SHARED_FOR;
    let name = format!("order {}", order.number).try_into().map_err(|_| Problem::internal())?;
    let new = NewKey {
        kind: KeyKind::Link,
        name,
        subject: format!("link:{id}"),
        roles: Vec::new(),
        locations: Some(vec![order.location]),
        fingerprint: secret.fingerprint(),
        order: Some(id),
        expires_at: Some(expires_at),
    };
    key_of(app.pump.ask(call, Command::IssueKey(new)).await?)?;
    let path = format!("/order?link={}#order/{id}", secret.reveal());
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Json(Link { path, expires_at })).into_response())
}

/// A display that waits to be let in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Waiting {
    /// Six characters, for a manager to read off the screen.
    code: String,
    expires_at: Time,
}

#[utoipa::path(
    post, path = "/v1/pairings", tag = "order-svc",
    responses((status = 201, body = Waiting, description = "With the display's cookie, which is good for nothing until the code is confirmed.", headers(("Set-Cookie"))))
)]
/// Asks to let this display in: a manager has to confirm its code. `GET /v1/me` tells whether that was done.
pub(super) async fn start_pairing(State(app): State<Orders>, call: Call, headers: HeaderMap) -> Answer<Response> {
    let secret = Secret::session().map_err(could_not_read)?;
    for _ in 0..CODES_MAX {
        let code = Secret::code().map_err(could_not_read)?;
        let wanted = Pairing {
            slot: Pairing::slot(&code),
            code,
            fingerprint: secret.fingerprint(),
            expires_at: call.at + PAIRED_WITHIN,
        };
        match app.pump.ask(call.clone(), Command::StartPairing(wanted)).await {
            Ok(Reply::Waiting(Pairing { code, expires_at, .. })) => {
                let cookie = session::cookie(&secret, &headers);
                return Ok((StatusCode::CREATED, cookie, Json(Waiting { code, expires_at })).into_response());
            }
            Err(Denial::Refused(Refusal::CodeTaken)) => {}
            Ok(_) => return Err(Problem::internal()),
            Err(denial) => return Err(denial.into()),
        }
    }
    Err(Problem::unavailable("too many displays wait to be let in"))
}

/// Which display it is.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ConfirmRequest {
    /// For people, and in `by`: `display:grill`.
    name: Name,
    location: Slug,
    /// What it may do; without it what the kitchen may.
    #[serde(default)]
    roles: Option<Vec<Role>>,
}

#[utoipa::path(
    post, path = "/v1/pairings/{code}/confirm", tag = "order-svc",
    params(("code" = String, Path, description = "As the screen shows it; small letters will do.")),
    request_body = ConfirmRequest,
    responses((status = 201, body = AccessKey))
)]
/// Lets the display in that shows this code: it may do what the kitchen may, or what `roles` say, at that location, until it is revoked.
pub(super) async fn confirm_pairing(
    State(app): State<Orders>,
    call: Call,
    principal: Principal,
    InPath(code): InPath<String>,
    Body(ConfirmRequest { name, location, roles }): Body<ConfirmRequest>,
) -> Answer<Response> {
    principal.at(&location)?;
    let roles = roles.unwrap_or_else(|| vec![Role::Kitchen]);
    Problem::check(wrong_roles(&roles).into_iter().collect())?;
    principal.may_give(&roles)?;
    let code = code.to_ascii_uppercase();
    let key = key_of(app.pump.ask(call, Command::ConfirmPairing { code, name, location, roles }).await?)?;
    Ok((StatusCode::CREATED, etag::versioned(key.version, key)).into_response())
}
