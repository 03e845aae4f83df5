//! `comanda dead`: what the services could not take in. Looked at, redriven once the cause is gone, or discarded.

mod redrive;

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::contract::{clock::Clock, time::Time};
use uuid::Uuid;

use self::redrive::Redrive;
use super::{
    At, SERVICES, ended, fits, interruptible, note, paint, past::Past, refuse_unknown_type, say, zones::Zones,
};
use crate::api::{Answer, Api};

const EXAMPLES: &str = "Examples:
  comanda dead list --group                          what went wrong, and how often
  comanda dead show 0190b2f0-…                       one letter, with its bytes
  comanda dead redrive 0190b2f0-…                    take it in after all
  comanda dead redrive --type 'order.*' --dry-run    what would be redriven?
  comanda dead redrive --all --rate 10               everything, ten a second, oldest first
  comanda dead discard 0190b2f0-… --reason 'a test'  it is not needed any more";

/// What is called so could not be read.
const UNREADABLE: &str = "unreadable";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// All letters, newest first
    #[command(after_help = "Examples:
  comanda dead list --service kitchen-svc --type 'order.*'
  comanda dead list --group --json")]
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
    #[command(after_help = "Example:
  comanda dead show 0190b2f0-…")]
    Show {
        id: Uuid,
        #[command(flatten)]
        at: At,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Takes letters in as if the bus had delivered them now; one that is refused again stays
    #[command(after_help = "Examples:
  comanda dead redrive 0190b2f0-…
  comanda dead redrive --because 'disk full' --dry-run
  comanda dead redrive --all --rate 10")]
    Redrive(Redrive),
    /// Removes a letter for good, which the service logs with the reason
    #[command(after_help = "Example:
  comanda dead discard 0190b2f0-… --reason 'sent by a test'")]
    Discard {
        id: Uuid,
        /// Why it is not needed any more
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        at: At,
        /// As one JSON object
        #[arg(long)]
        json: bool,
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

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Letter {
    #[serde(default)]
    service: String,
    pub(crate) id: Uuid,
    pub(crate) at: Time,
    pub(crate) last_at: Time,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) reason: String,
    pub(crate) attempts: i64,
    pub(crate) body: String,
    body_base64: Option<String>,
}

impl Letter {
    /// What its bytes hold; `null` where nobody can read them.
    pub(super) fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Where its event happened, if its bytes say so.
    fn location(&self) -> Option<String> {
        self.event()["location"].as_str().map(str::to_owned)
    }

    fn clock<'a>(&self, zones: &'a Zones) -> &'a Clock {
        zones.clock(self.location().as_deref())
    }

    fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or(UNREADABLE)
    }
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
    ended(match options.action {
        Action::List { at, filter, group, json } => interruptible(list(&at, &filter, group, json)).await.map(|()| true),
        Action::Show { id, at, json } => interruptible(show(&at, id, json)).await.map(|()| true),
        Action::Redrive(redrive) => redrive.run().await,
        Action::Discard { id, reason, at, json } => interruptible(discard(&at, id, &reason, json)).await.map(|()| true),
    })
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
        self.kind.as_ref().is_none_or(|pattern| fits(pattern, letter.kind()))
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
        if letters.is_empty() {
            self.tell_nothing()?;
        }
        Ok(letters)
    }

    /// What was looked for; an error where there is no such type.
    fn tell_nothing(&self) -> Result<()> {
        let Self { service, kind, because } = self;
        // What nobody could read is of no type.
        if let Some(kind) = kind.as_ref().filter(|kind| !fits(kind, UNREADABLE)) {
            refuse_unknown_type(kind)?;
        }
        let filters = [("service", service), ("type", kind), ("because", because)];
        let named = filters.into_iter().filter_map(|(name, value)| Some(format!(" --{name} {}", value.as_ref()?)));
        let fits = named.collect::<String>();
        note(&format!("there is no dead letter{}", if fits.is_empty() { fits } else { format!(" that fits{fits}") }));
        Ok(())
    }
}

async fn list(at: &At, filter: &Filter, group: bool, json: bool) -> Result<()> {
    let letters = filter.letters(&places(at, filter.service.as_deref()).await?).await?;
    let zones = Zones::at(at).await?;
    if group {
        return groups(&letters, &zones, json);
    }
    letters.iter().try_for_each(|letter| match json {
        true => say(&serde_json::to_string(letter)?),
        false => say(&line(letter, &zones)),
    })
}

fn line(letter: &Letter, zones: &Zones) -> String {
    let (service, kind, attempts, id) = (&letter.service, letter.kind(), letter.attempts, letter.id);
    let last = letter.clock(zones).moment(letter.last_at);
    let reason = paint::wrong(letter.reason.lines().next().unwrap_or_default());
    let attempts = format!("{attempts:>3}x");
    let attempts = if letter.attempts > 1 { paint::late(attempts) } else { attempts };
    format!("{last:<25}  {service:<13}  {kind:<24}  {attempts}  {}  {reason}", paint::id(id))
}

/// Letters that were refused for the same reason.
#[derive(Clone, Debug)]
struct Group {
    count: usize,
    first: Time,
    last: Time,
    /// Where all of them happened, if that is one place.
    location: Option<String>,
}

fn groups(letters: &[Letter], zones: &Zones, json: bool) -> Result<()> {
    let mut groups: BTreeMap<(&str, &str, String), Group> = BTreeMap::new();
    for letter in letters {
        let location = letter.location();
        let fresh = Group { count: 0, first: letter.at, last: letter.last_at, location: location.clone() };
        let key = (&*letter.service, letter.kind(), without_names(&letter.reason));
        let group = groups.entry(key).or_insert(fresh);
        group.count += 1;
        (group.first, group.last) = (group.first.min(letter.at), group.last.max(letter.last_at));
        group.location = group.location.take().filter(|known| Some(known) == location.as_ref());
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));
    for ((service, kind, reason), Group { count, first, last, location }) in groups {
        let clock = zones.clock(location.as_deref());
        let (since, until) = (clock.moment(first), clock.moment(last));
        say(&match json {
            true => json!({"service": service, "type": kind, "reason": reason, "count": count, "first": first,
                "last": last})
            .to_string(),
            false => {
                format!("{count:>6}  {service:<13}  {kind:<24}  {since:<25} to {until:<25}  {}", paint::wrong(reason))
            }
        })?;
    }
    Ok(())
}

/// Of a service that runs: what it has set aside of an order since then, as far as the bytes say so.
pub(super) async fn of_order(past: &Past, since: Time, order: &str) -> Result<Vec<Letter>> {
    #[derive(Deserialize)]
    struct Page {
        items: Vec<Letter>,
        next: Option<String>,
    }
    let Past::Running { api, feed } = past else { return Ok(Vec::new()) };
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let Page { items, next } = api.get(&format!("/v1/dead/{feed}?limit=500{after}")).await?;
        let is_old = items.last().is_none_or(|last| last.at < since);
        found.extend(items.into_iter().filter(|letter| letter.event()["correlationid"] == order));
        match next {
            Some(next) if !is_old => after = format!("&after={next}"),
            _ => return Ok(found),
        }
    }
}

/// What is left of a reason without the ids and numbers that tell one case from another.
pub(crate) fn without_names(reason: &str) -> String {
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
    let zones = Zones::at(at).await?;
    let clock = letter.clock(&zones);
    let pretty = serde_json::from_str::<Value>(&letter.body).and_then(|body| serde_json::to_string_pretty(&body));
    say(&format!("id          {}", paint::id(id)))?;
    say(&format!("service     {}", letter.service))?;
    say(&format!("type        {}", letter.kind()))?;
    say(&format!("subject     {}", letter.subject.as_deref().unwrap_or("unknown")))?;
    say(&format!("first seen  {}", clock.exact(letter.at)))?;
    say(&format!("last seen   {}", clock.exact(letter.last_at)))?;
    say(&format!("attempts    {}", letter.attempts))?;
    say(&format!("reason      {}", paint::wrong(&letter.reason)))?;
    if let Some(base64) = &letter.body_base64 {
        say(&format!("base64      {base64}"))?;
    }
    say(&format!("\n{}", pretty.unwrap_or(letter.body)))
}

async fn discard(at: &At, id: Uuid, reason: &str, json: bool) -> Result<()> {
    let (place, letter) = find(at, None, id).await?;
    let path = format!("{}/discard", place.path(id));
    let answer = place.api.post(&path, &id.to_string(), &json!({ "reason": reason })).await?;
    if answer.status != StatusCode::OK {
        bail!("{}: {}", place.service, refusal(&answer));
    }
    match json {
        true => say(&json!({"discarded": letter, "reason": reason}).to_string()),
        false => say(&format!("discarded  {}", line(&letter, &Zones::at(at).await?))),
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
