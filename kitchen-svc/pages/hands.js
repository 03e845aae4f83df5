// What the cook's hands do: a press becomes taps in the outbox, is shown at once, and can be taken back.

import { stepsOf } from "./parts.js";
import { after, back, bump, itemsOf, nextOfItem } from "./ticket.js";
import { t } from "./text.js";

const UNDO_MAX = 20;
/** Our own doing makes no sound when the kitchen tells us of it. */
const OWN_MS = 5_000;

export class Hands {
  #board;
  #tickets;
  #outbox;
  #toast;
  #settings;
  #undo = [];
  #own = new Map();

  constructor({ board, tickets, outbox, toast, settings }) {
    this.#settings = settings;
    this.#board = board;
    this.#tickets = tickets;
    this.#outbox = outbox;
    this.#toast = toast;
  }

  bump(id) {
    const ticket = this.#board.ticket(id);
    if (!ticket) return;
    const { label, steps } = bump(ticket, this.#board.view);
    const action = { acknowledge: "ack", handOver: "serve" }[label] ?? "ready";
    this.press(ticket, steps, t.didTicket(ticket.number, action));
  }

  /** To the front, or back to its place by age. */
  rush(id) {
    const ticket = this.#board.ticket(id);
    if (!ticket || ticket.state === "void") return;
    const action = ticket.priority > 0 ? "unrush" : "rush";
    this.press(ticket, [{ action }], t.didTicket(ticket.number, action));
  }

  /** All that nobody has begun. */
  start(id) {
    const ticket = this.#board.ticket(id);
    if (ticket?.state === "open") this.press(ticket, [{ action: "start" }], t.didTicket(ticket.number, "start"));
  }

  item(id, itemId) {
    const ticket = this.#board.ticket(id);
    const item = ticket?.items.find((it) => it.id === itemId);
    const action = item && nextOfItem(item, this.#settings.oneTap);
    if (!action) return;
    this.press(ticket, [{ item: itemId, action }], t.didItem(ticket.number, item.name, action));
  }

  /** All items of a part of a large order, in one go. */
  part(id, items, name) {
    const ticket = this.#board.ticket(id);
    const steps = ticket?.state === "open" ? stepsOf(ticket, items, this.#settings.oneTap) : [];
    if (steps.length > 0) this.press(ticket, steps, t.didItem(ticket.number, name, steps[0].action));
  }

  /** Brings a finished ticket back; at a station only what is cooked there. It need not be on the board. */
  recall(finished) {
    this.#tickets.keep(finished);
    const ticket = this.#board.ticket(finished.id);
    const { view } = this.#board;
    const here = itemsOf(ticket, view).map((item) => ({ item: item.id, action: "undo" }));
    const steps = view.kind === "station" && ticket.state !== "served" ? here : [{ action: "recall" }];
    this.press(ticket, steps, t.didTicket(ticket.number, "recall"));
  }

  press(ticket, steps, said) {
    const taps = this.#add(ticket, steps, said);
    if (!taps) return;
    const wayBack = back(ticket, after(ticket, steps));
    if (wayBack) {
      this.#undo.push({ ticket, taps, steps: wayBack });
      if (this.#undo.length > UNDO_MAX) this.#undo.shift();
    }
    this.#toast.done(said, wayBack && (() => this.undo()));
  }

  /** Takes back what this screen did last: silently if it has not left yet, else by doing the opposite. */
  undo() {
    const last = this.#undo.pop();
    if (!last) return this.#toast.done(t.nothingToUndo);
    const { ticket, taps, steps } = last;
    const said = t.tookBack(ticket.number);
    if (!this.#outbox.withdraw(taps)) {
      this.#tickets.keep(after(ticket, taps));
      if (!this.#add(ticket, steps, said)) return undefined;
    }
    return this.#toast.done(said);
  }

  #add(ticket, steps, said) {
    const now_ms = performance.now();
    for (const [id, at_ms] of this.#own) if (now_ms - at_ms > OWN_MS) this.#own.delete(id);
    this.#own.set(ticket.id, now_ms);
    const taps = this.#outbox.add(steps.map((step) => ({ ticket: ticket.id, ...step, said })));
    if (!taps) this.#toast.bad(t.tooMany);
    return taps;
  }

  /** Whether this screen has just done something to the ticket. */
  isOwn(id) {
    return performance.now() - (this.#own.get(id) ?? -OWN_MS) < OWN_MS;
  }
}
