//! Writes in bulk, gathered until the end of the transaction: on PostgreSQL all of them are one statement.

use anyhow::{Context, Result, ensure};
use serde_json::value::RawValue;
use sqlx::{Arguments, AssertSqlSafe, postgres::PgArguments};

use super::{
    Conflict,
    lent::{Lent, answered},
};

/// One column of many rows; all columns of a write have the same length.
#[derive(Debug)]
pub enum Cells {
    Int(Vec<i64>),
    Text(Vec<String>),
    OptText(Vec<Option<String>>),
    /// Encoded JSON.
    Json(Vec<String>),
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
}

/// An entry of the journal, behind all that it has.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) at: String,
    pub(crate) doc: Vec<u8>,
}

/// How far the log and the journal have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) said: i64,
    pub(crate) told: i64,
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Self::Int(numbers) => numbers.len(),
            Self::Text(texts) | Self::Json(texts) => texts.len(),
            Self::OptText(texts) => texts.len(),
        }
    }

    fn cast(&self) -> &'static str {
        match self {
            Self::Int(_) => "::bigint[]",
            Self::Text(_) | Self::OptText(_) => "::text[]",
            Self::Json(_) => "::text[]::jsonb[]",
        }
    }

    fn encode(&self, row: usize, out: &mut String) -> Result<()> {
        match self {
            Self::Int(numbers) => out.push_str(&numbers[row].to_string()),
            Self::Text(texts) => out.push_str(&serde_json::to_string(&texts[row])?),
            Self::OptText(texts) => out.push_str(&serde_json::to_string(&texts[row])?),
            Self::Json(docs) => out.push_str(serde_json::from_str::<&RawValue>(&docs[row])?.get()),
        }
        Ok(())
    }
}

impl Write {
    pub(super) fn table(&self) -> &'static str {
        match self {
            Self::Insert { table, .. } | Self::Update { table, .. } => table,
            Self::Append { .. } => "event_log",
        }
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
        let (Self::Insert { columns, .. } | Self::Update { columns, .. } | Self::Append { columns }) = self;
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
        }
    }

    /// The statement; its only parameter is a JSON array of rows.
    fn to_lite(&self) -> String {
        let (table, names) = (self.table(), self.names());
        let columns = self.columns().iter().enumerate();
        match self {
            // Without WHERE, SQLite reads ON as the start of a join condition.
            Self::Insert { .. } => {
                let picks: Vec<String> = columns.map(|(n, _)| format!("value->>{n}")).collect();
                let picks = picks.join(", ");
                format!(
                    "INSERT INTO {table} ({names}) SELECT {picks} FROM json_each($1) WHERE true ON CONFLICT DO NOTHING"
                )
            }
            Self::Update { .. } => {
                let picks: Vec<String> = columns.map(|(n, (name, _))| format!("value->>{n} AS {name}")).collect();
                let picks = picks.join(", ");
                format!(
                    "UPDATE {table} SET revision = new.revision + 1, doc = new.doc \
                     FROM (SELECT {picks} FROM json_each($1)) AS new \
                     WHERE {table}.key = new.key AND {table}.revision = new.revision"
                )
            }
            Self::Append { .. } => {
                let picks: Vec<String> = columns.map(|(n, _)| format!("value->>{n}")).collect();
                let picks = picks.join(", ");
                format!(
                    "INSERT INTO {table} (position, {names}) \
                     SELECT head.position - json_array_length($1) + 1 + rows.key, {picks} \
                     FROM event_log_head AS head, json_each($1) AS rows"
                )
            }
        }
    }

    /// The columns, each an array.
    fn bind(&self, args: &mut PgArguments) -> Result<()> {
        for (_, cells) in self.columns() {
            match cells {
                Cells::Int(numbers) => args.add(numbers),
                Cells::Text(texts) | Cells::Json(texts) => args.add(texts),
                Cells::OptText(texts) => args.add(texts),
            }
            .map_err(anyhow::Error::from_boxed)?;
        }
        Ok(())
    }

    /// The columns as a JSON array of rows, each an array.
    fn transposed(&self) -> Result<String> {
        let mut out = String::from("[");
        for row in 0..self.rows() {
            out.push_str(if row == 0 { "[" } else { ",[" });
            for (column, (_, cells)) in self.columns().iter().enumerate() {
                if column > 0 {
                    out.push(',');
                }
                cells.encode(row, &mut out)?;
            }
            out.push(']');
        }
        out.push(']');
        Ok(out)
    }
}

const MOVE_HEAD: &str = "UPDATE event_log_head SET position = position + $1, journal = journal + $2 WHERE id = 1 \
                         RETURNING position, journal";

/// How many events and entries of the journal there are to be written; `None` where the head stays where it is.
fn to_append(writes: &[Write], note: Option<&Note>) -> Result<Option<[i64; 2]>> {
    let events: usize = writes.iter().filter(|write| matches!(write, Write::Append { .. })).map(Write::rows).sum();
    let counts = [i64::try_from(events)?, i64::from(note.is_some())];
    Ok((counts != [0, 0]).then_some(counts))
}

/// Writes everything, and returns the head if it has moved.
///
/// The parts run in this order, which PostgreSQL does not promise. Only how long locks are held depends on it, and who
/// waits for whom: positions do not, and a deadlock is a conflict like others.
pub(super) async fn on_pg(
    lent: &mut Lent<sqlx::Postgres>,
    writes: Vec<Write>,
    note: Option<Note>,
) -> Result<Option<Head>> {
    let (mut args, mut parts, mut counts) = (PgArguments::default(), Vec::new(), Vec::new());
    let appended = to_append(&writes, note.as_ref())?;
    for count in appended.into_iter().flatten() {
        args.add(count).map_err(anyhow::Error::from_boxed)?;
    }
    let (others, events): (Vec<_>, Vec<_>) = writes.iter().partition(|write| !matches!(write, Write::Append { .. }));
    let mut add = |write: &Write, parts: &mut Vec<String>| -> Result<()> {
        let n = counts.len();
        parts.push(format!("w{n} AS ({} RETURNING 1)", write.to_pg(args.len() + 1)));
        counts.push(format!("(SELECT COUNT(*) FROM w{n})"));
        write.bind(&mut args)
    };
    others.iter().try_for_each(|write| add(write, &mut parts))?;
    if appended.is_some() {
        parts.push(format!("head AS ({MOVE_HEAD})"));
    }
    events.iter().try_for_each(|write| add(write, &mut parts))?;
    let mut head = "NULL::bigint, NULL::bigint";
    if appended.is_some() {
        head = "(SELECT position FROM head), (SELECT journal FROM head)";
    }
    if let Some(Note { at, doc }) = note {
        let [at_n, doc_n] = [args.len() + 1, args.len() + 2];
        parts.push(format!(
            "note AS (INSERT INTO journal (position, said, at, doc) SELECT journal, position, ${at_n}, ${doc_n} FROM head)"
        ));
        args.add(at).and_then(|()| args.add(doc)).map_err(anyhow::Error::from_boxed)?;
    }
    let sql = format!("WITH {} SELECT ARRAY[{}]::bigint[], {head}", parts.join(", "), counts.join(", "));
    let written = sqlx::query_as_with(AssertSqlSafe(sql), args).fetch_one(lent.connection()?);
    let written = answered(written).await;
    let (touched, said, told): (Vec<i64>, Option<i64>, Option<i64>) = lent.heard(written).with_context(|| {
        let tables: Vec<&str> = writes.iter().map(Write::table).collect();
        format!("write to {}", tables.join(", "))
    })?;
    for (write, touched) in others.iter().chain(&events).zip(touched) {
        write.check(u64::try_from(touched)?)?;
    }
    Ok(said.zip(told).map(|(said, told)| Head { said, told }))
}

/// As [`on_pg`], one statement after the other.
pub(super) async fn on_lite(
    lent: &mut Lent<sqlx::Sqlite>,
    writes: Vec<Write>,
    note: Option<Note>,
) -> Result<Option<Head>> {
    let mut head = None;
    if let Some([events, notes]) = to_append(&writes, note.as_ref())? {
        let moved: Vec<(i64, i64)> =
            sqlx::query_as(MOVE_HEAD).bind(events).bind(notes).fetch_all(lent.connection()?).await?;
        ensure!(moved.len() == 1, "event_log_head has no row");
        head = Some(Head { said: moved[0].0, told: moved[0].1 });
    }
    for write in writes {
        let query = sqlx::query(AssertSqlSafe(write.to_lite())).bind(write.transposed()?);
        let written = query.execute(lent.connection()?).await.with_context(|| format!("write to {}", write.table()))?;
        write.check(written.rows_affected())?;
    }
    if let (Some(Note { at, doc }), Some(Head { said, told })) = (note, head) {
        let insert = sqlx::query("INSERT INTO journal (position, said, at, doc) VALUES ($1, $2, $3, $4)");
        let written = insert.bind(told).bind(said).bind(at).bind(doc).execute(lent.connection()?).await;
        written.context("write to journal")?;
    }
    Ok(head)
}
