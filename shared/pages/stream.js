// An event stream that keeps itself up: it is opened anew after an error, and when it has fallen silent. In a page or in
// the worker that pages share.

/** No heartbeat for this long (the server sends one every 5 s): nobody is there any more. */
export const SILENCE_MS = 10_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 5_000;
const WATCH_MS = 500;

export class Stream {
  #url;
  #names;
  #hear;
  #source = null;
  #retry_ms = RETRY_MS_MIN;
  #retry = 0;
  #watch;
  /** Of the last event, or of the last attempt. */
  #sign_ms = 0;

  /**
   * `hear(name, text)` gets the events of these names, and heartbeats. `url` may be a function, which is asked at each
   * connection. Each of them is a new one: the browser's own reconnecting would resume with changes alone, and a view
   * that was away must start from a snapshot.
   */
  constructor(url, names, hear) {
    this.#url = url;
    this.#names = new Set([...names, "heartbeat"]);
    this.#hear = hear;
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    this.#connect();
  }

  close() {
    clearInterval(this.#watch);
    this.#disconnect();
  }

  /** Now is a good moment to try, if it waits for one. */
  hurry() {
    if (this.#retry) this.#connect();
  }

  /** Starts from a snapshot, soon. */
  renew() {
    this.#disconnect();
    // Not all displays of a restaurant at the same moment.
    const wait_ms = this.#retry_ms * (0.5 + Math.random() / 2);
    this.#retry_ms = Math.min(2 * this.#retry_ms, RETRY_MS_MAX);
    this.#retry = setTimeout(() => this.#connect(), wait_ms);
  }

  #connect() {
    this.#disconnect();
    this.#sign_ms = performance.now();
    const source = new EventSource(typeof this.#url === "function" ? this.#url() : this.#url);
    this.#source = source;
    for (const name of this.#names) source.addEventListener(name, (event) => this.#note(name, event.data));
    source.addEventListener("error", () => this.renew());
  }

  #disconnect() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.#source?.close();
    this.#source = null;
  }

  #note(name, text) {
    this.#sign_ms = performance.now();
    this.#retry_ms = RETRY_MS_MIN;
    this.#hear(name, text);
  }

  /** A connection may be dead without an error: then only the silence tells. */
  #look() {
    if (this.#source && performance.now() - this.#sign_ms >= SILENCE_MS) this.renew();
  }
}
