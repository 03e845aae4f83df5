//! A rule is changed in the code, and nothing else: a history that was decided by the old rule names the first decision in
//! which the two part, with what was told, what came of it then, and what comes of it now.

use std::collections::BTreeMap;

use anyhow::Result;
use kitchen_svc::KitchenSvc;
use serde_json::{Value, value::RawValue};
use shared::{
    contract::{event::Event, time::Time},
    db::{Db, Tx},
    engine::{
        journal::Entry,
        replay::{Said, Sandbox, Step},
        schema::Migration,
        service::{Decision, Input, Service},
    },
};

use crate::{
    developer::in_directory,
    harness::{scratch, text},
    sandbox::kept_history,
};

/// The kitchen, which tells nobody of a ticket that is void.
struct Silent;

type Of<T> = <T as Service>::Command;

impl Service for Silent {
    const NAME: &'static str = KitchenSvc::NAME;
    const FEED: &'static str = KitchenSvc::FEED;
    const MIGRATIONS: &'static [Migration] = KitchenSvc::MIGRATIONS;
    const TABLES: &'static [&'static str] = KitchenSvc::TABLES;
    const UNLOCKED: &'static [&'static str] = KitchenSvc::UNLOCKED;

    type Command = Of<KitchenSvc>;
    type Reply = <KitchenSvc as Service>::Reply;
    type Refusal = <KitchenSvc as Service>::Refusal;
    type State = <KitchenSvc as Service>::State;

    fn hear(event: &Event) -> Result<Self::Command> {
        KitchenSvc::hear(event)
    }

    async fn load(tx: &mut Tx, batch: &[&Input<Self::Command>]) -> Result<Self::State> {
        KitchenSvc::load(tx, batch).await
    }

    fn version(state: &Self::State, command: &Self::Command) -> Option<i64> {
        KitchenSvc::version(state, command)
    }

    fn decide(state: &mut Self::State, input: &Input<Self::Command>) -> Result<Decision<Self::Reply>, Self::Refusal> {
        let mut decision = KitchenSvc::decide(state, input)?;
        decision.events.retain(|said| said.kind != VOIDED);
        Ok(decision)
    }

    fn save(tx: &mut Tx, state: Self::State) -> Result<()> {
        KitchenSvc::save(tx, state)
    }
}

const VOIDED: &str = "ticket.voided";

/// What the kitchen was told and said in the history that the project keeps.
fn kept() -> (Vec<Entry>, BTreeMap<i64, Box<RawValue>>) {
    #[derive(serde::Deserialize)]
    struct Line {
        service: String,
        position: i64,
        at: Option<Time>,
        said: Option<i64>,
        told: Option<Box<RawValue>>,
        event: Option<Box<RawValue>>,
    }
    let (mut told, mut said) = (Vec::new(), BTreeMap::new());
    for line in std::fs::read_to_string(kept_history()).unwrap().lines() {
        let Line { service, position, at, said: until, told: doc, event } = serde_json::from_str(line).unwrap();
        if service != KitchenSvc::NAME {
            continue;
        }
        said.extend(event.map(|event| (position, event)));
        let doc = doc.map(|doc| doc.get().to_owned());
        told.extend(doc.map(|doc| Entry { position, at: at.unwrap(), said: until.unwrap(), doc }));
    }
    (told, said)
}

/// Until the first decision that differs.
async fn run<S: Service>(entries: &[Entry], said: &Said, name: &str) -> Vec<Step> {
    let scratch = scratch();
    let db = Db::open(&format!("sqlite:{}", in_directory(scratch.path(), name))).await.unwrap();
    let mut sandbox = Sandbox::new::<S>(db.clone()).await.unwrap();
    let steps = sandbox.run::<S>(entries, said).await.unwrap();
    db.close().await;
    steps
}

#[tokio::test]
async fn a_rule_that_was_changed_names_the_first_decision_that_it_changes() {
    let (entries, events) = kept();
    let kind = |event: &RawValue| text(&serde_json::from_str::<Value>(event.get()).unwrap()["type"]);
    let first = events.iter().find(|(_, event)| kind(event) == VOIDED).map(|(position, _)| *position).unwrap();
    let expected = entries.iter().find(|entry| entry.said >= first).unwrap();
    let said = || Said::from(1, events.values().map(|event| event.get().to_owned()).collect());

    let steps = run::<KitchenSvc>(&entries, &said(), "same.db").await;
    assert_eq!(steps.len(), entries.len());
    assert!(steps.iter().all(|step| step.difference.is_none()), "the rule as it was");

    let steps = run::<Silent>(&entries, &said(), "other.db").await;
    let difference = steps.last().unwrap().difference.clone().unwrap();
    assert_eq!((difference.position, steps.len()), (expected.position, expected.position as usize));
    let [then, now] = [&difference.then, &difference.now].map(|outcome| outcome.said.len());
    assert_eq!((then, now), (1, 0), "{difference:?}");
    assert!(difference.then.said[0].contains(VOIDED), "{difference:?}");
    assert!(difference.found.iter().any(|found| found.table == "tickets"), "by which state: {difference:?}");
}
