//! Where tickets take another time than was said last. Each look reads no more of a location than its latest tickets.

use anyhow::Result;
use shared::{
    contract::{pace::Wait, time::Time, types::Slug},
    db::Db,
};

use crate::domain::{
    Command,
    pace::{Sample, moved},
};

/// A pace changes over minutes: nobody is helped by a closer look.
const EVERY_US: i64 = 5_000_000;
/// Somewhat longer than it is from one sweep to the next.
const WINDOW_US: i64 = 300_000;
/// So many open tickets say all that there is to say, and so many that are finished.
const OPEN_MAX: i64 = 200;
const FINISHED_MAX: i64 = 50;

/// From one location that has tickets to the next, and what was said of it last.
const LOCATIONS: &str = "\
    WITH RECURSIVE of_tickets (location) AS (\
        SELECT (SELECT location FROM tickets WHERE location > '' ORDER BY location LIMIT 1) \
        UNION ALL \
        SELECT (SELECT next.location FROM tickets AS next \
                WHERE next.location > of_tickets.location ORDER BY next.location LIMIT 1) \
        FROM of_tickets WHERE of_tickets.location IS NOT NULL\
    ) \
    SELECT of_tickets.location, \
        CAST(paces.doc->'wait'->>'from' AS TEXT), CAST(paces.doc->'wait'->>'to' AS TEXT) \
    FROM of_tickets LEFT JOIN paces ON paces.key = of_tickets.location WHERE of_tickets.location IS NOT NULL";

const SAMPLES: &str = "\
    SELECT opened_at, ready_at FROM (\
        SELECT opened_at, CAST(NULL AS TEXT) AS ready_at FROM tickets \
        WHERE standing = 'open' AND location = $1 ORDER BY location DESC, standing DESC, opened_at DESC LIMIT $2) AS o \
    UNION ALL SELECT opened_at, ready_at FROM (\
        SELECT opened_at, doc->'ticket'->>'ready_at' AS ready_at FROM tickets \
        WHERE standing = 'ready' AND location = $1 \
        ORDER BY location DESC, doc->'ticket'->>'ready_at' DESC LIMIT $3) AS r \
    UNION ALL SELECT opened_at, ready_at FROM (\
        SELECT opened_at, doc->'ticket'->>'ready_at' AS ready_at FROM tickets \
        WHERE standing = 'served' AND location = $1 \
        ORDER BY location DESC, doc->'ticket'->>'served_at' DESC LIMIT $3) AS s";

pub(super) async fn changed(db: &Db, now: Time) -> Result<Vec<Command>> {
    if now.as_micros().rem_euclid(EVERY_US) > WINDOW_US {
        return Ok(Vec::new());
    }
    let mut changed = Vec::new();
    let locations: Vec<(String, Option<String>, Option<String>)> = db.fetch(LOCATIONS, []).await?;
    for (location, from, to) in locations {
        let known =
            from.zip(to).map(|(from, to)| anyhow::Ok(Wait { from: from.parse()?, to: to.parse()? })).transpose()?;
        let location = Slug::try_from(location).map_err(anyhow::Error::msg)?;
        let wait = moved(&samples(db, &location).await?, now, known);
        changed.extend(wait.map(|wait| Command::SetPace { location, wait }));
    }
    Ok(changed)
}

async fn samples(db: &Db, location: &Slug) -> Result<Vec<Sample>> {
    let args = [location.to_string().into(), OPEN_MAX.into(), FINISHED_MAX.into()];
    let rows: Vec<(String, Option<String>)> = db.fetch(SAMPLES, args).await?;
    let sample = |(opened_at, ready_at): (String, Option<String>)| {
        let ready_at = ready_at.map(|at| at.parse()).transpose()?;
        Ok(Sample { opened_at: opened_at.parse()?, ready_at })
    };
    rows.into_iter().map(sample).collect()
}
