// The cart of a location: what it holds, and where it is kept so that a reload loses nothing.
//
// `attempt` is how it is sent: the idempotency key, which is born with each change of the cart, so that an unchanged one
// is always sent under the same; the body while its fate is not known, whether it is being sent, and since when.

import { newKey } from "/assets/api.js";
import { Kept } from "/assets/kept.js";

const PREFIX = "comanda.cart.";
export const QUANTITY_MAX = 999;
const LINES_MAX = 100;

const DETAILS = { type: "pickup", table: "", name: "", allergies: "", notes: "" };

export class Cart extends EventTarget {
  constructor(location) {
    super();
    this.location = location;
    this.kept = new Kept(PREFIX + location);
    this.read();
    // Another tab of the same browser shows and changes the same cart.
    this.listener = (event) => this.kept.isMeant(event) && (this.read(), this.tell());
    addEventListener("storage", this.listener);
    /** Whether there was something to take up from a browser that was killed. */
    this.recovered = this.recover();
  }

  async recover() {
    const found = await this.kept.recover();
    if (found) {
      this.take(this.kept.value);
      this.tell();
    }
    return found;
  }

  close() {
    removeEventListener("storage", this.listener);
  }

  read() {
    this.kept.read();
    this.take(this.kept.value);
  }

  /** An empty cart where it cannot be read. */
  take(value) {
    this.lines = Array.isArray(value?.lines) ? value.lines.filter(isLine) : [];
    this.details = { ...DETAILS, ...value?.details };
    this.attempt = value?.attempt ?? null;
    this.placed = value?.placed ?? null;
  }

  /** Keeps it and tells whoever shows it. */
  keep() {
    const { lines, details, attempt, placed } = this;
    this.kept.write({ lines, details, attempt, placed });
    this.tell();
  }

  tell() {
    this.dispatchEvent(new Event("change"));
  }

  /** While it is being sent nothing may change: what arrives must be what is shown. */
  get isSending() {
    return this.attempt?.sending === true;
  }

  /** A change by the guest. */
  change(edit) {
    if (this.isSending) return;
    edit(this);
    this.attempt = { key: newKey() };
    this.keep();
  }

  get count() {
    return this.lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  countOf(sku) {
    return this.lines.reduce((sum, line) => (line.sku === sku ? sum + line.quantity : sum), 0);
  }

  /** So many portions of it, as a dish or with one. */
  wants(sku) {
    const all = this.lines.filter((line) => line.sku === sku || line.modifiers.includes(sku));
    return all.reduce((sum, line) => sum + line.quantity, 0);
  }

  /** No more of it than that. The last that was chosen goes first. */
  cap(sku, most) {
    this.change((cart) => {
      let left = most;
      for (const line of cart.lines) {
        if (line.sku !== sku && !line.modifiers.includes(sku)) continue;
        line.quantity = Math.min(line.quantity, left);
        left -= line.quantity;
      }
      cart.lines = cart.lines.filter((line) => line.quantity > 0);
    });
  }

  /** Adds to the line of the same choice, if there is one. */
  add({ sku, quantity, modifiers, notes }) {
    this.change((cart) => {
      const same = cart.lines.find((line) => sameChoice(line, { sku, modifiers, notes }));
      if (same) same.quantity = Math.min(QUANTITY_MAX, same.quantity + quantity);
      else if (cart.lines.length < LINES_MAX) cart.lines.push({ sku, quantity, modifiers, notes });
    });
  }

  replace(at, line) {
    this.change((cart) => cart.lines.splice(at, 1, line));
  }

  setQuantity(at, quantity) {
    this.change((cart) => {
      if (quantity < 1) cart.lines.splice(at, 1);
      else cart.lines[at].quantity = Math.min(QUANTITY_MAX, quantity);
    });
  }

  keepOnly(wanted) {
    this.change((cart) => (cart.lines = cart.lines.filter(wanted)));
  }

  setDetail(name, value) {
    if (this.details[name] === value) return;
    this.change((cart) => (cart.details[name] = value));
  }

  /** How it is being sent, or what is left of that. Resolves once that survives whatever happens to the browser. */
  mark(attempt) {
    this.attempt = attempt;
    this.keep();
    return this.kept.secure();
  }

  /** The order was taken: the guest stays who and where he is. */
  empty({ id, number, location, placed_at }) {
    const placed = { id, number, location, placed_at };
    Object.assign(this, { lines: [], details: { ...this.details, notes: "" }, attempt: null, placed });
    this.keep();
    return this.kept.secure();
  }
}

function sameChoice(one, other) {
  const key = ({ sku, modifiers, notes }) => JSON.stringify([sku, [...modifiers].sort(), notes]);
  return key(one) === key(other);
}

function isLine(line) {
  return typeof line?.sku === "string" && Number.isInteger(line.quantity) && Array.isArray(line.modifiers);
}
