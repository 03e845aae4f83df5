//! The event contract: what `data` of each event holds, which is also what GET shows.
//! Shapes only; the rules that change them live in the service that owns them.

pub mod access;
pub mod catalogue;
pub mod clock;
pub mod day;
pub mod event;
pub mod kitchen;
pub mod language;
pub mod menu;
pub mod order;
pub mod pace;
pub mod stock;
pub mod time;
pub mod topology;
pub mod trace;
pub mod types;

use uuid::Uuid;

/// The thing an event is about. The last event of a subject rebuilds it.
pub trait Subject: serde::Serialize {
    /// Where those who keep it have it.
    const TABLE: &'static str;

    /// Unique among the subjects of the same kind: an order's id, `soho/margherita`.
    fn subject(&self) -> String;
    fn location(&self) -> &types::Slug;
    /// Counts the subject's changes from 1, one an event.
    fn sequence(&self) -> i64;
    /// The order that the event belongs to, if any.
    fn correlation(&self) -> Option<Uuid> {
        None
    }
}
