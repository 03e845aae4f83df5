//! Every page on every screen, light and dark, in the middle of a rush. With a directory in `COMANDA_PICTURES` the
//! rush goes on for a while first, and what is seen is left there.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{browser::Browsers, page::Page};
use crate::{
    harness::Backends,
    process::{Process, comanda, free_address},
    servers::variable,
};

const SCREENS: [(&str, (u32, u32)); 3] = [("phone", (390, 844)), ("tablet", (1280, 800)), ("wall", (1920, 1080))];
/// The name of each page, its address, what is true when it has begun, and what is tapped then.
const PAGES: [(&str, &str, &str, &[&str]); 16] = [
    (
        "kitchen",
        "/kitchen?location=soho&view=all",
        "document.querySelectorAll('.ticket').length >= 4",
        &["Start shift"],
    ),
    (
        "order",
        "/order#at/soho",
        "document.querySelectorAll('.dish').length > 10",
        &["Choose Soho burger", "House slaw", "Add ·", "Choose Margherita", "Add ·"],
    ),
    ("stock", "/stock#at/soho/stock", "document.querySelectorAll('[data-ingredient]').length > 10", &[]),
    (
        "all-day",
        "/kitchen?location=soho&view=expo",
        "document.querySelectorAll('.ticket').length >= 4",
        &["Start shift", "All-day"],
    ),
    (
        "placed",
        "/order#at/soho",
        "document.querySelectorAll('.dish').length > 10",
        &["Choose Soho burger", "House slaw", "Add ·", "Choose Margherita", "Add ·", "Order now", "Cancel this order"],
    ),
    ("ledger", "/stock#at/soho/stock/brioche_bun", "document.querySelectorAll('.chart').length === 1", &[]),
    ("out", "/stock#at/soho/out", "document.querySelectorAll('.on-card').length > 10", &[]),
    ("menu", "/menu#at/soho/dishes", "document.querySelectorAll('.rows > li').length > 10", &[]),
    ("item", "/menu#at/soho/dishes", "document.querySelectorAll('.rows > li').length > 10", &["Edit Soho burger"]),
    ("day", "/day#at/soho", "document.querySelectorAll('.charts svg').length >= 3", &[]),
    (
        "docs",
        "/docs#post_v1_orders",
        "document.querySelector('#post_v1_orders[open] pre') !== null",
        &["GET /v1/orders/{id} ", "Fields of Order", "Fields of Line"],
    ),
    ("start", "/", "document.querySelectorAll('#services li').length === 3", &[]),
    ("health", "/console#health", "document.querySelector('.spark .line')?.getAttribute('d').length > 20", &[]),
    ("events", "/console#events", "document.querySelectorAll('.events li').length > 20", &[]),
    ("trace", "/console#trace/1", "document.querySelectorAll('.dot').length > 3", &[]),
    ("dead", "/console#dead", "document.body.innerText.includes('There are none.')", &[]),
];
/// After so many minutes a ticket of the rush is late: some are.
const EXPECTED: f64 = 0.75;
/// What makes a picture of a rush, one after the other.
const RUSH: [&str; 3] = [
    "!!document.querySelector('[data-level=due]')",
    "!!document.querySelector('[data-level=late]')",
    "document.querySelectorAll('.ticket').length >= 24 && !!document.querySelector('[data-level=due]') && !!document.querySelector('[data-level=late]')",
];
/// More guests than the simulated ones, from everywhere: an order each second for a quarter of a minute.
const GUESTS: &str = r#"
    const menu = (await (await fetch("/v1/menu/soho?limit=500")).json()).items;
    const dishes = menu.filter((item) => item.kind === "dish" && item.available);
    const from = [
      { type: "dine_in", table: "12" },
      { type: "pickup", customer: { name: "Ellen R." } },
      { type: "delivery", customer: { name: "Priya S." }, channel: { name: "uber" } },
    ];
    const line = (number) => {
      const { sku, modifiers, choices } = dishes[(7 * number) % dishes.length];
      const chosen = choices.flatMap((choice) => choice.modifiers.slice(0, choice.min));
      return { sku, quantity: 1 + (number % 2), modifiers: [...chosen, ...(number % 3 ? [] : modifiers.slice(0, 2))] };
    };
    for (let number = first; number < first + 15; number += 1) {
      const { channel, ...order } = from[number % 3];
      const named = channel && { channel: { ...channel, external_id: String(4711 + number) } };
      const lines = [0, 1, 2].slice(0, 1 + (number % 3)).map((more) => line(number + 11 * more));
      const headers = { "content-type": "application/json", "idempotency-key": `rush ${number}` };
      await fetch("/v1/orders", { method: "POST", headers, body: JSON.stringify({ location: "soho", lines, ...order, ...named }) });
      await new Promise((done) => setTimeout(done, 1000));
    }
"#;

/// What sticks out of the screen, is cut off, or is smaller than a thumb on the display.
const AMISS: &str = r#"
    const [thumb] = arguments;
    const shown = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility({ visibilityProperty: true }));
    const name = (e) => `${e.tagName} ${e.id} ${e.className} ${e.innerText?.slice(0, 40)}`;
    const sideways = document.documentElement.scrollWidth > innerWidth ? ["the page scrolls sideways"] : [];
    const cut = shown.filter((e) => e.matches("button, a.button, .badge, h1, h2, h3") && !e.matches(".unseen") &&
      getComputedStyle(e).textOverflow !== "ellipsis" && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0);
    const small = shown.filter((e) => e.matches("button:not(.row), select") && e.getBoundingClientRect().height < thumb);
    return [...sideways, ...cut.map((e) => `cut off: ${name(e)}`), ...small.map((e) => `small: ${name(e)}`)];
"#;

/// Fails on whatever does not fit the screen as it is.
pub(super) async fn fits(page: &Page, thumb: u32, what: &str) {
    // Two frames: what follows from a new size is done.
    page.runs("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))", json!([]))
        .await;
    assert_eq!(page.runs(AMISS, json!([thumb])).await, json!([]), "{what}");
}

async fn look(page: &Page, name: &str) {
    // On a desk: as many as fit.
    let thumb = if name == "events" { 36 } else { 48 };
    for (screen, size) in SCREENS {
        page.resize(size).await;
        for (theme, suffix) in [("light", ""), ("dark", "-dark")] {
            page.theme(theme).await;
            fits(page, thumb, &format!("{name} on a {screen}, {theme}")).await;
            if let Some(directory) = variable("COMANDA_PICTURES") {
                let file = PathBuf::from(directory).join(format!("{name}-{screen}{suffix}.png"));
                std::fs::write(file, page.picture().await).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn every_page_fits_every_screen() {
    let Some(browsers) = Browsers::start() else { return };
    let backends = Backends::embedded();
    let address = free_address();
    let pictures = variable("COMANDA_PICTURES").is_some();
    let rate = if pictures { "15/min" } else { "120/min" };
    let process = Process::run(comanda(&backends, &address).args(["--simulate", rate]), &address).await;
    let page = browsers.open(&format!("http://{address}/")).await;
    let expected = json!({"pickup": EXPECTED, "dine_in": EXPECTED, "delivery": EXPECTED});
    let settings: Value = json!({"location": "soho", "expected": expected});
    page.runs("localStorage.setItem('comanda.kitchen', JSON.stringify(arguments[0]))", json!([settings])).await;
    for (name, path, begun, taps) in PAGES {
        // Where only the part after the # is another, the page would stay.
        page.goes_to("about:blank").await;
        page.goes_to(&format!("http://{address}{path}")).await;
        page.until(begun).await;
        if pictures && name == "kitchen" {
            // Something may run out meanwhile.
            page.may_say("status of 409");
            for first in [0, 15, 30] {
                page.runs(&format!("return (async (first) => {{ {GUESTS} }})(...arguments)"), json!([first])).await;
            }
            for sign in RUSH {
                page.until(sign).await;
            }
        }
        for tap in taps {
            page.taps(tap).await;
        }
        look(&page, name).await;
    }
    browsers.finish().await;
    assert_eq!(process.terminate(), Some(0));
}
