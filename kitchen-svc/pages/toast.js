// One line at the bottom of the screen: what was just done, with a way back; what went wrong stays until it was read.

import { byId, setText } from "/assets/dom.js";
import { t } from "./text.js";

const SHOWN_MS = 8_000;

export class Toast {
  #timer = 0;
  #press = null;

  constructor() {
    byId("toast-button").addEventListener("click", () => this.#press?.());
  }

  /** What was done; `undo` takes it back, if anything does. */
  done(text, undo) {
    this.#show(text, undo ? t.undo : null, undo);
    this.#timer = setTimeout(() => this.hide(), SHOWN_MS);
  }

  /** What was not done. */
  bad(text) {
    this.#show(text, t.dismiss, () => this.hide());
    byId("toast").classList.add("bad");
  }

  hide() {
    clearTimeout(this.#timer);
    byId("toast").hidden = true;
    this.#press = null;
  }

  #show(text, button, press) {
    clearTimeout(this.#timer);
    const toast = byId("toast");
    toast.classList.remove("bad");
    toast.hidden = false;
    setText(byId("toast-text"), text);
    byId("toast-button").hidden = button === null;
    setText(byId("toast-button"), button ?? "");
    this.#press = press;
  }
}
