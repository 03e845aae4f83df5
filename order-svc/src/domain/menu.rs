//! The menu and the locations. Putting what is there already changes nothing and says nothing.

use shared::{
    contract::{
        Subject,
        event::Said,
        order::{Location, MenuItem, Mode},
        stock::{Availability, AvailabilityCause},
        time::Time,
        types::{Sku, Slug},
    },
    engine::service::Decision,
};

use super::{
    Refusal, Reply, State,
    request::{ItemRequest, LocationRequest, ModeRequest},
};

/// The item counts as available again once its `until` is past.
fn is_available(item: &MenuItem, at: Time) -> bool {
    item.available || item.until.is_some_and(|until| until <= at)
}

/// Somebody said that it is out. What the count says informs the menu; it decides each order by itself.
pub(super) fn is_marked_out(item: &MenuItem, at: Time) -> bool {
    item.cause == Some(AvailabilityCause::Manual) && !is_available(item, at)
}

/// The location takes orders again once its `until` is past.
pub(super) fn open_as_of(location: &Location, at: Time) -> bool {
    location.mode == Mode::Open || location.until.is_some_and(|until| until <= at)
}

pub(super) fn put_item(state: &mut State, location: &Slug, sku: &Sku, put: &ItemRequest) -> Decision<Reply> {
    let key = location.key(sku);
    let known = state.menu.get(&key);
    let mut item = put.item(location, sku, known.map_or(0, |known| known.version));
    // It may have been said before the item was on the menu.
    if let Some(word) = state.availabilities.get(&key) {
        follow(&mut item, word);
    }
    if known == Some(&item) {
        return Decision::nothing().reply(Reply::Item(Box::new(item)));
    }
    item.version += 1;
    let said = Said::new("menu.changed", &item);
    state.menu.put(item.clone());
    Decision::of(vec![said]).reply(Reply::Item(Box::new(item)))
}

/// Its row stays, so that its versions go on where it comes back.
pub(super) fn remove_item(state: &mut State, location: &Slug, sku: &Sku) -> Result<Decision<Reply>, Refusal> {
    let key = location.key(sku);
    let unknown = || Refusal::NotOnMenu { location: location.clone(), sku: sku.clone() };
    if state.menu.get(&key).ok_or_else(unknown)?.removed {
        return Ok(Decision::nothing().reply(Reply::Removed));
    }
    let item = state.menu.get_mut(&key).ok_or_else(unknown)?;
    item.removed = true;
    item.version += 1;
    Ok(Decision::of(vec![Said::new("menu.changed", item)]).reply(Reply::Removed))
}

/// Remembered even for a sku that is not on the menu: its PUT may come later.
pub(super) fn availability_changed(state: &mut State, word: &Availability) -> Decision<Reply> {
    let key = word.subject();
    state.availabilities.put(word.clone());
    let Some(known) = state.menu.get(&key).filter(|known| !known.removed) else { return Decision::nothing() };
    let mut item = known.clone();
    follow(&mut item, word);
    if item == *known {
        return Decision::nothing();
    }
    item.version += 1;
    let said = Said::new("menu.changed", &item);
    state.menu.put(item);
    Decision::of(vec![said])
}

/// The item as inventory's word has it.
fn follow(item: &mut MenuItem, word: &Availability) {
    item.available = word.available;
    item.cause = (!word.available).then_some(word.cause);
    item.until = word.until;
    item.left = word.left;
}

pub(super) fn put_location(
    state: &mut State,
    slug: &Slug,
    put: &LocationRequest,
    at: Time,
) -> Result<Decision<Reply>, Refusal> {
    let known = state.locations.get(slug);
    let (mode, until, busy_minutes) = match (put.mode, known) {
        (Some(mode), _) => (mode, put.until, None),
        (None, Some(known)) => (known.mode, known.until, known.busy_minutes),
        (None, None) => (Mode::Open, None, None),
    };
    let location = Location {
        location: slug.clone(),
        name: put.name.clone(),
        currency: put.currency.clone(),
        timezone: put.timezone.to_string(),
        mode,
        until,
        busy_minutes,
        day_starts: put.day_starts,
        language: put.language.clone(),
        payment: put.payment.clone(),
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

/// By the clock of the service: whoever asks says for how long.
pub(super) fn set_mode(
    state: &mut State,
    slug: &Slug,
    set: &ModeRequest,
    at: Time,
) -> Result<Decision<Reply>, Refusal> {
    let known = state.locations.get(slug).ok_or_else(|| Refusal::UnknownLocation(slug.clone()))?;
    let (until, busy_minutes) = (set.until(at), set.busy_minutes);
    let wanted = Location { mode: set.mode, until, busy_minutes, ..known.clone() };
    if wanted == *known {
        return Ok(Decision::nothing().reply(Reply::Location(wanted)));
    }
    let location = Location { version: known.version + 1, ..wanted };
    let said = Said::new("location.changed", &location);
    state.locations.put(location.clone());
    Ok(Decision::of(vec![said]).reply(Reply::Location(location)))
}

/// The item as a guest sees it now.
pub(crate) fn item_as_of(item: MenuItem, now: Time) -> MenuItem {
    let lapsed = !item.available && is_available(&item, now);
    if lapsed { MenuItem { available: true, cause: None, until: None, left: None, ..item } } else { item }
}

/// The location as a guest sees it now.
pub(crate) fn location_as_of(location: Location, now: Time) -> Location {
    let is_over = location.until.is_some_and(|until| until <= now);
    if is_over { Location { mode: Mode::Open, until: None, busy_minutes: None, ..location } } else { location }
}
