// A location and its menu, live: what is sold out here is what the server says, within a moment.

import { isTransient, list, request } from "/assets/api.js";
import { clock } from "/assets/clock.js";
import { Live } from "/assets/live.js";

export class Venue extends EventTarget {
  location = null;
  items = new Map();
  /** "live", "polling" or "away". */
  connection = "live";
  missing = false;

  constructor(slug) {
    super();
    this.slug = slug;
    const path = encodeURIComponent(slug);
    this.paths = { location: `/v1/locations/${path}`, menu: `/v1/menu/${path}` };
    const handlers = {
      snapshot: ({ location, items }) => this.replace(location, items),
      item: (item) => this.put(item),
      location: (location) => this.move(location),
      // Time alone brings items back and opens doors.
      heartbeat: () => this.tell(),
    };
    const connect = ({ connection }) => {
      this.connection = connection;
      this.tell();
    };
    this.live = new Live(`${this.paths.location}/events`, handlers, connect, () => this.load());
    this.load();
  }

  close() {
    this.live.close();
  }

  /** Reads it whole; whether that went well. */
  async load() {
    const reads = Promise.all([request("GET", this.paths.location), list(this.paths.menu)]);
    const [location, items] = await reads.catch(() => [null, null]);
    if (location && !location.ok && !isTransient(location.status)) this.lose();
    if (!location?.ok || !items) return false;
    this.replace(location.body, items);
    return true;
  }

  lose() {
    this.missing = true;
    this.close();
    this.tell();
  }

  replace(location, items) {
    this.location = newer(this.location, location);
    this.items = new Map(items.map((item) => [item.sku, newer(this.items.get(item.sku), item)]));
    this.tell();
  }

  put(item) {
    const before = this.items.get(item.sku);
    const now = newer(before, item);
    if (now.removed) this.items.delete(item.sku);
    else this.items.set(item.sku, now);
    this.tell(now.removed ? {} : { before, item });
  }

  move(location) {
    this.location = newer(this.location, location);
    this.tell();
  }

  tell(detail = {}) {
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }

  get currency() {
    return this.location.currency;
  }

  /** So many minutes longer than usual the kitchen takes, or null. */
  get busy() {
    const { mode, until, busy_minutes: minutes } = this.location;
    return mode === "open" && !isOver(until) ? minutes ?? null : null;
  }

  /** `open`, `paused` or `closed`; a mode is over by its `until`. */
  get mode() {
    return isOver(this.location.until) ? "open" : this.location.mode;
  }

  /** So many minutes from ordering to the plate, `{from, to}`, or null where the kitchen cannot tell. */
  get wait() {
    const { wait, until, busy_minutes: busy } = this.location;
    if (!wait) return null;
    const over = isOver(until) ? (busy ?? 0) : 0;
    return { from: wait.from - over, to: wait.to - over };
  }

  /** How an order of that type is paid, in the words of the restaurant, or null. */
  paymentOf(type) {
    return this.location.payment?.[type] ?? null;
  }

  isAvailable(sku) {
    const item = this.items.get(sku);
    return item !== undefined && (item.available || isOver(item.until));
  }

  dishes() {
    return [...this.items.values()].filter((item) => item.kind === "dish");
  }

  /** What may be added to a dish: its choices, each with `min` and `max`, then what is free to take. */
  groupsOf(dish) {
    const free = { name: null, min: 0, max: Infinity, modifiers: dish.modifiers };
    const groups = [...dish.choices, free].map((group) => ({ ...group, items: group.modifiers.map((sku) => this.items.get(sku)).filter(Boolean) }));
    return groups.filter((group) => group.items.length > 0 || group.min > 0);
  }

  /** The choices of which too little was taken, or too much. */
  openChoices(dish, modifiers) {
    return dish.choices.filter((choice) => {
      const count = modifiers.filter((sku) => choice.modifiers.includes(sku)).length;
      return count < choice.min || count > choice.max;
    });
  }

  effectOf(sku) {
    return this.items.get(sku)?.effect ?? "add";
  }

  /** How many can be had, while these are few; null where nobody needs to know. */
  leftOf(sku) {
    return this.isAvailable(sku) ? (this.items.get(sku)?.left ?? null) : null;
  }

  /** How many more portions of a line there are, beside what `cart` wants already; Infinity where these are not few. */
  moreOf({ sku, modifiers }, cart) {
    const rests = [sku, ...modifiers].map((one) => (this.leftOf(one) ?? Infinity) - cart.wants(one));
    return Math.max(0, Math.min(...rests));
  }

  /** What `cart` wants more of than there is: `[sku, left]`. */
  shortOf(cart) {
    const skus = new Set(cart.lines.flatMap(({ sku, modifiers }) => [sku, ...modifiers]));
    return [...skus].map((sku) => [sku, this.leftOf(sku)]).filter(([sku, left]) => left !== null && cart.wants(sku) > left);
  }

  /** Of one portion, in minor units. */
  price({ sku, modifiers }) {
    const prices = [sku, ...modifiers].map((one) => this.items.get(one)?.price ?? 0);
    return prices.reduce((sum, price) => sum + price, 0);
  }

  total(lines) {
    return lines.reduce((sum, line) => sum + line.quantity * this.price(line), 0);
  }

  /** `gone` where the line is not on the menu any more, else the skus of it that are sold out and the choices that are left. */
  trouble({ sku, modifiers }) {
    const dish = this.items.get(sku);
    const offers = (one) => dish.modifiers.includes(one) || dish.choices.some((choice) => choice.modifiers.includes(one));
    const listed = dish?.kind === "dish" && modifiers.every((one) => offers(one) && this.items.has(one));
    const left = listed ? this.openChoices(dish, modifiers).map(({ name }) => name) : [];
    return { gone: !listed, left, out: [sku, ...modifiers].filter((one) => this.items.has(one) && !this.isAvailable(one)) };
  }

  nameOf(sku) {
    return this.items.get(sku)?.name ?? sku;
  }
}

function isOver(until) {
  return until !== null && until !== undefined && Date.parse(until) <= clock.now();
}

/** A snapshot and a change may overtake each other. An equal version wins: its `until` may be over. */
function newer(known, told) {
  return known !== undefined && known !== null && known.version > told.version ? known : told;
}
