//! What the service answers instead of doing what it was asked to.

use std::fmt;

use shared::contract::{stock::Unit, types::Slug};

/// Its text says what to do. Events are never refused: what comes late decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownIngredient(Slug),
    /// Those of the recipe's list of ingredients, by index, that no stock item is behind.
    UnknownIngredients(Vec<(usize, Slug)>),
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
            Self::UnknownIngredient(ingredient) => {
                write!(f, "there is no ingredient {:?} in stock here", &**ingredient)
            }
            Self::UnknownIngredients(unknown) => {
                let names: Vec<&str> = unknown.iter().map(|(_, ingredient)| &**ingredient).collect();
                write!(f, "there is no stock here of {}", names.join(", "))
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
