//! The demo restaurant, made through the HTTP interface that everybody has: by the process itself where there is no
//! location yet, by `comanda demo` where the services run elsewhere. The location comes last: one that was interrupted
//! is made again, and what it has already stays as it is.

pub(crate) mod command;
mod menu;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::Api;
use menu::{ALLERGENS, DEFAULT_STATION, DISHES, INGREDIENTS, Ingredient, Item, MODIFIERS, Pick, STATIONS};
use words::WORDS;

const LOCATION: &str = "soho";
/// What everybody is invited to order.
const FAVOURITE: &str = "margherita";
/// Requests in hand: few enough for the connections of a process, enough to share a batch.
const AT_ONCE: usize = 32;

/// Where each service answers; all at one address in one process.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    pub order: Api,
    pub inventory: Api,
    pub kitchen: Api,
}

impl Services {
    /// How many requests were made again since this was last asked.
    pub(crate) fn take_repeated(&self) -> u64 {
        [&self.order, &self.inventory, &self.kitchen].map(Api::take_repeated).iter().sum()
    }

    /// All at one address.
    pub(crate) fn together(api: Api) -> Self {
        Self { order: api.clone(), inventory: api.clone(), kitchen: api }
    }
}

/// A request that may be made again: a PUT, or a POST under its key.
#[derive(Debug)]
struct Ask {
    path: String,
    key: Option<String>,
    body: Value,
}

/// What is asked together, since none of it needs the other.
struct Step {
    what: &'static str,
    of: fn(&Services) -> &Api,
    asks: Vec<Ask>,
}

#[derive(Debug, Deserialize)]
struct Known {
    location: String,
}

#[derive(Debug, Deserialize)]
struct Offered {
    sku: String,
}

/// Makes the demo restaurant if it is wanted and there is no location. Whether it is there in the end.
pub(crate) async fn open(services: &Services, wanted: bool) -> Result<bool> {
    let locations: Vec<Known> = services.order.list("/v1/locations?limit=500").await?;
    if wanted && locations.is_empty() {
        make(services, |_| ()).await?;
        return Ok(true);
    }
    Ok(locations.iter().any(|known| known.location == LOCATION) && offers_favourite(services).await?)
}

async fn offers_favourite(services: &Services) -> Result<bool> {
    let menu: Vec<Offered> = services.order.list(&format!("/v1/menu/{LOCATION}?limit=500")).await?;
    Ok(menu.iter().any(|item| item.sku == FAVOURITE))
}

/// Tells each step once it is done.
async fn make(services: &Services, told: impl Fn(&Step)) -> Result<()> {
    for step in steps() {
        let api = (step.of)(services);
        for asks in step.asks.chunks(AT_ONCE) {
            try_join_all(asks.iter().map(|ask| ask.of(api))).await?;
        }
        told(&step);
    }
    Ok(())
}

impl Ask {
    fn put(path: String, body: Value) -> Self {
        Self { path, key: None, body }
    }

    async fn of(&self, api: &Api) -> Result<()> {
        let answer = match &self.key {
            None => api.put(&self.path, &self.body).await?,
            Some(key) => api.post(&self.path, key, &self.body).await?,
        };
        if !answer.status.is_success() {
            let detail = answer.body["detail"].as_str().unwrap_or("no reason was given");
            bail!("{}{} answers {}: {detail}", api.base, self.path, answer.status);
        }
        Ok(())
    }
}

fn steps() -> Vec<Step> {
    let step = |what, of, asks| Step { what, of, asks };
    let order: fn(&Services) -> &Api = |services| &services.order;
    let inventory: fn(&Services) -> &Api = |services| &services.inventory;
    let kitchen: fn(&Services) -> &Api = |services| &services.kitchen;
    vec![
        // Nothing is low before the first delivery: until then nothing has a reorder point.
        step("ingredients", inventory, INGREDIENTS.iter().map(|it| described(it, false)).collect()),
        step("first deliveries", inventory, INGREDIENTS.iter().map(received).collect()),
        step("reorder points", inventory, INGREDIENTS.iter().map(|it| described(it, true)).collect()),
        step("recipes", inventory, items().filter_map(recipe).collect()),
        step("plan of the kitchen", kitchen, vec![stations()]),
        step("modifiers", order, MODIFIERS.iter().map(modifier).collect()),
        step("dishes", order, DISHES.iter().zip(1..).map(dish).collect()),
        step("location", order, vec![location()]),
    ]
}

fn items() -> impl Iterator<Item = &'static Item> {
    DISHES.iter().chain(MODIFIERS)
}

fn described(ingredient: &Ingredient, with_reorder_point: bool) -> Ask {
    let reorder_point = with_reorder_point.then_some(ingredient.reorder_point);
    let body = json!({ "name": ingredient.name, "unit": ingredient.unit, "reorder_point": reorder_point });
    Ask::put(format!("/v1/stock/{LOCATION}/{}", ingredient.id), body)
}

/// The first delivery. Its key is always the same, so it comes once however often the demo is made.
fn received(ingredient: &Ingredient) -> Ask {
    Ask {
        path: format!("/v1/stock/{LOCATION}/{}/movements", ingredient.id),
        key: Some(format!("first delivery of {} to {LOCATION}", ingredient.id)),
        body: json!({ "kind": "receive", "quantity": ingredient.received, "reason": "first delivery" }),
    }
}

/// Nothing for an item that is not counted.
fn recipe(item: &Item) -> Option<Ask> {
    let portion = |(ingredient, quantity): &(&str, i64)| json!({ "ingredient": ingredient, "quantity": quantity });
    let ingredients: Vec<Value> = item.recipe.iter().map(portion).collect();
    let path = format!("/v1/recipes/{LOCATION}/{}", item.sku);
    (!item.recipe.is_empty()).then(|| Ask::put(path, json!({ "ingredients": ingredients })))
}

fn stations() -> Ask {
    let stations: Vec<Value> = STATIONS.iter().map(|plan| json!({ "id": plan.id, "name": plan.name })).collect();
    let routes = STATIONS.iter().flat_map(|plan| {
        let by_category = plan.categories.iter().map(|category| json!({ "category": category, "station": plan.id }));
        by_category.chain(plan.skus.iter().map(|sku| json!({ "sku": sku, "station": plan.id })))
    });
    let routes: Vec<Value> = routes.collect();
    let body = json!({ "stations": stations, "default": DEFAULT_STATION, "routes": routes });
    Ask::put(format!("/v1/stations/{LOCATION}"), body)
}

fn modifier(item: &Item) -> Ask {
    menu_item(item, json!({ "kind": "modifier", "effect": item.effect }))
}

/// `nth` is where it stands on the menu, from 1.
fn dish((item, nth): (&Item, i64)) -> Ask {
    menu_item(item, json!({ "kind": "dish", "place": nth }))
}

fn menu_item(item: &Item, mut put: Value) -> Ask {
    put["name"] = json!(item.name);
    put["price"] = json!(item.price);
    put["category"] = json!(item.category);
    put["modifiers"] = json!(item.modifiers);
    put["choices"] = json!(item.choices.iter().map(choice).collect::<Vec<_>>());
    put["allergens"] = json!(allergens(item));
    if let Some((_, words, diets)) = WORDS.iter().find(|(sku, ..)| *sku == item.sku) {
        put["description"] = json!(Some(words).filter(|words| !words.is_empty()));
        put["diets"] = json!(diets);
    }
    Ask::put(format!("/v1/menu/{LOCATION}/{}", item.sku), put)
}

fn choice(Pick { name, min, max, modifiers }: &Pick) -> Value {
    json!({ "name": name, "min": min, "max": max, "modifiers": modifiers })
}

fn allergens(item: &Item) -> BTreeSet<&'static str> {
    let of = |ingredient: &str| {
        ALLERGENS.iter().find(|(name, _)| *name == ingredient).map_or(&[] as &[&str], |(_, has)| *has)
    };
    item.recipe.iter().flat_map(|(ingredient, _)| of(ingredient)).copied().collect()
}

fn location() -> Ask {
    let payment = json!({
        "pickup": "Pay at the counter when you collect: card, phone or cash.",
        "dine_in": "Pay at your table when you leave: ask for the bill.",
        "delivery": "Paid where you ordered, or to the courier by card.",
    });
    let put = json!({
        "name": "Comanda Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "open", "language": "en-GB",
        "payment": payment,
    });
    Ask::put(format!("/v1/locations/{LOCATION}"), put)
}
