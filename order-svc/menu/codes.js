// A code for each table: whoever reads it with a phone is at the menu, and the order knows the table.

import { el, setText } from "/assets/dom.js";
import { lengthOf } from "/assets/parts.js";
import { text } from "/menu/text.js";

const TABLES_MAX = 200;
/** As long as a table's name may be. */
const NAME_MAX = 20;

/** `1-12, Bar, Terrace 3` as a list; null where it is none. */
export function tablesOf(typed) {
  const names = typed.split(",").map((part) => part.trim()).filter(Boolean).flatMap(range);
  const fits = names.length > 0 && names.length <= TABLES_MAX && names.every((name) => lengthOf(name) <= NAME_MAX);
  return fits ? [...new Set(names)] : null;
}

function range(part) {
  const [, from, to] = /^(\d{1,4})\s*[-–]\s*(\d{1,4})$/.exec(part) ?? [];
  if (!from || Number(to) < Number(from) || Number(to) - Number(from) > TABLES_MAX) return [part];
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, nth) => String(Number(from) + nth));
}

/** Where the code leads to. */
export function addressOf(slug, table) {
  return `${location.origin}/order?table=${encodeURIComponent(table)}#at/${encodeURIComponent(slug)}`;
}

export function codesView(venue) {
  const input = el("input", { id: "tables", type: "text", autocomplete: "off", "aria-describedby": "tables-hint" });
  const wrong = el("p", { class: "wrong", role: "alert", hidden: true });
  const print = el("button", { type: "button", hidden: true, onclick: () => window.print() }, text.codes.print);
  const sheet = el("ul", { class: "codes" });
  const form = el(
    "form",
    { class: "card guests" },
    el("h2", {}, text.codes.title),
    el("p", { class: "quiet" }, text.codes.hint(location.origin)),
    el("div", { class: "field" }, el("label", { for: "tables" }, text.codes.tables), input, el("span", { class: "quiet", id: "tables-hint" }, text.codes.tablesHint)),
    wrong,
    el("div", { class: "choices" }, el("button", { type: "submit", class: "main" }, text.codes.show), print),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const tables = tablesOf(input.value);
    wrong.hidden = tables !== null;
    setText(wrong, tables ? "" : text.codes.wrong(TABLES_MAX, NAME_MAX));
    print.hidden = tables === null;
    sheet.replaceChildren(...(tables ?? []).map((table) => codeOf(venue, table)));
    if (!tables) input.focus();
  });
  return [form, sheet];
}

function codeOf(venue, table) {
  const address = addressOf(venue.slug, table);
  const image = el("img", { src: `/v1/code?text=${encodeURIComponent(address)}`, alt: text.codes.leadsTo(address), width: 200, height: 200 });
  return el("li", {}, el("strong", {}, venue.location.name), image, el("strong", { class: "table" }, text.codes.table(table)), el("span", {}, text.codes.scan));
}
