//! Who may do what: the roles that people and programs have, and the keys by which they show themselves.

use std::{fmt, str::FromStr, sync::LazyLock};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Subject,
    event::derived_id,
    time::Time,
    types::{Name, Slug},
};

/// What somebody does in a restaurant, and so what they may ask of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A web shop, a till, an aggregator: places orders and follows its own.
    Producer,
    /// A cook, or a display in the kitchen.
    Kitchen,
    /// Runs the restaurant: menu, stock, stations, keys.
    Manager,
    /// Looks into the services, and mends what they could not take in.
    Developer,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Producer, Self::Kitchen, Self::Manager, Self::Developer];

    /// As it stands in JSON, in tokens and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Producer => "producer",
            Self::Kitchen => "kitchen",
            Self::Manager => "manager",
            Self::Developer => "developer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or("expected producer, kitchen, manager or developer")
    }
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// A program shows it.
    Key,
    /// A display holds it, and a manager has confirmed that.
    Display,
    /// Somebody has signed in.
    Session,
    /// A guest has sent somebody the address of an order.
    Link,
}

/// What begins the names of those who hold such a secret: nobody else is called so.
pub const HOLDERS: [&str; 4] = ["key:", "display:", "guest:", "link:"];

/// A secret that lets somebody in until it is revoked, and how far. Of the secret itself nothing is kept but a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessKey {
    pub id: Uuid,
    pub kind: KeyKind,
    pub name: Name,
    /// What events and journals call whoever shows it: `key:till`, `display:grill`, `link:` with the order, or who signed in.
    pub subject: String,
    pub roles: Vec<Role>,
    /// Where; `null` is everywhere.
    pub locations: Option<Vec<Slug>>,
    /// SHA-256 of the secret, in hexadecimal digits.
    pub fingerprint: String,
    /// Of a link: the one order that it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Uuid>,
    pub issued_at: Time,
    pub issued_by: String,
    /// It lets nobody in from then on.
    pub expires_at: Option<Time>,
    pub revoked_at: Option<Time>,
    pub revoked_by: Option<String>,
    pub version: i64,
}

/// Under which what concerns no single location is said.
static EVERYWHERE: LazyLock<Slug> = LazyLock::new(|| "everywhere".parse().expect("a slug"));

impl Subject for AccessKey {
    const TABLE: &'static str = "access_keys";

    fn subject(&self) -> String {
        self.id.to_string()
    }

    fn location(&self) -> &Slug {
        match self.locations.as_deref() {
            Some([only]) => only,
            _ => &EVERYWHERE,
        }
    }

    fn sequence(&self) -> i64 {
        self.version
    }
}

impl AccessKey {
    /// A secret's fingerprint names its key, so that it is found by what is shown.
    pub fn id_of(fingerprint: &str) -> Uuid {
        derived_id(&["key", fingerprint])
    }

    /// Whether it lets anybody in. A link that does not say which order it shows was made by an earlier version.
    pub fn is_good(&self, at: Time) -> bool {
        let is_whole = self.kind != KeyKind::Link || self.order.is_some();
        is_whole && self.revoked_at.is_none() && self.expires_at.is_none_or(|end| at < end)
    }
}
