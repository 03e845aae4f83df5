//! What could not be had in the course of a day, and what was thrown away.

use std::collections::BTreeMap;

use anyhow::Result;
use shared::{
    contract::{
        day::Span,
        stock::{AvailabilityCause, Movement, StockItem},
        time::Time,
        types::{Sku, Slug},
    },
    db::Db,
};

use super::stock;
use crate::domain::{
    availability::{Out, Outage},
    stock::Entry,
};

/// An item could not be had, from then until then or until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Absence {
    pub(crate) from: Time,
    /// `None` while it lasts.
    pub(crate) to: Option<Time>,
    pub(crate) cause: AvailabilityCause,
}

impl Absence {
    fn over(outage: &Outage) -> Self {
        Self { from: outage.started_at, to: Some(outage.ended_at), cause: outage.cause }
    }

    fn lasting(out: Out) -> Self {
        Self { from: out.since, to: None, cause: out.cause }
    }

    fn touches(&self, span: Span) -> bool {
        self.from < span.to && self.to.is_none_or(|to| to > span.from)
    }
}

const STARTED: &str = "\
    SELECT doc FROM outages WHERE location = $1 AND started_at >= $2 AND started_at < $3 \
    ORDER BY location, started_at";

/// What is out now, and of each item the last outage that had begun before the day: no earlier one reaches into it.
const LASTING: &str = "\
    SELECT sku, CAST(doc->'out' AS TEXT), \
        (SELECT CAST(outages.doc AS TEXT) FROM outages \
         WHERE outages.location = availability.location AND outages.sku = availability.sku AND outages.started_at < $2 \
         ORDER BY outages.location DESC, outages.sku DESC, outages.started_at DESC LIMIT 1) \
    FROM availability WHERE location = $1 ORDER BY location, sku";

/// What could not be had within the span, by item, in the order of time.
pub(crate) async fn absences(db: &Db, location: &Slug, span: Span) -> Result<BTreeMap<Sku, Vec<Absence>>> {
    let mut found: BTreeMap<Sku, Vec<Absence>> = BTreeMap::new();
    let args = [location.to_string().into(), span.from.to_string().into(), span.to.to_string().into()];
    for outage in db.docs::<Outage>(STARTED, args).await? {
        found.entry(outage.sku.clone()).or_default().push(Absence::over(&outage));
    }
    let args = [location.to_string().into(), span.from.to_string().into()];
    let rows: Vec<(String, Option<String>, Option<String>)> = db.fetch(LASTING, args).await?;
    for (sku, out, last) in rows {
        let out: Option<Out> = out.map_or(Ok(None), |out| serde_json::from_str(&out))?;
        let last: Option<Outage> = last.map(|last| serde_json::from_str(&last)).transpose()?;
        let more = last.as_ref().map(Absence::over).into_iter().chain(out.map(Absence::lasting));
        let more: Vec<Absence> = more.filter(|absence| absence.touches(span)).collect();
        if !more.is_empty() {
            found.entry(sku.try_into().map_err(anyhow::Error::msg)?).or_default().extend(more);
        }
    }
    found.values_mut().for_each(|absences| absences.sort_by_key(|absence| absence.from));
    Ok(found)
}

const WASTED: &str = "\
    SELECT doc FROM movements \
    WHERE doc->'movement'->>'kind' = 'waste' AND doc->'movement'->>'location' = $1 \
        AND doc->'movement'->>'at' >= $2 AND doc->'movement'->>'at' < $3";

/// What was thrown away within the span, each ingredient as it is now, in the order of their names.
pub(crate) async fn wasted(db: &Db, location: &Slug, span: Span) -> Result<Vec<(StockItem, Vec<Movement>)>> {
    let args = [location.to_string().into(), span.from.to_string().into(), span.to.to_string().into()];
    let mut found: BTreeMap<Slug, Vec<Movement>> = BTreeMap::new();
    for Entry { movement, .. } in db.docs::<Entry>(WASTED, args).await? {
        found.entry(movement.ingredient.clone()).or_default().push(movement);
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let items = stock(db, location, None, i64::MAX).await?;
    Ok(items
        .into_iter()
        .filter_map(|item| Some((found.remove(&item.ingredient)?, item)))
        .map(|(all, item)| (item, all))
        .collect())
}
