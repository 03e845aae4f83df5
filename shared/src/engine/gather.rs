//! What goes into the next batch, of those who ask and of what the bus delivers: both, so that neither a backlog of
//! events nor a rush of requests keeps the other waiting.

/// As many requests a batch takes at the most.
const REQUESTS_MAX: usize = 512;
/// A batch takes no further message once it has this many events.
const EVENTS_MAX: usize = 512;
/// The same while somebody waits for an answer: a request that comes now waits for this batch and for its own, and
/// what a batch decides is what its time goes into.
const EVENTS_MAX_BESIDE_REQUESTS: usize = 128;
/// A batch takes no further message once it has so much of them.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a batch holds so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    pub(super) requests: usize,
    /// Those that are no events count as well.
    pub(super) events: usize,
    pub(super) bytes: usize,
}

/// How many wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) requests: usize,
    /// Each with one event or many.
    pub(super) messages: usize,
}

/// What a batch takes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Request,
    Message,
    Nothing,
}

/// Requests first, for they are few and somebody waits; then messages, up to a share that leaves them time.
pub(super) fn next(held: Held, waiting: Waiting) -> Next {
    if waiting.requests > 0 && held.requests < REQUESTS_MAX {
        return Next::Request;
    }
    let events_max = if held.requests > 0 { EVENTS_MAX_BESIDE_REQUESTS } else { EVENTS_MAX };
    if waiting.messages > 0 && held.events < events_max && held.bytes < BYTES_MAX {
        return Next::Message;
    }
    Next::Nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch of what waits in the two queues, each message with so many events and bytes: requests, messages.
    fn batch(requests: usize, messages: &[(usize, usize)]) -> (usize, usize) {
        let (mut held, mut taken) = (Held::default(), 0);
        loop {
            let waiting = Waiting { requests: requests - held.requests, messages: messages.len() - taken };
            match next(held, waiting) {
                Next::Request => held.requests += 1,
                Next::Message => {
                    held.events += messages[taken].0;
                    held.bytes += messages[taken].1;
                    taken += 1;
                }
                Next::Nothing => return (held.requests, taken),
            }
        }
    }

    #[test]
    fn a_backlog_of_events_leaves_room_for_requests() {
        let backlog = [(100, 1); 64];
        assert_eq!(batch(0, &backlog), (0, 6), "alone, in large batches");
        assert_eq!(batch(1, &backlog), (1, 2));
        assert_eq!(batch(300, &backlog), (300, 2), "all who wait");
        assert_eq!(batch(300, &[(1, 1); 64]), (300, 64));
        assert_eq!(batch(300, &[(1, 1); 1000]), (300, EVENTS_MAX_BESIDE_REQUESTS));
    }

    #[test]
    fn a_rush_of_requests_leaves_room_for_events() {
        assert_eq!(batch(4096, &[]), (REQUESTS_MAX, 0));
        assert_eq!(batch(4096, &[(100, 1); 64]), (REQUESTS_MAX, 2));
    }

    #[test]
    fn a_batch_is_bounded_in_bytes() {
        assert_eq!(batch(0, &[(1, BYTES_MAX / 4); 64]), (0, 4));
        assert_eq!(batch(1, &[(1, BYTES_MAX * 2); 64]), (1, 1), "one that is too large goes alone");
    }
}
