//! `comanda replay --compare`: what a service has stored, held against what its journal comes to, row by row. Nothing that
//! is stored is unexplained, and nothing that was decided is missing.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, bail, ensure};
use serde_json::json;
use shared::{
    db::Db,
    engine::{
        replay::Sandbox,
        service::Service,
        state::{self, Fingerprint, RowFingerprints, State},
    },
};

use super::{
    escaped, paint,
    past::{PAGE, Past},
    progress::Progress,
    replay::run::{Bound, Run},
    sandbox::Directory,
    say,
};
use crate::api::Api;

/// So many rows of a table are named.
const NAMED_MAX: usize = 10;

/// Where a service runs, and what it was told.
pub(super) struct Running<'a> {
    pub(super) api: &'a Api,
    pub(super) past: &'a Past,
    pub(super) json: bool,
}

/// A row that is not what the journal comes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    key: String,
    what: &'static str,
}

const UNEXPLAINED: &str = "no input explains it";
const OTHER: &str = "its inputs come to another";
const MISSING: &str = "it is missing";

impl Running<'_> {
    /// In a sandbox of its own; whether they are the same.
    pub(super) async fn compare<S: Service>(&self) -> Result<bool> {
        let directory = Directory::new(None)?;
        let unseen = Progress::unseen();
        let run = Run { past: self.past, bound: Bound::Position(0), watch: None, progress: &unseen };
        let (mut sandbox, _) = run.again::<S>(Db::open(&directory.url::<S>()).await?).await?;
        let same = self.compare_with::<S>(&mut sandbox).await;
        sandbox.db().close().await;
        same
    }

    /// The sandbox is run as far as the service is.
    pub(super) async fn compare_with<S: Service>(&self, sandbox: &mut Sandbox) -> Result<bool> {
        let theirs: State = self.api.read_slowly(&format!("/v1/state/{}", S::FEED)).await?;
        self.catch_up::<S>(sandbox, theirs.position).await?;
        let ours = state::of(sandbox.db(), &state::tables::<S>(), Some(&theirs)).await?;
        let there = theirs.tables.iter().map(|table| (table.table.as_str(), table));
        let there: HashMap<&str, &Fingerprint> = there.collect();
        let differing = ours.tables.iter().filter(|table| there.get(table.table.as_str()) != Some(table));
        let differing: Vec<&Fingerprint> = differing.collect();
        let rows: i64 = theirs.tables.iter().map(|table| table.rows).sum();
        if differing.is_empty() && !self.json {
            let tables = ours.tables.len();
            say(&format!(
                "{}: {tables} tables with {rows} rows {}, at entry {}",
                S::NAME,
                paint::right("are what its journal comes to"),
                theirs.position
            ))?;
        }
        if self.json {
            say(&json!({ "service": S::NAME, "position": theirs.position, "same": differing.is_empty(),
                "tables": theirs.tables, "run_again": ours.tables })
            .to_string())?;
        }
        let same = differing.is_empty();
        for table in differing {
            let theirs = there.get(table.table.as_str()).map_or(0, |table| table.rows);
            let differences = self.differences::<S>(sandbox, &table.table).await?;
            self.tell::<S>(table, theirs, &differences)?;
        }
        Ok(same)
    }

    fn tell<S: Service>(&self, table: &Fingerprint, theirs: i64, differences: &[Difference]) -> Result<()> {
        let Fingerprint { table, rows, .. } = table;
        if self.json {
            return differences.iter().try_for_each(|Difference { key, what }| {
                say(&json!({ "service": S::NAME, "table": table, "key": key, "difference": what }).to_string())
            });
        }
        say(&format!(
            "{}: {table} {}: {theirs} rows, and {rows} by the journal",
            S::NAME,
            paint::wrong("is not what its journal comes to")
        ))?;
        for Difference { key, what } in differences.iter().take(NAMED_MAX) {
            say(&format!("  {table} {key}: {}", paint::wrong(what)))?;
        }
        match differences.len() {
            0 => say("  while rows were compared one by one, they were the same"),
            more if more > NAMED_MAX => say(&format!("  and {} more", more - NAMED_MAX)),
            _ => Ok(()),
        }
    }

    async fn catch_up<S: Service>(&self, sandbox: &mut Sandbox, position: i64) -> Result<()> {
        let progress = Progress::new("entries", position - sandbox.position);
        let run = Run { past: self.past, bound: Bound::Position(position), watch: None, progress: &progress };
        if let Some(difference) = run.go_on::<S>(sandbox).await?.difference {
            bail!("{} decides differently than it did: there is nothing to compare\n{difference}", S::NAME);
        }
        ensure!(sandbox.position >= position, "its journal ends before entry {position}, which it has come to");
        Ok(())
    }

    /// Row by row, in the order of their keys. The service may go on meanwhile: so does the sandbox.
    async fn differences<S: Service>(&self, sandbox: &mut Sandbox, table: &str) -> Result<Vec<Difference>> {
        let Some(table) = state::tables::<S>().into_iter().find(|known| *known == table) else { return Ok(Vec::new()) };
        let mut ours = all(sandbox.db(), table).await?;
        let (mut missing, mut found): (HashSet<String>, _) = (ours.keys().cloned().collect(), Vec::new());
        let mut after = String::new();
        loop {
            let path = format!("/v1/state/{}/{table}?limit={PAGE}{after}", S::FEED);
            let RowFingerprints { position, items, next } = self.api.read(&path).await?;
            if position > sandbox.position {
                self.catch_up::<S>(sandbox, position).await?;
                ours = all(sandbox.db(), table).await?;
            }
            for row in items {
                missing.remove(&row.key);
                match ours.get(&row.key) {
                    None => found.push(Difference { key: row.key, what: UNEXPLAINED }),
                    Some(sha256) if *sha256 != row.sha256 => found.push(Difference { key: row.key, what: OTHER }),
                    Some(_) => {}
                }
            }
            match next {
                Some(next) => after = format!("&after={}", escaped(&next)),
                None => break,
            }
        }
        found.extend(missing.into_iter().map(|key| Difference { key, what: MISSING }));
        found.sort();
        Ok(found)
    }
}

async fn all(db: &Db, table: &'static str) -> Result<HashMap<String, String>> {
    let (mut all, mut after) = (HashMap::new(), None);
    loop {
        let page = state::rows(db, table, after.as_deref(), i64::try_from(PAGE)?).await?;
        all.extend(page.items.into_iter().map(|row| (row.key, row.sha256)));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}
