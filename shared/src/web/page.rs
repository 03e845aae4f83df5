//! Lists: `{items, next}`, a page at a time.

use std::{num::IntErrorKind, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::web::problem::Problem;

const DEFAULT: i64 = 50;
const MAX: i64 = 500;

/// Paging of a list, as the query gives it.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Default 50; more than 500 is taken as 500.
    #[param(value_type = Option<i64>, minimum = 1)]
    pub limit: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Give it as `after` to get the next page; `null` on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// From one row more than fits, which only tells that there is a next page.
    pub fn cut(mut items: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, next }
    }
}

impl Paging {
    /// Where the list goes on: what its cursors are made of. `None` at its beginning.
    pub fn after<T: FromStr>(&self) -> Result<Option<T>, Problem> {
        let Some(text) = self.after.as_ref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let wrong = |_| Problem::invalid_field("after", "is no `next` of a page of this list");
        text.parse().map(Some).map_err(wrong)
    }

    /// From 1 to 500.
    pub fn limit(&self) -> Result<i64, Problem> {
        let Some(text) = &self.limit else { return Ok(DEFAULT) };
        match text.parse::<i64>() {
            Ok(number) if number >= 1 => Ok(number.min(MAX)),
            Err(error) if *error.kind() == IntErrorKind::PosOverflow => Ok(MAX),
            _ => Err(Problem::invalid_field("limit", format!("{text:?} is not a number from 1 to {MAX}"))),
        }
    }
}
