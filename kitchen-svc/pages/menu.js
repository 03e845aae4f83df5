// What is seldom done to a ticket: one press away, and not in everybody's sight.

import { byId, el, setText } from "/assets/dom.js";
import { FORWARD } from "/assets/language.js";
import { t } from "./text.js";

export class TicketMenu {
  #board;
  #hands;

  constructor(board, hands) {
    this.#board = board;
    this.#hands = hands;
    // A tap beside it closes it.
    byId("menu").addEventListener("click", (event) => event.target === byId("menu") && byId("menu").close());
  }

  /** Beside the button that was pressed. */
  open(id, button) {
    const ticket = this.#board.ticket(id);
    if (ticket?.state !== "open") return;
    setText(byId("menu-title"), t.ticketName(ticket.number));
    const isRushed = ticket.priority > 0;
    const choices = [[isRushed ? t.unrush : t.rush, () => this.#hands.rush(id)]];
    if (ticket.items.some(({ state }) => state === "queued")) choices.push([t.startAll, () => this.#hands.start(id)]);
    byId("menu-choices").replaceChildren(...choices.map(([text, act]) =>
      el("button", { type: "button", onclick: () => (byId("menu").close(), act()) }, text)));
    byId("menu").showModal();
    this.#place(button.getBoundingClientRect());
  }

  #place({ left, right, bottom }) {
    const menu = byId("menu");
    const { width, height } = menu.getBoundingClientRect();
    const x = FORWARD > 0 ? Math.max(8, right - width) : Math.min(left, innerWidth - width - 8);
    menu.style.inset = `${Math.min(bottom + 4, innerHeight - height - 8)}px auto auto ${x}px`;
  }
}
