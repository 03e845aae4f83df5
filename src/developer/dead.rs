//! `comanda dead`: what the services could not take in. Looked at, redriven once the cause is gone, or discarded.

use std::{
    collections::{BTreeMap, HashMap},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{contract::time::Time, process::host};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::{At, SERVICES, fits, say};
use crate::api::{Answer, Api};

const EXAMPLES: &str = "Examples:
  comanda dead list --group                          what went wrong, and how often
  comanda dead show 0190b2f0-…                       one letter, with its bytes
  comanda dead redrive 0190b2f0-…                    take it in after all
  comanda dead redrive --type 'order.*' --dry-run    what would be redriven?
  comanda dead redrive --all --rate 10               everything, ten a second, oldest first
  comanda dead discard 0190b2f0-… --reason 'a test'  it is not needed any more";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// All letters, newest first
    List {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        filter: Filter,
        /// How many there are of each type and reason
        #[arg(long)]
        group: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// One letter: its bytes, why it was refused, how often, first and last
    Show {
        id: Uuid,
        #[command(flatten)]
        at: At,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Takes letters in as if the bus had delivered them now; one that is refused again stays
    Redrive(Redrive),
    /// Removes a letter for good, which the service logs with the reason
    Discard {
        id: Uuid,
        /// Why it is not needed any more
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        at: At,
    },
}

/// Which letters.
#[derive(Clone, Debug, Args)]
struct Filter {
    /// Only of this service
    #[arg(long, value_parser = ["order-svc", "inventory-svc", "kitchen-svc"])]
    service: Option<String>,

    /// Only such types: order.placed, ticket.*
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    /// Only where the reason contains this
    #[arg(long, value_name = "TEXT")]
    because: Option<String>,
}

#[derive(Clone, Debug, Args)]
struct Redrive {
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

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Letter {
    #[serde(default)]
    service: String,
    id: Uuid,
    at: Time,
    last_at: Time,
    #[serde(rename = "type")]
    kind: Option<String>,
    subject: Option<String>,
    reason: String,
    attempts: i64,
    body: String,
    body_base64: Option<String>,
}

/// Where a letter is: the service that has it.
struct Place {
    service: &'static str,
    feed: &'static str,
    api: Api,
}

impl Place {
    fn path(&self, id: Uuid) -> String {
        format!("/v1/dead/{}/{id}", self.feed)
    }
}

pub(crate) async fn run(options: Options) -> ExitCode {
    let done = match options.action {
        Action::List { at, filter, group, json } => list(&at, &filter, group, json).await.map(|()| true),
        Action::Show { id, at, json } => show(&at, id, json).await.map(|()| true),
        Action::Redrive(redrive) => redrive.run().await,
        Action::Discard { id, reason, at } => discard(&at, id, &reason).await.map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => host::refuse("comanda", &error),
    }
}

/// The services, or the one that is asked for.
async fn places(at: &At, only: Option<&str>) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for (service, feed) in SERVICES.into_iter().filter(|(service, _)| only.is_none_or(|only| only == *service)) {
        places.push(Place { service, feed, api: at.find(service, feed).await? });
    }
    Ok(places)
}

impl Filter {
    fn admits(&self, letter: &Letter) -> bool {
        let kind = letter.kind.as_deref().unwrap_or("unreadable");
        self.kind.as_ref().is_none_or(|pattern| fits(pattern, kind))
            && self.because.as_ref().is_none_or(|text| letter.reason.contains(text))
    }

    /// Newest first.
    async fn letters(&self, places: &[Place]) -> Result<Vec<Letter>> {
        let mut letters = Vec::new();
        for place in places {
            let found: Vec<Letter> = place.api.list(&format!("/v1/dead/{}?limit=500", place.feed)).await?;
            let found = found.into_iter().map(|letter| Letter { service: place.service.into(), ..letter });
            letters.extend(found.filter(|letter| self.admits(letter)));
        }
        letters.sort_by_key(|letter| std::cmp::Reverse((letter.at, letter.id)));
        Ok(letters)
    }
}

async fn list(at: &At, filter: &Filter, group: bool, json: bool) -> Result<()> {
    let letters = filter.letters(&places(at, filter.service.as_deref()).await?).await?;
    if group {
        return groups(&letters, json);
    }
    letters.iter().try_for_each(|letter| match json {
        true => say(&serde_json::to_string(letter)?),
        false => say(&line(letter)),
    })
}

/// `2026-11-25 19:30:00Z`
fn moment(time: Time) -> String {
    format!("{}Z", time.to_string().replace('T', " ").chars().take(19).collect::<String>())
}

fn line(letter: &Letter) -> String {
    let kind = letter.kind.as_deref().unwrap_or("unreadable");
    let (last, service, attempts, id) = (moment(letter.last_at), &letter.service, letter.attempts, letter.id);
    let reason = letter.reason.lines().next().unwrap_or_default();
    format!("{last}  {service:<13}  {kind:<24}  {attempts:>3}x  {id}  {reason}")
}

/// Letters that were refused for the same reason.
#[derive(Clone, Copy, Debug)]
struct Group {
    count: usize,
    first: Time,
    last: Time,
}

fn groups(letters: &[Letter], json: bool) -> Result<()> {
    let mut groups: BTreeMap<(&str, &str, String), Group> = BTreeMap::new();
    for letter in letters {
        let kind = letter.kind.as_deref().unwrap_or("unreadable");
        let fresh = Group { count: 0, first: letter.at, last: letter.last_at };
        let group = groups.entry((&letter.service, kind, without_names(&letter.reason))).or_insert(fresh);
        let Group { count, first, last } = *group;
        *group = Group { count: count + 1, first: first.min(letter.at), last: last.max(letter.last_at) };
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));
    groups.iter().try_for_each(|((service, kind, reason), Group { count, first, last })| match json {
        true => say(
            &json!({"service": service, "type": kind, "reason": reason, "count": count, "first": first, "last": last})
                .to_string(),
        ),
        false => {
            say(&format!("{count:>6}  {service:<13}  {kind:<24}  {} to {}  {reason}", moment(*first), moment(*last)))
        }
    })
}

/// What is left of a reason without the ids and numbers that tell one case from another.
fn without_names(reason: &str) -> String {
    let first = reason.lines().next().unwrap_or_default();
    let word =
        |word: &str| if word.contains(|c: char| c.is_ascii_digit()) { "…".to_owned() } else { word.to_owned() };
    first.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The letter, and the service that has it.
async fn find(at: &At, only: Option<&str>, id: Uuid) -> Result<(Place, Letter)> {
    for place in places(at, only).await? {
        let answer = place.api.look(&place.path(id)).await?;
        match answer.status {
            StatusCode::OK => {
                let letter: Letter = serde_json::from_value(answer.body).context("a dead letter")?;
                let letter = Letter { service: place.service.into(), ..letter };
                return Ok((place, letter));
            }
            StatusCode::NOT_FOUND => {}
            _ => bail!("{}: {}", place.service, refusal(&answer)),
        }
    }
    bail!("there is no dead letter {id}, or not any more: taken in after all, discarded, or forgotten")
}

fn refusal(Answer { status, body }: &Answer) -> String {
    format!("{status}: {}", body["detail"].as_str().unwrap_or("no reason was given"))
}

async fn show(at: &At, id: Uuid, json: bool) -> Result<()> {
    let (_, letter) = find(at, None, id).await?;
    if json {
        return say(&serde_json::to_string(&letter)?);
    }
    let pretty = serde_json::from_str::<Value>(&letter.body).and_then(|body| serde_json::to_string_pretty(&body));
    say(&format!("id          {id}"))?;
    say(&format!("service     {}", letter.service))?;
    say(&format!("type        {}", letter.kind.as_deref().unwrap_or("unreadable")))?;
    say(&format!("subject     {}", letter.subject.as_deref().unwrap_or("unknown")))?;
    say(&format!("first seen  {}", letter.at))?;
    say(&format!("last seen   {}", letter.last_at))?;
    say(&format!("attempts    {}", letter.attempts))?;
    say(&format!("reason      {}", letter.reason))?;
    if let Some(base64) = &letter.body_base64 {
        say(&format!("base64      {base64}"))?;
    }
    say(&format!("\n{}", pretty.unwrap_or(letter.body)))
}

async fn discard(at: &At, id: Uuid, reason: &str) -> Result<()> {
    let (place, letter) = find(at, None, id).await?;
    let path = format!("{}/discard", place.path(id));
    let answer = place.api.post(&path, &id.to_string(), &json!({ "reason": reason })).await?;
    if answer.status != StatusCode::OK {
        bail!("{}: {}", place.service, refusal(&answer));
    }
    say(&format!("discarded  {}", line(&letter)))
}

impl Redrive {
    /// Whether none was refused again.
    async fn run(&self) -> Result<bool> {
        let letters = match self.id {
            Some(id) => vec![find(&self.at, self.filter.service.as_deref(), id).await?.1],
            None => self.filter.letters(&places(&self.at, self.filter.service.as_deref()).await?).await?,
        };
        if self.dry_run {
            letters.iter().rev().try_for_each(|letter| self.told(letter, "would be redriven", None))?;
            self.count(letters.len(), &HashMap::from([("would be redriven".to_owned(), letters.len())]))?;
            return Ok(true);
        }
        let mut places: HashMap<String, Place> = HashMap::new();
        for place in self::places(&self.at, self.filter.service.as_deref()).await? {
            // Never twice by itself: a letter may be what the service dies of.
            let api = Api::new(&place.api.base, Duration::ZERO)?;
            places.insert(place.service.into(), Place { api, ..place });
        }
        let mut pace = interval(Duration::from_secs(1) / self.rate);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut counts: HashMap<String, usize> = HashMap::new();
        // The oldest first, as they came.
        for letter in letters.iter().rev() {
            tokio::select! {
                _ = pace.tick() => {}
                _ = tokio::signal::ctrl_c() => break,
            }
            let outcome = self.one(&places[&letter.service], letter).await;
            if outcome.is_err() {
                self.count(letters.len(), &counts)?;
            }
            *counts.entry(outcome?).or_default() += 1;
        }
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
        let (service, kind, id) = (&letter.service, letter.kind.as_deref().unwrap_or("unreadable"), letter.id);
        if self.json {
            let told = json!({"service": service, "type": kind, "id": id, "outcome": outcome, "reason": reason});
            return say(&told.to_string());
        }
        let reason = reason.and_then(|reason| reason.lines().next()).unwrap_or_default();
        say(format!("{:<10}  {service:<13}  {kind:<24}  {id}  {reason}", outcome.replace('_', " ")).trim_end())
    }

    /// Programs count themselves.
    fn count(&self, all: usize, counts: &HashMap<String, usize>) -> Result<()> {
        if self.json {
            return Ok(());
        }
        let mut counts: Vec<_> = counts.iter().collect();
        counts.sort();
        let counts = counts.into_iter().map(|(outcome, count)| format!(", {count} {}", outcome.replace('_', " ")));
        say(&format!("{all} letters{}", counts.collect::<String>()))
    }
}

#[cfg(test)]
mod tests {
    use super::without_names;

    #[test]
    fn the_same_reason_is_one_group() {
        let reasons = ["as sequence 3 of order:0190b2f0 another\nmore", "as sequence 12 of order:77 another"];
        assert_eq!(reasons.map(without_names), ["as sequence … of … another"; 2]);
    }
}
