// What the views of the menu page share.

import { byId, el } from "/assets/dom.js";
import { shared } from "/assets/text.js";

const TOAST_MS = 5000;

/** Says what was done; what went wrong stays until it is dismissed. */
export function toast(sentence, { bad = false } = {}) {
  const close = el("button", { type: "button", onclick: () => element.remove() }, shared.dismiss);
  const element = el("div", { class: bad ? "toast bad" : "toast" }, sentence, close);
  byId("toasts").append(element);
  if (!bad) setTimeout(() => element.remove(), TOAST_MS);
}

/** Reads it out to those who do not see it. */
export function say(sentence) {
  byId("said").textContent = sentence;
}
