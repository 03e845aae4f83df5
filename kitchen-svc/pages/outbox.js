// Taps on their way to the kitchen. Each is stored when it is made, with its idempotency key, and leaves the store only
// when it was answered: it survives an outage and a reload, and is applied at most once.

import { isTransient, newKey, request, Unreachable } from "/assets/api.js";

const PREFIX = "comanda.tap.";
const TAPS_MAX = 1000;
/** The kitchen remembers keys for a week; what a cook tapped yesterday is no longer what he wants. */
const AGE_MS_MAX = 24 * 3600_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 5_000;

/**
 * A tap: `{key, made_ms, ticket, item?, action, number, name?}`, `{key, made_ms, out: {location, sku, until}, said}`,
 * or `{key, made_ms, back: {location, sku}, said}`.
 * `said` are functions: `changed()`, `answered(tap, body)`, `refused(tap, answer)`, `expired(tap)`, `unstored()`.
 */
export class Outbox {
  #taps = [];
  #byTicket = new Map();
  #said;
  #sending = false;
  #retry_ms = RETRY_MS_MIN;
  #timer = 0;
  #sequence = 0;

  constructor(said) {
    this.#said = said;
  }

  /** Takes up what an earlier page left behind. */
  start() {
    const now_ms = Date.now();
    for (const [entry, tap] of stored()) {
      if (now_ms - tap.made_ms < AGE_MS_MAX) {
        this.#put({ ...tap, entry, tried: true });
      } else {
        localStorage.removeItem(entry);
        this.#said.expired(tap);
      }
    }
    this.send();
  }

  get size() {
    return this.#taps.length;
  }

  /** How long the first of them has been without an answer. */
  get waits_ms() {
    return this.#taps.length === 0 ? 0 : performance.now() - this.#taps[0].since_ms;
  }

  /** The taps of a ticket that were not answered yet, oldest first. The same array while they are the same. */
  of(ticket) {
    return this.#byTicket.get(ticket) ?? NONE;
  }

  /** Keeps and sends them, in this order; null if there is no room. */
  add(wishes) {
    if (this.#taps.length + wishes.length > TAPS_MAX) return null;
    const taps = wishes.map((wish) => this.#keep({ ...wish, key: newKey(), made_ms: Date.now() }));
    this.#said.changed();
    this.send();
    return taps;
  }

  /** Takes them back if none of them was tried yet. */
  withdraw(taps) {
    if (taps.some((tap) => tap.tried || !this.#taps.includes(tap))) return false;
    for (const tap of taps) this.#drop(tap);
    this.#said.changed();
    return true;
  }

  /** Now is a good moment to try: the connection is back. */
  wake() {
    this.#retry_ms = RETRY_MS_MIN;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.send();
  }

  /** One at a time, in order: taps of one ticket build on each other. */
  async send() {
    if (this.#sending || this.#timer) return;
    this.#sending = true;
    try {
      while (this.#taps.length > 0 && (await this.#sendOne(this.#taps[0])));
    } finally {
      this.#sending = false;
    }
  }

  /** Whether to go on with the next. */
  async #sendOne(tap) {
    tap.tried = true;
    let answer;
    try {
      answer = await request(...requestOf(tap));
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      return this.#rest(0);
    }
    // Not signed in any more: that can be mended, and the tap is still wanted.
    if (isTransient(answer.status) || answer.status === 401) return this.#rest(answer.retry_after_ms, tap, answer);
    this.#retry_ms = RETRY_MS_MIN;
    this.#drop(tap);
    if (answer.ok) this.#said.answered(tap, answer.body);
    else this.#said.refused(tap, answer);
    this.#said.changed();
    return true;
  }

  #rest(retry_after_ms, tap, answer) {
    // A fault of this one request must not hold up the others for ever.
    if (tap && answer.status === 500) {
      tap.faults = (tap.faults ?? 0) + 1;
      if (tap.faults >= 5) {
        this.#drop(tap);
        this.#said.refused(tap, answer);
        this.#said.changed();
      }
    }
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.send();
    }, Math.max(retry_after_ms, this.#retry_ms));
    this.#retry_ms = Math.min(2 * this.#retry_ms, RETRY_MS_MAX);
    return false;
  }

  #keep(wish) {
    this.#sequence += 1;
    const order = `${String(wish.made_ms).padStart(15, "0")}.${String(this.#sequence).padStart(6, "0")}`;
    const entry = `${PREFIX}${order}.${wish.key}`;
    try {
      localStorage.setItem(entry, JSON.stringify(wish));
    } catch {
      this.#said.unstored();
    }
    return this.#put({ ...wish, entry, tried: false });
  }

  #put(kept) {
    const tap = { ...kept, since_ms: performance.now() };
    this.#taps.push(tap);
    if (tap.ticket) this.#byTicket.set(tap.ticket, [...this.of(tap.ticket), tap]);
    return tap;
  }

  #drop(tap) {
    try {
      localStorage.removeItem(tap.entry);
    } catch {
      // Then it was never stored.
    }
    this.#taps = this.#taps.filter((other) => other !== tap);
    if (!tap.ticket) return;
    const left = this.of(tap.ticket).filter((other) => other !== tap);
    if (left.length > 0) this.#byTicket.set(tap.ticket, left);
    else this.#byTicket.delete(tap.ticket);
  }
}

const NONE = [];

/** What is in the store, in the order in which it was made. */
function stored() {
  try {
    const entries = Object.keys(localStorage).filter((entry) => entry.startsWith(PREFIX));
    return entries.sort().map((entry) => [entry, JSON.parse(localStorage.getItem(entry))]);
  } catch {
    return [];
  }
}

function requestOf(tap) {
  if (tap.out) {
    const { location, sku, until } = tap.out;
    const path = `/v1/tickets/out/${encodeURIComponent(location)}/${encodeURIComponent(sku)}`;
    return ["PUT", path, { key: tap.key, body: { until } }];
  }
  if (tap.back) {
    const { location, sku } = tap.back;
    return ["PUT", `/v1/availability/${encodeURIComponent(location)}/${encodeURIComponent(sku)}`, { body: { available: true } }];
  }
  const item = tap.item === undefined ? "" : `/items/${encodeURIComponent(tap.item)}`;
  return ["POST", `/v1/tickets/${tap.ticket}${item}/${tap.action}`, { key: tap.key }];
}
