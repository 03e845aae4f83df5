//! Decisions as text: a script goes in, what was said and what is left comes out.

mod cancel;
mod pace;
mod properties;
mod setup;
mod standing;
mod tickets;
mod undo;

use std::time::Duration;

use expect_test::Expect;
use serde_json::{Value, json};
use shared::{
    contract::{
        kitchen::{Route, ServeAfter, Station, TicketState},
        trace::Trace,
    },
    engine::call::Call,
};

use super::*;

const OPENED: &str = "2026-11-23T18:42:00Z";

/// A kitchen, one order, and what time it is.
struct Kitchen {
    state: State,
    order: Order,
    at: Time,
    inputs: u128,
}

impl Kitchen {
    /// The order's lines: `2 margherita, 1 cola`.
    fn new(lines: &str) -> Self {
        let at = OPENED.parse().unwrap();
        Self { state: State::default(), order: order(lines), at, inputs: 0 }
    }

    fn tell(&mut self, command: Command) -> Result<Decision<Reply>, Refusal> {
        self.inputs += 1;
        self.at = self.at + Duration::from_secs(1);
        let id = Uuid::from_u128(self.inputs);
        let (by, trace) = ("ada".to_owned(), Trace::rooted_in(id));
        decide(&mut self.state, &Input { id, at: self.at, by, trace, condition: Default::default(), command })
    }

    fn ticket(&self) -> Option<&Ticket> {
        self.state.tickets.get(&ticket_id(self.order.id).to_string()).map(|row| &row.ticket)
    }

    /// One step of a script, a second after the one before: `accept`, `cancel too slow`, `start`, `start 1`, `start 1 #key`, `out cola`,
    /// `day Asia/Tokyo`, `stations grill pass` (the last is the default), `route` (pizza to a station of its own), `serve_after 5`, and what falls due: `sweep`, `move`.
    fn command(&self, step: &str) -> Command {
        let (step, key) = step.split_once(" #").map_or((step, None), |(step, key)| (step, Some(key)));
        let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
        match verb {
            "accept" => Command::Open(Box::new(self.order.clone())),
            "cancel" => {
                let mut order = self.order.clone();
                order.cancellation.reason = Some(rest).filter(|text| !text.is_empty()).map(text);
                Command::Cancel(Box::new(order))
            }
            "sweep" => Command::HandOver(ticket_id(self.order.id)),
            "move" => Command::MoveItems(ticket_id(self.order.id)),
            "stations" => Command::Arrange(arrangement(&rest.split(' ').collect::<Vec<_>>(), &[])),
            "route" => Command::Arrange(arrangement(&["pizza", "grill"], &[("Pizza", "pizza")])),
            "serve_after" => Command::Arrange(Arrangement {
                serve_after: rest.parse::<i64>().unwrap().try_into().unwrap(),
                ..arrangement(&["kitchen"], &[])
            }),
            "day" => Command::SetDay(local_day(rest, 1)),
            "out" => self.mark_out(rest, key),
            _ => {
                let ticket = ticket_id(self.order.id);
                let action = if rest.is_empty() {
                    Action::Ticket(text(verb))
                } else {
                    Action::Item(rest.to_owned(), text(verb))
                };
                let once = key.map(|key| idempotency(key, &(ticket, &action)));
                Command::Act { ticket, action, once }
            }
        }
    }

    fn mark_out(&self, sku: &str, key: Option<&str>) -> Command {
        let (sku, until) = sku.split_once(" until ").map_or((sku, None), |(sku, until)| (sku, Some(text(until))));
        let out = OutRequest { until, reason: None };
        let once = key.map(|key| idempotency(key, &(sku, &out.until)));
        Command::MarkOut { location: text("soho"), sku: text(sku), out, once }
    }

    /// Does the steps and tells what each came to. `90 minutes` lets time go by.
    fn run(&mut self, script: &str) -> String {
        let mut shown = String::new();
        for step in script.split(';').map(str::trim) {
            if let Some(minutes) = step.strip_suffix(" minutes") {
                self.at = self.at + Duration::from_secs(minutes.parse::<u64>().unwrap() * 60);
                continue;
            }
            let outcome = match self.tell(self.command(step)) {
                Ok(decision) if decision.events.is_empty() => "nothing".to_owned(),
                Ok(decision) => said(&decision.events),
                Err(refusal) => format!("refused: {refusal:?}"),
            };
            shown.push_str(&format!("{step}: {outcome}\n"));
        }
        shown
    }
}

/// Runs a script on the ticket of an order and shows what was said and what the ticket is like in the end.
fn check(lines: &str, script: &str, expected: Expect) {
    let mut kitchen = Kitchen::new(lines);
    let mut shown = kitchen.run(script);
    shown.push_str(&kitchen.ticket().map_or("no ticket".to_owned(), summary));
    expected.assert_eq(&shown);
}

fn said(events: &[Said]) -> String {
    let one = |said: &Said| format!("{} {}", said.kind, said.sequence);
    events.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `= open rushed, started: 1 done, 2 cooking`.
fn summary(ticket: &Ticket) -> String {
    let marks = [
        (" rushed", ticket.priority > 0),
        (", started", ticket.started_at.is_some()),
        (", ready", ticket.ready_at.is_some()),
        (", served", ticket.served_at.is_some()),
        (", recalled", ticket.recalled_at.is_some()),
        (", voided", ticket.voided_at.is_some()),
        (", acknowledged", ticket.acknowledged_at.is_some()),
    ];
    let marks: String = marks.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect();
    let items: Vec<String> = ticket.items.iter().map(|item| format!("{} {}", item.id, word(&item.state))).collect();
    format!("= {}{marks}: {}", word(&ticket.state), items.join(", "))
}

fn word(value: &impl Serialize) -> String {
    json!(value).as_str().unwrap().to_owned()
}

fn text<T: for<'de> Deserialize<'de>>(text: &str) -> T {
    serde_json::from_value(json!(text)).unwrap()
}

fn idempotency(key: &str, body: &impl Serialize) -> Idempotency {
    Call { by: "ada".into(), ..Call::internal("ada") }.idempotency("kitchen", &[key], body)
}

fn order(lines: &str) -> Order {
    let lines: Vec<Value> = lines.split(", ").zip(1..).map(|(line, number)| order_line(line, number)).collect();
    serde_json::from_value(json!({
        "id": "0190b2f0-0000-7000-8000-000000000001", "number": 17, "location": "soho", "status": "accepted",
        "version": 2, "type": "dine_in", "table": "7", "customer": {"name": "Ada"},
        "channel": {"name": "deliveroo", "external_id": "D-4711"}, "lines": lines,
        "total": {"amount": 900, "currency": "GBP"}, "allergies": ["nuts"], "notes": "in a hurry",
        "placed_at": OPENED, "accept_by": "2026-11-23T18:46:00Z", "updated_at": OPENED,
    }))
    .unwrap()
}

fn order_line(line: &str, number: i64) -> Value {
    let (quantity, sku) = line.split_once(' ').unwrap();
    let category = match sku {
        "margherita" | "marinara" => "Pizza",
        "burger" => "Burgers",
        _ => "Drinks",
    };
    json!({"id": number.to_string(), "sku": sku, "name": sku, "category": category, "unit_price": 900, "total": 900,
        "quantity": quantity.parse::<i64>().unwrap(), "notes": "hot"})
}

/// Stations, the last of them the default, and routes: `("Pizza", "pizza")` by category, `("cola", "bar")` by sku.
fn arrangement(stations: &[&str], routes: &[(&str, &str)]) -> Arrangement {
    let station = |id: &&str| Station { id: text(id), name: text(id) };
    let route = |(what, station): &(&str, &str)| {
        let (sku, category) = match what.chars().next() {
            Some(first) if first.is_uppercase() => (None, Some(text(what))),
            _ => (Some(text(what)), None),
        };
        Route { sku, category, station: text(station) }
    };
    Arrangement {
        location: text("soho"),
        stations: stations.iter().map(station).collect(),
        default: text(stations.last().unwrap()),
        routes: routes.iter().map(route).collect(),
        serve_after: ServeAfter::default(),
    }
}

/// As order-svc says it: `Asia/Tokyo`, `Asia/Tokyo 03:30`.
fn local_day(day: &str, version: i64) -> LocalDay {
    let (timezone, day_starts) = day.split_once(' ').unwrap_or((day, "05:00"));
    serde_json::from_value(json!({
        "location": "soho", "name": "Soho", "currency": "GBP", "timezone": timezone, "mode": "open",
        "day_starts": day_starts, "version": version,
    }))
    .unwrap()
}

#[test]
fn the_domain_is_pure() {
    for source in [
        include_str!("../domain.rs"),
        include_str!("day.rs"),
        include_str!("pace.rs"),
        include_str!("stations.rs"),
        include_str!("ticket.rs"),
    ] {
        for word in ["async", "sqlx", "axum", "lapin", "tokio", "tracing", "now()"] {
            assert!(!source.contains(word), "{word}");
        }
    }
}
