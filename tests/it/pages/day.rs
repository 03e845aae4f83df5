//! The day page in the hands of managers: today while it goes on, and a long day of the past, on screens and on paper.

use std::sync::atomic::Ordering;

use serde_json::json;
use shared::{contract::access::Role, db::Db};

use super::{access::check, browser::Browsers, in_browsers, page::Page};
use crate::{
    access::{embedded, token},
    api::day::no_day_ends,
    harness::{App, text},
};

/// A Friday, 11:00 in London.
const OPENED_S: i64 = 1_741_950_000;
const PAST: &str = "2025-03-14";
const OPEN_S: i64 = 12 * 3_600;

async fn write(db: &Db, sql: String) {
    let mut tx = db.begin().await.unwrap();
    tx.execute(Box::leak(sql.into_boxed_str()), []).await.unwrap();
    tx.commit().await.unwrap();
}

/// Numbers from 0, each with a second of that day: more in the middle of it than at its ends.
fn numbered(count: i64) -> String {
    format!(
        "WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count} - 1), \
         moments (i, s) AS (SELECT i, {OPENED_S} + (i * 7919) % {half} + (i * 104729) % {half} FROM numbers)",
        half = OPEN_S / 2
    )
}

/// How the services write the second `s`.
fn moment(s: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%S', {s}, 'unixepoch') || '.000000Z'")
}

const KEY: &str = "printf('%08x-%04x-7000-8000-%012x', s * 1000 / 65536, s * 1000 % 65536, i)";

/// A day of the past on which so much was ordered, each in a minute of its own.
async fn long_day(app: &App, count: i64, scale: i64, currency: &str) {
    let served = app.place("1 margherita; 1 burger").await;
    app.kitchen(&served, "serve").await;
    app.movement("cheese", "waste", 1).await;
    app.is_forged.store(true, Ordering::Relaxed);
    let [orders, inventory, kitchen] = &app.databases[..] else { panic!("all services run here") };
    let rejection = "CASE WHEN i % 20 > 0 THEN NULL WHEN i % 60 = 0 THEN json('{\"reason\":\"timed_out\",\"unavailable\":[]}') \
        ELSE json('{\"reason\":\"out_of_stock\",\"unavailable\":[{\"line\":\"1\",\"sku\":\"burger\"}]}') END";
    let status = "CASE i % 20 WHEN 0 THEN 'rejected' WHEN 1 THEN 'cancelled' ELSE 'completed' END";
    let order = format!(
        "json_set(doc, '$.id', {KEY}, '$.placed_at', {}, '$.status', {status}, '$.rejection', {rejection}, \
         '$.total', json_object('amount', (900 + i * 37 % 40 * 50) * {scale}, 'currency', '{currency}'))",
        moment("s")
    );
    let insert = |table: &str, doc: &str, from: &str| {
        format!(
            "INSERT INTO {table} (key, revision, doc) {} SELECT {KEY}, 1, {doc} FROM moments, {from}",
            numbered(count)
        )
    };
    write(orders, insert("orders", &order, "(SELECT doc FROM orders LIMIT 1)")).await;
    let ticket = format!(
        "json_set(doc, '$.ticket.id', {KEY}, '$.ticket.opened_at', {opened}, '$.ticket.ready_at', {grill}, \
         '$.finished', json_object('pizza', {pizza}, 'grill', {grill}))",
        opened = moment("s"),
        pizza = moment("s + 240 + i * 31 % 300"),
        grill = moment("s + 540 + i * 53 % 900"),
    );
    write(kitchen, insert("tickets", &ticket, "(SELECT doc FROM tickets LIMIT 1)")).await;
    shelf_of_long_day(inventory).await;
}

/// The burger was out in the afternoon and again late, the cola was marked out in the evening; some was thrown away.
async fn shelf_of_long_day(inventory: &Db) {
    for (version, sku, cause, from_s, to_s) in [
        (1001, "burger", "count", 3 * 3_600, 5 * 3_600 + 1_500),
        (1003, "burger", "count", 9 * 3_600, 9 * 3_600 + 2_400),
        (1005, "cola", "manual", 8 * 3_600, 30 * 3_600),
    ] {
        let at = |s: i64| moment(&(OPENED_S + s).to_string());
        let doc = format!(
            "json_object('location', 'soho', 'sku', '{sku}', 'cause', '{cause}', 'version', {version}, \
             'started_at', {}, 'ended_at', {})",
            at(from_s),
            at(to_s)
        );
        write(inventory, format!("INSERT INTO outages (key, revision, doc) VALUES ('soho/{sku}/{version}', 1, {doc})"))
            .await;
        let available = format!(
            "INSERT INTO availability (key, revision, doc) SELECT 'soho/{sku}', 1, json_object('shown', json_object('location', \
             'soho', 'sku', '{sku}', 'available', json('true'), 'cause', 'count', 'version', 2000), 'scarce', json('{{}}')) \
             WHERE NOT EXISTS (SELECT 1 FROM availability WHERE key = 'soho/{sku}')"
        );
        write(inventory, available).await;
    }
    for (number, reason, quantity) in [(9001, "Spoiled", 1_250), (9002, "Dropped", 300)] {
        let doc = format!(
            "json_set(doc, '$.number', {number}, '$.movement.id', '0190b2f0-0000-7000-8000-{number:012}', '$.movement.at', {}, \
             '$.movement.quantity', {quantity}, '$.movement.reason', '{reason}')",
            moment(&(OPENED_S + 3_600).to_string())
        );
        write(
            inventory,
            format!(
                "INSERT INTO movements (key, revision, doc) SELECT '0190b2f0-0000-7000-8000-{number:012}', 1, {doc} FROM movements \
                 WHERE stock = 'soho/cheese' AND doc->'movement'->>'kind' = 'waste' LIMIT 1"
            ),
        )
        .await;
    }
}

async fn open(app: &App, browsers: &Browsers, date: &str) -> Page {
    browsers.open(&format!("{}/day#at/soho{date}", app.base)).await
}

/// What is to be read of a figure, by its name.
async fn figure(manager: &Page, name: &str) -> String {
    let find = "return [...document.querySelectorAll('.figures .card')].find((card) => \
        card.firstChild.textContent === arguments[0])?.lastChild.innerText ?? ''";
    text(&manager.runs(find, json!([name])).await)
}

#[tokio::test]
async fn a_manager_follows_the_day() {
    in_browsers(async |app, browsers| {
        no_day_ends(app, "GBP").await;
        let manager = open(app, browsers, "").await;
        manager.sees("No order yet today.").await;
        manager.sees("Nothing was sold out.").await;
        check(&manager, "an empty day").await;
        let served = app.place("2 margherita").await;
        app.kitchen(&served, "serve").await;
        app.place("101 burger").await;
        manager.sees("£18.00").await;
        manager.sees("Something was sold out").await;
        check(&manager, "a day that goes on").await;
        assert_eq!(figure(&manager, "Orders").await, "1");
        assert_eq!(figure(&manager, "Rejected").await, "1\n50 % of all");
        // What was opened by keys stays open, and the focus stays, while the day goes on.
        manager.runs("document.querySelector('.behind summary').focus()", json!([])).await;
        manager.presses("Enter").await;
        manager.until("document.querySelector('.behind').open").await;
        app.place("1 cola").await;
        manager.sees("£21.00").await;
        manager.until("document.querySelector('.behind').open").await;
        manager.until("document.activeElement.matches('.behind summary')").await;
        manager.taps("The day before").await;
        manager.sees("Nothing was ordered on this day.").await;
        manager.taps("Today").await;
        manager.sees("£21.00").await;
    })
    .await;
}

#[tokio::test]
async fn a_long_day_is_drawn_and_told() {
    in_browsers(async |app, browsers| {
        app.put("/v1/stock/soho/cheese", json!({"name": "Cheese", "unit": "g", "unit_cost": 2})).await;
        long_day(app, 200, 1, "GBP").await;
        let manager = open(app, browsers, &format!("/{PAST}")).await;
        manager.sees("Friday, March 14, 2025").await;
        manager.sees("180").await;
        assert_eq!(figure(&manager, "Orders").await, "180");
        assert_eq!(figure(&manager, "Rejected").await, "10\n5 % of all");
        assert_eq!(figure(&manager, "Waste").await, "£31.00");
        for words in ["burger 6×", "Nobody decided in time", "14:00 – 16:25, out of stock", "19:00 – 05:00", "Spoiled 1.25 kg"] {
            manager.sees(words).await;
        }
        check(&manager, "a long day").await;
        manager.sees_so_many(".charts svg[role=img]", 5).await;
        manager.taps("The numbers, hour by hour").await;
        manager.sees_so_many(".behind[open] tbody tr", 12).await;
        let sum = "[...document.querySelectorAll('.behind[open] tbody tr')].map((row) => Number(row.cells[2].textContent)).reduce((a, b) => a + b)";
        assert_eq!(manager.value(sum).await, 180);
        check(&manager, "the numbers of a long day").await;
        let is_aligned = "document.documentElement.scrollWidth <= innerWidth";
        for size in [(390, 844), (1280, 800), (1920, 1080)] {
            manager.resize(size).await;
            manager.until(is_aligned).await;
        }
    })
    .await;
}

#[tokio::test]
async fn ten_times_as_many_in_a_currency_without_decimals() {
    in_browsers(async |app, browsers| {
        long_day(app, 2_000, 100, "JPY").await;
        let manager = open(app, browsers, &format!("/{PAST}")).await;
        // Of a day that was in another currency than the location's is now.
        manager.until("document.querySelector('.figures dd')?.textContent.startsWith('¥')").await;
        assert_eq!(figure(&manager, "Orders").await, "1,800");
        assert!(!figure(&manager, "Revenue").await.contains('.'));
        let axis = "[...document.querySelectorAll('.chart')[0].querySelectorAll('text')].map((one) => one.textContent).slice(0, 3)";
        let axis = manager.value(axis).await.to_string();
        assert!(axis.contains("¥0") && axis.contains('M'), "{axis}");
        for size in [(390, 844), (1920, 1080)] {
            manager.resize(size).await;
            let cut = "[...document.querySelectorAll('.chart text')].filter((one) => { const own = one.getBBox(); return own.x < 0 || own.x + own.width > one.ownerSVGElement.viewBox.baseVal.width; }).map((one) => one.textContent)";
            assert_eq!(manager.value(cut).await, json!([]));
        }
    })
    .await;
}

#[tokio::test]
async fn a_day_is_printed_without_what_paper_cannot_do() {
    in_browsers(async |app, browsers| {
        long_day(app, 200, 1, "GBP").await;
        let manager = open(app, browsers, &format!("/{PAST}")).await;
        manager.sees("Friday, March 14, 2025").await;
        manager.theme("dark").await;
        manager.browser("Emulation.setEmulatedMedia", json!({"media": "print"})).await;
        manager.sees("Soho · Friday, March 14, 2025").await;
        for gone in ["header.top", ".behind"] {
            let is_shown = format!("document.querySelector({gone:?}).checkVisibility()");
            assert_eq!(manager.value(&is_shown).await, false, "{gone}");
        }
        assert_eq!(manager.value("getComputedStyle(document.body).backgroundColor").await, "rgb(255, 255, 255)");
        let pdf = manager.browser("Page.printToPDF", json!({"paperWidth": 8.27, "paperHeight": 11.69})).await;
        assert!(text(&pdf["data"]).len() > 10_000, "a page with drawings");
    })
    .await;
}

#[tokio::test]
async fn a_day_is_told_in_the_time_of_its_location() {
    in_browsers(async |app, browsers| {
        let tokyo = json!({"name": "Soho", "currency": "GBP", "timezone": "Asia/Tokyo", "day_starts": "04:30"});
        app.put("/v1/locations/soho", tokyo).await;
        long_day(app, 60, 1, "GBP").await;
        let manager = browsers.open("about:blank").await;
        manager.browser("Emulation.setTimezoneOverride", json!({"timezoneId": "America/New_York"})).await;
        manager.goes_to(&format!("{}/day#at/soho/{PAST}", app.base)).await;
        manager.sees("From 04:30 to 04:30 the day after").await;
        // 11:00 in London, nine hours later; the hours of that day begin at half past.
        let first = "document.querySelector('.behind tbody th').textContent";
        manager.until(&format!("{first} === '19:30'")).await;
        manager.sees("23:00 – 01:25, out of stock").await;
    })
    .await;
}

#[tokio::test]
async fn addresses_that_lead_nowhere_say_so() {
    in_browsers(async |app, browsers| {
        let manager = open(app, browsers, "/14.3.2025").await;
        manager.may_say("422");
        manager.may_say("404");
        manager.sees("14.3.2025 is no date.").await;
        check(&manager, "no date").await;
        manager.taps("Today").await;
        manager.sees("No order yet today.").await;
        manager.goes_to(&format!("{}/day#at/nowhere", app.base)).await;
        manager.sees("There is no location nowhere here.").await;
        manager.goes_to(&format!("{}/day#at/soho/2199-01-01", app.base)).await;
        manager.sees("This day has not begun.").await;
    })
    .await;
}

#[tokio::test]
async fn cooks_are_not_told_what_a_day_brought_in() {
    let Some(browsers) = Browsers::start() else { return };
    let (guarded, backends) = embedded().await;
    let cook = token(&guarded.key, "cook", &[Role::Kitchen], &["soho"]);
    let page = browsers.open("about:blank").await;
    page.may_say("403");
    page.browser("Network.enable", json!({})).await;
    let headers = json!({"headers": {"authorization": format!("Bearer {cook}")}});
    page.browser("Network.setExtraHTTPHeaders", headers).await;
    page.goes_to(&format!("{}/day#at/soho", guarded.app.base)).await;
    page.sees("What a day brought in is for managers.").await;
    page.goes_to("about:blank").await;
    guarded.app.finish().await;
    drop(backends);
    browsers.finish().await;
}
