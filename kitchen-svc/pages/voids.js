// Cancelled tickets that nobody has acknowledged, pinned above the board: whatever is scrolled, they are seen.

import { byId, el } from "/assets/dom.js";
import { itemsOf } from "./ticket.js";
import { t } from "./text.js";

export class Voids {
  #rows = new Map();
  #view;
  #acknowledge;

  /** `view()` is what the screen shows; `acknowledge(id)` clears one. */
  constructor(view, acknowledge) {
    this.#view = view;
    this.#acknowledge = acknowledge;
  }

  /** `tickets` are those on the screen. What is new comes last: nothing moves under a finger. */
  draw(tickets) {
    const voids = new Map(tickets.filter(({ state }) => state === "void").map((ticket) => [ticket.id, ticket]));
    for (const [id, row] of this.#rows) if (!voids.has(id)) this.#remove(id, row);
    for (const [id, ticket] of voids) if (!this.#rows.has(id)) this.#add(id, ticket);
    byId("voids").hidden = voids.size === 0;
  }

  #add(id, ticket) {
    const { number, table } = ticket;
    const items = itemsOf(ticket, this.#view()).map(({ quantity, name }) => `${quantity}× ${name}`);
    const whose = el("strong", {}, t.voidOf(number, table));
    const button = el("button", { type: "button", "aria-label": `${t.acknowledge}: ${t.ticketName(number)}`, onclick: () => this.#acknowledge(id) }, t.acknowledge);
    const row = el("li", {}, el("p", {}, whose, " ", el("span", {}, t.list(items))), button);
    this.#rows.set(id, row);
    byId("voids-list").append(row);
  }

  #remove(id, row) {
    row.remove();
    this.#rows.delete(id);
  }

  /** Another view shows other items. */
  clear() {
    for (const [id, row] of this.#rows) this.#remove(id, row);
  }
}
