//! What a command asks of the present version of the one thing that it changes, so that nobody writes over what he has
//! not seen. Checked inside the decision, where the thing cannot change meanwhile.

use serde::{Deserialize, Serialize};

/// `If-Match` and `If-None-Match`, as far as versions go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The present version is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<Tags>,
    /// The present version is none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_than: Option<Tags>,
}

/// The versions that one of the two headers names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tags {
    /// Whatever is there, if there is anything.
    Any,
    Versions(Vec<i64>),
}

impl Condition {
    /// Whether anything is asked.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it may be changed; `version` is 0 where there is none yet.
    pub fn holds(&self, version: i64) -> bool {
        self.matching.as_ref().is_none_or(|tags| tags.name(version))
            && !self.other_than.as_ref().is_some_and(|tags| tags.name(version))
    }
}

impl Tags {
    fn name(&self, version: i64) -> bool {
        match self {
            Self::Any => version > 0,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}
