//! What people type and what they read: numbers, money and times mean to them what they mean to the restaurant.

use expect_test::expect;
use serde_json::{Value, json};
use shared::contract::time::Time;

use super::in_browsers;
use crate::harness::text;

/// A tablet whose clock is two hours slow.
const SLOW: &str = "const Real = Date; const now = () => Real.now() - 7_200_000;
    globalThis.Date = class extends Real {
        constructor(...at) { at.length === 0 ? super(now()) : super(...at); }
        static now() { return now(); }
    };";

const HOUR_S: u64 = 3600;

async fn until(app: &crate::harness::App, sku: &str) -> String {
    app.settle().await;
    let all = app.get("/v1/availability/soho").await["items"].clone();
    text(&all.as_array().unwrap().iter().find(|item| item["sku"] == sku).unwrap()["until"])
}

#[tokio::test]
async fn times_are_those_of_the_server_and_of_the_location() {
    in_browsers(async |app, browsers| {
        let tokyo = json!({"name": "Soho", "currency": "GBP", "timezone": "Asia/Tokyo", "mode": "open"});
        app.put("/v1/locations/soho", tokyo).await;
        app.place("1 burger; 1 cola").await;
        app.settle().await;
        let display = browsers.open("about:blank").await;
        display.browser("Emulation.setTimezoneOverride", json!({"timezoneId": "America/New_York"})).await;
        display.begins_with(SLOW).await;
        display.goes_to(&format!("{}/kitchen?location=soho&view=all", app.base)).await;
        display.sees("burger").await;
        let clock = "document.getElementById('clock').textContent";
        // Nine hours after UTC, all year.
        let wall = |at: Time| format!("{:02}", (at.to_string()[11..13].parse::<u8>().unwrap() + 9) % 24);
        display.until(&format!("{clock}.startsWith({:?})", wall(Time::now()))).await;
        display.presses("a").await;
        display.taps("1 burger").await;
        display.taps("Mark out").await;
        let before = Time::now();
        display.taps("For one hour").await;
        display.has_sent_all().await;
        let hour: Time = until(app, "burger").await.parse().unwrap();
        let (least, most) = (HOUR_S - 10, Time::now().since(before).as_secs() + HOUR_S + 10);
        assert!((least..=most).contains(&hour.since(before).as_secs()), "{hour}, asked at {before}");
        display.taps("1 cola").await;
        display.taps("Mark out").await;
        display.taps("Until the next day begins, at 05:00").await;
        display.has_sent_all().await;
        let morning = until(app, "cola").await;
        assert!(morning.contains("T20:00:00"), "{morning} is five o'clock in Tokyo");

        display.goes_to(&format!("{}/stock#at/soho/out", app.base)).await;
        display.sees("05:00").await;
        display.taps("Mark out margherita").await;
        display.taps("Midnight").await;
        display.sees("margherita is sold out.").await;
        let midnight = until(app, "margherita").await;
        assert!(midnight.contains("T15:00:00"), "{midnight} is midnight in Tokyo");
    })
    .await;
}

const DIGITS: &str = "return import('/assets/numbers.js').then(({ money }) => arguments[0].map((currency) =>
    money({ amount: 1234567, currency }).replace(/^[^0-9]*|[^0-9]*$/g, '')));";

#[tokio::test]
async fn money_has_the_digits_of_its_currency_in_the_language_of_the_page() {
    in_browsers(async |app, browsers| {
        let guest = browsers.open("about:blank").await;
        guest.browser("Emulation.setLocaleOverride", json!({"locale": "ar-EG"})).await;
        guest.goes_to(&format!("{}/order#at/soho", app.base)).await;
        guest.sees("£12.00").await;
        // Browsers give the first of them no digits.
        let two = "HUF AFN ALL COP IDR IQD IRR KPW LAK LBP MGA MMK PKR RSD SOS SYP YER EUR USD GBP CHF SEK".split(' ');
        let three = "BHD IQD JOD KWD LYD OMR TND".split(' ');
        let none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(' ');
        let all = two.filter(|code| *code != "IQD").map(|code| (code, "12,345.67"));
        let all: Vec<_> =
            all.chain(three.map(|code| (code, "1,234.567"))).chain(none.map(|code| (code, "1,234,567"))).collect();
        let codes: Vec<&str> = all.iter().map(|(code, _)| *code).collect();
        let written = guest.runs(DIGITS, json!([codes])).await;
        for ((code, expected), written) in all.iter().zip(written.as_array().unwrap()) {
            assert_eq!(written, expected, "{code}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_number_that_can_be_read_two_ways_is_asked_back() {
    in_browsers(async |app, browsers| {
        let manager = browsers.manager(&app.base).await;
        manager.taps("Receive cheese").await;
        manager.fills("How much came in?", "1,000").await;
        manager.sees("“1,000” can be read two ways. Which one?").await;
        manager.taps_in("form .main", "Receive").await;
        manager.sees("Please choose which of the two it is.").await;
        manager.taps_in("form .which", "1 kg").await;
        manager.sees("On hand 100 kg → 101 kg").await;
        manager.fills("How much came in?", "2.000").await;
        manager.taps_in("form .which", "2,000 kg").await;
        manager.sees("On hand 100 kg → 2,100 kg").await;
        manager.taps_in("form .main", "Receive").await;
        manager.sees("Received 2,000 kg cheese").await;
        app.check_stock("cheese", expect!["cheese 2100000-0"]).await;
        manager.taps("Recipes").await;
        manager.taps("Edit the recipe of burger").await;
        manager.fills("Quantity", "1,000").await;
        manager.taps("Save").await;
        manager.sees("write 1000 and not 1,000").await;
    })
    .await;
}

const READ: &str = "return import('/assets/numbers.js').then(({ readings }) => arguments[0].map(readings));";

#[tokio::test]
async fn typed_numbers_are_read_as_people_mean_them() {
    in_browsers(async |app, browsers| {
        let page = browsers.manager(&app.base).await;
        let typed = [
            ("1000", json!([1000])),
            ("1,000", json!([1, 1000])),
            ("1.000", json!([1, 1000])),
            ("1 000", json!([1000])),
            ("1'000", json!([1000])),
            ("1,5", json!([1.5])),
            ("1.5", json!([1.5])),
            ("0,500", json!([0.5])),
            (".25", json!([0.25])),
            ("1,000.5", json!([1000.5])),
            ("1.000,50", json!([1000.5])),
            ("1 000,5", json!([1000.5])),
            ("1.000.000", json!([1_000_000])),
            ("12,345,678", json!([12_345_678])),
            ("12345,678", json!([12345.678])),
            ("1,00,000", json!([])),
            ("10 5", json!([])),
            ("two", json!([])),
            ("", json!([])),
        ];
        let words: Vec<&str> = typed.iter().map(|(words, _)| *words).collect();
        let read = page.runs(READ, json!([words])).await;
        let read: Vec<(&str, Value)> = words.into_iter().zip(read.as_array().unwrap().clone()).collect();
        assert_eq!(read, typed);
    })
    .await;
}
