//! Small types that cannot be wrong: parsed once at the edge, from HTTP and from the bus alike.

mod list;
mod text;

use std::{fmt, ops::Deref, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// Reads `null` as if nothing were there: `#[serde(default, deserialize_with = "null_as_default")]`.
pub fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(given: D) -> Result<T, D::Error> {
    Option::deserialize(given).map(Option::unwrap_or_default)
}

pub use list::List;
pub(crate) use text::refused_at_the_edge;
pub use text::{Label, Name, Notes, Photo, Text};

/// A location, station or ingredient: `soho`, `grill-2`. Safe in a URL path and in a routing key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Slug(String);

/// A menu item's stock keeping unit, the same key in the menu, the recipes and the kitchen: `margherita`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Sku(String);

/// How many of a dish: 1 to 999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub struct Quantity(u16);

/// A price in the minor units of the location's currency: 0 to 100,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub struct Price(i64);

/// An ISO 4217 code of a currency that people pay with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Currency(String);

/// An amount of money in minor units (cents, pence).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Money {
    pub amount: i64,
    pub currency: Currency,
}

const SLUG: &str = "^[a-z0-9][a-z0-9_-]{0,63}$";
const SKU: &str = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
const CURRENCY: &str = "^[A-Z]{3}$";
/// ISO 4217, the currencies that people pay with, as of 2025.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
    CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF \
    GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK \
    LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD \
    OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN \
    SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF \
    XPF YER ZAR ZMW ZWG";
const PRICE_MAX: i64 = 100_000_000;
const QUANTITY_MAX: i64 = 999;

impl TryFrom<String> for Slug {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        if is_key(&text, allowed) { Ok(Self(text)) } else { Err(mismatch(&text, SLUG)) }
    }
}

impl TryFrom<String> for Sku {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if is_key(&text, allowed) { Ok(Self(text)) } else { Err(mismatch(&text, SKU)) }
    }
}

impl FromStr for Slug {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.to_owned().try_into()
    }
}

impl FromStr for Sku {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for Currency {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.len() != 3 || !text.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(mismatch(&text, CURRENCY));
        }
        let known = CURRENCIES.split(' ').any(|code| code == text);
        if known { Ok(Self(text)) } else { Err(format!("{text} is no currency of ISO 4217")) }
    }
}

impl Slug {
    /// `soho/margherita`: names something of the location among all of its kind.
    pub fn key(&self, name: &str) -> String {
        format!("{self}/{name}")
    }
}

impl TryFrom<i64> for Quantity {
    type Error = String;
    fn try_from(number: i64) -> Result<Self, String> {
        match u16::try_from(number) {
            Ok(small) if (1..=QUANTITY_MAX).contains(&number) => Ok(Self(small)),
            _ => Err(format!("{number} is not from 1 to {QUANTITY_MAX}")),
        }
    }
}

impl TryFrom<i64> for Price {
    type Error = String;
    fn try_from(number: i64) -> Result<Self, String> {
        if (0..=PRICE_MAX).contains(&number) {
            return Ok(Self(number));
        }
        Err(format!("{number} is not from 0 to {PRICE_MAX} minor units"))
    }
}

fn is_key(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(allowed)
}

fn mismatch(text: &str, pattern: &str) -> String {
    let shown: String = text.chars().take(80).collect();
    format!("{shown:?} does not match {pattern}")
}

impl Quantity {
    pub fn get(self) -> i64 {
        i64::from(self.0)
    }
}

impl Price {
    pub fn get(self) -> i64 {
        self.0
    }
}

impl From<Quantity> for i64 {
    fn from(quantity: Quantity) -> i64 {
        quantity.get()
    }
}

impl From<Price> for i64 {
    fn from(price: Price) -> i64 {
        price.get()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> String {
        slug.0
    }
}

impl From<Sku> for String {
    fn from(sku: Sku) -> String {
        sku.0
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.0
    }
}

impl Deref for Slug {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Deref for Sku {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn pattern(regex: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(regex)).into()
}

fn range(min: i64, max: i64) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(min)).maximum(Some(max)).into()
}

impl PartialSchema for Slug {
    fn schema() -> RefOr<Schema> {
        pattern(SLUG)
    }
}

impl PartialSchema for Sku {
    fn schema() -> RefOr<Schema> {
        pattern(SKU)
    }
}

impl PartialSchema for Currency {
    fn schema() -> RefOr<Schema> {
        pattern(CURRENCY)
    }
}

impl PartialSchema for Quantity {
    fn schema() -> RefOr<Schema> {
        range(1, QUANTITY_MAX)
    }
}

impl PartialSchema for Price {
    fn schema() -> RefOr<Schema> {
        range(0, PRICE_MAX)
    }
}

impl ToSchema for Slug {}
impl ToSchema for Sku {}
impl ToSchema for Currency {}
impl ToSchema for Quantity {}
impl ToSchema for Price {}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_values_are_refused_with_what_would_be_right() {
        assert!(Slug::try_from("soho".to_owned()).is_ok());
        for wrong in ["", "Soho", "so.ho", "-soho", "so ho", &"s".repeat(65)] {
            assert!(Slug::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        assert!(Quantity::try_from(999).is_ok());
        for wrong in [0, -1, 1000, i64::MAX, i64::MIN] {
            assert!(Quantity::try_from(wrong).is_err(), "{wrong}");
        }
        assert!(Price::try_from(-1).is_err());
        assert!(Currency::try_from("EUR".to_owned()).is_ok());
        for wrong in ["eur", "EURO", "ZZZ", "AED ", "D A"] {
            assert!(Currency::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}

/// Where a body is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the body; of a query parameter or header, its name.
    pub pointer: String,
    pub detail: String,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pointer.is_empty() { f.write_str(&self.detail) } else { write!(f, "{}: {}", self.pointer, self.detail) }
    }
}
