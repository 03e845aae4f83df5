//! Keys and pairings: each is said once, and a code is good once, for a while.

use std::time::Duration;

use shared::{
    contract::{
        access::{AccessKey, KeyKind, Role},
        time::Time,
        trace::Trace,
    },
    engine::{condition::Condition, service::Input},
};
use uuid::Uuid;

use crate::domain::{
    Command, Refusal, Reply, State, decide,
    keys::{NewKey, Pairing},
};

/// What came of it: the events, and the reply.
fn tell(state: &mut State, at_s: i64, command: Command) -> Result<(Vec<&'static str>, Reply), Refusal> {
    let (id, at) = (Uuid::from_u128(1), Time::from_micros(at_s * 1_000_000));
    let input =
        Input { id, at, by: "boss".into(), trace: Trace::rooted_in(id), condition: Condition::default(), command };
    let decision = decide(state, &input)?;
    Ok((decision.events.iter().map(|said| said.kind).collect(), decision.reply.expect("a reply")))
}

fn key_of(reply: Reply) -> AccessKey {
    let Reply::Key(key) = reply else { panic!("{reply:?} is no key") };
    *key
}

fn till() -> NewKey {
    NewKey {
        kind: KeyKind::Key,
        name: "till".to_owned().try_into().expect("a name"),
        subject: "key:till".into(),
        roles: vec![Role::Producer],
        locations: None,
        fingerprint: "f".repeat(64),
        order: None,
        expires_at: None,
    }
}

fn waiting(code: &str, until_s: i64) -> Pairing {
    let expires_at = Time::from_micros(until_s * 1_000_000);
    Pairing { slot: Pairing::slot(code), code: code.into(), fingerprint: code.repeat(8), expires_at }
}

fn confirm(code: &str) -> Command {
    let (name, location) = ("grill".to_owned().try_into().expect("a name"), "soho".parse().expect("a slug"));
    Command::ConfirmPairing { code: code.into(), name, location, roles: vec![Role::Kitchen] }
}

#[test]
fn a_key_is_issued_once_and_revoked_once() {
    let mut state = State::default();
    let (said, reply) = tell(&mut state, 1, Command::IssueKey(till())).expect("issued");
    let key = key_of(reply);
    assert_eq!((said, key.version, &*key.issued_by), (vec!["key.issued"], 1, "boss"));
    assert!(key.is_good(key.issued_at) && key.id == AccessKey::id_of(&key.fingerprint));
    assert_eq!(tell(&mut state, 2, Command::IssueKey(till())).expect("known").0, Vec::<&str>::new());
    let (said, reply) = tell(&mut state, 3, Command::RevokeKey { id: key.id }).expect("revoked");
    let revoked = key_of(reply);
    assert_eq!((said, revoked.version, revoked.revoked_by.as_deref()), (vec!["key.revoked"], 2, Some("boss")));
    assert!(!revoked.is_good(revoked.issued_at));
    assert_eq!(tell(&mut state, 4, Command::RevokeKey { id: key.id }).expect("revoked").0, Vec::<&str>::new());
    let unknown = Uuid::from_u128(2);
    let refused = tell(&mut state, 5, Command::RevokeKey { id: unknown });
    assert_eq!(refused.expect_err("refused"), Refusal::UnknownKey(unknown));
}

#[test]
fn an_end_is_an_end() {
    let mut state = State::default();
    let end = Time::from_micros(10_000_000);
    let key = tell(&mut state, 1, Command::IssueKey(NewKey { expires_at: Some(end), ..till() })).expect("issued").1;
    let key = key_of(key);
    assert!(key.is_good(end - Duration::from_micros(1)) && !key.is_good(end));
}

#[test]
fn a_code_is_good_once_and_for_a_while() {
    let mut state = State::default();
    tell(&mut state, 0, Command::StartPairing(waiting("AB2345", 600))).expect("waits");
    // The codes that begin alike share a place, so that whoever asks does not fill the table.
    let taken = tell(&mut state, 599, Command::StartPairing(waiting("AB9999", 1200)));
    assert_eq!(taken.expect_err("taken"), Refusal::CodeTaken);
    assert_eq!(tell(&mut state, 1, confirm("AB9999")).expect_err("another code"), Refusal::UnknownCode);
    assert_eq!(tell(&mut state, 600, confirm("AB2345")).expect_err("too late"), Refusal::UnknownCode);
    let (said, reply) = tell(&mut state, 599, confirm("AB2345")).expect("confirmed");
    let key = key_of(reply);
    assert_eq!((said, key.kind, &*key.subject), (vec!["key.issued"], KeyKind::Display, "display:grill"));
    assert_eq!(key.locations.as_deref().map(|named| named.len()), Some(1));
    assert_eq!(tell(&mut state, 599, confirm("AB2345")).expect_err("used"), Refusal::UnknownCode);
    tell(&mut state, 600, Command::StartPairing(waiting("AB9999", 1200))).expect("the place is free");
}
