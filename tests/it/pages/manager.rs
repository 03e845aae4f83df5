//! The stock page in the hands of managers.

use expect_test::expect;

use super::in_browsers;

#[tokio::test]
async fn stock_is_received_counted_and_wasted_in_a_few_taps() {
    in_browsers(async |app, browsers| {
        let manager = browsers.manager(&app.base).await;
        manager.taps("Receive cheese").await;
        manager.taps("+ 5 kg").await;
        manager.taps("Delivery").await;
        manager.sees("On hand 100 kg → 105 kg").await;
        manager.taps_in("form .main", "Receive").await;
        manager.sees("Received 5 kg cheese").await;
        manager.taps("Waste bun").await;
        manager.fills("How much is thrown away?", "3").await;
        manager.taps("Enter waste").await;
        manager.sees("Wasted 3 bun").await;
        manager.taps("Count patty").await;
        manager.fills("How much is there now?", "90").await;
        manager.sees("difference −10").await;
        manager.taps("Set the count").await;
        manager.sees("Counted 90 patty").await;
        app.check_stock("cheese bun patty", expect!["cheese 105000-0, bun 97-0, patty 90-0"]).await;
        manager.taps("patty").await;
        manager.sees("Counted").await;
        manager.until("document.querySelector('.chart')?.getAttribute('aria-label').includes('least 90')").await;
        manager.sees("burger 1 a portion, enough for 90").await;
    })
    .await;
}

#[tokio::test]
async fn what_orders_reserve_is_shown_as_it_happens() {
    in_browsers(async |app, browsers| {
        let manager = browsers.manager(&app.base).await;
        manager.sees("patty").await;
        for reserved in [2, 4, 6] {
            app.place("2 burger").await;
            let shown = "document.querySelector('[data-ingredient=patty] td:nth-of-type(2)').textContent";
            manager.until(&format!("{shown} === '{reserved}'")).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_recipe_is_edited_and_what_runs_out_is_explained() {
    in_browsers(async |app, browsers| {
        let manager = browsers.open(&format!("{}/stock#at/soho/recipes", app.base)).await;
        manager.taps("Add a recipe for cola").await;
        manager.runs("const s = document.querySelector('dialog select'); s.value = 'bun'; s.dispatchEvent(new Event('change'));", serde_json::json!([])).await;
        manager.fills("Quantity", "60").await;
        manager.taps("Save").await;
        manager.sees("Recipe of cola saved.").await;
        manager.sees("60 × bun").await;
        manager.sees("1 portion").await;
        let order = app.place("1 cola").await;
        app.check(&order, expect!["accepted"]).await;
        manager.taps("Sold out").await;
        manager.sees("Out of stock").await;
        manager.sees("bun: 40 available, a portion takes 60").await;
        manager.taps("Receive bun").await;
        manager.fills("How much came in?", "80").await;
        manager.taps_in("form .main", "Receive").await;
        manager.sees("Nothing is sold out.").await;
    })
    .await;
}

#[tokio::test]
async fn an_item_is_marked_out_until_it_is_brought_back() {
    in_browsers(async |app, browsers| {
        let manager = browsers.open(&format!("{}/stock#at/soho/out", app.base)).await;
        manager.taps("Mark out cola").await;
        manager.taps("I bring it back").await;
        manager.sees("Marked out by hand until it is brought back").await;
        manager.taps("Mark out burger").await;
        manager.taps("1 hour from now").await;
        manager.sees_so_many(".out-card", 2).await;
        let out = app.get("/v1/availability/soho").await["items"].clone();
        let burger = out.as_array().unwrap().iter().find(|item| item["sku"] == "burger").unwrap().clone();
        assert!(burger["until"].is_string(), "{burger}");
        manager.taps("Bring back cola").await;
        manager.sees_so_many(".out-card", 1).await;
    })
    .await;
}

#[tokio::test]
async fn what_somebody_else_has_saved_meanwhile_is_shown_and_not_written_over() {
    in_browsers(async |app, browsers| {
        let one = browsers.open(&format!("{}/stock#at/soho/recipes", app.base)).await;
        one.may_say("412 (Precondition Failed)");
        one.taps("Edit the recipe of burger").await;
        let other = serde_json::json!({"ingredients": [{"ingredient": "bun", "quantity": 2}, {"ingredient": "patty", "quantity": 3}]});
        app.put("/v1/recipes/soho/burger", other.clone()).await;
        one.fills("Quantity", "7").await;
        one.taps("Save").await;
        one.sees("Somebody else has saved this meanwhile: 2 bun, 3 patty. Nothing of yours is saved yet").await;
        let saved = async || app.get("/v1/recipes/soho/burger").await["ingredients"].clone();
        assert_eq!(saved().await, other["ingredients"]);
        // Whoever has seen it may.
        one.taps("Save").await;
        one.sees("Recipe of burger saved.").await;
        assert_eq!(saved().await[0]["quantity"], 7);

        let one = browsers.open(&format!("{}/stock#at/soho/stock/dough", app.base)).await;
        one.taps("Name, unit, low mark").await;
        one.may_say("412 (Precondition Failed)");
        // Orders change the stock, and are no reason to ask.
        app.place("1 margherita").await;
        app.settle().await;
        one.fills("Low at or below", "5").await;
        one.taps("Save").await;
        one.sees("dough saved.").await;
        one.taps("Name, unit, low mark").await;
        app.put("/v1/stock/soho/dough", serde_json::json!({"name": "Sourdough", "unit": "each"})).await;
        one.fills("Low at or below", "6").await;
        one.taps("Save").await;
        one.sees("Somebody else has saved this meanwhile: Sourdough").await;
        assert_eq!(app.get("/v1/stock/soho").await["items"].as_array().unwrap().iter().filter(|item| item["name"] == "Sourdough").count(), 1);
    })
    .await;
}
