// The tickets on the screen, oldest first. Keyed cards, at most one update per frame, and nothing moves
// while a finger is down or has just been.

import { clock } from "/assets/clock.js";
import { setAttribute } from "/assets/dom.js";
import { Card } from "./card.js";
import { Columns } from "./columns.js";
import { after, byUrgency, isShown } from "./ticket.js";

/** After the last touch the tickets stay where they are for this long: the next tap is often on its way. */
const HOLD_MS = 900;
/** A finger that never comes up again was lost by the browser. */
const FINGER_MS_MAX = 10_000;
/** The same button again within this is a bouncing finger. */
const BOUNCE_MS = 300;

export class Board {
  view = { kind: "all" };
  selected = null;
  #list;
  #columns;
  #source;
  #said;
  #cards = new Map();
  #order = [];
  #shown = new Map();
  #held_until_ms = 0;
  #frame = 0;
  #release = 0;
  /** Whether the last ticket was selected by the keyboard: then the selection goes on to the next one. */
  #byKeys = false;
  #isLit = false;
  #lastTap = { target: null, at_ms: 0 };

  /**
   * `source` gives `tickets`, `outbox`, `expected()`, and what cards need. `said` are functions: `bump(id)`, `menu(id)`,
   * `item(id, item)`, `moved()`, `late(ticket)`, `drawn()`, `added(card)`, `removed(card)`.
   */
  constructor(list, source, said) {
    this.#list = list;
    this.#columns = new Columns(list, () => this.schedule());
    this.#source = source;
    this.#said = said;
    list.addEventListener("click", (event) => this.#click(event));
    list.addEventListener("pointerdown", () => {
      this.#byKeys = false;
      this.#hold(FINGER_MS_MAX);
    });
    // The finger may come up anywhere.
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => this.#lift());
    list.addEventListener("focusin", (event) => this.#focused(event.target));
  }

  /** The ticket as it is shown: with the taps that are still on their way. */
  ticket(id) {
    const ticket = this.#source.tickets.get(id);
    const taps = this.#source.outbox.of(id);
    return ticket && taps.length > 0 ? after(ticket, taps) : ticket;
  }

  /** Those on the screen, in their order. */
  shown() {
    return this.#order.map((id) => this.#shown.get(id)).filter(Boolean);
  }

  card(id) {
    return this.#cards.get(id);
  }

  /** Another view: all cards are made anew. */
  look(view) {
    this.view = view;
    setAttribute(this.#list, "data-view", view.kind);
    for (const card of this.#cards.values()) this.#remove(card);
    this.#order = [];
    this.#held_until_ms = 0;
    this.draw();
  }

  /** Draws at the next frame. */
  schedule() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const wanted = this.#wanted();
    const held = performance.now() < this.#held_until_ms;
    this.#shown = wanted;
    const order = [...wanted.keys()];
    this.#arrange(held ? this.#steady(order) : order);
    this.#columns.lay(this.#order.map((id) => this.#cards.get(id)), held);
    if (held) this.#drawLater();
    this.#said.drawn();
  }

  /** Shows how old everything is. */
  tick() {
    for (const ticket of this.shown()) {
      if (this.#cards.get(ticket.id).grow(clock.now(), this.#source.expected())) this.#said.late(ticket);
    }
  }

  /** Which tickets belong on the screen, in order. */
  #wanted() {
    const tickets = [];
    for (const { id } of this.#source.tickets.all()) {
      const ticket = this.ticket(id);
      if (isShown(ticket, this.view)) tickets.push(ticket);
    }
    return new Map(tickets.sort(byUrgency).map((ticket) => [ticket.id, ticket]));
  }

  /** The order as it is; what is new comes last. */
  #steady(order) {
    const known = new Set(this.#order);
    return [...this.#order, ...order.filter((id) => !known.has(id))];
  }

  #arrange(order) {
    const wanted = new Set(order);
    const focused = document.activeElement;
    const vacated = this.#leaveSelection(wanted);
    for (const [id, card] of this.#cards) if (!wanted.has(id) || card.isOutdated(this.#shown.get(id))) this.#remove(card);
    let next = this.#list.firstElementChild;
    order.forEach((id, index) => {
      const card = this.#cards.get(id) ?? this.#add(id);
      this.#patch(card);
      card.setSlot(index + 1);
      if (card.element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(card.element, next);
    });
    this.#order = order;
    // Moving an element takes the focus from it.
    if (focused !== document.activeElement && this.#list.contains(focused)) focused.focus({ preventScroll: true });
    if (vacated >= 0 && order.length > 0) this.select(order[Math.min(vacated, order.length - 1)]);
  }

  /** Forgets a selected ticket that leaves. The index that the keyboard goes on from, or -1. */
  #leaveSelection(wanted) {
    if (this.selected === null || wanted.has(this.selected)) return -1;
    const index = this.#order.indexOf(this.selected);
    this.selected = null;
    return this.#byKeys ? index : -1;
  }

  #add(id) {
    const card = new Card(this.#shown.get(id), this.view, this.#source);
    this.#cards.set(id, card);
    this.#columns.add(card);
    this.#said.added(card);
    return card;
  }

  #remove(card) {
    card.element.remove();
    this.#cards.delete(card.id);
    this.#columns.forget(card);
    this.#said.removed(card);
  }

  /** A card that is held although its ticket has left shows it as it was last known. */
  #patch(card) {
    const ticket = this.#shown.get(card.id);
    const isNew = !card.ticket;
    card.ticket = ticket ?? this.ticket(card.id) ?? card.ticket;
    if (!card.patch(card.ticket, this.#source.outbox.of(card.id), !ticket)) return;
    // The first look at its age is no news.
    if (card.grow(clock.now(), this.#source.expected()) && !isNew) this.#said.late(card.ticket);
  }

  #hold(time_ms) {
    this.#held_until_ms = performance.now() + time_ms;
  }

  #lift() {
    if (performance.now() >= this.#held_until_ms) return;
    this.#hold(HOLD_MS);
    this.#drawLater();
  }

  #drawLater() {
    clearTimeout(this.#release);
    this.#release = setTimeout(() => this.schedule(), this.#held_until_ms - performance.now() + 20);
  }

  #click(event) {
    const element = event.target.closest(".ticket");
    const card = element && this.#cards.get(element.dataset.id);
    if (!card) return;
    const button = event.target.closest("button");
    // Keys and screen readers press what they mean (detail 0); a finger may have aimed at what was there before.
    if (event.detail > 0 && button && this.#isStray(card, button)) return;
    this.selected = card.id;
    this.#markSelected();
    this.#do(button, card.id);
  }

  #do(button, id) {
    switch (button?.dataset.do) {
      case "bump":
        return this.#said.bump(id);
      case "menu":
        return this.#said.menu(id, button);
      case "item":
        return this.#said.item(id, button.dataset.item);
      case "part":
        return this.#said.part(id, button.dataset.items.split(" "), button.firstElementChild.textContent);
      default:
        return undefined;
    }
  }

  #isStray(card, button) {
    const now_ms = performance.now();
    if (card.hasJustMoved(now_ms)) {
      this.#said.moved();
      return true;
    }
    const bounced = this.#lastTap.target === button && now_ms - this.#lastTap.at_ms < BOUNCE_MS;
    this.#lastTap = { target: button, at_ms: now_ms };
    return bounced;
  }

  /** Marks the tickets with something of that sku still to cook; null: none. */
  light(sku) {
    if (sku === null && !this.#isLit) return;
    this.#isLit = sku !== null;
    setAttribute(this.#list, "data-lights", this.#isLit);
    for (const [id, card] of this.#cards) card.light(this.#shown.get(id), sku);
  }

  showLit() {
    this.#list.querySelector("[data-lit]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** By its number on the board, from 1; whether there is one. */
  selectSlot(slot) {
    const id = this.#order[slot - 1];
    if (id) this.select(id);
    return id !== undefined;
  }

  /** So many tickets on or back. */
  selectBy(steps) {
    if (this.#order.length === 0) return;
    const from = this.#order.indexOf(this.selected);
    const index = from < 0 ? 0 : Math.min(Math.max(from + steps, 0), this.#order.length - 1);
    this.select(this.#order[index]);
  }

  select(id) {
    this.selected = id;
    this.#byKeys = true;
    const element = this.#cards.get(id)?.element;
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
    this.#markSelected();
  }

  selectNone() {
    this.selected = null;
    this.#markSelected();
    if (this.#list.contains(document.activeElement)) document.activeElement.blur();
  }

  #focused(target) {
    this.selected = target.closest(".ticket")?.dataset.id ?? this.selected;
    this.#markSelected();
  }

  #markSelected() {
    this.#list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    const card = this.selected && this.#cards.get(this.selected);
    if (card) card.element.setAttribute("aria-current", "true");
  }
}
