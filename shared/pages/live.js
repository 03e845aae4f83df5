// A live view that never goes stale in silence: a watchdog hears the heartbeat, and whoever comes back gets a snapshot.

/** No heartbeat for this long (the server sends one every 5 s): the view is not live. */
const SILENCE_MS = 10_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 5_000;
const WATCH_MS = 500;

/** The server's time, as far as we have heard of it; this machine's until then. Its own clock may be wrong. */
export const clock = {
  offset_ms: Date.now() - performance.now(),
  /** Milliseconds since 1970, by the server's clock. */
  now() {
    return performance.now() + this.offset_ms;
  },
  hear(at) {
    const server_ms = Date.parse(at);
    if (Number.isFinite(server_ms)) this.offset_ms = server_ms - performance.now();
  },
};

/**
 * Follows an event stream.
 *
 * `handlers` are functions by event name; each gets the parsed data. `heartbeat` is heard here as well.
 * `onStatus({live, since})` is told at each change; `since` is the server's time of the last sign of life, or null.
 *
 * Each connection is a new one: the browser's own reconnecting would resume with changes alone, and a display that was
 * away must start from a snapshot.
 */
export class Live {
  #url;
  #handlers;
  #onStatus;
  #source = null;
  #heard_ms = performance.now();
  #heard_at = null;
  #tried_ms = 0;
  #live = null;
  #retry_ms = RETRY_MS_MIN;
  #retry = 0;
  #watch = 0;

  constructor(url, handlers, onStatus = () => {}) {
    this.#url = url;
    this.#handlers = handlers;
    this.#onStatus = onStatus;
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    document.addEventListener("visibilitychange", this.#wake);
    addEventListener("online", this.#wake);
    addEventListener("pagehide", this.#leave);
    addEventListener("pageshow", this.#return);
    this.#connect();
  }

  close() {
    clearInterval(this.#watch);
    document.removeEventListener("visibilitychange", this.#wake);
    removeEventListener("online", this.#wake);
    removeEventListener("pagehide", this.#leave);
    removeEventListener("pageshow", this.#return);
    this.#disconnect();
  }

  #connect() {
    this.#disconnect();
    this.#tried_ms = performance.now();
    const source = new EventSource(this.#url);
    this.#source = source;
    for (const name of new Set([...Object.keys(this.#handlers), "heartbeat"])) {
      source.addEventListener(name, (event) => this.#hear(name, event.data));
    }
    source.addEventListener("error", () => this.#reconnectSoon());
  }

  #disconnect() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.#source?.close();
    this.#source = null;
  }

  #hear(name, text) {
    try {
      const data = JSON.parse(text);
      if (typeof data?.at === "string") clock.hear(data.at);
      this.#handlers[name]?.(data);
    } catch (error) {
      // What could not be taken in is missing from the view: say so, and start from a snapshot.
      console.error(error);
      this.#tell(false);
      this.#reconnectSoon();
      return;
    }
    this.#heard_ms = performance.now();
    this.#heard_at = clock.now();
    this.#retry_ms = RETRY_MS_MIN;
    this.#tell(true);
  }

  #reconnectSoon() {
    this.#disconnect();
    // Not all displays of a restaurant at the same moment.
    const wait_ms = this.#retry_ms * (0.5 + Math.random() / 2);
    this.#retry_ms = Math.min(2 * this.#retry_ms, RETRY_MS_MAX);
    this.#retry = setTimeout(() => this.#connect(), wait_ms);
  }

  /** A connection may be dead without an error: then only the silence tells. */
  #look() {
    const now_ms = performance.now();
    if (now_ms - this.#heard_ms < SILENCE_MS) return;
    this.#tell(false);
    const waiting = this.#retry !== 0;
    if (!waiting && now_ms - this.#tried_ms >= SILENCE_MS) this.#reconnectSoon();
  }

  /** Timers sleep while a page is hidden or a tablet sleeps: look at once when it is back. */
  #wake = () => {
    if (document.visibilityState !== "visible") return;
    this.#look();
    if (this.#retry) this.#connect();
  };

  /** Browsers keep pages for the way back, and have six connections to a server: one that nobody sees needs none. */
  #leave = () => this.#disconnect();

  #return = (event) => {
    if (event.persisted) this.#connect();
  };

  #tell(live) {
    if (live === this.#live) return;
    this.#live = live;
    this.#onStatus({ live, since: this.#heard_at });
  }
}
