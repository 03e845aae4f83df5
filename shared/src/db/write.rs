//! Writes in bulk, gathered until the end of the transaction: on PostgreSQL all of them are one statement.

use anyhow::{Context, Result, ensure};
use sqlx::{Arguments, AssertSqlSafe, error::BoxDynError, postgres::PgArguments, sqlite::SqliteArguments};

use super::{
    Conflict,
    lent::{Lent, answered},
};

/// So many rows go into SQLite in one statement: more are hardly faster, and a statement that is prepared keeps memory
/// for each.
const LITE_ROWS_MAX: usize = 128;

/// One column of many rows; all columns of a write have the same length.
#[derive(Debug)]
pub enum Cells {
    Int(Vec<i64>),
    Text(Vec<String>),
    OptText(Vec<Option<String>>),
    /// Encoded JSON.
    Json(Vec<String>),
    Bytes(Vec<Vec<u8>>),
}

/// Column names and their cells.
pub type Columns = Vec<(&'static str, Cells)>;

/// Rows for one table. That not every one of them could be written is a [`Conflict`].
#[derive(Debug)]
pub(super) enum Write {
    /// Rows that are not there yet.
    Insert { table: &'static str, columns: Columns },
    /// `key`, `revision`, `doc` of rows whose stored revision is still this one.
    Update { table: &'static str, columns: Columns },
    /// Events, behind all that the log has; its columns but `position`. The log's head stays locked until the commit.
    Append { columns: Columns },
    /// Entries of the journal, behind all that it has; its columns but `position`. `said` counts the events of this
    /// transaction that were said by then.
    Note { columns: Columns },
}

/// How far the log and the journal have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) said: i64,
    pub(crate) told: i64,
}

impl Cells {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Int(numbers) => numbers.len(),
            Self::Text(texts) | Self::Json(texts) => texts.len(),
            Self::OptText(texts) => texts.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    fn cast(&self) -> &'static str {
        match self {
            Self::Int(_) => "::bigint[]",
            Self::Text(_) | Self::OptText(_) => "::text[]",
            Self::Json(_) => "::text[]::jsonb[]",
            Self::Bytes(_) => "::bytea[]",
        }
    }

    /// The cell of a row, which is taken out of it; NULL behind the last.
    fn bind_lite(&mut self, row: usize, args: &mut SqliteArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Int(numbers) => args.add(numbers.get(row)),
            Self::Text(texts) | Self::Json(texts) => args.add(texts.get_mut(row).map(std::mem::take)),
            Self::OptText(texts) => args.add(texts.get_mut(row).and_then(Option::take)),
            Self::Bytes(bytes) => args.add(bytes.get_mut(row).map(std::mem::take)),
        }
    }
}

impl Write {
    pub(super) fn table(&self) -> &'static str {
        match self {
            Self::Insert { table, .. } | Self::Update { table, .. } => table,
            Self::Append { .. } => "event_log",
            Self::Note { .. } => "journal",
        }
    }

    /// Whether its rows get positions from the head.
    fn is_positioned(&self) -> bool {
        matches!(self, Self::Append { .. } | Self::Note { .. })
    }

    /// Of rows that are documents: table, key, document.
    pub(super) fn docs(&self) -> Vec<(&'static str, String, String)> {
        let column = |wanted| self.columns().iter().find(|(name, _)| *name == wanted).map(|(_, cells)| cells);
        match (column("key"), column("doc")) {
            (Some(Cells::Text(keys)), Some(Cells::Json(docs))) => {
                keys.iter().zip(docs).map(|(key, doc)| (self.table(), key.clone(), doc.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    fn columns(&self) -> &Columns {
        let (Self::Insert { columns, .. }
        | Self::Update { columns, .. }
        | Self::Append { columns }
        | Self::Note { columns }) = self;
        columns
    }

    fn columns_mut(&mut self) -> &mut Columns {
        let (Self::Insert { columns, .. }
        | Self::Update { columns, .. }
        | Self::Append { columns }
        | Self::Note { columns }) = self;
        columns
    }

    fn names(&self) -> String {
        self.columns().iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    fn rows(&self) -> usize {
        self.columns().first().map_or(0, |(_, cells)| cells.len())
    }

    fn check(&self, touched: u64) -> Result<()> {
        if touched == self.rows() as u64 { Ok(()) } else { Err(Conflict(self.table().to_owned()).into()) }
    }

    /// The statement, its parameters counted on from `first`.
    fn to_pg(&self, first: usize) -> String {
        let arrays = self.columns().iter().zip(first..).map(|((_, cells), n)| format!("${n}{}", cells.cast()));
        let (table, names) = (self.table(), self.names());
        let rows = format!("UNNEST({})", arrays.collect::<Vec<_>>().join(", "));
        match self {
            Self::Insert { .. } => format!("INSERT INTO {table} ({names}) SELECT * FROM {rows} ON CONFLICT DO NOTHING"),
            Self::Update { .. } => format!(
                "UPDATE {table} SET revision = new.revision + 1, doc = new.doc FROM {rows} AS new ({names}) \
                 WHERE {table}.key = new.key AND {table}.revision = new.revision"
            ),
            Self::Append { .. } => format!(
                "INSERT INTO {table} (position, {names}) SELECT head.position - $1 + new.nth, {names} \
                 FROM head, {rows} WITH ORDINALITY AS new ({names}, nth)"
            ),
            Self::Note { .. } => format!(
                "INSERT INTO {table} (position, said, at, doc) \
                 SELECT head.journal - $2 + new.nth, head.position - $1 + new.said, at, doc \
                 FROM head, {rows} WITH ORDINALITY AS new ({names}, nth)"
            ),
        }
    }

    /// The statement for so many rows, one parameter a cell. A row whose first cell is NULL is none.
    fn to_lite(&self, rows: usize) -> String {
        let (table, names) = (self.table(), self.names());
        // Without names: the driver asks for that of each, and SQLite looks through all to find it.
        let row = format!("({})", vec!["?"; self.columns().len()].join(","));
        let values = vec![row.as_str(); rows].join(",");
        let rows = format!("WITH new ({names}) AS (VALUES {values})");
        let first = self.columns().first().map_or("", |(name, _)| *name);
        match self {
            Self::Insert { .. } | Self::Append { .. } | Self::Note { .. } => format!(
                "{rows} INSERT INTO {table} ({names}) SELECT {names} FROM new WHERE {first} IS NOT NULL \
                 ON CONFLICT DO NOTHING"
            ),
            Self::Update { .. } => format!(
                "{rows} UPDATE {table} SET revision = new.revision + 1, doc = new.doc FROM new \
                 WHERE {table}.key = new.key AND {table}.revision = new.revision"
            ),
        }
    }

    /// The columns, each an array.
    fn bind(&self, args: &mut PgArguments) -> Result<()> {
        for (_, cells) in self.columns() {
            match cells {
                Cells::Int(numbers) => args.add(numbers),
                Cells::Text(texts) | Cells::Json(texts) => args.add(texts),
                Cells::OptText(texts) => args.add(texts),
                Cells::Bytes(bytes) => args.add(bytes),
            }
            .map_err(anyhow::Error::from_boxed)?;
        }
        Ok(())
    }

    /// With positions, of which the last are the head's.
    fn positioned(mut self, head: Head, events: i64) -> Result<Self> {
        let rows = i64::try_from(self.rows())?;
        let up_to = |last: i64| ("position", Cells::Int((last - rows + 1..=last).collect()));
        match &mut self {
            Self::Append { columns } => columns.insert(0, up_to(head.said)),
            Self::Note { columns } => {
                for (name, cells) in columns.iter_mut() {
                    if let ("said", Cells::Int(said)) = (*name, cells) {
                        said.iter_mut().for_each(|said| *said += head.said - events);
                    }
                }
                columns.insert(0, up_to(head.told));
            }
            Self::Insert { .. } | Self::Update { .. } => {}
        }
        Ok(self)
    }
}

const MOVE_HEAD: &str = "UPDATE event_log_head SET position = position + $1, journal = journal + $2 WHERE id = 1 \
                         RETURNING position, journal";

/// How many events and entries of the journal there are to be written; `None` where the head stays where it is.
fn to_append(writes: &[Write]) -> Result<Option<[i64; 2]>> {
    let rows = |of: fn(&&Write) -> bool| i64::try_from(writes.iter().filter(of).map(Write::rows).sum::<usize>());
    let events = rows(|write| matches!(write, Write::Append { .. }))?;
    let notes = rows(|write| matches!(write, Write::Note { .. }))?;
    Ok(([events, notes] != [0, 0]).then_some([events, notes]))
}

/// Writes everything, and returns the head if it has moved.
///
/// The parts run in this order, which PostgreSQL does not promise. Only how long locks are held depends on it, and who
/// waits for whom: positions do not, and a deadlock is a conflict like others.
pub(super) async fn on_pg(lent: &mut Lent<sqlx::Postgres>, writes: Vec<Write>) -> Result<Option<Head>> {
    let (mut args, mut parts, mut counts) = (PgArguments::default(), Vec::new(), Vec::new());
    let appended = to_append(&writes)?;
    for count in appended.into_iter().flatten() {
        args.add(count).map_err(anyhow::Error::from_boxed)?;
    }
    let (last, first): (Vec<_>, Vec<_>) = writes.iter().partition(|write| write.is_positioned());
    let mut add = |write: &Write, parts: &mut Vec<String>| -> Result<()> {
        let n = counts.len();
        parts.push(format!("w{n} AS ({} RETURNING 1)", write.to_pg(args.len() + 1)));
        counts.push(format!("(SELECT COUNT(*) FROM w{n})"));
        write.bind(&mut args)
    };
    first.iter().try_for_each(|write| add(write, &mut parts))?;
    let mut head = "NULL::bigint, NULL::bigint";
    if appended.is_some() {
        parts.push(format!("head AS ({MOVE_HEAD})"));
        head = "(SELECT position FROM head), (SELECT journal FROM head)";
    }
    last.iter().try_for_each(|write| add(write, &mut parts))?;
    let sql = format!("WITH {} SELECT ARRAY[{}]::bigint[], {head}", parts.join(", "), counts.join(", "));
    let written = sqlx::query_as_with(AssertSqlSafe(sql), args).fetch_one(lent.connection()?);
    let written = answered(written).await;
    let (touched, said, told): (Vec<i64>, Option<i64>, Option<i64>) = lent.heard(written).with_context(|| {
        let tables: Vec<&str> = writes.iter().map(Write::table).collect();
        format!("write to {}", tables.join(", "))
    })?;
    for (write, touched) in first.iter().chain(&last).zip(touched) {
        write.check(u64::try_from(touched)?)?;
    }
    Ok(said.zip(told).map(|(said, told)| Head { said, told }))
}

/// As [`on_pg`], one statement after the other.
pub(super) async fn on_lite(lent: &mut Lent<sqlx::Sqlite>, writes: Vec<Write>) -> Result<Option<Head>> {
    let mut head = None;
    if let Some([events, notes]) = to_append(&writes)? {
        let moved: Vec<(i64, i64)> =
            sqlx::query_as(MOVE_HEAD).bind(events).bind(notes).fetch_all(lent.connection()?).await?;
        ensure!(moved.len() == 1, "event_log_head has no row");
        head = Some((Head { said: moved[0].0, told: moved[0].1 }, events));
    }
    for mut write in writes {
        if let Some((head, events)) = head {
            write = write.positioned(head, events)?;
        }
        let touched = rows_on_lite(lent, &mut write).await.with_context(|| format!("write to {}", write.table()))?;
        write.check(touched)?;
    }
    Ok(head.map(|(head, _)| head))
}

/// Writes the rows, and counts those that it touched. A few lengths serve all, so that statements are prepared once.
async fn rows_on_lite(lent: &mut Lent<sqlx::Sqlite>, write: &mut Write) -> Result<u64> {
    let (mut touched, mut first) = (0, 0);
    while first < write.rows() {
        let rows = (write.rows() - first).next_power_of_two().min(LITE_ROWS_MAX);
        let mut args = SqliteArguments::default();
        for row in first..first + rows {
            for (_, cells) in write.columns_mut() {
                cells.bind_lite(row, &mut args).map_err(anyhow::Error::from_boxed)?;
            }
        }
        let query = sqlx::query_with(AssertSqlSafe(write.to_lite(rows)), args);
        touched += query.execute(lent.connection()?).await?.rows_affected();
        first += rows;
    }
    Ok(touched)
}
