//! Before every handler: whose the request is, by a token, a key or a cookie, and whether the table lets it pass.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;

use super::{
    Closed, guests,
    jwt::{Flaw, Unverified},
    keys,
    oidc::SignIn,
    principal::Principal,
    secret, session,
    table::{self, Bound, Rule, Scope},
};
use crate::{
    contract::{access::Role, time::Time},
    db::Db,
    engine::call::ANYBODY,
    web::problem::{Answer, Problem},
};

/// For so long a stream may go on after its key was revoked.
const LOOKED_AT_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What the doors go by.
#[derive(Clone)]
pub(super) struct Entrance {
    pub(super) closed: Arc<Closed>,
    pub(super) db: Option<Db>,
}

pub(super) async fn guard(State(entrance): State<Entrance>, mut request: Request, next: Next) -> Response {
    // What is nowhere is nobody's secret.
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else { return next.run(request).await };
    if let Some(welcome) = guests::follow(&request) {
        return welcome;
    }
    let known = entrance.who(request.headers()).await;
    let rule = table::of(request.method().as_str(), path.as_str());
    let guest = guests::welcome(path.as_str(), request.headers()).filter(|_| entrance.closed.lets_guests_in);
    let shown = rule.filter(|rule| rule.scope != Scope::Public).map(|_| request.headers().clone());
    match admit(rule, known, &request, path.as_str()) {
        Ok(principal) => {
            request.extensions_mut().insert(principal.clone());
            request.extensions_mut().insert(SignIn(Arc::clone(&entrance.closed)));
            let mut response = next.run(request).await;
            response.headers_mut().extend(guest);
            match shown.filter(|_| is_stream(&response)) {
                Some(shown) => response.map(|body| while_good(body, entrance, shown, principal)),
                None => response,
            }
        }
        Err(problem) if entrance.closed.client.is_some() => refused(problem.with("sign_in", "/v1/sign-in")),
        Err(problem) => refused(problem),
    }
}

fn is_stream(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// Whoever is not let in any more is told no more: the stream ends, and who follows it has to ask again.
fn while_good(body: Body, entrance: Entrance, shown: HeaderMap, principal: Principal) -> Body {
    let kept_out = async move {
        loop {
            tokio::time::sleep(LOOKED_AT_AGAIN_AFTER).await;
            match entrance.who(&shown).await {
                Err(Flaw::Unavailable | Flaw::IssuerAway) => {}
                Ok(Some(still)) if still == principal => {}
                Ok(_) | Err(_) => return,
            }
        }
    };
    Body::from_stream(body.into_data_stream().take_until(kept_out))
}

/// A 401 says how to authenticate (RFC 6750).
fn refused(problem: Problem) -> Response {
    let is_unknown = problem.status() == StatusCode::UNAUTHORIZED;
    let mut response = problem.into_response();
    if is_unknown {
        let bearer = HeaderValue::from_static("Bearer realm=\"comanda\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
    }
    response
}

/// Whether the request may pass, and as whose.
fn admit(
    rule: Option<Rule>,
    known: Result<Option<Principal>, Flaw>,
    request: &Request,
    path: &str,
) -> Answer<Principal> {
    let Some(rule) = rule else {
        return Err(Problem::forbidden(format!("nobody may {} {path}", request.method())));
    };
    let principal = match known {
        Ok(Some(principal)) => principal,
        // Whoever shows something wrong is told, but not kept from what is for everybody.
        Ok(None) | Err(_) if rule.scope == Scope::Public => return Ok(Principal::new(ANYBODY, Vec::new(), None)),
        Ok(None) => return Err(Problem::unauthenticated("send Authorization: Bearer with a token or a key")),
        Err(flaw @ (Flaw::IssuerAway | Flaw::Unavailable)) => return Err(Problem::unavailable(flaw.text())),
        Err(flaw) => return Err(Problem::unauthenticated(flaw.text())),
    };
    if !rule.scope.is_of(&principal) {
        let roles: Vec<&str> = rule.scope.roles().iter().map(|role| role.name()).collect();
        let detail = format!("this takes {}, which {} has", rule.scope.name(), roles.join(" or "));
        return Err(Problem::forbidden(detail));
    }
    is_near(rule.bound, &principal, request, path)?;
    Ok(principal)
}

/// Whether the request is about a location of the asker, as far as its head tells.
fn is_near(bound: Bound, principal: &Principal, request: &Request, path: &str) -> Answer<()> {
    if principal.is_everywhere() {
        return Ok(());
    }
    match bound {
        Bound::Nowhere | Bound::Subject => Ok(()),
        Bound::Everywhere => Err(Problem::forbidden("this is about all locations, and you are not let in everywhere")),
        Bound::Path => principal.at(segment(path, request.uri().path()).unwrap_or_default()),
        Bound::Query => match in_query(request.uri().query().unwrap_or_default()) {
            Some(location) => principal.at(location),
            None => Err(Problem::forbidden("say which location, as ?location=: you are not let in everywhere")),
        },
    }
}

/// What stands in the path where the route has `{location}`. It is a slug or nothing that there is: never escaped.
fn segment<'a>(route: &str, path: &'a str) -> Option<&'a str> {
    let mut pairs = route.split('/').zip(path.split('/'));
    pairs.find(|(name, _)| *name == "{location}").map(|(_, value)| value)
}

/// The only `location` of a query: of several, who knows which is looked at.
fn in_query(query: &str) -> Option<&str> {
    let mut named = query.split('&').filter_map(|pair| pair.strip_prefix("location="));
    named.next().filter(|_| named.next().is_none())
}

impl Entrance {
    /// Whose the request is; nobody's where it shows nothing. A token or a key is shown on purpose: it counts before a
    /// cookie.
    async fn who(&self, headers: &HeaderMap) -> Result<Option<Principal>, Flaw> {
        let mut shown = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = shown.next() else { return self.cookies(headers).await };
        let text = value.to_str().map_err(|_| Flaw::Malformed)?;
        let (scheme, token) = text.split_once(' ').ok_or(Flaw::Malformed)?;
        if shown.next().is_some() || !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Flaw::Malformed);
        }
        self.bearer(token.trim()).await.map(Some)
    }

    /// Staff before guests: a cook who orders is a cook. A link adds what it shows, and is nothing to whoever is not shown it
    /// any more.
    async fn cookies(&self, headers: &HeaderMap) -> Result<Option<Principal>, Flaw> {
        let known = match (session::shown(headers), guests::shown(headers)) {
            (Some(secret), _) => Some(self.key(secret).await?),
            (None, Some(secret)) => Some(self.guest(secret)?),
            (None, None) => None,
        };
        let Some(link) = guests::link(headers) else { return Ok(known) };
        match (known, self.link(link).await) {
            (_, Err(Flaw::Unavailable)) => Err(Flaw::Unavailable),
            (Some(known), Ok(link)) => Ok(Some(known.showing(link.order()))),
            (Some(known), Err(_)) => Ok(Some(known)),
            (None, link) => link.map(Some),
        }
    }

    fn guest(&self, secret: &str) -> Result<Principal, Flaw> {
        guests::known(secret).filter(|_| self.closed.lets_guests_in).ok_or(Flaw::UnknownKey)
    }

    /// Nobody becomes anybody by an address that he is made to open.
    async fn link(&self, secret: &str) -> Result<Principal, Flaw> {
        Some(self.key(secret).await?).filter(|link| link.order().is_some()).ok_or(Flaw::UnknownKey)
    }

    async fn bearer(&self, token: &str) -> Result<Principal, Flaw> {
        if secret::is_guest(token) {
            return self.guest(token);
        }
        if secret::is_key(token) {
            return self.key(token).await;
        }
        if secret::fingerprint(token) == self.closed.own.fingerprint() {
            return Ok(Principal::new("comanda", Role::ALL.to_vec(), None));
        }
        let claims = self.closed.claims(&Unverified::read(token)?).await?;
        let roles = claims.roles();
        Ok(Principal::new(claims.sub, roles, claims.locations))
    }

    async fn key(&self, secret: &str) -> Result<Principal, Flaw> {
        match &self.db {
            Some(db) if secret::is_key(secret) => keys::find(db, &self.closed.uses, secret, Time::now()).await,
            _ => Err(Flaw::UnknownKey),
        }
    }
}
