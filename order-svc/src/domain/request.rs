//! The bodies of requests. All but what the path decides is valid in itself; `wrong` says that. Whether it fits the menu
//! is decided later.

use std::{collections::HashSet, ops::Deref, time::Duration};

use serde::{Deserialize, Serialize};
use shared::contract::{
    language::Language,
    menu::{Allergen, Choice, Diet, Effect, Position},
    order::{Channel, Customer, MenuItem, MenuKind, Mode, OrderType, Payment},
    time::{DayStarts, Time, timezone_name},
    types::{
        Currency, FieldError, Label, List, Money, Name, Notes, Photo, Price, Quantity, Sku, Slug, Text, null_as_default,
    },
};
use utoipa::ToSchema;

/// A name of the IANA time zone database: `Europe/London`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Timezone(String);

/// What a producer orders.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = NewOrder, example = json!({
    "location": "soho",
    "lines": [{"sku": "margherita", "quantity": 2, "modifiers": ["extra_mozzarella"], "notes": "well done"}],
    "type": "dine_in",
    "table": "12",
    "allergies": ["nuts"],
}))]
pub struct OrderRequest {
    pub location: Slug,
    #[schema(value_type = Vec<LineRequest>, min_items = 1, max_items = 100)]
    pub lines: List<LineRequest, 1, 100>,
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    pub kind: OrderType,
    #[serde(default)]
    pub table: Option<Label<20>>,
    #[serde(default)]
    pub customer: Option<Customer>,
    /// Its `external_id` serves as a further idempotency key.
    #[serde(default)]
    pub channel: Option<Channel>,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Name>, max_items = 20)]
    pub allergies: List<Name, 0, 20>,
    #[serde(default)]
    pub notes: Option<Notes>,
    /// The order is refused where the menu gives another total.
    #[serde(default)]
    pub expected_total: Option<Money>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NewLine)]
pub struct LineRequest {
    /// A dish of the menu.
    pub sku: Sku,
    pub quantity: Quantity,
    /// Each is listed by the dish.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Sku>, max_items = 20)]
    pub modifiers: List<Sku, 0, 20>,
    #[serde(default)]
    pub notes: Option<Notes>,
}

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = CancelOrder)]
pub struct CancelRequest {
    #[serde(default)]
    pub reason: Option<Notes>,
}

/// An item of the menu, whole.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PutItem)]
pub struct ItemRequest {
    pub name: Name,
    pub price: Price,
    pub category: Name,
    #[serde(default, deserialize_with = "null_as_default")]
    pub kind: MenuKind,
    /// The modifiers that may be ordered with the dish.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Sku>, max_items = 100)]
    pub modifiers: List<Sku, 0, 100>,
    /// What has to be chosen with the dish.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Choice>, max_items = 20)]
    pub choices: List<Choice, 0, 20>,
    #[serde(default)]
    pub description: Option<Text<500>>,
    #[serde(default)]
    pub photo: Option<Photo>,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Allergen>, max_items = 14)]
    pub allergens: List<Allergen, 0, 14>,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Diet>, max_items = 11)]
    pub diets: List<Diet, 0, 11>,
    /// Where it stands on the menu.
    #[serde(default)]
    pub place: Option<Position>,
    /// What a modifier does to its dish, `add` if nothing is said; not for dishes.
    #[serde(default)]
    pub effect: Option<Effect>,
}

/// A location, whole.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PutLocation)]
pub struct LocationRequest {
    /// If given, the same as in the path.
    #[serde(default)]
    pub location: Option<Slug>,
    pub name: Name,
    pub currency: Currency,
    #[schema(value_type = String, example = "Europe/London")]
    pub timezone: Timezone,
    /// Left out, the mode stays as it is, and its `until` with it; a new location is `open`.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// The mode is `open` again once this is past; only with `paused` and `closed`.
    #[serde(default)]
    pub until: Option<Time>,
    /// When the business day begins, local time.
    #[serde(default, deserialize_with = "null_as_default")]
    pub day_starts: DayStarts,
    /// What the menu is written in, and what the page for guests speaks, if it can; else English.
    #[serde(default)]
    pub language: Option<Language>,
    /// How guests pay.
    #[serde(default)]
    pub payment: Option<Payment>,
}

/// Whether it takes orders.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SetMode)]
pub struct ModeRequest {
    pub mode: Mode,
    /// It is `open` again, and nothing is busy any more, after so many minutes; left out, once somebody says so.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1440)]
    pub for_minutes: Option<i64>,
    /// So much longer than usual the kitchen takes; only with `open`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 240)]
    pub busy_minutes: Option<i64>,
}

impl ModeRequest {
    /// All that is wrong with it.
    pub fn wrong(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut wrong = |member: &str, detail: &str| errors.push(FieldError::new(member, detail));
        if self.for_minutes.is_some_and(|minutes| !(1..=24 * 60).contains(&minutes)) {
            wrong("/for_minutes", "is not from 1 to 1440");
        }
        if self.busy_minutes.is_some_and(|minutes| !(1..=240).contains(&minutes)) {
            wrong("/busy_minutes", "is not from 1 to 240");
        }
        if self.mode != Mode::Open && self.busy_minutes.is_some() {
            wrong("/busy_minutes", "goes only with mode open");
        }
        if self.mode == Mode::Open && self.busy_minutes.is_none() && self.for_minutes.is_some() {
            wrong("/for_minutes", "goes only with mode paused or closed, or with busy_minutes");
        }
        errors
    }

    fn lasts(&self) -> Option<Duration> {
        self.for_minutes
            .and_then(|minutes| u64::try_from(minutes).ok())
            .map(|minutes| Duration::from_secs(60 * minutes))
    }

    /// When it is over.
    pub(super) fn until(&self, at: Time) -> Option<Time> {
        self.lasts().map(|long| at + long)
    }
}

impl OrderRequest {
    /// The channel's name and its own id of the order.
    pub fn external_id(&self) -> Option<(&str, &str)> {
        let channel = self.channel.as_ref()?;
        Some((&channel.name, channel.external_id.as_deref()?))
    }
}

impl ItemRequest {
    /// All that is wrong with it as the item of that sku.
    pub fn wrong(&self, sku: &Sku) -> Vec<FieldError> {
        let mut errors = self.listed_twice(sku);
        errors.extend(self.wrong_choices());
        if self.kind == MenuKind::Dish && self.effect.is_some() {
            errors.push(FieldError::new("/effect", "goes only with kind modifier"));
        }
        errors
    }

    /// A dish is no modifier of its own, and lists each once; allergens and diets too.
    fn listed_twice(&self, sku: &Sku) -> Vec<FieldError> {
        let mut seen = HashSet::from([sku]);
        let free = self.modifiers.iter().enumerate().map(|(index, sku)| (format!("/modifiers/{index}"), sku));
        let chosen = self.choices.iter().enumerate().flat_map(|(nth, choice)| {
            let modifiers = choice.modifiers.iter().enumerate();
            modifiers.map(move |(index, sku)| (format!("/choices/{nth}/modifiers/{index}"), sku))
        });
        let again = free.chain(chosen).filter(|(_, modifier)| !seen.insert(*modifier));
        let detail = |modifier| if modifier == sku { "is the item itself" } else { "is listed twice" };
        let errors = again.map(|(pointer, modifier)| FieldError::new(pointer, detail(modifier)));
        errors.chain(repeated("/allergens", &self.allergens)).chain(repeated("/diets", &self.diets)).collect()
    }

    fn wrong_choices(&self) -> impl Iterator<Item = FieldError> {
        self.choices.iter().enumerate().filter_map(|(nth, Choice { min, max, .. })| {
            let (member, detail) = match () {
                () if !(1..=20).contains(max) => ("max", "is not from 1 to 20"),
                () if !(0..=*max).contains(min) => ("min", "is not from 0 to max"),
                () => return None,
            };
            Some(FieldError::new(format!("/choices/{nth}/{member}"), detail))
        })
    }

    /// The item that it makes, of which nothing is known beside it.
    pub(super) fn item(&self, location: &Slug, sku: &Sku, version: i64) -> MenuItem {
        MenuItem {
            location: location.clone(),
            sku: sku.clone(),
            name: self.name.clone(),
            kind: self.kind,
            category: self.category.clone(),
            price: self.price,
            modifiers: self.modifiers.to_vec(),
            choices: self.choices.to_vec(),
            description: self.description.clone(),
            photo: self.photo.clone(),
            allergens: self.allergens.to_vec(),
            diets: self.diets.to_vec(),
            place: self.place,
            effect: (self.kind == MenuKind::Modifier).then(|| self.effect.unwrap_or_default()),
            available: true,
            cause: None,
            until: None,
            left: None,
            removed: false,
            version,
        }
    }
}

/// What a list of words has twice.
fn repeated<T: PartialEq>(pointer: &str, words: &[T]) -> Vec<FieldError> {
    let again = words.iter().enumerate().filter(|(index, word)| words[..*index].contains(word));
    again.map(|(index, _)| FieldError::new(format!("{pointer}/{index}"), "is listed twice")).collect()
}

impl LocationRequest {
    /// All that is wrong with it as that location.
    pub fn wrong(&self, location: &Slug) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.location.as_ref().is_some_and(|named| named != location) {
            errors.push(FieldError::new("/location", format!("is not {location}, as the path says")));
        }
        if self.mode.is_none_or(|mode| mode == Mode::Open) && self.until.is_some() {
            errors.push(FieldError::new("/until", "goes only with mode paused or closed"));
        }
        errors
    }
}

impl TryFrom<String> for Timezone {
    type Error = String;
    /// As the database spells it, however it was sent.
    fn try_from(name: String) -> Result<Self, String> {
        if let Some(name) = timezone_name(&name) {
            return Ok(Self(name));
        }
        let shown: String = name.chars().take(80).collect();
        Err(format!("{shown:?} is no time zone like Europe/London"))
    }
}

impl Deref for Timezone {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}
