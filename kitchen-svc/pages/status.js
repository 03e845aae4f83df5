// What the top of the display says of itself: whether it is live, what has not arrived, and what time it is.

import { clock } from "/assets/clock.js";
import { byId, setAttribute, setText } from "/assets/dom.js";
import { timeOfDay } from "/assets/time.js";
import { t } from "./text.js";

/** Taps are answered within a moment. What takes longer, cooks have to know. */
const ANSWER_MS = 3_000;

/** `known` tells whether there are tickets to show, or that there are none; `unknown` that there is no such kitchen. */
export class Status {
  connection = null;
  since = null;
  known = false;
  unknown = false;
  timezone = undefined;

  /** `waiting` are the taps that are on their way, and for how long: `{size, waits_ms}`. */
  show({ size, waits_ms }) {
    const isAway = this.connection === "away";
    const banner = byId("not-live");
    banner.hidden = !isAway;
    document.body.classList.toggle("is-not-live", isAway);
    const since = this.since === null ? null : timeOfDay(this.since, this.timezone);
    const kept = size > 0 ? ` ${t.kept(size)}` : "";
    if (isAway) setText(banner, `${t.notLive(since)}. ${t.notLiveHint}${kept}`);
    this.#showLive(waits_ms >= ANSWER_MS);
    byId("unsent").hidden = size === 0;
    setText(byId("unsent"), t.sending(size));
    setText(byId("clock"), timeOfDay(clock.now(), this.timezone));
  }

  /** A display that hears everything and is not heard must not look as if all were well. */
  #showLive(isStuck) {
    const live = byId("live");
    live.hidden = this.connection === null || this.connection === "away";
    setAttribute(live, "data-stuck", isStuck);
    setText(live, isStuck ? t.notArriving : this.connection === "live" ? t.live : t.polling);
  }
}
