//! The demo restaurant, made by the same commands that HTTP uses where there is no location yet.
//! The location comes last: one that was interrupted is made again, and what it has already stays as it is.

mod menu;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use anyhow::{Context, Result, anyhow};
use futures_util::future::join_all;
use inventory_svc::domain::{Entered, Move, PutRecipe, PutStock};
use kitchen_svc::domain::Arrangement;
use order_svc::store;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::{
    contract::{
        kitchen::{Route, Station},
        stock::Portion,
        types::Slug,
    },
    engine::{call::Call, service::Service},
    web::site::App,
};

use crate::up::Apps;
use menu::{ALLERGENS, DEFAULT_STATION, DISHES, INGREDIENTS, Ingredient, Item, MODIFIERS, STATIONS};

const LOCATION: &str = "soho";
/// What everybody is invited to order.
const FAVOURITE: &str = "margherita";

/// Makes the demo restaurant if it is wanted and there is no location. Whether it is there in the end.
pub(crate) async fn open(apps: &Apps, wanted: bool) -> Result<bool> {
    let db = &apps.order.db;
    let locations = store::locations(db, None, i64::MAX).await?;
    if wanted && locations.is_empty() {
        make(apps).await?;
        return Ok(true);
    }
    let menu = store::menu(db, &soho()?, None, i64::MAX).await?;
    let is_there = locations.iter().any(|known| *known.location == *LOCATION);
    Ok(is_there && menu.iter().any(|item| *item.sku == *FAVOURITE))
}

async fn make(apps: &Apps) -> Result<()> {
    tokio::try_join!(
        stock(&apps.inventory),
        ask_all(&apps.kitchen, [stations()?].map(kitchen_svc::domain::Command::Arrange)),
        ask_all(&apps.order, menu_items()?),
    )?;
    ask_all(&apps.order, [location()?]).await
}

/// Has all of them decided, as one batch where the database lets it.
async fn ask_all<S: Service>(app: &App<S>, commands: impl IntoIterator<Item = S::Command>) -> Result<()> {
    let asked = commands.into_iter().map(|command| app.pump.ask(Call::internal("demo"), command));
    for answer in join_all(asked).await {
        answer.map_err(|denial| anyhow!("{}: {denial}", S::NAME))?;
    }
    Ok(())
}

/// Nothing is low before the first delivery: until then nothing has a reorder point.
async fn stock(inventory: &App<inventory_svc::InventorySvc>) -> Result<()> {
    use inventory_svc::domain::Command;
    let described = |with_reorder_point: bool| -> Result<Vec<Command>> {
        INGREDIENTS.iter().map(|ingredient| Ok(Command::PutStock(described(ingredient, with_reorder_point)?))).collect()
    };
    let received: Result<Vec<Command>> = INGREDIENTS.iter().map(|it| Ok(Command::Move(received(it)?))).collect();
    let recipes: Result<Vec<Command>> = items().filter_map(recipe).map(|it| Ok(Command::PutRecipe(it?))).collect();
    ask_all(inventory, described(false)?).await?;
    ask_all(inventory, received?).await?;
    ask_all(inventory, described(true)?).await?;
    ask_all(inventory, recipes?).await
}

fn items() -> impl Iterator<Item = &'static Item> {
    DISHES.iter().chain(MODIFIERS)
}

/// A text as the edge would take it.
fn text<T: TryFrom<String, Error = String>>(text: &str) -> Result<T> {
    T::try_from(text.to_owned()).map_err(|error| anyhow!("the demo's data: {error}"))
}

fn body<T: DeserializeOwned>(json: Value) -> Result<T> {
    serde_json::from_value(json).context("the demo's data")
}

fn soho() -> Result<Slug> {
    text(LOCATION)
}

fn described(ingredient: &Ingredient, with_reorder_point: bool) -> Result<PutStock> {
    Ok(PutStock {
        location: soho()?,
        ingredient: text(ingredient.id)?,
        name: text(ingredient.name)?,
        unit: ingredient.unit,
        reorder_point: with_reorder_point.then_some(ingredient.reorder_point),
        unit_cost: None,
    })
}

/// The first delivery. Its key is always the same, so it comes once however often the demo is made.
fn received(ingredient: &Ingredient) -> Result<Move> {
    let key = format!("first delivery of {}", ingredient.id);
    Ok(Move {
        location: soho()?,
        ingredient: text(ingredient.id)?,
        entered: Entered::Receive,
        quantity: ingredient.received,
        reason: Some(text("first delivery")?),
        once: Call::internal("demo").idempotency("movement", &key, &ingredient.received),
    })
}

/// Nothing for an item that is not counted.
fn recipe(item: &Item) -> Option<Result<PutRecipe>> {
    let portion =
        |(ingredient, quantity): &(&str, i64)| Ok(Portion { ingredient: text(ingredient)?, quantity: *quantity });
    let made = || {
        let ingredients: Result<Vec<Portion>> = item.recipe.iter().map(portion).collect();
        Ok(PutRecipe { location: soho()?, sku: text(item.sku)?, ingredients: ingredients? })
    };
    (!item.recipe.is_empty()).then(made)
}

fn stations() -> Result<Arrangement> {
    let (mut stations, mut routes) = (Vec::new(), Vec::new());
    for plan in STATIONS {
        let station: Slug = text(plan.id)?;
        stations.push(Station { id: station.clone(), name: text(plan.name)? });
        for category in plan.categories {
            routes.push(Route { sku: None, category: Some(text(category)?), station: station.clone() });
        }
        for sku in plan.skus {
            routes.push(Route { sku: Some(text(sku)?), category: None, station: station.clone() });
        }
    }
    Ok(Arrangement { location: soho()?, stations, default: text(DEFAULT_STATION)?, routes })
}

/// Modifiers before the dishes that list them.
fn menu_items() -> Result<Vec<order_svc::domain::Command>> {
    let modifiers = MODIFIERS.iter().map(|item| menu_item(item, json!({"kind": "modifier", "effect": item.effect})));
    let dishes = DISHES.iter().zip(1..).map(|(item, place)| menu_item(item, json!({"kind": "dish", "place": place})));
    modifiers.chain(dishes).collect()
}

fn menu_item(item: &Item, mut put: Value) -> Result<order_svc::domain::Command> {
    put["name"] = json!(item.name);
    put["price"] = json!(item.price);
    put["category"] = json!(item.category);
    put["modifiers"] = json!(item.modifiers);
    put["allergens"] = json!(allergens(item));
    Ok(order_svc::domain::Command::PutItem { location: soho()?, sku: text(item.sku)?, item: body(put)? })
}

fn allergens(item: &Item) -> BTreeSet<&'static str> {
    let of = |ingredient: &str| {
        ALLERGENS.iter().find(|(name, _)| *name == ingredient).map_or(&[] as &[&str], |(_, has)| *has)
    };
    item.recipe.iter().flat_map(|(ingredient, _)| of(ingredient)).copied().collect()
}

fn location() -> Result<order_svc::domain::Command> {
    let put = json!({ "name": "Comanda Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "open", "language": "en-GB" });
    Ok(order_svc::domain::Command::PutLocation { location: soho()?, put: body(put)? })
}
