//! Who published a message, where the broker vouches for it. Whoever may publish at all could else say anything in
//! anybody's name.

use anyhow::{Result, bail, ensure};

/// By what the broker has held the publisher to (`user_id`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Speaker {
    /// Services are not told apart: there is one process, or one user for all.
    #[default]
    Anybody,
    /// The name of his user, if he gave it; that of a service, if it is one.
    User(Option<String>),
}

impl Speaker {
    /// Whether an event's `source`, `/order-svc`, is his.
    ///
    /// # Errors
    ///
    /// Says who he is instead.
    pub fn may_say(&self, source: &str) -> Result<()> {
        match self {
            Self::Anybody => Ok(()),
            Self::User(Some(user)) => {
                ensure!(source.strip_prefix('/') == Some(user), "forged: the user {user:?} published it as {source}");
                Ok(())
            }
            Self::User(None) => bail!("forged: somebody published it as {source} without giving his name"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_speaks_for_itself() {
        let user = |name: &str| Speaker::User(Some(name.to_owned()));
        assert!(user("order-svc").may_say("/order-svc").is_ok());
        for stranger in [user("kitchen-svc"), user("guest"), user("/order-svc"), Speaker::User(None)] {
            assert!(stranger.may_say("/order-svc").is_err(), "{stranger:?}");
        }
        assert!(Speaker::Anybody.may_say("/order-svc").is_ok());
    }
}
