//! The menu and the locations, as they are now: what is over by its `until` is not shown any more.

use std::collections::HashSet;

use axum::{Json, extract::State};
use shared::{
    contract::{
        menu::Choice,
        order::{Location, MenuItem, MenuKind, Mode},
        time::Time,
        types::{FieldError, Sku, Slug},
    },
    engine::call::Call,
    web::{
        extract::{Body, InPath, InQuery},
        page::{Page, Paging},
        problem::{Answer, Problem, could_not_read},
    },
};

use super::Orders;
use crate::{
    domain::{
        Command, Reply,
        menu::{item_as_of, location_as_of},
        request::{PutItem, PutLocation},
    },
    store,
};

#[utoipa::path(
    get, path = "/v1/menu/{location}", tag = "order-svc", params(("location" = Slug, Path), Paging),
    responses(
        (status = 200, body = Page<MenuItem>),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
    )
)]
/// The menu by sku, with what is sold out.
pub(super) async fn show(
    State(app): State<Orders>,
    InPath(location): InPath<Slug>,
    InQuery(paging): InQuery<Paging>,
    call: Call,
) -> Answer<Json<Page<MenuItem>>> {
    find(&app, &location).await?;
    let read = |after, limit| items_as_of(&app, &location, after, limit, call.at);
    Page::read(&paging, |item| item.sku.clone(), read).await
}

pub(super) async fn items_as_of(
    app: &Orders,
    location: &Slug,
    after: Option<Sku>,
    limit: i64,
    at: Time,
) -> Answer<Vec<MenuItem>> {
    let items = store::menu(&app.db, location, after, limit).await.map_err(could_not_read)?;
    Ok(items.into_iter().map(|item| item_as_of(item, at)).collect())
}

#[utoipa::path(
    put, path = "/v1/menu/{location}/{sku}", tag = "order-svc",
    params(("location" = Slug, Path), ("sku" = Sku, Path)), request_body = PutItem,
    responses(
        (status = 200, body = MenuItem, headers(("ETag" = String, description = "The version, and what time has made of it"))),
    )
)]
/// Puts an item on the menu, or replaces it. The location may be made later.
pub(super) async fn put(
    State(app): State<Orders>,
    InPath((location, sku)): InPath<(Slug, Sku)>,
    call: Call,
    Body(item): Body<PutItem>,
) -> Answer<Reply> {
    item.check(&sku)?;
    Ok(app.pump.ask(call, Command::PutItem { location, sku, item }).await?)
}

#[utoipa::path(
    delete, path = "/v1/menu/{location}/{sku}", tag = "order-svc",
    params(("location" = Slug, Path), ("sku" = Sku, Path)),
    responses(
        (status = 204, description = "It is not on the menu, now or before."),
    )
)]
/// Takes an item off the menu. It may be put again.
pub(super) async fn remove(
    State(app): State<Orders>,
    InPath((location, sku)): InPath<(Slug, Sku)>,
    call: Call,
) -> Answer<Reply> {
    Ok(app.pump.ask(call, Command::RemoveItem { location, sku }).await?)
}

impl PutItem {
    fn check(&self, sku: &Sku) -> Answer<()> {
        let mut errors = self.twice_listed(sku);
        errors.extend(self.wrong_choices());
        if self.kind == MenuKind::Dish && self.effect.is_some() {
            errors.push(wrong("/effect", "goes only with kind modifier"));
        }
        if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
    }

    /// A dish is no modifier of its own, and lists each once; allergens and diets too.
    fn twice_listed(&self, sku: &Sku) -> Vec<FieldError> {
        let mut seen = HashSet::from([sku]);
        let free = self.modifiers.iter().enumerate().map(|(index, sku)| (format!("/modifiers/{index}"), sku));
        let chosen = self.choices.iter().enumerate().flat_map(|(nth, choice)| {
            let modifiers = choice.modifiers.iter().enumerate();
            modifiers.map(move |(index, sku)| (format!("/choices/{nth}/modifiers/{index}"), sku))
        });
        let again = free.chain(chosen).filter(|(_, modifier)| !seen.insert(*modifier));
        let detail = |modifier| if modifier == sku { "is the item itself" } else { "is listed twice" };
        let errors = again.map(|(pointer, modifier)| wrong(pointer, detail(modifier)));
        errors.chain(repeated("/allergens", &self.allergens)).chain(repeated("/diets", &self.diets)).collect()
    }

    fn wrong_choices(&self) -> impl Iterator<Item = FieldError> {
        self.choices.iter().enumerate().filter_map(|(nth, choice)| {
            let Choice { min, max, .. } = choice;
            let (member, detail) = match () {
                () if !(1..=20).contains(max) => ("max", "is not from 1 to 20"),
                () if !(0..=*max).contains(min) => ("min", "is not from 0 to max"),
                () => return None,
            };
            Some(wrong(format!("/choices/{nth}/{member}"), detail))
        })
    }
}

fn wrong(pointer: impl Into<String>, detail: &str) -> FieldError {
    FieldError { pointer: pointer.into(), detail: detail.to_owned() }
}

/// What a list of words has twice.
fn repeated<T: PartialEq>(pointer: &str, words: &[T]) -> Vec<FieldError> {
    let again = words.iter().enumerate().filter(|(index, word)| words[..*index].contains(word));
    again.map(|(index, _)| wrong(format!("{pointer}/{index}"), "is listed twice")).collect()
}

#[utoipa::path(get, path = "/v1/locations", tag = "order-svc", params(Paging), responses((status = 200, body = Page<Location>)))]
/// The locations, by slug.
pub(super) async fn list_locations(
    State(app): State<Orders>,
    InQuery(paging): InQuery<Paging>,
    call: Call,
) -> Answer<Json<Page<Location>>> {
    let read = async |after, limit| {
        let found = store::locations(&app.db, after, limit).await.map_err(could_not_read)?;
        Ok(found.into_iter().map(|location| location_as_of(location, call.at)).collect())
    };
    Page::read(&paging, |location: &Location| location.location.clone(), read).await
}

#[utoipa::path(
    get, path = "/v1/locations/{location}", tag = "order-svc", params(("location" = Slug, Path)),
    responses(
        (status = 200, body = Location, headers(("ETag" = String, description = "The version, and what time has made of it"))),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
    )
)]
/// The location, and whether it takes orders.
pub(super) async fn show_location(
    State(app): State<Orders>,
    InPath(location): InPath<Slug>,
    call: Call,
) -> Answer<Reply> {
    Ok(Reply::Location(location_as_of(find(&app, &location).await?, call.at)))
}

pub(super) async fn find(app: &Orders, location: &Slug) -> Answer<Location> {
    let found = store::location(&app.db, location).await.map_err(could_not_read)?;
    found.ok_or_else(|| Problem::unknown_location(location))
}

#[utoipa::path(
    put, path = "/v1/locations/{location}", tag = "order-svc", params(("location" = Slug, Path)),
    request_body = PutLocation,
    responses(
        (status = 200, body = Location, headers(("ETag" = String, description = "The version, and what time has made of it"))),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`currency-in-use`"),
    )
)]
/// Makes a location, or replaces it; pauses, closes and opens it. Without `mode` the mode stays as it is.
pub(super) async fn put_location(
    State(app): State<Orders>,
    InPath(location): InPath<Slug>,
    call: Call,
    Body(put): Body<PutLocation>,
) -> Answer<Reply> {
    if put.location.as_ref().is_some_and(|named| *named != location) {
        return Err(Problem::invalid_field("/location", format!("is not {location}, as the path says")));
    }
    if put.mode.is_none_or(|mode| mode == Mode::Open) && put.until.is_some() {
        return Err(Problem::invalid_field("/until", "goes only with paused and closed"));
    }
    Ok(app.pump.ask(call, Command::PutLocation { location, put }).await?)
}
