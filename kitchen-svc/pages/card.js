// One ticket on the board: built once, then patched in place, so that nothing is replaced under a finger.

import { el, setAttribute, setText } from "/assets/dom.js";
import { duration, modifier } from "/assets/text.js";
import { whereTo } from "./identity.js";
import { partsOf, progressOf } from "./parts.js";
import { t } from "./text.js";
import { bump, itemsOf, level, progress } from "./ticket.js";

/** How long after it has moved a card takes no taps: the finger was on its way to something else. */
const MOVED_MS = 400;
/** So long a ticket is marked as new, by whoever sees it within so long after it was opened. */
const NEW_MS = 10_000;
const SOON_MS = 60_000;
/** Of what is to be seen, so much is new when it is turned on. */
const SCREEN_SHARE = 0.85;
const HOUR_MS = 3600_000;
const STATE_MARKS = { queued: "○", cooking: "◐", done: "✓", void: "✕" };

export class Card {
  level = "fresh";
  /** Whether it is off the screen. */
  isOff = false;
  #shown = {};
  #stations = "";
  #items = new Map();
  /** Of a large order: `{name, ids, button, count}`. */
  #parts = [];
  #seen_ms = performance.now();
  /** Of a ticket that is longer than the screen: the items and notes that nobody has scrolled to yet. */
  #unseen = new Set();

  /** `source` gives `stationName(id)`, `expected()`, `timezone()` and `serveAfter_ms()`. */
  constructor(ticket, view, source) {
    this.id = ticket.id;
    this.source = source;
    this.view = view;
    this.#build(ticket);
  }

  /** Whether an item has moved to another station: then it is another list of items. */
  isOutdated(ticket) {
    return ticket !== undefined && stationsOf(ticket) !== this.#stations;
  }

  #build(ticket) {
    this.#stations = stationsOf(ticket);
    const name = `name-${ticket.id}`;
    this.slot = el("span", { class: "slot", "aria-hidden": "true" });
    this.age = el("span", { class: "age" });
    this.mark = el("span", { class: "mark" });
    this.where = el("span", { class: "where" });
    this.label = el("span", { class: "label" });
    this.hint = el("small", { class: "hint" });
    this.bump = el("button", { type: "button", class: "bump", "data-do": "bump" },
      this.label, this.hint, el("small", { class: "unsent" }, t.unsent));
    this.menu = el("button", { type: "button", class: "menu", "data-do": "menu", "aria-haspopup": "dialog", "aria-label": t.menuOf(ticket.number) }, "⋯");
    this.head = el("header", {},
      el("span", { class: "ring", "aria-hidden": "true" }, "✓"),
      el("h2", { id: name }, el("span", { class: "unseen" }, `${t.ticketName(ticket.number)} `),
        el("span", { "aria-hidden": "true" }, t.number(ticket.number))),
      this.slot, this.where, this.mark, this.age, this.bump, this.menu);
    this.list = el("ul", { class: "items" }, ...this.#buildItems(itemsOf(ticket, this.view)));
    this.also = el("p", { class: "also" });
    this.content = el("div", { class: "content" },
      ticket.allergies.length > 0 && el("p", { class: "allergies" }, t.allergy(ticket.allergies)),
      ticket.notes && el("p", { class: "note", dir: "auto" }, ticket.notes),
      this.list, this.also);
    this.content.addEventListener("scroll", () => this.look(), { passive: true });
    this.article = el("article", { "aria-labelledby": name }, this.head, this.content);
    this.element = el("li", { class: "ticket", tabindex: "-1", "data-id": ticket.id }, this.article);
  }

  /** Under the heads of their parts, where there are parts. */
  #buildItems(items) {
    this.#parts = partsOf(items).map((part) => {
      const name = part.station ? this.source.stationName(part.station) : t.part(part.number, part.of);
      const count = el("span", { class: "count" });
      const button = el("button", { type: "button", class: "part", "data-do": "part", "data-items": part.ids.join(" ") }, el("span", {}, name), count);
      return { name, ids: part.ids, button, count };
    });
    if (this.#parts.length === 0) return items.map((item) => this.#buildItem(item));
    const byId = new Map(items.map((item) => [item.id, item]));
    return this.#parts.flatMap(({ ids, button }) => [el("li", { class: "head" }, button), ...ids.map((id) => this.#buildItem(byId.get(id)))]);
  }

  #patchParts(ticket, gone) {
    for (const { ids, button, count } of this.#parts) {
      const { done, total } = progressOf(ticket, ids);
      setText(count, `${done}/${total}`);
      setAttribute(button, "data-done", done === total);
      button.disabled = gone || done === total || ticket.state !== "open";
    }
  }

  #buildItem(item) {
    const mark = el("span", { class: "mark", "aria-hidden": "true" });
    const state = el("span", { class: "unseen" });
    // Tickets of before the menu said so have modifiers without an effect.
    const modifiers = item.modifiers.map(({ name, effect }) =>
      el("span", { class: `modifier ${effect ?? ""}` }, modifier(effect, name)));
    const station = this.view.kind !== "station" && el("span", { class: "station", dir: "auto" }, this.source.stationName(item.station));
    const button = el("button", { type: "button", class: "item", "data-do": "item", "data-item": item.id },
      el("span", { class: "quantity" }, `${item.quantity}×`),
      el("span", { class: "what" },
        el("span", { class: "name", dir: "auto" }, item.name), " ", station, ...modifiers.flatMap((one) => [" ", one]),
        item.notes && el("span", { class: "note", dir: "auto" }, item.notes)),
      mark, state);
    this.#items.set(item.id, { button, mark, state });
    return el("li", {}, button);
  }

  /**
   * Shows the ticket as it is now; `taps` are those that are not answered yet, `gone`: it is about to leave.
   * Whether anything was different.
   */
  patch(ticket, taps, gone) {
    const { ticket: before, taps: tapsBefore, gone: goneBefore } = this.#shown;
    if (before === ticket && tapsBefore === taps && goneBefore === gone) return false;
    this.#shown = { ticket, taps, gone };
    setAttribute(this.element, "data-state", ticket.state);
    setAttribute(this.element, "data-rush", ticket.priority > 0);
    setAttribute(this.element, "data-unsent", taps.length > 0);
    setAttribute(this.element, "data-gone", gone);
    for (const item of ticket.items) this.#patchItem(item, taps, ticket.state, gone);
    this.#patchParts(ticket, gone);
    this.#patchFoot(ticket, gone);
    this.#patchAlso(ticket);
    return true;
  }

  #patchItem(item, taps, state, gone) {
    const shown = this.#items.get(item.id);
    if (!shown) return;
    setAttribute(shown.button, "data-state", item.state);
    setAttribute(shown.button, "data-unsent", taps.some((tap) => tap.item === item.id || tap.item === undefined));
    setText(shown.mark, STATE_MARKS[item.state]);
    setText(shown.state, t.states[item.state]);
    shown.button.disabled = gone || state === "void" || state === "served";
  }

  /** Whether something of that sku is still to cook here. */
  light(ticket, sku) {
    const is = (item) => item.sku === sku && item.state !== "done";
    const lit = ticket?.state === "open" ? ticket.items.filter(is).map(({ id }) => id) : [];
    setAttribute(this.element, "data-lit", lit.some((id) => this.#items.has(id)));
    for (const [id, { button }] of this.#items) setAttribute(button, "data-lit", lit.includes(id));
  }

  /** Longer than the screen, or no more: then all of it is to be seen. */
  cap(isCapped) {
    setAttribute(this.element, "data-capped", isCapped);
    this.#unseen = new Set(isCapped ? this.content.querySelectorAll(".item, .note") : []);
    this.look();
  }

  /** What has come into sight. */
  look() {
    const { bottom } = this.#unseen.size > 0 ? this.content.getBoundingClientRect() : {};
    for (const part of this.#unseen) if (part.getBoundingClientRect().bottom <= bottom + 1) this.#unseen.delete(part);
    const { ticket, gone } = this.#shown;
    if (ticket) this.#patchFoot(ticket, gone);
  }

  /** Shows more of it; false where all of it was shown, and may be bumped. */
  showMore() {
    if (this.#unseen.size === 0 || this.#shown.ticket.state === "void") return false;
    this.content.scrollBy({ top: SCREEN_SHARE * this.content.clientHeight });
    return true;
  }

  #patchFoot(ticket, gone) {
    const unseen = [...this.#unseen];
    const isLong = unseen.length > 0 && !gone && ticket.state !== "void";
    const notes = unseen.filter((part) => part.matches(".note")).length;
    setAttribute(this.element, "data-more", isLong);
    setText(this.label, gone ? t.left : isLong ? t.more(unseen.length - notes, notes) : t[bump(ticket, this.view).label]);
    setText(this.hint, ticket.state === "void" && !gone ? t.voidedHint : "");
    this.bump.disabled = gone;
    this.menu.disabled = gone;
    this.menu.hidden = ticket.state !== "open";
    if (gone) setText(this.mark, t.left);
  }

  /** On the expo how far each station is; elsewhere what the other stations do. */
  #patchAlso(ticket) {
    const { kind, station } = this.view;
    const others = progress(ticket).filter((at) => kind === "expo" || at.station !== station);
    this.also.hidden = kind === "all" || others.length === 0;
    if (this.also.hidden) return;
    const parts = others.map((at) => el("span", { class: "progress", "data-done": at.done === at.total },
      `${this.source.stationName(at.station)} ${at.done}/${at.total}`));
    const label = kind === "expo" ? null : el("span", {}, t.alsoAt);
    this.also.replaceChildren(...[label, ...parts].filter(Boolean));
  }

  /** Grows older; whether it has just become late. What nobody sees is not drawn: an age changes every second. */
  grow(now_ms, expected) {
    const { ticket, gone } = this.#shown;
    if (gone) return false;
    const old = this.level;
    this.level = level(ticket, now_ms, expected);
    if (!this.isOff) this.#drawAge(ticket, now_ms);
    return this.level === "late" && old !== "late";
  }

  #drawAge(ticket, now_ms) {
    setText(this.where, whereTo(ticket, this.view, this.source));
    setAttribute(this.element, "data-new", this.#isNew(ticket, now_ms));
    setText(this.age, ageOf(now_ms - Date.parse(ticket.opened_at)));
    setAttribute(this.element, "data-level", ticket.state === "ready" ? "ready" : this.level);
    setText(this.mark, this.#markText(ticket, now_ms));
  }

  #markText(ticket, now_ms) {
    if (ticket.state === "void") return t.voided;
    if (ticket.state === "ready") {
      // One that was bumped a moment ago and is not answered yet has no time.
      const waits = ticket.ready_at && duration(now_ms - Date.parse(ticket.ready_at));
      return [ticket.recalled_at && t.recalled, t.ready, waits].filter(Boolean).join(" · ");
    }
    const marks = [this.#isNew(ticket, now_ms) && t.isNew, ticket.recalled_at && t.recalled, ticket.priority > 0 && t.rushed, this.level !== "fresh" && t[this.level]];
    return marks.filter(Boolean).join(" · ");
  }

  /** Cooks see which one the sound was for. */
  #isNew(ticket, now_ms) {
    const seen_ms = performance.now() - this.#seen_ms;
    const isYoung = now_ms - seen_ms - Date.parse(ticket.opened_at) < SOON_MS;
    return isYoung && seen_ms < NEW_MS && ticket.state === "open" && ticket.started_at === null;
  }

  /** Its number on the board, for the keyboard. */
  setSlot(slot) {
    setText(this.slot, String(slot));
  }

  /** Where it is now. In the document, so that whoever drives a display can wait as a cook would. */
  moved(now_ms) {
    this.element.dataset.moved = Math.round(now_ms);
  }

  hasJustMoved(now_ms) {
    return now_ms - this.element.dataset.moved < MOVED_MS;
  }

  buttons() {
    return [...this.list.querySelectorAll("button:not(:disabled)")];
  }
}

function stationsOf(ticket) {
  return ticket.items.map((item) => item.station).join();
}

/** After an hour nobody counts seconds. */
function ageOf(age_ms) {
  const age = duration(age_ms);
  return age_ms < HOUR_MS ? age : age.replace(/:\d\d$/, " h");
}
