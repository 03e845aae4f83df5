//! A service's database moved to another, on whichever backend: every row of every table. Of the two databases the
//! service starts on one at most, whatever happens in between, so that its history never goes two ways.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::{
    db::{Cells, Columns, Db, Kind, Table, Value},
    engine::{
        schema::{self, Migration},
        service::Service,
        state::Sum,
        unfinished::{Unfinished, alone},
    },
};

/// What a service starts on again once a move was given up.
pub(super) const HOW_IT_STAYS: &str =
    "where that was given up, `comanda migrate-data --give-up` lets it start there again";

type Column = (&'static str, Kind);
const DOCUMENT: &[Column] = &[("key", Kind::Text), ("revision", Kind::Int), ("doc", Kind::Json)];
/// An entry of the journal holds a batch, a letter up to a megabyte.
const DOCUMENTS: i64 = 200;
const ENTRIES: i64 = 20;
const LETTERS: i64 = 4;

/// Whose database it is each says for itself, and the probe says nothing.
const LEFT: [&str; 2] = ["owner", "probe"];
/// Besides the service's own.
const PLUMBING: [Table; 10] = [
    document("inbox"),
    document("idempotency_keys"),
    document("attempts"),
    table(
        "event_log",
        &[
            ("position", Kind::Int),
            ("type", Kind::Text),
            ("subject", Kind::Text),
            ("location", Kind::Text),
            ("correlation", Kind::OptText),
            ("doc", Kind::Text),
        ],
    ),
    Table {
        piece: ENTRIES,
        ..table("journal", &[("position", Kind::Int), ("at", Kind::Text), ("said", Kind::Int), ("doc", Kind::Bytes)])
    },
    Table {
        piece: LETTERS,
        ..table(
            "dead_letters",
            &[
                ("id", Kind::Text),
                ("at", Kind::Text),
                ("event_type", Kind::OptText),
                ("subject", Kind::OptText),
                ("reason", Kind::Text),
                ("attempts", Kind::Int),
                ("body", Kind::Bytes),
                ("last_at", Kind::OptText),
            ],
        )
    },
    table("discarded", &[("id", Kind::Text), ("at", Kind::Text)]),
    table("access_key_uses", &[("key", Kind::Text), ("at", Kind::Text)]),
    table("event_log_head", &[("id", Kind::Int), ("position", Kind::Int), ("journal", Kind::Int)]),
    table(
        "floors",
        &[
            ("id", Kind::Int),
            ("event_log", Kind::Int),
            ("journal", Kind::Int),
            ("dead_letters", Kind::Text),
            ("inbox", Kind::Text),
        ],
    ),
];
const CURSOR: Table = table("relay_cursor", &[("id", Kind::Int), ("position", Kind::Int), ("bus", Kind::OptText)]);

/// What the migrations have put into the new one.
const CLEAR: [&str; 3] = ["DELETE FROM event_log_head", "DELETE FROM floors", "DELETE FROM relay_cursor"];

const fn document(name: &'static str) -> Table {
    table(name, DOCUMENT)
}

const fn table(name: &'static str, columns: &'static [Column]) -> Table {
    Table { name, columns, piece: DOCUMENTS }
}

/// The marks on the one that it leaves: while it is on its way, and once it is gone.
fn leaving(service: &str) -> String {
    format!("{service}, which is being moved to another database")
}

fn gone(service: &str) -> String {
    format!("{service}, which was moved to another database")
}

/// Whether a mark says that the service has left, or is about to.
pub(super) fn is_away<S: Service>(owner: &str) -> bool {
    owner == leaving(S::NAME) || owner == gone(S::NAME)
}

/// The service of the three whose database it is, by its mark; `None` where it holds none.
pub async fn service_of(db: &Db) -> Option<String> {
    let owner = schema::owner(db).await?;
    Some(owner.split(',').next().unwrap_or(&owner).to_owned())
}

/// Lets the service start again where a move of it was given up; whether it could not.
pub async fn give_up<S: Service>(db: &Db) -> Result<bool> {
    let owner = schema::owner(db).await.context("it holds no data of a service")?;
    let was_away = is_away::<S>(&owner);
    ensure!(was_away || owner == S::NAME, "the database belongs to {owner}");
    if was_away {
        schema::hand_over(db, S::NAME).await?;
    }
    Ok(was_away)
}

/// The database of one service, and the one that it moves to.
#[derive(Debug)]
pub struct Move {
    pub service: &'static str,
    tables: Vec<Table>,
    migrations: Vec<Migration>,
    from: Db,
    to: Db,
}

/// What was copied of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    pub table: &'static str,
    pub rows: i64,
    /// Of all cells of each row, summed over all rows in whatever order.
    pub sha256: String,
}

impl Move {
    /// Looks at both ends; an error where it cannot be done. Nothing is changed.
    pub async fn new<S: Service>(from: Db, to: Db) -> Result<Self> {
        let tables = S::TABLES.iter().map(|name| document(name)).chain(PLUMBING).chain([CURSOR]).collect();
        let new = Self { service: S::NAME, tables, migrations: schema::migrations::<S>(), from, to };
        new.refuse_source().await.context("--from")?;
        new.copy_of().refuse_full(&new.to).await.context("--to")?;
        Ok(new)
    }

    async fn refuse_source(&self) -> Result<()> {
        let service = self.service;
        let owner = schema::owner(&self.from).await.context("it holds no data of a service")?;
        ensure!(owner != gone(service), "the database belongs to {owner}; {HOW_IT_STAYS}");
        ensure!(owner == service || owner == leaving(service), "the database belongs to {owner}, not to {service}");
        let missing = self.from.outdated_by(&self.migrations).await?;
        ensure!(missing == 0, "it is of an earlier version; bring it up to date first: {service} migrate");
        let is_known = |(table, column): &(String, String)| {
            let known = self.tables.iter().find(|known| known.name == table);
            known.is_some_and(|known| known.columns.iter().any(|(name, _)| name == column))
                || LEFT.contains(&table.as_str())
        };
        if let Some((table, column)) = self.from.columns().await?.iter().find(|column| !is_known(column)) {
            bail!("{table}.{column} is nothing of ours, and would be lost");
        }
        alone(&self.from).await
    }

    /// From now on no service starts on either. An error where somebody uses one.
    pub async fn begin(&self) -> Result<()> {
        schema::hand_over(&self.from, &leaving(self.service)).await?;
        self.copy_of().begin(&self.to, &self.migrations).await.context("--to")?;
        let mut tx = self.to.begin().await?;
        for sql in CLEAR {
            tx.execute(sql, []).await?;
        }
        tx.commit().await.context("--to")?;
        alone(&self.from).await.context("--from")?;
        alone(&self.to).await.context("--to")
    }

    /// The rows that there are to copy; fewer where a table takes too long to count.
    pub async fn rows(&self) -> i64 {
        let mut rows = 0;
        for table in &self.tables {
            rows += self.from.count(table).await.unwrap_or_default();
        }
        rows
    }

    /// Copies all tables, then reads both again and compares them. `advance` hears of rows that were copied.
    pub async fn copy(&self, advance: impl Fn(usize)) -> Result<Vec<Copied>> {
        let mut copied = Vec::new();
        for table in &self.tables {
            copied.push(self.copy_table(table, &advance).await.with_context(|| format!("copy {}", table.name))?);
        }
        for (table, copied) in self.tables.iter().zip(&copied) {
            let there = read(&self.to, table).await.with_context(|| format!("read {} again", table.name))?;
            ensure!(
                there == *copied,
                "{} is not what it was: {copied:?} was copied, and {there:?} is there",
                table.name
            );
        }
        Ok(copied)
    }

    async fn copy_table(&self, table: &Table, advance: &impl Fn(usize)) -> Result<Copied> {
        let (mut after, mut rows, mut sum) = (None, 0, Sum::default());
        loop {
            let piece = self.from.piece(table, after).await.context("--from")?;
            let digests = digests(&piece)?;
            let Some(last) = last_key(&piece) else { break };
            digests.iter().for_each(|digest| sum.add(digest));
            rows += digests.len();
            let mut tx = self.to.begin().await?;
            tx.insert(table.name, piece);
            tx.commit().await.context("--to")?;
            advance(digests.len());
            after = Some(last);
        }
        Ok(Copied { table: table.name, rows: i64::try_from(rows)?, sha256: sum.to_string() })
    }

    /// The service starts on the copy from now on, and never on what it was copied from.
    pub async fn finish(&self) -> Result<()> {
        // Where an earlier version did not note on which bus its relay was, another may have taken its place.
        let mut tx = self.to.begin().await?;
        tx.execute("UPDATE relay_cursor SET bus = 'unknown' WHERE bus IS NULL AND position > 0", []).await?;
        tx.execute("UPDATE owner SET service = $1 WHERE id = 1", [self.service.into()]).await?;
        tx.commit().await.context("--to")?;
        schema::hand_over(&self.from, &gone(self.service)).await.context("--from")
    }

    /// The service stays where it is. What was copied is of no use; whether it could be removed.
    pub async fn abandon(&self) -> Result<bool> {
        schema::hand_over(&self.from, self.service).await.context("--from")?;
        Ok(self.copy_of().clear(&self.to).await.is_ok())
    }

    fn copy_of(&self) -> Unfinished {
        Unfinished::new("a copy", self.service)
    }

    pub async fn close(&self) {
        self.from.close().await;
        self.to.close().await;
    }
}

/// As [`Move::copy`] tells of what it has copied.
async fn read(db: &Db, table: &Table) -> Result<Copied> {
    let (mut after, mut rows, mut sum) = (None, 0, Sum::default());
    loop {
        let piece = db.piece(table, after).await?;
        let digests = digests(&piece)?;
        after = last_key(&piece);
        if after.is_none() {
            return Ok(Copied { table: table.name, rows: i64::try_from(rows)?, sha256: sum.to_string() });
        }
        digests.iter().for_each(|digest| sum.add(digest));
        rows += digests.len();
    }
}

/// Of the last row, if there is one.
fn last_key(piece: &Columns) -> Option<Value> {
    match &piece.first()?.1 {
        Cells::Int(keys) => keys.last().map(|key| (*key).into()),
        Cells::Text(keys) => keys.last().map(|key| key.clone().into()),
        _ => None,
    }
}

/// One a row. Documents count by what they say: one backend keeps their text, the other does not.
fn digests(piece: &Columns) -> Result<Vec<[u8; 32]>> {
    let rows = piece.first().map_or(0, |(_, cells)| cells.len());
    let mut hashers = vec![Sha256::new(); rows];
    for (name, cells) in piece {
        for (row, hasher) in hashers.iter_mut().enumerate() {
            let cell = match cells {
                Cells::Int(numbers) => serde_json::to_vec(&numbers[row])?,
                Cells::Text(texts) => serde_json::to_vec(&texts[row])?,
                Cells::OptText(texts) => serde_json::to_vec(&texts[row])?,
                Cells::Json(docs) => {
                    let doc: Json = serde_json::from_str(&docs[row]).with_context(|| format!("decode {name}"))?;
                    serde_json::to_vec(&doc)?
                }
                Cells::Bytes(bytes) => Sha256::digest(&bytes[row]).to_vec(),
            };
            hasher.update(name);
            hasher.update(cell);
        }
    }
    Ok(hashers.into_iter().map(|hasher| hasher.finalize().into()).collect())
}
