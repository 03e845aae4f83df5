//! What the handlers of a service hold: its database for reads, its pump for writes, its log for live views.

use std::time::Duration;

use crate::{db::Db, live::Live, pump::Pump, service::Service};

/// Cheap to clone.
#[derive(Debug)]
pub struct App<S: Service> {
    pub db: Db,
    pub pump: Pump<S>,
    pub live: Live,
    /// How long an order may wait for its decision.
    pub accept_within: Duration,
}

impl<S: Service> Clone for App<S> {
    fn clone(&self) -> Self {
        Self {
            db: self.db.clone(),
            pump: self.pump.clone(),
            live: self.live.clone(),
            accept_within: self.accept_within,
        }
    }
}
