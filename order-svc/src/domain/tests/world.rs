//! A restaurant in memory that understands short commands, and looks after what must hold in every story.

use std::{collections::HashMap, time::Duration};

use serde::Serialize;
use serde_json::{Value, json};
use shared::{
    contract::{
        event::{Event, Said, derived_id},
        time::Time,
        trace::Trace,
    },
    engine::{
        call::Call,
        rows::{Record, Rows},
        service::{Decision, Input, Service},
    },
    web::problem::Problem,
};
use uuid::Uuid;

use crate::{
    OrderSvc,
    domain::{Command, Refusal, Reply, State, decide, place::Place},
};

#[derive(Debug)]
pub(super) struct World {
    pub(super) state: State,
    now: Time,
    inputs: usize,
    /// The last sequence that was said of each subject.
    said: HashMap<String, i64>,
    /// `#1` is the first order, and so on.
    orders: Vec<Uuid>,
}

impl World {
    /// Soho is open until the story says otherwise.
    pub(super) fn open() -> Self {
        let now = "2026-11-23T18:00:00Z".parse().expect("a time");
        let mut world = Self { state: State::default(), now, inputs: 0, said: HashMap::new(), orders: Vec::new() };
        for line in ["mode open", "menu margherita 900 +cheese +basil", "menu cola 250", "menu burger 1100 +cheese"] {
            world.tell(line);
        }
        world.tell("modifier cheese 150");
        world.tell("modifier basil 0");
        world
    }

    /// What the line brings about.
    pub(super) fn tell(&mut self, line: &str) -> String {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        if verb == "wait" {
            self.now = self.now + Duration::from_secs(rest.parse().expect("seconds"));
            return String::new();
        }
        let command = match verb {
            "place" | "retry" => Ok(self.place(rest)),
            "cancel" => Ok(self.cancel(rest)),
            "expire" => Ok(Command::Expire { order: self.order(rest) }),
            "menu" => Ok(put_item(rest, "dish")),
            "modifier" => Ok(put_item(rest, "modifier")),
            "remove" => Ok(Command::RemoveItem { location: slug("soho"), sku: sku(rest) }),
            "set" => Ok(set_mode(rest)),
            "mode" | "location" => Ok(self.put_location(rest)),
            kind => OrderSvc::hear(&self.event(kind, rest)),
        };
        match command {
            Ok(command) => match self.decide(command) {
                Ok(decision) => self.outcome(&decision),
                Err(refusal) => refused(&refusal.into()),
            },
            Err(error) => format!("dead: {error:#}"),
        }
    }

    /// Decides, and sees to it that a refusal changes nothing and that each change is said once.
    pub(super) fn decide(&mut self, command: Command) -> Result<Decision<Reply>, Refusal> {
        self.inputs += 1;
        let id = derived_id(&["test", &self.inputs.to_string()]);
        let placing = matches!(command, Command::Place(_));
        let input = Input {
            id,
            at: self.now,
            by: "test".into(),
            trace: Trace::rooted_in(id),
            condition: Default::default(),
            command,
        };
        let before = self.snapshot();
        let decision = decide(&mut self.state, &input);
        match &decision {
            Err(_) => assert_eq!(before, self.snapshot(), "a refusal changed something"),
            Ok(decision) => decision.events.iter().for_each(|said| self.follows(said)),
        }
        if placing && decision.as_ref().is_ok_and(|decision| !decision.events.is_empty()) {
            self.orders.push(id);
        }
        decision
    }

    fn follows(&mut self, said: &Said) {
        let noun = said.kind.split('.').next().unwrap_or_default();
        let last = self.said.entry(format!("{noun}:{}", said.subject)).or_default();
        *last += 1;
        assert_eq!(said.sequence, *last, "{} skips or repeats a sequence", said.kind);
    }

    /// All rows, as text.
    pub(super) fn snapshot(&self) -> Vec<String> {
        let State { keys, orders, locations, menu, availabilities, numbers, access, pairings, paces, priced: _ } =
            &self.state;
        let tables = [texts(keys), texts(orders), texts(locations), texts(menu), texts(availabilities), texts(numbers)];
        [tables.concat(), texts(access), texts(pairings), texts(paces)].concat()
    }

    fn outcome(&self, decision: &Decision<Reply>) -> String {
        let said = decision.events.iter().map(|said| self.said(said));
        let reply = decision.reply.as_ref().map(|reply| format!("-> {}", self.reply(reply)));
        said.chain(reply).collect::<Vec<_>>().join(", ")
    }

    /// The event, and what a reader of it would want to know.
    fn said(&self, said: &Said) -> String {
        let data: Value = serde_json::from_str(said.data.get()).expect("JSON");
        let shown = match said.kind.split('.').next() {
            Some("order") => {
                let expected = data["expected_at"].as_str().map(|at| json!(format!("by {}", &at[11..16])));
                let (reason, rejection) = (data["reason"].clone(), data["rejection"]["unavailable"].clone());
                vec![json!(self.name(&data["id"])), reason, rejection, expected.into()]
            }
            Some("wait") => vec![data["wait"]["from"].clone(), data["wait"]["to"].clone()],
            Some("menu") => {
                let removed = data["removed"].as_bool().map(|_| json!("removed"));
                let left = data["left"].as_i64().map(|left| json!(format!("{left} left")));
                let [sku, price, available, until] =
                    ["sku", "price", "available", "until"].map(|name| data[name].clone());
                vec![sku, price, available, until, left.into(), removed.into()]
            }
            _ => {
                let busy = data["busy_minutes"].as_i64().map(|minutes| json!(format!("busy +{minutes}")));
                vec![data["location"].clone(), data["mode"].clone(), busy.into(), data["until"].clone()]
            }
        };
        let shown: Vec<String> = shown.iter().filter(|value| !value.is_null()).map(bare).collect();
        format!("{} v{} {}", said.kind, said.sequence, shown.join(" "))
    }

    fn reply(&self, reply: &Reply) -> String {
        match reply {
            Reply::Placed { order, replayed } => {
                let again = if *replayed { " again" } else { "" };
                format!(
                    "{}{again} no {} {} {}",
                    self.name(&json!(order.id)),
                    order.number,
                    order.total.amount,
                    order.total.currency
                )
            }
            Reply::Cancelled(order) => format!("{} cancelled", self.name(&json!(order.id))),
            Reply::CancelRequested(order) => format!("{} asked", self.name(&json!(order.id))),
            Reply::Item(item) => format!("{} v{}", item.sku, item.version),
            Reply::Removed => "removed".to_owned(),
            Reply::Location(location) => format!("{} v{}", location.location, location.version),
            Reply::Key(key) => format!("{} v{}", key.subject, key.version),
            Reply::Waiting(waiting) => format!("{} waits", waiting.code),
        }
    }

    fn name(&self, id: &Value) -> String {
        let known = self.orders.iter().position(|order| json!(order) == *id);
        // An order that is being placed has its name only afterwards.
        format!("#{}", known.unwrap_or(self.orders.len()) + 1)
    }

    fn order(&self, name: &str) -> Uuid {
        let number: usize = name.trim_start_matches('#').parse().expect("#1");
        self.orders.get(number - 1).copied().unwrap_or(Uuid::max())
    }

    /// `key=k id=e total=900 2 margherita +cheese; 1 cola`.
    fn place(&self, text: &str) -> Command {
        let (options, lines): (Vec<&str>, Vec<&str>) = text.split(' ').partition(|word| word.contains('='));
        let options: HashMap<&str, &str> = options.iter().filter_map(|option| option.split_once('=')).collect();
        let mut body = json!({"location": options.get("at").unwrap_or(&"soho"), "lines": lines_of(&lines.join(" "))});
        if let Some(id) = options.get("id") {
            body["channel"] = json!({"name": "bites", "external_id": id});
        }
        if let Some(total) = options.get("total") {
            let (amount, currency) = total.split_at(total.len() - 3);
            body["expected_total"] = json!({"amount": amount.parse::<i64>().expect("pence"), "currency": currency});
        }
        let order = serde_json::from_value(body).expect("an order");
        let call = Call { at: self.now, ..Call::internal("test") };
        let accept_by = self.now + Duration::from_secs(240);
        Command::Place(Box::new(Place::new(&call, options.get("key").copied(), order, accept_by)))
    }

    /// `#1 too late`.
    fn cancel(&self, text: &str) -> Command {
        let (order, reason) = text.split_once(' ').unwrap_or((text, ""));
        let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
        Command::Cancel { order: self.order(order), reason: reason.map(|text| text.try_into().expect("a reason")) }
    }

    /// `paused 600`: until in 600 seconds. `name=Soho currency=EUR`: as it was given, the mode left out.
    fn put_location(&self, text: &str) -> Command {
        let (mode, seconds) = text.split_once(' ').unwrap_or((text, ""));
        let mut body = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/Athens"});
        let members: Vec<(&str, &str)> = text.split(' ').filter_map(|member| member.split_once('=')).collect();
        if members.is_empty() {
            body["mode"] = json!(mode);
            body["until"] = json!(self.until(seconds));
        }
        members.into_iter().for_each(|(name, value)| body[name] = json!(value));
        Command::PutLocation { location: slug("soho"), put: serde_json::from_value(body).expect("a location") }
    }

    fn until(&self, seconds: &str) -> Option<Time> {
        seconds.parse().ok().map(|seconds| self.now + Duration::from_secs(seconds))
    }

    /// What the other services say: `stock.rejected #1 1:margherita`, `ticket.ready #1`, `sold_out cola`, `out cola 600`,
    /// `back cola`, `few cola 3`.
    fn event(&self, kind: &str, text: &str) -> Event {
        let (first, more) = text.split_once(' ').unwrap_or((text, ""));
        let (kind, data) = match kind.split('.').next() {
            Some("stock") => (kind, self.reservation(first, more)),
            Some("ticket") => (kind, self.ticket(kind, first, more)),
            Some("pace") => ("pace.changed", pace(first, more)),
            _ => ("availability.changed", self.availability(kind, first, more)),
        };
        event(kind, data, self.now)
    }

    fn reservation(&self, order: &str, short: &str) -> Value {
        let short = short.split(' ').filter_map(|text| text.split_once(':'));
        let unavailable: Vec<Value> = short.map(|(line, sku)| json!({"line": line, "sku": sku})).collect();
        json!({
            "order_id": self.order(order), "location": "soho", "status": "reserved", "lines": [], "ingredients": [],
            "unavailable": unavailable, "reason": null, "version": 1, "updated_at": self.now,
        })
    }

    /// The state that the type leaves the ticket in, unless another is given: `open`, `cooking`, `ready`.
    fn ticket(&self, kind: &str, order: &str, state: &str) -> Value {
        let state = match (kind, state) {
            ("ticket.ready", "") => "ready",
            ("ticket.served", "") => "served",
            ("ticket.voided", "") => "void",
            (_, "") => "cooking",
            (_, state) => state,
        };
        let started = Some(self.now).filter(|_| !matches!(state, "open" | "void"));
        let state = if state == "cooking" { "open" } else { state };
        json!({
            "id": Uuid::nil(), "order_id": self.order(order), "number": 1, "location": "soho", "type": "pickup",
            "state": state, "priority": 0, "items": [], "opened_at": self.now, "started_at": started, "version": 1,
        })
    }

    fn availability(&self, kind: &str, sku: &str, number: &str) -> Value {
        let (available, cause, until, left) = match kind {
            "out" => (false, "manual", self.until(number), Some(0)),
            "few" => (true, "count", None, number.parse().ok()),
            "back" => (true, "count", None, None),
            _ => (false, "count", None, Some(0)),
        };
        json!({
            "location": "soho", "sku": sku, "available": available, "cause": cause, "until": until, "left": left,
            "version": 1,
        })
    }
}

/// `pace 10 15`: it takes so many minutes.
fn pace(from: &str, to: &str) -> Value {
    let [from, to] = [from, to].map(|minutes| minutes.parse::<i64>().expect("minutes"));
    json!({"location": "soho", "wait": {"from": from, "to": to}, "version": 1})
}

/// An event of another service.
pub(super) fn event(kind: &str, data: Value, at: Time) -> Event {
    let event = json!({
        "specversion": "1.0", "id": Uuid::nil(), "source": "/test", "type": kind, "subject": "s", "time": at,
        "datacontenttype": "application/json", "location": "soho", "sequence": 1, "data": data,
    });
    // Through text, as from the wire.
    serde_json::from_str(&event.to_string()).expect("an event")
}

/// `margherita 900 +cheese 1-2:thin,thick`: one or two of thin and thick have to be chosen.
fn put_item(text: &str, kind: &str) -> Command {
    let (modifiers, words): (Vec<&str>, Vec<&str>) = text.split(' ').partition(|word| word.starts_with('+'));
    let modifiers: Vec<&str> = modifiers.iter().map(|word| word.trim_start_matches('+')).collect();
    let price: i64 = words[1].parse().expect("a price");
    let choices: Vec<Value> = words[2..].iter().filter_map(|word| word.split_once(':')).map(choice).collect();
    let effect = words[2..].iter().find(|word| !word.contains(':'));
    let body = json!({
        "name": words[0], "price": price, "category": "food", "kind": kind, "modifiers": modifiers, "choices": choices,
        "effect": effect,
    });
    let item = serde_json::from_value(body).expect("an item");
    Command::PutItem { location: slug("soho"), sku: sku(words[0]), item }
}

fn choice((range, modifiers): (&str, &str)) -> Value {
    let (min, max) = range.split_once('-').expect("a range");
    let [min, max] = [min, max].map(|number| number.parse::<i64>().expect("a number"));
    json!({"name": "base", "min": min, "max": max, "modifiers": modifiers.split(',').collect::<Vec<_>>()})
}

fn sku(text: &str) -> shared::contract::types::Sku {
    text.to_owned().try_into().expect("a sku")
}

/// `2 margherita +cheese; 1 cola`.
fn lines_of(text: &str) -> Vec<Value> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let modifiers: Vec<&str> = words[2..].iter().map(|word| word.trim_start_matches('+')).collect();
        json!({"quantity": words[0].parse::<i64>().expect("a quantity"), "sku": words[1], "modifiers": modifiers})
    };
    text.split(';').map(line).collect()
}

fn slug(text: &str) -> shared::contract::types::Slug {
    text.to_owned().try_into().expect("a slug")
}

fn texts<T: Record + Serialize>(rows: &Rows<T>) -> Vec<String> {
    let mut texts: Vec<String> =
        rows.iter().map(|row| serde_json::to_string(row).expect("a row is plain JSON")).collect();
    texts.sort();
    texts
}

fn refused(problem: &Problem) -> String {
    format!("{} {}: {}", problem.status().as_u16(), problem.name(), problem.detail())
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `paused for 15`, `open busy 10 for 60`.
fn set_mode(text: &str) -> Command {
    let mut words = text.split(' ');
    let mut set = json!({"mode": words.next()});
    while let (Some(word), Some(minutes)) = (words.next(), words.next()) {
        set[format!("{word}_minutes")] = json!(minutes.parse::<i64>().expect("minutes"));
    }
    Command::SetMode { location: slug("soho"), set: serde_json::from_value(set).expect("a mode") }
}
