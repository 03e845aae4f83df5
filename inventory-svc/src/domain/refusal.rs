//! What the service answers instead of doing what it was asked to.

use std::fmt;

use shared::contract::{
    stock::Unit,
    types::{FieldError, Slug},
};

/// Its text says what to do. Events are never refused: what comes late decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownIngredient(Slug),
    /// Where in the body of a recipe ingredients stand that no stock item is behind.
    UnknownIngredients(Vec<FieldError>),
    KeyReused,
    /// The unit that the ingredient's quantities are in already.
    UnitInUse(Unit),
    /// `on_hand` would leave the range of exact numbers.
    TooMuch,
    /// A manual 86 that would be over before it begins.
    UntilIsPast,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIngredient(ingredient) => write!(f, "there is no ingredient {ingredient} in stock here"),
            Self::UnknownIngredients(errors) => {
                let details: Vec<&str> = errors.iter().map(|error| &*error.detail).collect();
                f.write_str(&details.join("; "))
            }
            Self::KeyReused => f.write_str("the key was used for another request"),
            Self::UnitInUse(_) => {
                f.write_str("the ledger or a recipe has quantities in the present unit; make another ingredient")
            }
            Self::TooMuch => f.write_str("on_hand would leave the range of ±10¹⁵"),
            Self::UntilIsPast => f.write_str("is past"),
        }
    }
}
