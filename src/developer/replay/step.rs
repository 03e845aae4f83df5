//! One entry of a journal as a person reads it: what was told, what came of it, and how the rows changed.

use anyhow::Result;
use serde_json::{Value, json};
use shared::engine::{
    journal::Entry,
    replay::{Change, Difference, Found, Outcome, Step},
    service::Service,
};

use super::run::Watch;
use crate::developer::{fits, name, paint, say, zones::Zones};

/// Whether an encoded event has such a type.
pub(super) fn is_of_type(event: &str, pattern: Option<&str>) -> bool {
    let kind = || Some(text(&serde_json::from_str::<Value>(event).ok()?["type"]).to_owned());
    pattern.is_some_and(|pattern| kind().is_some_and(|kind| fits(pattern, &kind)))
}

fn decoded(events: &[String]) -> Result<Vec<Value>> {
    Ok(events.iter().map(|event| serde_json::from_str(event)).collect::<Result<_, _>>()?)
}

pub(super) fn show<S: Service>(watch: &Watch<'_>, entry: &Entry, changes: &[Change], step: &Step) -> Result<()> {
    let Watch { options, zones } = watch;
    let concerns = |order: String| entry.doc.contains(&order) || step.said.iter().any(|event| event.contains(&order));
    if options.order_id().is_some_and(|order| !concerns(order.to_string())) {
        return Ok(());
    }
    let (told, said): (Value, _) = (serde_json::from_str(&entry.doc)?, decoded(&step.said)?);
    if options.json {
        let changes: Vec<Value> = changes.iter().map(as_json).collect::<Result<_>>()?;
        let line = json!({ "service": S::NAME, "position": entry.position, "at": entry.at, "told": told,
            "changes": changes, "said": said });
        return say(&line.to_string());
    }
    let inputs = told.as_array().map_or(&[][..], Vec::as_slice);
    let clock = zones.clock(location(inputs, &said));
    say(&format!("{} {} at {}", S::NAME, entry.position, clock.exact(entry.at)))?;
    for input in inputs {
        say(&format!("  told  {}", summary(input)))?;
    }
    for change in changes {
        say(&format!("  row   {} {}{}", change.table, change.key, row(change)?))?;
    }
    said.iter().try_for_each(|event| say(&format!("  said  {}", text(&event["type"]))))
}

/// So many of the rows by which something was decided are shown to people.
const FOUND_MAX: usize = 20;

/// Where history parts: what was told, what came of it then and what comes of it now, the rows that it changes and those by
/// which it is decided.
pub(super) fn explain(difference: &Difference, zones: &Zones) -> Result<String> {
    let Difference { position, told, then, now, found, changes } = difference;
    let mut lines = paint::wrong(format!("decided differently from entry {position} on"));
    let (input, before, after) = (serde_json::to_value(told)?, decoded(&then.said)?, decoded(&now.said)?);
    let clock = zones.clock(location(std::slice::from_ref(&input), before.iter().chain(&after)));
    lines.push_str(&format!("\n  told  {} at {}", what(&input), clock.exact(told.at)));
    for (name, verdict, said) in [("then", &then.verdict, &before), ("now ", &now.verdict, &after)] {
        let kinds: Vec<&str> = said.iter().map(|event| text(&event["type"])).collect();
        let said = if kinds.is_empty() { "said nothing".into() } else { format!("said {}", kinds.join(", ")) };
        lines.push_str(&format!("\n  {name}  {verdict}, {said}"));
    }
    for (then, now) in before.iter().zip(&after).filter(|(then, now)| then["type"] == now["type"]) {
        differ("", then, now, &mut lines);
    }
    for change in changes {
        lines.push_str(&format!("\n  row   {} {}{}", change.table, change.key, row(change)?));
    }
    let is_changed = |row: &&Found| changes.iter().any(|change| (change.table, &change.key) == (row.table, &row.key));
    let unchanged: Vec<&Found> = found.iter().filter(|row| !is_changed(row)).collect();
    for Found { table, key, doc } in unchanged.iter().take(FOUND_MAX) {
        lines.push_str(&format!("\n  by    {table} {key}: {doc}"));
    }
    if unchanged.len() > FOUND_MAX {
        lines.push_str(&format!("\n  and by {} rows more, which --json shows", unchanged.len() - FOUND_MAX));
    }
    Ok(lines)
}

pub(super) fn difference_as_json(difference: &Difference) -> Result<Value> {
    let Difference { position, told, then, now, found, changes } = difference;
    let outcome = |outcome: &Outcome| -> Result<Value> {
        let mut of = serde_json::to_value(&outcome.verdict)?;
        of["said"] = decoded(&outcome.said)?.into();
        Ok(of)
    };
    let changes: Vec<Value> = changes.iter().map(as_json).collect::<Result<_>>()?;
    let state = found.iter().map(|Found { table, key, doc }| {
        let doc: Value = serde_json::from_str(doc)?;
        Ok(json!({ "table": table, "key": key, "doc": doc }))
    });
    let state: Vec<Value> = state.collect::<Result<_>>()?;
    Ok(json!({
        "position": position, "input": told, "state": state, "then": outcome(then)?, "now": outcome(now)?, "changes": changes,
    }))
}

fn as_json(Change { table, key, before, after }: &Change) -> Result<Value> {
    let before: Option<Value> = before.as_deref().map(serde_json::from_str).transpose()?;
    let after: Value = serde_json::from_str(after)?;
    Ok(json!({ "table": table, "key": key, "before": before, "after": after }))
}

/// Where it was, if that is one place: that of the events that were told or said. Few commands name theirs.
fn location<'a>(inputs: &'a [Value], said: impl IntoIterator<Item = &'a Value>) -> Option<&'a str> {
    let events = inputs.iter().map(|input| &input["event"]).chain(said);
    let mut all = events.filter_map(|event| event["location"].as_str());
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// `event order.accepted 0190…: decided`, `command place by anonymous: refused (…)`.
fn summary(input: &Value) -> String {
    let reason = input["reason"].as_str().map_or(String::new(), |reason| format!(" ({reason})"));
    let outcome = match text(&input["outcome"]) {
        "decided" => "decided".into(),
        again @ ("repeated" | "late") => paint::late(again),
        other => paint::wrong(other),
    };
    format!("{}: {outcome}{reason}", what(input))
}

fn what(input: &Value) -> String {
    match &input["event"] {
        Value::Null => format!("command {} by {}", name(&input["command"]), text(&input["by"])),
        event => format!("event {} {}", text(&event["type"]), text(&event["id"])),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What changed within the row, each as it was and as it is; of a new row, all of it.
fn row(change: &Change) -> Result<String> {
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
