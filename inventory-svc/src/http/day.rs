//! What could not be had in the course of a day, and what was thrown away.

use std::{collections::BTreeMap, time::Duration};

use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    contract::{
        day::Span,
        stock::{AvailabilityCause, Movement, StockItem, Unit},
        time::Time,
        types::{Name, Notes, Sku, Slug},
    },
    engine::call::Call,
    web::{
        extract::{InLocation, InPath, InQuery},
        problem::{Answer, Problem, could_not_read},
    },
};
use utoipa::ToSchema;

use super::Inventory;
use crate::store::day::{Absence, absences, wasted};

const MINUTE: Duration = Duration::from_secs(60);

/// When an item could not be had.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
struct Absent {
    from: Time,
    to: Time,
    /// Why, at first.
    cause: AvailabilityCause,
}

/// An item that could not be had.
#[derive(Debug, Serialize, ToSchema)]
struct SoldOut {
    sku: Sku,
    /// Of the span, up to now.
    minutes: u64,
    /// It still cannot be had.
    lasts: bool,
    /// In the order of time. What is less than a minute apart is one.
    absences: Vec<Absent>,
}

/// What was thrown away for the same reason.
#[derive(Debug, Serialize, ToSchema)]
struct WastedFor {
    /// In the words of whoever entered it; `null` where they gave none.
    reason: Option<Notes>,
    /// In base units.
    quantity: i64,
    /// In minor units, by what a base unit costs now; `null` where that is not known.
    cost: Option<i64>,
}

/// An ingredient that was thrown away.
#[derive(Debug, Serialize, ToSchema)]
struct Wasted {
    ingredient: Slug,
    name: Name,
    unit: Unit,
    /// In base units.
    quantity: i64,
    /// In minor units, by what a base unit costs now; `null` where that is not known.
    cost: Option<i64>,
    /// The most first.
    reasons: Vec<WastedFor>,
}

/// What could not be had between two moments, and what was thrown away.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DayOfStock {
    location: Slug,
    from: Time,
    to: Time,
    /// What could not be had for the longest first.
    sold_out: Vec<SoldOut>,
    /// What cost the most first, then that of which nobody knows what it costs.
    waste: Vec<Wasted>,
    /// In minor units, of what is known.
    waste_cost: i64,
}

/// What of it lies in the span, up to now.
fn within(absence: &Absence, span: Span, now: Time) -> Absent {
    let to = absence.to.unwrap_or(now).min(span.to).min(now);
    let from = absence.from.max(span.from);
    Absent { from, to: to.max(from), cause: absence.cause }
}

/// Stock may come and go with every order: nobody wants to read a list of seconds.
fn joined(absences: &[Absent]) -> Vec<Absent> {
    let mut joined: Vec<Absent> = Vec::new();
    for absence in absences {
        match joined.last_mut() {
            Some(last) if absence.from.since(last.to) < MINUTE => last.to = absence.to,
            _ => joined.push(*absence),
        }
    }
    joined
}

fn sold_out(sku: Sku, absences: &[Absence], span: Span, now: Time) -> SoldOut {
    let lasts = absences.last().is_some_and(|absence| absence.to.is_none());
    let absences: Vec<Absent> = absences.iter().map(|absence| within(absence, span, now)).collect();
    let long: Duration = absences.iter().map(|absence| absence.to.since(absence.from)).sum();
    SoldOut { sku, minutes: long.as_secs() / MINUTE.as_secs(), lasts, absences: joined(&absences) }
}

fn waste(item: StockItem, movements: Vec<Movement>) -> Wasted {
    let StockItem { ingredient, name, unit, unit_cost, .. } = item;
    let cost = |quantity: i64| unit_cost.map(|cost| quantity.saturating_mul(i64::from(cost)));
    let mut by_reason: BTreeMap<Option<String>, (Option<Notes>, i64)> = BTreeMap::new();
    for Movement { reason, quantity, .. } in movements {
        by_reason.entry(reason.as_deref().map(str::to_owned)).or_insert((reason, 0)).1 += quantity;
    }
    let quantity = by_reason.values().map(|(_, quantity)| quantity).sum();
    let reasons = by_reason.into_values();
    let mut reasons: Vec<WastedFor> =
        reasons.map(|(reason, quantity)| WastedFor { reason, quantity, cost: cost(quantity) }).collect();
    reasons.sort_by_key(|wasted| -wasted.quantity);
    Wasted { ingredient, name, unit, quantity, cost: cost(quantity), reasons }
}

#[utoipa::path(
    get, path = "/v1/inventory/{location}/day", tag = "inventory-svc", params(InLocation, Span),
    responses(
        (status = 200, body = DayOfStock),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`invalid`"),
    )
)]
/// What could not be had between two moments, and what was thrown away. order-svc says when a business day begins and
/// ends, and in what currency costs are.
pub(super) async fn day_of_stock(
    State(app): State<Inventory>,
    call: Call,
    InPath(InLocation { location }): InPath<InLocation>,
    InQuery(span): InQuery<Span>,
) -> Answer<Json<DayOfStock>> {
    Problem::check(span.wrong())?;
    let absences = absences(&app.db, &location, span).await.map_err(could_not_read)?;
    let absences = absences.into_iter().map(|(sku, absences)| sold_out(sku, &absences, span, call.at));
    let mut sold_out: Vec<SoldOut> = absences.collect();
    sold_out.sort_by_key(|item| std::cmp::Reverse(item.minutes));
    let wasted = wasted(&app.db, &location, span).await.map_err(could_not_read)?;
    let mut waste: Vec<Wasted> = wasted.into_iter().map(|(item, movements)| self::waste(item, movements)).collect();
    waste.sort_by_key(|wasted| std::cmp::Reverse(wasted.cost));
    let waste_cost = waste.iter().filter_map(|wasted| wasted.cost).fold(0, i64::saturating_add);
    let Span { from, to } = span;
    Ok(Json(DayOfStock { location, from, to, sold_out, waste, waste_cost }))
}
