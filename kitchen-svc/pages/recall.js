// What was finished today, to bring it back at its original age.

import { list, Unreachable } from "/assets/api.js";
import { clock } from "/assets/clock.js";
import { byId, el, setText } from "/assets/dom.js";
import { duration } from "/assets/text.js";
import { timeOfDay } from "/assets/time.js";
import { itemsOf } from "./ticket.js";
import { t } from "./text.js";

/** More than anybody reads; the rest is found by number. */
const SHOWN_MAX = 60;

export class Recall {
  #tickets;
  #view;
  #timezone;
  #recall;
  #found = [];
  #location = null;

  /** `view()` is what the screen shows, `timezone()` the location's; `recall(ticket)` brings one back. */
  constructor(tickets, { view, timezone, recall }) {
    this.#tickets = tickets;
    this.#view = view;
    this.#timezone = timezone;
    this.#recall = recall;
    byId("recall-button").addEventListener("click", () => this.open());
    byId("recall-find").addEventListener("input", () => this.#show());
    byId("recall").addEventListener("keydown", (event) => this.#key(event));
    // A day's tickets are not kept while nobody looks at them.
    byId("recall").addEventListener("close", () => {
      this.#found = [];
      byId("recall-list").replaceChildren();
    });
  }

  at(location) {
    this.#location = location;
  }

  async open() {
    if (byId("recall").open) return;
    byId("recall-find").value = "";
    byId("recall").showModal();
    this.#found = this.#tickets.recent();
    this.#show();
    setText(byId("recall-note"), t.loading);
    const today = await this.#fetch();
    if (!byId("recall").open) return;
    if (today) this.#found = today;
    this.#show();
    if (!today) setText(byId("recall-note"), t.recallAway);
    // R and Enter bring back the last one; a screen keyboard would only be in the way.
    if (document.activeElement !== byId("recall-find")) byId("recall-list").querySelector("button")?.focus();
  }

  /** The arrows go through the list, digits search in it, Enter takes the first that was found. */
  #key(event) {
    const buttons = [...byId("recall-list").querySelectorAll("button")];
    const find = byId("recall-find");
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step) {
      event.preventDefault();
      buttons[Math.max(0, buttons.indexOf(document.activeElement) + step)]?.focus();
    } else if (document.activeElement === find) {
      if (event.key === "Enter") buttons[0]?.click();
    } else if (/^[0-9]$/.test(event.key)) {
      // The digit itself is typed into the field.
      find.focus();
    }
  }

  async #fetch() {
    try {
      // By age: a list that is cut would lack the last ones.
      return await list(`/v1/tickets?location=${encodeURIComponent(this.#location)}`, Infinity);
    } catch (error) {
      if (error instanceof Unreachable) return null;
      throw error;
    }
  }

  #show() {
    const wanted = byId("recall-find").value.trim().toLowerCase();
    const finished = this.#found.filter((ticket) => this.#isFinished(ticket) && matches(ticket, wanted));
    finished.sort((a, b) => (finishedAt(a) < finishedAt(b) ? 1 : -1));
    byId("recall-list").replaceChildren(...finished.slice(0, SHOWN_MAX).map((ticket) => this.#row(ticket)));
    const more = finished.length - SHOWN_MAX;
    setText(byId("recall-note"), more > 0 ? t.recallMore(more) : finished.length === 0 ? t.recallEmpty : "");
  }

  /** At a station also what is done there while others still cook. On the expo what is ready is on the screen anyway. */
  #isFinished(ticket) {
    const view = this.#view();
    const items = itemsOf(ticket, view);
    if (items.length === 0) return false;
    const isDoneHere = view.kind === "station" && items.every((item) => item.state === "done");
    return ticket.state === "served" || (ticket.state === "ready" && view.kind !== "expo") || isDoneHere;
  }

  #row(ticket) {
    const items = t.list(itemsOf(ticket, this.#view()).map((item) => `${item.quantity}× ${item.name}`));
    const table = ticket.table ? `${t.table(ticket.table)} · ` : "";
    const when = `${t.recallState[ticket.state] ?? t.states.done} ${timeOfDay(Date.parse(finishedAt(ticket)), this.#timezone())}`;
    const age = t.aged(duration(clock.now() - Date.parse(ticket.opened_at)));
    const recall = () => {
      byId("recall").close();
      this.#recall(ticket);
    };
    return el("li", {},
      el("strong", { class: "recall-number" }, t.number(ticket.number)),
      el("span", { class: "recall-what" }, items, el("span", { class: "quiet" }, `${table}${when} · ${age}`)),
      el("button", { type: "button", "aria-label": `${t.recall}: ${t.ticketName(ticket.number)}`, onclick: recall }, t.recall));
  }
}

function finishedAt(ticket) {
  return ticket.served_at ?? ticket.ready_at ?? ticket.opened_at;
}

function matches(ticket, wanted) {
  return wanted === "" || String(ticket.number).includes(wanted) || (ticket.table ?? "").toLowerCase().includes(wanted);
}
