//! Following a location: the snapshot, what changes, resuming.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use shared::{
    contract::stock::Availability,
    engine::{call::Call, live::Interest},
    web::problem::Answer,
};

use super::*;
use crate::http::live::location;

async fn follow(app: &Orders, location: &str, last: Option<i64>) -> Answer<Response> {
    let path = InPath(InLocation { location: slug(location) });
    location::events(State(app.clone()), Call::internal("test"), path, LastEventId(last)).await
}

/// Soho's stream, each event as its id, its name and what it says.
async fn stream(app: &Orders, last: Option<i64>) -> impl Stream<Item = (i64, String)> + Unpin {
    let response = follow(app, "soho", last).await.unwrap();
    response.into_body().into_data_stream().map(|chunk| {
        let text = String::from_utf8(chunk.unwrap().to_vec()).unwrap();
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        let data: Value = serde_json::from_str(&field("data:")).unwrap();
        let said = match field("event:").as_str() {
            "snapshot" => {
                format!("snapshot: {} items, {}", data["items"].as_array().unwrap().len(), mode(&data["location"]))
            }
            "item" => format!("item: {} available {}", data["sku"], data["available"]),
            _ => mode(&data),
        };
        (field("id:").parse().unwrap(), said)
    })
}

fn mode(location: &Value) -> String {
    format!("location: {}", location["mode"])
}

async fn sold_out(app: &Orders, location: &str, sku: &str) {
    let word = json!({"location": location, "sku": sku, "available": false, "cause": "manual", "version": 1});
    let word: Availability = serde_json::from_value(word).unwrap();
    tell(app, Command::Availability(word)).await;
}

#[tokio::test]
async fn a_location_is_shown_with_its_menu_and_every_change_and_resumes() {
    serve(async |app| {
        let mut live = stream(app, None).await;
        let (first, shown) = live.next().await.unwrap();
        assert_eq!(shown, "snapshot: 1 items, location: \"open\"");
        // Neither an order nor another location is news.
        place(app, "a", None, colas(1)).await;
        let elsewhere = json!({"name": "Cola", "price": 250, "category": "drinks"});
        let (camden, sku) = (slug("camden"), "cola".parse().unwrap());
        let item = serde_json::from_value(elsewhere).unwrap();
        tell(app, Command::PutItem { location: camden, sku, item }).await;
        sold_out(app, "soho", "cola").await;
        let (second, shown) = live.next().await.unwrap();
        assert_eq!(shown, "item: \"cola\" available false");
        let put = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "paused"});
        let put = serde_json::from_value(put).unwrap();
        tell(app, Command::PutLocation { location: slug("soho"), put }).await;
        let (third, shown) = live.next().await.unwrap();
        assert_eq!(shown, "location: \"paused\"");
        assert_eq!(stream(app, Some(first)).await.next().await.unwrap().0, second);
        assert_eq!(stream(app, Some(second)).await.next().await.unwrap().0, third);
        // One that was never sent, or was sent long ago.
        assert_eq!(
            stream(app, Some(i64::MAX)).await.next().await.unwrap().1,
            "snapshot: 1 items, location: \"paused\""
        );
    })
    .await;
}

#[tokio::test]
async fn an_unknown_location_is_not_followed() {
    serve(async |app| {
        assert_eq!(follow(app, "camden", None).await.unwrap_err().name(), "unknown-location");
    })
    .await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a task of its own is polled only when it is woken")]
async fn nobody_is_woken_by_what_he_does_not_follow() {
    serve(async |app| {
        let head = app.live.head().await.unwrap();
        let mut soho = Box::pin(app.live.follow(head, Interest::Location("soho".into())));
        let mut camden = Box::pin(app.live.follow(head, Interest::Location("camden".into())));
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&polls);
        let woken = tokio::spawn(poll_fn(move |context| {
            counted.fetch_add(1, Ordering::Relaxed);
            camden.poll_next_unpin(context)
        }));
        for price in 1..=20 {
            put(app, "soho", price).await;
            assert_eq!(soho.next().await.unwrap().location, "soho");
        }
        put(app, "camden", 1).await;
        assert_eq!(woken.await.unwrap().unwrap().location, "camden");
        assert_eq!(polls.load(Ordering::Relaxed), 2, "once at first, and once for what it follows");
    })
    .await;
}

#[tokio::test]
async fn who_falls_behind_misses_nothing() {
    serve(async |app| {
        let head = app.live.head().await.unwrap();
        let mut slow = Box::pin(app.live.follow(head, Interest::Location("soho".into())));
        let puts = (1..=600).map(async |price| put(app, if price % 2 == 0 { "soho" } else { "camden" }, price).await);
        futures_util::future::join_all(puts).await;
        // Handed out, and too many to be kept for one who does not read.
        let mut late = Box::pin(app.live.follow(head + 599, Interest::Everything));
        assert_eq!(late.next().await.unwrap().position, head + 600);
        let mut seen = Vec::new();
        while seen.len() < 300 {
            seen.push(slow.next().await.unwrap().position);
        }
        assert!(seen.is_sorted());
        assert!(seen.iter().all(|position| (head + 1..=head + 600).contains(position)));
        put(app, "soho", 1000).await;
        assert_eq!(slow.next().await.unwrap().position, head + 601);
    })
    .await;
}

/// An item of the place changes its price.
async fn put(app: &Orders, location: &str, price: i64) {
    let item = json!({"name": "Cola", "price": price, "category": "drinks"});
    let (sku, item) = ("cola".parse().unwrap(), serde_json::from_value(item).unwrap());
    tell(app, Command::PutItem { location: slug(location), sku, item }).await;
}
