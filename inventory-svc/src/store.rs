//! Tables and rows: what a batch loads and saves, and the reads behind the GET routes.

pub(crate) mod day;

use std::collections::BTreeSet;

use anyhow::Result;
use shared::{
    contract::{
        Subject,
        access::AccessKey,
        stock::{Availability, Recipe, Reservation, StockItem},
        time::Time,
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
    availability::{Item, Outage},
    needs,
    stock::{Entry, Stock},
};

/// What has fallen due is taken up this many at a time.
const DUE_MAX: i64 = 100;

impl Record for Stock {
    const TABLE: &'static str = "stock";
    fn key(&self) -> String {
        self.item.subject()
    }
}

impl Record for Entry {
    const TABLE: &'static str = "movements";
    fn key(&self) -> String {
        self.movement.id.to_string()
    }
}

impl Record for Item {
    const TABLE: &'static str = "availability";
    fn key(&self) -> String {
        self.shown.subject()
    }
}

impl Record for Outage {
    const TABLE: &'static str = "outages";
    fn key(&self) -> String {
        format!("{}/{}", self.location.key(&self.sku), self.version)
    }
}

/// Three statements, whatever the size of the batch.
pub(crate) async fn load(tx: &mut Tx, batch: &[&Input<Command>]) -> Result<State> {
    let commands = || batch.iter().map(|input| &input.command);
    let mut first = Load::default()
        .lock::<Remembered>(commands().filter_map(needs::key_of_request))
        .lock::<Reservation>(commands().filter_map(needs::order))
        // Not locked: an order may well be served by the recipe as it was, and two edits meet in the guarded write.
        .read::<Recipe>(commands().flat_map(needs::recipes))
        .lock::<AccessKey>(commands().filter_map(access_key))
        .run(tx)
        .await?;
    let (keys, reservations, recipes, access) = (first.rows()?, first.rows()?, first.rows()?, first.rows()?);
    let mut swings = needs::Swings::new();
    commands().for_each(|command| needs::add_swings(&mut swings, command, &reservations, &recipes));
    let mut second =
        Load::default().lock::<Entry>(remembered(&keys)).lock::<Stock>(swings.keys().cloned()).run(tx).await?;
    let (movements, stock): (_, Rows<Stock>) = (second.rows()?, second.rows()?);
    let in_reach = stock.iter().flat_map(|stock| needs::items_in_reach(stock, &swings));
    let items: BTreeSet<String> = commands().flat_map(needs::items).chain(in_reach).collect();
    let items = Rows::load(tx, items).await?;
    Ok(State { keys, reservations, recipes, stock, items, outages: Rows::default(), movements, access })
}

fn access_key(command: &Command) -> Option<String> {
    match command {
        Command::Key(key) => Some(key.subject()),
        _ => None,
    }
}

fn remembered(keys: &Rows<Remembered>) -> Vec<String> {
    keys.iter().map(|key| key.resource.clone()).collect()
}

pub(crate) fn save(tx: &mut Tx, state: State) -> Result<()> {
    let State { keys, reservations, recipes, stock, items, outages, movements, access } = state;
    keys.save(tx)?;
    reservations.save(tx)?;
    recipes.save(tx)?;
    stock.save(tx)?;
    items.save(tx)?;
    outages.save(tx)?;
    movements.save(tx)?;
    access.save(tx)
}

/// Manual 86s whose time is past, longest first.
pub(crate) async fn due(db: &Db, now: Time) -> Result<Vec<Command>> {
    let sql = "SELECT doc FROM availability WHERE until <= $1 ORDER BY until LIMIT $2";
    let items: Vec<Item> = db.docs(sql, [now.to_string().into(), DUE_MAX.into()]).await?;
    let lapse = |Item { shown, .. }: Item| Command::Lapse { location: shown.location, sku: shown.sku };
    Ok(items.into_iter().map(lapse).collect())
}

pub(crate) async fn stock(db: &Db, location: &Slug, after: Option<Slug>, limit: i64) -> Result<Vec<StockItem>> {
    let sql = "SELECT doc FROM stock WHERE location = $1 AND ingredient > $2 ORDER BY ingredient LIMIT $3";
    let rows: Vec<Stock> = db.docs(sql, page(location, after, limit)).await?;
    Ok(rows.into_iter().map(|row| row.item).collect())
}

/// Where there is stock, by name.
pub(crate) async fn locations(db: &Db, after: Option<Slug>, limit: i64) -> Result<Vec<Slug>> {
    let sql = "SELECT DISTINCT location FROM stock WHERE location > $1 ORDER BY location LIMIT $2";
    let rows: Vec<(String,)> = db.fetch(sql, [start(after), limit.into()]).await?;
    rows.into_iter().map(|(location,)| Slug::try_from(location).map_err(anyhow::Error::msg)).collect()
}

pub(crate) async fn recipes(db: &Db, location: &Slug, after: Option<Sku>, limit: i64) -> Result<Vec<Recipe>> {
    let sql = "SELECT doc FROM recipes WHERE location = $1 AND sku > $2 ORDER BY sku LIMIT $3";
    db.docs(sql, page(location, after, limit)).await
}

pub(crate) async fn availability(
    db: &Db,
    location: &Slug,
    after: Option<Sku>,
    limit: i64,
) -> Result<Vec<Availability>> {
    let sql = "SELECT doc FROM availability WHERE location = $1 AND sku > $2 ORDER BY sku LIMIT $3";
    let rows: Vec<Item> = db.docs(sql, page(location, after, limit)).await?;
    Ok(rows.into_iter().map(|row| row.shown).collect())
}

fn page(location: &Slug, after: Option<impl Into<String>>, limit: i64) -> [Value; 3] {
    [Value::from(location.to_string()), start(after), limit.into()]
}

/// What a list goes on behind: every name is behind the empty one.
fn start(after: Option<impl Into<String>>) -> Value {
    after.map_or(String::new(), Into::into).into()
}

pub(crate) async fn recipe(db: &Db, location: &Slug, sku: &str) -> Result<Option<Recipe>> {
    db.doc("SELECT doc FROM recipes WHERE key = $1", [location.key(sku).into()]).await
}

pub(crate) async fn reservation(db: &Db, order: Uuid) -> Result<Option<Reservation>> {
    db.doc("SELECT doc FROM reservations WHERE key = $1", [order.to_string().into()]).await
}

/// The ledger of an ingredient, newest first, all or before a number; `None` where there is no such ingredient.
pub(crate) async fn ledger(db: &Db, stock: &str, before: Option<i64>, limit: i64) -> Result<Option<Vec<Entry>>> {
    let sql = "SELECT doc FROM movements WHERE stock = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
    let entries: Vec<Entry> =
        db.docs(sql, [Value::from(stock), before.unwrap_or(i64::MAX).into(), limit.into()]).await?;
    if !entries.is_empty() {
        return Ok(Some(entries));
    }
    let known: Vec<(i64,)> = db.fetch("SELECT revision FROM stock WHERE key = $1", [stock.into()]).await?;
    Ok(known.first().map(|_| entries))
}

#[cfg(test)]
mod tests;
