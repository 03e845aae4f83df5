//! What a manager says of a location and its menu, and what guests are shown of it.

use expect_test::expect;
use reqwest::Method;
use serde_json::{Value, json};

use super::refusal;
use crate::harness::{App, on_both, text};

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

#[tokio::test]
async fn a_location_is_paused_for_a_while_or_says_that_it_is_busy() {
    on_both(async |app| {
        let set =
            async |body: Value| refusal(app, app.request(Method::POST, "/v1/locations/soho/mode").json(&body)).await;
        let now = async || app.get("/v1/locations/soho").await;
        assert_eq!(set(json!({"mode": "paused", "for_minutes": 15})).await, "200 ");
        let paused = now().await;
        assert_eq!((&paused["mode"], paused["until"].is_string()), (&json!("paused"), true));
        assert_eq!(refusal(app, app.ordering("k", &App::order("1 cola"))).await, "409 location-not-accepting");
        assert_eq!(set(json!({"mode": "open", "busy_minutes": 10, "for_minutes": 60})).await, "200 ");
        let busy = now().await;
        assert_eq!((&busy["mode"], &busy["busy_minutes"]), (&json!("open"), &json!(10)));
        assert_eq!(set(json!({"mode": "open"})).await, "200 ");
        let open = now().await;
        assert_eq!(
            (&open["mode"], &open["until"], &open["busy_minutes"]),
            (&json!("open"), &json!(null), &json!(null))
        );
        for wrong in [
            json!({"mode": "open", "for_minutes": 15}),
            json!({"mode": "paused", "for_minutes": 0}),
            json!({"mode": "paused", "busy_minutes": 10}),
            json!({"mode": "open", "busy_minutes": 241}),
            json!({"mode": "paused", "until": "2100-01-01T00:00:00Z"}),
            json!({}),
        ] {
            assert_eq!(set(wrong.clone()).await, "422 invalid", "{wrong}");
        }
        let elsewhere = app.request(Method::POST, "/v1/locations/nowhere/mode").json(&json!({"mode": "open"}));
        assert_eq!(refusal(app, elsewhere).await, "404 unknown-location");
    })
    .await;
}

#[tokio::test]
async fn an_item_is_taken_off_the_menu_and_comes_back() {
    on_both(async |app| {
        let skus = async || {
            let menu = app.get("/v1/menu/soho").await;
            let items = menu["items"].as_array().unwrap().clone();
            items.iter().map(|item| text(&item["sku"])).collect::<Vec<_>>()
        };
        let remove = async |sku: &str| {
            let answer = app.request(Method::DELETE, &format!("/v1/menu/soho/{sku}")).send().await.unwrap();
            answer.status().as_u16()
        };
        assert_eq!((remove("cola").await, remove("cola").await, remove("unicorn").await), (204, 204, 404));
        assert_eq!(skus().await, ["burger", "extra_cheese", "margherita"]);
        assert_eq!(refusal(app, app.ordering("k", &App::order("1 cola"))).await, "422 unknown-item");
        // Nothing else about it is said or shown until it is put again, and then it is counted on.
        app.put("/v1/availability/soho/cola", json!({"available": false})).await;
        app.settle().await;
        let cola = app.put("/v1/menu/soho/cola", json!({"name": "Cola", "category": "Drinks", "price": 300})).await;
        assert_eq!((&cola["version"], &cola["available"], &cola["removed"]), (&json!(3), &json!(false), &json!(null)));
        let feed = app.get("/v1/feed/orders?limit=500").await;
        let said = feed["items"].as_array().unwrap().iter().filter(|event| event["subject"] == "soho/cola");
        let said: Vec<_> = said.map(|event| (event["sequence"].clone(), event["data"]["removed"] == true)).collect();
        assert_eq!(said, [(json!(1), false), (json!(2), true), (json!(3), false)]);
        for sku in ["burger", "extra_cheese", "margherita", "cola"] {
            let changed = putting(app, "/v1/locations/soho", location(json!({"currency": "EUR"}))).await;
            assert_eq!(changed, "409 currency-in-use");
            assert_eq!(remove(sku).await, 204);
        }
        assert_eq!(putting(app, "/v1/locations/soho", location(json!({"currency": "EUR"}))).await, "200 ");
    })
    .await;
}

#[tokio::test]
async fn an_item_says_what_is_in_it_and_what_has_to_be_chosen() {
    on_both(async |app| {
        let item = json!({
            "name": "Pizza", "category": "Pizza", "price": 900, "modifiers": [], "description": "From the oven.",
            "allergens": ["gluten", "milk"], "diets": ["vegetarian"], "place": 3,
            "choices": [{"name": "Base", "min": 1, "max": 1, "modifiers": ["extra_cheese"]}],
        });
        let shown = app.put("/v1/menu/soho/pizza", item.clone()).await;
        for member in ["description", "allergens", "diets", "place", "choices"] {
            assert_eq!(shown[member], item[member], "{member}");
        }
        assert_eq!((&shown["effect"], &shown["photo"]), (&json!(null), &json!(null)));
        assert_eq!(refusal(app, app.ordering("k", &App::order("1 pizza"))).await, "422 invalid-line");
        let order = app.place("1 pizza +extra_cheese").await;
        app.check(&order, expect!["accepted"]).await;
        let with = |member: &str, value: Value| {
            let mut item = item.clone();
            item[member] = value;
            item
        };
        for (wrong, pointer) in [
            (with("allergens", json!(["gluten", "gluten"])), "/allergens/1"),
            (with("allergens", json!(["pollen"])), "/allergens/0"),
            (with("place", json!(-1)), "/place"),
            (with("effect", json!("remove")), "/effect"),
            (with("modifiers", json!(["extra_cheese"])), "/choices/0/modifiers/0"),
            (with("choices", json!([{"name": "Base", "min": 2, "max": 1, "modifiers": ["a"]}])), "/choices/0/min"),
        ] {
            let (status, problem) = app.send(app.request(Method::PUT, "/v1/menu/soho/pizza").json(&wrong)).await;
            assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
        }
    })
    .await;
}
