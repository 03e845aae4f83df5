//! What a manager says of a location and its menu, and what guests are shown of it.

use reqwest::Method;
use serde_json::{Value, json};

use super::refusal;
use crate::harness::{App, on_both};

fn location(members: Value) -> Value {
    let mut location = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London"});
    location.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    location
}

async fn putting(app: &App, path: &str, body: Value) -> String {
    refusal(app, app.request(Method::PUT, path).json(&body)).await
}

#[tokio::test]
async fn a_location_keeps_its_mode_and_the_currency_of_its_prices() {
    on_both(async |app| {
        let put = async |members: Value| putting(app, "/v1/locations/soho", location(members)).await;
        assert_eq!(put(json!({"mode": "paused", "until": "2100-01-01T00:00:00Z"})).await, "200 ");
        assert_eq!(put(json!({"day_starts": "04:30", "language": "en-gb"})).await, "200 ");
        let kept = app.get("/v1/locations/soho").await;
        assert_eq!((&kept["mode"], &kept["until"]), (&json!("paused"), &json!("2100-01-01T00:00:00.000000Z")));
        assert_eq!((&kept["day_starts"], &kept["language"]), (&json!("04:30"), &json!("en-GB")));
        assert_eq!(put(json!({"mode": "open"})).await, "200 ");
        let kept = app.get("/v1/locations/soho").await;
        assert_eq!(
            (&kept["mode"], &kept["day_starts"], &kept["language"]),
            (&json!("open"), &json!("05:00"), &json!(null))
        );
        assert_eq!(put(json!({"currency": "EUR"})).await, "409 currency-in-use");
        assert_eq!(put(json!({"currency": "EUR", "day_starts": "25:00"})).await, "422 invalid");
        // Where there are no prices the currency is free.
        assert_eq!(putting(app, "/v1/locations/camden", location(json!({}))).await, "200 ");
        assert_eq!(putting(app, "/v1/locations/camden", location(json!({"currency": "EUR"}))).await, "200 ");
        assert_eq!(app.get("/v1/locations/camden").await["mode"], "open");
    })
    .await;
}
