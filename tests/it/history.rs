//! Every history that a test makes is run again at its end, entry by entry and in as few transactions as can be: the
//! same events, the same verdicts, the same rows.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde_json::Value;
use shared::{
    db::Db,
    engine::{
        journal::{self, Entry},
        log,
        replay::{Said, Sandbox},
        service::Service,
    },
};
use sqlx::types::Json;

use crate::harness::scratch;

/// Of order-svc, inventory-svc, kitchen-svc.
pub(crate) async fn run_again(databases: &[Db]) -> Result<()> {
    let [orders, inventory, kitchen] = databases else { return Ok(()) };
    again::<OrderSvc>(orders).await?;
    again::<InventorySvc>(inventory).await?;
    again::<KitchenSvc>(kitchen).await
}

async fn again<S: Service>(db: &Db) -> Result<()> {
    if journal::bounds(db).await?.first > 1 {
        return Ok(());
    }
    let (entries, said, then) = at_one_moment(db, S::TABLES).await?;
    for at_once in [1, entries.len().max(1)] {
        let scratch = scratch();
        let sandbox = Db::open(&format!("sqlite:{}/again.db", scratch.path().display())).await?;
        let mut sandbox = Sandbox::new::<S>(sandbox).await?;
        for entries in entries.chunks(at_once) {
            let steps = sandbox.run::<S>(entries, &said).await.with_context(|| format!("{} run again", S::NAME))?;
            let difference = steps.into_iter().find_map(|step| step.difference);
            ensure!(difference.is_none(), "{}: {}", S::NAME, difference.context("a difference")?);
        }
        for (table, then) in &then {
            let now = docs(sandbox.db(), table).await?;
            ensure!(*then == now, "{}: {table} is {then:#?}, run again {now:#?}", S::NAME);
        }
        sandbox.db().close().await;
    }
    Ok(())
}

type Tables = BTreeMap<&'static str, BTreeMap<String, Value>>;

/// History and state, between which nothing was decided: the service may still run, and time alone makes it decide.
async fn at_one_moment(db: &Db, tables: &[&'static str]) -> Result<(Vec<Entry>, Said, Tables)> {
    loop {
        let head = journal::bounds(db).await?.head;
        let mut then = Tables::new();
        for table in tables.iter().chain(&["inbox", "idempotency_keys"]) {
            then.insert(table, docs(db, table).await?);
        }
        let (entries, said) = (told(db).await?, said(db).await?);
        if journal::bounds(db).await?.head == head {
            return Ok((entries, said, then));
        }
    }
}

/// All that the service was told, of which nothing has been forgotten yet.
pub(crate) async fn told(db: &Db) -> Result<Vec<Entry>> {
    let (mut told, mut position) = (Vec::new(), 0);
    loop {
        let page = journal::after(db, position, 500).await?;
        let Some(last) = page.last() else { return Ok(told) };
        position = last.position;
        told.extend(page);
    }
}

/// All that it has said.
pub(crate) async fn said(db: &Db) -> Result<Said> {
    let (mut said, mut position) = (Vec::new(), 0);
    loop {
        let page = log::after(db, position, 500).await?;
        let Some(last) = page.last() else { return Ok(Said::from(1, said)) };
        position = last.position;
        said.extend(page.into_iter().map(|entry| entry.doc));
    }
}

/// Every row, but for how often it was written: that is a matter of batches.
async fn docs(db: &Db, table: &str) -> Result<BTreeMap<String, Value>> {
    Ok(rows(db, table).await?.into_iter().map(|(key, (_, doc))| (key, doc)).collect())
}

/// Every row with its revision.
pub(crate) async fn rows(db: &Db, table: &str) -> Result<BTreeMap<String, (i64, Value)>> {
    let sql = Box::leak(format!("SELECT key, revision, doc FROM {table}").into_boxed_str());
    let rows: Vec<(String, i64, Json<Value>)> = db.fetch(sql, []).await?;
    Ok(rows.into_iter().map(|(key, revision, Json(doc))| (key, (revision, doc))).collect())
}
