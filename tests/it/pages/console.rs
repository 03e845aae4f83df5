//! The console in the hands of developers and operators: in a process of its own, beside the restaurant that it looks at.

use std::process::{Command, Stdio};

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::engine::call::fresh_id;

use super::{access::check, browser::Browsers, in_browsers, in_browsers_on_both, page::Page};
use crate::{
    dead::{clear_jam, jam, set_aside},
    harness::{App, Backends},
    process::{Process, free_address},
};

/// `comanda console`, not yet started.
pub(crate) fn console(at: &[&str], listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.args(["console", "--listen", listen]).env("RUST_LOG", "error").stdout(Stdio::null());
    for url in at {
        command.args(["--at", url]);
    }
    command
}

/// A page that looks at the restaurant, and the process that serves it.
async fn looks(app: &App, browsers: &Browsers, part: &str) -> (Page, Process) {
    let listen = free_address();
    let process = Process::run(&mut console(&[&app.base], &listen), &listen).await;
    let page = browsers.open(&format!("http://{listen}/console#{part}")).await;
    // The process ends before the browser does.
    AWAY.into_iter().for_each(|part| page.may_say(part));
    (page, process)
}

const TYPES: &str = "[...document.querySelectorAll('.events .type')].map((type) => type.textContent)";

#[tokio::test]
async fn what_is_said_is_seen_as_it_is_said_and_opened_whole() {
    in_browsers_on_both(async |app, browsers| {
        let (page, _process) = looks(app, browsers, "events").await;
        page.sees("location.changed").await;
        let order = app.place("1 margherita").await;
        for kind in ["order.placed", "stock.reserved", "order.accepted", "ticket.opened"] {
            page.sees(kind).await;
        }
        check(&page, "the events").await;
        page.fills("Order", &order).await;
        page.until(&format!("{TYPES}.length === 4")).await;
        page.fills("Order", "").await;
        page.fills("Type", "ticket.*").await;
        page.until(&format!("{TYPES}.length === 1 && {TYPES}[0] === 'ticket.opened'")).await;

        page.runs("document.activeElement.blur()", json!([])).await;
        page.presses("p").await;
        page.sees("Resume").await;
        app.kitchen(&order, "serve").await;
        page.sees("new").await;
        page.until(&format!("{TYPES}.length === 1")).await;
        page.presses("p").await;
        page.until(&format!("{TYPES}[0] === 'ticket.served'")).await;

        page.presses("/").await;
        page.until("document.activeElement.id === 'filter-order'").await;
        page.runs("document.querySelector('.events .event').focus()", json!([])).await;
        page.presses("Enter").await;
        page.sees("\"type\": \"ticket.served\"").await;
        page.sees(&format!("\"correlationid\": \"{order}\"")).await;
        check(&page, "an event").await;
        page.taps("Trace this order").await;
        page.until(&format!("location.hash === '#trace/{order}'")).await;
        page.sees("Kitchen was told by Orders").await;
    })
    .await;
}

#[tokio::test]
async fn a_number_filters_all_that_is_said_of_the_order() {
    in_browsers(async |app, browsers| {
        let (page, _process) = looks(app, browsers, "events").await;
        let order = app.place("1 margherita").await;
        app.place("1 burger").await;
        app.settle().await;
        let number = app.get(&format!("/v1/orders/{order}")).await["number"].to_string();
        page.fills("Order", &number).await;
        page.until(&format!("{TYPES}.length === 4 && {TYPES}.includes('stock.reserved')")).await;
        page.fills("Location", "nowhere").await;
        page.sees("Nothing was said that fits.").await;
    })
    .await;
}

const HOSTILE: &str = "</pre><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";

#[tokio::test]
async fn what_an_event_says_is_text_whatever_it_says() {
    in_browsers(async |app, browsers| {
        let item = json!({"name": HOSTILE, "category": "<b>Drinks</b>", "price": 1});
        app.put("/v1/menu/soho/hostile", item).await;
        let (page, _process) = looks(app, browsers, "events").await;
        page.fills("Type", "menu.changed").await;
        page.until(&format!("{TYPES}.length > 1 && {TYPES}.every((type) => type === 'menu.changed')")).await;
        page.taps_in(".events li:first-child", "").await;
        page.sees("</pre><img src=x onerror").await;
        page.until("document.querySelectorAll('dialog :is(img, script, b)').length === 0").await;
        page.until("document.title.startsWith('Events')").await;
    })
    .await;
}

#[tokio::test]
async fn two_thousand_events_leave_it_usable_and_bounded() {
    in_browsers(async |app, browsers| {
        let (page, _process) = looks(app, browsers, "events").await;
        page.sees("location.changed").await;
        for hundred in 0..20 {
            let change = async |n: i64| {
                let item = json!({"name": "cola", "category": "Drinks", "price": 1000 + hundred * 100 + n});
                app.put("/v1/menu/soho/cola", item).await
            };
            join_all((0..100).map(change)).await;
        }
        page.until(&format!("{TYPES}.length === 400 && {TYPES}.every((type) => type === 'menu.changed')")).await;
        let last = app.get("/v1/feed/orders?limit=1").await;
        assert!(last["items"].is_array());
        page.presses("1").await;
        page.sees("How the services do").await;
        page.presses("2").await;
        let order = app.place("1 burger").await;
        page.sees("ticket.opened").await;
        page.until(&format!("{TYPES}.length === 400")).await;
        page.fills("Order", &order).await;
        page.until(&format!("{TYPES}.length === 4")).await;
    })
    .await;
}

#[tokio::test]
async fn an_order_is_traced_as_a_picture() {
    in_browsers_on_both(async |app, browsers| {
        let served = app.place("1 margherita").await;
        app.kitchen(&served, "serve").await;
        let number = app.get(&format!("/v1/orders/{served}")).await["number"].to_string();
        let (page, _process) = looks(app, browsers, "trace").await;
        page.fills("Order", &number).await;
        page.presses("Enter").await;
        page.sees(&format!("Order {number} at soho")).await;
        page.sees("Stock was told by Orders").await;
        page.sees("Kitchen said ticket.opened").await;
        page.until("document.querySelectorAll('.steps li').length >= 6").await;
        page.until("document.querySelectorAll('.dot').length === document.querySelectorAll('.steps li').length").await;
        page.until("document.querySelectorAll('.hop.order-svc').length >= 2 && document.querySelectorAll('.hop.people').length === 2").await;
        check(&page, "a trace").await;
        page.fills("Order", "4711").await;
        page.presses("Enter").await;
        page.may_say("404");
        page.sees("no order has the number 4711").await;
        page.fills("Order", "pizza").await;
        page.presses("Enter").await;
        page.may_say("422");
        page.sees("expected an order's id or its number").await;
    })
    .await;
}

#[tokio::test]
async fn dead_letters_are_redriven_and_discarded_from_the_page() {
    in_browsers_on_both(async |app, browsers| {
        jam(&app.databases[2]).await;
        let orders = [app.place("1 margherita").await, app.place("1 burger").await];
        let (page, _process) = looks(app, browsers, "dead").await;
        let both = "document.querySelector('.group h3')?.textContent.startsWith('2 × order.accepted')";
        while page.value(&format!("!!({both})")).await != json!(true) {
            page.taps("Look again").await;
        }
        page.sees("printer_jam").await;
        page.taps("The 2 letters").await;
        page.sees("1 attempt ").await;
        check(&page, "dead letters").await;
        page.taps("Redrive these 2").await;
        page.sees("2 letters: 2 refused again.").await;
        page.sees("2 attempts").await;
        clear_jam(&app.databases[2]).await;
        page.taps("Show").await;
        page.sees("\"type\": \"order.accepted\"").await;
        check(&page, "a dead letter").await;
        page.taps("Close").await;
        page.taps("Redrive these 2").await;
        page.sees("2 letters: 2 taken in.").await;
        page.sees("There are none.").await;
        for order in &orders {
            app.kitchen(order, "serve").await;
        }

        let noise = "0190b2f0-0000-7000-8000-0000000000b1";
        set_aside(&app.databases[0], noise, "<b>noise</b>".into()).await;
        page.taps("Look again").await;
        page.sees("unreadable").await;
        page.taps("The letter").await;
        page.taps("Show").await;
        page.sees("<b>noise</b>").await;
        page.taps("Close").await;
        page.taps("Discard it").await;
        page.fills("Why is it not needed any more?", "a test").await;
        check(&page, "discarding").await;
        page.taps("Discard it").await;
        page.sees("1 letter: 1 discarded.").await;
        let left = app.request(reqwest::Method::GET, &format!("/v1/dead/orders/{noise}")).send().await.unwrap();
        assert_eq!(left.status(), reqwest::StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn how_the_services_do_is_drawn_and_written() {
    in_browsers(async |app, browsers| {
        let (page, _process) = looks(app, browsers, "health").await;
        page.sees("How the services do").await;
        page.until("document.querySelectorAll('.badge.good').length === 3").await;
        app.place("1 margherita").await;
        page.sees("Since").await;
        page.until("document.querySelectorAll('.service')[2].querySelector('.value').textContent === '0'").await;
        // Two samples make a rate.
        page.until("[...document.querySelectorAll('.kitchen-svc .value')][4].textContent.endsWith('/s')").await;
        page.until(
            "document.querySelector('.spark').getAttribute('aria-label').startsWith('Not yet taken in: now 0;')",
        )
        .await;
        page.taps("As a table").await;
        page.until("document.querySelectorAll('details[open] tbody tr').length === 12").await;
        check(&page, "how it is").await;
    })
    .await;
}

/// Of requests while nobody is there.
const AWAY: [&str; 5] =
    ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "503"];

#[tokio::test]
async fn it_goes_on_where_it_was_when_somebody_was_away() {
    let Some(browsers) = Browsers::start() else { return };
    let backends = Backends::embedded();
    let (address, listen) = (free_address(), free_address());
    let at = format!("http://{address}");
    let restaurant = Process::start(&backends, &address).await;
    let process = Process::run(&mut console(&[&at], &listen), &listen).await;
    let page = browsers.open(&format!("http://{listen}/console#events")).await;
    AWAY.into_iter().for_each(|part| page.may_say(part));
    let location = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London"});
    let opens = async |restaurant: &Process, slug: &str| {
        let request = restaurant.request(reqwest::Method::PUT, &format!("/v1/locations/{slug}")).json(&location);
        assert!(restaurant.send(request).await.0.is_success());
    };
    let places = |expected: &str| {
        format!(
            "[...document.querySelectorAll('.events .where')].map((one) => one.textContent).join() === '{expected}'"
        )
    };
    opens(&restaurant, "soho").await;
    page.until(&places("soho")).await;

    restaurant.kill();
    page.sees("Orders: not live since").await;
    let restaurant = Process::start(&backends, &address).await;
    page.sees_no("not live since").await;
    opens(&restaurant, "camden").await;
    page.until(&places("camden,soho")).await;

    process.kill();
    page.sees("Not live since").await;
    opens(&restaurant, "hackney").await;
    // More than a page is shown that begins anew.
    for price in 1..=200 {
        let item = json!({"name": "Cola", "category": "Drinks", "price": price});
        let request = restaurant.request(reqwest::Method::PUT, "/v1/menu/soho/cola").json(&item);
        assert!(restaurant.send(request).await.0.is_success());
    }
    let process = Process::run(&mut console(&[&at], &listen), &listen).await;
    page.until("document.querySelectorAll('.events li').length === 203").await;
    page.sees_no("Not live since").await;
    browsers.finish().await;
    assert_eq!((process.terminate(), restaurant.terminate()), (Some(0), Some(0)));
}

#[tokio::test]
async fn the_keyboard_reaches_everything() {
    in_browsers(async |app, browsers| {
        let (page, _process) = looks(app, browsers, "").await;
        for (key, hash) in [("2", "#events"), ("3", "#trace"), ("4", "#dead"), ("1", "#health")] {
            page.runs("document.activeElement.blur()", json!([])).await;
            page.presses(key).await;
            page.until(&format!("location.hash === '{hash}'")).await;
            page.until("document.querySelectorAll('[aria-current=page]').length === 1").await;
        }
        // Past the header, and the browser's way back.
        page.reloads().await;
        page.presses("Tab").await;
        page.until("document.activeElement.id === 'skip'").await;
        page.presses("Enter").await;
        page.until("document.activeElement.id === 'main'").await;
        page.runs("history.back()", json!([])).await;
        page.until("location.hash === '#dead'").await;
        page.runs("location.hash = arguments[0]", json!([format!("#trace/{}", fresh_id())])).await;
        page.sees("Nobody was told of that order").await;
        page.runs("location.hash = '#nonsense/%'", json!([])).await;
        page.sees("How the services do").await;
        assert_eq!(app.get("/v1/dead/orders").await["items"], Value::Array(Vec::new()));
    })
    .await;
}
