//! The ledger of each ingredient: its movements follow on each other and come to what is on hand, and what is reserved
//! is what the open reservations hold.

use std::collections::HashMap;

use anyhow::Result;
use inventory_svc::InventorySvc;
use serde::Deserialize;
use serde_json::Value;
use shared::{
    contract::stock::{Movement, StockItem},
    engine::service::Service,
};

use super::{
    Audit,
    report::{Discrepancy, What, command},
};
use crate::api::Api;

/// So often is tried to find a moment at which nothing is reserved or given back.
const TRIES: usize = 20;

#[derive(Deserialize)]
struct Page {
    items: Vec<Movement>,
    next: Option<String>,
}

/// What does not add up.
pub(super) async fn balance(audit: &mut Audit) -> Result<Vec<Discrepancy>> {
    let api = audit.convergence.running(InventorySvc::NAME)?.0.clone();
    let locations: Vec<Value> = api.list("/v1/inventory?limit=500").await?;
    let mut found = Vec::new();
    for location in locations.iter().filter_map(|location| location["location"].as_str()) {
        found.extend(reserved(audit, &api, location).await?);
        let items: Vec<StockItem> = api.list(&format!("/v1/stock/{location}?limit=500")).await?;
        for item in items {
            let wrong = if audit.has_read_ledgers { None } else { chain(audit, &api, &item).await? };
            let wrong = if wrong.is_some() { wrong } else { newest(audit, &api, &item).await? };
            found.extend(wrong);
        }
    }
    audit.has_read_ledgers = found.is_empty();
    Ok(found)
}

/// Between two looks at the feed in which nothing has come, what is reserved stands still.
async fn reserved(audit: &mut Audit, api: &Api, location: &str) -> Result<Vec<Discrepancy>> {
    for _ in 0..TRIES {
        audit.read_on().await?;
        let position = audit.convergence.position(InventorySvc::NAME);
        let items: Vec<StockItem> = api.list(&format!("/v1/stock/{location}?limit=500")).await?;
        audit.read_on().await?;
        if position != audit.convergence.position(InventorySvc::NAME) {
            continue;
        }
        let held = audit.orders.reserved();
        return Ok(items.iter().filter_map(|item| wrongly_reserved(audit, item, &held)).collect());
    }
    // So busy a place is looked at again the next time.
    Ok(Vec::new())
}

fn wrongly_reserved(audit: &Audit, item: &StockItem, held: &HashMap<(String, String), i64>) -> Option<Discrepancy> {
    let key = (item.location.to_string(), item.ingredient.to_string());
    let open = held.get(&key).copied().unwrap_or(0);
    // Where history is cut off, older reservations are not known.
    let is_wrong = if audit.is_whole { item.reserved != open } else { item.reserved < open };
    let detail = || format!("of {} {} are reserved, and open reservations hold {open}", item.ingredient, item.reserved);
    (is_wrong || item.available != item.on_hand - item.reserved).then(|| wrong(audit, item, detail()))
}

fn wrong(audit: &Audit, item: &StockItem, detail: String) -> Discrepancy {
    let then = command("replay --compare --service inventory-svc", &audit.at);
    let location = Some(item.location.to_string());
    Discrepancy { what: What::Ledger, order: None, number: None, location, said_at: None, detail, then }
}

/// Newest first: each movement begins where the one before it ended, the first with nothing.
async fn chain(audit: &Audit, api: &Api, item: &StockItem) -> Result<Option<Discrepancy>> {
    let (location, ingredient) = (&item.location, &item.ingredient);
    let path = format!("/v1/stock/{location}/{ingredient}/movements?limit=500");
    let (mut expected, mut after) = (None, None::<String>);
    loop {
        let cursor = after.map_or(String::new(), |after| format!("&after={after}"));
        let Page { items, next } = api.get(&format!("{path}{cursor}")).await?;
        for movement in items {
            if audit.since.is_some_and(|since| movement.at < since) {
                return Ok(None);
            }
            if expected.is_some_and(|expected| expected != movement.on_hand) {
                let detail = format!("the ledger of {ingredient} does not follow on {}", movement.id);
                return Ok(Some(wrong(audit, item, detail)));
            }
            expected = Some(movement.on_hand - movement.delta);
        }
        after = next;
        if after.is_none() {
            let first = expected.filter(|first| *first != 0);
            let detail = |first| format!("the ledger of {ingredient} begins with {first}");
            return Ok(first.map(|first| wrong(audit, item, detail(first))));
        }
    }
}

/// Whether the last movement left what is on hand, at a moment at which nothing moves.
async fn newest(audit: &Audit, api: &Api, item: &StockItem) -> Result<Option<Discrepancy>> {
    let (location, ingredient) = (&item.location, &item.ingredient);
    let mut before = item.on_hand;
    for _ in 0..TRIES {
        let Page { items, .. } = api.get(&format!("/v1/stock/{location}/{ingredient}/movements?limit=1")).await?;
        let now = api.list::<StockItem>(&format!("/v1/stock/{location}?limit=500")).await?;
        let now = now.iter().find(|now| now.ingredient == *ingredient).map_or(0, |now| now.on_hand);
        let moved = items.first().map_or(0, |movement| movement.on_hand);
        if now == before {
            let detail = format!("{now} of {ingredient} are on hand, and its movements come to {moved}");
            return Ok((now != moved).then(|| wrong(audit, item, detail)));
        }
        before = now;
    }
    Ok(None)
}
