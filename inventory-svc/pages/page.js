// What the views of the stock page share: toasts, search fields, tables that read as cards on a phone.

import { byId, el } from "/assets/dom.js";
import { shared } from "/assets/text.js";

const TOAST_MS = 5000;
const TOASTS_MAX = 2;

/** Says what was done; what went wrong stays until it is dismissed. */
export function toast(sentence, { bad = false } = {}) {
  const close = el("button", { type: "button", onclick: () => element.remove() }, shared.dismiss);
  const element = el("div", { class: bad ? "toast bad" : "toast" }, sentence, close);
  byId("toasts").append(element);
  const done = byId("toasts").querySelectorAll(".toast:not(.bad)");
  if (done.length > TOASTS_MAX) done[0].remove();
  if (!bad) setTimeout(() => element.remove(), TOAST_MS);
}

export function search(label, oninput) {
  const input = el("input", { type: "search", class: "search", "aria-label": label, placeholder: label });
  input.addEventListener("input", () => oninput(input.value));
  return input;
}

/** Whether one of the texts has all the words. */
export function matches(words, ...texts) {
  const all = texts.join(" ").toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

export function address(room, ...parts) {
  return `#${["at", room.slug, ...parts].map(encodeURIComponent).join("/")}`;
}

/** A table that turns into cards on a phone; the roles stay what they are. */
export function table(label, columns, body) {
  const cells = columns.map(({ text, number }) => el("th", { role: "columnheader", scope: "col", class: number && "number" }, text));
  const head = el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...cells));
  return el("table", { class: "cards", role: "table", "aria-label": label }, head, body);
}

export function cell(label, attributes, ...children) {
  return el("td", { role: "cell", "data-label": label, ...attributes }, ...children);
}
