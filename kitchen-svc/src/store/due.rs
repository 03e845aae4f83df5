//! What has fallen due: tickets that nobody hands over, items at stations that are gone. Each look reads no more than it
//! finds, however many tickets there are.

use anyhow::{Context, Result};
use shared::{
    contract::{kitchen::ServeAfter, time::Time},
    db::{Db, Value},
};
use uuid::Uuid;

use super::at_station;
use crate::domain::{ClosedStation, Command};

/// What has fallen due is taken up this many at a time.
const DUE_MAX: i64 = 500;

/// From one location that has a ready ticket to the next, its oldest, and after how many minutes it is handed over.
const OLDEST: &str = "\
    WITH RECURSIVE of_ready (location) AS (\
        SELECT (SELECT location FROM tickets WHERE standing = 'ready' ORDER BY location LIMIT 1) \
        UNION ALL \
        SELECT (SELECT next.location FROM tickets AS next \
                WHERE next.standing = 'ready' AND next.location > of_ready.location ORDER BY next.location LIMIT 1) \
        FROM of_ready WHERE of_ready.location IS NOT NULL\
    ) \
    SELECT of_ready.location, \
        (SELECT oldest.doc->'ticket'->>'ready_at' FROM tickets AS oldest \
         WHERE oldest.standing = 'ready' AND oldest.location = of_ready.location \
         ORDER BY oldest.location, oldest.doc->'ticket'->>'ready_at' LIMIT 1), \
        CAST(stations.doc->>'serve_after' AS TEXT) \
    FROM of_ready LEFT JOIN stations ON stations.key = of_ready.location WHERE of_ready.location IS NOT NULL";

const STANDING: &str = "\
    SELECT key FROM tickets \
    WHERE standing = 'ready' AND location = $1 AND doc->'ticket'->>'ready_at' <= $2 \
    ORDER BY location, doc->'ticket'->>'ready_at', key LIMIT $3";

/// Tickets that have been ready for longer than their location leaves them standing.
pub(super) async fn left_standing(db: &Db, now: Time) -> Result<Vec<Command>> {
    let mut due = Vec::new();
    let locations: Vec<(String, String, Option<String>)> = db.fetch(OLDEST, []).await?;
    for (location, oldest, minutes) in locations {
        let before = now - serve_after(minutes)?.duration();
        if oldest.parse::<Time>()? > before {
            continue;
        }
        let args = [location.into(), before.to_string().into(), DUE_MAX.into()];
        due.extend(ids(db, STANDING, args).await?.into_iter().map(Command::HandOver));
    }
    Ok(due)
}

fn serve_after(minutes: Option<String>) -> Result<ServeAfter> {
    let Some(minutes) = minutes else { return Ok(ServeAfter::default()) };
    ServeAfter::try_from(minutes.parse::<i64>().context("serve_after is no number")?).map_err(anyhow::Error::msg)
}

const MISPLACED: &str = "\
    SELECT key FROM tickets \
    WHERE standing IN ('open', 'ready', 'void') AND location = $1 AND stations LIKE $2 ESCAPE '!' LIMIT $3";

/// Tickets on a display with items at a station that is gone, and stations that are clear of them.
pub(super) async fn misplaced(db: &Db, now: Time) -> Result<Vec<Command>> {
    let mut due = Vec::new();
    let left = "SELECT doc FROM closed_stations WHERE cleared_at IS NULL ORDER BY key LIMIT $1";
    let left: Vec<ClosedStation> = db.docs(left, [DUE_MAX.into()]).await?;
    for closed in left {
        let args = [closed.location.to_string().into(), at_station(&closed.station).into(), DUE_MAX.into()];
        let tickets = ids(db, MISPLACED, args).await?;
        let is_clear = tickets.is_empty() && closed.is_quiet(now);
        due.extend(tickets.into_iter().map(Command::MoveItems));
        due.extend(is_clear.then_some(Command::ClearClosed(closed)));
    }
    Ok(due)
}

async fn ids(db: &Db, sql: &'static str, args: [Value; 3]) -> Result<Vec<Uuid>> {
    let keys: Vec<(String,)> = db.fetch(sql, args).await?;
    keys.iter().map(|(key,)| Ok(key.parse()?)).collect()
}
