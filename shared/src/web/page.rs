//! Lists: `{items, next}`, a page at a time, bounded in number and in bytes. What is cut off is on the next page.

use std::{fmt::Display, num::IntErrorKind, str::FromStr};

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::web::problem::{Answer, Problem};

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

/// The most that the items of a page come to, unless it is a single one.
const BYTES_MAX: usize = 2 * 1024 * 1024;
/// So many items are read first. As long as there is room, each time more are read than the time before: what is held
/// in memory is in proportion to what fits, however large the items are.
const PIECE: i64 = 20;
const GROWTH: i64 = 4;

impl<T: Serialize> Page<T> {
    /// The page that is asked for. `read` reads on behind a cursor, so many items at the most; an item's cursor is what
    /// `cursor` makes of it.
    pub async fn read<C, F>(
        paging: &Paging,
        cursor: impl Fn(&T) -> C,
        read: impl Fn(Option<C>, i64) -> F,
    ) -> Answer<Json<Self>>
    where
        C: FromStr + Display + Clone,
        F: Future<Output = Answer<Vec<T>>>,
    {
        let (items, more) = gather(paging.after()?, paging.limit()?, &cursor, bytes_of, read).await?;
        let next = items.last().filter(|_| more).map(|last| cursor(last).to_string());
        Ok(Json(Self { items, next }))
    }
}

/// As many items as fit, and whether there are more.
pub(super) async fn gather<T, C: Clone, F: Future<Output = Answer<Vec<T>>>>(
    mut after: Option<C>,
    limit: i64,
    cursor: impl Fn(&T) -> C,
    bytes: impl Fn(&T) -> usize,
    read: impl Fn(Option<C>, i64) -> F,
) -> Answer<(Vec<T>, bool)> {
    let (mut items, mut sum, mut piece) = (Vec::new(), 0, PIECE);
    loop {
        // One more than fits tells that there is a next page.
        let room = limit + 1 - i64::try_from(items.len()).unwrap_or(i64::MAX);
        let wanted = piece.min(room);
        let found = read(after, wanted).await?;
        let is_last = i64::try_from(found.len()).is_ok_and(|found| found < wanted);
        after = found.last().map(&cursor);
        for item in found {
            sum += bytes(&item);
            let fits = items.is_empty() || sum <= BYTES_MAX;
            if !fits || items.len() == usize::try_from(limit).unwrap_or(usize::MAX) {
                return Ok((items, true));
            }
            items.push(item);
        }
        if is_last {
            return Ok((items, false));
        }
        piece *= GROWTH;
    }
}

/// What it comes to as JSON.
fn bytes_of(item: &impl Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, item).map_or(usize::MAX, |()| count.0)
}

impl Paging {
    /// Where the list goes on: what its cursors are made of. `None` at its beginning; 422 `invalid` at `after` where the
    /// cursor is not of this list.
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Reads all pages of a list of so many items, each of so many bytes; the numbers of their items.
    async fn lengths(count: i64, bytes: usize, limit: i64) -> Vec<usize> {
        let (mut lengths, mut next, mut seen) = (Vec::new(), None, Vec::new());
        let asked = Mutex::new(Vec::new());
        loop {
            let paging = Paging { after: next, limit: Some(limit.to_string()) };
            let read = |after: Option<i64>, limit: i64| {
                asked.lock().unwrap().push(limit);
                let first = after.map_or(0, |after| after + 1);
                let numbers = first..count.min(first + limit);
                async move { Ok(numbers.map(|number| (number, "x".repeat(bytes))).collect()) }
            };
            let Json(page) = Page::read(&paging, |(number, _)| *number, read).await.unwrap();
            assert!(bytes_of(&page.items) < BYTES_MAX + 1000 || page.items.len() == 1);
            seen.extend(page.items.iter().map(|(number, _)| *number));
            lengths.push(page.items.len());
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..count).collect::<Vec<_>>(), "nothing is missing, nothing comes twice");
        lengths
    }

    #[tokio::test]
    async fn a_page_has_a_size() {
        assert_eq!(lengths(0, 10, 5).await, [0]);
        assert_eq!(lengths(5, 10, 5).await, [5]);
        assert_eq!(lengths(6, 10, 5).await, [5, 1]);
        assert_eq!(lengths(1001, 10, 500).await, [500, 500, 1]);
        assert_eq!(lengths(7, 1_000_000, 500).await, [2, 2, 2, 1]);
        assert_eq!(lengths(3, 3_000_000, 500).await, [1, 1, 1], "one at least");
        assert_eq!(lengths(60, 100_000, 500).await, [20, 20, 20]);
        assert_eq!(lengths(21, 100_000, 500).await, [20, 1]);
    }
}
