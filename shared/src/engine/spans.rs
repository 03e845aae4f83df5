//! What of the work is told to whoever collects traces. A span is handed over once its work is done, and nobody waits for
//! that: what does not fit into the queue is dropped, and counted.

use std::{borrow::Cow, sync::Arc};

use opentelemetry::{KeyValue, trace::SpanKind};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    contract::{event::derived_id, time::Time, trace::Trace},
    engine::call::fresh_id,
};

/// Some seconds of a busy evening.
const QUEUE: usize = 4096;

/// A piece of work that is done.
#[derive(Clone, Debug)]
pub struct Span {
    /// Whose work it was.
    pub service: &'static str,
    pub name: Cow<'static, str>,
    pub kind: SpanKind,
    /// The trace, and in it this span.
    pub trace: Trace,
    /// What it was done for, if that is known.
    pub parent: Option<Trace>,
    pub began: Time,
    pub ended: Time,
    pub attributes: Vec<KeyValue>,
    pub links: Vec<Trace>,
    /// Of work that failed: as what.
    pub error: Option<String>,
}

/// Where spans go. Cheap to clone; by default nowhere, and then nothing is done for them.
#[derive(Clone, Debug, Default)]
pub struct Spans(Option<Arc<Open>>);

#[derive(Debug)]
struct Open {
    queue: mpsc::Sender<Span>,
    sampler: Sampler,
}

impl Spans {
    /// Into a queue of bounded length.
    pub fn queue(sampler: Sampler) -> (Self, mpsc::Receiver<Span>) {
        let (queue, spans) = mpsc::channel(QUEUE);
        (Self(Some(Arc::new(Open { queue, sampler }))), spans)
    }

    /// Whether anybody collects them.
    pub fn are_collected(&self) -> bool {
        self.0.is_some()
    }

    /// The span in which a request is served, within the caller's trace if he has one.
    pub fn begin(&self, caller: Option<Trace>) -> Option<Trace> {
        let open = self.0.as_ref()?;
        let trace = caller.map_or_else(begun, |caller| caller.child(fresh_id()));
        Some(trace.sampled(open.sampler.keeps(caller, trace)))
    }

    /// The trace of what no request causes; `id` names it.
    pub fn root(&self, id: Uuid) -> Trace {
        let root = Trace::rooted_in(id);
        self.0.as_ref().map_or(root, |open| root.sampled(open.sampler.keeps(None, root)))
    }

    /// Whether spans of this trace are collected.
    pub fn keep(&self, trace: Trace) -> bool {
        self.0.as_ref().is_some_and(|open| open.sampler.keeps(Some(trace), trace))
    }

    /// Hands it over, if there is room.
    pub fn add(&self, span: Span) {
        if self.0.as_ref().is_some_and(|open| open.queue.try_send(span).is_err()) {
            dropped("full", 1);
        }
    }
}

/// A trace of its own. Fresh ids count up within a millisecond, where sampling would keep all of them or none.
fn begun() -> Trace {
    Trace::rooted_in(derived_id(&["trace", &fresh_id().to_string()]))
}

/// Counts spans that nobody will see.
pub fn dropped(reason: &'static str, spans: usize) {
    metrics::counter!("comanda_spans_dropped_total", "reason" => reason).increment(spans as u64);
}

/// Which traces are kept, as `OTEL_TRACES_SAMPLER` says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// Whoever has begun the trace has decided.
    follows_parent: bool,
    /// Of those that are decided here: the share of 2⁵⁶.
    kept: u64,
}

/// The random part of a trace id that decides: the same everywhere.
const RANDOM: u64 = (1 << 56) - 1;

impl Sampler {
    /// By its name, with the share of those that tell one.
    pub fn named(name: &str, share: f64) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&share) {
            return Err("expected a share from 0 to 1".into());
        }
        let (follows_parent, kind) = match name.strip_prefix("parentbased_") {
            Some(kind) => (true, kind),
            None => (false, name),
        };
        let share = match kind {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => share,
            _ => {
                let known = "always_on, always_off, traceidratio, each also as parentbased_…";
                return Err(format!("expected one of {known}"));
            }
        };
        Ok(Self { follows_parent, kept: (share * (RANDOM + 1) as f64) as u64 })
    }

    fn keeps(self, parent: Option<Trace>, trace: Trace) -> bool {
        match parent {
            Some(parent) if self.follows_parent => parent.is_sampled(),
            // The threshold of OpenTelemetry's consistent sampling: who keeps fewer keeps a part of the same.
            _ => (trace.id() as u64 & RANDOM) >= RANDOM + 1 - self.kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str, share: f64, parent: Option<Trace>) -> usize {
        let sampler = Sampler::named(name, share).expect("known");
        (0..10_000).filter(|_| sampler.keeps(parent, begun())).count()
    }

    #[test]
    fn a_share_of_fresh_ids_is_kept() {
        assert_eq!(kept("always_on", 0.0, None), 10_000);
        assert_eq!(kept("always_off", 1.0, None), 0);
        let tenth = kept("traceidratio", 0.1, None);
        assert!((700..1300).contains(&tenth), "{tenth} of 10,000");
        assert_eq!(kept("traceidratio", 1.0, None), 10_000);
        assert_eq!(kept("traceidratio", 0.0, None), 0);
    }

    #[test]
    fn who_has_begun_decides_if_he_is_followed() {
        let parent = |is_sampled| Some(Trace::rooted_in(fresh_id()).sampled(is_sampled));
        assert_eq!(kept("parentbased_always_on", 1.0, parent(false)), 0);
        assert_eq!(kept("parentbased_always_off", 1.0, parent(true)), 10_000);
        assert_eq!(kept("parentbased_traceidratio", 0.0, parent(true)), 10_000);
        assert_eq!(kept("always_on", 1.0, parent(false)), 10_000);
    }

    #[test]
    fn who_keeps_fewer_keeps_a_part_of_the_same() {
        let (few, many) = (Sampler::named("traceidratio", 0.1), Sampler::named("traceidratio", 0.5));
        let (few, many) = (few.expect("known"), many.expect("known"));
        let traces = (0..1000).map(|_| begun());
        assert!(traces.into_iter().all(|trace| !few.keeps(None, trace) || many.keeps(None, trace)));
    }

    #[test]
    fn what_is_no_sampler_is_refused() {
        assert!(Sampler::named("sometimes", 1.0).is_err());
        assert!(Sampler::named("traceidratio", 1.5).is_err());
        assert!(Sampler::named("traceidratio", f64::NAN).is_err());
    }
}
