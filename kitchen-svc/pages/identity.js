// Whose ticket it is, and where it goes: `Uber · Delivery · Ellen R. · #4711`.

import { words } from "/assets/text.js";
import { timeOfDay } from "/assets/time.js";
import { t } from "./text.js";

/** From so many items on their number is told. */
const LONG = 8;
const ID_MAX = 12;
const ID_TAIL = 5;

/** `source` gives `expected()`, `timezone()` and `serveAfter_ms()`. */
export function whereTo(ticket, view, source) {
  const { channel, customer, table } = ticket;
  // Whoever sits at a table dines in.
  const type = !(table && ticket.type === "dine_in") && (t.types[ticket.type] ?? words(ticket.type));
  // Of a long one some items may have to be scrolled to: nobody shall miss them.
  const items = ticket.items.length >= LONG && t.items(ticket.items.length);
  // A station cooks it for whomever it is.
  const name = view.kind !== "station" && customer?.name;
  const due_ms = dueAt(ticket, source);
  const due = due_ms && t.by[ticket.state]?.(timeOfDay(due_ms, source.timezone()));
  const parts = [channel && capital(words(channel.name)), table && t.table(table), type, name, externalId(channel), items, due];
  return t.row(parts.filter(Boolean));
}

/** When it is expected; of a ready one, when it counts as handed over. */
function dueAt(ticket, source) {
  if (ticket.state === "ready") return ticket.ready_at && source.serveAfter_ms() && Date.parse(ticket.ready_at) + source.serveAfter_ms();
  const minutes = source.expected()[ticket.type];
  return minutes && Date.parse(ticket.opened_at) + 60_000 * minutes;
}

/** Couriers say the last few of a long one. */
function externalId(channel) {
  const id = channel?.external_id?.replace(/^#/, "");
  return id && `#${id.length > ID_MAX ? `…${id.slice(-ID_TAIL)}` : id}`;
}

function capital(text) {
  return text.replace(/^./u, (first) => first.toUpperCase());
}
