//! A ticket and what may happen to it: `open → ready → served`, or `void`. Every step is said as it is after that step.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    contract::{
        event::Said,
        kitchen::{ItemState, Ticket, TicketItem, TicketState},
        order::{Line, Order},
        time::Time,
        types::{Notes, Slug},
    },
    engine::service::Input,
};

use super::{Action, Command, ItemAction, LocalDay, Refusal, Stations, TicketAction, stations::station, ticket_id};

const CALM: i64 = 0;
const RUSHED: i64 = 1;

/// A ticket as it is stored: what everybody sees, and what the kitchen alone needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRow {
    pub ticket: Ticket,
    /// Where it is cooked, for queries: `,bar,grill,`.
    pub stations: String,
    /// The action that changed it last.
    #[serde(default)]
    pub last: Option<Action>,
    /// When each station was done with its part. Rows of earlier versions do not say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub finished: BTreeMap<Slug, Time>,
}

impl TicketRow {
    /// Of an order that nobody has touched yet. Its first event makes it version 1.
    pub(super) fn new(order: &Order, stations: &Stations, at: Time) -> Self {
        let items = order.lines.iter().map(|line| item(line, station(stations, line))).collect();
        let ticket = Ticket {
            id: ticket_id(order.id),
            order_id: order.id,
            number: Some(order.number),
            location: order.location.clone(),
            kind: order.kind,
            table: order.table.clone(),
            customer: order.customer.clone(),
            channel: order.channel.clone(),
            state: TicketState::Open,
            priority: CALM,
            items,
            allergies: order.allergies.clone(),
            notes: order.notes.clone(),
            opened_at: at,
            started_at: None,
            ready_at: None,
            served_at: None,
            recalled_at: None,
            voided_at: None,
            acknowledged_at: None,
            version: 0,
        };
        Self { ticket, stations: String::new(), last: None, finished: BTreeMap::new() }.indexed(at)
    }

    /// Its items may be at other stations now, or further on. What comes back and is done again is done then.
    pub(super) fn indexed(self, at: Time) -> Self {
        let mut is_done: BTreeMap<&Slug, bool> = BTreeMap::new();
        for item in &self.ticket.items {
            *is_done.entry(&item.station).or_insert(true) &= item.state == ItemState::Done;
        }
        let done = is_done.iter().filter(|(_, is_done)| **is_done).map(|(station, _)| Slug::clone(station));
        let finished = done.map(|station| (self.finished.get(&station).copied().unwrap_or(at), station));
        let finished = finished.map(|(at, station)| (station, at)).collect();
        let names: String = is_done.keys().map(|name| format!("{name},")).collect();
        Self { stations: format!(",{names}"), finished, ..self }
    }

    /// Whether it has been ready for that long.
    pub(super) fn has_stood(&self, long: Duration, now: Time) -> bool {
        let ready_at = self.ticket.ready_at.filter(|_| self.ticket.state == TicketState::Ready);
        ready_at.is_some_and(|ready_at| ready_at + long <= now)
    }
}

fn item(line: &Line, station: Slug) -> TicketItem {
    TicketItem {
        id: line.id.clone(),
        line: line.id.clone(),
        sku: line.sku.clone(),
        name: line.name.clone(),
        quantity: line.quantity,
        modifiers: line.modifiers.clone(),
        notes: line.notes.clone(),
        station,
        state: ItemState::Queued,
    }
}

/// What a location says about the tickets that come back.
pub(super) struct Here<'a> {
    pub(super) day: Cow<'a, LocalDay>,
    pub(super) stations: Cow<'a, Stations>,
}

/// A ticket being changed by one input.
pub(super) struct Change<'a> {
    ticket: &'a mut Ticket,
    at: Time,
    by: &'a str,
    pub(super) said: Vec<Said>,
}

impl<'a> Change<'a> {
    pub(super) fn new(ticket: &'a mut Ticket, input: &'a Input<Command>) -> Self {
        Self { ticket, at: input.at, by: &input.by, said: Vec::new() }
    }

    /// The ticket as it is now, with who did it.
    pub(super) fn say(&mut self, kind: &'static str, more: &[(&'static str, Value)]) {
        self.ticket.version += 1;
        let members = [&[("by", json!(self.by))], more].concat();
        self.said.push(Said::with(kind, &*self.ticket, &members));
    }

    /// A change that is for displays only.
    fn say_changed(&mut self, reason: &'static str, item: Option<usize>) {
        let mut more = vec![("reason", json!(reason))];
        more.extend(item.map(|index| ("item", json!(self.ticket.items[index].id))));
        self.say("ticket.changed", &more);
    }

    /// What a cook does to the whole ticket; `again` where the last change was the same.
    pub(super) fn ticket(&mut self, action: TicketAction, again: bool, here: &Here<'_>) -> Result<(), Refusal> {
        use {TicketAction as Do, TicketState as Is};
        match (self.ticket.state, action) {
            (Is::Open, Do::Start) => self.start(None),
            (Is::Open, Do::Ready) => self.finish(),
            (Is::Open | Is::Ready, Do::Serve) => self.serve(),
            (Is::Ready | Is::Served, Do::Recall) => self.recall(None, here)?,
            (Is::Open | Is::Ready, Do::Rush) => self.prioritize(RUSHED, "rushed"),
            (Is::Open | Is::Ready, Do::Unrush) => self.prioritize(CALM, "unrushed"),
            (Is::Void, Do::Ack) => self.acknowledge(),
            (Is::Ready, Do::Ready) | (Is::Served, Do::Serve) => {}
            (Is::Open, Do::Recall) if again => {}
            (Is::Served, Do::Rush) if self.ticket.priority == RUSHED => {}
            (Is::Served, Do::Unrush) if self.ticket.priority == CALM => {}
            (Is::Void, Do::Start | Do::Ready | Do::Serve | Do::Recall | Do::Rush | Do::Unrush) => {
                return Err(Refusal::TicketVoid);
            }
            (state @ (Is::Ready | Is::Served), Do::Start)
            | (state @ Is::Served, Do::Ready | Do::Rush | Do::Unrush)
            | (state @ Is::Open, Do::Recall)
            | (state @ (Is::Open | Is::Ready | Is::Served), Do::Ack) => return Err(Refusal::TicketState(state)),
        }
        Ok(())
    }

    /// What a cook does to one item; `again` where this would only repeat the last change.
    pub(super) fn item(&mut self, id: &str, action: ItemAction, again: bool, here: &Here<'_>) -> Result<(), Refusal> {
        use {ItemAction as Do, ItemState as Item, TicketState as Is};
        let index = self.ticket.items.iter().position(|item| item.id == id);
        let index = index.ok_or_else(|| Refusal::UnknownItem(id.to_owned()))?;
        match (self.ticket.state, self.ticket.items[index].state, action) {
            (Is::Void, _, _) | (_, Item::Void, _) => return Err(Refusal::TicketVoid),
            (Is::Open, Item::Queued, Do::Start) => self.start(Some(index)),
            (Is::Open, Item::Queued | Item::Cooking, Do::Done) => self.finish_item(index),
            (Is::Open, Item::Cooking, Do::Undo) if again => {}
            (Is::Open, Item::Cooking, Do::Undo) => self.undo(index, ItemState::Queued),
            (Is::Open, Item::Done, Do::Undo) => self.undo(index, ItemState::Cooking),
            (Is::Ready, Item::Done, Do::Undo) => self.recall(Some(index), here)?,
            (Is::Open, Item::Cooking, Do::Start) | (Is::Open, Item::Queued, Do::Undo) | (_, Item::Done, Do::Done) => {}
            (state @ Is::Open, Item::Done, Do::Start)
            | (state @ Is::Ready, Item::Queued | Item::Cooking, _)
            | (state @ Is::Ready, Item::Done, Do::Start)
            | (state @ Is::Served, _, _) => return Err(Refusal::TicketState(state)),
        }
        Ok(())
    }

    /// The kitchen's word on a cancel: yes while nothing was started. What no display has shown needs no cook to
    /// clear it.
    pub(super) fn cancel(&mut self, reason: Option<&Notes>, shown: bool) {
        match (self.ticket.state, self.ticket.started_at) {
            (TicketState::Void, _) => {}
            (TicketState::Open, None) => self.void(reason, shown),
            (TicketState::Open | TicketState::Ready | TicketState::Served, _) => {
                self.say("ticket.cancel_refused", &[("reason", json!("already_started"))]);
            }
        }
    }

    /// Starts what is queued: all of it, or one item.
    fn start(&mut self, only: Option<usize>) {
        let queued = |(index, item): &(usize, &mut TicketItem)| {
            item.state == ItemState::Queued && only.is_none_or(|only| only == *index)
        };
        let mut started = 0;
        for (_, item) in self.ticket.items.iter_mut().enumerate().filter(queued) {
            item.state = ItemState::Cooking;
            started += 1;
        }
        if self.ticket.started_at.is_none() {
            self.ticket.started_at = Some(self.at);
            self.say("ticket.started", &[("waited_ms", self.ms_since(Some(self.ticket.opened_at)))]);
        } else if started > 0 {
            self.say_changed("started", only);
        }
    }

    fn finish_item(&mut self, index: usize) {
        if self.ticket.started_at.is_none() {
            self.start(Some(index));
        }
        self.ticket.items[index].state = ItemState::Done;
        self.say("ticket.item_done", &[("item", json!(self.ticket.items[index].id))]);
        if self.ticket.items.iter().all(|item| item.state == ItemState::Done) {
            self.finish();
        }
    }

    /// All that is left is done; what was not started is started by that.
    fn finish(&mut self) {
        if self.ticket.started_at.is_none() {
            self.start(None);
        }
        self.set_items(ItemState::Done);
        self.ticket.state = TicketState::Ready;
        self.ticket.ready_at = Some(self.at);
        self.say("ticket.ready", &[("cooked_ms", self.ms_since(self.ticket.started_at))]);
    }

    pub(super) fn serve(&mut self) {
        if self.ticket.state == TicketState::Open {
            self.finish();
        }
        self.ticket.state = TicketState::Served;
        self.ticket.served_at = Some(self.at);
        self.ticket.recalled_at = None;
        self.say("ticket.served", &[("stood_ms", self.ms_since(self.ticket.ready_at))]);
    }

    /// Back to the stove: all of it, or one item. Its age stays what it was.
    fn recall(&mut self, only: Option<usize>, here: &Here<'_>) -> Result<(), Refusal> {
        let finished_at = self.ticket.served_at.or(self.ticket.ready_at).unwrap_or(self.ticket.opened_at);
        if !here.day.may_recall(finished_at, self.at) {
            return Err(Refusal::EarlierDay(self.ticket.state));
        }
        match only {
            Some(index) => self.ticket.items[index].state = ItemState::Cooking,
            None => self.set_items(ItemState::Cooking),
        }
        // While it was away, a station may have gone.
        self.move_from_closed(&here.stations);
        self.ticket.state = TicketState::Open;
        self.ticket.ready_at = None;
        self.ticket.served_at = None;
        self.ticket.recalled_at = Some(self.at);
        let item = only.map(|index| ("item", json!(self.ticket.items[index].id)));
        self.say("ticket.recalled", item.as_slice());
        Ok(())
    }

    fn undo(&mut self, index: usize, state: ItemState) {
        self.ticket.items[index].state = state;
        self.say_changed("undone", Some(index));
    }

    fn prioritize(&mut self, priority: i64, reason: &'static str) {
        if self.ticket.priority != priority {
            self.ticket.priority = priority;
            self.say_changed(reason, None);
        }
    }

    fn void(&mut self, reason: Option<&Notes>, shown: bool) {
        self.set_items(ItemState::Void);
        self.ticket.state = TicketState::Void;
        self.ticket.voided_at = Some(self.at);
        self.ticket.acknowledged_at = Some(self.at).filter(|_| !shown);
        self.say("ticket.voided", &[("reason", json!(reason))]);
    }

    fn acknowledge(&mut self) {
        if self.ticket.acknowledged_at.is_none() {
            self.ticket.acknowledged_at = Some(self.at);
            self.say_changed("acknowledged", None);
        }
    }

    /// What is on a display and at a station that is gone moves to the default, or nobody would see it.
    pub(super) fn leave_closed(&mut self, stations: &Stations) {
        let has_left_the_display = match self.ticket.state {
            TicketState::Open | TicketState::Ready => false,
            TicketState::Void => self.ticket.acknowledged_at.is_some(),
            TicketState::Served => true,
        };
        if has_left_the_display {
            return;
        }
        let left = self.move_from_closed(stations);
        if !left.is_empty() {
            self.say("ticket.changed", &[("reason", json!("moved")), ("from", json!(left))]);
        }
    }

    /// The stations that it has left.
    fn move_from_closed(&mut self, stations: &Stations) -> BTreeSet<Slug> {
        let mut left = BTreeSet::new();
        for item in self.ticket.items.iter_mut().filter(|item| !stations.has(&item.station)) {
            left.insert(std::mem::replace(&mut item.station, stations.default.clone()));
        }
        left
    }

    fn set_items(&mut self, state: ItemState) {
        for item in &mut self.ticket.items {
            item.state = state;
        }
    }

    fn ms_since(&self, earlier: Option<Time>) -> Value {
        json!(earlier.map(|earlier| u64::try_from(self.at.since(earlier).as_millis()).unwrap_or(u64::MAX)))
    }
}
