//! What the backends themselves can do on this machine right now: the yardstick beside every figure.

use std::time::Instant;

use anyhow::{Result, ensure};
use shared::{
    bus::{Bus, Message},
    db::{Cells, Db},
};

const BATCH: usize = 200;
const ROWS: usize = 20_000;
const MESSAGES: usize = 10_000;
const SCHEMA: &str = "
CREATE TABLE raw_orders (key TEXT PRIMARY KEY, revision BIGINT NOT NULL, doc JSONB NOT NULL);
CREATE TABLE raw_log (position BIGINT PRIMARY KEY, doc TEXT NOT NULL);";

/// Orders with their event, a row each, in batches of 200 and one transaction a batch: rows of both a second.
pub(crate) async fn inserts_per_s(url: &str, doc: &str) -> Result<f64> {
    let db = Db::open(url).await?;
    db.migrate(&[(1, SCHEMA)]).await?;
    let began = Instant::now();
    for batch in 0..ROWS / BATCH {
        let first = batch * BATCH;
        let docs = vec![doc.to_owned(); BATCH];
        let mut tx = db.begin().await?;
        let orders = vec![
            ("key", Cells::Text((first..first + BATCH).map(|n| format!("0190b2f0-0000-7000-8000-{n:012}")).collect())),
            ("revision", Cells::Int(vec![1; BATCH])),
            ("doc", Cells::Json(docs.clone())),
        ];
        tx.insert("raw_orders", orders);
        let positions = (first..first + BATCH).map(i64::try_from).collect::<Result<_, _>>()?;
        tx.insert("raw_log", vec![("position", Cells::Int(positions)), ("doc", Cells::Text(docs))]);
        tx.commit().await?;
    }
    let per_s = ROWS as f64 / began.elapsed().as_secs_f64();
    db.close().await;
    Ok(per_s)
}

/// Messages of `events` events each to one listener, in windows of 200: confirmed messages a second.
pub(crate) async fn publishes_per_s(url: &str, doc: &str, events: usize) -> Result<f64> {
    let bus = Bus::open(url).await?;
    let publisher = bus.publisher().await?;
    let message = Message {
        routing_key: "order.accepted.soho".into(),
        events: vec![doc.to_owned(); events],
        id: "0190b2f0-0000-7000-8000-000000000001".into(),
        kind: "order.accepted".into(),
        correlation: None,
        traceparent: None,
    };
    let count = MESSAGES / events.min(10);
    let window = vec![message; BATCH];
    let began = Instant::now();
    for _ in 0..count / BATCH {
        ensure!(publisher.publish(&window).await?.into_iter().all(|safe| safe), "a message was not confirmed");
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}
