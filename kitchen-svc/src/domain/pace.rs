//! How long a ticket takes that is opened now: reckoned by those that were finished last, by those that have waited for
//! longer already, and by how many more are open than there were before.

use std::time::Duration;

use shared::{
    contract::{
        event::Said,
        pace::{Pace, Wait},
        time::Time,
        types::Slug,
    },
    engine::service::Decision,
};

use super::{Reply, State};

/// A ticket, as much of it as tells the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) opened_at: Time,
    pub(crate) ready_at: Option<Time>,
}

/// What was finished longer ago says little of now.
const RECENT: Duration = Duration::from_secs(90 * 60);
/// What has been open for longer was forgotten, and is not cooked.
const FORGOTTEN: Duration = Duration::from_secs(3 * 3600);
/// By fewer tickets nobody can tell.
const ENOUGH: usize = 5;
/// So many are cooked beside each other without any of them taking longer.
const AT_ONCE: u32 = 4;
/// People say no other numbers: minutes.
const STEPS: [i64; 16] = [1, 3, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 90, 120, 150, 180];

/// What is said of tickets that are opened now, if that is no longer what was said last. `None` too where there were too
/// few to tell.
pub(crate) fn moved(tickets: &[Sample], now: Time, known: Option<Wait>) -> Option<Wait> {
    let (usual, most) = reckon(tickets, now)?;
    let wait = range(usual, most);
    let stays = known.is_some_and(|known| known == wait || still_holds(known, wait, (usual, most)));
    (!stays).then_some(wait)
}

/// A number that wavers about a step must not have guests told something else each time.
fn still_holds(known: Wait, fresh: Wait, (usual, most): (Duration, Duration)) -> bool {
    let minutes = |minutes: i64| Duration::from_secs(60 * u64::try_from(minutes).unwrap_or(0));
    let step = |minutes: i64| STEPS.iter().position(|step| *step == minutes).unwrap_or(0);
    let is_as_wide = step(known.to).saturating_sub(step(fresh.to)) <= 1;
    is_as_wide && usual >= minutes(known.from).mul_f64(0.9) && most <= minutes(known.to).mul_f64(1.1)
}

/// How long it takes usually, and how long four of five take at the most.
fn reckon(tickets: &[Sample], now: Time) -> Option<(Duration, Duration)> {
    let finished = recent(tickets, now);
    if finished.len() < ENOUGH {
        return None;
    }
    let open: Vec<Duration> = tickets.iter().filter_map(|ticket| open_for(ticket, now)).collect();
    let mut took: Vec<Duration> = finished.iter().filter_map(|ticket| took(ticket)).collect();
    let usual = share(&mut took, 50);
    // Those that are late already take at least as long as they have waited: who looks only at what is finished does
    // not see a kitchen that stands still.
    took.extend(open.iter().filter(|waited| **waited > usual));
    let crowd = crowd(&finished, tickets, open.len());
    Some((share(&mut took, 50).mul_f64(crowd), share(&mut took, 80).mul_f64(crowd)))
}

/// Those that were finished lately, or whatever was finished where these are too few.
fn recent(tickets: &[Sample], now: Time) -> Vec<&Sample> {
    let finished = || tickets.iter().filter(|ticket| ticket.ready_at.is_some());
    let lately: Vec<&Sample> =
        finished().filter(|ticket| ticket.ready_at.is_some_and(|ready_at| now.since(ready_at) <= RECENT)).collect();
    if lately.len() >= ENOUGH { lately } else { finished().collect() }
}

fn took(ticket: &Sample) -> Option<Duration> {
    ticket.ready_at.map(|ready_at| ready_at.since(ticket.opened_at))
}

fn open_for(ticket: &Sample, now: Time) -> Option<Duration> {
    let waited = now.since(ticket.opened_at);
    (ticket.ready_at.is_none() && waited <= FORGOTTEN).then_some(waited)
}

/// How much longer it takes than it did, as there are more tickets ahead than there were: at most twice, for the tickets
/// themselves tell the rest before long.
fn crowd(finished: &[&Sample], tickets: &[Sample], open: usize) -> f64 {
    let ahead = |ticket: &&Sample| {
        let was_open = |other: &&Sample| {
            other.opened_at < ticket.opened_at && other.ready_at.is_none_or(|ready_at| ready_at > ticket.opened_at)
        };
        tickets.iter().filter(was_open).count()
    };
    let mut ahead: Vec<usize> = finished.iter().map(ahead).collect();
    let (then, now) = (share(&mut ahead, 50), open);
    let load = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX).max(AT_ONCE));
    (load(now) / load(then)).clamp(1.0, 2.0)
}

/// The value that so many in a hundred do not exceed. There is at least one.
fn share<T: Copy + Ord>(values: &mut [T], percent: usize) -> T {
    values.sort_unstable();
    values[((values.len() - 1) * percent).div_ceil(100)]
}

/// In numbers that people say.
fn range(usual: Duration, most: Duration) -> Wait {
    let minutes = |time: Duration| i64::try_from(time.as_secs().div_ceil(60)).unwrap_or(i64::MAX);
    let [.., last_but_one, last] = STEPS;
    let from = STEPS.iter().rev().find(|step| **step <= minutes(usual)).copied().unwrap_or(1).min(last_but_one);
    let to = STEPS.iter().find(|step| **step > from && **step >= minutes(most)).copied().unwrap_or(last);
    Wait { from, to }
}

/// Says it where it is news.
pub(super) fn set(state: &mut State, location: &Slug, wait: Wait) -> Decision<Reply> {
    let known = state.paces.get(location);
    if known.is_some_and(|known| known.wait == wait) {
        return Decision::nothing();
    }
    let version = known.map_or(0, |known| known.version) + 1;
    let pace = Pace { location: location.clone(), wait, version };
    let said = Said::new("pace.changed", &pace);
    state.paces.put(pace);
    Decision::of(vec![said])
}
