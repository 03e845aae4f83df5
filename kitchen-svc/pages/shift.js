// "Start shift": one gesture that turns on the sound and keeps the screen awake until the page is closed.

import { byId, setText } from "/assets/dom.js";
import { Sounds } from "./sound.js";
import { t } from "./text.js";

export class Shift {
  sounds = new Sounds(() => this.#show());
  #lock = null;
  #started = false;

  constructor() {
    byId("shift-button").addEventListener("click", () => this.start());
    // The browser takes the lock away whenever the page is hidden.
    document.addEventListener("visibilitychange", () => this.#started && this.#stayAwake());
    setText(byId("help-wake"), canStayAwake() ? "" : t.mayFallAsleep);
    this.#show();
  }

  async start() {
    this.#started = true;
    await this.sounds.start();
    this.sounds.play("opened");
    await this.#stayAwake();
  }

  async #stayAwake() {
    if (!canStayAwake() || document.visibilityState !== "visible" || this.#lock?.released === false) return;
    try {
      this.#lock = await navigator.wakeLock.request("screen");
    } catch {
      // A low battery forbids it; the next time the page is shown it is asked for again.
    }
  }

  #show() {
    const { on } = this.sounds;
    byId("sound-off").hidden = on;
    const button = byId("shift-button");
    setText(button, on ? t.shiftOn : t.startShift);
    button.classList.toggle("main", !on);
  }
}

/** Only where the page came by HTTPS or from this machine. */
function canStayAwake() {
  return "wakeLock" in navigator;
}
