//! Whose clock a time is shown by: that of the location that it belongs to. Where no location is known, that which all of
//! them share, or else UTC. Each time says how far its clock is from UTC, so that a night over two locations can be read.

use std::collections::HashMap;

use anyhow::Result;
use order_svc::OrderSvc;
use serde_json::Value;
use shared::{
    contract::{clock::Clock, time::Time},
    engine::service::Service,
};

use super::{
    At,
    past::{PAGE, Past},
};
use crate::api::Api;

/// The clocks of the locations.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    clocks: HashMap<String, Clock>,
}

impl Zones {
    /// As the services have them now. Where order-svc is not among those that are named, no zone is known.
    pub(super) async fn at(at: &At) -> Result<Self> {
        match at.find(OrderSvc::NAME, OrderSvc::FEED).await {
            Ok(api) => Self::running(&api).await,
            Err(_) => Ok(Self::default()),
        }
    }

    /// As the services have them now, or as a saved history has them at its end.
    pub(super) async fn of(pasts: &HashMap<&'static str, Past>) -> Result<Self> {
        match pasts.get(OrderSvc::NAME) {
            Some(Past::Running { api, .. }) => Self::running(api).await,
            Some(past) => Self::saved(past).await,
            None => Ok(Self::default()),
        }
    }

    async fn running(api: &Api) -> Result<Self> {
        let mut zones = Self::default();
        api.list("/v1/locations?limit=500").await?.iter().for_each(|location| zones.note(location));
        Ok(zones)
    }

    async fn saved(past: &Past) -> Result<Self> {
        let (mut zones, mut position) = (Self::default(), past.beginning().await?);
        loop {
            let events = past.said(position, PAGE).await?;
            let Some((last, _)) = events.last() else { return Ok(zones) };
            position = *last;
            for (_, event) in events.iter().filter(|(_, event)| event.contains("location.changed")) {
                zones.see(&serde_json::from_str(event)?);
            }
        }
    }

    /// What is said of a location counts from then on.
    pub(super) fn see(&mut self, event: &Value) {
        if event["type"] == "location.changed" {
            self.note(&event["data"]);
        }
    }

    /// A location, as GET shows it. A zone that is not known here is shown as UTC.
    pub(super) fn note(&mut self, location: &Value) {
        let text = |name: &str| location[name].as_str();
        if let (Some(name), Some(timezone)) = (text("location"), text("timezone")) {
            self.clocks.insert(name.to_owned(), Clock::of(timezone).unwrap_or(Clock::UTC));
        }
    }

    /// Whether anybody has told of locations.
    pub(super) fn are_known(&self) -> bool {
        !self.clocks.is_empty()
    }

    /// Whether there is such a location.
    pub(super) fn know(&self, location: &str) -> bool {
        self.clocks.contains_key(location)
    }

    /// What time it is there; of no location, what is the same for all.
    pub(super) fn clock(&self, location: Option<&str>) -> &Clock {
        const NOWHERE: &Clock = &Clock::UTC;
        if let Some(location) = location {
            return self.clocks.get(location).unwrap_or(NOWHERE);
        }
        let mut all = self.clocks.values();
        let first = all.next().unwrap_or(NOWHERE);
        if all.all(|other| other == first) { first } else { NOWHERE }
    }

    /// When an event happened, to the microsecond, where it happened.
    pub(super) fn of_event(&self, event: &Value) -> String {
        let time = event["time"].as_str().unwrap_or_default();
        let clock = self.clock(event["location"].as_str());
        time.parse().map_or_else(|_| time.to_owned(), |time: Time| clock.exact(time))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn zones(places: &[(&str, &str)]) -> Zones {
        let mut zones = Zones::default();
        for (location, timezone) in places {
            let data = json!({"location": location, "timezone": timezone, "mode": "open"});
            zones.see(&json!({"type": "location.changed", "location": location, "data": data}));
        }
        zones
    }

    #[test]
    fn each_location_has_its_own_clock_and_what_has_none_that_of_all() {
        let one = zones(&[("soho", "Europe/London")]);
        assert_eq!(one.clock(None).zone(), "Europe/London");
        let two = zones(&[("soho", "Europe/London"), ("sol", "Europe/Madrid"), ("x", "Mars/Phobos")]);
        let shown = [Some("soho"), Some("sol"), Some("x"), Some("nowhere"), None].map(|at| two.clock(at).zone());
        assert_eq!(shown, ["Europe/London", "Europe/Madrid", "UTC", "UTC", "UTC"]);
    }

    #[test]
    fn a_location_that_moves_has_another_clock() {
        let moved = zones(&[("soho", "Europe/London"), ("soho", "Asia/Tokyo")]);
        let event = json!({"time": "2026-11-25T19:30:00.5Z", "location": "soho"});
        assert_eq!(moved.of_event(&event), "2026-11-26 04:30:00.500000+09:00");
    }
}
