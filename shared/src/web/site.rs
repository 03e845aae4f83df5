//! What a service is like on the web, and what its handlers hold.

use std::time::Duration;

use utoipa_axum::router::OpenApiRouter;

use crate::{
    db::Db,
    engine::{live::Live, pump::Pump, service::Service},
    web::{pages::Asset, problem::Problem},
};

/// A service as HTTP shows it.
pub trait Site: Service<Refusal: Into<Problem>> {
    /// Where a process that runs this service alone listens unless it is told otherwise.
    const PORT: u16;
    /// Where people begin: `/` of a process that runs this service alone leads there.
    const PAGE: &'static str;
    /// The files of its page; those that all pages share are served around them.
    const ASSETS: &'static [Asset];

    /// Its part of the HTTP interface.
    fn routes(app: App<Self>) -> OpenApiRouter;
}

/// What handlers hold: the database for reads, the pump for writes, the log for live views. Cheap to clone.
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
