//! The services behind the URLs that the console was given. Each may be away at any time, also at the start.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use futures_util::future::join_all;
use reqwest::StatusCode;
use shared::web::problem::Problem;
use tokio::{sync::OnceCell, time::timeout};

use crate::{
    api::Api,
    developer::{SERVICES, past::Past},
};

/// Whoever does not answer for so long is away.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Services {
    pub all: [Place; 3],
}

/// Where a service answers.
#[derive(Debug)]
pub(super) struct Place {
    pub service: &'static str,
    /// What its feed is called in paths.
    pub feed: &'static str,
    apis: Arc<[Api]>,
    found: OnceCell<Api>,
}

impl Services {
    pub(super) fn behind(apis: &[Api]) -> Self {
        let apis: Arc<[Api]> = apis.iter().map(|api| api.with_patience(Duration::ZERO)).collect();
        let place = |(service, feed)| Place { service, feed, apis: Arc::clone(&apis), found: OnceCell::new() };
        Self { all: SERVICES.map(place) }
    }

    /// The one with that feed.
    pub(super) fn find(&self, feed: &str) -> Result<&Place, Problem> {
        let found = self.all.iter().find(|place| place.feed == feed);
        found.ok_or_else(|| Problem::missing(format!("there is no service {feed:?}")))
    }

    /// The pasts of all, each of which has answered once. They wait for nobody who hangs.
    pub(super) async fn pasts_of_all(&self) -> Result<HashMap<&'static str, Past>> {
        let mut pasts = HashMap::new();
        for place in &self.all {
            let api = place.api().await?.with_timeout(PATIENCE)?;
            pasts.insert(place.service, Past::Running { api, feed: place.feed });
        }
        Ok(pasts)
    }

    /// The pasts of those that answer, and the names of the others.
    pub(super) async fn pasts(&self) -> (HashMap<&'static str, Past>, Vec<&'static str>) {
        let asked = join_all(self.all.iter().map(Place::past)).await;
        let (mut pasts, mut away) = (HashMap::new(), Vec::new());
        for (place, past) in self.all.iter().zip(asked) {
            match past {
                Ok(past) => drop(pasts.insert(place.service, past)),
                Err(_) => away.push(place.service),
            }
        }
        (pasts, away)
    }
}

impl Place {
    /// Where it was found once, it is asked from then on.
    pub(super) async fn api(&self) -> Result<&Api> {
        self.found.get_or_try_init(|| self.look()).await
    }

    async fn look(&self) -> Result<Api> {
        for api in self.apis.iter() {
            // Else it is another service's, or nobody's at present; of one that is gone the beginning has been forgotten.
            if let Ok(StatusCode::OK | StatusCode::GONE) = self.ask(api).await {
                return Ok(api.clone());
            }
        }
        let urls: Vec<&str> = self.apis.iter().map(|api| &*api.base).collect();
        bail!("{} does not answer at {}", self.service, urls.join(" or "))
    }

    async fn ask(&self, api: &Api) -> Result<StatusCode> {
        let asked = timeout(PATIENCE, api.look(&format!("/v1/feed/{}?limit=1", self.feed))).await;
        Ok(asked.context("no answer in time")??.status)
    }

    /// An error where it does not answer now.
    pub(super) async fn past(&self) -> Result<Past> {
        let api = self.api().await?;
        self.ask(api).await?;
        Ok(Past::Running { api: api.clone(), feed: self.feed })
    }

    /// What a request is answered that needs it.
    pub(super) fn away(&self) -> Problem {
        let detail = format!("{} does not answer; try again once it does", self.service);
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable", detail)
    }
}
