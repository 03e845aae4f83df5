//! How long an order takes now: what the kitchen says of itself, and what guests are told.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Subject, types::Slug};

/// From so many minutes to so many, from ordering to the plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wait {
    #[schema(minimum = 1)]
    pub from: i64,
    #[schema(minimum = 1)]
    pub to: i64,
}

impl Wait {
    /// Of a kitchen that is busier than its pace tells.
    pub fn and(self, minutes: i64) -> Self {
        Self { from: self.from + minutes, to: self.to + minutes }
    }
}

/// How long tickets of a location take, as far as the kitchen can tell by those that it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pace {
    pub location: Slug,
    pub wait: Wait,
    pub version: i64,
}

impl Subject for Pace {
    const TABLE: &'static str = "paces";

    fn subject(&self) -> String {
        self.location.to_string()
    }
    fn location(&self) -> &Slug {
        &self.location
    }
    fn sequence(&self) -> i64 {
        self.version
    }
}
