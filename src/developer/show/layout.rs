//! What is shown, as people read it: an object's members line by line, a list as an aligned table.

use serde_json::Value;
use shared::contract::{clock::Clock, time::Time};
use uuid::Uuid;

use super::What;
use crate::developer::{paint, zones::Zones};

/// What a column or a line is called, and where its value is.
type Cell = (&'static str, &'static str);

/// Where a list is, and its columns.
type List = (&'static str, &'static [Cell]);

/// What is shown of an object: its members, then its lists.
struct Layout {
    members: &'static [Cell],
    lists: &'static [List],
}

const ORDER: Layout = Layout {
    members: &[
        ("order", "/number"),
        ("status", "/status"),
        ("cancellation", "/cancellation/status"),
        ("reason", "/cancellation/reason"),
        ("rejected", "/rejection/reason"),
        ("short of", "/rejection/unavailable"),
        ("location", "/location"),
        ("type", "/type"),
        ("table", "/table"),
        ("customer", "/customer/name"),
        ("channel", "/channel/name"),
        ("external id", "/channel/external_id"),
        ("total", "/total"),
        ("allergies", "/allergies"),
        ("notes", "/notes"),
        ("placed", "/placed_at"),
        ("accept by", "/accept_by"),
        ("updated", "/updated_at"),
        ("version", "/version"),
        ("id", "/id"),
    ],
    lists: &[(
        "/lines",
        &[
            ("line", "/id"),
            ("quantity", "/quantity"),
            ("name", "/name"),
            ("modifiers", "/modifiers"),
            ("notes", "/notes"),
        ],
    )],
};
const TICKET: Layout = Layout {
    members: &[
        ("ticket", "/number"),
        ("state", "/state"),
        ("priority", "/priority"),
        ("location", "/location"),
        ("type", "/type"),
        ("table", "/table"),
        ("customer", "/customer/name"),
        ("channel", "/channel/name"),
        ("allergies", "/allergies"),
        ("notes", "/notes"),
        ("opened", "/opened_at"),
        ("started", "/started_at"),
        ("ready", "/ready_at"),
        ("served", "/served_at"),
        ("recalled", "/recalled_at"),
        ("voided", "/voided_at"),
        ("acknowledged", "/acknowledged_at"),
        ("version", "/version"),
        ("order", "/order_id"),
        ("id", "/id"),
    ],
    lists: &[(
        "/items",
        &[
            ("item", "/id"),
            ("quantity", "/quantity"),
            ("name", "/name"),
            ("station", "/station"),
            ("state", "/state"),
            ("modifiers", "/modifiers"),
            ("notes", "/notes"),
        ],
    )],
};
const RESERVATION: Layout = Layout {
    members: &[
        ("order", "/order_id"),
        ("status", "/status"),
        ("reason", "/reason"),
        ("short of", "/unavailable"),
        ("location", "/location"),
        ("updated", "/updated_at"),
        ("version", "/version"),
    ],
    lists: &[
        ("/lines", &[("line", "/line"), ("quantity", "/quantity"), ("sku", "/sku")]),
        ("/ingredients", &[("ingredient", "/ingredient"), ("quantity", "/quantity")]),
    ],
};
const LOCATION: Layout = Layout {
    members: &[
        ("location", "/location"),
        ("name", "/name"),
        ("mode", "/mode"),
        ("until", "/until"),
        ("currency", "/currency"),
        ("timezone", "/timezone"),
        ("day starts", "/day_starts"),
        ("language", "/language"),
        ("wait from", "/wait/from"),
        ("wait to", "/wait/to"),
        ("version", "/version"),
    ],
    lists: &[],
};
const STATIONS: Layout = Layout {
    members: &[
        ("location", "/location"),
        ("default", "/default"),
        ("serve after", "/serve_after"),
        ("version", "/version"),
    ],
    lists: &[
        ("/stations", &[("station", "/id"), ("name", "/name")]),
        ("/routes", &[("sku", "/sku"), ("category", "/category"), ("station", "/station")]),
    ],
};
const RECIPE: Layout = Layout {
    members: &[("sku", "/sku"), ("location", "/location"), ("version", "/version")],
    lists: &[("/ingredients", &[("ingredient", "/ingredient"), ("quantity", "/quantity")])],
};

const RECIPES: &[List] = &[("/items", &[("sku", "/sku"), ("ingredients", "/ingredients")])];
const ORDERS: &[List] = &[(
    "/items",
    &[
        ("order", "/number"),
        ("status", "/status"),
        ("cancellation", "/cancellation/status"),
        ("location", "/location"),
        ("total", "/total"),
        ("placed", "/placed_at"),
        ("id", "/id"),
    ],
)];
const TICKETS: &[List] = &[(
    "/items",
    &[
        ("ticket", "/number"),
        ("state", "/state"),
        ("priority", "/priority"),
        ("location", "/location"),
        ("items", "/items"),
        ("opened", "/opened_at"),
        ("id", "/id"),
    ],
)];
const LEDGER: &[List] = &[(
    "/items",
    &[
        ("at", "/at"),
        ("kind", "/kind"),
        ("quantity", "/quantity"),
        ("change", "/delta"),
        ("on hand", "/on_hand"),
        ("reason", "/reason"),
        ("order", "/order_id"),
    ],
)];
const STOCK: &[List] = &[(
    "/items",
    &[
        ("ingredient", "/ingredient"),
        ("on hand", "/on_hand"),
        ("reserved", "/reserved"),
        ("available", "/available"),
        ("unit", "/unit"),
        ("reorder at", "/reorder_point"),
        ("low", "/low"),
    ],
)];
const AVAILABILITY: &[List] = &[(
    "/items",
    &[("sku", "/sku"), ("available", "/available"), ("cause", "/cause"), ("until", "/until"), ("left", "/left")],
)];
const MENU: &[List] = &[(
    "/items",
    &[
        ("sku", "/sku"),
        ("name", "/name"),
        ("kind", "/kind"),
        ("category", "/category"),
        ("price", "/price"),
        ("available", "/available"),
        ("until", "/until"),
        ("left", "/left"),
    ],
)];
const LOCATIONS: &[List] = &[(
    "/items",
    &[
        ("location", "/location"),
        ("name", "/name"),
        ("mode", "/mode"),
        ("currency", "/currency"),
        ("timezone", "/timezone"),
    ],
)];

/// What a thing of a kind looks like, or a list of them.
fn layout(what: What, found: &Value) -> Layout {
    let is_ledger = found["items"][0]["delta"].is_i64();
    let list = |lists| Layout { members: &[], lists };
    match what {
        What::Order => ORDER,
        What::Ticket => TICKET,
        What::Reservation => RESERVATION,
        What::Location => LOCATION,
        What::Stations => STATIONS,
        What::Recipe if found["items"].is_null() => RECIPE,
        What::Recipe => list(RECIPES),
        What::Orders => list(ORDERS),
        What::Tickets => list(TICKETS),
        What::Stock if is_ledger => list(LEDGER),
        What::Stock => list(STOCK),
        What::Availability => list(AVAILABILITY),
        What::Menu => list(MENU),
        What::Locations => list(LOCATIONS),
    }
}

/// Times are those of the location that a thing belongs to.
pub(super) fn written(what: What, found: &Value, zones: &Zones) -> String {
    let Layout { members, lists } = layout(what, found);
    let clock = zones.clock(found["location"].as_str());
    let cells = members.iter().map(|(name, path)| (*name, cell(found, path, clock)));
    let there: Vec<(&str, String)> = cells.filter(|(_, value)| !value.is_empty()).collect();
    let width = there.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text: String = there.iter().map(|(name, value)| format!("{name:<width$}  {}\n", painted(value))).collect();
    for (path, columns) in lists {
        let rows = found.pointer(path).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&if rows.is_empty() { "nothing is there\n".into() } else { table(columns, rows, zones) });
    }
    text
}

/// Columns that are empty in every row are left out.
fn table(columns: &[Cell], rows: &[Value], zones: &Zones) -> String {
    let columns = columns.iter().map(|(name, path)| {
        let clock = |row: &Value| zones.clock(row["location"].as_str());
        let cells: Vec<String> = rows.iter().map(|row| cell(row, path, clock(row))).collect();
        let is_number = rows.iter().all(|row| row.pointer(path).is_none_or(|it| it.is_number() || it.is_null()));
        (*name, cells, is_number)
    });
    let columns: Vec<_> = columns.filter(|(_, cells, _)| cells.iter().any(|cell| !cell.is_empty())).collect();
    let mut text = String::new();
    for row in 0..=rows.len() {
        let cells = columns.iter().map(|(name, cells, is_number)| {
            let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0).max(name.len());
            let cell = row.checked_sub(1).map_or(*name, |row| cells[row].as_str());
            let (padding, cell) = (" ".repeat(width - cell.chars().count()), painted(cell));
            if *is_number { format!("{padding}{cell}") } else { format!("{cell}{padding}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn painted(cell: &str) -> String {
    if cell.parse::<Uuid>().is_ok() { paint::id(cell) } else { cell.to_owned() }
}

/// The value as a person reads it; empty where there is none.
fn cell(of: &Value, path: &str, clock: &Clock) -> String {
    match of.pointer(path) {
        None => String::new(),
        Some(value) => word(value, clock),
    }
}

fn word(value: &Value, clock: &Clock) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => (if *yes { "yes" } else { "no" }).into(),
        Value::String(text) => moment(text, clock).unwrap_or_else(|| text.replace('\n', " / ")),
        Value::Array(values) => values.iter().map(|value| word(value, clock)).collect::<Vec<_>>().join(", "),
        Value::Object(_) => thing(value),
        other => other.to_string(),
    }
}

/// `2× Margherita`, `cheese 100`, `9.00 GBP`.
fn thing(value: &Value) -> String {
    let text = |name: &str| value[name].as_str();
    let name = text("name").or(text("ingredient")).or(text("sku")).unwrap_or_default();
    match (value["amount"].as_i64(), text("currency"), value["quantity"].as_i64()) {
        (Some(amount), Some(currency), _) => format!("{} {currency}", in_units(amount, currency)),
        (_, _, Some(quantity)) if text("ingredient").is_some() => format!("{name} {quantity}"),
        (_, _, Some(quantity)) => format!("{quantity}× {name}"),
        _ => name.to_owned(),
    }
}

/// ISO 4217: most currencies have two decimals.
fn in_units(minor: i64, currency: &str) -> String {
    let decimals = match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => return minor.to_string(),
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    };
    let unit = 10_i64.pow(decimals);
    let (whole, rest, width) = (minor / unit, (minor % unit).abs(), decimals as usize);
    format!("{whole}.{rest:0width$}")
}

/// `2026-11-25 19:30:00+00:00` for a time on the wire.
fn moment(text: &str, clock: &Clock) -> Option<String> {
    let is_time = text.len() == 27 && text.as_bytes()[10] == b'T' && text.ends_with('Z');
    let time: Time = text.parse().ok().filter(|_| is_time)?;
    Some(clock.moment(time))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    fn london() -> Zones {
        let data = json!({"location": "soho", "timezone": "Europe/London"});
        let mut zones = Zones::default();
        zones.see(&json!({"type": "location.changed", "data": data}));
        zones
    }

    #[test]
    fn an_object_is_written_line_by_line_and_its_lists_as_tables() {
        let order = json!({
            "number": 12, "status": "accepted", "cancellation": {"status": "none", "reason": null}, "location": "soho",
            "total": {"amount": 2105, "currency": "GBP"}, "placed_at": "2026-07-25T19:30:00.123456Z",
            "lines": [
                {"id": "1", "quantity": 2, "name": "Margherita", "modifiers": [{"name": "Extra cheese"}], "notes": null},
                {"id": "2", "quantity": 10, "name": "Crème brûlée", "modifiers": [], "notes": null},
            ],
        });
        expect![[r#"
            order         12
            status        accepted
            cancellation  none
            location      soho
            total         21.05 GBP
            placed        2026-07-25 20:30:00+01:00

            line  quantity  name          modifiers
            1            2  Margherita    Extra cheese
            2           10  Crème brûlée
        "#]]
        .assert_eq(&written(What::Order, &order, &london()));
    }

    #[test]
    fn what_is_not_there_is_said() {
        assert_eq!(written(What::Stock, &json!({"items": []}), &london()), "nothing is there\n");
    }

    #[test]
    fn money_has_the_decimals_of_its_currency() {
        for (minor, currency, expected) in
            [(900, "GBP", "9.00"), (5, "EUR", "0.05"), (900, "JPY", "900"), (1500, "KWD", "1.500")]
        {
            assert_eq!(in_units(minor, currency), expected);
        }
    }
}
