//! Text: what people write, names of one line, addresses of pictures.
//! Requests are held to rules that rows and events of before did not have; what breaks them there is mended as it is read.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use super::{mismatch, pattern};

/// Text a person wrote: 1 to `MAX` characters, no control characters but tab and line feed, which every line ends with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Text<const MAX: usize>(String);

/// Text of one line: a name, a table, a channel's id of an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Label<const MAX: usize>(String);

/// The address of a picture: `https://…`, or a path on the same host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Photo(String);

/// A name: of a dish, an ingredient, a guest.
pub type Name = Label<100>;
/// Notes to the kitchen.
pub type Notes = Text<500>;

const PHOTO: &str = r"^(https://|/[!-.0-\[\]-~])[!-\[\]-~]{1,490}$";

impl TryFrom<String> for Photo {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let rest = text.strip_prefix("https://").or_else(|| {
            let path = text.strip_prefix('/')?;
            let begins = path.chars().next().is_some_and(|first| first != '/' && !is_stray(first));
            begins.then(|| path.get(1..)).flatten()
        });
        let fits = |rest: &str| (1..=490).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_graphic());
        let ours = text.is_ascii() && !text.contains('\\');
        if rest.is_some_and(fits) && ours { Ok(Self(text)) } else { Err(mismatch(&text, PHOTO)) }
    }
}

/// A browser takes a backslash for a slash and passes over tabs and line ends, and two slashes begin the name of another host.
fn is_stray(it: char) -> bool {
    it == '\\' || !it.is_ascii_graphic()
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
        has_length(&text, MAX)?;
        if text.chars().any(|c| c.is_control() && !"\n\t".contains(c)) {
            return Err("control characters other than tab and line feed are not accepted".into());
        }
        Ok(Self(text))
    }
}

impl<const MAX: usize> TryFrom<String> for Label<MAX> {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        has_length(&text, MAX)?;
        if text.contains(LINE_ENDS) {
            return Err("line ends are not accepted here".into());
        }
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err("control characters other than tab are not accepted".into());
        }
        Ok(Self(text))
    }
}

fn has_length(text: &str, max: usize) -> Result<(), String> {
    let length = text.chars().count();
    if (1..=max).contains(&length) { Ok(()) } else { Err(format!("{length} characters, expected 1 to {max}")) }
}

const LINE_ENDS: [char; 2] = ['\n', '\r'];
/// Names under which those types ask to be read that had fewer rules once.
const LABEL: &str = "Label";
const PHOTO_ADDRESS: &str = "Photo";

/// Why nobody may send a text that rows and events of before may hold, and that is mended where it is read from them.
/// `name` is what the type that is read calls itself.
pub(crate) fn refused_at_the_edge(name: &str, text: &str) -> Option<String> {
    match name {
        LABEL if text.contains(LINE_ENDS) => Some("line ends are not accepted here".into()),
        PHOTO_ADDRESS if text.contains(is_stray) => Some(mismatch(text, PHOTO)),
        _ => None,
    }
}

/// Reads a text by way of its type's name: the edge knows by it what to refuse.
struct Named<T> {
    name: &'static str,
    read: fn(&str) -> Result<T, String>,
}

impl<T> Named<T> {
    fn from<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_newtype_struct(self.name, self)
    }
}

impl<'de, T> de::Visitor<'de> for Named<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<T, D::Error> {
        inner.deserialize_str(self)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).map_err(E::custom)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Label<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| Self::try_from(text.replace("\r\n", " ").replace(LINE_ENDS, " "));
        Named { name: LABEL, read }.from(deserializer)
    }
}

impl<'de> Deserialize<'de> for Photo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| {
            let is_stray = |it: char| it.is_ascii() && is_stray(it);
            let checked = Self::try_from(text.replace(is_stray, "_"))?;
            let escaped = |it: char| if is_stray(it) { format!("%{:02X}", it as u8) } else { it.into() };
            Ok(if text.contains(is_stray) { Self(text.chars().map(escaped).collect()) } else { checked })
        };
        Named { name: PHOTO_ADDRESS, read }.from(deserializer)
    }
}

impl From<Photo> for String {
    fn from(photo: Photo) -> String {
        photo.0
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> String {
        text.0
    }
}

impl<const MAX: usize> From<Label<MAX>> for String {
    fn from(label: Label<MAX>) -> String {
        label.0
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Deref for Label<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> fmt::Display for Label<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialSchema for Photo {
    fn schema() -> RefOr<Schema> {
        pattern(PHOTO)
    }
}

impl<const MAX: usize> PartialSchema for Text<MAX> {
    fn schema() -> RefOr<Schema> {
        text(MAX).into()
    }
}

impl<const MAX: usize> PartialSchema for Label<MAX> {
    fn schema() -> RefOr<Schema> {
        text(MAX).pattern(Some(r"^[^\r\n]*$")).into()
    }
}

fn text(max: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(max))
}

impl<const MAX: usize> ToSchema for Text<MAX> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("Text{MAX}").into()
    }
}
impl<const MAX: usize> ToSchema for Label<MAX> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("Label{MAX}").into()
    }
}

impl ToSchema for Photo {}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored<T: serde::de::DeserializeOwned + Into<String>>(text: &str) -> Option<String> {
        serde_json::from_value::<T>(text.into()).ok().map(Into::into)
    }

    #[test]
    fn wrong_texts_are_refused() {
        assert!(Text::<3>::try_from("äöü".to_owned()).is_ok());
        assert!(Text::<3>::try_from("four".to_owned()).is_err());
        assert!(Text::<3>::try_from("a\0".to_owned()).is_err());
        for wrong in ["", "four", "a\n", "\ra", "a\0"] {
            assert!(Label::<3>::try_from(wrong.to_owned()).is_err(), "{wrong:?}");
        }
        for right in ["https://photos.example/pizza.jpg", "/photos/pizza.jpg?width=300"] {
            assert!(Photo::try_from(right.to_owned()).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "/",
            "https://",
            "http://a.example/b",
            "//a.example/b",
            "javascript:alert(1)",
            "/a b",
            "/é/a",
            "/\\evil.example/p.png",
            "/\t/evil.example/p.png",
            "/\n/evil.example/p.png",
            "/a\\b",
            "https://\\a.example",
        ] {
            assert!(Photo::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_line_ends_with_a_line_feed() {
        let text = Text::<7>::try_from("a\r\nb\rc\nd".to_owned()).expect("seven characters");
        assert_eq!(&*text, "a\nb\nc\nd");
    }

    #[test]
    fn rows_and_events_of_before_are_still_read() {
        assert_eq!(stored::<Label<5>>("a\r\nb\n").as_deref(), Some("a b "));
        assert_eq!(stored::<Photo>("/\\evil.example/p").as_deref(), Some("/%5Cevil.example/p"));
        assert_eq!(stored::<Photo>("/\t/evil.example/p").as_deref(), Some("/%09/evil.example/p"));
        assert_eq!(stored::<Photo>("javascript:%5C"), None);
        assert_eq!(stored::<Photo>("javascript:\\"), None);
    }
}
