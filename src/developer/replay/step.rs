//! One entry of a journal as a person reads it: what was told, what came of it, and how the rows changed.

use anyhow::Result;
use serde_json::{Value, json};
use shared::engine::{
    journal::Entry,
    replay::{Change, Step},
    service::Service,
};

use super::Options;
use crate::developer::{fits, name, say};

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
    let what = match &input["event"] {
        Value::Null => format!("command {} by {}", name(&input["command"]), text(&input["by"])),
        event => format!("event {} {}", text(&event["type"]), text(&event["id"])),
    };
    let reason = input["reason"].as_str().map_or(String::new(), |reason| format!(" ({reason})"));
    format!("{what}: {}{reason}", text(&input["outcome"]))
}

/// What changed within the row, each as it was and as it is; of a new row, all of it.
fn difference(change: &Change) -> Result<String> {
    let after: Value = serde_json::from_str(&change.after)?;
    let Some(before) = &change.before else { return Ok(format!(" is new: {after}")) };
    let mut lines = String::new();
    differ("", &serde_json::from_str(before)?, &after, &mut lines);
    Ok(lines)
}

fn differ(path: &str, before: &Value, after: &Value, lines: &mut String) {
    match (before, after) {
        (Value::Object(was), Value::Object(is)) => {
            for name in was.keys().chain(is.keys().filter(|name| !was.contains_key(*name))) {
                differ(&format!("{path}/{name}"), &before[name], &after[name], lines);
            }
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            let pairs = was.iter().zip(is).enumerate();
            pairs.for_each(|(nth, (was, is))| differ(&format!("{path}/{nth}"), was, is, lines));
        }
        _ if before == after => {}
        _ => lines.push_str(&format!("\n          {path}: {before} -> {after}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differ;

    #[test]
    fn what_changed_is_told_member_by_member() {
        let mut lines = String::new();
        let before = json!({"state": "open", "items": [{"state": "queued"}, {"state": "done"}], "gone": 1});
        let after = json!({"state": "open", "items": [{"state": "done"}, {"state": "done"}], "new": [1]});
        differ("", &before, &after, &mut lines);
        let told = "/gone: 1 -> null\n/items/0/state: \"queued\" -> \"done\"\n/new: null -> [1]";
        assert_eq!(lines.replace("          ", "").trim(), told);
    }
}
