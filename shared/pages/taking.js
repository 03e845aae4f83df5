// "Taking orders ▾": pauses a location for a while, or tells guests that it is busy. By the server's clock.

import { allLocations, request } from "/assets/api.js";
import { clock } from "/assets/clock.js";
import { el, setAttribute, setText } from "/assets/dom.js";
import { dialog } from "/assets/parts.js";
import { duration, shared, why } from "/assets/text.js";

/** How often it is asked whether somebody else has said so. */
const ASK_MS = 5_000;
const TICK_MS = 500;
const BUSY_FOR_MINUTES = 60;
const OPEN = { mode: "open" };
const CHOICES = [
  { mode: "paused", for_minutes: 15 },
  { mode: "paused", for_minutes: 30 },
  { mode: "paused" },
  { mode: "open", busy_minutes: 10, for_minutes: BUSY_FOR_MINUTES },
  { mode: "open", busy_minutes: 20, for_minutes: BUSY_FOR_MINUTES },
];

export class Taking {
  #button;
  #banner;
  #words = el("span");
  #slug = null;
  #location = null;
  #timer = 0;

  /** `button` opens the choice, `banner` says what is not as usual. Neither is seen where the order service is elsewhere. */
  constructor(button, banner) {
    this.#button = button;
    this.#banner = banner;
    const again = el("button", { type: "button", onclick: () => this.#set(OPEN) }, shared.taking.asUsual);
    banner.replaceChildren(this.#words, again);
    button.addEventListener("click", () => this.#choose());
    setInterval(() => this.#draw(), TICK_MS);
    this.#draw();
  }

  at(slug) {
    if (slug === this.#slug) return;
    this.#slug = slug;
    this.#location = null;
    this.#draw();
    this.#ask();
  }

  async #ask() {
    clearTimeout(this.#timer);
    const slug = this.#slug;
    const found = slug && !document.hidden && (await this.#find(slug));
    if (slug !== this.#slug) return;
    if (found) this.#take(found);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), ASK_MS);
  }

  /** One that is on no list is not asked for: browsers complain of what is not there. */
  async #find(slug) {
    if (this.#location === null) return (await allLocations())?.find((one) => one.location === slug);
    const answer = await request("GET", this.#path).catch(() => null);
    return answer?.ok ? answer.body : null;
  }

  get #path() {
    return `/v1/locations/${encodeURIComponent(this.#slug)}`;
  }

  #take(location) {
    if (location.version >= (this.#location?.version ?? 0)) this.#location = location;
    this.#draw();
  }

  #choose() {
    const wrong = el("p", { class: "wrong", role: "alert", hidden: true });
    const send = async (set) => {
      const why = await this.#set(set);
      wrong.hidden = why === null;
      setText(wrong, why ?? "");
      if (why === null) element.close();
    };
    const choice = (set) => el("button", { type: "button", onclick: () => send(set) }, shared.taking.choice(set));
    const choices = this.#isUsual() ? CHOICES : [OPEN, ...CHOICES];
    const body = el("div", { class: "body" }, el("p", { class: "quiet" }, shared.taking.hint), wrong, el("div", { class: "choices" }, ...choices.map(choice)));
    const element = dialog(shared.taking.title, shared.close, body);
  }

  /** Why it is not so now, or null. */
  async #set(set) {
    const answer = await request("POST", `${this.#path}/mode`, { body: set }).catch(() => null);
    if (!answer?.ok) return answer ? why(answer) : shared.taking.notSet;
    this.#take(answer.body);
    return null;
  }

  #now() {
    const { mode, until, busy_minutes: busy = null } = this.#location;
    const left_ms = until === null ? null : Date.parse(until) - clock.now();
    return left_ms !== null && left_ms <= 0 ? { mode: "open", busy: null, left_ms: null } : { mode, busy, left_ms };
  }

  #isUsual() {
    const { mode, busy } = this.#now();
    return mode === "open" && busy === null;
  }

  #draw() {
    this.#button.hidden = this.#location === null;
    this.#banner.hidden = this.#location === null || this.#isUsual();
    if (this.#location === null) return;
    const { mode, busy, left_ms } = this.#now();
    setText(this.#button, `${shared.taking.now(mode, busy)} ▾`);
    setAttribute(this.#button, "data-mode", this.#isUsual() ? null : mode);
    if (!this.#banner.hidden) setText(this.#words, shared.taking.banner(mode, busy, left_ms === null ? null : duration(left_ms)));
  }
}
