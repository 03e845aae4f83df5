//! The manager: receives what runs low, brings back what was marked out, and throws away what was dropped.

use std::time::Duration;

use anyhow::Result;
use rand::seq::IndexedRandom;
use serde::Deserialize;
use serde_json::json;
use shared::{contract::stock::AvailabilityCause, engine::call::fresh_id};
use tracing::debug;

use super::{Rate, Venue};
use crate::api::Api;

/// A delivery brings that many times the reorder point.
const DELIVERY: i64 = 20;

/// A row of the stock page.
#[derive(Debug, Deserialize)]
struct Stock {
    ingredient: String,
    available: i64,
    #[serde(default)]
    reorder_point: Option<i64>,
    low: bool,
}

#[derive(Debug, Deserialize)]
struct Availability {
    sku: String,
    available: bool,
    cause: AvailabilityCause,
}

pub(super) async fn look_after(api: &Api, venue: &Venue, rate: Rate) -> Result<()> {
    let pause = Duration::from_secs_f64((30.0 / rate.per_s).clamp(2.0, 30.0));
    loop {
        tokio::time::sleep(pause).await;
        restock(api, venue).await?;
        bring_back(api, venue).await?;
    }
}

/// A delivery takes its time: by then some things are sold out.
async fn restock(api: &Api, venue: &Venue) -> Result<()> {
    let stock: Vec<Stock> = api.list(&format!("/v1/stock/{}?limit=500", venue.location)).await?;
    for row in stock.iter().filter(|row| row.low) {
        let Some(reorder_point) = row.reorder_point.filter(|point| *point > 0) else { continue };
        if rand::random_bool(0.3) {
            move_stock(api, venue, &row.ingredient, "receive", reorder_point * DELIVERY, "delivery").await?;
        }
    }
    let dropped = stock.choose(&mut rand::rng()).filter(|row| row.available > 0);
    if let Some(row) = dropped.filter(|_| rand::random_bool(0.1)) {
        let quantity = (row.available / 200).clamp(1, 500);
        move_stock(api, venue, &row.ingredient, "waste", quantity, "dropped").await?;
    }
    Ok(())
}

async fn move_stock(api: &Api, venue: &Venue, ingredient: &str, kind: &str, quantity: i64, reason: &str) -> Result<()> {
    let path = format!("/v1/stock/{}/{ingredient}/movements", venue.location);
    let movement = json!({ "kind": kind, "quantity": quantity, "reason": reason });
    let answer = api.post(&path, &fresh_id().to_string(), &movement).await?;
    debug!(ingredient, kind, quantity, status = %answer.status, "simulation: the manager moved stock");
    Ok(())
}

async fn bring_back(api: &Api, venue: &Venue) -> Result<()> {
    let all: Vec<Availability> = api.list(&format!("/v1/availability/{}?limit=500", venue.location)).await?;
    for out in all.iter().filter(|item| !item.available && item.cause == AvailabilityCause::Manual) {
        if rand::random_bool(0.3) {
            let path = format!("/v1/availability/{}/{}", venue.location, out.sku);
            let answer = api.put(&path, &json!({ "available": true })).await?;
            debug!(sku = out.sku, status = %answer.status, "simulation: the manager brought an item back");
        }
    }
    Ok(())
}
