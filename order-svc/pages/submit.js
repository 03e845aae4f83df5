// Sending the cart, once: the same key and the same body until there is an answer, across reloads and lost connections.

import { isTransient, newKey, problemName, request } from "/assets/api.js";
import { remember } from "/order/orders.js";

const WAIT_MS_MIN = 1000;
const WAIT_MS_MAX = 15_000;
/** How long a page that is being left may stay. */
const LEAVING_MS = 5000;

export class Submission extends EventTarget {
  /** "idle", "sending", "waiting" or "refused". */
  phase = "idle";
  /** What the service said instead of taking it. */
  refusal = null;
  /** When it is sent again, while waiting. */
  retryAt_ms = 0;
  #retry = 0;
  #wait_ms = WAIT_MS_MIN;
  #left_ms = -Infinity;

  /** `taken` gets the order. What was being sent when the page went away is sent on. */
  constructor(cart, venue, taken) {
    super();
    this.cart = cart;
    this.venue = venue;
    this.taken = taken;
    addEventListener("online", this.now);
    addEventListener("beforeunload", this.#leave);
    cart.addEventListener("change", this.#changed);
    if (cart.isSending) this.#send();
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
  start(expected = null) {
    if (this.cart.isSending) return;
    const { key = newKey(), body = null } = this.cart.attempt ?? {};
    this.#wait_ms = WAIT_MS_MIN;
    this.cart.mark({ key, body: body ?? orderOf(this.cart, this.venue, expected), sending: true });
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
    if (this.cart.attempt === null && this.phase !== "idle") this.#set("idle");
  };

  async #send() {
    clearTimeout(this.#retry);
    this.#set("sending");
    const { key, body } = this.cart.attempt;
    const answer = await request("POST", "/v1/orders", { key, body }).catch(() => null);
    // Nobody would see what is shown now: the page that comes next sends it again, under the same key, and shows it.
    if (performance.now() - this.#left_ms < LEAVING_MS) return this.#sendLater(LEAVING_MS);
    if (answer?.ok) return this.#take(answer.body);
    // Stopped, or answered to another tab.
    if (!this.cart.isSending || this.cart.attempt.key !== key) return;
    if (answer === null || isTransient(answer.status)) this.#sendLater(answer?.retry_after_ms ?? 0);
    else this.#refuse(answer, body, key);
  }

  #take(order) {
    remember(order);
    this.cart.empty();
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
    this.#set("refused", { name: problemName(answer), problem: answer.body ?? {}, body });
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
    allergies: words(allergies),
  };
}

function lineOf({ sku, quantity, modifiers, notes }) {
  return { sku, quantity, modifiers, ...(notes && { notes }) };
}

/** "peanuts, sesame" as a list. */
function words(text) {
  return text.split(/[,;\n]/).map((word) => word.trim()).filter(Boolean).slice(0, 20);
}
