//! Whatever comes, in whatever order and however often: the ledger balances, nothing is oversold, a refusal changes
//! nothing, and the menu says what the stock says.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    collection::vec,
    prelude::{Strategy, any},
    prop_assert, prop_assert_eq, proptest,
    sample::{Index, select},
    test_runner::TestCaseError,
};
use shared::contract::{
    event::Said,
    stock::{AvailabilityCause, ReservationStatus},
};

use super::world::{World, movement, order, order_id, put_recipe, put_stock, seconds, sku, soho};
use crate::domain::{Command, Entered, Happened, Refusal, SetAvailability, decide};

const INGREDIENTS: [&str; 3] = ["flour", "cheese", "oil"];
const DISHES: [&str; 4] = ["margherita", "focaccia", "cola", "extra-cheese"];
const ORDERS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// What happens to a small kitchen.
#[derive(Clone, Debug)]
enum Step {
    Stock(&'static str, Option<i64>),
    Move(Entered, &'static str, i64, u8),
    Recipe(&'static str, BTreeMap<&'static str, i64>),
    Set(&'static str, bool, Option<i64>),
    Mark(&'static str, i64, Option<i64>),
    Lapse(&'static str),
    Place(&'static str, Vec<Line>, i64),
    Cancel(&'static str),
    Reject(&'static str),
    Start(&'static str),
}

/// A dish, its quantity and its modifiers.
type Line = (&'static str, i64, Vec<&'static str>);

fn lines() -> impl Strategy<Value = Vec<Line>> {
    vec((select(&DISHES[..]), 1..4i64, vec(select(&DISHES[..]), 0..2)), 1..4)
}

fn step() -> impl Strategy<Value = Step> {
    use proptest::{option, prop_oneof};
    let entered = select(&[Entered::Receive, Entered::Receive, Entered::Count, Entered::Waste][..]);
    prop_oneof![
        1 => (select(&INGREDIENTS[..]), option::of(0..500i64)).prop_map(|(name, low)| Step::Stock(name, low)),
        3 => (entered, select(&INGREDIENTS[..]), 0..900i64, 0..40u8)
            .prop_map(|(entered, name, quantity, key)| Step::Move(entered, name, quantity, key)),
        2 => (select(&DISHES[..]), proptest::collection::btree_map(select(&INGREDIENTS[..]), 1..300i64, 0..3))
            .prop_map(|(dish, portions)| Step::Recipe(dish, portions)),
        1 => (select(&DISHES[..]), any::<bool>(), option::of(-5..30i64)).prop_map(|(dish, on, until)| Step::Set(dish, on, until)),
        1 => (select(&DISHES[..]), -5..5i64, option::of(-5..30i64)).prop_map(|(dish, at, until)| Step::Mark(dish, at, until)),
        1 => select(&DISHES[..]).prop_map(Step::Lapse),
        8 => (select(&ORDERS[..]), lines(), -60..240i64).prop_map(|(name, lines, by)| Step::Place(name, lines, by)),
        2 => select(&ORDERS[..]).prop_map(Step::Cancel),
        1 => select(&ORDERS[..]).prop_map(Step::Reject),
        2 => select(&ORDERS[..]).prop_map(Step::Start),
    ]
}

fn command(step: &Step, now: i64) -> Command {
    let set = |dish: &str, available, until: Option<i64>| SetAvailability {
        location: soho(),
        sku: sku(dish),
        available,
        until: until.map(|until| seconds(now + until)),
    };
    let news = |name: &str, happened| Command::Order { order: order_id(name), location: soho(), happened };
    match step {
        Step::Stock(name, low) => Command::PutStock(put_stock(name, *low)),
        Step::Move(entered, name, quantity, key) => {
            Command::Move(movement(&format!("key {key}"), name, *entered, *quantity))
        }
        Step::Recipe(dish, portions) => put_recipe(dish, portions.iter().map(|(name, quantity)| (*name, *quantity))),
        Step::Set(dish, available, until) => {
            Command::SetAvailability(set(dish, *available, until.filter(|_| !available)))
        }
        Step::Mark(dish, at, until) => {
            Command::MarkOut { item: set(dish, false, *until), marked_at: seconds(now + at) }
        }
        Step::Lapse(dish) => Command::Lapse { location: soho(), sku: sku(dish) },
        Step::Place(name, lines, by) => {
            let line = |(dish, quantity, modifiers): &Line| {
                ((*dish).to_owned(), *quantity, modifiers.iter().map(|&part| part.to_owned()).collect())
            };
            let placed = order(name, lines.iter().map(line).collect(), seconds(now + by));
            news(name, Happened::Placed(Box::new(placed)))
        }
        Step::Cancel(name) => news(name, Happened::Cancelled),
        Step::Reject(name) => news(name, Happened::Rejected),
        Step::Start(name) => news(name, Happened::Started),
    }
}

/// Decides the steps as one batch; returns what was said, step by step.
fn batch(world: &mut World, steps: &[Step]) -> Vec<Result<Vec<Said>, Refusal>> {
    let now = world.clock;
    let inputs: Vec<_> = steps.iter().map(|step| world.input(command(step, now))).collect();
    let mut state = world.load(&inputs);
    let mut said = Vec::new();
    for input in &inputs {
        said.push(decide(&mut state, input).map(|decision| decision.events));
        world.save(&state);
    }
    world.clock += 1;
    said
}

/// A kitchen with its shelves and recipes, and this much of everything.
fn opened(quantity: i64) -> World {
    let mut world = World::default();
    for name in INGREDIENTS {
        batch(&mut world, &[Step::Stock(name, Some(200))]);
        world.tell(&format!("receive {name} {quantity}"));
    }
    world.tell("recipe margherita flour 200 cheese 100 oil 5");
    world.tell("recipe focaccia flour 300 oil 20");
    world.tell("recipe extra-cheese cheese 60");
    world
}

/// Whether received ± counted = on_hand + consumed + wasted, and reserved = the sum of the open reservations.
fn balanced(world: &World) -> Result<(), String> {
    for stock in world.stock.values() {
        let item = &stock.item;
        let mut ledger: Vec<_> = world.movements.values().collect();
        ledger.retain(|entry| entry.movement.ingredient == item.ingredient);
        ledger.sort_by_key(|entry| entry.number);
        let numbers: Vec<i64> = ledger.iter().map(|entry| entry.number).collect();
        if numbers != (1..=stock.movements).collect::<Vec<_>>() {
            return Err(format!("{}: numbers {numbers:?}", item.ingredient));
        }
        let mut on_hand = 0;
        for entry in ledger {
            on_hand += entry.movement.delta;
            if entry.movement.on_hand != on_hand {
                return Err(format!("{}: {on_hand} after {:?}", item.ingredient, entry.movement));
            }
        }
        let open = world.reservations.values();
        let open = open.filter(|reservation| reservation.status == ReservationStatus::Reserved);
        let portions = open.flat_map(|reservation| &reservation.ingredients);
        let reserved: i64 = portions.filter(|portion| portion.ingredient == item.ingredient).map(|p| p.quantity).sum();
        if (item.on_hand, item.reserved, item.available) != (on_hand, reserved, on_hand - reserved) {
            return Err(format!("{item:?}, but the ledger has {on_hand} and orders hold {reserved}"));
        }
        let low = item.reorder_point.is_some_and(|point| item.available <= point);
        if item.low != low {
            return Err(format!("{item:?} should be low: {low}"));
        }
    }
    Ok(())
}

/// How many portions of an item can be had, from what is available of every ingredient; none where nothing limits it.
fn portions(world: &World, key: &str) -> Option<i64> {
    let portions = world.recipes.get(key)?.ingredients.iter().map(|portion| {
        let available = world.stock[&format!("soho/{}", portion.ingredient)].item.available;
        available.div_euclid(portion.quantity).max(0)
    });
    portions.min()
}

/// Whether the menu shows what the count and the manual 86s say, whatever was said before.
fn shows(world: &World) -> Result<(), String> {
    for (key, item) in &world.items {
        let count = portions(world, key).filter(|portions| *portions <= 5);
        let expected = match item.block {
            Some(block) => (false, AvailabilityCause::Manual, block.until, Some(0)),
            None => (count != Some(0), AvailabilityCause::Count, None, count),
        };
        let shown = &item.shown;
        if (shown.available, shown.cause, shown.until, shown.left) != expected {
            return Err(format!("{item:?} should show {expected:?}"));
        }
    }
    Ok(())
}

/// Each subject's sequence counts what was said about it.
fn counts_up(last: &mut BTreeMap<String, i64>, said: &Said) -> Result<(), String> {
    let noun = said.kind.split('.').next().unwrap_or_default();
    let before = last.insert(format!("{noun}:{}", said.subject), said.sequence).unwrap_or(0);
    if said.sequence == before + 1 { Ok(()) } else { Err(format!("{} v{} after {before}", said.kind, said.sequence)) }
}

proptest! {
    #[test]
    fn everything_always_adds_up(steps in vec(step(), 1..60)) {
        let mut world = World::default();
        let mut last = BTreeMap::new();
        for step in INGREDIENTS.map(|name| Step::Stock(name, Some(200))).into_iter().chain(steps) {
            for said in batch(&mut world, std::slice::from_ref(&step)).into_iter().flatten().flatten() {
                counts_up(&mut last, &said).map_err(TestCaseError::fail)?;
            }
            balanced(&world).map_err(TestCaseError::fail)?;
            shows(&world).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn a_refusal_changes_nothing(before in vec(step(), 0..20), steps in vec(step(), 1..20)) {
        let mut world = World::default();
        batch(&mut world, &before);
        for step in steps {
            let rows = world.rows();
            if batch(&mut world, &[step])[0].is_err() {
                prop_assert_eq!(world.rows(), rows);
            }
        }
    }

    #[test]
    fn a_batch_decides_as_its_inputs_would_alone(steps in vec(step(), 1..40), sizes in vec(1..12usize, 40)) {
        let (mut whole, mut reach) = (opened(1000), opened(1000));
        whole.load_all = true;
        let mut rest = &steps[..];
        for size in sizes {
            let (now, later) = rest.split_at(size.min(rest.len()));
            rest = later;
            let clock = whole.clock;
            let alone: Vec<_> = now.iter().flat_map(|step| {
                whole.clock = clock;
                batch(&mut whole, std::slice::from_ref(step))
            }).collect();
            let together = batch(&mut reach, now);
            whole.clock = reach.clock;
            prop_assert_eq!(format!("{alone:?}"), format!("{together:?}"));
        }
        prop_assert_eq!(whole.rows(), reach.rows());
    }

    #[test]
    fn never_oversold(steps in vec(step(), 1..80), quantity in 0..3000i64) {
        let mut world = opened(quantity);
        for step in steps {
            if matches!(step, Step::Move(Entered::Count | Entered::Waste, ..)) {
                continue;
            }
            batch(&mut world, &[step]);
            prop_assert!(world.stock.values().all(|stock| stock.item.reserved <= stock.item.on_hand));
        }
    }

    #[test]
    fn the_same_news_in_any_order_and_any_number_come_to_the_same(
        orders in vec((lines(), select(&["open", "cancel", "reject", "start"][..])), 1..=ORDERS.len()),
        shuffle in vec(any::<Index>(), 100),
        sizes in vec(1..12usize, 100),
    ) {
        // Enough of everything: who comes first makes no difference.
        let (mut straight, mut shuffled) = (opened(1_000_000), opened(1_000_000));
        let mut news = Vec::new();
        for ((lines, end), name) in orders.iter().zip(ORDERS) {
            let placed = Step::Place(name, lines.clone(), 200);
            let ended = match *end {
                "cancel" => Some(Step::Cancel(name)),
                "reject" => Some(Step::Reject(name)),
                "start" => Some(Step::Start(name)),
                _ => None,
            };
            news.extend([Some(placed), ended].into_iter().flatten());
        }
        news.iter().for_each(|step| drop(batch(&mut straight, std::slice::from_ref(step))));
        deliver(&mut shuffled, news, &shuffle, &sizes).map_err(TestCaseError::fail)?;
        prop_assert_eq!(statuses(&shuffled), statuses(&straight));
        prop_assert_eq!(shuffled.left(), straight.left());
    }
}

#[test]
fn an_order_of_the_same_batch_takes_by_the_new_recipe() {
    let mut world = opened(1000);
    let recipe = Step::Recipe("margherita", BTreeMap::from([("flour", 800)]));
    batch(&mut world, &[recipe, Step::Place("a", vec![("margherita", 1, Vec::new())], 200)]);
    assert_eq!(world.stock["soho/flour"].item.available, 200);
    assert!(!world.items["soho/focaccia"].shown.available);
}

/// Delivers the news shuffled, each once to three times. A start comes after its order was taken in: the kitchen
/// starts only what was reserved.
fn deliver(world: &mut World, news: Vec<Step>, shuffle: &[Index], sizes: &[usize]) -> Result<(), String> {
    let mut copies: Vec<Step> = news.iter().chain(&news).chain(&news).cloned().collect();
    for (at, index) in shuffle.iter().enumerate().take(copies.len()) {
        let other = index.index(copies.len());
        copies.swap(at, other);
    }
    // The last copies are lost; what was not delivered at all comes again in the end.
    copies.truncate(news.len() * 2);
    copies.extend(news);
    let mut placed = BTreeSet::new();
    let mut sizes = sizes.iter().cycle();
    let mut waiting: Vec<Step> = Vec::new();
    for step in copies {
        match &step {
            Step::Start(name) if !placed.contains(name) => continue,
            Step::Place(name, ..) => drop(placed.insert(*name)),
            _ => {}
        }
        waiting.push(step);
        if sizes.next().is_some_and(|size| waiting.len() >= *size) {
            batch(world, &std::mem::take(&mut waiting));
            balanced(world)?;
        }
    }
    batch(world, &waiting);
    balanced(world)
}

fn statuses(world: &World) -> Vec<Option<ReservationStatus>> {
    ORDERS.iter().map(|name| world.status(name)).collect()
}
