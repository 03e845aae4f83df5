// Entries of the ledger on their way: kept across reloads and lost connections, sent in order, each entered once.

import { isTransient, newKey, request } from "/assets/api.js";
import { Kept } from "/assets/kept.js";

const NAME = "comanda.stock.outbox";
const WAIT_MS_MIN = 1000;
const WAIT_MS_MAX = 15_000;
/** A count says what is there now: one that was made longer ago would undo what has happened since. */
const FRESH_MS = 10 * 60_000;

class Outbox extends EventTarget {
  /** How many wait although they were tried. */
  stuck = 0;
  #sending = false;
  #kept = new Kept(NAME);

  constructor() {
    super();
    addEventListener("online", () => this.#send());
    // What a browser that was killed had not sent.
    this.#kept.recover().then(() => this.#send());
  }

  get entries() {
    this.#kept.read();
    return Array.isArray(this.#kept.value) ? this.#kept.value : [];
  }

  /** `label` says what it is, should it be refused. */
  add(path, body, done) {
    this.#kept.write([...this.entries, { key: newKey(), path, body, done, made_ms: Date.now() }]);
    this.#send();
  }

  /** Enters what was doubtful. */
  confirm(key) {
    this.#kept.write(this.entries.map((entry) => (entry.key === key ? { ...entry, made_ms: Date.now() } : entry)));
    this.#send();
  }

  discard(key) {
    this.#kept.write(this.entries.filter((entry) => entry.key !== key));
    this.#send();
  }

  async #send(wait_ms = WAIT_MS_MIN) {
    if (this.#sending) return;
    this.#sending = true;
    const [first] = this.entries;
    if (first && isDoubtful(first)) {
      this.#sending = false;
      return this.#tell("doubtful", this.entries.length, first);
    }
    // Before anything is sent: whatever happens to the browser, it is this entry and no second one.
    await this.#kept.secure();
    const answer = first && (await request("POST", first.path, { body: first.body, key: first.key }).catch(() => null));
    this.#sending = false;
    if (!first) return this.#tell("settled", 0);
    if (answer === null || isTransient(answer.status)) {
      setTimeout(() => this.#send(Math.min(2 * wait_ms, WAIT_MS_MAX)), wait_ms);
      return this.#tell("settled", this.entries.length);
    }
    this.#kept.write(this.entries.filter(({ key }) => key !== first.key));
    this.#tell(answer.ok ? "entered" : "refused", 0, { ...first, answer });
    this.#send();
  }

  #tell(kind, stuck, detail = null) {
    this.stuck = stuck;
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

function isDoubtful({ body, made_ms }) {
  return body.kind === "count" && Math.abs(Date.now() - made_ms) > FRESH_MS;
}

export const outbox = new Outbox();
