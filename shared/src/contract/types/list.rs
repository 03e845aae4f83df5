//! Lists that are neither shorter nor longer than they may be.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// At least `MIN` and at most `MAX` of something. A schema names what it holds and repeats the bounds:
/// `#[schema(value_type = Vec<Sku>, max_items = 20)]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<T>", bound(deserialize = "T: Deserialize<'de>"))]
pub struct List<T, const MIN: usize, const MAX: usize>(Vec<T>);

impl<T, const MIN: usize, const MAX: usize> TryFrom<Vec<T>> for List<T, MIN, MAX> {
    type Error = String;
    fn try_from(items: Vec<T>) -> Result<Self, String> {
        if (MIN..=MAX).contains(&items.len()) {
            return Ok(Self(items));
        }
        Err(format!("{} items, expected {MIN} to {MAX}", items.len()))
    }
}

impl<T, const MIN: usize, const MAX: usize> From<List<T, MIN, MAX>> for Vec<T> {
    fn from(list: List<T, MIN, MAX>) -> Self {
        list.0
    }
}

impl<T, const MAX: usize> Default for List<T, 0, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MIN: usize, const MAX: usize> Deref for List<T, MIN, MAX> {
    type Target = Vec<T>;
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_as_many_as_there_may_be() {
        let read = |json: &str| serde_json::from_str::<List<i64, 1, 3>>(json);
        for right in ["[1]", "[1,2,3]"] {
            assert_eq!(serde_json::to_string(&read(right).unwrap()).unwrap(), right);
        }
        for (wrong, said) in [("[]", "0 items, expected 1 to 3"), ("[1,2,3,4]", "4 items, expected 1 to 3")] {
            assert!(read(wrong).unwrap_err().to_string().starts_with(said));
        }
    }
}
