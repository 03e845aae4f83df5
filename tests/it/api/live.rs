//! What changes is told: the feeds, orders and displays that are followed live.

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use super::refusal;
use crate::harness::{App, PATIENCE, on_both, text};

#[tokio::test]
async fn the_feed_is_complete_and_in_order() {
    on_both(async |app| {
        for _ in 0..3 {
            app.place("1 cola").await;
        }
        app.settle().await;
        let (mut kinds, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let page = app.get(&format!("/v1/feed/orders?after={after}&limit=2")).await;
            after = text(&page["next"]);
            let items = page["items"].as_array().unwrap();
            if items.is_empty() {
                break;
            }
            kinds.extend(items.iter().map(|event| text(&event["type"])));
        }
        let count = |kind: &str| kinds.iter().filter(|known| *known == kind).count();
        assert_eq!((count("order.placed"), count("order.accepted"), count("location.changed")), (3, 3, 1));
        assert_eq!(refusal(app, app.request(Method::GET, "/v1/feed/bar")).await, "404 not-found");
    })
    .await;
}

/// The events of a stream of server-sent events, as (event, id, data).
pub(crate) async fn stream(app: &App, path: &str, last: Option<&str>, count: usize) -> Vec<(String, String, Value)> {
    let mut request = app.request(Method::GET, path);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let mut chunks = request.send().await.unwrap().error_for_status().unwrap().bytes_stream();
    let (mut text, mut events) = (String::new(), Vec::new());
    while events.len() < count {
        let chunk = tokio::time::timeout(PATIENCE, chunks.next()).await.expect("an event in time").unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            let field = |name: &str| {
                let line = event.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_default().trim().to_owned()
            };
            if field("event:") != "heartbeat" {
                events.push((field("event:"), field("id:"), serde_json::from_str(&field("data:")).unwrap()));
            }
        }
    }
    events
}

#[tokio::test]
async fn an_order_is_followed_live_and_resumed() {
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.kitchen(&order, "ready").await;
        let path = format!("/v1/orders/{order}/events");
        let now = stream(app, &path, None, 1).await;
        assert_eq!(now[0].2["status"], "ready");
        let unknown = stream(app, &path, Some("999999"), 1).await;
        assert_eq!((&unknown[0].1, &unknown[0].2), (&now[0].1, &now[0].2), "of a log that is gone: begin anew");
        let all = stream(app, &path, Some("0"), 4).await;
        let statuses: Vec<String> = all.iter().map(|(_, _, order)| text(&order["status"])).collect();
        assert_eq!(statuses, ["placed", "accepted", "preparing", "ready"]);
        let (rest, _) = tokio::join!(stream(app, &path, Some(&all[2].1), 2), app.kitchen(&order, "serve"));
        let statuses: Vec<String> = rest.iter().map(|(_, _, order)| text(&order["status"])).collect();
        assert_eq!(statuses, ["ready", "completed"]);
    })
    .await;
}

#[tokio::test]
async fn a_display_gets_a_snapshot_and_then_changes() {
    on_both(async |app| {
        let first = app.place("1 margherita").await;
        app.settle().await;
        let path = "/v1/tickets/stream?location=soho";
        let placing = async {
            let second = app.place("1 burger").await;
            app.settle().await;
            second
        };
        let (events, second) = tokio::join!(stream(app, path, None, 2), placing);
        assert_eq!(events[0].0, "snapshot");
        assert_eq!(events[0].2["tickets"][0]["order_id"], first);
        assert_eq!((events[1].0.as_str(), &events[1].2["ticket"]["order_id"]), ("ticket", &json!(second)));
        let unknown = stream(app, path, Some("999999"), 1).await;
        assert_eq!(unknown[0].0, "snapshot");
        let resumed = stream(app, path, Some(&events[0].1), 1).await;
        assert_eq!((&resumed[0].1, &resumed[0].2["ticket"]["order_id"]), (&events[1].1, &json!(second)));
    })
    .await;
}
