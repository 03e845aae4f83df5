//! One entry of a journal as a person reads it: what was told, what came of it, and how the rows changed.

use anyhow::Result;
use serde_json::{Value, json};
use shared::engine::{
    journal::Entry,
    replay::{Change, Step},
    service::Service,
};

use super::Options;
use crate::developer::{fits, say};

/// Whether an encoded event has such a type.
pub(super) fn is_of_type(event: &str, pattern: Option<&str>) -> bool {
    pattern.is_some_and(|pattern| kind(event).is_some_and(|kind| fits(pattern, &kind)))
}

fn kind(event: &str) -> Option<String> {
    let event: Value = serde_json::from_str(event).ok()?;
    Some(event["type"].as_str()?.to_owned())
}

pub(super) fn show<S: Service>(options: &Options, entry: &Entry, changes: &[Change], step: &Step) -> Result<()> {
    let concerns = |order: String| entry.doc.contains(&order) || step.said.iter().any(|event| event.contains(&order));
    if options.order.is_some_and(|order| !concerns(order.to_string())) {
        return Ok(());
    }
    let told: Value = serde_json::from_str(&entry.doc)?;
    if options.json {
        let said: Vec<Value> = step.said.iter().map(|event| serde_json::from_str(event)).collect::<Result<_, _>>()?;
        let changes: Vec<Value> = changes.iter().map(as_json).collect::<Result<_>>()?;
        let line = json!({ "service": S::NAME, "position": entry.position, "at": entry.at, "told": told,
            "changes": changes, "said": said });
        return say(&line.to_string());
    }
    say(&format!("{} {} at {}", S::NAME, entry.position, entry.at))?;
    for input in told.as_array().map_or(&[][..], Vec::as_slice) {
        say(&format!("  told  {}", summary(input)))?;
    }
    for change in changes {
        say(&format!("  row   {} {}{}", change.table, change.key, difference(change)?))?;
    }
    for event in &step.said {
        say(&format!("  said  {}", kind(event).unwrap_or_default()))?;
    }
    Ok(())
}

fn as_json(Change { table, key, before, after }: &Change) -> Result<Value> {
    let before: Option<Value> = before.as_deref().map(serde_json::from_str).transpose()?;
    let after: Value = serde_json::from_str(after)?;
    Ok(json!({ "table": table, "key": key, "before": before, "after": after }))
}

/// `event order.accepted 0190…: decided`, `command place by anonymous: refused (…)`.
fn summary(input: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let what = match (&input["event"], &input["command"]) {
        (Value::Null, Value::Object(command)) => {
            format!("command {} by {}", command.keys().next().map_or("", String::as_str), text(&input["by"]))
        }
        (Value::Null, command) => format!("command {} by {}", text(command), text(&input["by"])),
        (event, _) => format!("event {} {}", text(&event["type"]), text(&event["id"])),
    };
    let reason = input["reason"].as_str().map_or(String::new(), |reason| format!(" ({reason})"));
    format!("{what}: {}{reason}", text(&input["outcome"]))
}

/// The members that changed, each as it was and as it is; of a new row, that it is new.
fn difference(change: &Change) -> Result<String> {
    let after: Value = serde_json::from_str(&change.after)?;
    let Some(before) = &change.before else { return Ok(format!(" is new: {after}")) };
    let before: Value = serde_json::from_str(before)?;
    let empty = serde_json::Map::new();
    let (before, after) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
    let mut names: Vec<&String> =
        before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))).collect();
    names.retain(|name| before.get(*name) != after.get(*name));
    let part = |name: &String| {
        let [was, is] = [before, after].map(|side| side.get(name).unwrap_or(&Value::Null));
        format!("\n          {name}: {was} -> {is}")
    };
    Ok(names.into_iter().map(part).collect())
}
