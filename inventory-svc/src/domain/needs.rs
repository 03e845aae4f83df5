//! What a batch has to load, in a fixed number of steps: reservations and recipes, the stock that these name,
//! and of the menu items that need this stock only those whose 86 the batch can change.

use std::collections::BTreeMap;

use shared::{
    contract::{
        order::Order,
        stock::{Recipe, Reservation},
        types::{Sku, Slug},
    },
    engine::rows::Rows,
};

use super::{Command, Entered, Happened, availability::Few, stock::Stock};

/// By how much a batch may move what is available of each ingredient, either way, in base units.
pub(crate) type Swings = BTreeMap<String, i64>;

pub(crate) fn key_of_request(command: &Command) -> Option<String> {
    match command {
        Command::Move(entry) => Some(entry.once.key.clone()),
        _ => None,
    }
}

pub(crate) fn order(command: &Command) -> Option<String> {
    match command {
        Command::Order { order, .. } => Some(order.to_string()),
        _ => None,
    }
}

pub(crate) fn recipes(command: &Command) -> Vec<String> {
    match command {
        Command::PutRecipe(put) => vec![put.location.key(&put.sku)],
        Command::Order { happened: Happened::Placed(order), .. } => {
            parts(order).map(|(sku, _)| order.location.key(sku)).collect()
        }
        _ => Vec::new(),
    }
}

/// The dishes and modifiers of an order, with the quantity of their line.
fn parts(order: &Order) -> impl Iterator<Item = (&Sku, i64)> {
    order.lines.iter().flat_map(|line| {
        let modifiers = line.modifiers.iter().map(|modifier| &modifier.sku);
        std::iter::once(&line.sku).chain(modifiers).map(|sku| (sku, line.quantity.get()))
    })
}

/// The stock that a command touches. Without a bound where a recipe changes: what an order of the same batch takes
/// is then not known before.
pub(crate) fn add_swings(
    swings: &mut Swings,
    command: &Command,
    reservations: &Rows<Reservation>,
    recipes: &Rows<Recipe>,
) {
    let mut add = |location: &Slug, ingredient: &Slug, quantity: i64| {
        let swing = swings.entry(location.key(ingredient)).or_default();
        *swing = swing.saturating_add(quantity);
    };
    match command {
        Command::PutStock(put) => add(&put.location, &put.ingredient, 0),
        Command::Move(entry) if entry.entered == Entered::Count => add(&entry.location, &entry.ingredient, i64::MAX),
        Command::Move(entry) => add(&entry.location, &entry.ingredient, entry.quantity),
        Command::PutRecipe(put) => {
            let before = recipes.get(&put.location.key(&put.sku)).map(|kept| &kept.ingredients);
            for portion in before.into_iter().flatten().chain(&put.ingredients) {
                add(&put.location, &portion.ingredient, i64::MAX);
            }
        }
        Command::Order { happened: Happened::Placed(order), .. } => {
            for (sku, quantity) in parts(order) {
                let recipe = recipes.get(&order.location.key(sku)).map(|kept| &kept.ingredients);
                for portion in recipe.into_iter().flatten() {
                    add(&order.location, &portion.ingredient, portion.quantity * quantity);
                }
            }
        }
        Command::Order { order, .. } => {
            if let Some(reservation) = reservations.get(&order.to_string()) {
                for portion in &reservation.ingredients {
                    add(&reservation.location, &portion.ingredient, portion.quantity);
                }
            }
        }
        Command::SetAvailability(_) | Command::MarkOut { .. } | Command::Lapse { .. } | Command::Key(_) => {}
    }
}

/// The menu items that a command names: a manual 86 stands in the way of a reservation.
pub(crate) fn items(command: &Command) -> Vec<String> {
    match command {
        Command::SetAvailability(set) | Command::MarkOut { item: set, .. } => vec![set.location.key(&set.sku)],
        Command::Lapse { location, sku } => vec![location.key(sku)],
        Command::PutRecipe(_) | Command::Order { .. } => recipes(command),
        Command::PutStock(_) | Command::Move(_) | Command::Key(_) => Vec::new(),
    }
}

/// The menu items whose cover by the ingredient may change within the swing. Salt is in every dish: where there is
/// plenty of it, none of them needs to be loaded.
pub(crate) fn items_in_reach<'a>(stock: &'a Stock, swings: &Swings) -> impl Iterator<Item = String> + use<'a> {
    let location = &stock.item.location;
    let swing = swings.get(&location.key(&stock.item.ingredient)).copied().unwrap_or(0);
    let (least, most) = (stock.item.available.saturating_sub(swing), stock.item.available.saturating_add(swing));
    let in_reach = move |portion: i64| Few::of(least, portion) != Few::of(most, portion);
    stock.uses.iter().filter(move |(_, portion)| in_reach(**portion)).map(move |(sku, _)| location.key(sku))
}
