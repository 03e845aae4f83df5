//! Guests: each reads the menu, orders once under one key, and may think better of it.

use std::time::Duration;

use anyhow::Result;
use futures_util::{StreamExt, stream::FuturesUnordered};
use rand::{Rng, seq::IndexedRandom};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    contract::{menu::Choice, order::MenuKind},
    engine::call::fresh_id,
};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use super::{Rate, Tally, Venue, count};
use crate::api::Api;

/// More guests than that stay outside until one has gone.
const GUESTS_MAX: usize = 512;
const NAMES: &[&str] = &["Ada", "Ben", "Chloé", "Dev", "Elif", "Femi", "Grace", "Hugo", "Iris", "Jun", "Kofi", "Lena"];
const NOTES: &[&str] =
    &["we have to leave at two", "a birthday: a candle on the dessert, please", "ring the bell twice"];
const ALLERGIES: &[&str] = &["nuts", "gluten", "dairy", "egg", "sesame", "shellfish"];

/// An item of the menu, as much as a guest reads of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Offer {
    pub sku: String,
    pub kind: MenuKind,
    pub category: String,
    pub price: i64,
    #[serde(default)]
    pub modifiers: Vec<String>,
    #[serde(default)]
    pub choices: Vec<Choice>,
    pub available: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Wish {
    pub sku: String,
    pub quantity: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<&'static str>,
}

/// Lets guests in at the rate, each on its own.
pub(super) async fn come(api: &Api, venue: &Venue, rate: Rate, tally: &Tally) -> Result<()> {
    let mut inside = FuturesUnordered::new();
    let mut next = Instant::now();
    loop {
        tokio::select! {
            () = sleep_until(next), if inside.len() < GUESTS_MAX => {
                // Whoever could not come in time does not come later.
                next = next.max(Instant::now() - Duration::from_secs(1)) + rate.gap(&mut rand::rng());
                inside.push(visit(api, venue, rate, tally));
            }
            Some(visited) = inside.next() => {
                if let Err(error) = visited {
                    count(&tally.failed);
                    warn!(error = format!("{error:#}"), "simulation: a guest left without a word");
                }
            }
        }
    }
}

async fn visit(api: &Api, venue: &Venue, rate: Rate, tally: &Tally) -> Result<()> {
    let menu: Vec<Offer> = api.list(&format!("/v1/menu/{}?limit=500", venue.location)).await?;
    let key = fresh_id().to_string();
    let Some(order) = order(&mut rand::rng(), venue, &menu, &key) else { return Ok(()) };
    let (waits, regrets) = (rand::random_bool(0.3), rand::random_bool(0.05));
    let asked = Instant::now();
    let answer = match waits {
        true => api.post_and_wait("/v1/orders", &key, &order).await?,
        false => api.post("/v1/orders", &key, &order).await?,
    };
    if !waits {
        tally.answered_after(asked.elapsed());
    }
    let id = match answer.status {
        StatusCode::ACCEPTED | StatusCode::CREATED => answer.body["id"].as_str().unwrap_or_default().to_owned(),
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
            debug!(problem = answer.problem(), "simulation: a guest was refused");
            count(&tally.refused);
            return Ok(());
        }
        status => anyhow::bail!("POST /v1/orders answers {status}, {}", answer.problem()),
    };
    count(&tally.placed);
    if regrets {
        tokio::time::sleep(rate.cooking_time().mul_f64(rand::random_range(0.02..0.5))).await;
        let answer = api.act(&format!("/v1/orders/{id}/cancel")).await?;
        if answer.status.is_success() {
            count(&tally.cancelled);
        }
    }
    Ok(())
}

/// An order for one to four people, under this key; nothing where there is nothing to be had.
pub(super) fn order(rng: &mut impl Rng, venue: &Venue, menu: &[Offer], key: &str) -> Option<Value> {
    let mut lines: Vec<Wish> = Vec::new();
    for _ in 0..rng.random_range(1..=4) {
        for wish in meal(rng, menu) {
            match lines.iter_mut().find(|line| line.sku == wish.sku && line.modifiers == wish.modifiers) {
                Some(line) => line.quantity += wish.quantity,
                None => lines.push(wish),
            }
        }
    }
    if lines.is_empty() {
        return None;
    }
    let total: i64 = lines.iter().map(|line| price(line, menu)).sum();
    let mut order = json!({ "location": venue.location, "lines": lines });
    match rng.random_range(0..10) {
        0..5 => {
            order["type"] = "dine_in".into();
            order["table"] = rng.random_range(1..=24).to_string().into();
            order["channel"] = json!({ "name": "till" });
        }
        5..8 => {
            order["type"] = "pickup".into();
            order["channel"] = json!({ "name": "web" });
            order["customer"] = json!({ "name": pick(rng, NAMES) });
            order["expected_total"] = json!({ "amount": total, "currency": venue.currency });
        }
        _ => {
            order["type"] = "delivery".into();
            order["channel"] = json!({ "name": "courier", "external_id": key });
            order["customer"] = json!({ "name": pick(rng, NAMES) });
        }
    }
    if rng.random_bool(0.06) {
        order["allergies"] = json!([pick(rng, ALLERGIES)]);
    }
    if rng.random_bool(0.06) {
        order["notes"] = pick(rng, NOTES).into();
    }
    Some(order)
}

fn pick(rng: &mut impl Rng, texts: &[&'static str]) -> &'static str {
    texts.choose(rng).expect("each list has texts")
}

/// What one person eats: something from each category that appeals, or else just something.
fn meal(rng: &mut impl Rng, menu: &[Offer]) -> Vec<Wish> {
    // Some do not read what is sold out.
    let careless = rng.random_bool(0.03);
    let dishes: Vec<&Offer> =
        menu.iter().filter(|item| item.kind == MenuKind::Dish && (careless || item.available)).collect();
    let mut categories: Vec<&str> = dishes.iter().map(|dish| dish.category.as_str()).collect();
    categories.sort_unstable();
    categories.dedup();
    categories.retain(|category| rng.random_bool(appeal(category)));
    let mut meal: Vec<&&Offer> = Vec::new();
    for category in categories {
        let offers: Vec<&&Offer> = dishes.iter().filter(|dish| dish.category == category).collect();
        meal.extend(offers.choose(rng));
    }
    if meal.is_empty() {
        meal.extend(dishes.choose(rng));
    }
    meal.into_iter().map(|dish| wish(rng, dish, menu)).collect()
}

/// How likely a hungry person wants something of the category.
fn appeal(category: &str) -> f64 {
    match category {
        "Pizza" => 0.45,
        "Burgers" => 0.4,
        "Drinks" => 0.6,
        "Sides" => 0.35,
        "Salads" | "Desserts" => 0.2,
        _ => 0.3,
    }
}

fn notes(category: &str) -> &'static [&'static str] {
    match category {
        "Drinks" => &["no ice", "extra hot", "after the meal, please"],
        "Pizza" => &["cut in slices", "extra crispy", "light on the cheese"],
        "Burgers" => &["well done", "no mayonnaise", "cut in half"],
        _ => &["sauce on the side", "to share", "small portion for a child"],
    }
}

fn wish(rng: &mut impl Rng, dish: &Offer, menu: &[Offer]) -> Wish {
    let modifier = dish.modifiers.choose(rng).filter(|_| rng.random_bool(0.25));
    let to_be_had = |sku: &&String| menu.iter().any(|item| &item.sku == *sku && item.available);
    let notes = rng.random_bool(0.08).then(|| pick(rng, notes(&dish.category)));
    let mut modifiers = chosen(rng, dish, to_be_had);
    modifiers.extend(modifier.filter(to_be_had).cloned());
    Wish { sku: dish.sku.clone(), quantity: 1, modifiers, notes }
}

/// As much of each choice of the dish as there must be.
fn chosen(rng: &mut impl Rng, dish: &Offer, to_be_had: impl Fn(&&String) -> bool) -> Vec<String> {
    let mut chosen = Vec::new();
    for choice in dish.choices.iter().filter(|choice| choice.min > 0) {
        let offered: Vec<String> = choice.modifiers.iter().map(|sku| sku.to_string()).collect();
        let offered: Vec<&String> = offered.iter().filter(&to_be_had).collect();
        let count = usize::try_from(choice.min).unwrap_or(0);
        chosen.extend(offered.choose_multiple(rng, count).map(|sku| (*sku).clone()));
    }
    chosen
}

fn price(line: &Wish, menu: &[Offer]) -> i64 {
    let of = |sku: &String| menu.iter().find(|item| &item.sku == sku).map_or(0, |item| item.price);
    line.quantity * (of(&line.sku) + line.modifiers.iter().map(of).sum::<i64>())
}
