//! Who is connected, since when each has been idle, and what is held for whom. When all slots are taken, the one that has
//! been idle longest gives his up; when too much is held, the one that has been taking his answer longest is given up:
//! nobody keeps the others out by doing nothing.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

/// So much of answers is held at the most, for clients that have not taken theirs yet.
const HELD_BYTES_MAX: usize = 32 << 20;
/// What is smaller goes to the kernel, at once and whole.
const HELD_BYTES_MIN: usize = 64 << 10;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Slots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    max: usize,
    taken: Mutex<Taken>,
    /// A slot is free, or somebody has become idle.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    by: HashMap<u64, Arc<Activity>>,
    /// Large answers, and whose they are, oldest first.
    held: VecDeque<(Arc<Activity>, usize)>,
    held_bytes: usize,
}

/// The slot of one connection; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    id: u64,
    slots: Slots,
    pub(super) activity: Arc<Activity>,
}

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// No request is there, since then.
    Idle(Instant),
    /// The first bytes of a request came then.
    Headers(Instant),
    /// A request is being answered.
    Busy,
}

#[derive(Debug)]
pub(super) struct Activity {
    at: Mutex<At>,
    slots: Slots,
    close: CancellationToken,
    give_up: CancellationToken,
}

/// As long as it lives an answer is on its way that is worth counting.
#[derive(Debug)]
pub(super) struct Held(Arc<Activity>);

/// As long as it lives the connection answers a request.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Slots {
    pub(super) fn new(max: usize) -> Self {
        Self(Arc::new(Inner { max: max.max(1), taken: Mutex::default(), changed: Notify::new() }))
    }

    /// A slot, at once where one is free or somebody is idle.
    pub(super) async fn take(&self) -> Slot {
        loop {
            let changed = self.0.changed.notified();
            if let Some(slot) = self.try_take() {
                return slot;
            }
            changed.await;
        }
    }

    fn try_take(&self) -> Option<Slot> {
        if lock(&self.0.taken).by.len() >= self.0.max && !self.close_longest_idle() {
            return None;
        }
        let mut taken = lock(&self.0.taken);
        let id = taken.next;
        let activity = Arc::new(Activity {
            at: Mutex::new(At::Idle(Instant::now())),
            slots: self.clone(),
            close: CancellationToken::new(),
            give_up: CancellationToken::new(),
        });
        taken.next += 1;
        taken.by.insert(id, Arc::clone(&activity));
        Some(Slot { id, slots: self.clone(), activity })
    }

    /// Whether there was one.
    pub(super) fn close_longest_idle(&self) -> bool {
        let mut taken = lock(&self.0.taken);
        let idle = taken.by.iter().filter_map(|(id, activity)| Some((activity.idle_since()?, *id)));
        let Some((_, id)) = idle.min() else { return false };
        // His slot is free from now on, though he needs a moment to leave it.
        taken.by.remove(&id).is_some_and(|activity| {
            activity.close.cancel();
            true
        })
    }
}

impl Taken {
    fn release(&mut self, nth: usize) {
        if let Some((_, bytes)) = self.held.remove(nth) {
            self.held_bytes -= bytes;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = lock(&self.0.slots.0.taken);
        if let Some(nth) = taken.held.iter().position(|(holder, _)| Arc::ptr_eq(holder, &self.0)) {
            taken.release(nth);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        lock(&self.slots.0.taken).by.remove(&self.id);
        self.slots.0.changed.notify_one();
    }
}

impl Activity {
    pub(super) fn at(&self) -> At {
        *lock(&self.at)
    }

    fn idle_since(&self) -> Option<Instant> {
        match self.at() {
            At::Idle(since) | At::Headers(since) => Some(since),
            At::Busy => None,
        }
    }

    /// Bytes came: the first of a request, if none was there.
    pub(super) fn hear(&self) {
        let mut at = lock(&self.at);
        if let At::Idle(_) = *at {
            *at = At::Headers(Instant::now());
        }
    }

    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        *lock(&self.at) = At::Busy;
        Busy(Arc::clone(self))
    }

    /// An answer of so many bytes is there for its client.
    pub(super) fn hold(self: &Arc<Self>, bytes: usize) -> Option<Held> {
        if bytes < HELD_BYTES_MIN {
            return None;
        }
        let mut taken = lock(&self.slots.0.taken);
        while taken.held_bytes + bytes > HELD_BYTES_MAX {
            let Some((longest, _)) = taken.held.front() else { break };
            longest.give_up.cancel();
            taken.release(0);
        }
        taken.held.push_back((Arc::clone(self), bytes));
        taken.held_bytes += bytes;
        Some(Held(Arc::clone(self)))
    }

    /// When too much is held for others who take longest, and this is the one.
    pub(super) async fn given_up(&self) {
        self.give_up.cancelled().await;
    }

    /// When somebody else needs the slot.
    pub(super) async fn closed(&self) {
        self.close.cancelled().await;
    }
}

impl Busy {
    /// As [`Activity::hold`].
    pub(super) fn hold(&self, bytes: usize) -> Option<Held> {
        self.0.hold(bytes)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *lock(&self.0.at) = At::Idle(Instant::now());
        self.0.slots.0.changed.notify_one();
    }
}

/// What these locks guard is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn who_is_idle_longest_makes_room() {
        let slots = Slots::new(2);
        let (first, second) = (slots.take().await, slots.take().await);
        let busy = first.activity.begin();
        let third = slots.take().await;
        assert!(second.activity.closed().now_or_never().is_some());
        assert!(first.activity.closed().now_or_never().is_none());
        let also_busy = third.activity.begin();
        assert!(slots.take().now_or_never().is_none(), "nobody is idle");
        drop(busy);
        let _fourth = slots.take().await;
        assert!(first.activity.closed().now_or_never().is_some());
        assert!(third.activity.closed().now_or_never().is_none());
        drop((second, also_busy));
    }

    #[tokio::test]
    async fn who_takes_his_answer_longest_is_given_up_when_too_much_is_held() {
        let slots = Slots::new(4);
        let (first, second, third) = (slots.take().await, slots.take().await, slots.take().await);
        let is_given_up = |slot: &Slot| slot.activity.given_up().now_or_never().is_some();
        assert!(first.activity.hold(HELD_BYTES_MIN - 1).is_none(), "too small to count");
        let taken_in_time = first.activity.hold(HELD_BYTES_MAX / 2);
        let slow = second.activity.hold(HELD_BYTES_MAX / 2);
        drop(taken_in_time);
        let fits = third.activity.hold(HELD_BYTES_MAX / 2);
        assert!(!is_given_up(&first) && !is_given_up(&second), "all of it may be held");
        let fourth = slots.take().await;
        let huge = fourth.activity.hold(HELD_BYTES_MAX);
        assert!(!is_given_up(&first) && is_given_up(&second) && is_given_up(&third));
        drop((slow, fits));
        assert_eq!(lock(&slots.0.taken).held_bytes, HELD_BYTES_MAX, "who was given up counts no more");
        drop(huge);
        assert_eq!(lock(&slots.0.taken).held_bytes, 0);
    }

    #[tokio::test]
    async fn whoever_leaves_makes_room() {
        let slots = Slots::new(1);
        let first = slots.take().await;
        let _busy = first.activity.begin();
        let mut waiting = Box::pin(slots.take());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        waiting.await;
    }
}
