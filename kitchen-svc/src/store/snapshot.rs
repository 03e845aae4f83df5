//! What a display shows when it begins: all that needs somebody, whatever its number, then what was finished, as far as
//! there is room.

use std::sync::LazyLock;

use anyhow::Result;
use shared::{
    contract::{kitchen::Ticket, time::Time},
    db::{Db, Value},
};

use super::{Since, View, at_station, day_start, shown};
use crate::domain::TicketRow;

/// The room for what was finished: more than anybody hands over or takes back at a time. The list has all of it.
const FINISHED_MAX: i64 = 500;
const FINISHED_BYTES_MAX: i64 = 2 << 20;

/// The tickets of a display.
#[derive(Debug)]
pub(crate) struct OnDisplay {
    /// Those that need a cook or an acknowledgement, by age; then those that are ready, then those that were served
    /// today, newest first.
    pub(crate) tickets: Vec<Ticket>,
    /// Some of what was finished is left out.
    pub(crate) cut: bool,
}

pub(crate) async fn on_display(db: &Db, view: &View, now: Time) -> Result<OnDisplay> {
    let mut tickets = shown(db, view, Since::WORK, None, i64::MAX).await?;
    let (finished, cut) = finished(db, view, now).await?;
    tickets.extend(finished);
    Ok(OnDisplay { tickets, cut })
}

static FINISHED_HERE: LazyLock<String> = LazyLock::new(|| {
    let at = |time: &str| format!("doc->'ticket'->>'{time}'");
    sql("location = $1", &at("ready_at"), &at("served_at"), "location DESC, ")
});

/// Where many locations are looked at, what was opened last stands for what was finished last: that is in order already.
static FINISHED_ANYWHERE: LazyLock<String> =
    LazyLock::new(|| sql("CAST($1 AS TEXT) IS NULL", "opened_at", "opened_at", ""));

/// Newest first, each arm reads no more of its index than there is room for.
fn sql(located: &str, ready_at: &str, served_at: &str, index: &str) -> String {
    let arm = |rank: i64, standing: &str, at: &str, since: &str| {
        format!(
            "SELECT rank, finished_at, key, doc FROM (\
             SELECT {rank} AS rank, {at} AS finished_at, key, doc FROM tickets \
             WHERE standing = '{standing}' AND {located} {since} \
             AND (CAST($2 AS TEXT) IS NULL OR stations LIKE $2 ESCAPE '!') \
             ORDER BY {index}{at} DESC, key DESC LIMIT $4) AS {standing}"
        )
    };
    let (ready, served) =
        (arm(0, "ready", ready_at, ""), arm(1, "served", served_at, &format!("AND {served_at} >= $3")));
    let newest = "ORDER BY rank, finished_at DESC, key DESC";
    format!(
        "SELECT body, number FROM (\
         SELECT rank, finished_at, key, body, COUNT(*) OVER () AS number, \
         SUM(LENGTH(body)) OVER ({newest}) - LENGTH(body) AS bytes_before FROM (\
         SELECT rank, finished_at, key, CAST(doc AS TEXT) AS body FROM ({ready} UNION ALL {served}) AS arms \
         {newest} LIMIT $4) AS finished) AS counted WHERE bytes_before < $5 {newest}"
    )
}

/// Those that there is room for, and whether there are more.
async fn finished(db: &Db, view: &View, now: Time) -> Result<(Vec<Ticket>, bool)> {
    let sql = if view.location.is_some() { &FINISHED_HERE } else { &FINISHED_ANYWHERE };
    let today = day_start(db, view.location.as_ref(), now).await?;
    let args: [Value; 5] = [
        view.location.as_ref().map(ToString::to_string).into(),
        view.station.as_ref().map(at_station).into(),
        today.to_string().into(),
        // One more only tells that there are more.
        (FINISHED_MAX + 1).into(),
        FINISHED_BYTES_MAX.into(),
    ];
    let mut rows: Vec<(String, i64)> = db.fetch(sql.as_str(), args).await?;
    let found = rows.first().map_or(0, |(_, number)| *number);
    rows.truncate(usize::try_from(FINISHED_MAX)?);
    let cut = i64::try_from(rows.len())? < found;
    let tickets = rows.iter().map(|(body, _)| Ok(serde_json::from_str::<TicketRow>(body)?.ticket));
    Ok((tickets.collect::<Result<_>>()?, cut))
}
