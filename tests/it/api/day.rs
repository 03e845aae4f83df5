//! What a day was like, as each service tells its part of it. On both pairs of backends.

use std::time::Duration;

use expect_test::expect;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::contract::time::Time;

use super::refusal;
use crate::harness::{App, on_both, text};

/// The day of `soho` begins half a day from now, so that none ends while a test runs.
pub(crate) async fn no_day_ends(app: &App, currency: &str) {
    let hour = (Time::now() + Duration::from_secs(12 * 3_600)).to_string()[11..13].to_owned();
    let location = json!({"name": "Soho", "currency": currency, "timezone": "UTC", "day_starts": format!("{hour}:00")});
    app.put("/v1/locations/soho", location).await;
}

/// The span of a day as the others are asked for it.
fn span(sales: &Value) -> String {
    format!("from={}&to={}", text(&sales["from"]), text(&sales["to"]))
}

async fn day(app: &App) -> (Value, Value, Value) {
    app.settle().await;
    let sales = app.get("/v1/sales/soho/day").await;
    let kitchen = app.get(&format!("/v1/stations/soho/day?{}", span(&sales))).await;
    let stock = app.get(&format!("/v1/inventory/soho/day?{}", span(&sales))).await;
    (sales, kitchen, stock)
}

/// The sum of a number over all hours of a day.
fn over_the_hours(hours: &Value, pointer: &str) -> i64 {
    hours.as_array().unwrap().iter().map(|hour| hour.pointer(pointer).unwrap().as_i64().unwrap()).sum()
}

#[tokio::test]
async fn revenue_is_what_was_accepted_and_not_called_off() {
    on_both(async |app| {
        no_day_ends(app, "GBP").await;
        let served = app.place("2 margherita").await;
        app.kitchen(&served, "serve").await;
        app.place("1 burger").await;
        app.place("101 burger +extra_cheese; 1 burger").await;
        let cancelled = app.place("1 cola").await;
        app.settle().await;
        app.post(&format!("/v1/orders/{cancelled}/cancel")).await;
        let (sales, ..) = day(app).await;
        let tallies = ["sold", "undecided", "rejected", "cancelled"].map(|kind| format!("{kind} {}", sales[kind]));
        expect![[r#"
            sold {"amount":3000,"orders":2}
            undecided {"amount":0,"orders":0}
            rejected {"amount":137550,"orders":1}
            cancelled {"amount":300,"orders":1}"#]]
        .assert_eq(&tallies.join("\n"));
        expect![[r#"[{"amount":137550,"items":[{"orders":1,"sku":"burger"}],"orders":1,"reason":"out_of_stock"}]"#]]
            .assert_eq(&sales["rejections"].to_string());
        for kind in ["sold", "undecided", "rejected", "cancelled"] {
            for number in ["orders", "amount"] {
                let sum = over_the_hours(&sales["hours"], &format!("/{kind}/{number}"));
                assert_eq!(sales[kind][number], sum, "{kind} {number}");
            }
        }
        assert_eq!(sales["hours"].as_array().unwrap().len(), 24);
        assert_eq!((&sales["currency"], &sales["other_revenue"]), (&json!("GBP"), &json!([])));
        let date = text(&sales["date"]);
        assert_eq!(app.get(&format!("/v1/sales/soho/day?date={date}")).await, sales);
        let empty = app.get("/v1/sales/soho/day?date=2025-03-14").await;
        assert_eq!((&empty["sold"]["orders"], &empty["rejections"]), (&json!(0), &json!([])));
    })
    .await;
}

#[tokio::test]
async fn a_station_is_done_when_its_part_is() {
    on_both(async |app| {
        no_day_ends(app, "GBP").await;
        let both = app.place("1 margherita; 1 burger").await;
        let ticket = text(&app.ticket(&both).await["id"]);
        app.act(&format!("/v1/tickets/{ticket}/items/1/done")).await;
        let served = app.place("1 burger").await;
        app.kitchen(&served, "serve").await;
        let void = app.place("1 cola").await;
        app.settle().await;
        app.post(&format!("/v1/orders/{void}/cancel")).await;
        let (_, kitchen, _) = day(app).await;
        let shown = |part: &Value| format!("{} {}", part["name"], part["tickets"]);
        let parts: Vec<String> = kitchen["stations"].as_array().unwrap().iter().map(shown).collect();
        assert_eq!(parts, ["\"Pizza\" 1", "\"Grill\" 1"]);
        assert_eq!((&kitchen["tickets"], over_the_hours(&kitchen["hours"], "/tickets")), (&json!(1), 1));
        let [pizza, grill] = [0, 1].map(|at| &kitchen["stations"][at]);
        for part in [&kitchen, pizza, grill] {
            let [average, longest] = ["average_ms", "longest_ms"].map(|name| part[name].as_u64().unwrap());
            assert!(average <= longest, "{part}");
            let hours = part["hours"].as_array().unwrap();
            let is_told = |hour: &&Value| hour["tickets"] == 1 && hour["average_ms"] == part["average_ms"];
            assert_eq!((hours.len(), hours.iter().filter(is_told).count()), (24, 1), "{part}");
        }
        // What comes back is done when it is done again.
        app.act(&format!("/v1/tickets/{ticket}/items/1/undo")).await;
        let (_, kitchen, _) = day(app).await;
        assert_eq!(kitchen["stations"][0]["tickets"], 0);
        assert_eq!(kitchen["stations"][0]["average_ms"], Value::Null);
    })
    .await;
}

async fn throw_away(app: &App, ingredient: &str, quantity: i64, reason: &str) {
    let request = app.request(Method::POST, &format!("/v1/stock/soho/{ingredient}/movements"));
    let body = json!({"kind": "waste", "quantity": quantity, "reason": reason});
    let key = format!("{ingredient} {quantity} {reason}");
    let (status, body) = app.send(request.header("idempotency-key", key).json(&body)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
}

/// What could not be had within an hour.
async fn sold_out_from(app: &App, from: Time) -> Vec<String> {
    let to = from + Duration::from_secs(3_600);
    let stock = app.get(&format!("/v1/inventory/soho/day?from={from}&to={to}")).await;
    stock["sold_out"].as_array().unwrap().iter().map(|item| text(&item["sku"])).collect()
}

#[tokio::test]
async fn what_was_sold_out_and_what_was_thrown_away_is_told() {
    on_both(async |app| {
        no_day_ends(app, "GBP").await;
        app.put("/v1/stock/soho/cheese", json!({"name": "Cheese", "unit": "g", "unit_cost": 2})).await;
        throw_away(app, "cheese", 300, "Dropped").await;
        throw_away(app, "cheese", 500, "Spoiled").await;
        throw_away(app, "cheese", 50, "Dropped").await;
        throw_away(app, "bun", 2, "Burnt").await;
        app.movement("cheese", "count", 100_000).await;
        app.put("/v1/availability/soho/cola", json!({"available": false})).await;
        app.put("/v1/availability/soho/cola", json!({"available": true})).await;
        app.movement("patty", "count", 0).await;
        let (_, _, stock) = day(app).await;
        expect![[r#"
            [
              {
                "cost": 1700,
                "ingredient": "cheese",
                "name": "Cheese",
                "quantity": 850,
                "reasons": [
                  {
                    "cost": 1000,
                    "quantity": 500,
                    "reason": "Spoiled"
                  },
                  {
                    "cost": 700,
                    "quantity": 350,
                    "reason": "Dropped"
                  }
                ],
                "unit": "g"
              },
              {
                "cost": null,
                "ingredient": "bun",
                "name": "bun",
                "quantity": 2,
                "reasons": [
                  {
                    "cost": null,
                    "quantity": 2,
                    "reason": "Burnt"
                  }
                ],
                "unit": "each"
              }
            ]"#]]
        .assert_eq(&serde_json::to_string_pretty(&stock["waste"]).unwrap());
        assert_eq!(stock["waste_cost"], 1700);
        let shown = |item: &Value| {
            let absences = item["absences"].as_array().unwrap();
            assert_eq!(absences.len(), 1, "{item}");
            format!("{} {} {} {}", item["sku"], item["minutes"], item["lasts"], absences[0]["cause"])
        };
        let mut all: Vec<String> = stock["sold_out"].as_array().unwrap().iter().map(shown).collect();
        all.sort();
        assert_eq!(all, [r#""burger" 0 true "count""#, r#""cola" 0 false "manual""#]);
        // What was out before the day, and is not back, is out on it as well; a day that is over knows nothing of it.
        let (later, earlier) = (Time::now() + Duration::from_secs(60), Time::now() - Duration::from_secs(86_400));
        assert_eq!(sold_out_from(app, later).await, ["burger"]);
        assert!(sold_out_from(app, earlier).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_day_that_cannot_be_is_refused() {
    on_both(async |app| {
        for (path, refused) in [
            ("/v1/sales/nowhere/day", "404 unknown-location"),
            ("/v1/sales/soho/day?date=14.3.2025", "422 invalid"),
            ("/v1/sales/soho/day?date=2025-02-30", "422 invalid"),
            ("/v1/stations/soho/day", "422 invalid"),
            ("/v1/stations/soho/day?from=2025-03-14T05:00:00Z&to=2025-03-16T05:00:01Z", "422 invalid"),
            ("/v1/inventory/soho/day?from=2025-03-14T05:00:00Z&to=2025-03-14T04:00:00Z", "422 invalid"),
        ] {
            assert_eq!(refusal(app, app.request(Method::GET, path)).await, refused, "{path}");
        }
    })
    .await;
}
