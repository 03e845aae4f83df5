//! `comanda trace`: one order over all services, as a timeline: what each was told, decided and said, and how long every
//! hop took.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use shared::{contract::time::Time, process::host};
use uuid::Uuid;

use super::{
    At, SERVICES, name,
    past::{self, Past},
    say,
};

const EXAMPLES: &str = "Examples:
  comanda trace 12                       the last order with that number
  comanda trace 0190b2f0-… --as mermaid  as a sequence diagram, for an issue or a README
  comanda trace 12 --from rush.ndjson    in a history that was saved";

/// A decision waits for a commit, and clocks differ: so much earlier than its order something may be dated.
const CLOCKS_APART: Duration = Duration::from_secs(300);

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The order: its id, or its number (the last order that has it)
    order: String,

    #[command(flatten)]
    at: At,

    /// Look in a file that `comanda events --save` wrote
    #[arg(long, value_name = "FILE", conflicts_with = "at")]
    from: Option<PathBuf>,

    /// As a timeline, as one JSON object a line, or as a Mermaid sequence diagram
    #[arg(long = "as", value_enum, default_value_t = Form::Text)]
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
    Mermaid,
}

/// One input of one service, and what came of it.
#[derive(Clone, Debug)]
struct Step {
    service: &'static str,
    at: Time,
    /// `order.placed` of an event, `place` of a command.
    what: String,
    /// Who said the event, or who asked.
    by: String,
    /// Between when the event happened and when it was decided on here.
    lag: Option<Duration>,
    outcome: String,
    reason: Option<String>,
    said: Vec<String>,
}

pub(crate) async fn run(options: Options) -> ExitCode {
    match trace(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => host::refuse("comanda", &error),
    }
}

async fn trace(options: &Options) -> Result<()> {
    let pasts = match &options.from {
        Some(file) => past::saved(file)?,
        None => past::running(&options.at).await?,
    };
    let order = find(&pasts, &options.order).await?;
    let since = since(order);
    let order = order.to_string();
    let mut said: Vec<Value> = Vec::new();
    for past in pasts.values() {
        let events = past.said_since(since).await?;
        said.extend(events.into_iter().filter(|event| event["correlationid"] == order.as_str()));
    }
    let mut steps = Vec::new();
    for (service, _) in SERVICES {
        let Some(past) = pasts.get(service) else { continue };
        for entry in past.told_since(since).await? {
            let inputs: Vec<Value> = match serde_json::from_str(&entry.doc) {
                Ok(Value::Array(inputs)) => inputs,
                _ => continue,
            };
            let concerned = inputs.iter().filter(|input| concerns(input, &order, &said));
            steps.extend(concerned.map(|input| step(service, input, &said)).collect::<Result<Vec<_>>>()?);
        }
    }
    steps.sort_by_key(|step| step.at);
    match options.form {
        Form::Text => as_text(&order, &said, &steps),
        Form::Json => steps.iter().try_for_each(|step| say(&as_json(step).to_string())),
        Form::Mermaid => as_mermaid(&steps),
    }
}

/// The order with that id or, the last one, with that number.
async fn find(pasts: &HashMap<&'static str, Past>, wanted: &str) -> Result<Uuid> {
    if let Ok(id) = wanted.parse() {
        return Ok(id);
    }
    let number: i64 = wanted.parse().ok().context("expected an order's id or number")?;
    let orders = pasts.get(SERVICES[0].0).context("the history holds no orders")?;
    let (mut position, mut found) = (orders.beginning().await?, None);
    loop {
        let events = orders.said(position).await?;
        let Some((last, _)) = events.last() else { break };
        position = *last;
        for (_, event) in events.iter().filter(|(_, event)| event.contains("order.placed")) {
            let event: Value = serde_json::from_str(event).context("an event")?;
            if event["data"]["number"] == number {
                found = event["subject"].as_str().map(str::to_owned);
            }
        }
    }
    found.with_context(|| format!("no order has the number {number}"))?.parse().context("an order's id")
}

/// An order's id says when it was made.
fn since(order: Uuid) -> Time {
    let made_ms = order.get_timestamp().map_or(0, |made| {
        let (seconds, nanos) = made.to_unix();
        seconds.saturating_mul(1000).saturating_add(u64::from(nanos / 1_000_000))
    });
    Time::from_micros(i64::try_from(made_ms).unwrap_or(0).saturating_mul(1000)) - CLOCKS_APART
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
        at,
        what,
        by: text(&input["by"]).trim_start_matches('/').to_owned(),
        lag,
        outcome: text(&input["outcome"]),
        reason: input["reason"].as_str().map(str::to_owned),
        said: because.map(|event| text(&event["type"])).collect(),
    })
}

fn is_by(event: &Value, service: &str) -> bool {
    event["source"].as_str().is_some_and(|source| source.trim_start_matches('/') == service)
}

fn as_text(order: &str, said: &[Value], steps: &[Step]) -> Result<()> {
    let Some(first) = steps.first() else { bail!("nobody was told of the order {order}, or it has been forgotten") };
    let number = said.iter().find_map(|event| event["data"]["number"].as_i64());
    let location = said.iter().find_map(|event| event["location"].as_str()).unwrap_or("an unknown location");
    say(&format!(
        "order {order}{} at {location}",
        number.map_or(String::new(), |number| format!(", number {number},"))
    ))?;
    for step in steps {
        let since_ms = step.at.since(first.at).as_secs_f64() * 1000.0;
        let lag =
            step.lag.map_or(String::new(), |lag| format!(", {:.1} ms after it happened", lag.as_secs_f64() * 1000.0));
        let reason = step.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
        let Step { service, what, by, outcome, .. } = step;
        say(&format!("{since_ms:>12.1} ms  {service:<14} {what} by {by}{lag}: {outcome}{reason}"))?;
        for event in &step.said {
            say(&format!("{:>15}  {service:<14}   said {event}", ""))?;
        }
    }
    Ok(())
}

fn as_json(step: &Step) -> Value {
    let lag_ms = step.lag.map(|lag| lag.as_secs_f64() * 1000.0);
    json!({ "service": step.service, "at": step.at, "what": step.what, "by": step.by, "lag_ms": lag_ms,
        "outcome": step.outcome, "reason": step.reason, "said": step.said })
}

fn as_mermaid(steps: &[Step]) -> Result<()> {
    say("sequenceDiagram")?;
    for (service, _) in SERVICES {
        say(&format!("    participant {service}"))?;
    }
    for Step { service, what, by, lag, outcome, .. } in steps {
        let outcome = if outcome == "decided" { String::new() } else { format!(" ({outcome})") };
        match lag {
            Some(lag) => say(&format!("    {by}->>{service}: {what}{outcome}, {:.1} ms", lag.as_secs_f64() * 1000.0))?,
            None => say(&format!("    Note over {service}: {what} by {by}{outcome}"))?,
        }
    }
    Ok(())
}
