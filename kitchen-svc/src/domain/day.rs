//! Which business day it is at a location: "today", and until when a recall may come, go by it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::{
    contract::{
        time::{DayStarts, Time},
        types::Slug,
    },
    engine::service::Decision,
};

use super::{Reply, State};

/// A tap may be taken back for so long, whatever the day.
const UNDO_MAX: Duration = Duration::from_secs(600);

/// All that the kitchen needs to know of a location: read from what order-svc says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalDay {
    pub location: Slug,
    pub timezone: String,
    #[serde(default)]
    pub day_starts: DayStarts,
    /// The location's.
    pub version: i64,
}

impl LocalDay {
    /// Of a location that the kitchen has not heard of yet.
    pub(crate) fn unknown(location: &Slug) -> Self {
        Self { location: location.clone(), timezone: "UTC".into(), day_starts: DayStarts::default(), version: 0 }
    }

    /// When the business day at this instant began.
    pub(crate) fn start(&self, at: Time) -> Time {
        at.business_day_start(&self.timezone, self.day_starts)
    }

    /// Whether what was finished then may come back now.
    pub(super) fn may_recall(&self, finished_at: Time, now: Time) -> bool {
        self.start(now) <= finished_at || now.since(finished_at) <= UNDO_MAX
    }
}

/// What is older than what is known comes late.
pub(super) fn set(state: &mut State, day: &LocalDay) -> Decision<Reply> {
    if state.days.get(&day.location).is_none_or(|known| known.version < day.version) {
        state.days.put(day.clone());
    }
    Decision::nothing()
}
