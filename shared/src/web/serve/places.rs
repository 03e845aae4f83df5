//! Who is connected, and since when each has been idle. When all places are taken, the one that has been idle longest
//! gives his up: nobody keeps the others out by doing nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    max: usize,
    taken: Mutex<Taken>,
    /// A place is free, or somebody has become idle.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    by: HashMap<u64, Arc<Activity>>,
}

/// The place of one connection; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    id: u64,
    places: Places,
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
    places: Places,
    close: CancellationToken,
}

/// As long as it lives the connection answers a request.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Places {
    pub(super) fn new(max: usize) -> Self {
        Self(Arc::new(Inner { max: max.max(1), taken: Mutex::default(), changed: Notify::new() }))
    }

    /// A place, at once where one is free or somebody is idle.
    pub(super) async fn take(&self) -> Place {
        loop {
            let changed = self.0.changed.notified();
            if let Some(place) = self.try_take() {
                return place;
            }
            changed.await;
        }
    }

    fn try_take(&self) -> Option<Place> {
        if lock(&self.0.taken).by.len() >= self.0.max && !self.close_longest_idle() {
            return None;
        }
        let mut taken = lock(&self.0.taken);
        let id = taken.next;
        let activity = Arc::new(Activity {
            at: Mutex::new(At::Idle(Instant::now())),
            places: self.clone(),
            close: CancellationToken::new(),
        });
        taken.next += 1;
        taken.by.insert(id, Arc::clone(&activity));
        Some(Place { id, places: self.clone(), activity })
    }

    /// Whether there was one.
    pub(super) fn close_longest_idle(&self) -> bool {
        let mut taken = lock(&self.0.taken);
        let idle = taken.by.iter().filter_map(|(id, activity)| Some((activity.idle_since()?, *id)));
        let Some((_, id)) = idle.min() else { return false };
        // His place is free from now on, though he needs a moment to leave it.
        taken.by.remove(&id).is_some_and(|activity| {
            activity.close.cancel();
            true
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.places.0.taken).by.remove(&self.id);
        self.places.0.changed.notify_one();
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

    /// When somebody else needs the place.
    pub(super) async fn closed(&self) {
        self.close.cancelled().await;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *lock(&self.0.at) = At::Idle(Instant::now());
        self.0.places.0.changed.notify_one();
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
        let places = Places::new(2);
        let (first, second) = (places.take().await, places.take().await);
        let busy = first.activity.begin();
        let third = places.take().await;
        assert!(second.activity.closed().now_or_never().is_some());
        assert!(first.activity.closed().now_or_never().is_none());
        let also_busy = third.activity.begin();
        assert!(places.take().now_or_never().is_none(), "nobody is idle");
        drop(busy);
        let _fourth = places.take().await;
        assert!(first.activity.closed().now_or_never().is_some());
        assert!(third.activity.closed().now_or_never().is_none());
        drop((second, also_busy));
    }

    #[tokio::test]
    async fn whoever_leaves_makes_room() {
        let places = Places::new(1);
        let first = places.take().await;
        let _busy = first.activity.begin();
        let mut waiting = Box::pin(places.take());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        waiting.await;
    }
}
