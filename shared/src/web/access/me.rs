//! Who one is here, for those who show themselves. One service answers for all.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Principal;
use crate::contract::{access::Role, types::Slug};

pub fn router<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    OpenApiRouter::new().routes(routes!(me))
}

/// Who asks, and what they may.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// As events and journals name it, in `by`.
    subject: String,
    roles: Vec<Role>,
    /// Where; `null` is everywhere.
    locations: Option<Vec<Slug>>,
}

#[utoipa::path(get, path = "/v1/me", tag = "order-svc", responses((status = 200, body = Me)))]
/// Who you are. While nobody has to authenticate, everybody is `anonymous` and may do everything.
async fn me(principal: Principal) -> Json<Me> {
    Json(Me {
        subject: principal.subject().to_owned(),
        roles: principal.roles().to_vec(),
        locations: principal.locations().map(<[Slug]>::to_vec),
    })
}
