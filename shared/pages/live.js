// A live view that never goes stale in silence: a watchdog hears the heartbeat, what a stream does not bring is asked
// for, and whoever comes back gets a snapshot.

import { openChannel } from "/assets/channel.js";
import { clock } from "/assets/clock.js";
import { SILENCE_MS } from "/assets/stream.js";

/** A stream that is not held back has begun by then. */
const BEGIN_MS = 3_000;
/** How often a view is asked for while its stream is silent. */
const POLL_MS = 3_000;
/** An answer that takes longer is none that anybody should wait for without knowing. */
const ANSWER_MS = 1_000;
const WATCH_MS = 500;

/**
 * Follows an event stream. `url` may be a function, which is asked at each connection.
 *
 * `handlers` are functions by event name; each gets the parsed data. `heartbeat` is heard here as well.
 * `poll()` reads the view whole where the stream is silent, as behind a proxy that holds it back: true once it has.
 * `onStatus({connection, since})` is told at each change: "live", "polling" or "away", and the server's time of the last
 * sign of life, or null.
 */
export class Live {
  #url;
  #handlers;
  #onStatus;
  #poll;
  #channel = null;
  #begun = false;
  #heard_ms = performance.now();
  #heard_at = null;
  #connection = null;
  /** When it was last asked for, and whether there is no answer yet. */
  #asked_ms = -POLL_MS;
  #asking = false;
  #watch;

  constructor(url, handlers, onStatus = () => {}, poll = null) {
    this.#url = url;
    this.#handlers = handlers;
    this.#onStatus = onStatus;
    this.#poll = poll;
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    document.addEventListener("visibilitychange", this.#wake);
    addEventListener("online", this.#wake);
    addEventListener("pagehide", this.#leave);
    addEventListener("pageshow", this.#return);
    this.#open();
  }

  close() {
    clearInterval(this.#watch);
    document.removeEventListener("visibilitychange", this.#wake);
    removeEventListener("online", this.#wake);
    removeEventListener("pagehide", this.#leave);
    removeEventListener("pageshow", this.#return);
    this.#leave();
  }

  #open() {
    this.#channel = openChannel(this.#url, Object.keys(this.#handlers), (name, text) => this.#hear(name, text));
  }

  #hear(name, text) {
    // What was on its way while the view was closed.
    if (!this.#channel) return;
    try {
      const data = JSON.parse(text);
      if (typeof data?.at === "string") clock.hear(data.at);
      this.#handlers[name]?.(data);
    } catch (error) {
      // What could not be taken in is missing from the view: say so, and start from a snapshot.
      console.error(error);
      this.#tell("away");
      this.#channel.renew();
      return;
    }
    this.#begun = true;
    this.#heard_ms = performance.now();
    this.#heard_at = clock.now();
    this.#tell("live");
  }

  #look() {
    const now_ms = performance.now();
    if (now_ms - this.#heard_ms < (this.#begun || !this.#poll ? SILENCE_MS : BEGIN_MS)) return;
    if (!this.#poll) {
      this.#tell("away");
    } else if (this.#asking) {
      if (now_ms - this.#asked_ms >= ANSWER_MS) this.#tell("away");
    } else if (now_ms - this.#asked_ms >= POLL_MS) {
      this.#asked_ms = now_ms;
      this.#ask();
    }
  }

  async #ask() {
    const heard_ms = this.#heard_ms;
    this.#asking = true;
    const answered = await this.#poll().catch(() => false);
    this.#asking = false;
    if (!this.#channel || heard_ms !== this.#heard_ms) return;
    if (answered) this.#heard_at = clock.now();
    this.#tell(answered ? "polling" : "away");
  }

  /** Timers sleep while a page is hidden or a tablet sleeps: look at once when it is back. */
  #wake = () => {
    this.#channel?.look();
    if (!document.hidden) this.#look();
  };

  /** Browsers keep pages for the way back: one that nobody sees needs no stream. */
  #leave = () => {
    this.#channel?.close();
    this.#channel = null;
  };

  #return = (event) => {
    if (event.persisted && !this.#channel) this.#open();
  };

  #tell(connection) {
    if (connection === this.#connection) return;
    this.#connection = connection;
    this.#onStatus({ connection, since: this.#heard_at });
  }
}
