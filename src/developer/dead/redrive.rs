//! `comanda dead redrive`: letters are taken in after all, oldest first, no faster than is asked for.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, Result, bail};
use clap::Args;
use reqwest::StatusCode;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::{Filter, Letter, Place, find, places, refusal};
use crate::developer::{At, interrupted, paint, progress::Progress, say};

#[derive(Clone, Debug, Args)]
pub(super) struct Redrive {
    /// This one
    #[arg(required_unless_present_any = ["all", "kind", "because"], conflicts_with_all = ["all", "kind", "because"])]
    id: Option<Uuid>,

    #[command(flatten)]
    at: At,
    #[command(flatten)]
    filter: Filter,

    /// Every letter
    #[arg(long)]
    all: bool,

    /// At most so many a second
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rate: u32,

    /// Only say which it would be
    #[arg(long)]
    dry_run: bool,

    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl Redrive {
    /// Whether none was refused again.
    pub(super) async fn run(&self) -> Result<bool> {
        let letters = match self.id {
            Some(id) => vec![find(&self.at, self.filter.service.as_deref(), id).await?.1],
            None => self.filter.letters(&places(&self.at, self.filter.service.as_deref()).await?).await?,
        };
        if self.dry_run {
            letters.iter().rev().try_for_each(|letter| self.told(letter, "would_be_redriven", None))?;
            self.count(letters.len(), &HashMap::from([("would_be_redriven".to_owned(), letters.len())]))?;
            return Ok(true);
        }
        let mut by_service: HashMap<String, Place> = HashMap::new();
        for place in places(&self.at, self.filter.service.as_deref()).await? {
            // Never twice by itself: a letter may be what the service dies of.
            let api = place.api.with_patience(Duration::ZERO);
            by_service.insert(place.service.into(), Place { api, ..place });
        }
        let mut pace = interval(Duration::from_secs(1) / self.rate);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut counts: HashMap<String, usize> = HashMap::new();
        let progress = Progress::new("letters", i64::try_from(letters.len())?);
        let mut interrupted = std::pin::pin!(interrupted());
        // The oldest first, as they came.
        for letter in letters.iter().rev() {
            tokio::select! {
                _ = pace.tick() => {}
                signal = &mut interrupted => {
                    drop(progress);
                    self.count(letters.len(), &counts)?;
                    return Err(signal.into());
                }
            }
            let outcome = self.one(&by_service[&letter.service], letter).await;
            if outcome.is_err() {
                self.count(letters.len(), &counts)?;
            }
            *counts.entry(outcome?).or_default() += 1;
            progress.advance(1);
        }
        drop(progress);
        self.count(letters.len(), &counts)?;
        Ok(!counts.contains_key("refused"))
    }

    async fn one(&self, place: &Place, letter: &Letter) -> Result<String> {
        let unsure =
            || format!("{} while it had {}: it is either a letter still or taken in", place.service, letter.id);
        let answer = place.api.act(&format!("{}/redrive", place.path(letter.id))).await.with_context(unsure)?;
        let (outcome, reason) = match answer.status {
            StatusCode::OK => (answer.body["outcome"].as_str().unwrap_or_default(), answer.body["reason"].as_str()),
            StatusCode::NOT_FOUND => ("gone", answer.body["detail"].as_str()),
            _ => bail!("{}: {}", place.service, refusal(&answer)),
        };
        self.told(letter, outcome, reason)?;
        Ok(outcome.to_owned())
    }

    fn told(&self, letter: &Letter, outcome: &str, reason: Option<&str>) -> Result<()> {
        let (service, kind, id) = (&letter.service, letter.kind(), letter.id);
        if self.json {
            let told = json!({"service": service, "type": kind, "id": id, "outcome": outcome, "reason": reason});
            return say(&told.to_string());
        }
        let reason = reason.and_then(|reason| reason.lines().next()).unwrap_or_default();
        let word = format!("{:<10}", outcome.replace('_', " "));
        let word = match outcome {
            "refused" => paint::wrong(word),
            "taken_in" => paint::right(word),
            "repeated" | "late" | "gone" => paint::late(word),
            _ => word,
        };
        say(format!("{word}  {service:<13}  {kind:<24}  {}  {reason}", paint::id(id)).trim_end())
    }

    /// Programs count themselves.
    fn count(&self, all: usize, counts: &HashMap<String, usize>) -> Result<()> {
        if self.json {
            return Ok(());
        }
        let mut counts: Vec<_> = counts.iter().collect();
        counts.sort();
        let counts = counts.into_iter().map(|(outcome, count)| format!(", {count} {}", outcome.replace('_', " ")));
        let letters = if all == 1 { "letter" } else { "letters" };
        say(&format!("{all} {letters}{}", counts.collect::<String>()))
    }
}
