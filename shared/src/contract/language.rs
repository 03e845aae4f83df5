//! The language that a location's texts are in.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

const LANGUAGE: &str = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$";
const LENGTH_MAX: usize = 35;

/// A tag of BCP 47, checked for its shape, in its usual spelling: `en`, `en-GB`, `zh-Hant-TW`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Language(String);

impl TryFrom<String> for Language {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let first = text.split('-').next().unwrap_or_default();
        let named = first.len() >= 2 && first.bytes().all(|b| b.is_ascii_alphabetic());
        if named && text.len() <= LENGTH_MAX && text.split('-').all(is_part) {
            return Ok(Self(spelled(&text)));
        }
        let shown: String = text.chars().take(80).collect();
        Err(format!("{shown:?} is no language tag like en or en-GB"))
    }
}

/// Tags are compared without case; people write scripts as `Latn` and regions as `GB`, up to an extension.
fn spelled(tag: &str) -> String {
    let (mut parts, mut extended) = (Vec::new(), false);
    for (nth, part) in tag.split('-').enumerate() {
        extended |= part.len() == 1;
        let lower = part.to_ascii_lowercase();
        parts.push(match part.len() {
            2 if nth > 0 && !extended => part.to_ascii_uppercase(),
            4 if nth > 0 && !extended => format!("{}{}", lower[..1].to_ascii_uppercase(), &lower[1..]),
            _ => lower,
        });
    }
    parts.join("-")
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

impl Deref for Language {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialSchema for Language {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(LANGUAGE));
        schema.max_length(Some(LENGTH_MAX)).description(Some("A tag of BCP 47")).into()
    }
}

impl ToSchema for Language {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_a_shape_and_one_spelling() {
        for (sent, kept) in [
            ("en", "en"),
            ("EN-gb", "en-GB"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("de-CH-1996", "de-CH-1996"),
            ("en-US-u-ca-GREGORY", "en-US-u-ca-gregory"),
        ] {
            assert_eq!(&*Language::try_from(sent.to_owned()).expect(sent), kept);
        }
        for wrong in [
            "",
            "e",
            "en_GB",
            "en-",
            "-en",
            "en--GB",
            "englishlanguage",
            "3n",
            "é",
            &format!("en{}", "-abcdefgh".repeat(4)),
        ] {
            assert!(Language::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
