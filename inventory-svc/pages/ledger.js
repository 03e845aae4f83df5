// The rows of a ledger. What was cooked for several orders in a row is one row.

import { el } from "/assets/dom.js";
import { moment } from "/assets/time.js";
import { cell } from "/stock/page.js";
import { text } from "/stock/text.js";
import { quantity, signed } from "/stock/units.js";

const SIGNS = { receive: "▲", count: "◆", waste: "▼", consume: "•" };

/** `entries` newest first. */
export function ledgerRows(entries, item, timezone) {
  return grouped(entries).map((group) => row(group, item, timezone));
}

function grouped(entries) {
  const groups = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    if (last && entry.kind === "consume" && last[0].kind === "consume") last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

function row(group, { unit }, timezone) {
  const [newest, oldest] = [group[0], group.at(-1)];
  const { kind } = newest;
  const times = group.length > 1 ? text.ingredient.range(moment(oldest.at, timezone), moment(newest.at, timezone)) : moment(newest.at, timezone);
  const delta = group.reduce((sum, entry) => sum + entry.delta, 0);
  return el(
    "tr",
    { role: "row", "data-kind": kind },
    cell(text.ingredient.when, {}, times),
    cell(text.ingredient.what, {}, el("span", { class: `sign ${kind}`, "aria-hidden": "true" }, SIGNS[kind]), ` ${text.kindsDone[kind]}`),
    cell(text.ingredient.change, { class: "number strong" }, signed(delta, unit)),
    cell(text.ingredient.after, { class: "number" }, quantity(newest.on_hand, unit)),
    cell(text.ingredient.why, { class: "quiet" }, why(group)),
  );
}

function why(group) {
  const [{ kind, reason, order_id }] = group;
  if (kind === "consume" && group.length > 1) return text.ingredient.cooked(group.length);
  return reason ?? (order_id ? text.ingredient.order(order_id) : "");
}
