// What is on the menu, as guests read it, to be changed: by category, in the order in which it stands there.

import { el } from "/assets/dom.js";
import { groupBy } from "/assets/groups.js";
import { money } from "/assets/numbers.js";
import { swap } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { Draft } from "/menu/drafts.js";
import { indexOf, sortable } from "/menu/drag.js";
import { itemForm } from "/menu/form.js";
import { say, toast } from "/menu/page.js";
import { newPlaces } from "/menu/places.js";
import { amend } from "/menu/save.js";
import { text } from "/menu/text.js";

/** After the last step by keys. */
const SETTLE_MS = 700;

export function listView(main, venue, stations, kind) {
  const sections = el("div", { class: "sections" });
  const search = el("input", { type: "search", class: "search", "aria-label": text.list.search, placeholder: text.list.search });
  const none = el("p", { class: "quiet", role: "status" });
  const add = el("button", { type: "button", class: "main", onclick: () => itemForm(venue, stations, kind, null) }, text.list.add[kind]);
  const hint = kind === "dish" && el("p", { class: "quiet" }, text.list.moveHint);
  main.replaceChildren(el("div", { class: "tools" }, search, add), ...[hint, none, sections].filter(Boolean));
  search.addEventListener("input", () => update());
  let shown = null;
  /** While something is dragged or has just been moved, nothing is drawn under it. */
  let holds = 0;
  let settle = 0;

  const update = () => {
    if (holds > 0) return;
    const items = [...venue.items.values()].filter((item) => item.kind === kind);
    const found = items.filter((item) => matches(search.value, item.name, item.sku, item.category));
    const used = kind === "modifier" ? uses(venue) : null;
    const state = JSON.stringify([found, stations.known?.version, found.map((item) => isDraft(venue, item)), used && [...used]]);
    if (state === shown) return;
    shown = state;
    none.textContent = items.length === 0 ? text.list.empty[kind] : text.list.found(found.length);
    swap(sections, ...grouped(found).map(([name, group]) => section(name, group)));
  };

  const section = (name, group) => {
    const rows = el("ul", { class: "rows" }, ...group.map((item) => row(venue, stations, kind, item, uses(venue))));
    if (kind === "dish") sortable(rows, "li", { done: keep, moved: later });
    rows.addEventListener("pointerdown", ({ target }) => target.closest(".handle") && hold());
    return el("section", {}, el("div", { class: "head" }, el("h2", {}, name), kind === "dish" && stationOf(stations, name)), rows);
  };

  const hold = () => {
    holds += 1;
    const over = new AbortController();
    const free = () => {
      over.abort();
      holds -= 1;
      update();
    };
    for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, free, { signal: over.signal });
  };

  /** Where a row lies now, said aloud; it is saved once the keys rest. */
  const later = (moved) => {
    say(text.list.moved(moved.dataset.name, indexOf(moved) + 1, moved.parentElement.children.length));
    if (!settle) holds += 1;
    clearTimeout(settle);
    settle = setTimeout(() => {
      settle = 0;
      holds -= 1;
      keep(moved);
    }, SETTLE_MS);
  };

  const keep = async (moved) => {
    const skus = [...sections.querySelectorAll(".rows > li")].map((one) => one.dataset.sku);
    const rest = [...venue.items.values()].filter((item) => item.kind === kind && !skus.includes(item.sku));
    const items = [...skus.map((sku) => venue.items.get(sku)).filter(Boolean), ...rest];
    holds += 1;
    const results = [];
    for (const [sku, place] of newPlaces(items, moved.dataset.sku)) results.push(await amend(venue, sku, { place }));
    holds -= 1;
    const isKept = results.every(Boolean);
    toast(isKept ? text.list.kept : text.list.notKept, { bad: !isKept });
    shown = null;
    update();
  };

  return { update, close: () => clearTimeout(settle) };
}

function row(venue, stations, kind, item, used) {
  const { sku, name, price } = item;
  const facts = [
    item.description,
    item.allergens.length > 0 && text.list.contains(shared.list(item.allergens.map((one) => text.allergens[one] ?? one))),
    kind === "modifier" && text.list.usedBy(used.get(sku) ?? 0),
  ].filter(Boolean);
  const handle = el("button", { type: "button", class: "handle plain", "data-focus": `move ${sku}`, "aria-label": text.list.move(name) }, el("span", { "aria-hidden": "true" }, "⠿"));
  const open = el("button", { type: "button", class: "plain open row", "data-focus": `edit ${sku}`, "aria-label": text.list.edit(name), onclick: () => itemForm(venue, stations, kind, item) }, name);
  return el(
    "li",
    { "data-sku": sku, "data-name": name },
    kind === "dish" && handle,
    el(
      "div",
      { class: "what" },
      el("h3", {}, open, !venue.isAvailable(sku) && el("span", { class: "badge bad" }, text.list.soldOut), isDraft(venue, item) && el("span", { class: "badge warn" }, text.list.draft)),
      facts.length > 0 && el("p", { class: "quiet" }, shared.row(facts)),
      item.diets.length > 0 && el("ul", { class: "tags" }, ...item.diets.map((diet) => el("li", {}, text.diets[diet] ?? diet))),
    ),
    el("span", { class: "number" }, price ? money({ amount: price, currency: venue.currency }) : text.list.free),
  );
}

/** Where what is in the category is cooked, to be changed at once. */
function stationOf(stations, category) {
  if (!stations.known) return null;
  const options = [["", text.form.byDefault(stations.nameOf(stations.known.default))], ...stations.known.stations.map(({ id, name }) => [id, name])];
  const select = el("select", { "aria-label": text.list.station(category), "data-focus": `station ${category}` }, ...options.map(([value, words]) => el("option", { value }, words)));
  select.value = stations.routeOf({ category });
  select.addEventListener("change", async () => {
    if (!(await stations.send({ category }, select.value))) toast(text.form.noAnswer, { bad: true });
  });
  return select;
}

/** As guests see it: in the places that were given, else by name. */
function grouped(items) {
  const place = (item) => item.place ?? Number.MAX_SAFE_INTEGER;
  const sorted = [...items].sort((one, other) => place(one) - place(other) || one.name.localeCompare(other.name));
  return [...groupBy(sorted, (item) => item.category)];
}

/** On how many dishes an extra is. */
function uses(venue) {
  const counts = new Map();
  for (const dish of venue.dishes()) {
    const all = new Set([...dish.modifiers, ...dish.choices.flatMap(({ modifiers }) => modifiers)]);
    for (const sku of all) counts.set(sku, (counts.get(sku) ?? 0) + 1);
  }
  return counts;
}

function isDraft(venue, item) {
  return new Draft(venue.slug, item.sku).read() !== null;
}

function matches(words, ...texts) {
  const all = texts.join(" ").toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}
