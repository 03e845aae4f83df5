//! The kitchen's rows: what a batch loads and saves, and what the handlers read.

pub(crate) mod day;
mod due;
mod pace;
pub(crate) mod snapshot;

use std::sync::LazyLock;

use anyhow::Result;
use serde::Deserialize;
use shared::{
    contract::{
        Subject,
        access::AccessKey,
        kitchen::{MarkedOut, Stations, Ticket, TicketState},
        pace::Pace,
        time::{DayStarts, Time, TimeAndId},
        types::Slug,
    },
    db::{Db, Tx, Value},
    engine::{
        idempotency::Remembered,
        rows::{Load, Record, Rows},
        service::Input,
    },
};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::domain::{Arrangement, ClosedStation, Command, LocalDay, State, TicketRow, default_stations, ticket_id};

impl Record for TicketRow {
    const TABLE: &'static str = "tickets";
    fn key(&self) -> String {
        self.ticket.id.to_string()
    }
}

impl Record for ClosedStation {
    const TABLE: &'static str = "closed_stations";
    fn key(&self) -> String {
        self.location.key(&self.station)
    }
}

/// The table has the name that it was made with: while versions change, the one before reads it as well.
impl Record for LocalDay {
    const TABLE: &'static str = "clocks";
    fn key(&self) -> String {
        self.location.to_string()
    }
}

/// Stations and local days are hardly ever written: they are not locked, and a write that meets another is decided again.
pub(crate) async fn load(tx: &mut Tx, batch: &[&Input<Command>]) -> Result<State> {
    let commands = || batch.iter().map(|input| &input.command);
    let mut first = Load::default()
        .lock::<Remembered>(commands().filter_map(idempotency_key))
        .lock::<TicketRow>(commands().filter_map(ticket_key))
        .lock::<MarkedOut>(commands().filter_map(marked_out_key))
        .read::<Stations>(commands().filter_map(stations_key))
        .lock::<Pace>(commands().filter_map(pace_key))
        .lock::<AccessKey>(commands().filter_map(access_key))
        .run(tx)
        .await?;
    let (keys, marked_out, access, paces) = (first.rows()?, first.rows()?, first.rows()?, first.rows()?);
    let (tickets, stations): (Rows<TicketRow>, Rows<Stations>) = (first.rows()?, first.rows()?);
    let of_tickets = || tickets.iter().map(|row| row.ticket.location.to_string());
    let mut second = Load::default()
        .read::<Stations>(of_tickets().filter(|location| stations.get(location).is_none()))
        .lock::<ClosedStation>(commands().flat_map(|command| closed_keys(command, &stations)))
        .read::<LocalDay>(commands().filter_map(day_key).chain(of_tickets()))
        .run(tx)
        .await?;
    let (closed, days) = (second.rows()?, second.rows()?);
    let stations = stations.and(second.rows()?);
    Ok(State { keys, tickets, marked_out, stations, closed, days, paces, access })
}

pub(crate) fn save(tx: &mut Tx, state: State) -> Result<()> {
    let State { keys, tickets, marked_out, stations, closed, days, paces, access } = state;
    keys.save(tx)?;
    tickets.save(tx)?;
    marked_out.save(tx)?;
    stations.save(tx)?;
    closed.save(tx)?;
    days.save(tx)?;
    paces.save(tx)?;
    access.save(tx)
}

/// Tickets that nobody hands over, what there is to do about stations that are gone, and where the pace has changed.
pub(crate) async fn due(db: &Db, now: Time) -> Result<Vec<Command>> {
    let mut due = due::left_standing(db, now).await?;
    due.extend(due::misplaced(db, now).await?);
    due.extend(pace::changed(db, now).await?);
    Ok(due)
}

fn idempotency_key(command: &Command) -> Option<String> {
    match command {
        Command::Act { once, .. } | Command::MarkOut { once, .. } => once.as_ref().map(|once| once.key.clone()),
        _ => None,
    }
}

fn ticket_key(command: &Command) -> Option<String> {
    match command {
        Command::Open(order) | Command::Cancel(order) => Some(ticket_id(order.id).to_string()),
        Command::Act { ticket, .. } | Command::HandOver(ticket) | Command::MoveItems(ticket) => {
            Some(ticket.to_string())
        }
        _ => None,
    }
}

fn access_key(command: &Command) -> Option<String> {
    match command {
        Command::Key(key) => Some(key.subject()),
        _ => None,
    }
}

fn pace_key(command: &Command) -> Option<String> {
    match command {
        Command::SetPace { location, .. } => Some(location.to_string()),
        _ => None,
    }
}

fn marked_out_key(command: &Command) -> Option<String> {
    match command {
        Command::MarkOut { location, sku, .. } => Some(location.key(sku)),
        _ => None,
    }
}

fn stations_key(command: &Command) -> Option<String> {
    match command {
        Command::Open(order) | Command::Cancel(order) => Some(order.location.to_string()),
        Command::Arrange(arrangement) => Some(arrangement.location.to_string()),
        _ => None,
    }
}

/// The stations that there were and those that there will be: any of them may be closed or opened by this.
fn closed_keys(command: &Command, known: &Rows<Stations>) -> Vec<String> {
    match command {
        Command::Arrange(Arrangement { location, stations, .. }) => {
            let known = known.get(location).cloned().unwrap_or_else(|| default_stations(location));
            stations.iter().chain(&known.stations).map(|station| location.key(&station.id)).collect()
        }
        Command::ClearClosed(closed) => vec![closed.key()],
        _ => Vec::new(),
    }
}

fn day_key(command: &Command) -> Option<String> {
    match command {
        Command::SetDay(day) => Some(day.location.to_string()),
        _ => None,
    }
}

/// Which tickets somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct View {
    pub(crate) location: Option<Slug>,
    /// Only tickets with an item that is cooked there.
    pub(crate) station: Option<Slug>,
}

/// How far back each kind of ticket is looked for. `None`: not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Since {
    pub(crate) open: Option<Time>,
    pub(crate) ready: Option<Time>,
    pub(crate) served: Option<Time>,
    pub(crate) void: Option<Time>,
    pub(crate) acknowledged: Option<Time>,
}

const EVER: Option<Time> = Some(Time::from_micros(0));
/// The last second of the year 9999.
const NEVER: Time = Time::from_micros(253_402_300_799_000_000);

impl Since {
    /// What needs a cook or an acknowledgement.
    pub(crate) const WORK: Self = Self { open: EVER, ready: None, served: None, void: EVER, acknowledged: None };

    /// What needs somebody, and all that was opened since.
    pub(crate) fn work_and(day_start: Time) -> Self {
        Self { ready: EVER, served: Some(day_start), acknowledged: Some(day_start), ..Self::WORK }
    }

    /// All tickets in one of the states.
    pub(crate) fn in_states(states: &[TicketState]) -> Self {
        let of = |state| EVER.filter(|_| states.contains(&state));
        Self {
            open: of(TicketState::Open),
            ready: of(TicketState::Ready),
            served: of(TicketState::Served),
            void: of(TicketState::Void),
            acknowledged: of(TicketState::Void),
        }
    }
}

static SHOWN_HERE: LazyLock<String> = LazyLock::new(|| shown_sql("location = $11"));
static SHOWN_ANYWHERE: LazyLock<String> = LazyLock::new(|| shown_sql("CAST($11 AS TEXT) IS NULL"));

/// One arm a standing, each of which reads no more of its index than a page: it stays as fast however many tickets
/// were served, here or elsewhere. Only of a station that hardly anything comes to it reads more.
fn shown_sql(located: &str) -> String {
    let standings = ["open", "ready", "served", "void", "acknowledged"];
    let arms = standings.iter().zip((1..).step_by(2)).map(|(standing, first)| {
        format!(
            "SELECT opened_at, key, doc FROM (SELECT opened_at, key, doc FROM tickets \
             WHERE standing = '{standing}' AND (opened_at, key) > (${first}, ${}) \
             AND {located} \
             AND (CAST($12 AS TEXT) IS NULL OR stations LIKE $12 ESCAPE '!') \
             ORDER BY opened_at, key LIMIT $13) AS arm",
            first + 1
        )
    });
    let arms = arms.collect::<Vec<_>>().join(" UNION ALL ");
    format!("SELECT doc FROM ({arms}) AS shown ORDER BY opened_at, key LIMIT $13")
}

/// The pattern of `stations` of a ticket that is cooked there.
fn at_station(station: &Slug) -> String {
    format!("%,{},%", station.replace('_', "!_"))
}

/// At most `limit` tickets, by age, after the one that was opened then and has that id.
pub(crate) async fn shown(
    db: &Db,
    view: &View,
    since: Since,
    after: Option<TimeAndId>,
    limit: i64,
) -> Result<Vec<Ticket>> {
    let after = after.map(|TimeAndId(opened_at, id)| (opened_at, id.to_string()));
    let mut args: Vec<Value> = Vec::new();
    for since in [since.open, since.ready, since.served, since.void, since.acknowledged] {
        let start = since.map(|since| (since, String::new()));
        let (opened_at, key) = start.max(after.clone().filter(|_| since.is_some())).unwrap_or((NEVER, String::new()));
        args.extend([opened_at.to_string().into(), key.into()]);
    }
    args.push(view.location.as_ref().map(Slug::to_string).into());
    args.push(view.station.as_ref().map(at_station).into());
    args.push(limit.into());
    let sql = if view.location.is_some() { &SHOWN_HERE } else { &SHOWN_ANYWHERE };
    let rows: Vec<TicketRow> = db.docs(sql.as_str(), args).await?;
    Ok(rows.into_iter().map(|row| row.ticket).collect())
}

pub(crate) async fn ticket(db: &Db, id: Uuid) -> Result<Option<Ticket>> {
    let row: Option<TicketRow> = db.doc("SELECT doc FROM tickets WHERE key = $1", [id.to_string().into()]).await?;
    Ok(row.map(|row| row.ticket))
}

/// The configured stations of a location, or the one that every location has.
pub(crate) async fn stations(db: &Db, location: &Slug) -> Result<Stations> {
    let known = db.doc("SELECT doc FROM stations WHERE key = $1", [location.to_string().into()]).await?;
    Ok(known.unwrap_or_else(|| default_stations(location)))
}

/// When the business day began at a location; by the default where it is not known.
pub(crate) async fn day_start(db: &Db, location: Option<&Slug>, now: Time) -> Result<Time> {
    let Some(location) = location else { return Ok(now.business_day_start("UTC", DayStarts::default())) };
    let known = db.doc("SELECT doc FROM clocks WHERE key = $1", [location.to_string().into()]).await?;
    Ok(known.unwrap_or_else(|| LocalDay::unknown(location)).start(now))
}

/// Since when the oldest ticket has waited that nobody has started.
pub(crate) async fn oldest_unstarted(db: &Db) -> Result<Option<Time>> {
    let sql = "SELECT doc FROM tickets WHERE standing = 'open' AND doc->'ticket'->>'started_at' IS NULL \
               ORDER BY opened_at LIMIT 1";
    Ok(db.doc::<TicketRow>(sql, []).await?.map(|row| row.ticket.opened_at))
}
