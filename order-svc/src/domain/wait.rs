//! How long an order takes: what the kitchen says of its pace, and what the location says of itself.

use shared::{
    contract::{
        event::Said,
        order::{Location, Mode},
        pace::{Pace, Wait},
        time::Time,
    },
    engine::service::Decision,
};

use super::{Reply, State};

/// What somebody waits who orders now; `None` where the kitchen cannot tell.
pub(crate) fn wait(location: &Location, pace: Option<&Pace>, at: Time) -> Option<Wait> {
    pace.map(|pace| pace.wait.and(busy_minutes(location, at)))
}

fn busy_minutes(location: &Location, at: Time) -> i64 {
    let is_over = location.until.is_some_and(|until| until <= at);
    if location.mode == Mode::Open && !is_over { location.busy_minutes.unwrap_or(0) } else { 0 }
}

/// When an order will be ready at the latest, as far as anybody can tell now.
pub(super) fn expected_at(location: &Location, pace: Option<&Pace>, at: Time) -> Option<Time> {
    let minutes = u64::try_from(wait(location, pace, at)?.to).unwrap_or(0);
    Some(at + std::time::Duration::from_secs(60 * minutes))
}

/// The kitchen has another pace. Its versions are its own: what was missed is not made up for.
pub(super) fn follow(state: &mut State, told: &Pace) -> Decision<Reply> {
    let known = state.paces.get(&told.location);
    if known.is_some_and(|known| known.wait == told.wait) {
        return Decision::nothing();
    }
    let pace = Pace { version: known.map_or(0, |known| known.version) + 1, ..told.clone() };
    let said = Said::new("wait.changed", &pace);
    state.paces.put(pace);
    Decision::of(vec![said])
}
