//! What a failed transaction means for those who wait for it.

use std::fmt;

/// Somebody else wrote a row of the batch first.
#[derive(Debug)]
pub struct Conflict(pub String);

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "somebody else wrote {} first", self.0)
    }
}

impl std::error::Error for Conflict {}

/// The files of the database are not where they were opened: they were removed or replaced, and what is written to them
/// is lost with the process.
#[derive(Clone, Copy, Debug)]
pub struct FilesGone;

impl fmt::Display for FilesGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FILES_GONE)
    }
}

impl std::error::Error for FilesGone {}

const FILES_GONE: &str = "the files of the database were removed or replaced while it was open, and nothing is saved; \
                          put them back, or start the service again";

/// What people can be told of an outage that does not pass by itself, and what those can do who run the service; `None`
/// where the database is merely away. Holds no internals.
pub fn advice(error: &anyhow::Error) -> Option<&'static str> {
    if error.chain().any(|cause| cause.is::<FilesGone>()) {
        return Some(FILES_GONE);
    }
    let refused = error.chain().find_map(|cause| match cause.downcast_ref() {
        Some(sqlx::Error::Database(refused)) => refused.code(),
        _ => None,
    })?;
    match (&*refused, refused.parse::<u32>().map(|code| code & 0xff)) {
        ("53100", _) => Some(DISK_FULL),
        ("25006", _) => Some(READ_ONLY),
        // Full, and an extended code of it.
        (code, Ok(13)) if code.len() < 5 => Some(DISK_FULL),
        (code, Ok(8)) if code.len() < 5 => Some(READ_ONLY),
        _ => None,
    }
}

/// What people are told where [`advice`] knows no more: the database is merely away.
pub const NO_ANSWER: &str = "the database does not answer";
const DISK_FULL: &str = "the disk of the database is full; it goes on once there is space again";
const READ_ONLY: &str = "the database takes no writes";

/// The three ways to fail, told apart because each is answered differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Load and decide again, at once.
    Conflict,
    /// The database is away, full or read-only: wait for it; the input is not to blame.
    Outage,
    /// An input that cannot be stored: find it and set it aside.
    Fault,
}

impl Failure {
    pub fn of(error: &anyhow::Error) -> Self {
        if error.chain().any(|cause| cause.is::<Conflict>()) {
            return Self::Conflict;
        }
        if error.chain().any(|cause| cause.is::<FilesGone>()) {
            return Self::Outage;
        }
        match error.chain().find_map(|cause| cause.downcast_ref::<sqlx::Error>()) {
            Some(sqlx::Error::Database(refused)) => {
                let code = refused.code().unwrap_or_default();
                if code.len() == 5 { of_postgres(&code) } else { of_sqlite(&code) }
            }
            Some(
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::BeginFailed,
            ) => Self::Outage,
            _ => Self::Fault,
        }
    }
}

/// SQLSTATE, PostgreSQL documentation, appendix A.
fn of_postgres(code: &str) -> Failure {
    match code {
        // serialization_failure, deadlock_detected, unique_violation, lock_not_available
        "40001" | "40P01" | "23505" | "55P03" => Failure::Conflict,
        // data exception, integrity constraint violation, program limit exceeded: the input's own doing
        _ if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => Failure::Fault,
        // Everything else is the server's state: away, full, shutting down, a standby, a password that changed.
        _ => Failure::Outage,
    }
}

/// Extended result codes keep the primary code in the low byte: https://www.sqlite.org/rescode.html
fn of_sqlite(code: &str) -> Failure {
    match code.parse::<u32>().unwrap_or(1) & 0xff {
        // busy, locked
        5 | 6 => Failure::Conflict,
        // error, too big, constraint, mismatch: the input's own doing
        1 | 18 | 19 | 20 => Failure::Fault,
        // read-only, I/O error, corrupt, full, cannot open …
        _ => Failure::Outage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_inputs_own_doing_is_held_against_it() {
        for (code, expected) in [
            ("40001", Failure::Conflict),
            ("40P01", Failure::Conflict),
            ("23505", Failure::Conflict),
            ("55P03", Failure::Conflict),
            ("22P05", Failure::Fault),
            ("23514", Failure::Fault),
            ("54000", Failure::Fault),
            ("53100", Failure::Outage),
            ("57P01", Failure::Outage),
            ("57014", Failure::Outage),
            ("25006", Failure::Outage),
            ("28P01", Failure::Outage),
            ("42P01", Failure::Outage),
        ] {
            assert_eq!(of_postgres(code), expected, "{code}");
        }
        for (code, expected) in [
            ("5", Failure::Conflict),
            ("517", Failure::Conflict),
            ("1", Failure::Fault),
            ("18", Failure::Fault),
            ("1299", Failure::Fault),
            ("8", Failure::Outage),
            ("10", Failure::Outage),
            ("13", Failure::Outage),
            ("14", Failure::Outage),
        ] {
            assert_eq!(of_sqlite(code), expected, "{code}");
        }
        for error in [sqlx::Error::PoolTimedOut, sqlx::Error::WorkerCrashed, sqlx::Error::BeginFailed] {
            assert_eq!(Failure::of(&anyhow::Error::from(error).context("load")), Failure::Outage);
        }
        assert_eq!(Failure::of(&anyhow::anyhow!("deciding panicked")), Failure::Fault);
        assert_eq!(Failure::of(&anyhow::Error::from(Conflict("orders".into())).context("save")), Failure::Conflict);
    }
}
