//! The languages of the pages: every catalogue is whole, no word stands outside of it, guests are met in the language of
//! their restaurant, staff in that of their device.

use serde_json::{Value, json};

use super::{access::check, browser::Browsers, in_browsers, page::Page, proxy::Proxy, screens::fits};
use crate::{
    harness::{App, Backends, text},
    process::{Process, comanda, free_address},
};

const PHONE: (u32, u32) = (390, 844);
const TABLET: (u32, u32) = (1280, 800);

/// What kind each text is, by its path, in each catalogue; and what differs from English.
const DIFFERENCES: &str = r#"
    const kind = (it) => typeof it === "function" ? `function of ${it.length}` : Array.isArray(it) ? `${it.length} entries` : typeof it;
    const shape = (it, path) => (it && typeof it === "object" ? Object.entries(it).flatMap(([key, value]) => shape(value, `${path}.${key}`)) : []).concat(`${path}: ${kind(it)}`);
    return (async (pages) => {
        const differences = [];
        for (const page of pages) {
            const read = async (language) => {
                const module = await import(`/${page}/text.${language}.js`);
                return new Set(shape(module.text ?? module.shared, page));
            };
            const english = await read("en");
            for (const language of Object.keys(speaks.languages)) {
                const other = await read(language);
                differences.push(...[...english].filter((one) => !other.has(one)).map((one) => `${language} lacks ${one}`));
                differences.push(...[...other].filter((one) => !english.has(one)).map((one) => `${language} has ${one}`));
            }
        }
        return differences;
    })(arguments[0]);
"#;
const CATALOGUES: [&str; 9] = ["assets", "order", "menu", "day", "stock", "kitchen", "start", "console", "docs"];

#[tokio::test]
async fn every_catalogue_has_every_text_and_every_plural() {
    let Some(browsers) = Browsers::start() else { return };
    let backends = Backends::embedded();
    let address = free_address();
    let process = Process::start(&backends, &address).await;
    let visitor = browsers.open(&format!("http://{address}/")).await;
    assert_eq!(visitor.runs(DIFFERENCES, json!([CATALOGUES])).await, json!([]));
    let counted = "return import('/kitchen/text.ar.js').then(({ text }) => [0, 1, 2, 3, 11, 100].map(text.items));";
    let expected = json!(["0 صنف", "صنف واحد", "صنفان", "3 أصناف", "11 صنفًا", "100 صنف"]);
    assert_eq!(visitor.runs(counted, json!([])).await, expected);
    let counted = "return import('/kitchen/text.de.js').then(({ text }) => [0, 1, 2].map(text.items));";
    assert_eq!(visitor.runs(counted, json!([])).await, json!(["0 Positionen", "1 Position", "2 Positionen"]));
    browsers.finish().await;
    assert_eq!(process.terminate(), Some(0));
}

/// What is to be read or heard, without what is marked and what is told: what has letters then is in no catalogue.
const UNMARKED: &str = r#"
    const data = arguments[0].filter(Boolean).sort((one, other) => other.length - one.length);
    // Names of things in the code, and what a browser writes: dates.
    const codes = /\b[a-z0-9]+([._:-][a-z0-9*]+)+\b|\b\d+ \p{L}{3,4}\b|[0-9a-f]{5,}/gu;
    const bare = (words) => {
        let rest = words;
        for (let before = ""; before !== rest; ) [before, rest] = [rest, rest.replace(/⟦[^⟦⟧]*⟧/g, " ")];
        for (const known of data) rest = rest.replace(new RegExp(`(?<!\\p{L})${RegExp.escape?.(known) ?? known.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")}(?!\\p{L})`, "gu"), " ");
        return rest.replace(codes, " ").trim();
    };
    const found = [["title", document.title]];
    const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
    const own = "script, style, noscript, pre, code, svg title, [lang]:not(html)";
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (!node.parentElement.closest(own) && isShown(node.parentElement)) found.push([node.parentElement.outerHTML.slice(0, 120), node.data]);
    }
    for (const element of document.querySelectorAll("[aria-label], [title], [placeholder], [alt], [data-label]")) {
        if (!isShown(element) || element.closest(own)) continue;
        for (const name of ["aria-label", "title", "placeholder", "alt"]) found.push([name, element.getAttribute(name) ?? ""]);
    }
    return found.filter(([, words]) => /\p{L}/u.test(bare(words))).map(([where, words]) => `${where}: ${words} (${bare(words)})`);
"#;

/// All that somebody has typed once: every string of these answers.
async fn data_of(app: &App) -> Vec<String> {
    let mut told = vec!["AR".into(), "DE".into(), "EN".into(), "GBP".into(), "nothing".into()];
    for path in ["/v1/locations", "/v1/menu/soho", "/v1/stations/soho", "/v1/stock/soho", "/v1/orders", "/v1/tickets"] {
        collect(&app.get(path).await, &mut told);
    }
    // Names of channels are written with a capital letter.
    told.extend(["Web".into(), "Api".into(), app.base.clone(), "http".into()]);
    told
}

fn collect(value: &Value, told: &mut Vec<String>) {
    match value {
        Value::String(words) => told.extend([words.clone(), words.replace('_', " ")]),
        Value::Array(items) => items.iter().for_each(|item| collect(item, told)),
        Value::Object(members) => members.values().for_each(|member| collect(member, told)),
        _ => (),
    }
}

async fn is_all_marked(page: &Page, data: &[String], what: &str) {
    let found = page.runs(UNMARKED, json!([data])).await;
    assert_eq!(found, json!([]), "{what}: words that no catalogue has");
}

/// Addresses, what is true once they are shown, and what is pressed there, each of which is looked at.
const WALK: [(&str, &str, &[&str]); 15] = [
    ("/order#at/soho", ".dish", &[".filter", ".dish button"]),
    ("/order#at/soho/basket", ".basket", &[]),
    ("/order#locations", ".dish", &[]),
    ("/order#order/nothing", "main .button", &[]),
    ("/order#orders", ".history", &[]),
    (
        "/kitchen?location=soho&view=all",
        ".ticket",
        &[
            "#screen-button",
            "#help-button",
            "#recall-button",
            "#taking-button",
            "#all-day-button",
            ".row",
            ".ticket .menu",
        ],
    ),
    ("/kitchen?location=soho&view=expo", ".ticket", &[]),
    ("/kitchen?location=soho&station=nothing", ".empty", &[]),
    ("/stock#at/soho/stock", "[data-ingredient]", &["tbody button"]),
    ("/stock#at/soho/stock/cheese", ".figures", &[".choices button:last-child"]),
    ("/stock#at/soho/recipes", ".recipe", &[".recipe button"]),
    ("/stock#at/soho/out", ".on-card", &[".on-card button"]),
    ("/menu#at/soho/dishes", ".rows", &[".open"]),
    ("/menu#at/soho/extras", ".rows", &[".main"]),
    ("/menu#at/soho/guests", ".guests", &[]),
];

/// The pages behind a proxy that gives them their English in brackets, each text of it.
#[tokio::test]
async fn no_page_has_a_word_outside_the_catalogues() {
    in_browsers(async |app, browsers| {
        let mut body = App::order("2 margherita +extra_cheese; 1 cola");
        body["customer"] = json!({"name": "Ellen"});
        body["notes"] = json!("birthday");
        body["allergies"] = json!(["peanuts"]);
        app.place_with_key("marked", &body).await;
        let cancelled = app.place("1 burger").await;
        app.settle().await;
        app.post(&format!("/v1/orders/{cancelled}/cancel")).await;
        app.put("/v1/availability/soho/cola", json!({"available": false})).await;
        app.settle().await;
        let data = data_of(app).await;
        let proxy = Proxy::marking(&app.base).await;
        let page = browsers.open("about:blank").await;
        page.may_say("status of 404");
        for (path, shown, presses) in WALK {
            page.goes_to("about:blank").await;
            page.goes_to(&format!("{}{path}", proxy.base)).await;
            page.until(&format!("!!document.querySelector({shown:?})?.checkVisibility()")).await;
            page.until("document.body.innerText.includes('⟦')").await;
            is_all_marked(&page, &data, path).await;
            for press in presses {
                page.runs("document.querySelector(arguments[0]).click()", json!([press])).await;
                is_all_marked(&page, &data, &format!("{path}, {press}")).await;
                page.runs("document.querySelectorAll('dialog[open]').forEach((one) => one.close())", json!([])).await;
            }
        }
        page.goes_to(&format!("{}/nowhere", proxy.base)).await;
        page.until("document.body.innerText.includes('⟦')").await;
        is_all_marked(&page, &data, "nowhere").await;
        // What the reader reads is the document's.
        page.goes_to(&format!("{}/docs", proxy.base)).await;
        page.until("document.querySelectorAll('section').length > 1").await;
        page.runs("document.getElementById('main').remove()", json!([])).await;
        is_all_marked(&page, &data, "docs").await;
    })
    .await;
}

#[tokio::test]
async fn neither_the_start_page_nor_the_console_has_a_word_outside_the_catalogues() {
    let Some(browsers) = Browsers::start() else { return };
    let backends = Backends::embedded();
    let address = free_address();
    let process = Process::run(&mut comanda(&backends, &address), &address).await;
    let proxy = Proxy::marking(&format!("http://{address}")).await;
    let page = browsers.open("about:blank").await;
    let data: Vec<String> = ["AR", "DE", "EN", "Comanda", "soho"].map(str::to_owned).into();
    for (path, shown) in [
        ("/", "#services li"),
        ("/console#health", ".service"),
        ("/console#events", ".events .event"),
        ("/console#trace", "#wanted"),
        ("/console#dead", ".heading"),
    ] {
        page.goes_to("about:blank").await;
        page.goes_to(&format!("{}{path}", proxy.base)).await;
        page.until(&format!("!!document.querySelector({shown:?})?.checkVisibility()")).await;
        // What is said of an event is its service's.
        page.runs("document.querySelectorAll('.event .type, .event .where').forEach((one) => one.remove())", json!([]))
            .await;
        is_all_marked(&page, &data, path).await;
    }
    browsers.finish().await;
    assert_eq!(process.terminate(), Some(0));
}

async fn speaks(app: &App, language: Option<&str>) {
    let mut location = json!({"name": "Soho", "currency": "GBP", "timezone": "Europe/London", "mode": "open"});
    location["language"] = json!(language);
    app.put("/v1/locations/soho", location).await;
}

/// Languages and directions in which there was something to be read, at any moment.
const WATCH: &str = r#"
    window.spoken = new Set();
    const look = () => {
        const { lang, dir } = document.documentElement ?? {};
        if (document.body?.innerText.trim()) spoken.add(`${lang} ${dir}`);
        requestAnimationFrame(look);
    };
    look();
"#;

async fn has_only_spoken(page: &Page, expected: &str) {
    assert_eq!(page.value("[...spoken]").await, json!([expected]));
}

/// No side scroll and nothing cut off, on a phone and on a tablet.
async fn fits_phone_and_tablet(page: &Page, what: &str) {
    for (screen, size) in [("phone", PHONE), ("tablet", TABLET)] {
        page.resize(size).await;
        fits(page, 48, &format!("{what} on a {screen}")).await;
    }
}

#[tokio::test]
async fn guests_are_met_in_the_language_of_their_restaurant() {
    in_browsers(async |app, browsers| {
        speaks(app, Some("ar-EG")).await;
        let guest = browsers.open("about:blank").await;
        guest.begins_with(WATCH).await;
        guest.goes_to(&format!("{}/order#at/soho", app.base)).await;
        guest.sees("اختر").await;
        has_only_spoken(&guest, "ar-EG rtl").await;
        // One catalogue of each kind, and no other.
        let loaded = "performance.getEntriesByType('resource').filter(({ name }) => /text\\.(en|de)\\.js/.test(name)).length";
        assert_eq!(guest.value(loaded).await, json!(0));
        // Digits of one kind.
        assert_eq!(guest.value("/[٠-٩]/.test(document.body.innerText)").await, json!(false));
        assert_eq!(guest.value("getComputedStyle(document.querySelector('.dish h3')).textAlign").await, json!("start"));
        check(&guest, "the menu in Arabic").await;
        fits_phone_and_tablet(&guest, "the menu in Arabic").await;
        guest.taps("اختر \u{2068}burger").await;
        check(&guest, "a dish in Arabic").await;
        guest.taps("أضف ·").await;
        guest.taps("اطلب الآن").await;
        guest.sees("رقمك").await;
        check(&guest, "an order in Arabic").await;
        fits_phone_and_tablet(&guest, "an order in Arabic").await;

        // The restaurant says otherwise: from the next visit on, without a word of the language before.
        speaks(app, Some("de-AT")).await;
        let guest = browsers.open("about:blank").await;
        guest.begins_with(WATCH).await;
        guest.goes_to(&format!("{}/order#at/soho", app.base)).await;
        guest.sees("Wählen").await;
        has_only_spoken(&guest, "de-AT ltr").await;
        guest.sees("£\u{a0}12,00").await;
        fits_phone_and_tablet(&guest, "the menu in German").await;

        // What nobody speaks is English, and whoever chose another keeps it.
        speaks(app, Some("fi")).await;
        guest.reloads().await;
        guest.sees("Choose").await;
        guest.runs("const field = document.querySelector('.language select'); field.value = 'ar'; field.dispatchEvent(new Event('change'))", json!([])).await;
        guest.until("document.documentElement.dir === 'rtl'").await;
        guest.reloads().await;
        guest.sees("اختر").await;
        has_only_spoken(&guest, "ar rtl").await;
    })
    .await;
}

#[tokio::test]
async fn staff_are_met_in_the_language_of_their_device() {
    in_browsers(async |app, browsers| {
        app.place("2 margherita +extra_cheese; 1 cola").await;
        app.settle().await;
        let display = browsers.open("about:blank").await;
        let agent = text(&display.value("navigator.userAgent").await);
        display
            .browser("Emulation.setUserAgentOverride", json!({"userAgent": agent, "acceptLanguage": "ar-EG,de"}))
            .await;
        display.begins_with(WATCH).await;
        display.goes_to(&format!("{}/kitchen?location=soho&view=all", app.base)).await;
        display.sees("تذكرة واحدة").await;
        has_only_spoken(&display, "ar-EG rtl").await;
        check(&display, "the kitchen in Arabic").await;
        fits_phone_and_tablet(&display, "the kitchen in Arabic").await;
        // The first ticket is where one begins to read.
        let first = "Math.round(innerWidth - document.querySelector('.ticket').getBoundingClientRect().right)";
        display.until(&format!("{first} < 32")).await;
        display.presses("s").await;
        display.sees("هذه الشاشة").await;
        check(&display, "the settings in Arabic").await;
        display.taps("Deutsch").await;
        display.sees("Alle Posten").await;
        display.sees("1 Bon").await;
        assert_eq!(display.value("document.documentElement.lang").await, json!("de"));
        check(&display, "the kitchen in German").await;
        fits_phone_and_tablet(&display, "the kitchen in German").await;
        // All pages of the staff on this device; the next one who orders here is no staff.
        for (path, words) in [
            ("/stock#at/soho/stock", "Vorhanden"),
            ("/menu#at/soho", "Gericht hinzufügen"),
            ("/docs", "HTTP-Schnittstelle"),
        ] {
            display.goes_to(&format!("{}{path}", app.base)).await;
            display.sees(words).await;
            has_only_spoken(&display, "de ltr").await;
            check(&display, path).await;
            fits_phone_and_tablet(&display, path).await;
        }
        display.goes_to(&format!("{}/order#at/soho", app.base)).await;
        display.sees("اختر").await;
    })
    .await;
}

#[tokio::test]
async fn a_manager_says_in_which_language_guests_are_met() {
    in_browsers(async |app, browsers| {
        let manager = browsers.open(&format!("{}/menu#at/soho/guests", app.base)).await;
        manager.sees("Language of the page for guests").await;
        check(&manager, "what guests are told").await;
        let choose = "const field = document.getElementById('guests-language'); field.value = 'de'; field.dispatchEvent(new Event('input', { bubbles: true }))";
        manager.runs(choose, json!([])).await;
        manager.taps("Save").await;
        manager.sees("Saved. Guests see it at once.").await;
        assert_eq!(app.get("/v1/locations/soho").await["language"], json!("de"));
        let guest = browsers.guest(&app.base).await;
        guest.sees("Wählen").await;
    })
    .await;
}
