//! What was ordered at a location in the course of a day, read piece by piece: however many orders, the same memory.

use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, de::IntoDeserializer, de::value::Error};
use shared::{
    contract::{
        day::Span,
        order::{Order, OrderStatus, Rejection},
        time::Time,
        types::{Money, Slug},
    },
    db::Db,
};
use uuid::Uuid;

use super::newest;

/// An order, as much of it as tells what the day was like.
#[derive(Debug)]
pub(crate) struct Ordered {
    pub(crate) placed_at: Time,
    pub(crate) status: OrderStatus,
    pub(crate) total: Money,
    pub(crate) rejection: Option<Rejection>,
}

const PIECE: i64 = 2_000;
/// An id is made when the request comes in, and the order's time may be a moment later.
const APART: Duration = Duration::from_secs(600);

const ORDERED: &str = "\
    SELECT key, doc->>'placed_at', status, CAST(doc->'total'->>'amount' AS BIGINT), doc->'total'->>'currency', \
        CAST(doc->'rejection' AS TEXT) \
    FROM orders WHERE location = $1 AND key > $2 AND key < $3 ORDER BY location, key LIMIT $4";

type Row = (String, String, String, i64, String, Option<String>);

/// Gives all that were placed within the span to `take`, oldest first.
pub(crate) async fn ordered(db: &Db, location: &Slug, span: Span, mut take: impl FnMut(Ordered)) -> Result<()> {
    let end = first_id(span.to);
    let mut after = Some(first_id(span.from - APART));
    while let Some(key) = after {
        let args = [location.to_string().into(), key.into(), end.clone().into(), PIECE.into()];
        let rows: Vec<Row> = db.fetch(ORDERED, args).await?;
        let is_last = i64::try_from(rows.len())? < PIECE;
        after = rows.last().filter(|_| !is_last).map(|last| last.0.clone());
        for row in rows {
            let order = read(row)?;
            if span.holds(order.placed_at) {
                take(order);
            }
        }
    }
    Ok(())
}

fn read((_, placed_at, status, amount, currency, rejection): Row) -> Result<Ordered> {
    let status: Result<OrderStatus, Error> = OrderStatus::deserialize(status.into_deserializer());
    let total = Money { amount, currency: currency.try_into().map_err(anyhow::Error::msg)? };
    let rejection = rejection.map_or(Ok(None), |rejection| serde_json::from_str(&rejection))?;
    Ok(Ordered { placed_at: placed_at.parse()?, status: status?, total, rejection })
}

/// The last that was placed within the span.
pub(crate) async fn last(db: &Db, location: &Slug, span: Span) -> Result<Option<Order>> {
    let end = first_id(span.to).parse()?;
    let found = newest(db, Some(location.clone()), None, Some(end), 1).await?;
    Ok(found.into_iter().next().filter(|order| span.holds(order.placed_at)))
}

/// No id that was made then or later is before it.
fn first_id(at: Time) -> String {
    let ms = u128::try_from(at.as_micros() / 1_000).unwrap_or(0);
    Uuid::from_u128(ms << 80).to_string()
}
