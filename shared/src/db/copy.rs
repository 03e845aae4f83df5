//! Whole rows of whatever table, a piece at a time: what it takes to copy a database to another, on either backend.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, ColumnIndex, Decode, Row, Type};

use super::{Backend, Cells, Columns, Db, Value, bind_lite, bind_pg, lent::answered};

/// A table, and how many of its rows are held in memory at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// But those that the database derives from others; the primary key first.
    pub(crate) columns: &'static [(&'static str, Kind)],
    pub(crate) piece: i64,
}

/// What a column holds, as [`Cells`] have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    OptText,
    Json,
    Bytes,
}

impl Table {
    /// The next piece behind a key, or the first. As text, documents come out of both backends alike.
    fn select(&self, document: &str, after: bool) -> String {
        let columns = self.columns.iter().map(|(name, kind)| match kind {
            Kind::Json => format!("{name}{document}"),
            _ => (*name).to_owned(),
        });
        let (name, key, piece) = (self.name, self.columns[0].0, self.piece);
        let behind = if after { format!("WHERE {key} > $1 ") } else { String::new() };
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!("SELECT {columns} FROM {name} {behind}ORDER BY {key} LIMIT {piece}")
    }

    fn gather<R: Row>(&self, rows: &[R]) -> sqlx::Result<Columns>
    where
        usize: ColumnIndex<R>,
        for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
        for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
        for<'r> Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    {
        let columns = self.columns.iter().enumerate().map(|(nth, (name, kind))| {
            let cells = match kind {
                Kind::Int => Cells::Int(column(rows, nth)?),
                Kind::Text => Cells::Text(column(rows, nth)?),
                Kind::OptText => Cells::OptText(column(rows, nth)?),
                Kind::Json => Cells::Json(column(rows, nth)?),
                Kind::Bytes => Cells::Bytes(column(rows, nth)?),
            };
            Ok((*name, cells))
        });
        columns.collect()
    }
}

fn column<R: Row, T>(rows: &[R], nth: usize) -> sqlx::Result<Vec<T>>
where
    usize: ColumnIndex<R>,
    for<'r> T: Decode<'r, R::Database> + Type<R::Database>,
{
    rows.iter().map(|row| row.try_get(nth)).collect()
}

/// Of all tables but the migrations' own, what no database derives from other columns.
const COLUMNS_ON_PG: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns \
                             WHERE table_schema = current_schema() AND is_generated = 'NEVER' \
                             AND table_name <> '_sqlx_migrations'";
const COLUMNS_ON_LITE: &str = "SELECT tables.name, columns.name FROM sqlite_master tables, \
                               pragma_table_xinfo(tables.name) columns WHERE tables.type = 'table' \
                               AND columns.hidden = 0 AND tables.name <> '_sqlx_migrations'";

impl Db {
    /// The columns that there are, each with the name of its table.
    pub(crate) async fn columns(&self) -> Result<Vec<(String, String)>> {
        let sql = match &self.backend {
            Backend::Postgres(_) => COLUMNS_ON_PG,
            Backend::Sqlite(_) => COLUMNS_ON_LITE,
        };
        self.fetch(sql, []).await
    }

    /// All that there are, at once.
    pub(crate) async fn drop_tables(&self) -> Result<()> {
        let tables: BTreeSet<String> = self.columns().await?.into_iter().map(|(table, _)| table).collect();
        let drops = tables.iter().map(|table| format!("DROP TABLE {table};")).collect::<String>();
        let sql = AssertSqlSafe(format!("BEGIN; {drops} DROP TABLE _sqlx_migrations; COMMIT"));
        match &self.backend {
            Backend::Postgres(pg) => {
                let mut lent = pg.lend().await?;
                let dropped = answered(sqlx::raw_sql(sql).execute(lent.connection()?)).await;
                lent.heard(dropped)?;
            }
            Backend::Sqlite(lite) => {
                sqlx::raw_sql(sql).execute(&lite.writer).await?;
            }
        }
        Ok(())
    }

    /// What else is connected to the database, by name. Nothing to a file, which is one process's own.
    pub(crate) async fn others(&self) -> Result<Vec<String>> {
        let sql = "SELECT application_name || ' (pid ' || pid || ')' FROM pg_stat_activity \
                   WHERE datname = current_database() AND backend_type = 'client backend' \
                   AND application_name <> current_setting('application_name') ORDER BY pid";
        match &self.backend {
            Backend::Postgres(_) => Ok(self.fetch(sql, []).await?.into_iter().map(|(name,)| name).collect()),
            Backend::Sqlite(_) => Ok(Vec::new()),
        }
    }

    /// The next rows of a table behind a key, in the database's own order; without one, the first.
    pub(crate) async fn piece(&self, table: &Table, after: Option<Value>) -> Result<Columns> {
        let args: Vec<Value> = after.into_iter().collect();
        let select = |document| AssertSqlSafe(table.select(document, !args.is_empty()));
        match &self.backend {
            Backend::Postgres(pg) => {
                let mut lent = pg.lend().await?;
                let rows = bind_pg(sqlx::query(select("::text")), args.clone()).fetch_all(lent.connection()?);
                let rows = answered(rows).await;
                table.gather(&lent.heard(rows)?)
            }
            Backend::Sqlite(lite) => {
                let rows = bind_lite(sqlx::query(select("")), args.clone()).fetch_all(&lite.readers).await?;
                table.gather(&rows)
            }
        }
        .with_context(|| format!("read {}", table.name))
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &Table) -> Result<i64> {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {}", table.name));
        match &self.backend {
            Backend::Postgres(pg) => {
                let mut lent = pg.lend().await?;
                let counted = answered(sqlx::query_scalar(sql).fetch_one(lent.connection()?)).await;
                lent.heard(counted)
            }
            Backend::Sqlite(lite) => sqlx::query_scalar(sql).fetch_one(&lite.readers).await,
        }
        .with_context(|| format!("count the rows of {}", table.name))
    }
}
