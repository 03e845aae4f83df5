//! Live views: an order, a location and its menu, each with the positions in the log at which a client may resume.

pub(super) mod location;
pub(super) mod order;
