//! A broker that can never be worked with as it is configured, told from an outage, which passes.

use std::fmt;

use lapin::uri::AMQPUri;

const ACCESS_REFUSED: u16 = 403;
pub(super) const NOT_FOUND: u16 = 404;
const RESOURCE_LOCKED: u16 = 405;
pub(super) const PRECONDITION_FAILED: u16 = 406;
const NOT_ALLOWED: u16 = 530;
const NOT_IMPLEMENTED: u16 = 540;

/// What has to be changed, and where.
#[derive(Debug)]
pub struct Misconfigured(String);

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misconfigured {}

/// How far the service had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Connecting,
    /// Declaring the topology and consuming from it.
    SettingUp,
    Publishing,
}

/// The error, with what to change if it will not pass by itself.
pub(super) fn explain(error: anyhow::Error, phase: Phase, uri: &AMQPUri) -> anyhow::Error {
    if phase == Phase::Connecting
        && let Some(advice) = error.chain().find_map(|cause| of_certificates(&cause.to_string()))
    {
        return error.context(Misconfigured(advice));
    }
    let refused = error.chain().find_map(|cause| cause.downcast_ref::<lapin::Error>()).and_then(refusal);
    match refused.and_then(|(code, said)| advice(code, &said, phase, uri)) {
        Some(advice) => error.context(Misconfigured(advice)),
        None => error,
    }
}

/// The broker's code and words, where it is he who refused.
pub(super) fn refusal(error: &lapin::Error) -> Option<(u16, String)> {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(refused) => Some((refused.get_id(), refused.get_message().to_string())),
        _ => None,
    }
}

/// What TLS says of it, which has no type here.
fn of_certificates(said: &str) -> Option<String> {
    if said.contains("invalid peer certificate") {
        return Some(format!(
            "BUS_URL: nobody who is known here vouches for the broker's certificate, or it is for another name; mend cacertfile \
             or the host ({said})"
        ));
    }
    let is_alert = said.contains("received fatal alert");
    is_alert.then(|| {
        format!("BUS_URL: the broker does not take the certificate that is shown to it; mend certfile ({said})")
    })
}

fn advice(code: u16, said: &str, phase: Phase, uri: &AMQPUri) -> Option<String> {
    let (user, vhost) = (&uri.authority.userinfo.username, &uri.vhost);
    Some(match (code, phase) {
        (ACCESS_REFUSED, Phase::Connecting) => {
            format!("BUS_URL: the broker refuses the user {user:?}; mend the name or the password ({said})")
        }
        (NOT_ALLOWED, Phase::Connecting) => format!(
            "BUS_URL: the virtual host {vhost:?} is not there or not open to the user {user:?}; \
             create it, grant it, or name another ({said})"
        ),
        (ACCESS_REFUSED, _) => format!(
            "BUS_URL: the user {user:?} lacks a permission in the virtual host {vhost:?}; \
             let it configure, write and read comanda.* and *-svc.* ({said})"
        ),
        // What is deleted while a service runs is declared again before anything is published.
        (NOT_FOUND, Phase::SettingUp) => {
            format!("BUS_URL: what was just declared in the virtual host {vhost:?} does not stay ({said})")
        }
        (RESOURCE_LOCKED | PRECONDITION_FAILED | NOT_ALLOWED | NOT_IMPLEMENTED, Phase::SettingUp) => {
            format!("BUS_URL: the virtual host {vhost:?} holds something else under our names; delete it ({said})")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_misconfigured(code: u16, phase: Phase) -> bool {
        let uri = "amqp://ada:secret@localhost/kitchen".parse().expect("a URL");
        let advice = advice(code, "said", phase, &uri);
        assert!(!advice.iter().any(|advice| advice.contains("secret")), "{advice:?}");
        advice.is_some()
    }

    #[test]
    fn a_virtual_host_that_is_missing_is_named() {
        let uri = "amqp://ada@localhost:5672/kitchen".parse().expect("a URL");
        let missing = advice(NOT_ALLOWED, "said", Phase::Connecting, &uri).expect("it is not there");
        assert!(missing.contains("\"kitchen\" is not there"), "{missing}");
    }

    #[test]
    fn an_outage_is_not_a_misconfiguration() {
        // connection forced, internal error, resource error, content too large
        for code in [320, 541, 506, 311] {
            for phase in [Phase::Connecting, Phase::SettingUp, Phase::Publishing] {
                assert!(!is_misconfigured(code, phase), "{code} while {phase:?}");
            }
        }
        assert!(!is_misconfigured(NOT_FOUND, Phase::Publishing), "an exchange that was deleted is declared again");
        assert!(is_misconfigured(ACCESS_REFUSED, Phase::Publishing));
        assert!(is_misconfigured(NOT_FOUND, Phase::SettingUp));
    }
}
