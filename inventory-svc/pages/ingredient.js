// One ingredient: its quantities, a chart, its ledger, and the recipes that use it.

import { request } from "/assets/api.js";
import { el, setText } from "/assets/dom.js";
import { number } from "/assets/numbers.js";
import { swap } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { chart } from "/stock/chart.js";
import { enter } from "/stock/entry.js";
import { ledgerRows } from "/stock/ledger.js";
import { address, table } from "/stock/page.js";
import { editIngredient } from "/stock/settings.js";
import { text } from "/stock/text.js";
import { quantity } from "/stock/units.js";

const PAGE = 200;
const COLUMNS = [
  { text: text.ingredient.when },
  { text: text.ingredient.what },
  { text: text.ingredient.change, number: true },
  { text: text.ingredient.after, number: true },
  { text: text.ingredient.why },
];

export function ingredientView(main, room, ingredient) {
  const parts = build(room, ingredient);
  const ledger = new Ledger(room, ingredient, () => update());
  parts.older.addEventListener("click", () => ledger.older());
  let known = null;

  const update = () => {
    const item = room.stock.get(ingredient);
    if (!room.loaded) return;
    if (!item) return main.replaceChildren(el("p", { class: "quiet" }, text.ingredient.unknown));
    if (!parts.element.isConnected) main.replaceChildren(parts.element);
    setText(parts.heading, item.name);
    swap(parts.figures, ...figures(item));
    swap(parts.uses, ...uses(room, item));
    // The ledger is read again only when something has moved.
    if (known !== item.on_hand) ledger.newest();
    known = item.on_hand;
    if (ledger.entries === null) return;
    parts.chart.replaceChildren(chart(item, ledger.entries, room.timezone, parts.chart.clientWidth));
    parts.rows.replaceChildren(...ledgerRows(ledger.entries, item, room.timezone));
    parts.nothing.hidden = ledger.entries.length > 0;
    parts.older.hidden = ledger.next === null;
  };
  return { update, close: () => ledger.close() };
}

function build(room, ingredient) {
  const heading = el("h2", {});
  const boxes = { figures: el("dl", { class: "figures" }), uses: el("ul", { class: "uses" }), chart: el("div", { class: "chart-box" }), rows: el("tbody", { role: "rowgroup" }) };
  const nothing = el("p", { class: "quiet", hidden: true }, text.ingredient.noLedger);
  const older = el("button", { type: "button", hidden: true }, text.ingredient.older);
  const action = (kind) => el("button", { type: "button", class: kind === "receive" && "main", onclick: () => enter(room, ingredient, kind) }, text.kinds[kind]);
  const settings = el("button", { type: "button", onclick: () => editIngredient(room, ingredient) }, text.ingredient.settings);
  const element = el(
    "div",
    { class: "ingredient" },
    el("a", { class: "back", href: address(room, "stock") }, text.ingredient.back),
    heading,
    boxes.figures,
    el("div", { class: "choices" }, ...["receive", "count", "waste"].map(action), settings),
    el("section", { class: "card", "aria-label": text.ingredient.ledger }, boxes.chart),
    el("section", {}, el("h3", {}, text.ingredient.usedIn), boxes.uses),
    el("section", {}, el("h3", {}, text.ingredient.ledger), el("p", { class: "quiet" }, text.ingredient.ledgerHint), table(text.ingredient.ledger, COLUMNS, boxes.rows), nothing, older),
  );
  return { element, heading, nothing, older, ...boxes };
}

function figures(item) {
  const figure = (label, value, kind = "") => el("div", { class: kind }, el("dt", {}, label), el("dd", {}, value));
  const mark = item.reorder_point === null ? text.stock.noMark : quantity(item.reorder_point, item.unit);
  const low = item.low ? `▼ ${text.stock.isLow}` : quantity(item.available, item.unit);
  return [
    figure(text.stock.onHand, quantity(item.on_hand, item.unit), item.on_hand < 0 ? "is-bad" : ""),
    figure(text.stock.reserved, quantity(item.reserved, item.unit)),
    figure(text.stock.available, item.low ? `${quantity(item.available, item.unit)} ${low}` : low, item.low ? "is-low" : ""),
    figure(text.stock.lowAt, mark),
  ];
}

function uses(room, item) {
  const using = [...room.recipes.values()].flatMap(({ sku, ingredients }) =>
    ingredients.filter(({ ingredient }) => ingredient === item.ingredient).map(({ quantity: portion }) => ({ sku, portion })),
  );
  if (using.length === 0) return [el("li", { class: "quiet" }, text.ingredient.notUsed)];
  return using.map(({ sku, portion }) =>
    el(
      "li",
      {},
      el("strong", {}, el("bdi", {}, room.nameOf(sku))),
      el("span", { class: "quiet" }, ` ${shared.list([text.ingredient.portion(quantity(portion, item.unit)), text.ingredient.enough(number(room.portionsOf(item.ingredient, portion)))])}`),
    ),
  );
}

/** The ledger as far as it was asked for. */
class Ledger {
  entries = null;
  next = null;
  #closed = false;

  constructor(room, ingredient, changed) {
    this.path = `/v1/stock/${room.path}/${encodeURIComponent(ingredient)}/movements?limit=${PAGE}`;
    this.changed = changed;
  }

  close() {
    this.#closed = true;
  }

  /** What is known already stays below what is new. */
  async newest() {
    const page = await this.#read("");
    if (!page) return;
    const ids = new Set(page.items.map(({ id }) => id));
    const first = this.entries === null;
    const joins = !first && this.entries.some(({ id }) => ids.has(id));
    const rest = joins ? this.entries.filter(({ id }) => !ids.has(id)) : [];
    this.entries = [...page.items, ...rest];
    if (!joins) this.next = page.next;
    this.changed();
  }

  async older() {
    const page = await this.#read(`&after=${encodeURIComponent(this.next)}`);
    if (!page) return;
    this.entries = [...this.entries, ...page.items];
    this.next = page.next;
    this.changed();
  }

  async #read(after) {
    const answer = await request("GET", this.path + after).catch(() => null);
    return answer?.ok && !this.#closed ? answer.body : null;
  }
}
