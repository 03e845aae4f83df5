//! Bodies of requests, checked so that nothing wrong gets past the edge.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    contract::{
        stock::{Portion, Unit},
        time::Time,
        types::{List, Name, Notes, Price, Slug},
    },
    web::{extract::KeyedBody, problem::Problem},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::domain::Entered;

const BILLION: i64 = 1_000_000_000;

/// A whole number from `MIN` to 10⁹ base units.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub(crate) struct Amount<const MIN: i64>(i64);

impl<const MIN: i64> TryFrom<i64> for Amount<MIN> {
    type Error = String;
    fn try_from(number: i64) -> Result<Self, String> {
        if (MIN..=BILLION).contains(&number) {
            return Ok(Self(number));
        }
        Err(format!("{number} is not from {MIN} to {BILLION}"))
    }
}

impl<const MIN: i64> From<Amount<MIN>> for i64 {
    fn from(amount: Amount<MIN>) -> i64 {
        amount.0
    }
}

impl<const MIN: i64> PartialSchema for Amount<MIN> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(MIN)).maximum(Some(BILLION)).into()
    }
}

impl<const MIN: i64> ToSchema for Amount<MIN> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("AmountFrom{MIN}").into()
    }
}

/// An ingredient. What is left out is cleared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct StockBody {
    pub(crate) name: Name,
    pub(crate) unit: Unit,
    /// Low at or below this many available base units.
    #[serde(default)]
    pub(crate) reorder_point: Option<Amount<0>>,
    /// What one base unit costs, in minor units.
    #[serde(default)]
    pub(crate) unit_cost: Option<Price>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EnteredKind {
    Receive,
    /// The quantity is what is there now.
    Count,
    Waste,
}

/// An entry into the ledger, in base units; only a count may be 0.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct MovementBody {
    kind: EnteredKind,
    quantity: Amount<0>,
    #[serde(default)]
    reason: Option<Notes>,
}

impl KeyedBody for MovementBody {
    fn needs_key(_: &Value) -> bool {
        true
    }
}

impl MovementBody {
    pub(crate) fn checked(self) -> Result<(Entered, i64, Option<Notes>), Problem> {
        let entered = match self.kind {
            EnteredKind::Receive => Entered::Receive,
            EnteredKind::Count => Entered::Count,
            EnteredKind::Waste => Entered::Waste,
        };
        if self.quantity.0 == 0 && entered != Entered::Count {
            return Err(Problem::invalid_field("/quantity", format!("0 is not from 1 to {BILLION}")));
        }
        Ok((entered, self.quantity.0, self.reason))
    }
}

/// What a portion takes of an ingredient, in base units.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct PortionBody {
    ingredient: Slug,
    quantity: Amount<1>,
}

/// What a portion takes, each ingredient once. An empty list makes the item untracked: always available.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct RecipeBody {
    #[schema(value_type = Vec<PortionBody>, max_items = 100)]
    ingredients: List<PortionBody, 0, 100>,
}

impl RecipeBody {
    pub(crate) fn checked(self) -> Result<Vec<Portion>, Problem> {
        let mut seen = BTreeSet::new();
        let again = self.ingredients.iter().position(|portion| !seen.insert(&portion.ingredient));
        if let Some(index) = again {
            let detail = format!("{:?} is listed twice", &*self.ingredients[index].ingredient);
            return Err(Problem::invalid_field(at_ingredient(index), detail));
        }
        let portion = |PortionBody { ingredient, quantity }| Portion { ingredient, quantity: quantity.0 };
        Ok(Vec::from(self.ingredients).into_iter().map(portion).collect())
    }
}

pub(super) fn at_ingredient(index: usize) -> String {
    format!("/ingredients/{index}/ingredient")
}

/// `until` only with `available: false`: then it is over by itself.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct AvailabilityBody {
    available: bool,
    #[serde(default)]
    until: Option<Time>,
}

impl AvailabilityBody {
    pub(crate) fn checked(self) -> Result<(bool, Option<Time>), Problem> {
        if self.available && self.until.is_some() {
            return Err(Problem::invalid_field("/until", "only goes with \"available\": false"));
        }
        Ok((self.available, self.until))
    }
}
