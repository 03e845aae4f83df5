//! `comanda migrate-data`: a restaurant takes its databases along, from files to servers and back, with all that is on its way.

use std::process::{Child, Command, Stdio};

use expect_test::expect;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde_json::Value;
use shared::{
    db::Db,
    engine::{
        service::Service,
        state::{self, State},
    },
    process::{host::Host, telemetry},
    web::site::Site,
};
use sqlx::{ConnectOptions, Connection, PgConnection, sqlite::SqliteConnectOptions};

use crate::{
    dead::set_aside,
    developer::{comanda, evening, in_directory, refused, told},
    harness::{App, Backends, scratch, settings, text},
    missed::{WAIT, until},
    servers::{Scratch, Servers},
};

const SHORT: [&str; 3] = ["order", "inventory", "kitchen"];

/// Three databases whose URLs differ in the service alone, and a bus; the databases are not there yet, or empty.
struct Place {
    /// With `{service}` in it.
    pattern: String,
    backends: Backends,
    servers: Option<Servers>,
    _scratch: Scratch,
}

impl Place {
    fn on_files() -> Self {
        let scratch = scratch();
        let file = |name: &str| format!("sqlite:{}", in_directory(scratch.path(), &format!("{name}.db")));
        let backends = Backends::at(file("bus"), SHORT.map(file));
        Self { pattern: file("{service}"), backends, servers: None, _scratch: scratch }
    }

    async fn on_servers() -> Option<Self> {
        let servers = Servers::get()?;
        let pattern = format!("{}_{{service}}", servers.database_to_be().unwrap());
        let databases = SHORT.map(|short| pattern.replace("{service}", short));
        for url in &databases {
            servers.create_database(url).await.unwrap();
        }
        let backends = Backends::at(servers.vhost().await.unwrap(), databases);
        Some(Self { pattern, backends, servers: Some(servers), _scratch: scratch() })
    }

    /// One of each kind.
    async fn all() -> Vec<Self> {
        [Some(Self::on_files()), Self::on_servers().await].into_iter().flatten().collect()
    }

    async fn remove(self) {
        let Some(servers) = &self.servers else { return };
        servers.drop_vhost(&self.backends.bus).await.unwrap();
        for url in &self.backends.databases {
            servers.drop_database(url).await.unwrap();
        }
    }

    /// What is stored, once nobody uses it.
    async fn states(&self) -> Vec<State> {
        vec![
            stored::<OrderSvc>(&self.backends.databases[0]).await,
            stored::<InventorySvc>(&self.backends.databases[1]).await,
            stored::<KitchenSvc>(&self.backends.databases[2]).await,
        ]
    }

    /// A restaurant with a short evening behind it, and a letter that nobody could read.
    async fn opened(&self) -> App {
        let app = App::start(&self.backends, WAIT).await;
        app.open_restaurant().await;
        evening(&app).await;
        app.settle().await;
        app
    }
}

async fn stored<S: Service>(url: &str) -> State {
    let db = Db::open(url).await.unwrap();
    let state = state::of(&db, &state::tables::<S>(), None).await.unwrap();
    db.close().await;
    state
}

/// Orders that are placed, and that nobody else has heard of when all stops: the events of the first two are on a bus that
/// is left, those of the last may be on none.
async fn on_their_way(place: &Place) -> Vec<String> {
    let app = App::start_without_inventory(&place.backends, WAIT).await;
    let place = async |key: &str| {
        let key = format!("{key} on {}", place.backends.bus);
        app.place_with_key(&key, &App::order("1 margherita; 1 cola")).await
    };
    let mut orders = vec![place("a").await, place("b").await];
    app.settle().await;
    orders.push(place("c").await);
    app.stop().await;
    orders
}

async fn migrate(from: &Place, to: &Place) -> String {
    told(&["migrate-data", "--from", &from.pattern, "--to", &to.pattern]).await
}

/// As its audit and its journals have it.
async fn agrees(app: &App) {
    let audited = comanda(&["audit", "--at", &app.base, "--lag", "1s"]).await;
    assert!(audited.status.success(), "{}", String::from_utf8_lossy(&audited.stdout));
    let compared = told(&["replay", "--compare", "--at", &app.base]).await;
    assert_eq!(compared.matches("are what its journal comes to").count(), 3, "{compared}");
}

/// It goes on at the new place, with the orders that were on their way.
async fn goes_on(from: &Place, to: &Place, orders: &[String], letters: usize) {
    let before = from.states().await;
    let said = migrate(from, to).await;
    assert_eq!(said.matches(": the same in both\n").count(), 3, "{said}");
    assert_eq!(to.states().await, before);
    let app = App::start(&to.backends, WAIT).await;
    for order in orders {
        app.check(order, expect!["accepted"]).await;
    }
    // The same key is the same order, wherever it was used.
    let key = format!("a on {}", from.backends.bus);
    let request = app.ordering(&key, &App::order("1 margherita; 1 cola"));
    let (_, again) = app.send(request).await;
    assert_eq!(text(&again["id"]), orders[0]);
    let late = app.place("1 burger").await;
    for order in orders.iter().chain([&late]) {
        app.kitchen(order, "serve").await;
        app.check(order, expect!["completed"]).await;
    }
    let kept = app.get("/v1/dead/orders").await;
    assert_eq!(kept["items"].as_array().unwrap().len(), letters, "{kept}");
    agrees(&app).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_moves_to_servers_and_back_with_orders_on_their_way() {
    let first = Place::on_files();
    let (second, third) = (Place::on_servers().await.unwrap_or_else(Place::on_files), Place::on_files());
    let app = first.opened().await;
    set_aside(&app.databases[0], "0190b2f0-0000-7000-8000-0000000000a1", b"no\0ise\xff".to_vec()).await;
    app.stop().await;
    let orders = on_their_way(&first).await;
    // As an earlier version left it, which did not note on which bus its relay was.
    write(&first.backends.databases[0], "UPDATE relay_cursor SET bus = NULL").await;
    goes_on(&first, &second, &orders, 1).await;
    let orders = on_their_way(&second).await;
    goes_on(&second, &third, &orders, 1).await;
    second.remove().await;
}

/// Why a service does not start there.
async fn start<S: Site>(bus: &str, database: &str) -> String {
    let mut host = Host::new(settings(bus, "127.0.0.1:0", WAIT).unwrap()).await.unwrap();
    let Err(error) = host.add::<S>(database).await else { panic!("it starts on {database}") };
    host.tasks.finish().await;
    host.bus().close().await.unwrap();
    telemetry::line(&error)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_starts_any_more_where_it_was() {
    for place in Place::all().await {
        place.opened().await.stop().await;
        let to = Place::on_files();
        let json = told(&["migrate-data", "--json", "--from", &place.pattern, "--to", &to.pattern]).await;
        let services: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(services.len(), 3, "{json}");
        assert!(services.iter().all(|service| service["rows"].as_i64() > Some(20)), "{json}");
        let why = start::<KitchenSvc>(&place.backends.bus, &place.backends.databases[2]).await;
        expect!["KITCHEN_DATABASE_URL: the database belongs to kitchen-svc, which was moved to another database; where that was given up, `comanda migrate-data --give-up` lets it start there again"].assert_eq(&why);
        let elsewhere = Place::on_files();
        let why = refused(&["migrate-data", "--from", &place.pattern, "--to", &elsewhere.pattern]).await;
        assert!(why.contains("--from: the database belongs to order-svc, which was moved"), "{why}");
        let said = told(&["migrate-data", "--give-up", "--from", &place.pattern]).await;
        assert_eq!(said.matches("starts there again; make sure that it runs nowhere else\n").count(), 3, "{said}");
        let app = App::start(&place.backends, WAIT).await;
        agrees(&app).await;
        app.stop().await;
        place.remove().await;
    }
}

/// Whose database is there, as far as it says.
pub(crate) async fn owner(url: &str) -> Option<String> {
    let sql = "SELECT service FROM owner";
    if url.starts_with("postgres") {
        return sqlx::query_scalar(sql).fetch_one(&mut PgConnection::connect(url).await.ok()?).await.ok();
    }
    let options: SqliteConnectOptions = url.parse().unwrap();
    let mut file = options.read_only(true).connect().await.ok()?;
    sqlx::query_scalar(sql).fetch_one(&mut file).await.ok()
}

/// Starts the command, and kills it once all new places are marked; whether that was before its end.
async fn killed(from: &Place, to: &Place) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comanda"));
    command.args(["migrate-data", "--from", &from.pattern, "--to", &to.pattern]).env("RUST_LOG", "error");
    let mut child: Child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let last = &to.backends.databases[2];
    until(async || owner(last).await.is_some()).await;
    child.kill().unwrap();
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    !ended.success() && owner(last).await.is_some_and(|owner| owner.starts_with("a copy of"))
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_half_way_it_leaves_nothing_that_starts() {
    for place in Place::all().await {
        place.opened().await.stop().await;
        let before = place.states().await;
        let mut to = Place::on_files();
        while !killed(&place, &to).await {
            told(&["migrate-data", "--give-up", "--from", &place.pattern]).await;
            to = Place::on_files();
        }
        let (bus, there) = (&to.backends.bus, &to.backends.databases[0]);
        let here = start::<OrderSvc>(&place.backends.bus, &place.backends.databases[0]).await;
        assert!(
            here.contains("order-svc, which is being moved to another database; where that was given up"),
            "{here}"
        );
        let why = start::<OrderSvc>(bus, there).await;
        assert!(why.contains("a copy of order-svc that did not come to its end"), "{why}");
        goes_over(&place, &to).await;
        assert_eq!(to.states().await, before);
        place.remove().await;
    }
}

/// Without a word of what was begun before.
async fn goes_over(from: &Place, to: &Place) {
    let said = migrate(from, to).await;
    assert_eq!(said.matches(": the same in both\n").count(), 3, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_runs_is_left_alone() {
    for place in Place::all().await {
        let app = place.opened().await;
        let to = Place::on_files();
        let why = refused(&["migrate-data", "--from", &place.pattern, "--to", &to.pattern]).await;
        assert!(why.contains("in use, by"), "{why}");
        let order = app.place("1 cola").await;
        app.check(&order, expect!["accepted"]).await;
        // What is used by another is no place to move to.
        let from = Place::on_files();
        from.opened().await.stop().await;
        let why = refused(&["migrate-data", "--from", &from.pattern, "--to", &place.pattern]).await;
        assert!(why.contains("in use, by") || why.contains("--to: the database is not empty"), "{why}");
        app.stop().await;
        let app = App::start(&place.backends, WAIT).await;
        agrees(&app).await;
        app.stop().await;
        let app = App::start(&from.backends, WAIT).await;
        agrees(&app).await;
        app.stop().await;
        place.remove().await;
    }
}

async fn write(url: &str, sql: &'static str) {
    let db = Db::open(url).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.execute(sql, []).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_moved_is_told_before_anything_is_touched() {
    for place in Place::all().await {
        place.opened().await.stop().await;
        let (to, [orders, inventory, kitchen]) = (Place::on_files(), &place.backends.databases);
        let one = &to.backends.databases[0];
        let check = async |from: &str, to: &str, words: &str| {
            let why = refused(&["migrate-data", "--from", from, "--to", to]).await;
            assert!(why.contains(words), "{words}: {why}");
        };
        check(&place.pattern, one, "{service} stands in both URLs, or in none").await;
        check("sqlite:nowhere/order.db", one, "--from: there is no file nowhere/order.db").await;
        assert!(!std::path::Path::new("nowhere").exists());
        check("mysql://x", one, "--from: the URL starts with neither sqlite: nor postgres:").await;
        check(inventory, orders, "--to: the database is not empty").await;
        check(orders, orders, if orders.starts_with("sqlite") { "in use, by" } else { "not empty" }).await;
        let empty = Place::on_files();
        Db::open(&empty.backends.databases[0]).await.unwrap().close().await;
        check(&empty.backends.databases[0], one, "--from: the database holds no data of a service").await;
        // A table of somebody else's, an earlier version, a newer one.
        write(orders, "CREATE TABLE notes (id BIGINT PRIMARY KEY, text TEXT)").await;
        check(orders, one, "--from: notes.id is nothing of ours, and would be lost").await;
        write(orders, "DROP TABLE notes").await;
        write(orders, "UPDATE _sqlx_migrations SET checksum = checksum || checksum WHERE version = 60").await;
        check(orders, one, "--from: its tables are not ours (script 60)").await;
        write(orders, "DELETE FROM _sqlx_migrations WHERE version = 60").await;
        check(orders, one, "--from: it is of an earlier version; bring it up to date first: order-svc migrate").await;
        // Nothing was: the same place takes the kitchen, by itself.
        let said = told(&["migrate-data", "--from", kitchen, "--to", one]).await;
        assert!(said.starts_with("kitchen-svc ") && said.contains("with KITCHEN_DATABASE_URL as --to says"), "{said}");
        place.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_disk_is_full_it_stays_where_it_is() {
    let (place, to) = (Place::on_files(), Place::on_files());
    place.opened().await.stop().await;
    let before = place.states().await;
    let mut command = Command::new("sh");
    // Nothing may grow beyond so many blocks of 512 bytes.
    command.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_comanda")]);
    command.args(["migrate-data", "--from", &place.pattern, "--to", &to.pattern]).env("RUST_LOG", "error");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(
        !output.status.success() && said.contains("nothing was moved: services start on --from as before"),
        "{said}"
    );
    assert_eq!(place.states().await, before);
    // Where there is room again, it goes there.
    goes_over(&place, &to).await;
    assert_eq!(to.states().await, before);
}
