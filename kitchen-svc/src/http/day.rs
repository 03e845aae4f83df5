//! How long the kitchen took in the course of a day, by station and by the hour.

use std::time::Duration;

use axum::{Json, extract::State};
use serde::Serialize;
use shared::{
    contract::{
        day::Span,
        kitchen::Stations,
        time::Time,
        types::{Name, Slug},
    },
    web::{
        extract::{InLocation, InPath, InQuery},
        problem::{Answer, Problem, could_not_read},
    },
};
use utoipa::ToSchema;

use super::Kitchen;
use crate::store::{
    self,
    day::{Cooked, cooked},
};

/// How long it took from when the ticket was opened.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
struct Preparation {
    /// So many were finished.
    tickets: u32,
    /// `null` where none was.
    average_ms: Option<u64>,
    longest_ms: Option<u64>,
}

/// Of the tickets that were opened within an hour.
#[derive(Debug, Serialize, ToSchema)]
struct HourOfKitchen {
    /// When the hour begins.
    from: Time,
    #[serde(flatten)]
    preparation: Preparation,
}

/// Until a station was done with its part of a ticket.
#[derive(Debug, Serialize, ToSchema)]
struct DayOfStation {
    station: Slug,
    /// `null` where the kitchen has no such station any more.
    name: Option<Name>,
    #[serde(flatten)]
    preparation: Preparation,
    /// Every hour of the span.
    hours: Vec<HourOfKitchen>,
}

/// How long tickets took, from when they were opened until all was ready. One counts in the hour in which it was opened;
/// one that was recalled, until it was ready again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DayOfKitchen {
    location: Slug,
    from: Time,
    to: Time,
    #[serde(flatten)]
    preparation: Preparation,
    /// Every hour of the span.
    hours: Vec<HourOfKitchen>,
    /// Those that the kitchen has, in its order, then those that are gone.
    stations: Vec<DayOfStation>,
}

/// Times, summed up.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    count: u32,
    sum: Duration,
    longest: Duration,
}

impl Times {
    fn add(&mut self, took: Duration) {
        self.count += 1;
        self.sum += took;
        self.longest = self.longest.max(took);
    }

    fn preparation(self) -> Preparation {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let some = |time: Duration| (self.count > 0).then(|| ms(time));
        let average = self.sum.checked_div(self.count).unwrap_or_default();
        Preparation { tickets: self.count, average_ms: some(average), longest_ms: some(self.longest) }
    }
}

/// The times of a span and of each hour of it.
struct Sum {
    span: Span,
    whole: Times,
    hours: Vec<Times>,
}

impl Sum {
    fn new(span: Span) -> Self {
        Self { span, whole: Times::default(), hours: vec![Times::default(); span.hours().count()] }
    }

    fn add(&mut self, opened_at: Time, finished_at: Time) {
        let took = finished_at.since(opened_at);
        self.whole.add(took);
        if let Some(hour) = self.span.hour_of(opened_at).and_then(|hour| self.hours.get_mut(hour)) {
            hour.add(took);
        }
    }

    fn hours(&self) -> Vec<HourOfKitchen> {
        let hours = self.span.hours().zip(&self.hours);
        hours.map(|(from, times)| HourOfKitchen { from, preparation: times.preparation() }).collect()
    }
}

/// The sums of each station, those of the kitchen first.
fn by_station(known: &Stations, span: Span) -> Vec<(Slug, Option<Name>, Sum)> {
    known.stations.iter().map(|station| (station.id.clone(), Some(station.name.clone()), Sum::new(span))).collect()
}

fn add(stations: &mut Vec<(Slug, Option<Name>, Sum)>, span: Span, ticket: &Cooked) {
    for (station, finished_at) in &ticket.finished {
        let place = stations.iter().position(|(id, ..)| id == station).unwrap_or_else(|| {
            stations.push((station.clone(), None, Sum::new(span)));
            stations.len() - 1
        });
        stations[place].2.add(ticket.opened_at, *finished_at);
    }
}

#[utoipa::path(
    get, path = "/v1/stations/{location}/day", tag = "kitchen-svc", params(InLocation, Span),
    responses(
        (status = 200, body = DayOfKitchen),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "`invalid`"),
    )
)]
/// How long the tickets took that were opened between two moments, by station and by the hour. order-svc says when a
/// business day begins and ends.
pub(super) async fn day_of_kitchen(
    State(app): State<Kitchen>,
    InPath(InLocation { location }): InPath<InLocation>,
    InQuery(span): InQuery<Span>,
) -> Answer<Json<DayOfKitchen>> {
    Problem::check(span.wrong())?;
    let known = store::stations(&app.db, &location).await.map_err(could_not_read)?;
    let (mut whole, mut stations) = (Sum::new(span), by_station(&known, span));
    let take = |ticket: Cooked| {
        if let Some(ready_at) = ticket.ready_at {
            whole.add(ticket.opened_at, ready_at);
        }
        add(&mut stations, span, &ticket);
    };
    cooked(&app.db, &location, span, take).await.map_err(could_not_read)?;
    let stations = stations.into_iter().map(|(station, name, sum)| DayOfStation {
        station,
        name,
        preparation: sum.whole.preparation(),
        hours: sum.hours(),
    });
    let stations = stations.collect();
    let Span { from, to } = span;
    let (preparation, hours) = (whole.whole.preparation(), whole.hours());
    Ok(Json(DayOfKitchen { location, from, to, preparation, hours, stations }))
}
