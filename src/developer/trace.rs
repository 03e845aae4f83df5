//! `comanda trace`: one order over all services, as a timeline: what each was told, decided and said, and how long every
//! hop took.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};
use shared::contract::time::Time;
use uuid::Uuid;

use super::{
    At, SERVICES,
    dead::{self, Letter},
    ended, interruptible, name,
    orders::{self, Name},
    paint,
    past::{self, Past},
    say,
    zones::Zones,
};

const EXAMPLES: &str = "Examples:
  comanda trace 12                       the last order with that number
  comanda trace 0190b2f0-… --as mermaid  as a sequence diagram, for an issue or a README
  comanda trace 12 --from rush.ndjson    in a history that was saved";

/// What takes longer from one service to the next stands out.
const SLOW: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The order: its id, or its number (the last order that has it)
    order: orders::Name,

    #[command(flatten)]
    at: At,

    /// Look in a file that `comanda events --save` wrote
    #[arg(long, value_name = "FILE", conflicts_with = "at")]
    from: Option<PathBuf>,

    /// As a timeline, as one JSON object a line, or as a Mermaid sequence diagram
    #[arg(long = "as", value_enum, default_value_t = Form::Text)]
    form: Form,

    /// One JSON object a line; the same as `--as json`
    #[arg(long, conflicts_with = "form")]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
    Mermaid,
}

/// One order over all services.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) order: Uuid,
    /// The number that people call it by.
    pub(crate) number: Option<i64>,
    pub(crate) location: Option<String>,
    /// In the order of time.
    pub(crate) steps: Vec<Step>,
}

/// One input of one service, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    service: &'static str,
    /// Of the event or the command.
    id: String,
    at: Time,
    /// `order.placed` of an event, `place` of a command.
    what: String,
    /// Who said the event, or who asked.
    by: String,
    /// Between when the event happened and when it was decided on here.
    lag: Option<Duration>,
    outcome: String,
    reason: Option<String>,
    said: Vec<Said>,
    is_event: bool,
}

/// What a reader has to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    /// It came once more, by whatever way, and changed nothing.
    Repeated,
    /// What was taken in before said more.
    Late,
    /// It was set aside.
    DeadLetter,
}

/// An event that was said of a step.
#[derive(Clone, Debug, Serialize)]
struct Said {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

pub(crate) async fn run(options: Options) -> ExitCode {
    ended(interruptible(trace(&options)).await.map(|()| true))
}

async fn trace(options: &Options) -> Result<()> {
    let pasts = match &options.from {
        Some(file) => past::saved(std::slice::from_ref(file)).await?,
        None => past::running(&options.at).await?,
    };
    past::tell_missing("the history", &pasts, None)?;
    let order = match options.order {
        Name::Id(id) => id,
        number => orders::named(&pasts, number).await?,
    };
    let trace = of(&pasts, order).await?;
    ensure!(!trace.steps.is_empty(), "nobody was told of an order {order}, or it has been forgotten");
    match if options.json { Form::Json } else { options.form } {
        Form::Text => as_text(&trace, &Zones::of(&pasts).await?),
        Form::Json => trace.steps.iter().try_for_each(|step| say(&as_json(step).to_string())),
        Form::Mermaid => as_mermaid(&trace.steps),
    }
}

/// The order, as far as these remember it.
pub(crate) async fn of(pasts: &HashMap<&'static str, Past>, order: Uuid) -> Result<Trace> {
    let since = orders::since(order);
    let id = order.to_string();
    let mut said: Vec<Value> = Vec::new();
    for past in pasts.values() {
        let events = past.said_since(since, &id).await?;
        said.extend(events.into_iter().filter(|event| event["correlationid"] == id.as_str()));
    }
    let names: HashSet<&str> = said.iter().flat_map(names).chain([&*id]).collect();
    let mut steps = Vec::new();
    for (service, _) in SERVICES {
        let Some(past) = pasts.get(service) else { continue };
        let entries = past.told_since(since).await?;
        for entry in entries.iter().filter(|entry| names.iter().any(|name| entry.doc.contains(name))) {
            let inputs: Vec<Value> = match serde_json::from_str(&entry.doc) {
                Ok(Value::Array(inputs)) => inputs,
                _ => continue,
            };
            let concerned = inputs.iter().filter(|input| concerns(input, &id, &said));
            steps.extend(concerned.map(|input| step(service, input, &said)).collect::<Result<Vec<_>>>()?);
        }
    }
    for (service, past) in pasts {
        for letter in dead::of_order(past, since, &id).await? {
            if !steps.iter().any(|step: &Step| step.service == *service && step.is_set_aside(letter.id)) {
                steps.push(of_letter(service, &letter));
            }
        }
    }
    steps.sort_by_key(|step| step.at);
    let number = said.iter().find_map(|event| event["data"]["number"].as_i64());
    let location = said.iter().find_map(|event| event["location"].as_str()).map(str::to_owned);
    Ok(Trace { order, number, location, steps })
}

/// By which an input may name what the event is about, or be what caused it.
fn names(event: &Value) -> impl Iterator<Item = &str> {
    let ticket = is_of_ticket(event).then(|| event["subject"].as_str());
    ticket.flatten().into_iter().chain(event["causationid"].as_str())
}

/// Whether an input is about the order: it names it, or something about it was said because of it.
fn concerns(input: &Value, order: &str, said: &[Value]) -> bool {
    if !input["event"].is_null() {
        return input["event"]["correlationid"] == order;
    }
    let tickets: HashSet<&str> =
        said.iter().filter(|it| is_of_ticket(it)).filter_map(|it| it["subject"].as_str()).collect();
    let command = input["command"].to_string();
    said.iter().any(|event| event["causationid"] == input["id"])
        || command.contains(order)
        || tickets.into_iter().any(|ticket| command.contains(ticket))
}

fn is_of_ticket(event: &Value) -> bool {
    event["type"].as_str().is_some_and(|kind| kind.starts_with("ticket."))
}

fn step(service: &'static str, input: &Value, said: &[Value]) -> Result<Step> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let at: Time = text(&input["at"]).parse().map_err(anyhow::Error::msg)?;
    let event = &input["event"];
    let what = if event.is_null() { name(&input["command"]) } else { text(&event["type"]) };
    let lag = event["time"].as_str().and_then(|time| time.parse().ok()).map(|time| at.since(time));
    let because = said.iter().filter(|event| event["causationid"] == input["id"] && is_by(event, service));
    Ok(Step {
        service,
        id: text(&input["id"]),
        at,
        what,
        by: text(&input["by"]).trim_start_matches('/').to_owned(),
        lag,
        outcome: text(&input["outcome"]),
        reason: input["reason"].as_str().map(str::to_owned),
        said: because.map(|event| Said { id: text(&event["id"]), kind: text(&event["type"]) }).collect(),
        is_event: !event.is_null(),
    })
}

/// What could not be stored, or what nobody survived, is in no journal: the letter alone tells of it.
fn of_letter(service: &'static str, letter: &Letter) -> Step {
    let event = letter.event();
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let lag = text("time").parse().ok().map(|time| letter.at.since(time));
    Step {
        service,
        id: letter.id.to_string(),
        at: letter.at,
        what: text("type").to_owned(),
        by: text("source").trim_start_matches('/').to_owned(),
        lag,
        outcome: "refused".into(),
        reason: Some(letter.reason.lines().next().unwrap_or_default().to_owned()),
        said: Vec::new(),
        is_event: true,
    }
}

impl Step {
    /// What is out of the ordinary about it.
    fn mark(&self) -> Option<Mark> {
        match &*self.outcome {
            "repeated" => Some(Mark::Repeated),
            "late" => Some(Mark::Late),
            "refused" | "conflicting" if self.is_event => Some(Mark::DeadLetter),
            _ => None,
        }
    }

    fn is_set_aside(&self, event: Uuid) -> bool {
        self.mark() == Some(Mark::DeadLetter) && self.id == event.to_string()
    }
}

fn is_by(event: &Value, service: &str) -> bool {
    event["source"].as_str().is_some_and(|source| source.trim_start_matches('/') == service)
}

fn as_text(Trace { order, number, location, steps }: &Trace, zones: &Zones) -> Result<()> {
    let Some(first) = steps.first() else { return Ok(()) };
    let clock = zones.clock(location.as_deref());
    let location = location.as_deref().unwrap_or("an unknown location");
    let number = number.map_or(String::new(), |number| format!(", number {number},"));
    say(&format!("order {}{number} at {location}", paint::id(order)))?;
    say(&format!("since {}, by the clocks of {}", clock.moment(first.at), clock.zone()))?;
    for step in steps {
        let since_ms = step.at.since(first.at).as_secs_f64() * 1000.0;
        let Step { service, what, by, .. } = step;
        let (at, lag, outcome) = (clock.time_of_day(step.at), after(step), outcome(step));
        say(&format!("{at} {since_ms:>11.1} ms  {service:<14} {what} by {by}{lag}: {outcome}"))?;
        for event in &step.said {
            say(&format!("{:>27}  {service:<14}   said {}", "", event.kind))?;
        }
    }
    Ok(())
}

/// How long after it happened it was decided on here.
fn after(step: &Step) -> String {
    let Some(lag) = step.lag else { return String::new() };
    let words = format!("{:.1} ms after it happened", lag.as_secs_f64() * 1000.0);
    format!(", {}", if lag > SLOW { paint::late(words) } else { words })
}

fn outcome(step: &Step) -> String {
    let reason = step.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    match step.mark() {
        Some(Mark::DeadLetter) => paint::wrong(format!("{}, a dead letter{reason}", step.outcome)),
        Some(Mark::Repeated | Mark::Late) => paint::late(&step.outcome),
        None if step.outcome == "decided" => format!("decided{reason}"),
        None => paint::wrong(format!("{}{reason}", step.outcome)),
    }
}

pub(crate) fn as_json(step: &Step) -> Value {
    let lag_ms = step.lag.map(|lag| lag.as_secs_f64() * 1000.0);
    json!({ "service": step.service, "id": step.id, "at": step.at, "what": step.what, "by": step.by, "lag_ms": lag_ms,
        "outcome": step.outcome, "reason": step.reason, "mark": step.mark(), "said": step.said })
}

fn as_mermaid(steps: &[Step]) -> Result<()> {
    say("sequenceDiagram")?;
    for (service, _) in SERVICES {
        say(&format!("    participant {service}"))?;
    }
    for step in steps {
        let Step { service, what, by, lag, outcome, .. } = step;
        let (arrow, outcome) = match step.mark() {
            Some(Mark::DeadLetter) => ("-x", format!(" ({outcome}, a dead letter)")),
            Some(Mark::Repeated | Mark::Late) => ("-->>", format!(" ({outcome})")),
            None if outcome == "decided" => ("->>", String::new()),
            None => ("->>", format!(" ({outcome})")),
        };
        match lag {
            Some(lag) => {
                say(&format!("    {by}{arrow}{service}: {what}{outcome}, {:.1} ms", lag.as_secs_f64() * 1000.0))?
            }
            None => say(&format!("    Note over {service}: {what} by {by}{outcome}"))?,
        }
    }
    Ok(())
}
