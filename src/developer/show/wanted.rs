//! What `comanda show` asks for: where it is found, and what is said where it is not.

use anyhow::{Context, Result, bail, ensure};
use kitchen_svc::domain::ticket_id;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::What;
use crate::{
    api::Api,
    developer::{escaped, orders::Name},
};

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    place: Place,
    /// Where it is, if it is somewhere.
    pub(super) location: Option<String>,
    /// Where it is not there.
    pub(super) missing: String,
}

/// Where it is found.
#[derive(Clone, Debug)]
enum Place {
    /// What a path answers.
    One(String),
    /// All pages of a list.
    All(String),
    Order(i64),
    Ticket(i64),
    /// Of this id, or of the order with it.
    TicketOf(Uuid),
}

impl Wanted {
    pub(super) fn of(what: What, which: &[String]) -> Result<Self> {
        if let Some(more) = which.get(1).filter(|_| !matches!(what, What::Stock | What::Recipe)) {
            bail!("`comanda show --help` says what can be asked for: {more:?} is too much");
        }
        ensure!(what != What::Locations || which.is_empty(), "`comanda show locations` lists them all");
        let called = || which.first().map_or("", String::as_str);
        match what {
            What::Order | What::Ticket | What::Reservation => Self::of_order(what, which),
            What::Orders => Ok(Self::list("/v1/orders?limit=500", which)),
            What::Tickets => Ok(Self::list("/v1/tickets?limit=500", which)),
            What::Locations => {
                let (place, missing) = (Place::All("/v1/locations?limit=500".into()), "there is no location".into());
                Ok(Self { place, location: None, missing })
            }
            _ => {
                ensure!(!which.is_empty(), "which location? `comanda show locations` lists them");
                Ok(Self::at(what, called(), which.get(1).map(String::as_str)))
            }
        }
    }

    /// Of everywhere, or of a location.
    fn list(path: &str, which: &[String]) -> Self {
        let location = which.first().cloned();
        let of = location.as_ref().map_or(String::new(), |location| format!("&location={}", escaped(location)));
        Self { place: Place::All(format!("{path}{of}")), location, missing: "nothing is there".into() }
    }

    fn of_order(what: What, which: &[String]) -> Result<Self> {
        let noun = if what == What::Ticket { "ticket" } else { "order" };
        let text = which.first().with_context(|| format!("which {noun}? Give its id or its number"))?;
        let name: Name = text.parse().ok().with_context(|| format!("{text:?} is no id and no number"))?;
        let (place, missing) = match (what, name) {
            (What::Order, Name::Id(id)) => (Place::One(format!("/v1/orders/{id}")), format!("there is no order {id}")),
            (What::Order, Name::Number(number)) => (Place::Order(number), format!("no order has the number {number}")),
            (What::Ticket, Name::Id(id)) => {
                (Place::TicketOf(id), format!("there is no ticket {id}, and none of an order {id}"))
            }
            // What was done with on another day is found by its id alone.
            (What::Ticket, Name::Number(number)) => {
                (Place::Ticket(number), format!("there is no ticket with the number {number} on the display"))
            }
            (_, Name::Id(order)) => (
                Place::One(format!("/v1/reservations/{order}")),
                format!("there is no reservation of an order {order}"),
            ),
            (_, Name::Number(_)) => bail!("inventory-svc knows orders by their id alone"),
        };
        Ok(Self { place, location: None, missing })
    }

    fn at(what: What, location: &str, named: Option<&str>) -> Self {
        let (here, name) = (escaped(location), named.map(escaped));
        let missing = format!("there is no location {location}");
        let (place, missing) = match (what, name, named) {
            (What::Stock, Some(name), Some(named)) => (
                Place::All(format!("/v1/stock/{here}/{name}/movements?limit=500")),
                format!("there is no ingredient {named} at {location}"),
            ),
            (What::Recipe, Some(name), Some(named)) => (
                Place::One(format!("/v1/recipes/{here}/{name}")),
                format!("there is no recipe of {named} at {location}"),
            ),
            (What::Stock, ..) => (Place::All(format!("/v1/stock/{here}?limit=500")), missing),
            (What::Recipe, ..) => (Place::All(format!("/v1/recipes/{here}?limit=500")), missing),
            (What::Availability, ..) => (Place::All(format!("/v1/availability/{here}?limit=500")), missing),
            (What::Menu, ..) => (Place::All(format!("/v1/menu/{here}?limit=500")), missing),
            (What::Stations, ..) => (Place::One(format!("/v1/stations/{here}")), missing),
            _ => (Place::One(format!("/v1/locations/{here}")), missing),
        };
        Self { place, location: Some(location.to_owned()), missing }
    }

    /// `None` where it is not there.
    pub(super) async fn ask(&self, api: &Api) -> Result<Option<Value>> {
        match &self.place {
            Place::One(path) => found(api, path).await,
            Place::All(path) => all(api, path).await,
            Place::Order(number) => numbered(api, "/v1/orders?limit=500", *number, false).await,
            // Those come oldest first.
            Place::Ticket(number) => numbered(api, "/v1/tickets?limit=500", *number, true).await,
            Place::TicketOf(id) => match found(api, &format!("/v1/tickets/{id}")).await? {
                Some(ticket) => Ok(Some(ticket)),
                None => found(api, &format!("/v1/tickets/{}", ticket_id(*id))).await,
            },
        }
    }
}

async fn found(api: &Api, path: &str) -> Result<Option<Value>> {
    let answer = api.look(path).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let detail = || answer.body["detail"].as_str().unwrap_or("no reason was given");
    ensure!(answer.status.is_success(), "{} answers {}: {}", api.base, answer.status, detail());
    Ok(Some(answer.body))
}

/// All pages of a list.
async fn all(api: &Api, path: &str) -> Result<Option<Value>> {
    let Some(first) = found(api, path).await? else { return Ok(None) };
    let mut items = first["items"].as_array().cloned().unwrap_or_default();
    if let Some(next) = first["next"].as_str() {
        items.extend(api.follow::<Value>(path, &mut Some(next.to_owned())).await?);
    }
    Ok(Some(json!({ "items": items })))
}

/// The first of a list that has the number, or the last.
async fn numbered(api: &Api, path: &str, number: i64, last: bool) -> Result<Option<Value>> {
    let (mut after, mut found) = (String::new(), None);
    loop {
        let page: Value = api.get(&format!("{path}{after}")).await?;
        let mut with_it = page["items"].as_array().into_iter().flatten().filter(|item| item["number"] == number);
        found = if last { with_it.next_back().cloned().or(found) } else { with_it.next().cloned() };
        match page["next"].as_str() {
            Some(next) if last || found.is_none() => after = format!("&after={next}"),
            _ => return Ok(found),
        }
    }
}
