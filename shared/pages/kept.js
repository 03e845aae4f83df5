// What a page keeps in the browser. The local storage is at hand at once and in all tabs, but on the disk only some seconds
// later: a browser that is killed forgets it. What must not be forgotten is secured in a database as well.

const DATABASE = "comanda";
const STORE = "kept";
/** A database that does not answer must not hold up what people do. */
const PATIENCE_MS = 2_000;

/** A value by name. Each change is an edition of its own; the later one counts, wherever it was found. */
export class Kept {
  value = null;
  #name;
  #edition = 0;

  constructor(name) {
    this.#name = name;
    this.read();
  }

  /** Takes up what another tab has written. */
  read() {
    const { edition, value } = parse(storage()?.getItem(this.#name));
    if (edition < this.#edition) return;
    this.#edition = edition;
    this.value = value;
  }

  write(value) {
    this.value = value;
    this.#edition += 1;
    try {
      storage()?.setItem(this.#name, JSON.stringify({ edition: this.#edition, value }));
    } catch {
      // Storage is full or forbidden: it lives as long as the page.
    }
  }

  /** Resolves once it is on the disk: it is there again even if the browser is killed now. */
  async secure() {
    const record = { edition: this.#edition, value: this.value };
    await withStore("readwrite", (store) => store.put(record, this.#name));
  }

  /** Whether what was secured is later than what the local storage had; then it is the value. */
  async recover() {
    const record = await withStore("readonly", (store) => store.get(this.#name));
    if (!(record?.edition > this.#edition)) return false;
    this.#edition = record.edition;
    this.write(record.value);
    return true;
  }

  /** Whether a storage event tells of this value. */
  isMeant({ key }) {
    return key === this.#name;
  }
}

/** A browser may forbid it altogether. */
export function storage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function parse(text) {
  try {
    const { edition = 0, value = null } = JSON.parse(text) ?? {};
    return { edition, value };
  } catch {
    return { edition: 0, value: null };
  }
}

let opening = null;

/** What the request gives, once all of it is done; undefined where there is no such database. */
function withStore(mode, use) {
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  return Promise.race([late, transact(mode, use)]).catch(() => undefined);
}

async function transact(mode, use) {
  opening ??= open();
  const database = await opening;
  return new Promise((resolve, reject) => {
    // Complete means written, and not only handed to the operating system.
    const transaction = database.transaction(STORE, mode, { durability: "strict" });
    const request = use(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
