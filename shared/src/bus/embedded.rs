//! A bus in a file, for one process: a log of everything published, and a cursor for each listening service.
//! The same meaning as with RabbitMQ: topic routing, delivery until settled, history.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, timeout},
};

use super::{Delivery, Message, Receipt};
use crate::{
    contract::{time::Time, topology},
    db::{Cells, Db, Value},
};

const SCHEMA: &str = "
CREATE TABLE log (position BIGINT PRIMARY KEY, routing_key TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE cursors (service TEXT PRIMARY KEY, position BIGINT NOT NULL);";
/// The first position that is left of the log.
const FLOOR: &str = "
CREATE TABLE floor (id BIGINT PRIMARY KEY, position BIGINT NOT NULL);
INSERT INTO floor (id, position) VALUES (1, 1);";
/// Tells this file from another that takes its place.
const IDENTITY: &str = "
CREATE TABLE identity (id BIGINT PRIMARY KEY, bus TEXT NOT NULL);
INSERT INTO identity (id, bus) VALUES (1, lower(hex(randomblob(16))));";
const PAGE: i64 = 64;
/// So many messages are forgotten in one transaction.
const PIECE: i64 = 100;
/// How late a service's cursor is saved.
const SAVE_AFTER: Duration = Duration::from_millis(50);

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Embedded {
    db: Db,
    head: Arc<watch::Sender<i64>>,
    /// Publishing takes turns, so that positions follow the order of the commits.
    publishing: Arc<Mutex<()>>,
    /// What is delivered and not settled, by service.
    open: Arc<Mutex<HashMap<&'static str, Window>>>,
}

/// Deliveries of one subscription: settled in any order, the cursor moves over those without a gap.
#[derive(Debug)]
struct Window {
    delivered: BTreeSet<i64>,
    /// Everything up to here was delivered or is of no interest.
    read: i64,
    saved: i64,
    /// Since when `saved` is behind.
    behind_since: Option<Instant>,
}

impl Window {
    fn starting_at(position: i64) -> Self {
        Self { delivered: BTreeSet::new(), read: position, saved: position, behind_since: None }
    }
}

impl Embedded {
    pub(super) async fn open(path: &str) -> Result<Self> {
        let db = Db::open(&format!("sqlite:{path}")).await?;
        db.migrate(&[(1, SCHEMA), (2, FLOOR), (3, IDENTITY)]).await?;
        // Of an emptied log the floor and the cursors tell how far it went: were it to begin again below them, nobody
        // would hear what is published next.
        let sql = "SELECT MAX(position) FROM (SELECT MAX(position) AS position FROM log UNION ALL \
                   SELECT position FROM cursors UNION ALL SELECT position - 1 FROM floor)";
        let last: Vec<(i64,)> = db.fetch(sql, []).await?;
        let head = last.first().map_or(0, |row| row.0);
        Ok(Self { db, head: Arc::new(watch::Sender::new(head)), publishing: Arc::default(), open: Arc::default() })
    }

    pub(super) async fn identity(&self) -> Result<String> {
        let rows: Vec<(String,)> = self.db.fetch("SELECT bus FROM identity WHERE id = 1", []).await?;
        Ok(rows.into_iter().next().context("the bus has no id")?.0)
    }

    pub(super) async fn publish(&self, messages: &[Message]) -> Result<Vec<bool>> {
        let _turn = self.publishing.lock().await;
        let head = *self.head.borrow();
        let last = head + i64::try_from(messages.len())?;
        let columns = vec![
            ("position", Cells::Int((head + 1..=last).collect())),
            ("routing_key", Cells::Text(messages.iter().map(|message| message.routing_key.clone()).collect())),
            ("body", Cells::Text(messages.iter().map(Message::body).collect())),
        ];
        self.db.insert("log", columns).await?;
        self.head.send_replace(last);
        Ok(vec![true; messages.len()])
    }

    pub(super) async fn subscribe(&self, service: &'static str) -> Result<Subscription> {
        let saved: Vec<(i64,)> =
            self.db.fetch("SELECT position FROM cursors WHERE service = $1", [service.into()]).await?;
        let saved = saved.first().map_or(0, |row| row.0);
        self.open.lock().await.insert(service, Window::starting_at(saved));
        Ok(Subscription {
            bus: self.clone(),
            head: self.head.subscribe(),
            service,
            position: saved,
            before: *self.head.borrow(),
            ready: Vec::new().into_iter(),
        })
    }

    pub(super) async fn settle(&self, service: &'static str, receipts: Vec<Receipt>) -> Result<()> {
        let mut open = self.open.lock().await;
        let window = open.get_mut(service).context("settled without a subscription")?;
        for receipt in receipts {
            if let Receipt::Embedded(position) = receipt {
                window.delivered.remove(&position);
            }
        }
        let behind_since = *window.behind_since.get_or_insert_with(Instant::now);
        if behind_since.elapsed() >= SAVE_AFTER { self.save(service, window).await } else { Ok(()) }
    }

    /// In pieces, so that nobody waits long for the writer.
    pub(super) async fn forget(&self, before: Time) -> Result<()> {
        let taken_in = self.taken_in_by_all().await?;
        loop {
            let floor: Vec<(i64,)> = self.db.fetch("SELECT position FROM floor WHERE id = 1", []).await?;
            let first = floor.first().context("the bus has no floor")?.0;
            // Messages stand in the order of their times but for moments: the last old one tells how old all are.
            let sql = "SELECT MAX(position) FROM (SELECT position, body FROM log WHERE position >= $1 \
                       AND position <= $2 ORDER BY position LIMIT $3) WHERE json_valid(body) \
                       AND COALESCE(body->>'$.time', body->>'$[#-1].time') < $4";
            let args: [Value; 4] = [first.into(), taken_in.into(), PIECE.into(), before.to_string().into()];
            let old: Vec<(Option<i64>,)> = self.db.fetch(sql, args).await?;
            let Some(last) = old.first().and_then(|row| row.0) else { return Ok(()) };
            let mut tx = self.db.begin().await?;
            tx.execute("DELETE FROM log WHERE position <= $1", [last.into()]).await?;
            tx.execute("UPDATE floor SET position = $1 WHERE id = 1", [(last + 1).into()]).await?;
            tx.commit().await?;
        }
    }

    /// The last position that every service has settled, whether it runs here or has yet to come.
    async fn taken_in_by_all(&self) -> Result<i64> {
        let cursors: Vec<(String, i64)> = self.db.fetch("SELECT service, position FROM cursors", []).await?;
        let cursors: HashMap<String, i64> = cursors.into_iter().collect();
        let of_each = topology::LISTENERS.iter().map(|(service, _)| cursors.get(*service).copied().unwrap_or(0));
        Ok(of_each.min().unwrap_or(0))
    }

    pub(super) async fn close(&self) -> Result<()> {
        let mut saved = Ok(());
        for (service, window) in self.open.lock().await.iter_mut() {
            saved = saved.and(self.save(service, window).await);
        }
        self.db.close().await;
        saved
    }

    /// A moment late, so that not every batch costs a commit more: what was settled since the last time comes again
    /// after a crash, and is known to those who have it.
    async fn save(&self, service: &'static str, window: &mut Window) -> Result<()> {
        let cursor = window.delivered.first().map_or(window.read, |open| open - 1);
        if cursor <= window.saved {
            window.behind_since = None;
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO cursors (service, position) VALUES ($1, $2) \
                   ON CONFLICT (service) DO UPDATE SET position = excluded.position";
        tx.execute(sql, [service.into(), cursor.into()]).await?;
        tx.commit().await?;
        (window.saved, window.behind_since) = (cursor, None);
        Ok(())
    }
}

/// Reads on from the service's cursor.
#[derive(Debug)]
pub struct Subscription {
    bus: Embedded,
    head: watch::Receiver<i64>,
    service: &'static str,
    position: i64,
    /// What was published before this process began may have been delivered before.
    before: i64,
    ready: std::vec::IntoIter<Row>,
}

type Row = (i64, String, String);

impl Subscription {
    /// Safe to drop while it waits.
    pub(super) async fn receive(&mut self) -> Result<Delivery> {
        loop {
            if let Some((position, _, body)) = self.ready.next() {
                let redelivered = position <= self.before;
                return Ok(Delivery::new(body.into_bytes(), redelivered, Receipt::Embedded(position)));
            }
            let published = async { self.head.wait_for(|head| *head > self.position).await.map(drop) };
            match timeout(SAVE_AFTER, published).await {
                Ok(known) => {
                    known.context("the bus is closed")?;
                    self.read().await?;
                }
                Err(_) => self.save().await?,
            }
        }
    }

    async fn save(&self) -> Result<()> {
        let mut open = self.bus.open.lock().await;
        match open.get_mut(self.service) {
            Some(window) => self.bus.save(self.service, window).await,
            None => Ok(()),
        }
    }

    async fn read(&mut self) -> Result<()> {
        let sql = "SELECT position, routing_key, body FROM log WHERE position > $1 ORDER BY position LIMIT $2";
        let page: Vec<Row> = self.bus.db.fetch(sql, [self.position.into(), PAGE.into()]).await?;
        let Some(last) = page.last().map(|row| row.0) else { return Ok(()) };
        let heard: Vec<Row> = page.into_iter().filter(|(_, key, _)| topology::hears(self.service, key)).collect();
        let mut open = self.bus.open.lock().await;
        let window = open.get_mut(self.service).context("received without a subscription")?;
        window.delivered.extend(heard.iter().map(|row| row.0));
        window.read = last;
        self.position = last;
        self.ready = heard.into_iter();
        Ok(())
    }
}
