// How a page follows a stream: through the worker that all pages of the browser share, or where there is none (on
// Android) by itself, and then only while somebody sees it.

import { Stream } from "/assets/stream.js";

const SIGN_MS = 30_000;

/** `hear(name, text)` gets the events of these names. A `url` that is a function is another at each connection: nobody shares it. */
export function openChannel(url, names, hear) {
  const isShared = typeof url === "string" && typeof SharedWorker !== "undefined";
  return isShared ? new Shared(url, names, hear) : new Own(url, names, hear);
}

class Own {
  #open;
  #stream = null;

  constructor(url, names, hear) {
    this.#open = () => new Stream(url, names, hear);
    this.look();
  }

  /** Whether the page is seen may be another than before. */
  look() {
    if (document.hidden) return this.close();
    if (this.#stream) return this.#stream.hurry();
    this.#stream = this.#open();
  }

  renew() {
    this.#stream?.renew();
  }

  close() {
    this.#stream?.close();
    this.#stream = null;
  }
}

class Shared {
  #page;
  #worker;
  #sign = 0;
  /** Takes over where the worker does not start. */
  #own = null;

  constructor(url, names, hear) {
    this.#page = { url, names };
    this.#worker = new SharedWorker("/assets/streams.js", { type: "module", name: "comanda" });
    this.#worker.addEventListener("error", () => {
      if (!this.#own && this.#sign) this.#own = new Own(url, names, hear);
    });
    this.#worker.port.addEventListener("message", ({ data: [name, text] }) => hear(name, text));
    this.#worker.port.start();
    this.#sign = setInterval(() => this.#say(), SIGN_MS);
    this.#say();
  }

  look() {
    this.#say();
    this.#own?.look();
  }

  renew() {
    this.#say({ renew: true });
    this.#own?.renew();
  }

  close() {
    clearInterval(this.#sign);
    this.#sign = 0;
    this.#worker.port.postMessage({ ...this.#page, leaves: true });
    this.#worker.port.close();
    this.#own?.close();
  }

  #say(more = {}) {
    this.#worker.port.postMessage({ ...this.#page, visible: !document.hidden, ...more });
  }
}
