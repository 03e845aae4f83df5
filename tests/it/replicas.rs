//! Replicas of a service on one database: what one commits, the others hear of at once.

use order_svc::OrderSvc;
use shared::{db::Db, engine::wake, process::supervise::Tasks};
use tokio::{sync::watch, time::timeout};

use crate::{harness::PATIENCE, servers::Servers};

/// A replica's share in the conversation: what it commits, and what it hears that others did.
struct Replica {
    commits: watch::Sender<i64>,
    heard: watch::Receiver<i64>,
}

impl Replica {
    fn start(db: &Db, tasks: &Tasks) -> Self {
        let ((commits, own), (heard, others)) = (watch::channel(0), watch::channel(0));
        let db = db.clone();
        tasks.supervise("wake", "order-svc", move || wake::run::<OrderSvc>(db.clone(), own.clone(), heard.clone()));
        Self { commits, heard: others }
    }

    async fn hears(&mut self, position: i64) {
        let heard = timeout(PATIENCE, self.heard.wait_for(|heard| *heard == position)).await;
        heard.expect("what another commits is heard of").unwrap();
    }
}

#[tokio::test]
async fn what_one_commits_the_others_hear_of() {
    let Some(servers) = Servers::get() else { return };
    let url = servers.database().await.unwrap();
    let (db, tasks) = (Db::open(&url).await.unwrap(), Tasks::default());
    let (mut first, mut second) = (Replica::start(&db, &tasks), Replica::start(&db, &tasks));
    first.commits.send_replace(7);
    second.hears(7).await;
    second.commits.send_replace(9);
    first.hears(9).await;
    // A session that is lost is made again, and what was said meanwhile is made good.
    let ended = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_notify%'";
    let (count,) = db.fetch::<(i64,)>(ended, []).await.unwrap()[0];
    assert_eq!(count, 2);
    first.commits.send_replace(11);
    second.hears(11).await;
    tasks.finish().await;
    db.close().await;
    servers.drop_database(&url).await.unwrap();
}
