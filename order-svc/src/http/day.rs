//! What was ordered on a business day, hour by hour.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    contract::{
        day::{Day, Span},
        order::OrderStatus,
        time::Time,
        types::{Currency, Money, Sku, Slug},
    },
    engine::call::Call,
    web::{
        extract::{InLocation, InPath, InQuery},
        problem::{Answer, Problem, could_not_read},
    },
};
use utoipa::{IntoParams, ToSchema};

use super::{Orders, locations::find};
use crate::store::day::{Ordered, last, ordered};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OnDate {
    /// The date on which the business day begins. Without it: the day that it is now.
    date: Option<Day>,
}

/// So many orders, and what they come to in minor units.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
struct Tally {
    orders: i64,
    amount: i64,
}

impl Tally {
    fn add(&mut self, amount: i64) {
        self.orders += 1;
        self.amount = self.amount.saturating_add(amount);
    }
}

/// Orders by what has become of them.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
struct Outcomes {
    /// Accepted, and whatever came of it but a cancellation: the revenue.
    sold: Tally,
    /// Not decided yet.
    undecided: Tally,
    rejected: Tally,
    cancelled: Tally,
}

impl Outcomes {
    fn add(&mut self, status: OrderStatus, amount: i64) {
        let tally = match status {
            OrderStatus::Placed => &mut self.undecided,
            OrderStatus::Accepted | OrderStatus::Preparing | OrderStatus::Ready | OrderStatus::Completed => {
                &mut self.sold
            }
            OrderStatus::Rejected => &mut self.rejected,
            OrderStatus::Cancelled => &mut self.cancelled,
        };
        tally.add(amount);
    }
}

/// What was ordered within an hour.
#[derive(Debug, Serialize, ToSchema)]
struct HourOfOrders {
    /// When the hour begins.
    from: Time,
    #[serde(flatten)]
    outcomes: Outcomes,
}

/// A dish or a modifier that was short.
#[derive(Debug, Serialize, ToSchema)]
struct ShortItem {
    sku: Sku,
    /// So many orders were rejected for want of it.
    orders: i64,
}

/// Orders that were rejected for the same reason.
#[derive(Debug, Serialize, ToSchema)]
struct RejectedFor {
    /// `out_of_stock`, `timed_out`.
    reason: String,
    #[serde(flatten)]
    tally: Tally,
    /// What was short, the most frequent first.
    items: Vec<ShortItem>,
}

/// What was ordered on a business day. An order counts in the hour in which it was placed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DayOfOrders {
    location: Slug,
    date: Day,
    /// When the day begins: ask the other services for what was between this and `to`.
    from: Time,
    /// When the next day begins.
    to: Time,
    /// Of all amounts: that of the day's last order, or the location's.
    currency: Currency,
    #[serde(flatten)]
    outcomes: Outcomes,
    /// Every hour of the day.
    hours: Vec<HourOfOrders>,
    /// The most frequent reason first.
    rejections: Vec<RejectedFor>,
    /// What was sold in other currencies, where the location's was changed on this day. These orders count, but their
    /// amounts are nowhere else.
    other_revenue: Vec<Money>,
}

/// A day as its orders make it, one after the other.
struct Sum {
    span: Span,
    currency: Currency,
    whole: Outcomes,
    hours: Vec<HourOfOrders>,
    rejections: BTreeMap<String, (Tally, BTreeMap<Sku, i64>)>,
    other: BTreeMap<Currency, i64>,
}

impl Sum {
    fn new(span: Span, currency: Currency) -> Self {
        let hours = span.hours().map(|from| HourOfOrders { from, outcomes: Outcomes::default() }).collect();
        Self { span, currency, whole: Outcomes::default(), hours, rejections: BTreeMap::new(), other: BTreeMap::new() }
    }

    fn add(&mut self, order: Ordered) {
        let Ordered { placed_at, status, total, rejection } = order;
        let is_other = total.currency != self.currency;
        let amount = if is_other { 0 } else { total.amount };
        if let Some(hour) = self.span.hour_of(placed_at).and_then(|hour| self.hours.get_mut(hour)) {
            hour.outcomes.add(status, amount);
        }
        let sold = self.whole.sold.orders;
        self.whole.add(status, amount);
        if is_other && self.whole.sold.orders > sold {
            let other = self.other.entry(total.currency).or_default();
            *other = other.saturating_add(total.amount);
        }
        if let Some(rejection) = rejection {
            let (tally, items) = self.rejections.entry(rejection.reason).or_default();
            tally.add(amount);
            // An order may want the same of several lines.
            let short: BTreeSet<Sku> = rejection.unavailable.into_iter().map(|line| line.sku).collect();
            short.into_iter().for_each(|sku| *items.entry(sku).or_default() += 1);
        }
    }

    fn day(self, location: Slug, date: Day) -> DayOfOrders {
        let Span { from, to } = self.span;
        let mut rejections: Vec<RejectedFor> = self.rejections.into_iter().map(rejected_for).collect();
        rejections.sort_by_key(|rejected| -rejected.tally.orders);
        let money = |(currency, amount)| Money { amount, currency };
        DayOfOrders {
            location,
            date,
            from,
            to,
            currency: self.currency,
            outcomes: self.whole,
            hours: self.hours,
            rejections,
            other_revenue: self.other.into_iter().map(money).collect(),
        }
    }
}

fn rejected_for((reason, (tally, items)): (String, (Tally, BTreeMap<Sku, i64>))) -> RejectedFor {
    let mut items: Vec<ShortItem> = items.into_iter().map(|(sku, orders)| ShortItem { sku, orders }).collect();
    items.sort_by_key(|item| -item.orders);
    RejectedFor { reason, tally, items }
}

#[utoipa::path(
    get, path = "/v1/sales/{location}/day", tag = "order-svc", params(InLocation, OnDate),
    responses(
        (status = 200, body = DayOfOrders),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`unknown-location`"),
    )
)]
/// What was ordered on a business day: orders and revenue by the hour, and why orders were rejected.
pub(super) async fn day_of_orders(
    State(app): State<Orders>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
    InQuery(OnDate { date }): InQuery<OnDate>,
) -> Answer<Json<DayOfOrders>> {
    let known = find(&app, &location).await?;
    let date = date.unwrap_or_else(|| Day::of(call.at, &known.timezone, known.day_starts));
    let span = date.span(&known.timezone, known.day_starts);
    let last = last(&app.db, &location, span).await.map_err(could_not_read)?;
    let mut sum = Sum::new(span, last.map_or(known.currency, |order| order.total.currency));
    ordered(&app.db, &location, span, |order| sum.add(order)).await.map_err(could_not_read)?;
    Ok(Json(sum.day(location, date)))
}
