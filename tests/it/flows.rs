//! Every flow of the restaurant, each on both pairs of backends.

use expect_test::expect;
use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{App, on_both, text};

#[tokio::test]
async fn an_order_is_reserved_accepted_cooked_and_served() {
    on_both(async |app| {
        let order = app.place("2 margherita +extra_cheese; 1 cola").await;
        app.check(&order, expect!["accepted"]).await;
        app.check_stock("dough cheese", expect!["dough 100-2, cheese 100000-300"]).await;
        app.kitchen(&order, "start").await;
        app.check(&order, expect!["preparing"]).await;
        app.check_stock("dough cheese", expect!["dough 98-0, cheese 99700-0"]).await;
        app.kitchen(&order, "ready").await;
        app.check(&order, expect!["ready"]).await;
        app.kitchen(&order, "serve").await;
        app.check(&order, expect!["completed"]).await;
    })
    .await;
}

#[tokio::test]
async fn two_identical_lines_are_finished_one_by_one() {
    on_both(async |app| {
        let order = app.place("1 burger; 1 burger; 1 margherita").await;
        for item in ["1", "2", "3"] {
            app.check(&order, if item == "1" { expect!["accepted"] } else { expect!["preparing"] }).await;
            app.kitchen(&order, &format!("items/{item}/start")).await;
            app.kitchen(&order, &format!("items/{item}/done")).await;
        }
        app.check(&order, expect!["ready"]).await;
    })
    .await;
}

#[tokio::test]
async fn all_lines_or_none() {
    on_both(async |app| {
        app.movement("patty", "count", 1).await;
        let order = app.place("1 margherita; 2 burger").await;
        app.check(&order, expect!["rejected out_of_stock 2:burger"]).await;
        app.check_stock("dough patty bun", expect!["dough 100-0, patty 1-0, bun 100-0"]).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_placed_is_cancelled_or_asked_for_and_the_stock_comes_back() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.check(&order, expect!["accepted"]).await;
        let (status, _) = app.post(&format!("/v1/orders/{order}/cancel")).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        app.check(&order, expect!["cancelled, cancellation accepted"]).await;
        app.check_stock("dough", expect!["dough 100-0"]).await;
        let ticket = app.ticket(&order).await;
        assert_eq!(ticket["state"], "void");
        let (status, problem) = app.post(&format!("/v1/tickets/{}/start", text(&ticket["id"]))).await;
        assert_eq!((status, text(&problem["type"])), (StatusCode::CONFLICT, "/problems/ticket-void".into()));
        app.kitchen(&order, "ack").await;
        let (status, _) = app.post(&format!("/v1/orders/{order}/cancel")).await;
        assert_eq!(status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn what_is_started_is_not_cancelled() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.kitchen(&order, "start").await;
        let (status, problem) = app.post(&format!("/v1/orders/{order}/cancel")).await;
        assert_eq!((status, text(&problem["type"])), (StatusCode::CONFLICT, "/problems/not-cancellable".into()));
        app.check(&order, expect!["preparing"]).await;
        app.check_stock("dough", expect!["dough 99-0"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_cancel_races_a_start_and_one_of_them_wins() {
    on_both(async |app| {
        for _ in 0..10 {
            let order = app.place("1 margherita").await;
            let ticket = text(&app.ticket(&order).await["id"]);
            let (cancelled, started) = (format!("/v1/orders/{order}/cancel"), format!("/v1/tickets/{ticket}/start"));
            tokio::join!(app.post(&cancelled), app.post(&started));
            app.settle().await;
            let order = app.get(&format!("/v1/orders/{order}")).await;
            let ticket = app.get(&format!("/v1/tickets/{ticket}")).await;
            let ends = (text(&order["status"]), text(&ticket["state"]), ticket["started_at"].is_null());
            assert!(
                ends == ("cancelled".into(), "void".into(), true) || ends == ("preparing".into(), "open".into(), false),
                "{ends:?}"
            );
            assert_ne!(order["cancellation"]["status"], "requested");
        }
    })
    .await;
}

#[tokio::test]
async fn a_recall_brings_an_order_back() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        let opened = app.ticket(&order).await["opened_at"].clone();
        app.kitchen(&order, "ready").await;
        app.check(&order, expect!["ready"]).await;
        let ticket = app.kitchen(&order, "recall").await;
        assert_eq!((&ticket["state"], &ticket["opened_at"]), (&json!("open"), &opened));
        app.check(&order, expect!["preparing"]).await;
        app.kitchen(&order, "serve").await;
        app.check(&order, expect!["completed"]).await;
        app.kitchen(&order, "recall").await;
        app.check(&order, expect!["completed"]).await;
    })
    .await;
}

#[tokio::test]
async fn what_sells_out_disappears_from_the_menu_and_comes_back() {
    on_both(async |app| {
        let shown = async || {
            app.settle().await;
            let menu = app.get("/v1/menu/soho").await;
            let item = menu["items"].as_array().unwrap().iter().find(|item| item["sku"] == "burger").unwrap().clone();
            format!("{} {} {}", item["available"], item["left"], item["cause"])
        };
        assert_eq!(shown().await, "true null null");
        app.movement("patty", "count", 5).await;
        assert_eq!(shown().await, "true 5 null");
        let order = app.place("5 burger").await;
        app.check(&order, expect!["accepted"]).await;
        assert_eq!(shown().await, r#"false 0 "count""#);
        // The flag informs, the count decides.
        let order = app.place("1 burger").await;
        app.check(&order, expect!["rejected out_of_stock 1:burger"]).await;
        app.movement("patty", "receive", 1).await;
        assert_eq!(shown().await, "true 1 null", "back as soon as one can be had");
        let order = app.place("1 burger").await;
        app.check(&order, expect!["accepted"]).await;
        app.movement("patty", "receive", 100).await;
        assert_eq!(shown().await, "true null null");
        app.put("/v1/availability/soho/burger", json!({"available": false})).await;
        assert_eq!(shown().await, r#"false 0 "manual""#);
        let (status, problem) = app.send(app.ordering("out", &App::order("1 burger"))).await;
        assert_eq!((status, text(&problem["type"])), (StatusCode::CONFLICT, "/problems/item-unavailable".into()));
    })
    .await;
}

#[tokio::test]
async fn a_cook_marks_out_and_a_manager_brings_back() {
    on_both(async |app| {
        app.put("/v1/tickets/out/soho/cola", json!({})).await;
        app.settle().await;
        let (status, _) = app.send(app.ordering("out", &App::order("1 cola"))).await;
        assert_eq!(status, StatusCode::CONFLICT);
        app.put("/v1/availability/soho/cola", json!({"available": true})).await;
        app.settle().await;
        let order = app.place("1 cola").await;
        app.check(&order, expect!["accepted"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_hundred_orders_for_ten_portions_are_exactly_ten() {
    on_both(async |app| {
        app.movement("patty", "count", 10).await;
        app.settle().await;
        let body = App::order("1 burger");
        let orders = (0..100).map(async |n| app.send(app.ordering(&format!("rush-{n}"), &body)).await);
        let answers = futures_util::future::join_all(orders).await;
        app.settle().await;
        let mut accepted = 0;
        for (status, order) in answers {
            assert_eq!(status, StatusCode::ACCEPTED, "{order}");
            let order = app.get(&format!("/v1/orders/{}", text(&order["id"]))).await;
            accepted += usize::from(order["status"] == "accepted");
        }
        assert_eq!(accepted, 10);
        app.check_stock("patty", expect!["patty 10-10"]).await;
    })
    .await;
}

#[tokio::test]
async fn the_last_portion_is_sold_whatever_came_first() {
    on_both(async |app| {
        // The recipe before the receipt, and a cancel that gives the last portion back.
        app.put("/v1/stock/soho/egg", json!({"name": "egg", "unit": "each"})).await;
        app.put("/v1/recipes/soho/cola", json!({"ingredients": [{"ingredient": "egg", "quantity": 2}]})).await;
        app.movement("egg", "receive", 3).await;
        let order = app.place("1 cola").await;
        app.check(&order, expect!["accepted"]).await;
        app.post(&format!("/v1/orders/{order}/cancel")).await;
        app.check(&order, expect!["cancelled, cancellation accepted"]).await;
        let order = app.place("1 cola").await;
        app.check(&order, expect!["accepted"]).await;
        app.check_stock("egg", expect!["egg 3-2"]).await;
    })
    .await;
}

#[tokio::test]
async fn what_a_modifier_does_is_told_to_the_kitchen() {
    on_both(async |app| {
        let onion = json!({"name": "Onion", "category": "Extras", "price": 0, "kind": "modifier", "effect": "remove"});
        app.put("/v1/menu/soho/onion", onion).await;
        let cola = json!({"name": "Cola", "category": "Drinks", "price": 300, "modifiers": ["onion", "extra_cheese"]});
        app.put("/v1/menu/soho/cola", cola).await;
        let order = app.place("1 cola +onion +extra_cheese").await;
        let ticket = app.ticket(&order).await;
        let modifiers = ticket["items"][0]["modifiers"].as_array().unwrap();
        let effects: Vec<&str> = modifiers.iter().map(|modifier| modifier["effect"].as_str().unwrap()).collect();
        assert_eq!(effects, ["remove", "add"]);
    })
    .await;
}
