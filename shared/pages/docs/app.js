// The reader of the HTTP interface: every operation that /openapi.json has, by service, narrowed down as one types.
// The part after the # names what is open: an operation by its id, a schema, a service.

import { request } from "/assets/api.js";
import { byId, el, fillTexts, setText } from "/assets/dom.js";
import { groupBy } from "/assets/groups.js";
import { languageField } from "/assets/languages.js";
import { shared } from "/assets/text.js";
import { operation } from "/docs/operation.js";
import { described, details, prose } from "/docs/schema.js";
import { text } from "/docs/text.js";

/** `{words, element}`: what is found by which words. */
let entries = [];

async function load() {
  byId("main").replaceChildren(el("p", { class: "quiet" }, shared.loading));
  const answer = await request("GET", "/openapi.json").catch(() => null);
  if (answer?.ok && answer.body?.paths) show(answer.body);
  else byId("main").replaceChildren(el("p", { role: "alert" }, text.away), el("button", { type: "button", onclick: load }, shared.retry));
}

function show(api) {
  const calls = callsOf(api);
  const groups = groupBy(calls, (call) => call.tag);
  entries = calls.map((call) => ({ element: operation(api, call), words: [call.method, call.path, call.tag, call.id, call.operation.summary].join(" ").toLowerCase() }));
  const element = new Map(calls.map((call, index) => [call.id, entries[index].element]));
  const sections = [...groups].map(([tag, group]) => section(idOf(tag), tag, group.map((call) => element.get(call.id))));
  const schemas = Object.entries(api.components?.schemas ?? {}).map(([name, schema]) => {
    const shown = details({ id: `schema_${name}`, class: "card" }, [el("code", {}, name)], () => described(api, schema));
    entries.push({ element: shown, words: name.toLowerCase(), isSchema: true });
    return shown;
  });
  byId("about").replaceChildren(...prose(api.info.description), " ", el("a", { href: "/openapi.json" }, text.document), ".");
  const links = [...groups.keys(), text.schemas].map((tag) => el("li", {}, el("a", { class: "button", href: `#${idOf(tag)}` }, tag)));
  byId("main").replaceChildren(el("nav", { "aria-label": text.services }, el("ul", {}, ...links)), ...sections, section(idOf(text.schemas), text.schemas, schemas));
  narrow();
  open();
}

function callsOf(api) {
  return Object.entries(api.paths).flatMap(([path, { parameters: shared = [], ...methods }]) =>
    Object.entries(methods).map(([method, operation]) => {
      const { operationId: id, tags: [tag] = [""], parameters = [] } = operation;
      return { id, method, path, tag, operation, parameters: [...shared, ...parameters] };
    }),
  );
}

function idOf(tag) {
  return tag.toLowerCase().replaceAll(/\W+/g, "_");
}

function section(id, title, children) {
  return el("section", { id, "aria-labelledby": `${id}_title` }, el("h2", { id: `${id}_title`, tabindex: -1 }, title), ...children);
}

/** Shows what has all of the words. */
function narrow() {
  const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const entry of entries) entry.element.hidden = !words.every((word) => entry.words.includes(word));
  for (const group of byId("main").querySelectorAll("section")) group.hidden = !group.querySelector(":scope > details:not([hidden])");
  const operations = entries.filter((entry) => !entry.isSchema);
  setText(byId("count"), text.found(operations.filter((entry) => !entry.element.hidden).length, operations.length));
}

/** Opens what the address names, and goes there. */
function open() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target?.matches("section, details")) return;
  if (target.hidden) {
    byId("words").value = "";
    narrow();
  }
  if (target.matches("details")) target.open = true;
  target.scrollIntoView();
  target.querySelector("summary, h2").focus({ preventScroll: true });
}

/** The address follows what is opened, and can be sent to somebody. */
function follow({ target }) {
  if (!target.matches("section > details") || target.open === (location.hash === `#${target.id}`)) return;
  history.replaceState(null, "", target.open ? `#${target.id}` : location.pathname);
}

fillTexts(text);
document.title = `${text.title} · ${text.home}`;
byId("language").replaceChildren(languageField());
byId("words").placeholder = text.filter;
byId("words").addEventListener("input", narrow);
byId("filter").addEventListener("submit", (event) => {
  event.preventDefault();
  const first = entries.find((entry) => !entry.element.hidden)?.element;
  if (first) location.hash = first.id;
  open();
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
  event.preventDefault();
  byId("words").focus();
});
addEventListener("hashchange", open);
// A toggle does not bubble.
byId("main").addEventListener("toggle", follow, true);
load();
