//! Keys and sessions, as each service knows them by what order-svc has said of them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tracing::warn;
use uuid::Uuid;

use crate::{
    contract::{access::AccessKey, time::Time},
    db::Db,
    engine::access,
    web::access::{jwt::Flaw, principal::Principal, secret},
};

/// A use is noted once in so long.
const NOTED_EVERY: Duration = Duration::from_secs(600);
/// So many are remembered as noted; then it begins anew.
const REMEMBERED_MAX: usize = 10_000;

/// What was noted of which key.
#[derive(Debug, Default)]
pub(super) struct Uses(Mutex<HashMap<Uuid, Time>>);

/// Whose the secret is, if it is good now. It is looked up each time: what was revoked is of no use any more.
pub(super) async fn find(db: &Db, uses: &Uses, shown: &str, now: Time) -> Result<Principal, Flaw> {
    let fingerprint = secret::fingerprint(shown);
    let found = access::find(db, AccessKey::id_of(&fingerprint)).await;
    let key = found.map_err(|_| Flaw::Unavailable)?.filter(|key| key.fingerprint == fingerprint);
    let key = key.ok_or(Flaw::UnknownKey)?;
    if !key.is_good(now) {
        return Err(Flaw::Revoked);
    }
    if uses.is_news(key.id, now)
        && let Err(error) = access::note_use(db, key.id, now).await
    {
        // Nobody is kept out for that.
        warn!(key = %key.id, error = format!("{error:#}"), "could not note when a key was used");
    }
    Ok(Principal::new(key.subject, key.roles, key.locations).showing(key.order))
}

impl Uses {
    fn is_news(&self, id: Uuid, now: Time) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(&id).is_some_and(|at| now.since(*at) < NOTED_EVERY) {
            return false;
        }
        if noted.len() >= REMEMBERED_MAX {
            noted.clear();
        }
        noted.insert(id, now);
        true
    }
}
