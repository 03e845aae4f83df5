//! Keys, displays and sessions: one thing that this service owns, a secret that lets somebody in until it is revoked.
//! Secrets are made outside; a decision sees fingerprints.

use serde::{Deserialize, Serialize};
use shared::{
    contract::{
        access::{AccessKey, KeyKind, Role},
        event::Said,
        time::Time,
        types::{Name, Slug},
    },
    engine::service::{Decision, Input},
};
use uuid::Uuid;

use super::{Command, Refusal, Reply, State};

/// A key to be issued. Without locations it is good everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    pub kind: KeyKind,
    pub name: Name,
    pub subject: String,
    pub roles: Vec<Role>,
    pub locations: Option<Vec<Slug>>,
    pub fingerprint: String,
    /// Of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Uuid>,
    pub expires_at: Option<Time>,
}

/// A display that waits to be let in. Each of so many slots holds one: whoever asks, they do not add up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairing {
    pub slot: String,
    /// On the display's screen.
    pub code: String,
    /// Of the secret that it holds already.
    pub fingerprint: String,
    pub expires_at: Time,
}

impl Pairing {
    /// The codes that begin alike share one.
    pub fn slot(code: &str) -> String {
        code.chars().take(2).collect()
    }
}

/// Once a fingerprint: the secret behind it is random.
pub(super) fn issue(state: &mut State, new: &NewKey, input: &Input<Command>) -> Decision<Reply> {
    let id = AccessKey::id_of(&new.fingerprint);
    if let Some(known) = state.access.get(&id.to_string()) {
        return Decision::nothing().reply(Reply::Key(Box::new(known.clone())));
    }
    let key = AccessKey {
        id,
        kind: new.kind,
        name: new.name.clone(),
        subject: new.subject.clone(),
        roles: new.roles.clone(),
        locations: new.locations.clone(),
        fingerprint: new.fingerprint.clone(),
        order: new.order,
        issued_at: input.at,
        issued_by: input.by.clone(),
        expires_at: new.expires_at,
        revoked_at: None,
        revoked_by: None,
        version: 1,
    };
    let said = Said::new("key.issued", &key);
    state.access.put(key.clone());
    Decision::of(vec![said]).reply(Reply::Key(Box::new(key)))
}

/// Revoking it again changes nothing.
pub(super) fn revoke(state: &mut State, id: Uuid, input: &Input<Command>) -> Result<Decision<Reply>, Refusal> {
    let known = state.access.get(&id.to_string()).ok_or(Refusal::UnknownKey(id))?;
    if known.revoked_at.is_some() {
        return Ok(Decision::nothing().reply(Reply::Key(Box::new(known.clone()))));
    }
    let (revoked_at, revoked_by) = (Some(input.at), Some(input.by.clone()));
    let key = AccessKey { revoked_at, revoked_by, version: known.version + 1, ..known.clone() };
    let said = Said::new("key.revoked", &key);
    state.access.put(key.clone());
    Ok(Decision::of(vec![said]).reply(Reply::Key(Box::new(key))))
}

/// A display asks to be let in. It is refused while another one waits under a code that begins alike.
pub(super) fn start_pairing(
    state: &mut State,
    wanted: &Pairing,
    input: &Input<Command>,
) -> Result<Decision<Reply>, Refusal> {
    let waiting = state.pairings.get(&wanted.slot);
    if waiting.is_some_and(|other| input.at < other.expires_at) {
        return Err(Refusal::CodeTaken);
    }
    state.pairings.put(wanted.clone());
    Ok(Decision::nothing().reply(Reply::Waiting(wanted.clone())))
}

/// A manager has read the code off the display's screen.
pub(super) fn confirm(
    state: &mut State,
    code: &str,
    (name, location, roles): (&Name, &Slug, &[Role]),
    input: &Input<Command>,
) -> Result<Decision<Reply>, Refusal> {
    let waiting = state.pairings.get(&Pairing::slot(code));
    let waiting = waiting.filter(|waiting| waiting.code == code && input.at < waiting.expires_at);
    let waiting = waiting.cloned().ok_or(Refusal::UnknownCode)?;
    let display = NewKey {
        kind: KeyKind::Display,
        name: name.clone(),
        subject: format!("display:{name}"),
        roles: roles.to_vec(),
        locations: Some(vec![location.clone()]),
        fingerprint: waiting.fingerprint.clone(),
        order: None,
        expires_at: None,
    };
    // A code is good once.
    state.pairings.put(Pairing { expires_at: input.at, ..waiting });
    Ok(issue(state, &display, input))
}
