// Sending the cart, once: the same key and the same body until there is an answer, across reloads and lost connections.

import { isTransient, newKey, problemName, request } from "/assets/api.js";
import { lengthOf } from "/assets/parts.js";
import { remember } from "/order/orders.js";

const WAIT_MS_MIN = 1000;
const WAIT_MS_MAX = 15_000;
/** How long a page that is being left may stay. */
const LEAVING_MS = 5000;
/** What was asked for longer ago may no longer be wanted. */
const FRESH_MS = 10 * 60_000;

export class Submission extends EventTarget {
  /** "idle", "sending", "waiting", "doubtful" or "refused". */
  phase = "idle";
  /** What the service said instead of taking it. */
  refusal = null;
  /** When it is sent again, while waiting. */
  retryAt_ms = 0;
  #retry = 0;
  #wait_ms = WAIT_MS_MIN;
  #left_ms = -Infinity;
  /** What the phase is about. */
  #key = null;

  /** `taken` gets the order. What was being sent when the page went away is sent on, unless that is long ago. */
  constructor(cart, venue, taken) {
    super();
    this.cart = cart;
    this.venue = venue;
    this.taken = taken;
    addEventListener("online", this.now);
    addEventListener("beforeunload", this.#leave);
    cart.addEventListener("change", this.#changed);
    this.#resume();
  }

  async #resume() {
    const wasKilled = await this.cart.recovered;
    // The answer came, and nobody has seen it.
    if (wasKilled && this.cart.placed && this.cart.lines.length === 0) this.#show(this.cart.placed);
    else if (this.cart.isSending) this.#send();
  }

  /** What is on its way still arrives; it is only not shown here any more. */
  close() {
    removeEventListener("online", this.now);
    removeEventListener("beforeunload", this.#leave);
    this.cart.removeEventListener("change", this.#changed);
    clearTimeout(this.#retry);
    this.taken = () => {};
  }

  /** Sends what was sent before if nobody knows what became of it, else the cart as it is. */
  async start(expected = null) {
    await this.cart.recovered;
    if (this.cart.isSending && this.phase !== "doubtful") return;
    const { key = newKey(), body = null } = this.cart.attempt ?? {};
    this.#wait_ms = WAIT_MS_MIN;
    this.#key = key;
    this.#set("sending");
    // Before anything is sent: whatever happens from here on, it is this order and no second one.
    await this.cart.mark({ key, body: body ?? orderOf(this.cart, this.venue, expected), sending: true, since_ms: Date.now() });
    this.#send();
  }

  /** Does not wait for the next try. */
  now = () => {
    if (this.phase === "waiting") this.#send();
  };

  /** Gives the cart back. The key and the body stay: sending it again cannot double the order. */
  stop() {
    clearTimeout(this.#retry);
    this.cart.mark({ ...this.cart.attempt, sending: false });
    this.#set("idle");
  }

  #leave = () => {
    this.#left_ms = performance.now();
  };

  #set(phase, refusal = null) {
    Object.assign(this, { phase, refusal });
    this.dispatchEvent(new Event("change"));
  }

  #changed = () => {
    // The cart was changed, here or in another tab: what was refused is not what there is now.
    if (this.phase !== "idle" && this.cart.attempt?.key !== this.#key) this.#set("idle");
  };

  async #send() {
    clearTimeout(this.#retry);
    const { key, body } = this.cart.attempt;
    this.#key = key;
    if (this.age_ms > FRESH_MS) return this.#set("doubtful");
    this.#set("sending");
    const answer = await request("POST", "/v1/orders", { key, body }).catch(() => null);
    // Nobody would see what is shown now: the page that comes next sends it again, under the same key, and shows it.
    if (performance.now() - this.#left_ms < LEAVING_MS) return this.#sendLater(LEAVING_MS);
    if (answer?.ok) return this.#take(answer.body);
    // Stopped, or answered to another tab.
    if (!this.cart.isSending || this.cart.attempt.key !== key) return;
    if (answer === null || isTransient(answer.status)) this.#sendLater(answer?.retry_after_ms ?? 0);
    else this.#refuse(answer, body, key);
  }

  /** How long ago the guest has asked for it, by a clock that may have been set meanwhile. */
  get age_ms() {
    return Math.abs(Date.now() - this.cart.attempt.since_ms);
  }

  #take(order) {
    this.cart.empty(order);
    this.#show(order);
  }

  #show(order) {
    remember(order);
    this.taken(order);
  }

  #sendLater(asked_ms) {
    const wait_ms = Math.max(asked_ms, this.#wait_ms * (0.75 + Math.random() / 2));
    this.#wait_ms = Math.min(2 * this.#wait_ms, WAIT_MS_MAX);
    this.retryAt_ms = performance.now() + wait_ms;
    this.#retry = setTimeout(() => this.#send(), wait_ms);
    this.#set("waiting");
  }

  /** A refusal binds no key: the same cart is sent under the same key again, if at another price. */
  #refuse(answer, body, key) {
    this.cart.mark({ key, body: null, sending: false });
    this.#set("refused", { name: problemName(answer), status: answer.status, problem: answer.body ?? {}, body });
    this.venue.load();
  }
}

/** The body of the order. `expected` is a total that the guest has agreed to. */
function orderOf(cart, venue, expected) {
  const { type, table, name, allergies, notes } = cart.details;
  const total = { amount: venue.total(cart.lines), currency: venue.currency };
  return {
    location: venue.slug,
    type,
    lines: cart.lines.map(lineOf),
    channel: { name: "web" },
    expected_total: expected ?? total,
    ...(type === "dine_in" && table.trim() && { table: table.trim() }),
    ...(name.trim() && { customer: { name: name.trim() } }),
    ...(notes.trim() && { notes: notes.trim() }),
    allergies: entries(allergies),
  };
}

function lineOf({ sku, quantity, modifiers, notes }) {
  return { sku, quantity, modifiers, ...(notes && { notes }) };
}

/** Of an order, and of the characters of each. */
const ALLERGIES_MAX = 20;
const ALLERGY_MAX = 100;

/** "peanuts, sesame" as a list. What is too long for one entry goes on in the next: nothing is left out. */
function entries(text) {
  const words = text.split(/[,;\n]/).map((word) => word.trim()).filter(Boolean);
  if (words.length <= ALLERGIES_MAX && words.every((word) => lengthOf(word) <= ALLERGY_MAX)) return words;
  return packed(words.join(", "));
}

/** In as few entries as there can be, divided between words, or where a word alone is too long, within it. */
function packed(text) {
  const found = [];
  for (let rest = [...text]; rest.length > 0; ) {
    const space = rest.length > ALLERGY_MAX ? rest.lastIndexOf(" ", ALLERGY_MAX) : -1;
    const end = space > 0 ? space : ALLERGY_MAX;
    found.push(rest.slice(0, end).join("").trim());
    rest = [...rest.slice(end).join("").trimStart()];
  }
  return found;
}
