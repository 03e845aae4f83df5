//! Every statement that reads, of the three services, finds what it reads by an index: no list, no sweep and no batch
//! reads or sorts a whole table, however quiet the location beside a busy one.

use std::{
    collections::BTreeSet,
    fmt,
    process::Output,
    sync::{Mutex, OnceLock},
};

use shared::db::Db;
use sqlx::{AssertSqlSafe, PgPool, Row};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::{
    api::live::stream,
    harness::{App, on_both},
    servers::variable,
};

/// The texts of all statements that this process has run.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Set where this test has a process to itself.
const ALONE: &str = "COMANDA_TEST_ALONE";

/// Listens to what the driver logs of its statements.
struct Statements;

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Statement);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Statement;

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "db.statement" {
            SEEN.lock().unwrap().insert(value.trim().to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| tracing::subscriber::set_global_default(Statements).unwrap());
}

/// All that grow.
const TABLES: [&str; 22] = [
    "event_log",
    "journal",
    "inbox",
    "idempotency_keys",
    "attempts",
    "dead_letters",
    "discarded",
    "orders",
    "order_numbers",
    "locations",
    "paces",
    "menu_items",
    "availabilities",
    "reservations",
    "recipes",
    "stock",
    "movements",
    "availability",
    "outages",
    "tickets",
    "access_keys",
    "access_key_uses",
];

/// The lists with their filters, and a second page of each.
const LISTS: [&str; 39] = [
    "/v1/orders",
    "/v1/orders?location=soho",
    "/v1/orders?status=accepted",
    "/v1/orders?status=accepted&location=soho",
    "/v1/menu/soho",
    "/v1/menu/soho?after=burger",
    "/v1/locations",
    "/v1/locations?after=oxford",
    "/v1/sales/soho/day",
    "/v1/sales/soho/day?date=2026-11-23",
    "/v1/inventory/soho/day?from=2026-11-23T05:00:00Z&to=2026-11-24T05:00:00Z",
    "/v1/stations/soho/day?from=2026-11-23T05:00:00Z&to=2026-11-24T05:00:00Z",
    "/v1/stock/soho",
    "/v1/stock/soho?after=bun",
    "/v1/inventory",
    "/v1/inventory?after=oxford",
    "/v1/recipes/soho",
    "/v1/availability/soho",
    "/v1/stock/soho/dough/movements",
    "/v1/stock/soho/dough/movements?after=9",
    "/v1/tickets",
    "/v1/tickets?location=soho",
    "/v1/tickets?location=soho&station=grill",
    "/v1/tickets?station=grill",
    "/v1/tickets?location=soho&state=served,void",
    "/v1/tickets?state=served",
    "/v1/feed/orders",
    "/v1/feed/kitchen?after=1",
    "/v1/journal/kitchen?after=1",
    "/v1/state/orders",
    "/v1/state/inventory",
    "/v1/state/kitchen",
    "/v1/state/kitchen/tickets?after=a",
    "/v1/state/kitchen/event_log?after=1",
    "/v1/dead/orders",
    "/v1/dead/orders?after=2026-11-23T18:42:00Z_00000000-0000-0000-0000-000000000001",
    "/v1/keys",
    "/v1/keys?after=00000000-0000-0000-0000-000000000001",
    "/metrics",
];

/// The live views, from their beginning and resumed.
async fn follow(app: &App, order: &str) {
    let order = format!("/v1/orders/{order}/events");
    for path in [&order, "/v1/locations/soho/events", "/v1/inventory/soho/events"] {
        stream(app, path, None, 1).await;
    }
    for view in ["", "?location=soho", "?station=grill", "?location=soho&station=grill"] {
        stream(app, &format!("/v1/tickets/stream{view}"), None, 1).await;
    }
    stream(app, &order, Some("1"), 1).await;
}

/// Whether it reads and does nothing else. Not what the tests themselves ask.
fn reads(sql: &str) -> bool {
    let writes = ["INSERT ", "UPDATE ", "DELETE "].iter().any(|word| sql.replace("FOR UPDATE", "").contains(word));
    let ours = ["_sqlx_migrations", "SELECT doc FROM inbox", "SELECT id FROM dead_letters"];
    (sql.starts_with("SELECT") || sql.starts_with("WITH")) && !writes && !ours.iter().any(|text| sql.contains(text))
}

/// Letters are few, and somebody looks into each.
const COUNTED: &str = "SELECT COUNT(*) FROM dead_letters";

/// The steps of the plan, by the settings of the services; `None` where none of the databases has the tables.
async fn plan(databases: &[Db], sql: &str) -> Option<Vec<String>> {
    for db in databases {
        let plan = match db.postgres() {
            None => {
                let explain: &str = format!("EXPLAIN QUERY PLAN {sql}").leak();
                let rows: Result<Vec<(i64, i64, i64, String)>, _> = db.fetch(explain, []).await;
                rows.ok().map(|rows| rows.into_iter().map(|row| row.3).collect())
            }
            Some(pool) => explain(pool, sql).await.ok(),
        };
        if plan.is_some() {
            return plan;
        }
    }
    None
}

/// The plan that is kept for the statement, whatever its arguments.
async fn explain(pool: &PgPool, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let mut session = pool.acquire().await?;
    // Whatever the driver had prepared on this session is gone.
    session.close_on_drop();
    sqlx::raw_sql("DEALLOCATE ALL").execute(&mut *session).await?;
    sqlx::raw_sql(AssertSqlSafe(format!("PREPARE it AS {sql}"))).execute(&mut *session).await?;
    let count = (1..).take_while(|n| sql.contains(&format!("${n}"))).count();
    let args = if count == 0 { String::new() } else { format!("({})", vec!["NULL"; count].join(", ")) };
    let explain = AssertSqlSafe(format!("EXPLAIN (COSTS OFF) EXECUTE it{args}"));
    let steps = sqlx::raw_sql(explain).fetch_all(&mut *session).await?;
    steps.iter().map(|step| step.try_get(0)).collect()
}

fn indent(step: &str) -> usize {
    step.len() - step.trim_start().len()
}

/// What in the plan reads or sorts a whole table, if anything.
fn fault(plan: &[String]) -> Option<&str> {
    // SQLite names the subqueries that it runs through, too.
    let scans = |step: &String| {
        let table = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
        step.contains("Seq Scan") || table.is_some_and(|table| TABLES.contains(&table))
    };
    // It goes through the index from one end, and past whatever the filter leaves out.
    let seeks_by_filter = |pair: &[String]| {
        pair[0].contains("Index") && pair[0].contains(" Scan") && pair[1].trim_start().starts_with("Filter:")
    };
    let sought = plan.windows(2).find(|pair| seeks_by_filter(pair)).map(|pair| &pair[0]);
    let sorts_all = |(place, step): &(usize, &String)| {
        let mut below = plan[place + 1..].iter().take_while(|below| indent(below) > indent(step));
        let is_bounded = |step: &String| step.contains("Limit") || step.contains("= ANY");
        step.trim_start_matches([' ', '-', '>']) == "Sort" && !below.any(is_bounded)
    };
    // A part that has a limit of its own is no whole table.
    let has_parts = plan.iter().any(|step| step.starts_with("CO-ROUTINE"));
    let sorted = plan.iter().find(|step| step.contains("USE TEMP B-TREE") && !has_parts);
    let sorted = sorted.or(plan.iter().enumerate().find(sorts_all).map(|(_, step)| step));
    plan.iter().find(|step| scans(step)).or(sought).or(sorted).map(String::as_str)
}

#[tokio::test]
async fn every_read_has_its_index() {
    // Other tests of this process ask what no service asks.
    if variable(ALONE).is_none() {
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        alone.args(["plans::every_read_has_its_index", "--exact", "--nocapture"]).env(ALONE, "true");
        let Output { status, stderr, .. } = alone.output().unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        return;
    }
    listen();
    on_both(async |app| {
        let order = app.place("1 margherita").await;
        app.kitchen(&order, "serve").await;
        for path in LISTS {
            let answer = app.request(reqwest::Method::GET, path).send().await.unwrap();
            assert!(answer.status().is_success(), "{path}: {answer:?}");
        }
        follow(app, &order).await;
        let asked = serde_json::json!({"events": [{"id": order, "subject": format!("order:{order}"), "sequence": 1}]});
        app.send(app.request(reqwest::Method::POST, "/v1/inbox/kitchen/check").json(&asked)).await;
        let seen: Vec<String> = SEEN.lock().unwrap().iter().filter(|sql| reads(sql)).cloned().collect();
        let (mut explained, mut wrong) = (0, Vec::new());
        // What each run of this test ends with reads whole tables.
        let asked_by_tests = |sql: &str| sql == COUNTED || sql.starts_with("SELECT key, revision, doc FROM ");
        for sql in seen.iter().filter(|sql| !asked_by_tests(sql)) {
            let Some(plan) = plan(&app.databases, sql).await else { continue };
            explained += 1;
            if let Some(fault) = fault(&plan) {
                wrong.push(format!("{fault}: {sql}\n{}", plan.join("\n")));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
        assert!(explained > 30, "only {explained} statements were seen");
    })
    .await;
}
