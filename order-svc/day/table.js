// Tables: those that say all themselves, and those behind a drawing.

import { el } from "/assets/dom.js";
import { text } from "/day/text.js";

/** Which of them somebody has opened; the page is drawn anew every few seconds. */
const opened = new Set();

/** `heads`: of each column; `rows`: of each cell words or an element. All but the first hold numbers, but those in `wide`. */
export function table(caption, heads, rows, wide = []) {
  const kind = (column) => (column === 0 ? false : wide.includes(column) ? "wide" : "number");
  const head = heads.map((words, column) => el("th", { scope: "col", class: kind(column) }, ...parts(words)));
  const cell = (content, column) => (column === 0 ? el("th", { scope: "row" }, ...parts(content)) : el("td", { class: kind(column) }, ...parts(content)));
  return el(
    "table",
    {},
    el("caption", { class: "unseen" }, caption),
    el("thead", {}, el("tr", {}, ...head)),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map(cell)))),
  );
}

function parts(content) {
  return (Array.isArray(content) ? content : [content]).filter(Boolean);
}

/** What a drawing shows, in numbers, to be opened. */
export function behind(key, caption, heads, rows) {
  const scroller = el("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": caption }, table(caption, heads, rows));
  const details = el("details", { class: "behind", open: opened.has(key) }, el("summary", { "data-focus": `behind ${key}` }, text.numbers), scroller);
  details.addEventListener("toggle", () => (details.open ? opened.add(key) : opened.delete(key)));
  return details;
}
