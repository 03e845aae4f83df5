//! The bodies of requests. All but what their fields say together is valid in itself; `wrong` says that.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use shared::contract::{
    kitchen::{Route, ServeAfter, Station},
    time::Time,
    types::{FieldError, List, Notes, Slug, null_as_default},
};
use utoipa::ToSchema;

use super::Arrangement;

/// For how long an item is out, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Out)]
pub struct OutRequest {
    /// `null`: until it is lifted.
    #[serde(default)]
    pub until: Option<Time>,
    #[serde(default)]
    pub reason: Option<Notes>,
}

/// Which stations there are. A route's sku is looked for first, then its category.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct StationsRequest {
    #[schema(value_type = Vec<Station>, min_items = 1, max_items = 100)]
    pub stations: List<Station, 1, 100>,
    pub default: Slug,
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Vec<Route>, max_items = 1000)]
    pub routes: List<Route, 0, 1000>,
    /// Left out, it is the default again.
    #[serde(default)]
    pub serve_after: Option<ServeAfter>,
}

impl StationsRequest {
    /// All that is wrong with it.
    pub fn wrong(&self) -> Vec<FieldError> {
        let known: HashSet<&Slug> = self.stations.iter().map(|station| &station.id).collect();
        let mut errors = Vec::new();
        let mut wrong = |pointer: String, detail: &str| errors.push(FieldError::new(pointer, detail));
        let mut ids = HashSet::new();
        for (index, station) in self.stations.iter().enumerate() {
            if !ids.insert(&station.id) {
                wrong(format!("/stations/{index}/id"), "is listed twice");
            }
        }
        if !known.contains(&self.default) {
            wrong("/default".into(), "names no station");
        }
        let mut routed = HashSet::new();
        for (index, route) in self.routes.iter().enumerate() {
            if route.sku.is_some() == route.category.is_some() {
                wrong(format!("/routes/{index}"), "needs exactly one of sku and category");
            } else if !routed.insert((&route.sku, &route.category)) {
                wrong(format!("/routes/{index}"), "is listed twice");
            }
            if !known.contains(&route.station) {
                wrong(format!("/routes/{index}/station"), "names no station");
            }
        }
        errors
    }

    pub fn arrangement(self, location: Slug) -> Arrangement {
        let Self { stations, default, routes, serve_after } = self;
        let (stations, routes) = (stations.into(), routes.into());
        Arrangement { location, stations, default, routes, serve_after: serve_after.unwrap_or_default() }
    }
}
