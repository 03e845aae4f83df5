// Numbers of the last hour, by name: `order-svc pending`.

/** As they are called, in the order in which an order goes through them. */
export const SERVICES = ["order-svc", "inventory-svc", "kitchen-svc"];

class Samples extends EventTarget {
  every_s = 5;
  #kept = 720;
  #names = [];
  /** `[milliseconds since 1970, values in the order of the names]`, oldest first. */
  #rows = [];

  get last_ms() {
    return this.#rows.at(-1)?.[0] ?? 0;
  }

  get first_ms() {
    return this.#rows[0]?.[0] ?? 0;
  }

  add({ every_s, kept, names, rows }) {
    this.every_s = every_s;
    this.#kept = kept;
    this.#names = names;
    const later = rows.filter(([at_ms]) => at_ms > this.last_ms);
    this.#rows = [...this.#rows, ...later].slice(-this.#kept);
    this.dispatchEvent(new Event("change"));
  }

  /** Its points `[at_ms, value or null]`, oldest first; none before the first sample. */
  series(name) {
    const column = this.#names.indexOf(name);
    return column < 0 ? [] : this.#rows.map(([at_ms, values]) => [at_ms, values[column]]);
  }

  /** Those whom a service hears. */
  speakersTo(listener) {
    return SERVICES.filter((speaker) => this.#names.includes(`${speaker}>${listener} behind`));
  }

  /** The last of its values; null where it is not known. */
  now(name) {
    return this.#rows.at(-1)?.[1][this.#names.indexOf(name)] ?? null;
  }
}

export const samples = new Samples();
