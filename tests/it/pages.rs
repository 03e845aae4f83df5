//! The pages for people, in real browsers: used as guests, cooks and managers use them.

mod access;
mod alone;
mod apart;
mod away;
mod browser;
pub(crate) mod console;
mod cook;
mod crowd;
mod day;
mod dense;
mod docs;
mod ends;
mod flow;
mod guest;
mod languages;
mod manager;
mod menu;
mod once;
mod page;
mod past;
mod proxy;
mod rush;
mod screens;
mod sign_in;
mod taking;
mod told;
mod understood;

use std::time::Duration;

use crate::harness::{App, Backends, on_both};
use browser::Browsers;
use page::Page;

const WAIT: Duration = Duration::from_secs(240);

/// Runs the test in browsers, with a restaurant on each pair of backends.
async fn in_browsers_on_both(test: impl AsyncFn(&App, &Browsers)) {
    on_both(async |app| {
        let Some(browsers) = Browsers::start() else { return };
        test(app, &browsers).await;
        browsers.finish().await;
    })
    .await;
}

/// The same on the pair that needs nothing: pages know only what HTTP tells them.
async fn in_browsers(test: impl AsyncFn(&App, &Browsers)) {
    let Some(browsers) = Browsers::start() else { return };
    let backends = Backends::embedded();
    let app = App::start(&backends, WAIT).await;
    app.open_restaurant().await;
    test(&app, &browsers).await;
    browsers.finish().await;
    app.finish().await;
}

impl Browsers {
    /// A display of the whole kitchen.
    async fn display(&self, base: &str) -> Page {
        self.open(&format!("{base}/kitchen?location=soho&view=all")).await
    }

    /// A guest who reads the menu.
    async fn guest(&self, base: &str) -> Page {
        self.open(&format!("{base}/order#at/soho")).await
    }

    /// A manager who looks at the stock.
    async fn manager(&self, base: &str) -> Page {
        self.open(&format!("{base}/stock#at/soho/stock")).await
    }
}
