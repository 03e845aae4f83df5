// What is known of a location's stock, live: the stream tells what has changed, and that is read again.

import { allLocations, list } from "/assets/api.js";
import { Live } from "/assets/live.js";

/** Under load it is read this often, however much happens. */
const REST_MS = 1000;
/** After this it is tried again. */
const RETRY_MS = 3000;

/** What an event makes stale, by the noun of its type. */
const STALE = { stock: "stock", availability: "availability", recipe: "recipes" };
const PARTS = ["stock", "recipes", "availability"];

export class Room extends EventTarget {
  stock = new Map();
  recipes = new Map();
  availability = new Map();
  /** Of the menu: names and categories by sku. Empty where the menu is served elsewhere. */
  menu = new Map();
  timezone = undefined;
  loaded = false;
  /** Nobody has ever entered anything here, and no such location is known. */
  unknown = false;
  /** "live", "polling" or "away", and since when. */
  connection = "live";
  since = null;
  #stale = new Set();
  #timer = 0;
  #reading = false;
  /** Whoever waits for all of it. */
  #waiting = [];

  constructor(slug) {
    super();
    this.slug = slug;
    this.path = encodeURIComponent(slug);
    const handlers = { position: () => this.refresh(), change: ({ type }) => this.refresh([STALE[type.split(".")[0]]]) };
    const connect = ({ connection, since }) => {
      Object.assign(this, { connection, since });
      this.tell();
    };
    this.live = new Live(`/v1/inventory/${this.path}/events`, handlers, connect, () => this.#readAll());
    this.refresh();
    this.#readMenu();
  }

  close() {
    this.live.close();
    clearTimeout(this.#timer);
  }

  /** Whether it could be read. */
  #readAll() {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.refresh();
    });
  }

  tell() {
    this.dispatchEvent(new Event("change"));
  }

  /** Reads these parts again, soon. */
  refresh(parts = PARTS) {
    for (const part of parts) if (part) this.#stale.add(part);
    if (this.#timer === 0 && !this.#reading && this.#stale.size > 0) this.#timer = setTimeout(() => this.#read());
  }

  async #read() {
    this.#reading = true;
    let rest_ms = REST_MS;
    const wanted = [...this.#stale];
    this.#stale.clear();
    try {
      const lists = await Promise.all(wanted.map((part) => list(`/v1/${part}/${this.path}`)));
      wanted.forEach((part, at) => lists[at] && (this[part] = byKey(lists[at])));
      this.loaded ||= lists.every(Boolean);
      this.#settle(lists.every(Boolean));
      this.tell();
    } catch {
      for (const part of wanted) this.#stale.add(part);
      rest_ms = RETRY_MS;
      this.#settle(false);
    }
    this.#timer = setTimeout(() => this.#rested(), rest_ms);
  }

  #settle(read) {
    for (const resolve of this.#waiting.splice(0)) resolve(read);
  }

  #rested() {
    this.#timer = 0;
    this.#reading = false;
    this.refresh([]);
  }

  /** Shows what was just saved at once; what follows from it is read. */
  put(part, item) {
    this[part] = new Map(this[part]).set(item.ingredient ?? item.sku, item);
    this.tell();
    this.refresh();
  }

  async #readMenu() {
    const [places, stocks] = await Promise.all([allLocations(), list("/v1/inventory").catch(() => null)]);
    const location = places?.find((place) => place.location === this.slug);
    this.unknown = !location && stocks !== null && !stocks.some((stock) => stock.location === this.slug);
    if (location) {
      this.timezone = location.timezone;
      this.menu = byKey((await list(`/v1/menu/${this.path}`).catch(() => null)) ?? []);
    }
    this.tell();
  }

  /** Whoever begins here knows that there is nothing yet. */
  begin() {
    this.unknown = false;
    this.tell();
  }

  nameOf(sku) {
    return this.menu.get(sku)?.name ?? sku;
  }

  ingredientName(ingredient) {
    return this.stock.get(ingredient)?.name ?? ingredient;
  }

  /** Every item that there is: on the menu, with a recipe, or marked out once. By name. */
  skus() {
    const all = new Set([...this.menu.keys(), ...this.recipes.keys(), ...this.availability.keys()]);
    return [...all].sort((one, other) => this.nameOf(one).localeCompare(this.nameOf(other)));
  }

  isOut(sku) {
    return this.availability.get(sku)?.available === false;
  }

  /** How many portions the available stock makes; null for an item without a recipe. */
  portions(sku) {
    const needs = this.recipes.get(sku)?.ingredients ?? [];
    if (needs.length === 0) return null;
    return Math.min(...needs.map(({ ingredient, quantity }) => this.portionsOf(ingredient, quantity)));
  }

  portionsOf(ingredient, quantity) {
    return Math.max(0, Math.floor((this.stock.get(ingredient)?.available ?? 0) / quantity));
  }
}

function byKey(items) {
  return new Map(items.map((item) => [item.ingredient ?? item.sku, item]));
}
