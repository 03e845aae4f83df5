//! The way of a dead letter back into its service: through the pump, as if the bus had delivered it now. It leaves its
//! table in the transaction that takes it in; refused again, its row says so.

use std::{fmt, sync::Arc};

use anyhow::{Error, anyhow};
use futures_util::future::{BoxFuture, FutureExt};
use serde::Serialize;
use tokio::sync::oneshot;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    contract::event::{Event, decode},
    db::{Db, NO_ANSWER, advice},
    engine::{
        batch::Pending,
        dead::{self, Letter, Stored},
        journal::Verdict,
        pump::{Denial, Pump},
        service::Service,
    },
};

/// What came of a redrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Redriven {
    pub outcome: RedriveOutcome,
    /// Why nothing was changed; `null` where it was taken in.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedriveOutcome {
    /// The service decided by it; the letter is gone.
    TakenIn,
    /// It had been taken in before: nothing was changed, and the letter is gone.
    Repeated,
    /// It is older than what was taken in meanwhile: nothing was changed, and the letter is gone.
    Late,
    /// The letter stays, with the new reason.
    Refused,
}

/// The letter is not there, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLetter;

/// What whoever redrives hears.
pub type Heard = Result<Redriven, Denial<NoLetter>>;

impl Redriven {
    pub(super) fn refused(reason: String) -> Self {
        Self { outcome: RedriveOutcome::Refused, reason: Some(reason) }
    }

    /// `known` is the sequence that the subject had come to before.
    pub(super) fn of(verdict: &Verdict, event: &Event, known: i64) -> Self {
        let (outcome, reason) = match verdict {
            Verdict::Decided | Verdict::OtherVersion(_) => (RedriveOutcome::TakenIn, None),
            Verdict::Repeated => {
                (RedriveOutcome::Repeated, Some("it changed nothing: it was taken in meanwhile".to_owned()))
            }
            Verdict::Late => (RedriveOutcome::Late, Some(older(event, known))),
            Verdict::Refused(reason) | Verdict::Conflicting(reason) => (RedriveOutcome::Refused, Some(reason.clone())),
        };
        Self { outcome, reason }
    }
}

fn older(event: &Event, known: i64) -> String {
    let (key, sequence) = (event.subject_key(), event.sequence);
    format!("it changed nothing: of {key}, sequence {known} was taken in meanwhile, and this is the older {sequence}")
}

/// Which letter, and who waits for what comes of it.
#[derive(Debug)]
pub(super) struct Redrive {
    pub(super) letter: Uuid,
    pub(super) asker: oneshot::Sender<Heard>,
}

impl Redrive {
    pub(super) fn answer(self, heard: Heard) {
        // The asker may have gone; asking again is safe.
        let _ = self.asker.send(heard);
    }
}

/// Takes letters in again, whichever service they are of. Cheap to clone.
#[derive(Clone)]
pub struct Redriver(Arc<dyn Fn(Stored, String) -> BoxFuture<'static, Heard> + Send + Sync>);

impl fmt::Debug for Redriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redriver")
    }
}

impl Redriver {
    /// For the letters in this database.
    pub fn new<S: Service>(db: Db, pump: Pump<S>) -> Self {
        Self(Arc::new(move |letter, by| {
            let (db, pump) = (db.clone(), pump.clone());
            async move { redrive(&db, &pump, letter, by).await }.boxed()
        }))
    }

    /// Has the letter taken in and committed, as a principal wants it. [`Denial::Unavailable`] where the database does not
    /// take it within 5 s.
    pub async fn redrive(&self, letter: Stored, by: &str) -> Heard {
        (self.0)(letter, by.to_owned()).await
    }
}

async fn redrive<S: Service>(db: &Db, pump: &Pump<S>, letter: Stored, by: String) -> Heard {
    let (asker, answer) = oneshot::channel();
    match read::<S>(&letter) {
        Ok(pending) => {
            let redrive = Redrive { letter: letter.id, asker };
            pump.hand_in(pending.redriven(Some(by), Some(redrive)), answer).await
        }
        Err(error) => still_unreadable::<S>(db, letter, &error).await,
    }
}

fn read<S: Service>(letter: &Stored) -> Result<Pending<S>, Error> {
    if letter.is_cut() {
        return Err(anyhow!(letter.reason.clone()));
    }
    let mut events = decode(&letter.bytes);
    match (events.pop(), events.is_empty()) {
        (Some(Ok((event, raw))), true) => Pending::of_event(event, raw, false).map_err(|(_, error)| error),
        (Some(Err((_, error))), true) => Err(error),
        _ => Err(anyhow!("it is not one event")),
    }
}

/// No service is told anything: only the letter's row says that it was tried.
async fn still_unreadable<S: Service>(db: &Db, letter: Stored, error: &Error) -> Heard {
    let again = Letter::unreadable(letter.bytes, error).redriven(Some(letter.id));
    let kept = async {
        let mut tx = db.begin().await?;
        let is_there = dead::refuse_again(&mut tx, again.clone()).await?;
        tx.commit().await?;
        anyhow::Ok(is_there)
    };
    match kept.await {
        Ok(true) => {
            dead::report(S::NAME, vec![again]);
            Ok(Redriven::refused(format!("{error:#}")))
        }
        Ok(false) => Err(Denial::Refused(NoLetter)),
        Err(error) => Err(Denial::Unavailable(advice(&error).unwrap_or(NO_ANSWER))),
    }
}
