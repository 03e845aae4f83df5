//! Lists: `{items, next}`, a page at a time.

use std::num::IntErrorKind;

use serde::Serialize;
use utoipa::ToSchema;

use super::Paging;
use crate::problem::Problem;

const DEFAULT: i64 = 50;
const MAX: i64 = 500;

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Give it as `after` to get the next page; `null` on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A list that is always whole.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

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
