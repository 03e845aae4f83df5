// Choosing the language of the page, by the name that each has for itself: whoever reads no other finds it.

import { el } from "/assets/dom.js";
import { choose, chosen, language, names } from "/assets/language.js";
import { shared } from "/assets/text.js";

/** A small field for the head of a page: the code of the language, and the names when it is opened. */
export function languageField() {
  const option = ([code, name]) => el("option", { value: code, lang: code, selected: code === language }, name);
  const select = el("select", { "aria-label": shared.language, onchange: () => choose(select.value) }, ...names.map(option));
  return el("label", { class: "language" }, el("span", { "aria-hidden": "true" }, language.toUpperCase()), select);
}

/** A button for each, and one that leaves it to the device. */
export function languageButtons() {
  const now = chosen();
  const button = (code, name) => el("button", { type: "button", lang: code, "aria-pressed": String(code === now), onclick: () => choose(code) }, name);
  return [button(null, shared.byDevice), ...names.map(([code, name]) => button(code, name))];
}
