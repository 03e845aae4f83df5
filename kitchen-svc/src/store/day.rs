//! How long the tickets of a day took, read piece by piece: however many tickets, the same memory.

use std::collections::BTreeMap;

use anyhow::Result;
use shared::{
    contract::{day::Span, time::Time, types::Slug},
    db::Db,
};

/// A ticket, as much of it as tells how long it took.
#[derive(Debug)]
pub(crate) struct Cooked {
    pub(crate) opened_at: Time,
    pub(crate) ready_at: Option<Time>,
    /// When each station was done with its part.
    pub(crate) finished: BTreeMap<Slug, Time>,
}

const PIECE: i64 = 2_000;
/// What is void was not cooked.
const STANDINGS: [&str; 3] = ["open", "ready", "served"];

const COOKED: &str = "\
    SELECT opened_at, key, doc->'ticket'->>'ready_at', stations, CAST(doc->'finished' AS TEXT) FROM tickets \
    WHERE location = $1 AND standing = $2 AND (opened_at, key) > ($3, $4) AND opened_at < $5 \
    ORDER BY location, standing, opened_at, key LIMIT $6";

type Row = (String, String, Option<String>, String, Option<String>);

/// Gives all that were opened within the span to `take`, and are not void.
pub(crate) async fn cooked(db: &Db, location: &Slug, span: Span, mut take: impl FnMut(Cooked)) -> Result<()> {
    for standing in STANDINGS {
        let mut after = Some((span.from.to_string(), String::new()));
        while let Some((opened_at, key)) = after {
            let args = [
                location.to_string().into(),
                standing.into(),
                opened_at.into(),
                key.into(),
                span.to.to_string().into(),
                PIECE.into(),
            ];
            let rows: Vec<Row> = db.fetch(COOKED, args).await?;
            let is_last = i64::try_from(rows.len())? < PIECE;
            after = rows.last().filter(|_| !is_last).map(|last| (last.0.clone(), last.1.clone()));
            for row in rows {
                take(read(row)?);
            }
        }
    }
    Ok(())
}

fn read((opened_at, _, ready_at, stations, finished): Row) -> Result<Cooked> {
    let ready_at: Option<Time> = ready_at.map(|at| at.parse()).transpose()?;
    let finished = match finished {
        Some(finished) => serde_json::from_str(&finished)?,
        None => alone(&stations).zip(ready_at).into_iter().collect(),
    };
    Ok(Cooked { opened_at: opened_at.parse()?, ready_at, finished })
}

/// The station of a ticket that one alone has cooked: it was done when the ticket was, also where nobody has noted it.
fn alone(stations: &str) -> Option<Slug> {
    let name = stations.strip_prefix(',')?.strip_suffix(',')?;
    Slug::try_from(name.to_owned()).ok()
}
