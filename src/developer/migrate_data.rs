//! `comanda migrate-data`: a restaurant that has outgrown its databases takes them along, to others of whichever kind, and
//! back. The services are stopped meanwhile; history, keys and all that waits come along.

use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use inventory_svc::InventorySvc;
use kitchen_svc::KitchenSvc;
use order_svc::OrderSvc;
use serde_json::json;
use shared::{
    db::{Db, Opening},
    engine::{
        call::fresh_id,
        moving::{self, Copied, Move},
        service::Service,
    },
    process::config::database_variable,
};

use super::{
    SERVICES, ended, interruptible,
    progress::{self, Progress},
    say,
};

/// Stands in a URL for `order`, `inventory` and `kitchen`.
const ANY: &str = "{service}";
const EXAMPLES: &str = "Examples, with all services stopped:
  comanda migrate-data --from 'sqlite:data/{service}.db' --to 'postgres://comanda@db:5432/{service}'
  comanda migrate-data --from 'postgres://comanda@db:5432/{service}' --to 'sqlite:data/{service}.db'
  comanda migrate-data --from sqlite:data/kitchen.db --to postgres://comanda@db:5432/kitchen
  comanda migrate-data --give-up --from 'sqlite:data/{service}.db'";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The database to move: sqlite:PATH or postgres://…; with {service} in it, all three: order, inventory, kitchen
    #[arg(long, value_name = "URL")]
    from: String,

    /// Where to move it: an empty database, or a file that is not there yet
    #[arg(long, value_name = "URL", required_unless_present = "give_up")]
    to: Option<String>,

    /// Let the services start on --from again, where a move was given up or broken off
    #[arg(long, conflicts_with = "to")]
    give_up: bool,

    /// An object a service, for programs
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: Options) -> ExitCode {
    let done = match &options.to {
        Some(to) => move_all(&options, to).await,
        None => give_up(&options.from).await,
    };
    ended(done.map(|()| true))
}

async fn move_all(options: &Options, to: &str) -> Result<()> {
    let moves = looked_at(&options.from, to).await?;
    let copied = interruptible(copy_all(&moves)).await;
    let done = match copied {
        Ok(copied) => finish(options, &moves, &copied).await,
        Err(error) => abandon(options, &moves).await.and(Err(error)),
    };
    for one in &moves {
        one.close().await;
    }
    done
}

/// Both ends of all, opened. Nothing is changed before it is known of all that they can be moved.
async fn looked_at(from: &str, to: &str) -> Result<Vec<Move>> {
    ensure!(from.contains(ANY) == to.contains(ANY), "{ANY} stands in both URLs, or in none");
    let name = format!("comanda migrate-data {}", fresh_id());
    let source = Opening { name: name.clone(), must_exist: true };
    let target = Opening { name, must_exist: false };
    let mut moves = Vec::new();
    for (from, to) in pairs(from, to) {
        let from = Db::open_as(&from, &source).await.context("--from")?;
        let service = moving::service_of(&from).await.context("--from: the database holds no data of a service")?;
        let to = Db::open_as(&to, &target).await.context("--to")?;
        moves.push(match &*service {
            OrderSvc::NAME => Move::new::<OrderSvc>(from, to).await?,
            InventorySvc::NAME => Move::new::<InventorySvc>(from, to).await?,
            KitchenSvc::NAME => Move::new::<KitchenSvc>(from, to).await?,
            other => bail!("--from: the database belongs to {other}"),
        });
    }
    Ok(moves)
}

/// Each URL, or those of the three.
fn pairs(from: &str, to: &str) -> Vec<(String, String)> {
    if !from.contains(ANY) {
        return vec![(from.into(), to.into())];
    }
    let short = SERVICES.map(|(service, _)| service.trim_end_matches("-svc"));
    short.map(|short| (from.replace(ANY, short), to.replace(ANY, short))).into()
}

async fn copy_all(moves: &[Move]) -> Result<Vec<Vec<Copied>>> {
    let mut all = 0;
    for one in moves {
        one.begin().await.with_context(|| one.service)?;
        if progress::is_seen() {
            all += one.rows().await;
        }
    }
    let (progress, mut copied) = (Progress::new("rows", all), Vec::new());
    for one in moves {
        copied.push(one.copy(|rows| progress.advance(rows)).await.with_context(|| one.service)?);
    }
    Ok(copied)
}

async fn finish(options: &Options, moves: &[Move], copied: &[Vec<Copied>]) -> Result<()> {
    for one in moves {
        one.finish().await.with_context(|| one.service)?;
    }
    for (one, tables) in moves.iter().zip(copied) {
        let rows: i64 = tables.iter().map(|copied| copied.rows).sum();
        if options.json {
            let tables: Vec<_> = tables
                .iter()
                .map(|Copied { table, rows, sha256 }| json!({"table": table, "rows": rows, "sha256": sha256}))
                .collect();
            say(&json!({"service": one.service, "rows": rows, "tables": tables}).to_string())?;
        } else {
            say(&format!("{:<14} {rows:>9} rows of {} tables: the same in both", one.service, tables.len()))?;
        }
    }
    if options.json {
        return Ok(());
    }
    let variables: Vec<String> = moves.iter().map(|one| database_variable(one.service)).collect();
    say(&format!("start on them with {} as --to says; on --from nothing starts any more", variables.join(", ")))?;
    say(
        "BUS_URL may change, too: on another bus each relay publishes its log once more, and who has heard it recognises it",
    )
}

/// All stay where they are.
async fn abandon(options: &Options, moves: &[Move]) -> Result<()> {
    let mut is_gone = true;
    for one in moves {
        is_gone &= one.abandon().await.with_context(|| one.service)?;
    }
    if options.json {
        return Ok(());
    }
    let copied =
        if is_gone { "what was copied is gone from --to" } else { "not on what was copied, which stays in --to" };
    say(&format!("nothing was moved: services start on --from as before, and {copied}"))
}

async fn give_up(from: &str) -> Result<()> {
    let opening = Opening { must_exist: true, ..Opening::default() };
    for (from, _) in pairs(from, "") {
        let db = Db::open_as(&from, &opening).await.context("--from")?;
        let service = moving::service_of(&db).await.context("--from: the database holds no data of a service")?;
        let was_away = match &*service {
            OrderSvc::NAME => moving::give_up::<OrderSvc>(&db).await,
            InventorySvc::NAME => moving::give_up::<InventorySvc>(&db).await,
            _ => moving::give_up::<KitchenSvc>(&db).await,
        };
        match was_away.context("--from")? {
            true => say(&format!("{service} starts there again; make sure that it runs nowhere else"))?,
            false => say(&format!("{service} starts there as before"))?,
        }
        db.close().await;
    }
    Ok(())
}
