// What a day was like: each service tells its part of it. The day that it is now is read again every few seconds.

import { isHere, isTransient, list, request } from "/assets/api.js";
import { clock } from "/assets/clock.js";

const AGAIN_MS = 10_000;
const RETRY_MS = 3_000;
const SERVICES = ["kitchen-svc", "inventory-svc"];

export class Day extends EventTarget {
  /** The location, and the names on its menu by sku. */
  place = null;
  names = new Map();
  /** What each service has told, or null where it has not; `elsewhere` has those that are not served here. */
  sales = null;
  kitchen = null;
  stock = null;
  elsewhere = new Set();
  /** `place`, `date` or `forbidden` where there is nothing to be shown. */
  trouble = null;
  isAway = false;
  /** The server's time when all was read last. */
  read_at = null;
  #here = new Map();
  #timer = 0;
  #closed = false;

  /** `date` is "" for the day that it is now, whichever that is by then. */
  constructor(slug, date) {
    super();
    this.slug = slug;
    this.date = date;
    this.path = encodeURIComponent(slug);
    document.addEventListener("visibilitychange", this.#look);
    addEventListener("online", this.#look);
    this.#read();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#look);
    removeEventListener("online", this.#look);
  }

  get isOver() {
    return Date.parse(this.sales.to) <= clock.now();
  }

  get isAhead() {
    return Date.parse(this.sales.from) > clock.now();
  }

  get isToday() {
    return !this.isOver && !this.isAhead;
  }

  nameOf(sku) {
    return this.names.get(sku) ?? sku;
  }

  /** A page that nobody sees asks for nothing. */
  #look = () => {
    if (document.hidden || !this.#timer) return;
    clearTimeout(this.#timer);
    this.#read();
  };

  async #read() {
    this.#timer = 0;
    const isRead = await this.#readAll().catch(() => false);
    if (this.#closed) return;
    this.isAway = !isRead && this.trouble === null;
    if (isRead) this.read_at = clock.now();
    this.dispatchEvent(new Event("change"));
    if (this.trouble !== null || (isRead && this.isOver)) return;
    this.#timer = setTimeout(() => !document.hidden && this.#read(), isRead ? AGAIN_MS : RETRY_MS);
  }

  /** Whether all that is here has answered. */
  async #readAll() {
    this.place ??= await this.#get(`/v1/locations/${this.path}`, "place");
    const sales = this.place && (await this.#get(`/v1/sales/${this.path}/day${this.date && `?date=${encodeURIComponent(this.date)}`}`, "date"));
    if (!sales) return false;
    const span = `from=${encodeURIComponent(sales.from)}&to=${encodeURIComponent(sales.to)}`;
    const [kitchen, stock] = await Promise.all([
      this.#part("kitchen-svc", `/v1/stations/${this.path}/day?${span}`),
      this.#part("inventory-svc", `/v1/inventory/${this.path}/day?${span}`),
    ]);
    if (this.#closed) return false;
    // What does not answer stays as it was, unless the day is another by now.
    const known = this.sales?.from === sales.from ? this : { kitchen: null, stock: null };
    Object.assign(this, { sales, kitchen: kitchen ?? known.kitchen, stock: stock ?? known.stock });
    const isNamed = await this.#nameAll();
    return isNamed && [kitchen, stock].every((part, at) => part !== null || this.elsewhere.has(SERVICES[at]));
  }

  /** Null where the service does not answer, or is not served at this address. */
  async #part(service, path) {
    if (!this.#here.has(service)) this.#here.set(service, await isHere(service));
    if (!this.#here.get(service)) this.elsewhere.add(service);
    return this.elsewhere.has(service) ? null : this.#get(path, "place");
  }

  /** Null where there is no answer. `trouble`: what is wrong where it is refused. */
  async #get(path, trouble) {
    const answer = await request("GET", path);
    if (answer.ok) return answer.body;
    if (!isTransient(answer.status)) this.trouble = { 401: "forbidden", 403: "forbidden", 404: "place" }[answer.status] ?? trouble;
    return null;
  }

  /** Whether what was short has its name; what is off the menu keeps its sku. */
  async #nameAll() {
    const short = this.sales.rejections.flatMap(({ items }) => items);
    const skus = [...short, ...(this.stock?.sold_out ?? [])].map(({ sku }) => sku);
    if (skus.every((sku) => this.names.has(sku))) return true;
    const menu = await list(`/v1/menu/${this.path}`);
    if (menu) this.names = new Map([...skus.map((sku) => [sku, sku]), ...menu.map(({ sku, name }) => [sku, name])]);
    return menu !== null;
  }
}
