//! Who asks: a subject, the roles that it has, and where it has them.

use std::{
    convert::Infallible,
    sync::{Arc, LazyLock},
};

use axum::{extract::FromRequestParts, http::request::Parts};
use uuid::Uuid;

use super::table;
use crate::{
    contract::{access::Role, types::Slug},
    engine::call::ANYBODY,
    web::problem::{Answer, Problem},
};

/// Who asks. Cheap to clone; handlers take it as an argument where it matters whose something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal(Arc<Known>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    subject: String,
    /// A guest has none.
    roles: Vec<Role>,
    /// Everywhere where there are none named.
    locations: Option<Vec<Slug>>,
    /// One that somebody has sent the address of.
    order: Option<Uuid>,
}

impl Principal {
    pub fn new(subject: impl Into<String>, roles: Vec<Role>, locations: Option<Vec<Slug>>) -> Self {
        Self(Arc::new(Known { subject: subject.into(), roles, locations, order: None }))
    }

    /// Who is shown this order besides, whoever placed it.
    pub(super) fn showing(self, order: Option<Uuid>) -> Self {
        Self(Arc::new(Known { order, ..Arc::unwrap_or_clone(self.0) }))
    }

    pub(super) fn order(&self) -> Option<Uuid> {
        self.0.order
    }

    pub fn is_shown(&self, order: Uuid) -> bool {
        self.order() == Some(order)
    }

    /// Nobody gives a role that may do what his own may not.
    pub fn may_give(&self, roles: &[Role]) -> Answer<()> {
        match roles.iter().find(|role| !table::holds_all_of(self, **role)) {
            Some(role) => Err(Problem::forbidden(format!("you may not do all that {role} may, and cannot give it"))),
            None => Ok(()),
        }
    }

    /// Everybody, where nobody has to authenticate.
    pub fn anybody() -> Self {
        static ANYBODY_AT_ALL: LazyLock<Principal> =
            LazyLock::new(|| Principal::new(ANYBODY, Role::ALL.to_vec(), None));
        ANYBODY_AT_ALL.clone()
    }

    /// Whether it has no role: it may order, and see what it has ordered.
    pub fn is_guest(&self) -> bool {
        self.roles().is_empty()
    }

    /// In events and journals: `by`.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    pub fn roles(&self) -> &[Role] {
        &self.0.roles
    }

    /// Where it may do what its roles allow; `None` is everywhere.
    pub fn locations(&self) -> Option<&[Slug]> {
        self.0.locations.as_deref()
    }

    pub fn is_everywhere(&self) -> bool {
        self.0.locations.is_none()
    }

    pub fn covers(&self, location: &str) -> bool {
        self.locations().is_none_or(|known| known.iter().any(|slug| **slug == *location))
    }

    /// An error that names the location, unless it is one of those where it may act.
    pub fn at(&self, location: &str) -> Answer<()> {
        if self.covers(location) { Ok(()) } else { Err(Problem::forbidden_at(location)) }
    }

    /// Whether nothing is kept from it because of where it is or whose.
    pub fn is_unbounded(&self) -> bool {
        self.is_everywhere() && self.is_staff_of("")
    }

    /// Whether it works there: it sees what others have ordered.
    pub fn is_staff_of(&self, location: &str) -> bool {
        self.covers(location) && self.roles().iter().any(|role| *role != Role::Producer)
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl Principal {
    /// Whoever the doors have let in with the request.
    pub(in crate::web) fn of(parts: &Parts) -> Self {
        parts.extensions.get().cloned().unwrap_or_else(Self::anybody)
    }
}
