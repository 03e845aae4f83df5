//! The menu and the locations. Putting what is there already changes nothing and says nothing.

use shared::{
    contract::{
        event::Said,
        order::{Location, MenuItem, Mode},
        stock::Availability,
        time::Time,
        types::{Sku, Slug},
    },
    engine::service::Decision,
};

use super::{
    Refusal, Reply, State,
    request::{PutItem, PutLocation},
};

/// `soho/margherita`.
pub(crate) fn item_key(location: &Slug, sku: &Sku) -> String {
    format!("{location}/{sku}")
}

/// The item counts as available again once its `until` is past.
pub(super) fn is_available(item: &MenuItem, at: Time) -> bool {
    item.available || item.until.is_some_and(|until| until <= at)
}

/// The location takes orders again once its `until` is past.
pub(super) fn open_as_of(location: &Location, at: Time) -> bool {
    location.mode == Mode::Open || location.until.is_some_and(|until| until <= at)
}

pub(super) fn put_item(state: &mut State, location: &Slug, sku: &Sku, put: &PutItem) -> Decision<Reply> {
    let key = item_key(location, sku);
    let known = state.menu.get(&key);
    let item = match known {
        Some(known) if put.describes(known) => return Decision::nothing().reply(Reply::Item(known.clone())),
        Some(known) => put.item(location, sku, (known.available, known.until), known.version + 1),
        None => put.item(location, sku, last_word(state, &key), 1),
    };
    let said = Said::new("menu.changed", &item);
    state.menu.put(item.clone());
    Decision::of(vec![said]).reply(Reply::Item(item))
}

/// What inventory said about an item before it was on the menu.
fn last_word(state: &State, key: &str) -> (bool, Option<Time>) {
    state.availabilities.get(key).map_or((true, None), |word| (word.available, word.until))
}

impl PutItem {
    fn describes(&self, item: &MenuItem) -> bool {
        let Self { name, price, category, kind, modifiers, photo } = self;
        let same = (&item.name, item.price, &item.category, item.kind) == (name, *price, category, *kind);
        same && item.modifiers == **modifiers && item.photo == *photo
    }

    fn item(&self, location: &Slug, sku: &Sku, (available, until): (bool, Option<Time>), version: i64) -> MenuItem {
        MenuItem {
            location: location.clone(),
            sku: sku.clone(),
            name: self.name.clone(),
            kind: self.kind,
            category: self.category.clone(),
            price: self.price,
            modifiers: self.modifiers.to_vec(),
            photo: self.photo.clone(),
            available,
            until,
            version,
        }
    }
}

/// Remembered even for a sku that is not on the menu: its PUT may come later.
pub(super) fn availability_changed(state: &mut State, word: &Availability) -> Decision<Reply> {
    let key = item_key(&word.location, &word.sku);
    state.availabilities.put(word.clone());
    let same = |item: &MenuItem| (item.available, item.until) == (word.available, word.until);
    if state.menu.get(&key).is_none_or(same) {
        return Decision::nothing();
    }
    let Some(item) = state.menu.get_mut(&key) else { return Decision::nothing() };
    (item.available, item.until) = (word.available, word.until);
    item.version += 1;
    Decision::of(vec![Said::new("menu.changed", item)])
}

pub(super) fn put_location(
    state: &mut State,
    slug: &Slug,
    put: &PutLocation,
    at: Time,
) -> Result<Decision<Reply>, Refusal> {
    let known = state.locations.get(slug);
    let (mode, until) = match (put.mode, known) {
        (Some(mode), _) => (mode, put.until),
        (None, Some(known)) => (known.mode, known.until),
        (None, None) => (Mode::Open, None),
    };
    let location = Location {
        location: slug.clone(),
        name: put.name.clone(),
        currency: put.currency.clone(),
        timezone: put.timezone.to_string(),
        mode,
        until,
        day_starts: put.day_starts,
        language: put.language.clone(),
        version: known.map_or(1, |known| known.version + 1),
    };
    if let Some(known) = known.filter(|known| location == Location { version: location.version, ..(*known).clone() }) {
        return Ok(Decision::nothing().reply(Reply::Location(known.clone())));
    }
    if put.until.is_some_and(|until| until <= at) {
        return Err(Refusal::UntilIsPast);
    }
    if let Some(known) = known.filter(|known| known.currency != put.currency && state.has_prices(slug)) {
        return Err(Refusal::CurrencyInUse(known.currency.clone()));
    }
    let said = Said::new("location.changed", &location);
    state.locations.put(location.clone());
    Ok(Decision::of(vec![said]).reply(Reply::Location(location)))
}

/// The item as a guest sees it now.
pub(crate) fn item_as_of(item: MenuItem, now: Time) -> MenuItem {
    if is_available(&item, now) { MenuItem { available: true, until: None, ..item } } else { item }
}

/// The location as a guest sees it now.
pub(crate) fn location_as_of(location: Location, now: Time) -> Location {
    if open_as_of(&location, now) { Location { mode: Mode::Open, until: None, ..location } } else { location }
}
