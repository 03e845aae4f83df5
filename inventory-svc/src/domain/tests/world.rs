//! A database in memory, loaded by the same needs as the real one, and the small language of the tests.

use std::{collections::BTreeMap, fmt::Debug, time::Duration};

use serde_json::Value;
use shared::{
    contract::{
        event::{Said, derived_id},
        menu::Effect,
        order::{Cancellation, Line, LineModifier, Order, OrderStatus, OrderType},
        stock::{Portion, Recipe, Reservation, ReservationStatus, Unit},
        time::Time,
        trace::Trace,
        types::{Money, Name, Notes, Price, Quantity, Sku, Slug},
    },
    engine::{
        call::{Call, Idempotency},
        idempotency::Remembered,
        rows::{Record, Rows},
        service::Input,
    },
};
use uuid::Uuid;

use crate::domain::{
    Command, Entered, Happened, Move, PutRecipe, PutStock, Refusal, Reply, SetAvailability, State,
    availability::{Item, Outage},
    decide, needs,
    stock::{Entry, Stock},
};

type Table<T> = BTreeMap<String, T>;

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) keys: Table<Remembered>,
    pub(crate) reservations: Table<Reservation>,
    pub(crate) recipes: Table<Recipe>,
    pub(crate) stock: Table<Stock>,
    pub(crate) items: Table<Item>,
    pub(crate) outages: Table<Outage>,
    pub(crate) movements: Table<Entry>,
    /// Load every menu item, not only those in reach.
    pub(crate) load_all: bool,
    inputs: u128,
    /// Seconds since the beginning.
    pub(crate) clock: i64,
}

fn pick<T: Record + Clone>(table: &Table<T>, keys: impl IntoIterator<Item = String>) -> Rows<T> {
    keys.into_iter().filter_map(|key| table.get(&key).cloned()).collect()
}

fn keep<T: Record + Clone>(table: &mut Table<T>, rows: &Rows<T>) {
    table.extend(rows.iter().map(|row| (row.key(), row.clone())));
}

pub(crate) fn slug(text: &str) -> Slug {
    Slug::try_from(text.to_owned()).expect("a slug")
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::try_from(text.to_owned()).expect("a sku")
}

fn name(text: &str) -> Name {
    Name::try_from(text.to_owned()).expect("a name")
}

pub(crate) fn soho() -> Slug {
    slug("soho")
}

pub(crate) fn seconds(number: i64) -> Time {
    Time::from_micros(number * 1_000_000)
}

pub(crate) fn order_id(name: &str) -> Uuid {
    derived_id(&["order", name])
}

impl World {
    /// As the store loads a batch.
    pub(crate) fn load(&self, batch: &[Input<Command>]) -> State {
        let commands = || batch.iter().map(|input| &input.command);
        let keys = pick(&self.keys, commands().filter_map(needs::key_of_request));
        let movements = pick(&self.movements, keys.iter().map(|key| key.resource.clone()));
        let reservations = pick(&self.reservations, commands().filter_map(needs::order));
        let recipes = pick(&self.recipes, commands().flat_map(needs::recipes));
        let mut swings = needs::Swings::new();
        commands().for_each(|command| needs::add_swings(&mut swings, command, &reservations, &recipes));
        let stock = pick(&self.stock, swings.keys().cloned());
        let in_reach = stock.iter().flat_map(|stock| needs::items_in_reach(stock, &swings));
        let mut items: Vec<String> = commands().flat_map(needs::items).chain(in_reach).collect();
        if self.load_all {
            items = self.items.keys().cloned().collect();
        }
        let items = pick(&self.items, items);
        let (outages, access) = (Rows::default(), Rows::default());
        State { keys, reservations, recipes, stock, items, outages, movements, access }
    }

    pub(crate) fn save(&mut self, state: &State) {
        keep(&mut self.keys, &state.keys);
        keep(&mut self.reservations, &state.reservations);
        keep(&mut self.recipes, &state.recipes);
        keep(&mut self.stock, &state.stock);
        keep(&mut self.items, &state.items);
        keep(&mut self.outages, &state.outages);
        keep(&mut self.movements, &state.movements);
    }

    /// What is stored, to be compared.
    pub(crate) fn rows(&self) -> String {
        let shelf = (&self.stock, &self.items, &self.outages, &self.movements);
        let stored = (&self.keys, &self.reservations, &self.recipes, shelf);
        serde_json::to_string(&stored).expect("plain JSON")
    }

    pub(crate) fn input(&mut self, command: Command) -> Input<Command> {
        self.inputs += 1;
        let id = Uuid::from_u128(self.inputs);
        Input {
            id,
            at: seconds(self.clock),
            by: "ann".into(),
            trace: Trace::rooted_in(id),
            condition: Default::default(),
            command,
        }
    }

    /// Decides one input by itself.
    pub(crate) fn one(&mut self, command: Command) -> Result<(Vec<Said>, Option<Reply>), Refusal> {
        let input = self.input(command);
        let mut state = self.load(std::slice::from_ref(&input));
        let decision = decide(&mut state, &input)?;
        self.save(&state);
        Ok((decision.events, decision.reply))
    }

    /// Runs a line of the small language, and tells what came of it.
    pub(crate) fn tell(&mut self, line: &str) -> Vec<String> {
        if let Some(time) = line.strip_prefix("at ") {
            self.clock = time.parse().expect("seconds");
            return Vec::new();
        }
        let command = self.parse(line);
        match self.one(command) {
            Err(refusal) => vec![format!("refused: {refusal:?}")],
            Ok((_, Some(Reply::Moved { movement, replayed: true }))) => vec![format!("replayed: {}", movement.delta)],
            Ok((events, _)) => events.iter().map(show).collect(),
        }
    }

    /// `stock flour [low 300]`, `receive flour 100 [key k]`, `count …`, `waste …`, `recipe margherita flour 200 cheese 100`,
    /// `place a 2 margherita+olives, 1 cola`, `late a …`, `latest a …`, `cancel a`, `reject a`, `start a`,
    /// `out margherita [until 60]`, `back margherita`, `mark margherita 10 [until 60]`, `lapse margherita`.
    fn parse(&self, line: &str) -> Command {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |nth: usize| words[nth].parse::<i64>().expect("a number");
        let until = || words.iter().position(|word| *word == "until").map(|at| seconds(number(at + 1)));
        let set = |available| SetAvailability { location: soho(), sku: sku(words[1]), available, until: until() };
        let order = |happened| Command::Order { order: order_id(words[1]), location: soho(), happened };
        match words[0] {
            "stock" => Command::PutStock(put_stock(words[1], (words.len() > 2).then(|| number(3)))),
            "receive" => Command::Move(movement(line, words[1], Entered::Receive, number(2))),
            "count" => Command::Move(movement(line, words[1], Entered::Count, number(2))),
            "waste" => Command::Move(movement(line, words[1], Entered::Waste, number(2))),
            "recipe" => {
                let portions = words[2..].chunks(2).map(|pair| (pair[0], pair[1].parse().expect("a number")));
                put_recipe(words[1], portions)
            }
            "place" => order(Happened::Placed(Box::new(parse_order(line, self.clock + 240)))),
            "late" => order(Happened::Placed(Box::new(parse_order(line, self.clock - 31)))),
            "latest" => order(Happened::Placed(Box::new(parse_order(line, self.clock - 30)))),
            "cancel" => order(Happened::Cancelled),
            "reject" => order(Happened::Rejected),
            "start" => order(Happened::Started),
            "out" => Command::SetAvailability(set(false)),
            "back" => Command::SetAvailability(set(true)),
            "mark" => Command::MarkOut { item: set(false), marked_at: seconds(number(2)) },
            "lapse" => Command::Lapse { location: soho(), sku: sku(words[1]) },
            other => panic!("what is {other}?"),
        }
    }

    /// What is in stock, in the ledger's words as well.
    pub(crate) fn left(&self) -> String {
        let left = self.stock.values().map(|Stock { item, .. }| match item.reserved {
            0 => format!("{} {}", item.ingredient, item.on_hand),
            reserved => format!("{} {} (reserved {reserved})", item.ingredient, item.on_hand),
        });
        format!("left: {}", left.collect::<Vec<_>>().join(", "))
    }

    pub(crate) fn status(&self, order: &str) -> Option<ReservationStatus> {
        self.reservations.get(&order_id(order).to_string()).map(|kept| kept.status)
    }
}

pub(crate) fn put_stock(ingredient: &str, reorder_point: Option<i64>) -> PutStock {
    PutStock {
        location: soho(),
        ingredient: slug(ingredient),
        name: name(ingredient),
        unit: Unit::Gram,
        reorder_point,
        unit_cost: None,
    }
}

pub(crate) fn put_recipe<'a>(dish: &str, portions: impl Iterator<Item = (&'a str, i64)>) -> Command {
    let portion = |(ingredient, quantity)| Portion { ingredient: slug(ingredient), quantity };
    Command::PutRecipe(PutRecipe { location: soho(), sku: sku(dish), ingredients: portions.map(portion).collect() })
}

/// The line itself is the key, unless it ends with one: a line that is repeated is a retry.
pub(crate) fn movement(line: &str, ingredient: &str, entered: Entered, quantity: i64) -> Move {
    let key = line.split_once(" key ").map_or(line, |(_, key)| key);
    let body = derived_id(&[ingredient, &format!("{entered:?}"), &quantity.to_string()]);
    let call = Call::internal("ann");
    let once = Idempotency { body, ..call.idempotency("movement", &[key], &"") };
    let reason = Notes::try_from("said so".to_owned()).ok();
    Move { location: soho(), ingredient: slug(ingredient), entered, quantity, reason, once }
}

fn parse_order(line: &str, accept_by: i64) -> Order {
    let (name, lines) = line.split_once(' ').and_then(|(_, rest)| rest.split_once(' ')).expect("an order");
    let lines = lines.split(", ").map(|line| {
        let (quantity, parts) = line.split_once(' ').expect("a quantity and a dish");
        let mut parts = parts.split('+');
        let dish = parts.next().expect("a dish");
        (dish.to_owned(), quantity.parse().expect("a number"), parts.map(str::to_owned).collect())
    });
    order(name, lines.collect(), seconds(accept_by))
}

fn modifier(part: &str) -> LineModifier {
    let price = Price::try_from(100).expect("a price");
    LineModifier { sku: sku(part), name: name(part), price, effect: Effect::Add }
}

/// Lines are a dish, its quantity and its modifiers.
pub(crate) fn order(id: &str, lines: Vec<(String, i64, Vec<String>)>, accept_by: Time) -> Order {
    let price = Price::try_from(100).expect("a price");
    let lines = lines.into_iter().zip(1..).map(|((dish, quantity, modifiers), nth)| Line {
        id: nth.to_string(),
        sku: sku(&dish),
        name: name(&dish),
        category: name("food"),
        quantity: Quantity::try_from(quantity).expect("a quantity"),
        unit_price: price,
        modifiers: modifiers.iter().map(|part| modifier(part)).collect(),
        notes: None,
        total: 0,
    });
    Order {
        id: order_id(id),
        number: 1,
        location: soho(),
        status: OrderStatus::Placed,
        version: 1,
        kind: OrderType::default(),
        table: None,
        customer: None,
        channel: None,
        lines: lines.collect(),
        total: Money { amount: 0, currency: "GBP".to_owned().try_into().expect("a currency") },
        allergies: Vec::new(),
        notes: None,
        rejection: None,
        cancellation: Cancellation::default(),
        placed_by: None,
        placed_at: accept_by - Duration::from_secs(240),
        accept_by,
        expected_at: None,
        updated_at: accept_by,
    }
}

/// What an event says, with the version of its subject.
pub(crate) fn show(said: &Said) -> String {
    let data: Value = serde_json::from_str(said.data.get()).expect("JSON");
    let text = |name: &str| match &data[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let what = match said.kind {
        "stock.reserved" | "stock.released" | "stock.consumed" => {
            let portions = data["ingredients"].as_array().expect("ingredients").iter();
            let portions = portions.map(|portion| format!("{} {}", portion["ingredient"], portion["quantity"]));
            format!("{} {}", text("reason"), portions.collect::<Vec<_>>().join(", "))
        }
        "stock.rejected" => {
            let short = data["unavailable"].as_array().expect("unavailable").iter();
            let short = short.map(|short| format!("line {} {}", short["line"], short["sku"]));
            format!("{} {}", text("reason"), short.collect::<Vec<_>>().join(", "))
        }
        "stock.moved" => {
            let movement = &data["movement"];
            format!("{} {} -> {} by {}", movement["kind"], movement["quantity"], text("on_hand"), text("by"))
        }
        "stock.low" => format!("{} available", text("available")),
        "availability.changed" => {
            let until = text("until").parse::<Time>().map(|until| format!(" until {}", until.as_micros() / 1_000_000));
            let left = data["left"].as_i64().filter(|left| *left > 0).map(|left| format!(", {left} left"));
            let is = if data["available"] == true { "back" } else { "out" };
            let (until, left) = (until.unwrap_or_default(), left.unwrap_or_default());
            format!("{is} ({}{until}{left}) by {}", text("cause"), text("by"))
        }
        _ => String::new(),
    };
    let subject = if said.correlation.is_some() { String::new() } else { format!(" {}", said.subject) };
    let what = what.replace('"', "").replace("null ", "").replace(" by null", "");
    format!("{}{subject} v{}: {what}", said.kind, said.sequence).trim_end_matches([':', ' ']).to_owned()
}
