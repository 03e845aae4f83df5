//! What is decided is stored, and is read as it was decided.

use shared::{
    db::Db,
    engine::{call::Call, schema},
};

use super::*;
use crate::{
    InventorySvc,
    domain::{
        Entered, Happened, SetAvailability, decide,
        tests::world::{movement, order, order_id, put_recipe, put_stock, seconds, sku, slug, soho},
    },
};

/// A database of its own, removed with it.
struct Scratch {
    db: Db,
    path: std::path::PathBuf,
}

impl Scratch {
    async fn new() -> Self {
        let path = std::env::temp_dir().join(format!("inventory-{}", shared::engine::call::fresh_id()));
        std::fs::create_dir(&path).expect("a directory");
        let db = Db::open(&format!("sqlite:{}/inventory.db", path.display())).await.expect("opened");
        schema::prepare::<InventorySvc>(&db).await.expect("migrated");
        Self { db, path }
    }

    /// Decides the commands as one batch, a second after the beginning.
    async fn batch(&self, commands: Vec<Command>) {
        let input = |command| {
            let Call { id, trace, by, .. } = Call::internal("ann");
            Input { id, at: seconds(1), by, trace, condition: Default::default(), command }
        };
        let inputs: Vec<_> = commands.into_iter().map(input).collect();
        let mut tx = self.db.begin().await.expect("begun");
        let mut state = load(&mut tx, &inputs.iter().collect::<Vec<_>>()).await.expect("loaded");
        for input in &inputs {
            decide(&mut state, input).expect("nothing is refused");
        }
        save(&mut tx, state).expect("saved");
        tx.commit().await.expect("committed");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: a test that fails must say why, not that.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn news(name: &str, happened: Happened) -> Command {
    Command::Order { order: order_id(name), location: soho(), happened }
}

fn place(name: &str, dish: &str) -> Command {
    let order = order(name, vec![(dish.to_owned(), 1, Vec::new())], seconds(100));
    news(name, Happened::Placed(Box::new(order)))
}

fn entered(entered: Entered, ingredient: &str, quantity: i64) -> Command {
    Command::Move(movement(&format!("{entered:?}"), ingredient, entered, quantity))
}

/// Flour for three focaccias, one of them reserved and one consumed.
async fn bakery() -> Scratch {
    let scratch = Scratch::new().await;
    let put = |name| Command::PutStock(put_stock(name, None));
    scratch.batch(vec![put("flour"), put("salt")]).await;
    scratch.batch(vec![put_recipe("focaccia", [("flour", 300)].into_iter())]).await;
    scratch.batch(vec![entered(Entered::Receive, "flour", 1000), entered(Entered::Waste, "flour", 50)]).await;
    scratch.batch(vec![place("a", "focaccia"), place("b", "focaccia"), news("c", Happened::Cancelled)]).await;
    scratch.batch(vec![news("b", Happened::Started)]).await;
    scratch
}

#[tokio::test]
async fn stock_is_listed_by_name_a_page_at_a_time() {
    let scratch = bakery().await;
    let page = stock(&scratch.db, &soho(), None, 1).await.expect("read");
    assert_eq!((page[0].on_hand, page[0].reserved, page[0].available), (650, 300, 350));
    let next = stock(&scratch.db, &soho(), Some(page[0].ingredient.clone()), 1).await.expect("read");
    assert_eq!(next[0].ingredient, slug("salt"));
    assert!(stock(&scratch.db, &slug("camden"), None, 50).await.expect("read").is_empty());
}

#[tokio::test]
async fn the_ledger_is_read_newest_first() {
    let scratch = bakery().await;
    let page = ledger(&scratch.db, "soho/flour", None, 2).await.expect("read").expect("known");
    assert_eq!(page.iter().map(|entry| entry.movement.delta).collect::<Vec<_>>(), [-300, -50]);
    let next = ledger(&scratch.db, "soho/flour", Some(page[1].number), 2).await.expect("read").expect("known");
    assert_eq!(next.iter().map(|entry| entry.movement.delta).collect::<Vec<_>>(), [1000]);
}

#[tokio::test]
async fn an_empty_ledger_is_not_an_unknown_one() {
    let scratch = bakery().await;
    assert!(ledger(&scratch.db, "soho/salt", None, 2).await.expect("read").is_some_and(|page| page.is_empty()));
    assert!(ledger(&scratch.db, "soho/pepper", None, 2).await.expect("read").is_none());
}

#[tokio::test]
async fn reservations_are_kept() {
    let scratch = bakery().await;
    let mut statuses = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let found = reservation(&scratch.db, order_id(name)).await.expect("read");
        statuses.push(found.map_or_else(|| "none".into(), |found| format!("{:?} v{}", found.status, found.version)));
    }
    assert_eq!(statuses, ["Reserved v1", "Consumed v2", "Released v0", "none"]);
}

#[tokio::test]
async fn recipes_and_availability_are_listed() {
    let scratch = bakery().await;
    let found = recipes(&scratch.db, &soho(), None, 50).await.expect("read");
    assert_eq!(found, recipe(&scratch.db, &soho(), "focaccia").await.expect("read").into_iter().collect::<Vec<_>>());
    let shown = availability(&scratch.db, &soho(), None, 50).await.expect("read");
    assert!(shown.len() == 1 && shown[0].available);
}

#[tokio::test]
async fn manual_86s_fall_due_when_their_time_is_past() {
    let scratch = bakery().await;
    let out = |dish, until| SetAvailability { location: soho(), sku: sku(dish), available: false, until };
    let commands = [("cola", Some(seconds(60))), ("beer", Some(seconds(90))), ("wine", None)];
    scratch.batch(commands.map(|(dish, until)| Command::SetAvailability(out(dish, until))).into()).await;
    let lapsed = due(&scratch.db, seconds(60)).await.expect("read");
    assert!(matches!(&lapsed[..], [Command::Lapse { sku: lapsed, .. }] if *lapsed == sku("cola")), "{lapsed:?}");
}
