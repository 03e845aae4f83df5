// What the kitchen has told us: the tickets on the display, by version. Bounded, however long the display is on.

/** More than can leave while an answer is on its way. */
const GONE_MAX = 2000;
const RECENT_MAX = 50;

export class Tickets {
  #tickets = new Map();
  /** Versions of those that left: the stream and an answer may tell the same story in any order. */
  #gone = new Map();
  /** The last ones that were finished, newest first at the end: what can be recalled without asking. */
  #recent = new Map();

  get(id) {
    return this.#tickets.get(id);
  }

  all() {
    return this.#tickets.values();
  }

  recent() {
    return [...this.#recent.values()].reverse();
  }

  /** Everything anew. Returns the tickets that were not known, and those that were voided meanwhile. */
  replace(all) {
    const before = this.#tickets;
    const tickets = all.filter(isOnDisplay);
    this.#tickets = new Map(tickets.map((ticket) => [ticket.id, newest(before.get(ticket.id), ticket)]));
    const served = all.filter((ticket) => ticket.state === "served").sort((a, b) => (a.served_at < b.served_at ? -1 : 1));
    for (const ticket of served) this.#leave(ticket);
    const opened = tickets.filter((ticket) => ticket.state !== "void" && !before.has(ticket.id));
    const voided = tickets.filter((ticket) => ticket.state === "void" && before.get(ticket.id)?.state !== "void");
    return { opened, voided };
  }

  /** Takes a change in; false where it is older than what is known. */
  take(ticket) {
    const known = this.#tickets.get(ticket.id)?.version ?? this.#gone.get(ticket.id) ?? 0;
    if (ticket.version <= known) return false;
    if (isOnDisplay(ticket)) {
      this.#tickets.set(ticket.id, ticket);
      this.#gone.delete(ticket.id);
      this.#recent.delete(ticket.id);
    } else {
      this.#tickets.delete(ticket.id);
      this.#leave(ticket);
    }
    return true;
  }

  #leave(ticket) {
    remember(this.#gone, ticket.id, ticket.version, GONE_MAX);
    if (ticket.state === "served") remember(this.#recent, ticket.id, ticket, RECENT_MAX);
  }

  /** Keeps a finished ticket at hand while a tap that brings it back is on its way. */
  keep(ticket) {
    if (!this.#tickets.has(ticket.id)) this.#tickets.set(ticket.id, ticket);
  }

  /** Forgets those that were kept for a tap which is no longer on its way. */
  tidy(isWanted) {
    for (const ticket of this.#tickets.values()) {
      if (!isOnDisplay(ticket) && !isWanted(ticket.id)) this.#tickets.delete(ticket.id);
    }
  }

  clear() {
    this.#tickets.clear();
    this.#gone.clear();
    this.#recent.clear();
  }
}

function isOnDisplay(ticket) {
  return ticket.state === "open" || ticket.state === "ready" || (ticket.state === "void" && ticket.acknowledged_at === null);
}

function newest(known, ticket) {
  return known && known.version > ticket.version ? known : ticket;
}

function remember(map, key, value, most) {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value);
}
