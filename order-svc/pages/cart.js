// The cart of a location: what it holds, and where it is kept so that a reload loses nothing.
//
// `attempt` is how it was sent last: the idempotency key, the body while its fate is not known, and whether it is
// being sent. It goes with the first change of the cart: an unchanged cart is always sent under the same key.

const PREFIX = "comanda.cart.";
const QUANTITY_MAX = 999;
const LINES_MAX = 100;

const DETAILS = { type: "pickup", table: "", name: "", allergies: "", notes: "" };

export class Cart extends EventTarget {
  constructor(location) {
    super();
    this.name = PREFIX + location;
    this.location = location;
    this.read();
    // Another tab of the same browser shows and changes the same cart.
    this.listener = (event) => event.key === this.name && (this.read(), this.tell());
    addEventListener("storage", this.listener);
  }

  close() {
    removeEventListener("storage", this.listener);
  }

  read() {
    const kept = parse(storage()?.getItem(this.name));
    this.lines = kept.lines;
    this.details = { ...DETAILS, ...kept.details };
    this.attempt = kept.attempt;
  }

  /** Keeps it and tells whoever shows it. */
  keep() {
    const { lines, details, attempt } = this;
    try {
      storage()?.setItem(this.name, JSON.stringify({ lines, details, attempt }));
    } catch {
      // Storage is full or forbidden: the cart lives as long as the page.
    }
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
    this.attempt = null;
    this.keep();
  }

  get count() {
    return this.lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  countOf(sku) {
    return this.lines.reduce((sum, line) => (line.sku === sku ? sum + line.quantity : sum), 0);
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

  /** How it is being sent, or what is left of that. */
  mark(attempt) {
    this.attempt = attempt;
    this.keep();
  }

  /** The order was taken: the guest stays who and where he is. */
  empty() {
    Object.assign(this, { lines: [], details: { ...this.details, notes: "" }, attempt: null });
    this.keep();
  }
}

function sameChoice(one, other) {
  const key = ({ sku, modifiers, notes }) => JSON.stringify([sku, [...modifiers].sort(), notes]);
  return key(one) === key(other);
}

/** The kept cart, or an empty one where it cannot be read. */
function parse(text) {
  try {
    const kept = JSON.parse(text);
    const lines = Array.isArray(kept?.lines) ? kept.lines.filter(isLine) : [];
    return { lines, details: kept?.details ?? {}, attempt: kept?.attempt ?? null };
  } catch {
    return { lines: [], details: {}, attempt: null };
  }
}

function isLine(line) {
  return typeof line?.sku === "string" && Number.isInteger(line.quantity) && Array.isArray(line.modifiers);
}

/** A browser may forbid it altogether. */
export function storage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
