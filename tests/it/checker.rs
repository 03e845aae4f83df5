//! After the faults: whether every order that was answered reached exactly one end, in every service.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::contract::stock::Movement;

use crate::{
    developer::comanda,
    harness::{App, text},
    history,
};

/// Serves every ticket, then holds the three databases against each other and against what the guests were told.
pub(crate) async fn check(app: &App, answered: &[String]) {
    app.settle().await;
    serve_all(app).await;
    app.settle().await;
    let orders = all(app, "/v1/orders?location=soho").await;
    let tickets = all(app, "/v1/tickets?location=soho&state=open,ready,served,void").await;
    let known: BTreeSet<String> = orders.iter().map(|order| text(&order["id"])).collect();
    let told: BTreeSet<String> = answered.iter().cloned().collect();
    assert_eq!(told.len(), answered.len(), "two guests were given the same order");
    assert_eq!(told.difference(&known).count(), 0, "lost");
    assert_eq!(known.difference(&told).count(), 0, "invented");
    let mut by_order: BTreeMap<String, usize> = BTreeMap::new();
    for ticket in &tickets {
        *by_order.entry(text(&ticket["order_id"])).or_default() += 1;
    }
    for order in &orders {
        let tickets = by_order.get(&text(&order["id"])).copied().unwrap_or(0);
        match order["status"].as_str().unwrap() {
            "completed" => assert_eq!(tickets, 1, "{order}"),
            "rejected" => assert_eq!(tickets, 0, "{order}"),
            "cancelled" => assert!(tickets <= 1, "{order}"),
            _ => panic!("no end: {order}"),
        }
    }
    let numbers: BTreeSet<i64> = orders.iter().map(|order| order["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers.len(), orders.len(), "a number was given twice");
    check_ledger(app).await;
    let audit = comanda(&["audit", "--at", &app.base]).await;
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
    history::run_again(&app.databases).await.unwrap();
}

async fn serve_all(app: &App) {
    for ticket in all(app, "/v1/tickets?location=soho&state=open,ready").await {
        app.act(&format!("/v1/tickets/{}/serve", text(&ticket["id"]))).await;
    }
}

/// The movements of each ingredient add up to what is on hand, each cause moved it once, and nothing is reserved
/// any more.
async fn check_ledger(app: &App) {
    for item in all(app, "/v1/stock/soho").await {
        let ingredient = text(&item["ingredient"]);
        let ledger: Vec<Movement> = all(app, &format!("/v1/stock/soho/{ingredient}/movements"))
            .await
            .into_iter()
            .map(|movement| serde_json::from_value(movement).unwrap())
            .collect();
        let causes: BTreeSet<_> = ledger.iter().map(|movement| movement.cause).collect();
        assert_eq!(causes.len(), ledger.len(), "{ingredient}: a cause moved it twice");
        let sum: i64 = ledger.iter().map(|movement| movement.delta).sum();
        assert_eq!(item["on_hand"].as_i64().unwrap(), sum, "{ingredient}");
        assert_eq!(item["reserved"], 0, "{ingredient}");
    }
}

/// All pages of a list.
pub(crate) async fn all(app: &App, path: &str) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), None::<String>);
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let cursor =
            after.map_or(String::new(), |after| format!("&after={}", after.replace(' ', "%20").replace('+', "%2B")));
        let page = app.get(&format!("{path}{separator}limit=500{cursor}")).await;
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            return items;
        }
    }
}
