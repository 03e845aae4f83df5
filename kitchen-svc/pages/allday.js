// All that is still to cook, added up, beside the tickets; and marking an item out, which guests see at once.

import { isHere, list } from "/assets/api.js";
import { clock } from "/assets/clock.js";
import { byId, el, setAttribute, setText } from "/assets/dom.js";
import { next } from "/assets/time.js";
import { itemsOf } from "./ticket.js";
import { t } from "./text.js";

/** How often the menu is asked which items are out, while the panel is open. */
const MENU_MS = 5_000;
const HOUR_MS = 3600_000;

export class AllDay {
  #board;
  #markOut;
  #here;
  #location = null;
  #rows = new Map();
  #menu = [];
  #timer = 0;
  #marking = null;

  /**
   * `here()` is the location, as far as it is known; `markOut({sku, name, until})` sends it; `toggled()` is told when the
   * panel opens or closes.
   */
  constructor(board, here, markOut, toggled) {
    this.#board = board;
    this.#here = here;
    this.#markOut = markOut;
    this.toggled = toggled;
    byId("all-day-close").addEventListener("click", () => this.toggle());
    byId("all-day-button").addEventListener("click", () => this.toggle());
    byId("all-day-find").addEventListener("input", () => this.#showMenu());
    byId("all-day").addEventListener("click", (event) => {
      const { sku, name } = event.target.closest("button[data-sku]")?.dataset ?? {};
      if (sku) this.#ask(sku, name);
    });
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
    const out = this.#out();
    for (const [sku, row] of this.#rows) {
      const number = counts.get(sku)?.number ?? 0;
      setText(row.number, `${number}×`);
      row.out.hidden = !out.has(sku);
      setAttribute(row.element, "data-none", number === 0);
    }
    byId("all-day-empty").hidden = counts.size > 0;
  }

  #counts() {
    const counts = new Map();
    const open = this.#board.shown().filter((ticket) => ticket.state === "open");
    for (const item of open.flatMap((ticket) => itemsOf(ticket, this.#board.view))) {
      if (item.state === "done") continue;
      const known = counts.get(item.sku) ?? { name: item.name, number: 0 };
      counts.set(item.sku, { ...known, number: known.number + item.quantity });
    }
    return counts;
  }

  #out() {
    return new Set(this.#menu.filter((item) => !item.available).map((item) => item.sku));
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
    const key = JSON.stringify(found.map((item) => [item.sku, item.available]));
    byId("all-day-others").hidden = this.#menu.length === 0;
    if (key === this.shownMenu) return;
    this.shownMenu = key;
    byId("all-day-menu").replaceChildren(...found.map((item) => {
      const row = buildRow(item.sku, item.name);
      row.out.hidden = item.available;
      return row.element;
    }));
  }

  #ask(sku, name) {
    this.#marking = { sku, name };
    setText(byId("mark-out-title"), t.markOutTitle(name));
    byId("mark-out-choices").replaceChildren(...this.#choices());
    byId("mark-out").showModal();
    byId("mark-out-choices").querySelector("button").focus();
  }

  #choices() {
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
        this.#markOut({ ...this.#marking, until: until_ms && new Date(until_ms).toISOString() });
      } }, text));
  }

  /** Shows an item as out before the menu says so. */
  markedOut(sku) {
    this.#menu = this.#menu.map((item) => (item.sku === sku ? { ...item, available: false } : item));
    this.#showMenu();
    this.draw();
  }
}

function buildRow(sku, name) {
  const number = el("span", { class: "quantity" });
  const out = el("span", { class: "badge bad", hidden: true }, t.out);
  const label = `${t.markOut}: ${name}`;
  const button = el("button", { type: "button", "data-sku": sku, "data-name": name, "aria-label": label }, t.markOut);
  return { number, out, element: el("li", {}, number, el("span", { class: "name" }, name), out, button) };
}
