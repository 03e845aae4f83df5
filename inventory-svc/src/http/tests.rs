//! Handlers on a real pump and a database of their own.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use serde_json::Value;
use shared::{
    bus::Bus,
    db::Db,
    engine::{
        call::{Call, fresh_id},
        live::Live,
        pump, schema,
    },
    web::sse::LastEventId,
};

use super::*;
use crate::{
    InventorySvc,
    domain::{
        Command, Entered, SetAvailability,
        tests::world::{movement, put_stock, sku, slug, soho},
    },
};

/// Runs the test against a service on a database of its own.
async fn serve(test: impl AsyncFnOnce(&Inventory)) {
    let path = std::env::temp_dir().join(format!("inventory-http-{}", fresh_id().simple()));
    let url = |name: &str| format!("sqlite:{}/{name}.db", path.display());
    let db = Db::open(&url("inventory")).await.unwrap();
    schema::prepare::<InventorySvc>(&db).await.unwrap();
    let bus = Bus::open(&url("bus")).await.unwrap();
    let (pump, engine, _deliveries, committed) =
        pump::new::<InventorySvc>(db.clone(), bus, Default::default(), Default::default());
    let live = Live::new(db.clone(), committed, Default::default());
    let app = App { db, pump, live: live.clone(), accept_within: Duration::from_secs(240) };
    tokio::select! {
        () = engine.run() => panic!("the pump ended"),
        ended = live.run() => panic!("the live view ended: {ended:?}"),
        () = test(&app) => {}
    }
    std::fs::remove_dir_all(path).unwrap();
}

async fn tell(app: &Inventory, command: Command) {
    app.pump.ask(Call::internal("ann"), command).await.unwrap();
}

/// The live view of Soho, each event as its id, its name and what it says.
async fn stream(app: &Inventory, last: Option<i64>) -> impl Stream<Item = (i64, String)> + Unpin {
    let path = InPath(InLocation { location: soho() });
    let response = live::events(State(app.clone()), path, LastEventId(last)).await.unwrap();
    response.into_body().into_data_stream().map(|chunk| {
        let text = String::from_utf8(chunk.unwrap().to_vec()).unwrap();
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        let data: Value = serde_json::from_str(&field("data:")).unwrap();
        let said = match &data["subject"] {
            Value::String(subject) => format!("{} {subject}", data["type"].as_str().unwrap()),
            _ => field("event:"),
        };
        (field("id:").parse().unwrap(), said)
    })
}

#[tokio::test]
async fn the_live_view_tells_what_has_changed_and_resumes() {
    serve(async |app| {
        tell(app, Command::PutStock(put_stock("flour", None))).await;
        let mut live = stream(app, None).await;
        let (first, begin) = live.next().await.unwrap();
        assert_eq!(begin, "position");
        tell(app, Command::Move(movement("a", "flour", Entered::Receive, 500))).await;
        let out = SetAvailability { location: slug("camden"), sku: sku("cola"), available: false, until: None };
        tell(app, Command::SetAvailability(out.clone())).await;
        tell(app, Command::SetAvailability(SetAvailability { location: soho(), ..out })).await;
        assert_eq!(live.next().await.unwrap().1, "stock.moved soho/flour");
        assert_eq!(live.next().await.unwrap().1, "availability.changed soho/cola");
        let mut resumed = stream(app, Some(first)).await;
        assert_eq!(resumed.next().await.unwrap(), (first, "position".into()));
        assert_eq!(resumed.next().await.unwrap().1, "stock.moved soho/flour");
    })
    .await;
}

#[tokio::test]
async fn the_locations_are_those_that_have_stock() {
    serve(async |app| {
        tell(app, Command::PutStock(put_stock("flour", None))).await;
        tell(app, Command::PutStock(put_stock("salt", None))).await;
        let camden = crate::domain::PutStock { location: slug("camden"), ..put_stock("flour", None) };
        tell(app, Command::PutStock(camden)).await;
        let page = list_locations(State(app.clone()), InQuery(Paging::default())).await.unwrap();
        let found: Vec<&str> = page.items.iter().map(|known| &*known.location).collect();
        assert_eq!((found, &page.next), (vec!["camden", "soho"], &None));
        let first = Paging { limit: Some("1".into()), after: None };
        let page = list_locations(State(app.clone()), InQuery(first)).await.unwrap();
        assert_eq!((page.items.len(), page.next.as_deref()), (1, Some("camden")));
    })
    .await;
}
