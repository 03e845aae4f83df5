// Entries of the ledger on their way: kept across reloads and lost connections, sent in order, each entered once.

import { isTransient, newKey, request } from "/assets/api.js";

const NAME = "comanda.stock.outbox";
const WAIT_MS_MIN = 1000;
const WAIT_MS_MAX = 15_000;

class Outbox extends EventTarget {
  /** How many wait although they were tried. */
  stuck = 0;
  #sending = false;
  #memory = [];

  constructor() {
    super();
    this.#memory = read() ?? [];
    addEventListener("online", () => this.#send());
    this.#send();
  }

  get entries() {
    return read() ?? this.#memory;
  }

  /** `label` says what it is, should it be refused. */
  add(path, body, done) {
    this.#keep([...this.entries, { key: newKey(), path, body, done }]);
    this.#send();
  }

  #keep(entries) {
    this.#memory = entries;
    try {
      localStorage.setItem(NAME, JSON.stringify(entries));
    } catch {
      // Storage is full or forbidden: the entries live as long as the page.
    }
  }

  async #send(wait_ms = WAIT_MS_MIN) {
    if (this.#sending) return;
    this.#sending = true;
    const [first] = this.entries;
    const answer = first && (await request("POST", first.path, { body: first.body, key: first.key }).catch(() => null));
    this.#sending = false;
    if (!first) return this.#tell("settled", 0);
    if (answer === null || isTransient(answer.status)) {
      setTimeout(() => this.#send(Math.min(2 * wait_ms, WAIT_MS_MAX)), wait_ms);
      return this.#tell("settled", this.entries.length);
    }
    this.#keep(this.entries.filter(({ key }) => key !== first.key));
    this.#tell(answer.ok ? "entered" : "refused", 0, { ...first, problem: answer.body });
    this.#send();
  }

  #tell(kind, stuck, detail = null) {
    this.stuck = stuck;
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return null;
  }
}

export const outbox = new Outbox();
