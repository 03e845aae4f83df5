// All that is still to cook, added up, beside the tickets: a tap shows in which tickets it is. And marking an item out, which
// guests see at once, and bringing it back.

import { isHere, list } from "/assets/api.js";
import { clock } from "/assets/clock.js";
import { byId, el, setAttribute, setText } from "/assets/dom.js";
import { modifier } from "/assets/text.js";
import { next } from "/assets/time.js";
import { itemsOf } from "./ticket.js";
import { t } from "./text.js";

/** How often the menu is asked which items are out, while the panel is open. */
const MENU_MS = 5_000;
const HOUR_MS = 3600_000;

export class AllDay {
  #board;
  #markOut;
  #bringBack;
  #here;
  #location = null;
  #rows = new Map();
  #menuRows = new Map();
  #menu = [];
  #timer = 0;
  #chosen = null;

  /**
   * `here()` is the location, as far as it is known; `markOut({sku, name, until})` and `bringBack({sku, name})` send it;
   * `toggled()` is told when the panel opens or closes.
   */
  constructor(board, here, { markOut, bringBack, toggled }) {
    this.#board = board;
    this.#markOut = markOut;
    this.#bringBack = bringBack;
    this.#here = here;
    this.toggled = toggled;
    byId("all-day-close").addEventListener("click", () => this.toggle());
    byId("all-day-button").addEventListener("click", () => this.toggle());
    byId("all-day-find").addEventListener("input", () => this.#showMenu());
    byId("all-day").addEventListener("click", (event) => this.#press(event.target.closest("button[data-sku]")?.dataset));
  }

  get isOpen() {
    return !byId("all-day").hidden;
  }

  at(location) {
    this.#location = location;
    this.#menu = [];
    this.#clear();
    if (this.isOpen) this.#fetchMenu();
  }

  toggle() {
    byId("all-day").hidden = this.isOpen;
    setAttribute(byId("all-day-button"), "aria-pressed", String(this.isOpen));
    clearTimeout(this.#timer);
    this.#clear();
    if (this.isOpen) {
      this.draw();
      this.#fetchMenu();
    } else {
      byId("all-day-button").focus();
    }
    this.toggled();
  }

  #clear() {
    byId("all-day-list").replaceChildren();
    this.#rows.clear();
    this.#chosen = null;
    this.#board.light(null);
  }

  /** Rows keep their places while the panel is open; what is new comes last. */
  draw() {
    if (!this.isOpen) return;
    const counts = this.#counts();
    const fresh = [...counts.keys()].filter((sku) => !this.#rows.has(sku));
    for (const sku of fresh.sort((a, b) => counts.get(b).number - counts.get(a).number)) {
      const row = buildRow(sku, counts.get(sku).name);
      this.#rows.set(sku, row);
      byId("all-day-list").append(row.element);
    }
    for (const [sku, row] of this.#rows) this.#patch(row, sku, counts.get(sku) ?? { number: 0, with: new Map() });
    for (const [sku, row] of this.#menuRows) this.#patch(row, sku, null);
    byId("all-day-empty").hidden = counts.size > 0;
    this.#board.light(this.#chosen);
  }

  #patch(row, sku, count) {
    const item = this.#menu.find((one) => one.sku === sku);
    const isOut = item?.available === false;
    const isChosen = this.#chosen === sku;
    if (count) {
      setText(row.number, String(count.number));
      setText(row.with, t.row([...count.with].map(([what, number]) => `${number} ${what}`)));
      setAttribute(row.element, "data-none", count.number === 0);
    }
    row.badge.hidden = !isOut;
    setAttribute(row.button, "aria-expanded", String(isChosen));
    row.act.hidden = !isChosen;
    // What ran out comes back with the stock.
    const isLifted = isOut && item.cause === "manual";
    row.act.disabled = isOut && !isLifted;
    setAttribute(row.act, "data-act", isLifted ? "back" : "out");
    setText(row.act, isLifted ? t.bringBack : isOut ? t.noneLeft : t.markOut);
  }

  /** By sku: `{name, number, with}`, where `with` says how many have which modifier. */
  #counts() {
    const counts = new Map();
    const open = this.#board.shown().filter((ticket) => ticket.state === "open");
    for (const item of open.flatMap((ticket) => itemsOf(ticket, this.#board.view))) {
      if (item.state === "done") continue;
      if (!counts.has(item.sku)) counts.set(item.sku, { name: item.name, number: 0, with: new Map() });
      const count = counts.get(item.sku);
      count.number += item.quantity;
      for (const { effect, name } of item.modifiers) {
        const what = modifier(effect, name);
        count.with.set(what, (count.with.get(what) ?? 0) + item.quantity);
      }
    }
    return counts;
  }

  /** The menu belongs to another service: without it the open items can be marked out, and nothing else. */
  async #fetchMenu() {
    clearTimeout(this.#timer);
    const location = this.#location;
    if (!(await isHere("order-svc"))) return;
    const menu = await list(`/v1/menu/${encodeURIComponent(location)}`).catch(() => this.#menu);
    if (location !== this.#location || !this.isOpen) return;
    if (menu === null && this.#menu.length === 0) return;
    this.#menu = menu ?? this.#menu;
    this.#showMenu();
    this.draw();
    this.#timer = setTimeout(() => this.#fetchMenu(), MENU_MS);
  }

  #showMenu() {
    const wanted = byId("all-day-find").value.trim().toLowerCase();
    const found = this.#menu.filter((item) => item.name.toLowerCase().includes(wanted));
    const key = JSON.stringify(found.map((item) => item.sku));
    byId("all-day-others").hidden = this.#menu.length === 0;
    if (key === this.shownMenu) return;
    this.shownMenu = key;
    this.#menuRows = new Map(found.map((item) => [item.sku, buildRow(item.sku, item.name)]));
    byId("all-day-menu").replaceChildren(...[...this.#menuRows.values()].map((row) => row.element));
    this.draw();
  }

  /** A row shows its tickets, and what can be done about it; the same again hides that. */
  #press({ sku, name, act } = {}) {
    if (!sku) return;
    if (act === "back") return this.#bringBack({ sku, name });
    if (act === "out") return this.#ask(sku, name);
    this.#chosen = this.#chosen === sku ? null : sku;
    this.draw();
    if (this.#chosen) this.#board.showLit();
  }

  #ask(sku, name) {
    setText(byId("mark-out-title"), t.markOutTitle(name));
    byId("mark-out-choices").replaceChildren(...this.#choices({ sku, name }));
    byId("mark-out").showModal();
    byId("mark-out-choices").querySelector("button").focus();
  }

  #choices(item) {
    const { day_starts: starts, timezone } = this.#here();
    const choices = [
      [t.outForGood, () => null],
      [t.outOneHour, () => clock.now() + HOUR_MS],
      [t.outToday(starts), () => next(starts, timezone)],
    ];
    return choices.map(([text, until]) =>
      el("button", { type: "button", onclick: () => {
        byId("mark-out").close();
        const until_ms = until();
        this.#markOut({ ...item, until: until_ms && new Date(until_ms).toISOString() });
      } }, text));
  }

  /** Shows an item as out, or as back, before the menu says so. */
  marked(sku, available) {
    this.#menu = this.#menu.map((item) => (item.sku === sku ? { ...item, available, cause: "manual" } : item));
    this.draw();
  }
}

function buildRow(sku, name) {
  const number = el("span", { class: "quantity" });
  const more = el("span", { class: "with" });
  const badge = el("span", { class: "badge bad", hidden: true }, t.out);
  const button = el("button", { type: "button", class: "row", "data-sku": sku, "data-name": name },
    number, " ", el("span", { class: "name" }, name), " ", more, badge);
  const act = el("button", { type: "button", class: "act", "data-sku": sku, "data-name": name, hidden: true });
  return { number, with: more, badge, button, act, element: el("li", {}, button, act) };
}
