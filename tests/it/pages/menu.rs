//! The menu page in the hands of managers: what is typed is saved once, or kept; what two people change is merged.

use expect_test::expect;
use serde_json::{Value, json};

use super::{access::check, browser::Browsers, in_browsers, page::Page};
use crate::harness::{App, text};

async fn open(app: &App, browsers: &Browsers) -> Page {
    let manager = browsers.open(&format!("{}/menu#at/soho", app.base)).await;
    manager.sees("Burgers").await;
    manager
}

async fn item(app: &App, sku: &str) -> Value {
    let menu = app.get("/v1/menu/soho").await["items"].clone();
    menu.as_array().unwrap().iter().find(|item| item["sku"] == sku).cloned().unwrap_or(Value::Null)
}

async fn is_closed(manager: &Page) {
    manager.until("document.querySelector('dialog[open]') === null").await;
}

/// Of what can be scrolled, and not below what stays in sight.
async fn is_in_the_middle(manager: &Page, selector: &str) {
    manager.runs("document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })", json!([selector])).await;
}

#[tokio::test]
async fn a_dish_is_changed_and_guests_see_it() {
    in_browsers(async |app, browsers| {
        let guest = browsers.guest(&app.base).await;
        let manager = open(app, browsers).await;
        check(&manager, "the menu of managers").await;
        manager.taps("Edit burger").await;
        check(&manager, "a dish to be changed").await;
        manager.fills("Price in GBP", "1,000").await;
        manager.taps("Save").await;
        manager.sees("“1,000” can be read two ways").await;
        manager.fills("Price in GBP", "13.5055").await;
        manager.taps("Save").await;
        manager.sees("GBP has 2 digits behind the point.").await;
        manager.fills("Price in GBP", "13,5").await;
        manager.fills("Description", "Beef in a bun.").await;
        for word in ["gluten", "milk", "halal"] {
            is_in_the_middle(&manager, &format!("input[value={word}]")).await;
            manager.taps(word).await;
        }
        manager.taps("Save").await;
        manager.sees("burger is saved.").await;
        let burger = item(app, "burger").await;
        expect![[r#"[1350,"Beef in a bun.",["gluten","milk"],["halal"],["extra_cheese"]]"#]].assert_eq(
            &json!([burger["price"], burger["description"], burger["allergens"], burger["diets"], burger["modifiers"]])
                .to_string(),
        );
        guest.sees("£13.50").await;
        guest.sees("Beef in a bun.").await;
    })
    .await;
}

#[tokio::test]
async fn a_dish_with_a_choice_is_made_and_ordered() {
    in_browsers(async |app, browsers| {
        let manager = open(app, browsers).await;
        manager.taps("Extras").await;
        for name in ["Oat milk", "Whole milk"] {
            manager.taps("Add an extra").await;
            manager.fills("Name", name).await;
            manager.fills("Category", "Milk").await;
            manager.taps("Put on the menu").await;
            manager.sees(&format!("{name} is saved.")).await;
        }
        manager.taps("Dishes").await;
        manager.taps("Add a dish").await;
        manager.taps("Put on the menu").await;
        manager.sees("Please give it a name.").await;
        manager.fills("Name", "Café crème").await;
        manager.fills("Price in GBP", "3.20").await;
        manager.fills("Category", "Drinks").await;
        is_in_the_middle(&manager, "[data-focus=add-choice]").await;
        manager.taps("Add a choice").await;
        manager.fills("What is chosen", "Milk").await;
        manager.taps("Put on the menu").await;
        manager.sees("The choice Milk needs a name, at least one extra").await;
        is_in_the_middle(&manager, ".group").await;
        manager.taps("Offers").await;
        for milk in ["Oat milk", "Whole milk"] {
            manager.taps_in(".group", milk).await;
        }
        manager.taps("Put on the menu").await;
        manager.sees("Café crème is saved.").await;
        let made = item(app, "cafe_creme").await;
        assert_eq!(
            made["choices"],
            json!([{"name": "Milk", "min": 1, "max": 1, "modifiers": ["oat_milk", "whole_milk"]}])
        );
        let guest = browsers.guest(&app.base).await;
        guest.taps("Choose Café crème").await;
        guest.taps("Add ·").await;
        guest.sees("Please choose 1: Milk.").await;
        // The same name again is another dish.
        manager.taps("Add a dish").await;
        manager.fills("Name", "Cafe creme").await;
        manager.fills("Category", "Drinks").await;
        manager.taps("Put on the menu").await;
        is_closed(&manager).await;
        assert_eq!(item(app, "cafe_creme_2").await["name"], "Cafe creme");
        assert_eq!(item(app, "cafe_creme").await["name"], "Café crème");
        manager.taps("Edit Cafe creme").await;
        manager.taps("Take off the menu").await;
        manager.taps("Yes, take it off").await;
        manager.sees("Cafe creme is off the menu.").await;
        manager.sees_no("£0.00").await;
        assert_eq!(item(app, "cafe_creme_2").await, Value::Null);
    })
    .await;
}

#[tokio::test]
async fn what_two_people_change_is_merged_and_nothing_is_lost() {
    in_browsers(async |app, browsers| {
        let manager = open(app, browsers).await;
        manager.may_say("412");
        manager.taps("Edit burger").await;
        manager.fills("Name", "Double burger").await;
        manager.fills("Description", "Two patties.").await;
        let theirs = json!({"name": "Big burger", "category": "Burgers", "price": 1400, "modifiers": ["extra_cheese"]});
        app.put("/v1/menu/soho/burger", theirs).await;
        manager.taps("Save").await;
        manager.sees("Taken over from them: price.").await;
        manager.sees("Nothing is saved yet: which one shall it be?").await;
        check(&manager, "what two people have changed").await;
        assert_eq!(item(app, "burger").await["name"], "Big burger");
        manager.taps("Save").await;
        manager.sees("Please choose for each of them which one it shall be.").await;
        manager.taps("Yours Double burger").await;
        manager.taps("Save").await;
        manager.sees("Double burger is saved.").await;
        let burger = item(app, "burger").await;
        expect![[r#"["Double burger",1400,"Two patties."]"#]]
            .assert_eq(&json!([burger["name"], burger["price"], burger["description"]]).to_string());
        // Where only others have changed something, one save more is enough.
        manager.taps("Edit Double burger").await;
        manager.fills("Price in GBP", "15").await;
        let theirs = json!({"name": "Double burger", "category": "Burgers", "price": 1400, "description": "Three."});
        app.put("/v1/menu/soho/burger", theirs).await;
        manager.taps("Save").await;
        manager.sees("Taken over from them: extras, description.").await;
        manager.taps("Save").await;
        is_closed(&manager).await;
        let burger = item(app, "burger").await;
        expect![[r#"[1500,"Three.",[]]"#]]
            .assert_eq(&json!([burger["price"], burger["description"], burger["modifiers"]]).to_string());
    })
    .await;
}

#[tokio::test]
async fn what_was_typed_survives_a_slip_and_a_reload() {
    in_browsers(async |app, browsers| {
        let manager = open(app, browsers).await;
        manager.taps("Edit cola").await;
        manager.fills("Description", "Half a litre.").await;
        manager.presses("Escape").await;
        manager.sees("not saved yet").await;
        manager.reloads().await;
        manager.sees("not saved yet").await;
        manager.taps("Edit cola").await;
        manager.sees("What you typed and did not save is here again.").await;
        check(&manager, "a draft").await;
        manager.taps("Save").await;
        manager.sees("cola is saved.").await;
        manager.sees_no("not saved yet").await;
        assert_eq!(item(app, "cola").await["description"], "Half a litre.");
        manager.taps("Edit cola").await;
        manager.fills("Name", "Kola").await;
        manager.taps("Close").await;
        manager.taps("Edit cola").await;
        manager.taps("Start over").await;
        manager.until("document.getElementById('item-name').value === 'cola'").await;
        manager.taps("Close").await;
        manager.sees_no("not saved yet").await;
    })
    .await;
}

const SHOWN: &str = "[...document.querySelectorAll('.rows > li')].map((row) => row.dataset.sku).join(' ')";

async fn mouse(page: &Page, kind: &str, (x, y): (f64, f64)) {
    let buttons = u8::from(kind != "mouseReleased");
    let at = json!({"type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1});
    page.browser("Input.dispatchMouseEvent", at).await;
}

/// The middle of an element.
async fn middle(page: &Page, selector: &str) -> (f64, f64) {
    let script = "const { x, y, width, height } = document.querySelector(arguments[0]).getBoundingClientRect(); return [x + width / 2, y + height / 2];";
    let found = page.runs(script, json!([selector])).await;
    (found[0].as_f64().unwrap(), found[1].as_f64().unwrap())
}

#[tokio::test]
async fn dishes_are_put_in_order_by_hand_and_by_keys() {
    in_browsers(async |app, browsers| {
        for sku in ["ale", "beer", "cider"] {
            app.put(&format!("/v1/menu/soho/{sku}"), json!({"name": sku, "category": "Drinks", "price": 300})).await;
        }
        let manager = open(app, browsers).await;
        manager
            .until(&format!("{SHOWN}.endsWith('ale beer cider cola') || {SHOWN}.includes('ale beer cider cola')"))
            .await;
        manager.runs("document.querySelector('[data-sku=cola] .handle').focus()", json!([])).await;
        // Up, twice, in one go.
        manager.types("\u{E013}\u{E013}").await;
        manager.sees("The new order is saved.").await;
        let places = async || {
            let mut all = Vec::new();
            for sku in ["ale", "beer", "cider", "cola"] {
                all.push((item(app, sku).await["place"].as_i64().unwrap_or(i64::MAX), sku));
            }
            all.sort_unstable();
            all.into_iter().map(|(_, sku)| sku).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(places().await, "ale cola beer cider");
        manager.taps("Dismiss").await;
        manager.runs("document.querySelector('[data-sku=ale]').scrollIntoView({ block: 'center' })", json!([])).await;
        let (from, to) = (middle(&manager, "[data-sku=ale] .handle").await, middle(&manager, "[data-sku=cider]").await);
        mouse(&manager, "mousePressed", from).await;
        mouse(&manager, "mouseMoved", (from.0, (from.1 + to.1) / 2.0)).await;
        mouse(&manager, "mouseMoved", (from.0, to.1 + 4.0)).await;
        mouse(&manager, "mouseReleased", (from.0, to.1 + 4.0)).await;
        manager.sees("The new order is saved.").await;
        assert_eq!(places().await, "cola beer cider ale");
        manager.until(&format!("{SHOWN}.includes('cola beer cider ale')")).await;
        let guest = browsers.guest(&app.base).await;
        let dishes = "[...document.querySelectorAll('.dish')].map((dish) => dish.dataset.sku).join(' ')";
        guest.until(&format!("{dishes}.includes('cola beer cider ale')")).await;
    })
    .await;
}

#[tokio::test]
async fn a_manager_says_where_it_is_cooked_and_how_it_is_paid() {
    in_browsers(async |app, browsers| {
        let manager = open(app, browsers).await;
        let choose = "const [select, value] = [document.querySelector(arguments[0]), arguments[1]]; select.value = value; select.dispatchEvent(new Event('change', { bubbles: true }));";
        manager.until("document.querySelector('[aria-label=\"Where Drinks is cooked\"]') !== null").await;
        manager.runs(choose, json!(["[aria-label='Where Drinks is cooked']", "pizza"])).await;
        manager.taps("Edit cola").await;
        manager.sees("As its category: Pizza").await;
        manager.runs(choose, json!(["#item-station", "grill"])).await;
        manager.taps("Save").await;
        manager.sees("cola is saved.").await;
        let routes = app.get("/v1/stations/soho").await["routes"].clone();
        expect![[r#"[{"category":"Pizza","station":"pizza"},{"category":"Drinks","station":"pizza"},{"sku":"cola","station":"grill"}]"#]]
            .assert_eq(&routes.to_string());
        manager.taps("For guests").await;
        manager.fills("When they pick it up", "At the counter.").await;
        check(&manager, "what guests are told").await;
        manager.taps("Save").await;
        manager.sees("Saved. Guests see it at once.").await;
        let soho = app.get("/v1/locations/soho").await;
        assert_eq!(text(&soho["payment"]["pickup"]), "At the counter.");
        assert_eq!(soho["timezone"], "Europe/London");
    })
    .await;
}

#[tokio::test]
async fn a_manager_prints_a_code_for_each_table() {
    in_browsers(async |app, browsers| {
        let manager = browsers.open(&format!("{}/menu#at/soho/guests", app.base)).await;
        manager.fills("Tables", "1-3, Bar, a name that is much too long").await;
        manager.taps("Show the codes").await;
        manager.sees("each of at most 20 characters").await;
        manager.fills("Tables", "1-3, Bar").await;
        manager.taps("Show the codes").await;
        manager.sees("Table 3").await;
        manager.sees_so_many(".codes img", 4).await;
        manager.until("[...document.querySelectorAll('.codes img')].every((image) => image.naturalWidth > 0)").await;
        check(&manager, "codes for tables").await;
        let leads_to = "document.querySelector('.codes li:last-child img').alt.split(' ').at(-1)";
        let address = text(&manager.value(leads_to).await);
        assert_eq!(address, format!("{}/order?table=Bar#at/soho", app.base));
        let guest = browsers.open(&address).await;
        guest.taps("Add cola").await;
        guest.taps("Order now").await;
        guest.sees("All of it is set aside for you.").await;
        assert_eq!(app.get("/v1/orders?location=soho").await["items"][0]["table"], "Bar");
    })
    .await;
}
