// Every ingredient of the location: on hand, reserved, available, and what may be entered.

import { el, setAttribute, setText } from "/assets/dom.js";
import { enter } from "/stock/entry.js";
import { editIngredient } from "/stock/settings.js";
import { address, cell, matches, search, table } from "/stock/page.js";
import { text } from "/stock/text.js";
import { quantity } from "/stock/units.js";
import { bar } from "/stock/chart.js";

const COLUMNS = [
  { text: text.stock.name },
  { text: text.stock.onHand, number: true },
  { text: text.stock.reserved, number: true },
  { text: text.stock.available, number: true },
  { text: text.stock.lowAt, number: true },
  { text: text.stock.enter, number: true },
];

export function stockView(main, room) {
  const filter = { words: "", low: false };
  const set = (name, value) => {
    filter[name] = value;
    update();
  };
  const all = el("button", { type: "button", onclick: () => set("low", false) });
  const low = el("button", { type: "button", onclick: () => set("low", true) });
  const add = el("button", { type: "button", onclick: () => editIngredient(room, null) }, text.stock.add);
  const tools = el("div", { class: "tools" }, search(text.stock.search, (words) => set("words", words)), el("div", { class: "choices" }, all, low), add);
  const body = el("tbody", { role: "rowgroup" });
  const nothing = el("p", { class: "quiet" });
  main.replaceChildren(tools, table(text.title, COLUMNS, body), nothing);
  let rows = new Map();

  const update = () => {
    const items = [...room.stock.values()].sort((one, other) => one.name.localeCompare(other.name));
    rows = keep(body, rows, items, room);
    let shown = 0;
    for (const item of items) {
      const { element, show } = rows.get(item.ingredient);
      show(item);
      element.hidden = !(matches(filter.words, item.name, item.ingredient) && (!filter.low || item.low || item.on_hand < 0));
      shown += element.hidden ? 0 : 1;
    }
    const lows = items.filter((item) => item.low || item.on_hand < 0).length;
    showFilter(all, `${text.stock.all} ${items.length}`, !filter.low);
    showFilter(low, `${text.stock.low} ${lows}`, filter.low);
    setText(nothing, items.length === 0 ? text.stock.empty : shown === 0 ? text.stock.nothing : "");
  };
  return { update };
}

function showFilter(button, label, pressed) {
  setText(button, label);
  setAttribute(button, "aria-pressed", String(pressed));
}

/** Builds the rows anew only when there are others than before: nothing moves under a finger. */
function keep(body, rows, items, room) {
  const shape = (all) => JSON.stringify(all.map(({ ingredient, name, unit }) => [ingredient, name, unit]));
  if (body.dataset.shape === shape(items)) return rows;
  body.dataset.shape = shape(items);
  const built = new Map(items.map((item) => [item.ingredient, row(room, item)]));
  body.replaceChildren(...[...built.values()].map((one) => one.element));
  return built;
}

function row(room, { ingredient, name, unit }) {
  const badge = el("span", { class: "badge warn" });
  const numbers = Object.fromEntries(["on_hand", "reserved", "available", "reorder_point"].map((part) => [part, el("span", {})]));
  const level = el("span", { class: "level" });
  const action = (kind) => el("button", { type: "button", "aria-label": text.kindsThis[kind](name), onclick: () => enter(room, ingredient, kind) }, text.kinds[kind]);
  const link = el("a", { href: address(room, "stock", ingredient) }, el("bdi", {}, name));
  const element = el(
    "tr",
    { role: "row", "data-ingredient": ingredient },
    el("th", { role: "rowheader", scope: "row" }, link, badge),
    cell(text.stock.onHand, { class: "number" }, numbers.on_hand),
    cell(text.stock.reserved, { class: "number quiet" }, numbers.reserved),
    cell(text.stock.available, { class: "number strong" }, numbers.available, level),
    cell(text.stock.lowAt, { class: "number quiet" }, numbers.reorder_point),
    cell(text.stock.enter, { class: "enter-cell" }, el("div", { class: "choices" }, ...["receive", "count", "waste"].map(action))),
  );
  const show = (item) => {
    for (const [part, span] of Object.entries(numbers)) {
      setText(span, item[part] === null ? text.stock.noMark : quantity(item[part], unit));
    }
    badge.hidden = !item.low && item.on_hand >= 0;
    badge.className = `badge ${item.on_hand < 0 ? "bad" : "warn"}`;
    setText(badge, item.on_hand < 0 ? `✕ ${text.stock.isNegative}` : `▼ ${text.stock.isLow}`);
    level.replaceChildren(bar(item));
  };
  return { element, show };
}
