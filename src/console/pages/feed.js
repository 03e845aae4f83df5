// What comes over the page's one stream: events as the filter admits them, who answers, and samples. All of it is
// bounded: of what comes faster than anybody reads, the last is kept, and the rest counted.

import { Live } from "/assets/live.js";
import { samples } from "/console/samples.js";

/** Events that are kept, and shown. */
export const ROWS_MAX = 400;
const NUMBERS_MAX = 2000;

class Feed extends EventTarget {
  /** Newest first. */
  rows = [];
  /** While paused: what has come since. */
  #waiting = [];
  waitingCount = 0;
  /** So many were passed over. */
  skipped = 0;
  paused = false;
  filter = {};
  /** `{service, away, heard}` of each. */
  services = [];
  /** Whether the console's own server answers; since when not. */
  live = null;
  since = null;
  /** Of orders, by id: what inventory says of one has its id alone. */
  #numbers = new Map();
  #after = null;
  #stream = null;

  open() {
    this.#stream?.close();
    this.#stream = new Live(
      () => this.#url(),
      {
        events: (told) => this.#hear(told),
        services: ({ services }) => {
          this.services = services;
          this.#tell("services");
        },
        samples: (told) => samples.add(told),
      },
      ({ connection, since }) => {
        this.live = connection === "live";
        this.since = since;
        this.#tell("services");
      },
    );
  }

  /** `{type, order, location, service}`; an empty one admits all. What was listed is gone. */
  narrow(filter) {
    this.filter = filter;
    this.#after = null;
    this.rows = [];
    this.#forgetWaiting();
    this.skipped = 0;
    this.open();
    this.#tell("events");
  }

  pause(paused) {
    this.paused = paused;
    if (!paused) this.#take(this.#waiting);
    this.#forgetWaiting();
    this.#tell("events");
  }

  #forgetWaiting() {
    this.#waiting = [];
    this.waitingCount = 0;
  }

  #url() {
    const query = new URLSearchParams(Object.entries(this.filter).filter(([, value]) => value));
    if (this.#after) query.set("after", this.#after);
    query.set("sampled", String(samples.last_ms));
    return `/console/live?${query}`;
  }

  /** Undefined where nobody has said it yet. */
  numberOf(order) {
    return this.#numbers.get(order);
  }

  #learn(rows) {
    for (const { order, number } of rows) if (order && number !== null) this.#numbers.set(order, number);
    for (const order of this.#numbers.keys()) {
      if (this.#numbers.size <= NUMBERS_MAX) break;
      this.#numbers.delete(order);
    }
  }

  #hear({ rows, skipped, after }) {
    if (after) this.#after = after;
    this.#learn(rows);
    this.skipped += skipped;
    if (this.paused) {
      this.waitingCount += rows.length;
      this.#waiting = [...this.#waiting, ...rows].slice(-ROWS_MAX);
    } else {
      this.#take(rows);
    }
    this.#tell("events");
  }

  /** Oldest first, as they come. */
  #take(rows) {
    this.rows = [...rows.slice(-ROWS_MAX).reverse(), ...this.rows].slice(0, ROWS_MAX);
  }

  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

export const feed = new Feed();
