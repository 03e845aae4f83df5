//! Cooks: they look at the board again and again, and do what is due. What they do derives from the ticket's id and
//! age, so that nothing need be remembered and a restart forgets nothing.

use std::{sync::atomic::Ordering, time::Duration};

use anyhow::Result;
use futures_util::{StreamExt, stream};
use rand::{Rng, seq::IndexedRandom};
use reqwest::StatusCode;
use serde_json::json;
use shared::contract::{
    kitchen::{ItemState, Ticket, TicketItem, TicketState},
    time::Time,
};
use tracing::debug;
use uuid::Uuid;

use super::{Rate, Tally, Venue, count};
use crate::api::Api;

/// At once, over all stations.
const HANDS: usize = 64;
/// With more tickets than that on the board, cooks serve whole tickets and do nothing else.
const CALM_MAX: usize = 100;
/// Void tickets are few and not urgent.
const ROUNDS_PER_LOOK_AT_VOIDS: u64 = 20;
/// How often something runs out at its station before the stock says so.
const OUT_EVERY: Duration = Duration::from_secs(240);

/// One press of a button on the display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Press {
    StartItem(String),
    DoneItem(String),
    UndoItem(String),
    Start,
    Ready,
    Serve,
    Recall,
    Rush,
    Ack,
}

pub(super) async fn work(api: &Api, venue: &Venue, rate: Rate, tally: &Tally) -> Result<()> {
    let pace = rate.cooking_time();
    let round = (pace / 12).clamp(Duration::from_millis(250), Duration::from_secs(3));
    // Cancelled orders are young: what is void behind the last page was acknowledged long ago.
    let mut last_voids = None;
    for number in 0_u64.. {
        let board: Vec<Ticket> = api.list(&view(venue, "open,ready")).await?;
        tally.board.store(board.len() as u64, Ordering::Relaxed);
        let voids: Vec<Ticket> = match number % ROUNDS_PER_LOOK_AT_VOIDS {
            0 => api.follow(&view(venue, "void"), &mut last_voids).await?,
            _ => Vec::new(),
        };
        let presses = presses(&board, &voids, pace);
        let done = stream::iter(presses).for_each_concurrent(HANDS, |(id, press)| do_it(api, id, press, tally));
        done.await;
        if rand::random_bool((round.as_secs_f64() / OUT_EVERY.as_secs_f64()).min(1.0)) {
            run_out(api, venue, &board).await?;
        }
        tokio::time::sleep(round).await;
    }
    Ok(())
}

fn view(venue: &Venue, states: &str) -> String {
    format!("/v1/tickets?location={}&state={states}&limit=500", venue.location)
}

fn presses(board: &[Ticket], voids: &[Ticket], pace: Duration) -> Vec<(Uuid, Press)> {
    let (mut rng, now, hurry) = (rand::rng(), Time::now(), board.len() > CALM_MAX);
    let mut presses = Vec::new();
    for ticket in board.iter().chain(voids) {
        presses.extend(due(ticket, now, pace, hurry, &mut rng).into_iter().map(|press| (ticket.id, press)));
    }
    presses
}

async fn do_it(api: &Api, ticket: Uuid, press: Press, tally: &Tally) {
    match api.act(&path(ticket, &press)).await {
        Ok(answer) if answer.status.is_success() => {
            if press == Press::Serve {
                count(&tally.served);
            }
        }
        // Voided or taken back by somebody else since the cook looked.
        Ok(answer) if answer.status == StatusCode::CONFLICT => {
            debug!(%ticket, ?press, problem = answer.problem(), "simulation: a cook was refused");
        }
        Ok(answer) => {
            debug!(%ticket, ?press, status = %answer.status, "simulation: a press failed");
            count(&tally.failed);
        }
        Err(error) => {
            debug!(%ticket, ?press, error = format!("{error:#}"), "simulation: a press failed");
            count(&tally.failed);
        }
    }
}

fn path(ticket: Uuid, press: &Press) -> String {
    let action = match press {
        Press::StartItem(item) => format!("items/{item}/start"),
        Press::DoneItem(item) => format!("items/{item}/done"),
        Press::UndoItem(item) => format!("items/{item}/undo"),
        Press::Start => "start".into(),
        Press::Ready => "ready".into(),
        Press::Serve => "serve".into(),
        Press::Recall => "recall".into(),
        Press::Rush => "rush".into(),
        Press::Ack => "ack".into(),
    };
    format!("/v1/tickets/{ticket}/{action}")
}

/// What there is to do on a ticket now. `pace` is the usual time from order to plate.
pub(super) fn due(ticket: &Ticket, now: Time, pace: Duration, hurry: bool, rng: &mut impl Rng) -> Vec<Press> {
    let ticket_pace = pace.mul_f64(0.6 + 0.8 * share(ticket.id, 0));
    // How far a ticket of this age should be: 1 is on the plate.
    let progress = now.since(ticket.opened_at).as_secs_f64() / ticket_pace.as_secs_f64();
    match ticket.state {
        TicketState::Open | TicketState::Ready if hurry => {
            (progress > 1.0).then_some(Press::Serve).into_iter().collect()
        }
        TicketState::Open => cook(ticket, progress, rng),
        TicketState::Ready => {
            let waited = ticket.ready_at.map_or(pace, |ready| now.since(ready));
            if waited > pace.mul_f64(0.1 + 0.3 * share(ticket.id, 2)) {
                vec![Press::Serve]
            } else {
                rng.random_bool(0.005).then_some(Press::Recall).into_iter().collect()
            }
        }
        TicketState::Void if ticket.acknowledged_at.is_none() => vec![Press::Ack],
        TicketState::Void | TicketState::Served => Vec::new(),
    }
}

fn cook(ticket: &Ticket, progress: f64, rng: &mut impl Rng) -> Vec<Press> {
    let mut presses = Vec::new();
    if ticket.priority == 0 && progress > 0.5 && share(ticket.id, 3) < 0.05 {
        presses.push(Press::Rush);
    }
    // One cook in four minds the ticket and not its items.
    if share(ticket.id, 1) < 0.25 {
        match ticket.started_at {
            None if progress > 0.3 => presses.push(Press::Start),
            Some(_) if progress > 1.0 => presses.push(Press::Ready),
            _ => {}
        }
        return presses;
    }
    let items = ticket.items.iter().enumerate();
    presses.extend(items.filter_map(|(nth, item)| cook_item(ticket.id, nth + 4, item, progress, rng)));
    presses
}

fn cook_item(ticket: Uuid, salt: usize, item: &TicketItem, progress: f64, rng: &mut impl Rng) -> Option<Press> {
    let share = share(ticket, salt);
    let id = item.id.clone();
    match item.state {
        ItemState::Queued if progress > 0.1 + 0.4 * share => Some(Press::StartItem(id)),
        ItemState::Cooking if progress > 0.6 + 0.4 * share => Some(Press::DoneItem(id)),
        ItemState::Done if progress < 1.0 && rng.random_bool(0.01) => Some(Press::UndoItem(id)),
        ItemState::Queued | ItemState::Cooking | ItemState::Done | ItemState::Void => None,
    }
}

/// From 0 to 1, always the same for a ticket and a salt.
fn share(ticket: Uuid, salt: usize) -> f64 {
    let bytes = ticket.as_bytes();
    f64::from(bytes[salt % bytes.len()]) / 255.0
}

/// A cook finds that there is no more of something.
async fn run_out(api: &Api, venue: &Venue, board: &[Ticket]) -> Result<()> {
    let skus: Vec<&TicketItem> = board.iter().flat_map(|ticket| &ticket.items).collect();
    let Some(item) = skus.choose(&mut rand::rng()) else { return Ok(()) };
    let answer = api.put(&format!("/v1/tickets/out/{}/{}", venue.location, item.sku), &json!({})).await?;
    debug!(sku = %item.sku, status = %answer.status, "simulation: a cook marked an item out");
    Ok(())
}
