//! The rows of the service: what a batch loads and saves, and the reads of the handlers.

pub(crate) mod day;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use shared::{
    contract::{
        Subject,
        access::AccessKey,
        order::{Location, MenuItem, Order, OrderStatus},
        pace::Pace,
        stock::Availability,
        time::{DayStarts, Time},
        types::{Sku, Slug},
    },
    db::{Db, Tx, Value},
    engine::{
        idempotency::Remembered,
        rows::{Load, Record, Rows},
        service::Input,
    },
};
use uuid::Uuid;

use crate::domain::{
    Command, State,
    keys::Pairing,
    place::{LastNumber, Place, day_key},
};

/// What has fallen due is taken up this many at a time.
const DUE_MAX: i64 = 500;

impl Record for Pairing {
    const TABLE: &'static str = "pairings";
    fn key(&self) -> String {
        self.slot.clone()
    }
}

impl Record for LastNumber {
    const TABLE: &'static str = "order_numbers";
    fn key(&self) -> String {
        self.day.clone()
    }
}

/// The keys of the rows that a batch touches.
#[derive(Debug, Default)]
struct Keys<'a> {
    keys: Vec<String>,
    orders: Vec<String>,
    locations: BTreeSet<&'a Slug>,
    /// Locked as well: those whose currency, or whose first price, the batch may put.
    described: BTreeSet<&'a Slug>,
    menu: BTreeSet<String>,
    availabilities: Vec<String>,
    access: Vec<String>,
    pairings: Vec<String>,
    paces: BTreeSet<&'a Slug>,
}

impl<'a> Keys<'a> {
    fn of(batch: &[&'a Input<Command>]) -> Self {
        let mut keys = Self::default();
        batch.iter().for_each(|input| keys.add(&input.command));
        keys
    }

    fn add(&mut self, command: &'a Command) {
        match command {
            Command::Place(place) => self.add_placed(place),
            Command::Cancel { order, .. }
            | Command::Expire { order }
            | Command::Reserved { order }
            | Command::Short { order, .. } => self.orders.push(order.to_string()),
            Command::Ticket(ticket) => self.orders.push(ticket.order.to_string()),
            Command::PutLocation { location, .. } | Command::SetMode { location, .. } => {
                self.described.insert(location);
            }
            Command::RemoveItem { location, sku } => {
                self.described.insert(location);
                self.menu.insert(location.key(sku));
            }
            Command::PutItem { location, sku, .. } => {
                self.described.insert(location);
                self.menu.insert(location.key(sku));
                self.availabilities.push(location.key(sku));
            }
            Command::IssueKey(new) => self.access.push(AccessKey::id_of(&new.fingerprint).to_string()),
            Command::RevokeKey { id } => self.access.push(id.to_string()),
            Command::StartPairing(wanted) => self.pairings.push(wanted.slot.clone()),
            Command::ConfirmPairing { code, .. } => self.pairings.push(Pairing::slot(code)),
            Command::Pace(pace) => drop(self.paces.insert(&pace.location)),
            Command::Availability(word) => {
                self.menu.insert(word.subject());
                self.availabilities.push(word.subject());
            }
        }
    }

    fn add_placed(&mut self, place: &'a Place) {
        let order = &place.order;
        self.keys.extend(place.bound().map(|once| once.key.clone()));
        self.locations.insert(&order.location);
        self.paces.insert(&order.location);
        for line in order.lines.iter() {
            let skus = std::iter::once(&line.sku).chain(line.modifiers.iter());
            self.menu.extend(skus.map(|sku| order.location.key(sku)));
        }
    }
}

/// Rows that are hardly ever written are read without a lock: their revisions settle the races. Only prices and the
/// currency that they are in are rows of two tables, so the location is locked for both.
pub(crate) async fn load(tx: &mut Tx, batch: &[&Input<Command>]) -> Result<State> {
    let wanted = Keys::of(batch);
    let mut first = Load::default()
        .lock::<Remembered>(wanted.keys)
        .lock::<Location>(wanted.described.iter().map(|slug| slug.to_string()))
        .read::<Location>(wanted.locations.difference(&wanted.described).map(|slug| slug.to_string()))
        .read::<MenuItem>(wanted.menu)
        .lock::<Availability>(wanted.availabilities)
        .lock::<Pairing>(wanted.pairings)
        .read::<Pace>(wanted.paces.iter().map(|slug| slug.to_string()))
        .run(tx)
        .await?;
    let (keys, locations, menu, availabilities) = (first.rows()?, first.rows()?, first.rows()?, first.rows()?);
    let (pairings, paces): (Rows<Pairing>, Rows<Pace>) = (first.rows()?, first.rows()?);
    let paired = pairings.iter().map(|waiting| AccessKey::id_of(&waiting.fingerprint).to_string());
    let repeated = Rows::<Remembered>::iter(&keys).map(|known| known.resource.clone());
    let mut second = Load::default()
        .lock::<Order>(wanted.orders.into_iter().chain(repeated))
        .lock::<LastNumber>(days(batch, &locations))
        .lock::<AccessKey>(wanted.access.into_iter().chain(paired))
        .run(tx)
        .await?;
    let (orders, numbers, access) = (second.rows()?, second.rows()?, second.rows()?);
    let priced = priced(tx, batch).await?;
    Ok(State { keys, orders, locations, menu, availabilities, numbers, access, pairings, paces, priced })
}

/// What is on the menus of the locations that the batch puts, after these were locked.
async fn priced(tx: &mut Tx, batch: &[&Input<Command>]) -> Result<BTreeMap<Slug, Vec<String>>> {
    let sql = "SELECT key FROM menu_items WHERE location = $1 AND doc->>'removed' IS NULL ORDER BY key LIMIT $2";
    let removals = batch.iter().filter(|input| matches!(input.command, Command::RemoveItem { .. })).count();
    let limit = i64::try_from(removals)? + 1;
    let mut priced = BTreeMap::new();
    for input in batch {
        let Command::PutLocation { location, .. } = &input.command else { continue };
        if !priced.contains_key(location) {
            let keys: Vec<(String,)> = tx.fetch(sql, [location.to_string().into(), limit.into()]).await?;
            priced.insert(location.clone(), keys.into_iter().map(|(key,)| key).collect());
        }
    }
    Ok(priced)
}

/// The business days on which orders are placed, also where the batch itself changes when the location's days begin.
fn days(batch: &[&Input<Command>], locations: &Rows<Location>) -> BTreeSet<String> {
    let mut reckonings: HashMap<&str, Vec<(&str, DayStarts)>> = HashMap::new();
    for known in locations.iter() {
        reckonings.entry(&known.location).or_default().push((&known.timezone, known.day_starts));
    }
    for input in batch {
        if let Command::PutLocation { location, put } = &input.command {
            reckonings.entry(location).or_default().push((&put.timezone, put.day_starts));
        }
    }
    let placed = batch.iter().filter_map(|input| match &input.command {
        Command::Place(place) => Some((&place.order.location, input.at)),
        _ => None,
    });
    let days = placed.flat_map(|(location, at)| {
        reckonings.get(&**location).into_iter().flatten().map(move |reckoning| day_key(location, *reckoning, at))
    });
    days.collect()
}

pub(crate) fn save(tx: &mut Tx, state: State) -> Result<()> {
    let State { keys, orders, locations, menu, availabilities, numbers, access, pairings, paces, priced: _ } = state;
    keys.save(tx)?;
    orders.save(tx)?;
    locations.save(tx)?;
    menu.save(tx)?;
    availabilities.save(tx)?;
    numbers.save(tx)?;
    access.save(tx)?;
    pairings.save(tx)?;
    paces.save(tx)
}

/// Orders that nobody decided in time, the oldest first.
pub(crate) async fn due(db: &Db, now: Time) -> Result<Vec<Command>> {
    let sql = "SELECT key FROM orders WHERE status = 'placed' AND accept_by < $1 ORDER BY accept_by LIMIT $2";
    let keys: Vec<(String,)> = db.fetch(sql, [now.to_string().into(), DUE_MAX.into()]).await?;
    keys.iter().map(|(key,)| Ok(Command::Expire { order: key.parse()? })).collect()
}

/// Since when the one has waited that is due first, which is the oldest unless the setting was changed.
pub(crate) async fn oldest_undecided(db: &Db) -> Result<Option<Time>> {
    let sql = "SELECT doc FROM orders WHERE status = 'placed' ORDER BY accept_by LIMIT 1";
    Ok(db.doc::<Order>(sql, []).await?.map(|order| order.placed_at))
}

pub(crate) async fn order(db: &Db, id: Uuid) -> Result<Option<Order>> {
    db.doc("SELECT doc FROM orders WHERE key = $1", [id.to_string().into()]).await
}

const NEWEST: &str = "SELECT doc FROM orders WHERE key < $1 ORDER BY key DESC LIMIT $2";
const NEWEST_OF_LOCATION: &str = "SELECT doc FROM orders WHERE key < $1 AND location = $3 ORDER BY key DESC LIMIT $2";
const NEWEST_OF_STATUS: &str = "SELECT doc FROM orders WHERE key < $1 AND status = $3 ORDER BY key DESC LIMIT $2";
const NEWEST_OF_BOTH: &str = "SELECT doc FROM orders WHERE key < $1 AND location = $3 AND status = $4 \
                              ORDER BY key DESC LIMIT $2";

/// The newest orders, or the newest before one.
pub(crate) async fn newest(
    db: &Db,
    location: Option<Slug>,
    status: Option<OrderStatus>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Order>> {
    let status = status.map(serde_json::to_value).transpose()?.and_then(|status| status.as_str().map(Value::from));
    let location = location.map(|location| Value::from(String::from(location)));
    // Each has a statement, since each has an index.
    let sql = match (&location, &status) {
        (None, None) => NEWEST,
        (Some(_), None) => NEWEST_OF_LOCATION,
        (None, Some(_)) => NEWEST_OF_STATUS,
        (Some(_), Some(_)) => NEWEST_OF_BOTH,
    };
    let page = [before.unwrap_or(Uuid::max()).to_string().into(), limit.into()];
    db.docs(sql, page.into_iter().chain(location).chain(status).collect::<Vec<Value>>()).await
}

pub(crate) async fn location(db: &Db, slug: &Slug) -> Result<Option<Location>> {
    db.doc("SELECT doc FROM locations WHERE key = $1", [slug.to_string().into()]).await
}

/// By slug.
pub(crate) async fn locations(db: &Db, after: Option<Slug>, limit: i64) -> Result<Vec<Location>> {
    let sql = "SELECT doc FROM locations WHERE key > $1 ORDER BY key LIMIT $2";
    db.docs(sql, [after.map_or(String::new(), String::from).into(), limit.into()]).await
}

pub(crate) async fn pace(db: &Db, location: &Slug) -> Result<Option<Pace>> {
    db.doc("SELECT doc FROM paces WHERE key = $1", [location.to_string().into()]).await
}

/// Of the locations from one to another.
pub(crate) async fn paces(db: &Db, first: &Slug, last: &Slug) -> Result<Vec<Pace>> {
    let sql = "SELECT paces.doc FROM locations JOIN paces ON paces.key = locations.key \
               WHERE locations.key >= $1 AND locations.key <= $2";
    db.docs(sql, [first.to_string().into(), last.to_string().into()]).await
}

/// By sku: a key is the location's slug and the sku.
pub(crate) async fn menu(db: &Db, location: &Slug, after: Option<Sku>, limit: i64) -> Result<Vec<MenuItem>> {
    let sql = "SELECT doc FROM menu_items WHERE location = $1 AND key > $2 AND doc->>'removed' IS NULL \
               ORDER BY key LIMIT $3";
    let after = location.key(after.as_deref().unwrap_or_default());
    db.docs(sql, [location.to_string().into(), after.into(), limit.into()]).await
}
