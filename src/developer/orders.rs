//! Which order is meant: by its id, or by the number that people call it by, which the next day another order has.

use std::{collections::HashMap, str::FromStr, time::Duration};

use anyhow::{Context, Result, ensure};
use order_svc::OrderSvc;
use serde_json::Value;
use shared::{contract::time::Time, engine::service::Service};
use uuid::Uuid;

use super::past::{PAGE, Past};

/// A decision waits for a commit, and clocks differ: so much earlier than its order something may be dated.
const CLOCKS_APART: Duration = Duration::from_secs(300);

/// What somebody calls an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Id(Uuid),
    /// Of the last order that has it.
    Number(i64),
}

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = || text.strip_prefix('#').unwrap_or(text).parse().ok().filter(|number| *number > 0);
        let id = text.parse().ok().map(Self::Id);
        id.or_else(|| number().map(Self::Number)).ok_or("expected an order's id or its number: 0190b2f0-…, 12")
    }
}

/// The order; `None` where none has the number.
pub(crate) async fn find(pasts: &HashMap<&'static str, Past>, name: Name) -> Result<Option<Uuid>> {
    let number = match name {
        Name::Id(id) => return Ok(Some(id)),
        Name::Number(number) => number,
    };
    let missing = || format!("the history holds nothing of {}, which numbers orders: name the id", OrderSvc::NAME);
    let orders = pasts.get(OrderSvc::NAME).with_context(missing)?;
    let (beginning, mut end) = (orders.beginning().await?, orders.end().await?);
    // From the end: it is the last one that is wanted, and people ask about what has just happened.
    while end > beginning {
        let start = beginning.max(end - i64::try_from(PAGE)?);
        let found = last_placed(orders, start, end, number).await?;
        if found.is_some() {
            return Ok(found);
        }
        end = start;
    }
    Ok(None)
}

/// As [`find`], and an error where there is no such order.
pub(super) async fn named(pasts: &HashMap<&'static str, Past>, name: Name) -> Result<Uuid> {
    match name {
        Name::Number(number) => find(pasts, name).await?.with_context(|| format!("no order has the number {number}")),
        Name::Id(id) => {
            let said = is_known(pasts, id).await?;
            ensure!(said, "nobody said anything of an order {id}, or it has been forgotten");
            Ok(id)
        }
    }
}

/// Whether anybody has said anything of it.
async fn is_known(pasts: &HashMap<&'static str, Past>, order: Uuid) -> Result<bool> {
    let id = order.to_string();
    for past in pasts.values() {
        let said = past.said_since(since(order), &id).await?;
        if said.iter().any(|event| event["correlationid"] == id.as_str()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The last order with the number that was placed behind `start`, up to `end`.
async fn last_placed(orders: &Past, start: i64, end: i64, number: i64) -> Result<Option<Uuid>> {
    let (mut position, mut found) = (start, None);
    while position < end {
        let events = orders.said(position, PAGE).await?;
        let Some((last, _)) = events.last() else { break };
        position = *last;
        for (_, event) in events.iter().filter(|(_, event)| event.contains("order.placed")) {
            let event: Value = serde_json::from_str(event).context("an event")?;
            if event["data"]["number"] == number {
                found = event["subject"].as_str().map(str::to_owned);
            }
        }
    }
    found.map(|id| id.parse().context("an order's id")).transpose()
}

/// Nothing of it is older: an order's id says when it was made.
pub(super) fn since(order: Uuid) -> Time {
    let made_ms = order.get_timestamp().map_or(0, |made| {
        let (seconds, nanos) = made.to_unix();
        seconds.saturating_mul(1000).saturating_add(u64::from(nanos / 1_000_000))
    });
    Time::from_micros(i64::try_from(made_ms).unwrap_or(0).saturating_mul(1000)) - CLOCKS_APART
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_called_by_its_id_or_its_number() {
        let id: Uuid = "0190b2f0-0000-7000-8000-000000000001".parse().unwrap();
        assert_eq!(id.to_string().parse(), Ok(Name::Id(id)));
        assert_eq!(["12", "#12"].map(str::parse), [Ok(Name::Number(12)); 2]);
        for wrong in ["", "#", "##1", "0", "-1", "twelve", "0190b2f0", "99999999999999999999"] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong}");
        }
    }
}
